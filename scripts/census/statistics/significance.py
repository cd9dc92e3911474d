"""Significance tests of many units at once."""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVEL = 0.05
"""Significance level of tests; the coverage of intervals is 1 − LEVEL."""


def benjamini_hochberg(p_values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return q-values, the lowest false discovery rate at which each test is significant.

    Like :func:`scipy.stats.false_discovery_control`, but accepts undefined p-values and saves each job the
    import of ``scipy.stats``.

    Parameters
    ----------
    p_values : array of float, shape (n,); NaN are not counted as tests.

    Returns
    -------
    array of float64, shape (n,); NaN if p is NaN.

    References
    ----------
    Benjamini & Hochberg (1995), Controlling the false discovery rate: a practical and powerful approach to
    multiple testing, Journal of the Royal Statistical Society B 57.
    """
    order = np.argsort(p_values)[: np.count_nonzero(~np.isnan(p_values))]  # NaN come last
    raised = p_values[order] * len(order) / np.arange(1, len(order) + 1)
    q_values = np.full(len(p_values), np.nan)
    q_values[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1)
    return q_values


def tail_p_values(
    values: Floats, tail: NDArray[np.bool_] | Literal["upper", "lower"]
) -> tuple[Floats, Floats]:
    """Return one-sided p-values of each value relative to the others: by a normal distribution, and by rank.

    Parameters
    ----------
    values : array of float64, shape (n,); non-finite values are ignored, and their p-values are NaN.
    tail : tested tail, or for each value whether the upper tail is tested.

    Returns
    -------
    by_normal : array of float64, shape (n,), tail of the normal distribution with mean and standard deviation
        (n − 1 degrees of freedom) of the other values; NaN if there are fewer than two other values, or if
        they are all equal.
    by_rank : array of float64, shape (n,), ``(1 + others at least as extreme) / (1 + others)``.

    References
    ----------
    Sadeghi (2018), section 2.3: "based on the distribution of all other MF values within the same layer".
    """
    upper = np.full(len(values), tail == "upper") if isinstance(tail, str) else tail
    by_normal, by_rank = np.full((2, len(values)), np.nan)
    finite = np.flatnonzero(np.isfinite(values))
    known, n_others = values[finite], len(finite) - 1
    if n_others >= 2:
        # leave-one-out mean and standard deviation, from those of all values
        mean = (known.sum() - known) / n_others
        about = known - known.mean()
        squares = np.sum(about**2) - about**2 * (1 + 1 / n_others)
        deviation = np.sqrt(np.maximum(squares, 0) / (n_others - 1))
        # without an outlier, only rounding is left of the differences
        for place in np.flatnonzero(squares < 1e-6 * np.sum(about**2)):
            others = np.delete(known, place)
            mean[place], deviation[place] = others.mean(), others.std(ddof=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            score = np.where(deviation > 1e-12 * np.abs(mean), (known - mean) / deviation, np.nan)
        outward = np.where(upper[finite], score, -score) / math.sqrt(2)
        by_normal[finite] = [math.erfc(value) / 2 for value in outward]
    ascending = np.sort(known)
    above = len(known) - np.searchsorted(ascending, known, "left")
    below = np.searchsorted(ascending, known, "right")
    by_rank[finite] = np.where(upper[finite], above, below) / max(1, len(known))
    return by_normal, by_rank
