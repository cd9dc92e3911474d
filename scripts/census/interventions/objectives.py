"""What an ascent maximizes, one number per picture.

References
----------
S3: Chen et al. (2018), Understanding the importance of single directions via representative substitution.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Objective = Callable[[Tensor, Tensor, Tensor], Tensor]


def activation(targets: Tensor, responses: Tensor, units: Tensor) -> Tensor:
    """Return the activation of each picture's own unit (S3, eq. 2, after Erhan et al. 2009).

    Parameters
    ----------
    targets : float (pictures,), the mean over positions of each picture's own unit, after the nonlinearity;
        its pre-activation's mean while the unit is inactive on the picture, and so has no gradient.
    responses : float (pictures, units), means over positions of all units, after the nonlinearity.
    units : int64 (pictures,), each picture's own unit.

    Returns
    -------
    float (pictures,).
    """
    return targets


def independent_activation(targets: Tensor, responses: Tensor, units: Tensor) -> Tensor:
    """Return the activation of each picture's own unit less the mean of all other ones (S3, eq. 3).

    Parameters as in :func:`activation`. In a layer of a single unit there are no others to subtract.
    """
    own = responses[torch.arange(len(units), device=units.device), units]
    return targets - (responses.sum(1) - own) / max(1, responses.shape[1] - 1)


# by the names that the columns of tables carry: activation maximization, and independent such
OBJECTIVES: dict[str, Objective] = {"iam": independent_activation, "am": activation}
