"""Objectives of activation maximization, one number per image.

References
----------
Chen et al. (2018), Understanding the importance of single directions via representative substitution.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Objective = Callable[[Tensor, Tensor, Tensor], Tensor]


def activation(targets: Tensor, responses: Tensor, units: Tensor) -> Tensor:
    """Return the activation of each image's own unit (Chen et al. 2018, eq. 2, after Erhan et al. 2009).

    Parameters
    ----------
    targets : tensor of float, shape (n_images,), the mean over positions of each image's own unit, after the
        nonlinearity. While the unit is inactive on the image, and so has no gradient, the mean of its
        pre-activation.
    responses : tensor of float, shape (n_images, n_units), means over positions of all units, after the
        nonlinearity.
    units : tensor of int64, shape (n_images,), each image's own unit.

    Returns
    -------
    tensor of float, shape (n_images,).
    """
    return targets


def independent_activation(targets: Tensor, responses: Tensor, units: Tensor) -> Tensor:
    """Return the activation of each image's own unit minus the mean of all others (Chen et al. 2018, eq. 3).

    Parameters as in :func:`activation`. In a layer with a single unit, nothing is subtracted.
    """
    own = responses[torch.arange(len(units), device=units.device), units]
    return targets - (responses.sum(1) - own) / max(1, responses.shape[1] - 1)


# by name in columns of tables: independent activation maximization, and activation maximization
OBJECTIVES: dict[str, Objective] = {"iam": independent_activation, "am": activation}
