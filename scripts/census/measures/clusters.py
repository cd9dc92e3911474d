"""Units that answer alike: clusters of a layer's units by the correlation of their responses.

References
----------
S4 names clusters of redundant neurons as future work, and gives no definition.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

Floats = NDArray[np.float64]
UNITS_AT_ONCE = 64  # whose responses are float64 at a time


class Responses(NamedTuple):
    """Responses of the units that differ between images.

    Attributes
    ----------
    units : int64 (n,), which units these are, in ascending order.
    values : float32 (images, n), each unit's with a mean of 0 and a sum of squares of 1.
    """

    units: NDArray[np.int64]
    values: NDArray[np.float32]


def standardize(means: NDArray[np.floating]) -> Responses:
    """Leave out units with the same response to all images, or one that is not finite; standardize the rest.

    Parameters
    ----------
    means : float (images, units), each unit's mean over its map.
    """
    finite = np.isfinite(means).all(0)
    with np.errstate(invalid="ignore"):
        units = np.flatnonzero(finite & (np.ptp(means, axis=0) > 0))
    values = np.empty((len(means), len(units)), np.float32)
    for first in range(0, len(units), UNITS_AT_ONCE):
        block = slice(first, first + UNITS_AT_ONCE)
        about = means[:, units[block]].astype(np.float64)
        # twice: where responses differ little, the mean, too, is rounded
        about -= about.mean(0)
        about /= np.abs(about).max(0)
        about -= about.mean(0)
        values[:, block] = about / np.sqrt(np.einsum("nc,nc->c", about, about))
    return Responses(units, values)


def distances(values: NDArray[np.float32]) -> Floats:
    """Return 1 − r of all pairs of units.

    Parameters
    ----------
    values : float32 (images, units), standardized.

    Returns
    -------
    float64 (units · (units − 1) / 2,), 0 to 2, in scipy's condensed order.
    """
    correlations = values.T @ values
    np.fill_diagonal(correlations, 1)
    # both triangles are the same but for rounding
    return np.clip(1 - squareform(correlations, checks=False).astype(np.float64), 0, 2)


def tree(apart: Floats) -> Floats:
    """Join units, and clusters of them, one pair after the other: those with the highest mean correlation.

    Parameters
    ----------
    apart : what :func:`distances` returns.

    Returns
    -------
    float64 (units − 1, 4), average linkage as scipy gives it; without rows for less than two units.
    """
    return linkage(apart, "average") if len(apart) else np.empty((0, 4))


def cut(joins: Floats, threshold: float) -> NDArray[np.int64]:
    """Return the cluster of each unit: those whose mean correlation is no less than a threshold lie together.

    Parameters
    ----------
    joins : what :func:`tree` returns.
    threshold : of the correlation at which two clusters are still joined.

    Returns
    -------
    int64 (units,), 0 for the largest cluster; of equal ones, that of the first unit comes first. A layer
    without joins is one of one unit.
    """
    if not len(joins):
        return np.zeros(1, np.int64)
    labels = fcluster(joins, _height(threshold), "distance")
    _, first, inverse, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), np.int64)
    rank[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return rank[inverse]


def _height(threshold: float) -> float:
    """Return the distance at which a tree is cut; rounding must not part units that answer the same."""
    return max(1 - threshold, 1e-6)


def clusters_by_chance(
    values: NDArray[np.float32], threshold: float, permutations: int, seed: int
) -> NDArray[np.int64]:
    """Count the clusters of units whose responses have nothing to do with each other.

    Each unit's responses are permuted over images, apart from the others'. Where no two units correlate at
    the threshold, no mean over pairs does: there are as many clusters as units, and no tree is needed.

    Parameters
    ----------
    values : float32 (images, units), standardized, of at least one unit.
    threshold : see :func:`cut`.
    permutations, seed : how many, and their seed.

    Returns
    -------
    int64 (permutations,).
    """
    random = np.random.default_rng(seed)
    counts = np.empty(permutations, np.int64)
    for number in range(permutations):
        # along memory, in which permuting is several times faster
        mixed = random.permuted(values.T, axis=1).T
        apart = distances(mixed)
        joined = apart.min(initial=2) <= _height(threshold)
        counts[number] = cut(tree(apart), threshold).max() + 1 if joined else values.shape[1]
    return counts


def top_images_of_clusters(
    values: NDArray[np.float32], clusters: NDArray[np.integer], k: int
) -> NDArray[np.int64]:
    """Find the images to which the units of each cluster answer most, in standard deviations, on average.

    Parameters
    ----------
    values : float32 (images, units), standardized.
    clusters : int (units,), as :func:`cut` returns them.
    k : how many; all images where there are fewer.

    Returns
    -------
    int64 (clusters, min(k, images)), places of images; of equal ones that with the lower place comes first.
    """
    order = np.argsort(clusters, kind="stable")
    first = np.searchsorted(clusters[order], np.arange(clusters.max() + 1))
    # gathered by take, which is several times faster than indexing
    sums = np.add.reduceat(np.take(values, order, axis=1), first, axis=1, dtype=np.float64)
    k = min(k, len(values))
    top = np.empty((len(first), k), np.int64)
    for row, sizes in zip(top, sums.T.copy(), strict=True):
        # all that are no less than the k-th, of which there may be more
        largest = np.flatnonzero(sizes >= np.partition(sizes, -k)[-k])
        row[:] = largest[np.argsort(-sizes[largest], kind="stable")][:k]
    return top
