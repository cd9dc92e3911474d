"""Families of directions: how alike two fits are, how near to units, and their top images."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from census.statistics import association
from census.statistics.bootstrap import with_data
from census.statistics.class_counts import entropy
from census.statistics.class_selectivity import index_of
from census.statistics.defined import mean_over
from census.statistics.sparseness import gini_of_sorted
from census.statistics.streams import stream

Floats = NDArray[np.float64]
SAMPLES_AT_ONCE = 50  # of images; bounds memory


def matched_cosines(directions: NDArray[np.floating], others: NDArray[np.floating]) -> Floats:
    """Return the absolute cosine of each direction with its partner among others, assigned one to one.

    The assignment is that of the largest sum of cosines.

    Parameters
    ----------
    directions, others : arrays of float, shapes (n, n_units) and (m, n_units), each row of length 1.

    Returns
    -------
    array of float64, shape (n,); NaN for directions in excess, if there are fewer others.

    References
    ----------
    Kuhn (1955), The Hungarian method for the assignment problem, Naval Research Logistics Quarterly 2.

    Examples
    --------
    >>> matched_cosines(np.eye(3), -np.eye(3)[[2, 0, 1]]).tolist()
    [1.0, 1.0, 1.0]
    """
    from scipy.optimize import linear_sum_assignment

    cosines = np.abs(directions.astype(np.float64) @ others.astype(np.float64).T).clip(max=1)
    found = np.full(len(directions), np.nan)
    rows, columns = linear_sum_assignment(cosines, maximize=True)
    found[rows] = cosines[rows, columns]
    return found


def chance_cosines(
    directions: NDArray[np.floating], others: NDArray[np.floating], draws: int, seed: int
) -> float:
    """Return the mean of :func:`matched_cosines` with others whose units are in random orders.

    The others keep all but what each unit is: their values, signs, and angles among each other.
    """
    random = stream(seed, "permuted units")
    found = [
        np.nanmean(matched_cosines(directions, others[:, random.permutation(others.shape[1])]))
        for _ in range(draws)
    ]
    return float(np.mean(found))


def unit_alignment(directions: NDArray[np.floating]) -> tuple[Floats, NDArray[np.int64]]:
    """Return the largest absolute cosine of each direction, of length 1, with a unit; and that unit."""
    sizes = np.abs(directions.astype(np.float64))
    return sizes.max(1), sizes.argmax(1)


def chance_alignment(n_units: int, draws: int, seed: int) -> float:
    """Return the mean of :func:`unit_alignment` of directions drawn uniformly from the sphere."""
    drawn = stream(seed, "random directions").standard_normal((draws, n_units))
    return float(unit_alignment(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))[0].mean())


def first_in_samples(
    order: NDArray[np.intp], drawn: NDArray[np.bool_], k: int
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return the columns of orders (directions, N) that hold each sample's first images, and their numbers.

    Of the images ``drawn`` in a sample, (samples, N), the first are the same share that k is of all.
    """
    n_images = order.shape[1]
    wanted = np.maximum(1, np.rint(k * drawn.mean(1))).astype(np.int64)
    # samples have most of the images, so that few columns are enough
    length = min(4 * k, n_images)
    while length < n_images and (drawn[:, order[:, :length]].sum(2) < wanted[:, None]).any():
        length = min(2 * length, n_images)
    return order[:, :length], wanted


class TopSets(NamedTuple):
    """What a family's sets of top images are like; on the data first, then on resamples of the images.

    A set has the images with the highest scores above 0; in a resample, the same share of those drawn.

    Attributes
    ----------
    class_entropy : array of float64, shape (1 + n_resamples,), entropy in bits of the classes in a set, mean
        over directions; NaN where all sets are empty.
    similarity : the same of the mean similarity of two images in a set.
    redundancy : the same of Jaccard's overlap of two directions' sets.
    by_direction : array of float64, shape (3, n_directions), the three on the data; overlap is the mean with
        the other directions' sets.
    images : array of int64, shape (n_directions, k), the sets on the data, the first the highest; −1 in
        place of an image where a direction has fewer.
    """

    class_entropy: Floats
    similarity: Floats
    redundancy: Floats
    by_direction: Floats
    images: NDArray[np.int64]


def top_sets(
    scores: NDArray[np.floating],
    k: int,
    labels: NDArray[np.integer],
    n_classes: int,
    vectors: NDArray[np.floating] | None,
    counts: Floats,
) -> TopSets:
    """Describe the top images of directions.

    Parameters
    ----------
    scores : array of float, shape (n_directions, N), of the images; an image with a score of 0 or less is in
        no set. Of equal scores, the first come first.
    k : images in a set; 0 if there are too few for sets: all is undefined.
    labels : array of int, shape (N,), classes of the images.
    n_classes : number of classes.
    vectors : array of float, shape (N, D), by whose correlation images are similar; None: not measured.
    counts : array of float64, shape (n_resamples, N), how often each image is in a resample; only whether it
        is in there counts.
    """
    n_directions = len(scores)
    if k == 0:
        undefined, single = np.full(1 + len(counts), np.nan), np.full((3, n_directions), np.nan)
        return TopSets(undefined, undefined, undefined, single, np.full((n_directions, 1), -1))
    order = np.argsort(-scores.astype(np.float64), axis=1, kind="stable")
    drawn = with_data(counts) > 0
    order, wanted = first_in_samples(order, drawn, k)
    length = order.shape[1]
    is_active = np.take_along_axis(scores, order, axis=1) > 0
    images, places = np.unique(order, return_inverse=True)
    places = places.reshape(order.shape)
    classes = np.zeros((n_directions, length, n_classes), np.float32)
    np.put_along_axis(classes, labels[order][..., None], 1, axis=2)
    alike: NDArray[np.floating] = np.full((n_directions, length, length), np.nan, np.float32)
    if vectors is not None:
        rows = association.scores(vectors[images], "Pearson")
        alike = (rows @ rows.T)[places[:, :, None], places[:, None, :]]
    found, single = [], np.full((3, n_directions), np.nan)
    for first in range(0, len(drawn), SAMPLES_AT_ONCE):
        some = slice(first, first + SAMPLES_AT_ONCE)
        members = drawn[some][:, order] & is_active
        members &= np.cumsum(members, axis=2) <= wanted[some, None, None]
        each = _of_sets(members.astype(np.float32), classes, alike, places, len(images))
        if first == 0:
            single = each[:, 0]
        found.append(mean_over(each, axis=-1))
    top = np.where(is_active[:, :k], order[:, :k], -1)
    top = np.pad(top, ((0, 0), (0, k - top.shape[1])), constant_values=-1)
    class_entropy, similarity, redundancy = np.concatenate(found, axis=1)
    return TopSets(class_entropy, similarity, redundancy, single, top.astype(np.int64))


