"""Clusters of a layer's units by the correlation of their responses.

References
----------
Zhang (2015) names clusters of redundant neurons as future work, and gives no definition.

Examples
--------
>>> import census  # `recorded` is what census.record returned
>>> found = census.measure("clusters", recorded["relu1"], threshold=0.5)
>>> found["layer"][["n_units", "cluster_threshold"]].values.tolist()
[[2.0, 0.5]]
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np
from annotated_types import Ge, Gt, Le
from numpy.typing import NDArray

from census.jobs import LOGGER
from census.measures.columns import Floats, Table, column, count, share
from census.measures.declaration import ELSEWHERE, Arrays, Measure, Recordings
from census.statistics.class_selectivity import slices
from census.statistics.defined import varying
from census.statistics.streams import seed_of_layer, stream
from census.statistics.subset import choose_images

if TYPE_CHECKING:
    from census.stores.recording import Recording


@dataclass(frozen=True)
class Parameters:
    """Clusters of units with correlated responses, in a run's `per_unit_layers`."""

    threshold: Annotated[float, Gt(0), Le(1)] = 0.7
    """Lowest mean correlation at which clusters are merged; at 0.7, units share half of their variance."""
    permutations: Annotated[int, Ge(1), Le(10000)] = 1
    """Random permutations of each unit's responses over images for the chance level. One suffices for more
    than a few images."""
    images: Annotated[int, Ge(1), Le(12)] = 8
    """Number of top images of a cluster that are stored and shown."""
    sample: Annotated[int, Ge(3)] | None = 50000
    """Maximum number of images on which responses are compared, a seeded random sample; null for all images.
    At 50,000, the standard error of a correlation is below 0.005."""
    dendrograms: Annotated[int, Ge(0), ELSEWHERE] = 3
    """Number of a run's `per_unit_layers`, evenly spaced along depth, whose dendrograms are drawn; 0 for
    none."""


class Units(Table, per="unit"):
    """The cluster of each unit."""

    cluster: Floats = column(
        "index of the unit's cluster in its layer, 0 for the largest; undefined for constant units",
        "Zhang 2015",
        range=(0, None),
    )
    cluster_size: Floats = count("units in the unit's cluster", "units", "Zhang 2015", least=1)


class Layer(Table, per="layer"):
    """The clusters that the units of a layer form."""

    n_units: int = count("units of the layer", "units")
    n_images: int = count("images on which responses are compared", "images")
    n_constant_units: int = count("units with a constant response, or without finite responses", "units")
    cluster_threshold: float = share("value of the parameter `threshold`")
    permutations: int = column("value of the parameter `permutations`", range=(1, None))
    n_clusters: int = column(
        "number of clusters of units with correlated responses", "Zhang 2015", range=(0, None)
    )
    n_clusters_chance: float = column(
        "number of clusters with responses permuted over images", "ours", range=(0, None)
    )
    cluster_share: float = share("number of clusters divided by the number of units that are not constant")
    largest_cluster: int = count("units in the largest cluster", "units")


def compute(layer: "Recording", parameters: Parameters, seed: int) -> Iterator[Units | Layer | Arrays]:
    """Cluster the units of a layer by the correlation of their responses."""
    threshold, (n_units, *_) = parameters.threshold, layer.shape
    # permuting each unit's responses needs those of all chosen images at once
    places, _ = choose_images(len(layer.images), parameters.sample, 0, seed)
    responses = standardize(layer.on_images("mean", places))
    n_varying = len(responses.units)
    if n_varying < n_units:
        LOGGER.warning("%s: %d of %d units are constant or not finite", layer, n_units - n_varying, n_units)
    cluster, size = np.full((2, n_units), np.nan)
    sizes, chance, arrays = np.zeros(0, np.int64), np.nan, {}
    if n_varying:
        merges = tree(distances(responses.values))
        clusters = cut(merges, threshold)
        sizes = np.bincount(clusters)
        cluster[responses.units], size[responses.units] = clusters, sizes[clusters]
        own_seed = seed_of_layer(seed, layer.attributes)
        chance = clusters_by_chance(responses.values, threshold, parameters.permutations, own_seed).mean()
        if layer.attributes["checkpoint"] == "final":
            top = top_images_of_clusters(responses.values, clusters, parameters.images)
            arrays = {
                "unit": (("leaf",), responses.units),
                "cluster": (("leaf",), clusters),
                "linkage": (("merge", "column"), merges),
                "top_image": (("cluster", "rank"), layer.images[places][top]),
            }
    yield Units(of=layer.attributes, cluster=cluster, cluster_size=size)
    yield Layer(
        of=layer.attributes,
        n_units=n_units,
        n_images=len(places),
        n_constant_units=n_units - n_varying,
        cluster_threshold=threshold,
        permutations=parameters.permutations,
        n_clusters=len(sizes),
        n_clusters_chance=chance,
        cluster_share=len(sizes) / n_varying if n_varying else np.nan,
        largest_cluster=int(sizes.max(initial=0)),
    )
    if layer.attributes["checkpoint"] == "final":
        yield Arrays({**layer.attributes, "cluster_threshold": threshold}, arrays)


