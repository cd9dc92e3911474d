"""Similarity between layers: whether two layers find the same images alike.

Each layer is represented by the correlation matrix of its patterns, and two layers are compared by these
matrices' entries for all pairs of different images (representational similarity analysis).

References
----------
S1. Kriegeskorte, Mur & Bandettini (2008), Representational similarity analysis, Frontiers in Systems
Neuroscience 2.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from census.measures.correlation import Parameters, is_defined
from census.measures.declaration import Floats, Integers, Matrices, Measure, Table, Texts, column, count
from census.statistics.bootstrap import Estimate, estimate, pair_sums
from census.statistics.cka import debiased_cka
from census.statistics.gram import RESOLUTION
from census.statistics.ranks import average_ranks

if TYPE_CHECKING:
    from census.stores.recording import LayerMatrices


class Pairs(Table, per="pair"):
    """A layer compared with all layers."""

    other_layer: Texts = column("name of the other layer")
    other_depth: Integers = column("its rank along the forward pass", range=(0, None))
    other_branch_of: Texts = column("module in a branch of which it lies; empty on the trunk")
    n_map_images: int = count("images on which both are compared", "images")
    resamples: int = column("the parameter of that name", range=(100, None))
    similarity: Estimate = column("Pearson's r of the two correlation matrices", range=(-1, 1))
    similarity_spearman: Floats = column("Spearman's ρ of the two correlation matrices", range=(-1, 1))
    similarity_deconfounded: Estimate = column(
        "Pearson's r after the input's entries were regressed out", range=(-1, 1)
    )
    cka: Estimate = column("debiased linear CKA")


class Steps(Pairs, per="step"):
    """A layer on the trunk compared with the next one there."""


class Layer(Table, per="layer"):
    """A layer compared with the next one on the trunk, with the input and with the logits.

    None where there is no such layer.
    """

    step_similarity: Estimate | None = column(
        "similarity to the next layer on the trunk; null for layers in branches and for the last one",
        "S1",
        range=(-1, 1),
    )
    similarity_to_input: Estimate | None = column(
        "correlation of the layer's image-by-image matrix with that of the input", "S1", range=(-1, 1)
    )
    similarity_to_output: Estimate | None = column("the same with that of the logits", "S1", range=(-1, 1))
    cka_to_input: Estimate | None = column("debiased linear CKA with the input", "Nguyen et al. 2021")
    cka_to_output: Estimate | None = column("debiased linear CKA with the logits", "Nguyen et al. 2021")


Comparison = TypeVar("Comparison", bound=Pairs)


def compute(layers: Sequence["LayerMatrices"], parameters: Parameters, seed: int) -> Iterator[Pairs | Layer]:
    """Compare the layers of a network with each other at a checkpoint."""
    of = [layer.attributes for layer in layers]
    places = {each["layer"]: place for place, each in enumerate(of)}
    correlations, grams = (np.stack([layer[name] for layer in layers]) for name in ("correlation", "gram"))
    n_images = correlations.shape[1]

    def with_and_without_input(counts: Floats) -> Floats:
        """Return similarity, and similarity after the input's is regressed out, (samples, 2, L, L)."""
        plain = similarity(correlations, counts)
        has_input = of[0]["kind"] == "input"
        rest = deconfounded(plain, confound=0) if has_input else np.full(plain.shape, np.nan)
        return np.stack([plain, rest], axis=1)

    pearson = estimate(with_and_without_input, n_images, parameters.resamples, seed)
    cka = estimate(lambda counts: debiased_cka(grams, counts), n_images, parameters.resamples, seed)
    ranks = spearman(correlations)

    def compared(table: type[Comparison], here: int, others: list[int]) -> Comparison:
        return table(
            of=of[here],
            other_layer=[of[other]["layer"] for other in others],
            other_depth=np.array([of[other]["depth"] for other in others]),
            other_branch_of=[of[other]["branch_of"] for other in others],
            n_map_images=n_images,
            resamples=parameters.resamples,
            similarity=pearson.at(0, here, others),
            similarity_spearman=ranks[here, others],
            similarity_deconfounded=pearson.at(1, here, others),
            cka=cka.at(here, others),
        )

    following = dict(steps([bool(each["branch_of"]) for each in of]))
    to_input, to_output = places.get("input"), places.get("output")
    for here in range(len(layers)):
        after = following.get(here)
        yield compared(Pairs, here, list(range(len(layers))))
        if after is not None:
            yield compared(Steps, here, [after])
        yield Layer(
            of=of[here],
            step_similarity=None if after is None else pearson.at(0, here, after),
            similarity_to_input=None if to_input is None else pearson.at(0, here, to_input),
            similarity_to_output=None if to_output is None else pearson.at(0, here, to_output),
            cka_to_input=None if to_input is None else cka.at(here, to_input),
            cka_to_output=None if to_output is None else cka.at(here, to_output),
        )


