"""Inference over several networks that are trained identically from different seeds."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from census.statistics.significance import LEVEL

LEAST = 3
"""Minimum number of networks for inference."""


def mean_with_interval(
    values: Sequence[float] | NDArray[np.floating], *, pairs: bool = False
) -> tuple[float, float, float]:
    """Return the mean of a value over networks, with its 95 % t interval.

    Parameters
    ----------
    values : sequence of float, one per network; none is NaN.
    pairs : whether each value is a mean over the pairs that a network forms with the others. Networks share
        pairs, so the interval is that of the jackknife over networks, wider by 2 (S − 1) / (S − 2).

    Returns
    -------
    mean, low, high : float
        The mean is NaN without values. The ends are NaN for fewer than 3 values, and if all are equal: no
        interval follows from values without spread.

    References
    ----------
    Arvesen (1969), Jackknifing U-statistics.

    Examples
    --------
    >>> [round(each, 3) for each in mean_with_interval([1, 2, 3])]
    [2.0, -0.484, 4.484]
    """
    # imported here because planning imports this module and should start quickly
    from scipy.special import stdtrit

    mean, error = _mean_and_error(np.asarray(values, np.float64), pairs)
    reach = error * float(stdtrit(len(values) - 1, 1 - LEVEL / 2)) if error > 0 else math.nan
    return mean, mean - reach, mean + reach


def side_of_mean(values: Sequence[float] | NDArray[np.floating], *, pairs: bool = False) -> tuple[int, float]:
    """Test on which side of 0 the mean over networks lies, see :func:`mean_with_interval`.

    Values without spread, such as ρ = −1 in each network, have no interval; their sign is tested instead. By
    chance, all S networks have the predicted sign with probability 1 / 2^S.

    Parameters
    ----------
    values, pairs : see :func:`mean_with_interval`; at least 3 values.

    Returns
    -------
    side : int
        1 above 0, −1 below, 0 if not significant.
    p : float
        One-sided p-value of a mean above 0.

    Examples
    --------
    >>> side_of_mean([1, 1, 1, 1, 1])
    (1, 0.03125)
    """
    from scipy.special import stdtr

    mean, error = _mean_and_error(np.asarray(values, np.float64), pairs)
    if error > 0:
        p = float(stdtr(len(values) - 1, -mean / error))
        return 1 if p <= LEVEL / 2 else -1 if 1 - p <= LEVEL / 2 else 0, p
    chance = 0.5 ** len(values)
    return int(np.sign(mean)) if chance <= LEVEL else 0, chance if mean > 0 else 1.0


def _mean_and_error(values: NDArray[np.float64], pairs: bool) -> tuple[float, float]:
    """Return a mean and its standard error: NaN for fewer than 3 values, 0 if all are equal."""
    n = len(values)
    if n < LEAST:
        return float(values.mean()) if n else math.nan, math.nan
    # rounding gives equal values a tiny spread
    if np.ptp(values) <= 1e-12 * np.abs(values).max():
        return float(values.mean()), 0.0
    error = values.std(ddof=1) / math.sqrt(n)
    return float(values.mean()), float(error * (2 * (n - 1) / (n - 2) if pairs else 1))
