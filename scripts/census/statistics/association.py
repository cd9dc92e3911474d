"""Spearman's ρ, Kendall's τ and Pearson's r between few values, as one formula with different scores.

Each is the sum of products of two items' scores, divided by the root of the sums of their squares. Scores are
values minus their mean (Pearson), ranks minus their mean (Spearman), or signs of the differences of all pairs
of values (Kendall).

References
----------
Daniels (1944), The relation between measures of correlation in the universe of sample permutations,
Biometrika 33.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from census.statistics.ranks import standardized_ranks

Floats = NDArray[np.float64]
Correlation = Literal["Spearman", "Kendall", "Pearson"]
ROUNDING = 1e-12  # smaller relative deviations from the mean are rounding


def scores(values: NDArray[np.floating], correlation: Correlation) -> Floats:
    """Return scores along the last axis, of length 1: the sum of products of two is their correlation.

    Parameters
    ----------
    values : array of float, shape (…, n), without NaN.
    correlation : which correlation. Kendall's is τ-b, in which ties count as no difference.

    Returns
    -------
    array of float64, shape (…, n), or (…, n (n − 1) / 2) for Kendall; NaN if all values are equal.

    Examples
    --------
    >>> x, y = scores(np.array([[1.0, 2, 9], [1, 3, 2]]), "Kendall")
    >>> round(float(x @ y), 6)
    0.333333
    """
    if correlation == "Spearman":
        return standardized_ranks(values)
    if correlation == "Kendall":
        one, other = np.triu_indices(values.shape[-1], 1)
        found = np.sign(values[..., other] - values[..., one]).astype(np.float64)
        resolution = np.zeros(values.shape[:-1])
    else:
        found = np.array(values, np.float64)
        resolution = ROUNDING * np.abs(found).max(-1, initial=0)
        found -= found.mean(-1, keepdims=True)
    lengths = np.sqrt((found**2).sum(-1))
    lengths = np.where(lengths > resolution, lengths, np.nan)
    scored: Floats = found / lengths[..., None]
    return scored


def correlate(
    first: NDArray[np.floating], second: NDArray[np.floating], correlation: Correlation = "Spearman"
) -> Floats:
    """Return the correlation along the last axis, see :func:`scores`; NaN if either is constant."""
    products = (scores(first, correlation) * scores(second, correlation)).sum(-1)
    return np.clip(products, -1, 1)  # rounding