measure = Measure(
    name="clusters",
    title="Clusters of units",
    reads={"layer": Recordings("per_unit_layers", "units_and_untrained")},
    tables={"units": Units, "layer": Layer},
    compute=compute,
    parameters=Parameters,
    has_arrays=True,
    # three times the means of all units on the sampled images
    memory=3000,
)


class Responses(NamedTuple):
    """Responses of the units that vary between images.

    Attributes
    ----------
    units : array of int64, shape (n,), indices of these units, in ascending order.
    values : array of float32, shape (n_images, n), standardized responses of each unit, with mean 0 and sum
        of squares 1.
    """

    units: NDArray[np.int64]
    values: NDArray[np.float32]


def standardize(means: NDArray[np.floating]) -> Responses:
    """Standardize responses of units; leave out units with constant or non-finite responses.

    Parameters
    ----------
    means : array of float, shape (n_images, n_units), mean of each unit's activation map.
    """
    units = varying(means)
    values = np.empty((len(means), len(units)), np.float32)
    for block in slices(len(units)):
        about = means[:, units[block]].astype(np.float64)
        # centered twice, because the first mean is rounded if responses differ little
        about -= about.mean(0)
        about /= np.abs(about).max(0)
        about -= about.mean(0)
        values[:, block] = about / np.sqrt(np.einsum("nc,nc->c", about, about))
    return Responses(units, values)


def distances(values: NDArray[np.float32]) -> Floats:
    """Return 1 − r of all pairs of units.

    Parameters
    ----------
    values : array of float32, shape (n_images, n_units), standardized.

    Returns
    -------
    array of float64, shape (n_units · (n_units − 1) / 2,), 0 to 2, in scipy's condensed order.
    """
    from scipy.spatial.distance import squareform

    correlations = values.T @ values
    np.fill_diagonal(correlations, 1)
    # the triangles may differ by rounding
    return np.clip(1 - squareform(correlations, checks=False).astype(np.float64), 0, 2)


def tree(apart: Floats) -> Floats:
    """Cluster units by average linkage: repeatedly merge the pair with the highest mean correlation.

    Parameters
    ----------
    apart : distances from :func:`distances`.

    Returns
    -------
    array of float64, shape (n_units − 1, 4), in scipy's format; no rows for fewer than two units.
    """
    from scipy.cluster.hierarchy import linkage

    return linkage(apart, "average") if len(apart) else np.empty((0, 4))


def cut(merges: Floats, threshold: float) -> NDArray[np.int64]:
    """Return the cluster of each unit, cutting the tree at a mean correlation.

    Parameters
    ----------
    merges : tree from :func:`tree`.
    threshold : lowest mean correlation at which two clusters are merged.

    Returns
    -------
    array of int64, shape (n_units,), 0 for the largest cluster; clusters of equal size are in the order of
    their first units. A tree without merges is a single unit.
    """
    from scipy.cluster.hierarchy import fcluster

    if not len(merges):
        return np.zeros(1, np.int64)
    labels = fcluster(merges, _height(threshold), "distance")
    _, first, inverse, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), np.int64)
    rank[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return rank[inverse]


def _height(threshold: float) -> float:
    """Return the distance at which a tree is cut; rounding must not separate units with equal responses."""
    return max(1 - threshold, 1e-6)


def clusters_by_chance(
    values: NDArray[np.float32], threshold: float, permutations: int, seed: int
) -> NDArray[np.int64]:
    """Count the clusters of units with unrelated responses.

    Each unit's responses are permuted over images independently. If no two units reach the threshold, no mean
    over pairs does; there are then as many clusters as units, and no tree is needed.

    Parameters
    ----------
    values : array of float32, shape (n_images, n_units), standardized, at least one unit.
    threshold : see :func:`cut`.
    permutations, seed : number of permutations, and their seed.

    Returns
    -------
    array of int64, shape (n_permutations,).
    """
    random = stream(seed, "permuted responses")
    counts = np.empty(permutations, np.int64)
    for number in range(permutations):
        # permuting along contiguous memory is several times faster
        mixed = random.permuted(values.T, axis=1).T
        apart = distances(mixed)
        merged = apart.min(initial=2) <= _height(threshold)
        counts[number] = cut(tree(apart), threshold).max() + 1 if merged else values.shape[1]
    return counts


def top_images_of_clusters(
    values: NDArray[np.float32], clusters: NDArray[np.integer], k: int
) -> NDArray[np.int64]:
    """Find the images with the highest mean standardized response of each cluster's units.

    Parameters
    ----------
    values : array of float32, shape (n_images, n_units), standardized.
    clusters : array of int, shape (n_units,), see :func:`cut`.
    k : number of images; all if there are fewer.

    Returns
    -------
    array of int64, shape (n_clusters, min(k, n_images)), indices of images; ties go to the lower index.
    """
    order = np.argsort(clusters, kind="stable")
    first = np.searchsorted(clusters[order], np.arange(clusters.max() + 1))
    # take is several times faster than indexing
    sums = np.add.reduceat(np.take(values, order, axis=1), first, axis=1, dtype=np.float64)
    k = min(k, len(values))
    top = np.empty((len(first), k), np.int64)
    for row, sizes in zip(top, sums.T.copy(), strict=True):
        # at least k images, because several may equal the k-th
        largest = np.flatnonzero(sizes >= np.partition(sizes, -k)[-k])
        row[:] = largest[np.argsort(-sizes[largest], kind="stable")][:k]
    return top
