"""How replaceable a unit is: how many others of its layer answer more to what drives it.

References
----------
S3: Chen et al. (2018), Understanding the importance of single directions via representative substitution.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class OverSeeds(NamedTuple):
    """What was found from several seeds, of shape (units,) each; NaN where none of them gave a number.

    Attributes
    ----------
    mean, least, largest : float64, of the seeds that gave a number.
    """

    mean: Floats
    least: Floats
    largest: Floats


def representative_substitution(responses: NDArray[np.floating], units: NDArray[np.integer]) -> Floats:
    """Return the share of a layer's units that answer to a picture more than its own unit (S3, eq. 4).

    Parameters
    ----------
    responses : float (…, pictures, units), means over positions of all units of the layer, behind the
        rectifier, on pictures that drive one of them each.
    units : integer (pictures,), which one.

    Returns
    -------
    float64 (…, pictures), from 0, where no unit answers more, to below 1; NaN where a picture fails to drive
    its unit: where that does not answer above 0, or where responses are no numbers.
    """
    own = responses[..., np.arange(len(units)), units]
    shares = (responses > own[..., None]).mean(-1)
    return np.where((own > 0) & np.isfinite(responses).all(-1), shares, np.nan)


def over_seeds(values: Floats) -> OverSeeds:
    """Return what several seeds gave in common.

    Parameters
    ----------
    values : float64 (seeds, units), NaN where a seed gave no number.
    """
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        mean = np.where(known, values, 0).sum(0) / known.sum(0)
    least = np.where(known, values, np.inf).min(0)
    largest = np.where(known, values, -np.inf).max(0)
    some = known.any(0)
    return OverSeeds(mean, np.where(some, least, np.nan), np.where(some, largest, np.nan))
