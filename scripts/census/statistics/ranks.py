"""Ranks with ties, and Spearman's ρ, without scipy.stats, whose import takes half a second."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def tied(ascending: NDArray[np.generic]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the first and last index of each value's group of ties, along the last axis.

    Parameters
    ----------
    ascending : array of numbers in ascending order, shape (…, n).

    Returns
    -------
    arrays of int32, shape (…, n).
    """
    n = ascending.shape[-1]
    place = np.arange(n, dtype=np.int32)
    differs = ascending[..., 1:] != ascending[..., :-1]
    first, last = np.zeros(ascending.shape, np.int32), np.full(ascending.shape, n - 1, np.int32)
    np.maximum.accumulate(np.where(differs, place[1:], 0), axis=-1, out=first[..., 1:])
    backward = np.where(differs, place[:-1], n - 1)[..., ::-1]
    np.minimum.accumulate(backward, axis=-1, out=last[..., -2::-1])
    return first, last


def average_ranks(values: NDArray[np.floating]) -> Floats:
    """Return ranks along the last axis, from 1; tied values share the mean of their ranks.

    Parameters
    ----------
    values : array of float, shape (…, n), without NaN.

    Returns
    -------
    array of float64, shape (…, n).

    Examples
    --------
    >>> average_ranks(np.array([0.3, 0.1, 0.3])).tolist()
    [2.5, 1.0, 2.5]
    """
    order = values.argsort(-1)
    first, last = tied(np.take_along_axis(values, order, -1))
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, (first + last) / 2 + 1, -1)
    return ranks


def standardized_ranks(values: NDArray[np.floating]) -> Floats:
    """Return ranks along the last axis with mean 0 and sum of squares 1; the sum of products is Spearman's ρ.

    Parameters
    ----------
    values : array of float, shape (…, n), without NaN.

    Returns
    -------
    array of float64, shape (…, n); NaN if all values are equal.
    """
    ranks = average_ranks(values)
    ranks -= ranks.mean(-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        ranks /= np.sqrt((ranks**2).sum(-1, keepdims=True))
    return ranks


def spearman(values: Floats) -> Floats:
    """Return Spearman's ρ between two measures; with a third, the partial ρ that controls for it.

    Parameters
    ----------
    values : array of float64, shape (n_measures, n_samples, n_units).

    Returns
    -------
    array of float64, shape (n_samples,); NaN if a measure is constant or fully determined by the third.
    """
    ranks = standardized_ranks(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        between = np.einsum("isn,jsn->ijs", ranks, ranks)
        if len(values) == 2:
            return np.clip(between[0, 1], -1, 1)  # rounding
    return partial_correlation(between[0, 1], between[0, 2], between[1, 2])


def partial_correlation(rho: Floats, first: Floats, second: Floats) -> Floats:
    """Return the correlation of two measures that controls for a third.

    Parameters
    ----------
    rho : array of float64, shape (n_samples,), correlation of both measures.
    first, second : arrays of float64, shape (n_samples,), correlation of each with the third.

    Returns
    -------
    array of float64, shape (n_samples,); NaN where a measure is fully determined by the third.
    """
    free = np.clip(1 - np.stack([first, second]) ** 2, 0, None)
    free[free < 1e-12] = np.nan  # only rounding is left
    return np.clip((rho - first * second) / np.sqrt(free[0] * free[1]), -1, 1)


def rank_correlation(x: NDArray[np.floating], y: NDArray[np.floating], counts: Floats) -> Floats:
    """Return Spearman's ρ on samples of pairs of values, ranked anew in each sample.

    Parameters
    ----------
    x, y : arrays of float, shape (n,), without NaN.
    counts : array of float64, shape (n_samples, n), count of each pair in each sample; each row sums to n.

    Returns
    -------
    array of float64, shape (n_samples,); NaN for fewer than three pairs, and if x or y is constant in a
    sample.
    """
    if len(x) < 3:
        return np.full(len(counts), np.nan)
    drawn = np.repeat(np.tile(np.arange(len(x)), len(counts)), counts.astype(np.int64).ravel())
    return spearman(np.stack([x, y])[:, drawn.reshape(counts.shape)])
