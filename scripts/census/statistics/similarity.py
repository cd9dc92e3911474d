"""Representational similarity of layers: correlation between their RSMs."""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from census.statistics.bootstrap import pair_sums
from census.statistics.correlation import is_defined
from census.statistics.gram import RESOLUTION
from census.statistics.ranks import average_ranks

Floats = NDArray[np.float64]


def similarity(correlations: NDArray[np.floating], counts: Floats) -> Floats:
    """Return Pearson's r between the off-diagonal entries of all pairs of correlation matrices.

    Parameters
    ----------
    correlations : array of float, shape (L, N, N), of L layers on the same N images, NaN where undefined. Two
        layers are compared on the images for which both are defined.
    counts : array of float64, shape (n_resamples, N), count of each image in each sample; ones for the data.
        Pairs of an image with itself are left out.

    Returns
    -------
    array of float64, shape (n_resamples, L, L); 1 on the diagonal, NaN if a layer's entries are constant or
    fewer than two pairs are left.
    """
    return _pearson([_Entries(matrix) for matrix in correlations], counts)


def spearman(correlations: NDArray[np.floating]) -> Floats:
    """Return Spearman's ρ in place of Pearson's r; see :func:`similarity`.

    Returns
    -------
    array of float64, shape (L, L).
    """
    counts = np.ones((1, correlations.shape[1]))
    result = np.full((len(correlations), len(correlations)), np.nan)
    defined = [is_defined(matrix) for matrix in correlations]
    ranked: dict[tuple[int, bytes], _Entries] = {}

    def ranks(layer: int, images: NDArray[np.bool_]) -> "_Entries":
        # ranks depend on the images for which both layers of the comparison are defined
        key = layer, images.tobytes()
        if key not in ranked:
            ranked[key] = _Entries(_ranks(correlations[layer], images))
        return ranked[key]

    for one in range(len(correlations)):
        for other in range(one, len(correlations)):
            images = defined[one] & defined[other]
            pair = _pearson([ranks(one, images), ranks(other, images)], counts)[0]
            result[one, other] = result[other, one] = pair[0, 1]
    return result


def _ranks(correlation: NDArray[np.floating], images: NDArray[np.bool_]) -> Floats:
    """Return the ranks of the entries above the diagonal for some images, between 0 and 1; NaN for others."""
    ranks = np.full(correlation.shape, np.nan)
    chosen = np.flatnonzero(images)
    rows, columns = (chosen[places] for places in np.triu_indices(len(chosen), 1))
    # differences below the resolution are ties
    values = np.round(correlation[rows, columns].astype(np.float64) / RESOLUTION)
    ranks[rows, columns] = ranks[columns, rows] = average_ranks(values) / max(1, len(values))
    ranks[chosen, chosen] = 1
    return ranks


class _Entries:
    """The defined off-diagonal entries of a matrix, and sums over them for resamples."""

    def __init__(self, matrix: NDArray[np.floating]) -> None:
        self.defined = is_defined(matrix)
        pairs = np.outer(self.defined, self.defined)
        np.fill_diagonal(pairs, False)
        self.values = np.where(pairs, matrix, 0).astype(np.float64)
        # moments of values about their mean keep their digits
        self.values[pairs] -= self.values.sum() / max(1, pairs.sum())
        self._moments: dict[bytes, tuple[Floats, Floats]] = {}

    def moments(self, images: NDArray[np.bool_], counts: Floats) -> tuple[Floats, Floats]:
        """Return the sums of values and of squares over pairs of some images, shape (n_resamples,) each."""
        key = images.tobytes()
        if key not in self._moments:
            self._moments[key] = pair_sums(self.values, counts), pair_sums(self.values**2, counts)
        return self._moments[key]


def _pearson(layers: list[_Entries], counts: Floats) -> Floats:
    result = np.full((len(counts), len(layers), len(layers)), np.nan)
    for place, one in enumerate(layers):
        for other_place, other in enumerate(layers[place:], place):
            images = one.defined & other.defined
            chosen = np.where(images, counts, 0)
            pairs = chosen.sum(1) ** 2 - (chosen**2).sum(1)
            (sum_a, squares_a), (sum_b, squares_b) = (each.moments(images, chosen) for each in (one, other))
            products = pair_sums(one.values * other.values, chosen)
            with np.errstate(invalid="ignore", divide="ignore"):
                covariance = products / pairs - sum_a * sum_b / pairs**2
                variances = [
                    np.where(variance > RESOLUTION**2, variance, np.nan)
                    for variance in (
                        squares_a / pairs - (sum_a / pairs) ** 2,
                        squares_b / pairs - (sum_b / pairs) ** 2,
                    )
                ]
                found = np.clip(covariance / np.sqrt(variances[0] * variances[1]), -1, 1)
            result[:, place, other_place] = result[:, other_place, place] = found
    return result


def deconfounded(similarities: Floats, confound: int) -> Floats:
    """Return similarities of layers after one layer has been regressed out of all others.

    Correlating the residuals of two matrices after regression on a third gives their partial correlation:
    ``(r_ab − r_ac r_bc) / √((1 − r_ac²)(1 − r_bc²))``.

    Parameters
    ----------
    similarities : array of float64, shape (…, L, L), Pearson's r, see :func:`similarity`.
    confound : index of the layer c to regress out: the input.

    Returns
    -------
    array of float64, shape (…, L, L); NaN for the confound itself.

    References
    ----------
    Cui et al. (2022), Deconfounded representation similarity for comparison of neural networks, NeurIPS 35.
    """
    to_confound = similarities[..., confound]
    rest = 1 - to_confound**2
    # layers fully explained by the confound have no residual to compare
    rest = np.sqrt(np.where(rest > RESOLUTION, rest, np.nan))
    explained = to_confound[..., :, None] * to_confound[..., None, :]
    return np.clip((similarities - explained) / (rest[..., :, None] * rest[..., None, :]), -1, 1)


def adjacent_pairs(branches: Sequence[bool]) -> list[tuple[int, int]]:
    """Return pairs of adjacent layers, without layers in branches.

    A layer in a branch has no next layer: the following layer in order of depth may be in a parallel branch.

    Parameters
    ----------
    branches : whether each layer is in a branch, in order of depth.

    Returns
    -------
    pairs of indices of layers.
    """
    return list(itertools.pairwise(place for place, branch in enumerate(branches) if not branch))
