"""Permutation tests of trends over few items, such as the layers of a network.

A bootstrap over units or images quantifies the uncertainty of each layer's value. Whether a trend over layers
exceeds chance depends on the possible orders of these values.
"""

import math
from itertools import permutations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from census.statistics.association import Correlation, scores
from census.statistics.bootstrap import VALUES_AT_ONCE

Floats = NDArray[np.float64]
EXACT = 7  # up to this number of layers, all orders are tried
DRAWN = 10_000  # orders of more layers, drawn at random
ROUNDING = 1e-9


class Tails(NamedTuple):
    """One-sided permutation p-values.

    Attributes
    ----------
    above, below : float, share of orders whose statistic is at least as high, or as low, as in the data; the
        data's own order is included.
    attainable : float, smallest p-value that any order can have. Unless it is small, no order is significant.
    """

    above: float
    below: float
    attainable: float


def orders(n: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Return all orders of n items; for more than 7 items, the given order and 10,000 random ones.

    Returns
    -------
    array of int, shape (n_orders, n), the given order first.
    """
    if n <= EXACT:
        return np.array(list(permutations(range(n))), np.int64).reshape(math.factorial(n), n)
    drawn = random.permuted(np.tile(np.arange(n), (DRAWN, 1)), axis=1)
    return np.concatenate([np.arange(n)[None], drawn])


def tails(statistics: Floats) -> Tails:
    """Return the permutation p-values of a statistic.

    Parameters
    ----------
    statistics : array of float, shape (n_orders,), the statistic under each order, the data's order first.

    References
    ----------
    Phipson & Smyth (2010), Permutation p-values should never be zero, Statistical Applications in Genetics
    and Molecular Biology 9, on including the data's own order.

    Examples
    --------
    >>> tails(np.array([3.0, 1, 2, 3])).above
    0.5
    """
    margin = ROUNDING * np.abs(statistics).max()
    above, below = statistics >= statistics[0] - margin, statistics <= statistics[0] + margin
    ends = statistics >= statistics.max() - margin, statistics <= statistics.min() + margin
    return Tails(float(above.mean()), float(below.mean()), float(min(end.mean() for end in ends)))


def trend(
    first: Floats, second: Floats, random: np.random.Generator, correlation: Correlation = "Spearman"
) -> Tails:
    """Test the correlation between two values of the same layers, by permuting layers.

    Parameters
    ----------
    first, second : array of float, shape (n_layers,), without NaN.
    correlation : which correlation, see :func:`census.statistics.association.scores`.

    Examples
    --------
    >>> trend(np.arange(4.0), np.array([1.0, 2, 3, 5]), np.random.default_rng(0)).above == 1 / 24
    True
    """
    one, there = np.nan_to_num(scores(first, correlation)), orders(len(first), random)
    if correlation != "Kendall":
        # equal values have no scores: all orders are the same
        return tails(np.nan_to_num(scores(second, correlation))[there] @ one)
    # scores of pairs of layers, not of layers
    blocks = np.array_split(there, max(1, len(there) * len(one) // VALUES_AT_ONCE))
    return tails(
        np.concatenate([np.nan_to_num(scores(second[block], correlation)) @ one for block in blocks])
    )


def mantel(
    distances: Floats,
    similarities: Floats,
    random: np.random.Generator,
    correlation: Correlation = "Spearman",
) -> Tails:
    """Test the correlation between distances and similarities of pairs of layers, by permuting layers.

    Pairs share layers and are not independent, so rows and columns are permuted together.

    Parameters
    ----------
    distances, similarities : array of float, shape (n_layers, n_layers), symmetric, without NaN.
    correlation : Spearman's ρ or Pearson's r; Kendall's τ would need all pairs of pairs.

    References
    ----------
    Mantel (1967), The detection of disease clustering and a generalized regression approach, Cancer
    Research 27.
    """
    n = len(distances)
    pairs = np.triu_indices(n, 1)
    scored = []
    for matrix in (distances, similarities):
        full = np.zeros((n, n))
        full[pairs] = np.nan_to_num(scores(matrix[pairs], correlation))
        scored.append(full + full.T)
    there = orders(n, random)
    blocks = np.array_split(there, max(1, there.size * n // VALUES_AT_ONCE))
    products = [np.einsum("ij,oij->o", scored[0], scored[1][b[:, :, None], b[:, None, :]]) for b in blocks]
    return tails(np.concatenate(products))
