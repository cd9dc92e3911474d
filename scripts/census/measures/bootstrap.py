"""Intervals by resampling images."""

import numpy as np
from numpy.typing import NDArray

VALUES_AT_ONCE = 1 << 20  # bounds memory, whatever the number of values and resamples


def mean_interval(
    values: NDArray[np.floating], resamples: int, seed: int, level: float = 0.95
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a mean.

    Parameters
    ----------
    values : float (n,), one per image; NaN are left out.
    resamples : number of resamples.
    seed : seed of the resamples.
    level : coverage.

    Returns
    -------
    low, high : the interval; NaN where fewer than two values are left.

    References
    ----------
    Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.
    """
    values = values[~np.isnan(values)]
    if len(values) < 2:
        return float("nan"), float("nan")
    random = np.random.default_rng(seed)
    means = np.empty(resamples)
    at_once = max(1, VALUES_AT_ONCE // len(values))
    for first in range(0, resamples, at_once):
        count = min(at_once, resamples - first)
        chosen = random.integers(len(values), size=(count, len(values)), dtype=np.int32)
        means[first : first + count] = values[chosen].mean(1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
