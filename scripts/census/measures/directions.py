"""Directions in a layer's space of neurons, by the images at their ends: how alike, and how pure these are.

A direction gives each image a score, the projection of its pattern. Its **top** images have the highest
scores, its **bottom** images the lowest.

References
----------
S4: Zhang, Visualizing neuron role with dimensionality reduction of feature space.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from census.measures.concepts import chance_counts, class_counts
from census.measures.svd import Decomposition, singular_values
from census.statistics.bootstrap import Estimate, estimate

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
ROUNDING = 1e-6  # scores that differ by no larger share of the largest one are the same


class Ends(NamedTuple):
    """The images at both ends of directions, the outermost first; places among all, int64 (directions, k)."""

    top: Places
    bottom: Places


def ends(scores: NDArray[np.floating], k: int) -> Ends:
    """Find the k images with the highest and with the lowest scores; of equal ones the first come first.

    Parameters
    ----------
    scores : float (directions, N).
    k : at most N.
    """
    scores = scores.astype(np.float64)
    return Ends(*(np.argsort(sign * scores, axis=1, kind="stable")[:, :k] for sign in (-1, 1)))


def varies(scores: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return which directions give different images different scores, beyond rounding; no other one has ends.

    Parameters
    ----------
    scores : float (directions, N).

    Returns
    -------
    bool (directions,).
    """
    return np.ptp(scores, axis=1) > ROUNDING * np.abs(scores).max(1, initial=0)


def random_projections(decomposition: Decomposition, n_neurons: int, n: int, seed: int) -> Floats:
    """Project patterns on directions drawn at random, uniformly over the sphere.

    A direction is a vector w of D normal numbers, over its length. Of its projections ``Φᵀw`` only its part
    in the space that patterns span matters, and this one has normal coordinates z in the basis of left
    singular vectors: ``Φᵀw = V S z``. So z is drawn in place of w, and the squared length of the rest of w
    from a χ² distribution: what comes out is distributed as if w itself had been drawn, and needs no pattern.

    Parameters
    ----------
    decomposition : with all components.
    n_neurons : D.
    n, seed : how many directions, and their seed.

    Returns
    -------
    float64 (n, N).
    """
    random, rank = np.random.default_rng(seed), len(decomposition.strengths)
    inside = random.standard_normal((n, rank))
    rest = random.chisquare(n_neurons - rank, n)
    length = np.sqrt((inside**2).sum(1) + rest)
    sigma = singular_values(decomposition.strengths, n_neurons)
    return (inside * sigma) @ decomposition.vectors.T / length[:, None]


def explicit_projections(
    blocks: Iterable[tuple[NDArray[np.float32], NDArray[np.bool_]]], n_images: int, n: int, seed: int
) -> Floats:
    """Project patterns on directions drawn at random, neuron by neuron; for more images than are decomposed.

    Parameters
    ----------
    blocks : see :func:`census.statistics.variance.normalised`.
    n_images : N.
    n, seed : how many directions, and their seed. The answer does not depend on how neurons are cut into
        blocks.

    Returns
    -------
    float64 (n, N), distributed as :func:`random_projections` has them.
    """
    random = np.random.default_rng(seed)
    projections, squares = np.zeros((n, n_images)), np.zeros(n)
    for values, _ in blocks:
        weights = random.standard_normal((values.shape[1], n), np.float32)
        projections += (values @ weights).T
        squares += np.sum(weights.astype(np.float64) ** 2, axis=0)
    return projections / np.sqrt(squares)[:, None]


def redundancy(scores: NDArray[np.floating], k: int, counts: Floats, *, bottom: bool = False) -> Floats:
    """Return how much the image sets of different directions overlap: 0 not at all, 1 for equal sets.

    The overlap of two sets is Jaccard's, ``|A and B| / |A or B|``, and redundancy its mean over pairs of
    directions. In a resample, a set holds the first of those images in the direction's order that were drawn:
    the same share of them that k has of all, as sets that reach further down overlap more.

    Parameters
    ----------
    scores : float (s, N).
    k : images in a set, at most N.
    counts : float64 (resamples, N), how often each image is in a sample; only whether it is in there counts.
    bottom : whether sets are of bottom images, in place of top images.

    Returns
    -------
    float64 (resamples,); NaN for fewer than two directions.

    References
    ----------
    Jaccard (1912), The distribution of the flora in the alpine zone, New Phytologist 11. S4, section 4.2.3.
    """
    n_directions, n_images = scores.shape
    if n_directions < 2:
        return np.full(len(counts), np.nan)
    order = np.argsort(scores if bottom else -scores, axis=1, kind="stable")
    drawn = counts > 0
    wanted = np.maximum(1, np.rint(k * drawn.mean(1)))
    # a sample has most of the images, and so those wanted are among the first few: as many as are enough
    length = min(4 * k, n_images)
    while length < n_images and (drawn[:, order[:, :length]].sum(2) < wanted[:, None]).any():
        length = min(2 * length, n_images)
    order = order[:, :length]
    members = drawn[:, order]  # sample, direction, place in its order
    members &= np.cumsum(members, axis=2, dtype=np.int32) <= wanted[:, None, None]
    sizes = members.sum(2)
    total = np.zeros(len(counts))
    for one in range(n_directions):
        for other in range(one):
            _, here, there = np.intersect1d(order[one], order[other], return_indices=True)
            common = (members[:, one, here] & members[:, other, there]).sum(1)
            total += common / (sizes[:, one] + sizes[:, other] - common)
    return total / (n_directions * (n_directions - 1) / 2)