measure = Measure(
    name="similarity",
    title="Similarity between the layers",
    reads={"layers": Matrices("gram")},
    tables={"pairs": Pairs, "steps": Steps, "layer": Layer},
    compute=compute,
    each="checkpoint",
    jobs="run",
    parameters=Parameters,
    matrices=lambda run: 6 + 5 * len(run.layers),
    minutes=240,
)


def similarity(correlations: NDArray[np.floating], counts: Floats) -> Floats:
    """Return Pearson's r between the entries, off the diagonal, of each two correlation matrices.

    Parameters
    ----------
    correlations : (L, N, N), of L layers on the same N images, NaN where undefined. Two layers are compared
        on the images for which both are defined.
    counts : (resamples, N), how often each image is in a sample; ones for the images themselves. Pairs of an
        image with itself are left out.

    Returns
    -------
    float64 (resamples, L, L); 1 on the diagonal, NaN where a layer's entries do not differ or fewer than two
    pairs are left.
    """
    return _pearson([_Entries(matrix) for matrix in correlations], counts)


def spearman(correlations: NDArray[np.floating]) -> Floats:
    """Return Spearman's ρ in place of Pearson's r; see :func:`similarity`.

    Returns
    -------
    float64 (L, L).
    """
    counts = np.ones((1, correlations.shape[1]))
    result = np.full((len(correlations), len(correlations)), np.nan)
    defined = [is_defined(matrix) for matrix in correlations]
    ranked: dict[tuple[int, bytes], _Entries] = {}

    def ranks(layer: int, images: NDArray[np.bool_]) -> "_Entries":
        # among the entries of the images that count, which depend on the layer that it is compared with
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
    """The entries of a matrix off the diagonal: which are defined, and sums over them for resamples."""

    def __init__(self, matrix: NDArray[np.floating]) -> None:
        self.defined = is_defined(matrix)
        pairs = np.outer(self.defined, self.defined)
        np.fill_diagonal(pairs, False)
        self.values = np.where(pairs, matrix, 0).astype(np.float64)
        # moments of values about their mean keep their digits
        self.values[pairs] -= self.values.sum() / max(1, pairs.sum())
        self._moments: dict[bytes, tuple[Floats, Floats]] = {}

    def moments(self, images: NDArray[np.bool_], counts: Floats) -> tuple[Floats, Floats]:
        """Return the sums of values and squares over pairs of some images, (resamples,) each."""
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
    """Return the similarities of layers after one of the layers has been regressed out of all others.

    Regressing the entries of one matrix out of those of two others, and correlating what is left, gives their
    partial correlation: ``(r_ab − r_ac r_bc) / √((1 − r_ac²)(1 − r_bc²))``.

    Parameters
    ----------
    similarities : float64 (…, L, L), Pearson's r, see :func:`similarity`.
    confound : index of the layer c to regress out: the input.

    Returns
    -------
    float64 (…, L, L); NaN for the confound itself, of which nothing is left.

    References
    ----------
    Cui et al. (2022), Deconfounded representation similarity for comparison of neural networks, NeurIPS 35.
    """
    to_confound = similarities[..., confound]
    rest = 1 - to_confound**2
    # what the confound explains to the last digit leaves nothing to compare
    rest = np.sqrt(np.where(rest > RESOLUTION, rest, np.nan))
    explained = to_confound[..., :, None] * to_confound[..., None, :]
    return np.clip((similarities - explained) / (rest[..., :, None] * rest[..., None, :]), -1, 1)


def steps(branches: Sequence[bool]) -> list[tuple[int, int]]:
    """Return the steps along depth: each layer with the next one, layers in branches left out.

    A layer in a branch has no next layer: what follows it in order of depth may be its sibling.

    Parameters
    ----------
    branches : of each layer in order of depth, whether it lies in a branch.

    Returns
    -------
    pairs of indices.
    """
    return list(itertools.pairwise(place for place, branch in enumerate(branches) if not branch))