def _of_sets(
    members: NDArray[np.float32],
    classes: NDArray[np.float32],
    alike: NDArray[np.floating],
    places: NDArray[np.integer],
    n_images: int,
) -> Floats:
    """Return entropy, similarity and overlap of sets, float64 (3, samples, directions); NaN if undefined."""
    sizes = members.sum(2, dtype=np.float64)
    # images without a correlation, such as those with equal logits, have none with themselves either
    compared = members * ~np.isnan(np.einsum("dll->dl", alike))
    n_compared, alike = compared.sum(2, dtype=np.float64), np.nan_to_num(alike)
    with np.errstate(invalid="ignore", divide="ignore"):
        squares = np.matmul(compared.transpose(1, 0, 2), alike).transpose(1, 0, 2)
        # an image is as similar to itself as can be
        itself = np.einsum("rdl,dll->rd", compared, alike, optimize=True)
        pairs = n_compared * (n_compared - 1)
        similarity = (np.einsum("rdl,rdl->rd", squares, compared) - itself) / np.where(pairs, pairs, np.nan)
        flat = np.zeros((*members.shape[:2], n_images), np.float32)
        np.put_along_axis(flat, np.broadcast_to(places, members.shape), members, axis=2)
        common = np.matmul(flat, flat.transpose(0, 2, 1)).astype(np.float64)
        union = sizes[:, :, None] + sizes[:, None, :] - common
        overlap = np.where((sizes[:, :, None] > 0) & (sizes[:, None, :] > 0), common / union, np.nan)
    own = np.arange(overlap.shape[1])
    overlap[:, own, own] = np.nan
    counts = np.einsum("rdl,dlk->rdk", members, classes, optimize=True)
    return np.stack([entropy(counts), similarity, mean_over(overlap, axis=-1)])


class Classes(NamedTuple):
    """How the means over the images of each class spread; on the data first, then on resamples.

    Attributes
    ----------
    selectivity, gini : arrays of float64, shape (1 + n_resamples,), class selectivity and Gini index over
        classes, means over directions; NaN where undefined for all.
    by_direction : array of float64, shape (2, n_directions), the two on the data.
    preferred : array of int64, shape (n_directions,), the class of the largest mean; −1 for none.
    """

    selectivity: Floats
    gini: Floats
    by_direction: Floats
    preferred: NDArray[np.int64]


def class_spread(values: NDArray[np.floating], labels: NDArray[np.integer], counts: Floats) -> Classes:
    """Describe how unevenly directions respond to classes. Classes count alike; in a resample, those drawn.

    Parameters
    ----------
    values : array of float, shape (N, n_directions), not negative.
    labels : array of int, shape (N,), classes.
    counts : array of float64, shape (n_resamples, N), how often each image is in a resample.
    """
    names, places = np.unique(labels, return_inverse=True)
    found, single, preferred = [], np.full((2, values.shape[1]), np.nan), np.full(values.shape[1], -1)
    samples = with_data(counts)
    for first in range(0, len(samples), SAMPLES_AT_ONCE):
        some = samples[first : first + SAMPLES_AT_ONCE]
        means = np.stack(
            [
                _weighted_means(values[places == place], some[:, places == place])
                for place in range(len(names))
            ],
            axis=2,
        )
        each = np.stack([_selectivity(means), _gini(means)])
        if first == 0:
            single = each[:, 0]
            has_one = ~np.isnan(single[0])
            preferred[has_one] = names[means[0, has_one].argmax(1)]
        found.append(mean_over(each, axis=-1))
    selectivity, gini = np.concatenate(found, axis=1)
    return Classes(selectivity, gini, single, preferred)


def _weighted_means(values: NDArray[np.floating], counts: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return counts @ values / counts.sum(1)[:, None]


def _selectivity(means: Floats) -> Floats:
    """Return class selectivity of means (…, classes), NaN for absent ones; NaN if all means are 0."""
    values = np.nan_to_num(means)
    return index_of(values.max(-1), values.sum(-1), (~np.isnan(means)).sum(-1))


def _gini(means: Floats) -> Floats:
    """Return the Gini index of means (…, classes), NaN for absent ones; NaN if all means are 0."""
    ascending, n_classes = np.sort(means, axis=-1), (~np.isnan(means)).sum(-1)
    found = np.full(n_classes.shape, np.nan)
    for n in np.unique(n_classes):
        found[n_classes == n] = gini_of_sorted(ascending[n_classes == n, :n])  # NaN come last
    return found