def compare(
    families: Mapping[str, NDArray[np.floating]], k: int, resamples: int, seed: int
) -> dict[str, Estimate]:
    """Measure the redundancy of each family of directions, and how much less that of singular vectors is.

    Parameters
    ----------
    families : scores, float (s, N), by name; ``svd`` and ``variance`` among them. Directions without ends,
        see :func:`varies`, are left out.
    k : images in a set.
    resamples, seed : of the images, behind the intervals; all families are measured on the same ones.

    Returns
    -------
    by name: ``redundancy_{family}``, and ``redundancy_bottom_{family}`` of the bottom images;
    ``redundancy_difference``, that of neurons of high variance minus that of singular vectors.
    """
    n_images = next(iter(families.values())).shape[1]
    families = {name: scores[varies(scores)] for name, scores in families.items()}

    def measure(counts: Floats) -> Floats:
        top = {name: redundancy(scores, k, counts) for name, scores in families.items()}
        low = [redundancy(scores, k, counts, bottom=True) for scores in families.values()]
        return np.stack([*top.values(), *low, top["variance"] - top["svd"]], axis=1)

    found = estimate(measure, n_images, resamples, seed)
    names = [f"redundancy_{end}{family}" for end in ("", "bottom_") for family in families]
    return {
        name: Estimate(*(part[place] for part in found))
        for place, name in enumerate([*names, "redundancy_difference"])
    }


def chance_redundancy(n_images: int, k: int) -> float:
    """Return the mean overlap of two sets of k images drawn at random, of N."""
    # hypergeometric: the logarithm of each number of ways, by sums of logarithms
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n_images + 1)))])

    def ways(n: int, chosen: NDArray[np.integer]) -> Floats:
        return logs[n] - logs[chosen] - logs[n - chosen]

    common = np.arange(max(0, 2 * k - n_images), k + 1)
    shares = np.exp(ways(k, common) + ways(n_images - k, k - common) - ways(n_images, np.array(k)))
    return float(np.sum(shares * common / (2 * k - common)))


def class_entropy(places: Places, labels: NDArray[np.integer], n_classes: int) -> Floats:
    """Return the entropy in bits of the classes of each set of images: 0 where there is one class only.

    Parameters
    ----------
    places : int (sets, k), in ``labels``.
    labels : int (N,), classes.
    n_classes : number of classes.

    Returns
    -------
    float64 (sets,).
    """
    return entropy(class_counts(places, labels, n_classes))


def chance_entropy(drawn: NDArray[np.integer], n_classes: int) -> float:
    """Return the mean entropy of sets of images drawn at random, int (draws, k) classes, in bits."""
    return float(entropy(chance_counts(drawn, drawn.shape[1], n_classes)).mean())


def entropy(counts: NDArray[np.integer]) -> Floats:
    """Return the entropy in bits of each row of counts, of which at least one is not 0."""
    shares = counts / counts.sum(-1, keepdims=True)
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.abs(-(shares * logs).sum(-1))  # and no −0


def rank_correlation(x: NDArray[np.floating], y: NDArray[np.floating], counts: Floats) -> Floats:
    """Return Spearman's ρ on samples of pairs of values; equal values have their mean rank.

    Parameters
    ----------
    x, y : float (n,), without NaN.
    counts : float64 (samples, n), how often each pair is in a sample.

    Returns
    -------
    float64 (samples,); NaN where all of a sample's values of either are the same.
    """

    def ranks(values: NDArray[np.floating]) -> Floats:
        lower = (values[None] < values[:, None]).astype(np.float64)
        equal = (values[None] == values[:, None]).astype(np.float64)
        return counts @ (lower + equal / 2).T

    size = counts.sum(1, keepdims=True)
    if not len(x):
        return np.full(len(counts), np.nan)
    one, other = (each - (counts * each).sum(1, keepdims=True) / size for each in (ranks(x), ranks(y)))
    products = [(counts * a * b).sum(1) for a, b in ((one, other), (one, one), (other, other))]
    # ranks are halves of whole numbers: what is below this is rounding
    varies = (products[1] > 1e-6) & (products[2] > 1e-6)
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = products[0] / np.sqrt(products[1] * products[2])
    return np.where(varies, np.clip(rho, -1, 1), np.nan)
