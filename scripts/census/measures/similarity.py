"""Representational similarity between layers: whether two layers represent the same images as similar.

Each layer is represented by the correlation matrix of its activation vectors (RSM). Two layers are compared
by the entries of their matrices for all pairs of different images (representational similarity analysis).

References
----------
Rupprecht (2018). Kriegeskorte, Mur & Bandettini (2008), Representational similarity analysis, Frontiers in
Systems Neuroscience 2.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from census.measures.columns import Floats, Integers, Table, Texts, column, count
from census.measures.declaration import Matrices, Measure
from census.measures.parameters import ImageResamples
from census.statistics.bootstrap import Estimate, estimate, resample_counts
from census.statistics.cka import debiased_cka
from census.statistics.similarity import adjacent_pairs, deconfounded, similarity, spearman

if TYPE_CHECKING:
    from census.stores.recording import LayerMatrices


class Pairs(Table, per="pair"):
    """A layer compared with all layers."""

    other_layer: Texts = column("name of the other layer")
    other_depth: Integers = column("rank of the other layer along the forward pass", range=(0, None))
    other_branch_of: Texts = column("`branch_of` of the other layer")
    n_map_images: int = count("images on which both layers are compared", "images")
    resamples: int = column("value of the parameter `resamples`", range=(100, None))
    similarity: Estimate = column(
        "representational similarity: Pearson's r of the two similarity matrices (RSMs)", range=(-1, 1)
    )
    similarity_spearman: Floats = column("Spearman's ρ of the two similarity matrices (RSMs)", range=(-1, 1))
    similarity_deconfounded: Estimate = column(
        "Pearson's r of the two similarity matrices (RSMs) after the input's entries were regressed out",
        range=(-1, 1),
    )
    cka: Estimate = column("debiased linear CKA")


class Adjacent(Pairs, per="adjacent pair"):
    """A layer on the trunk compared with the next layer on the trunk."""


class Layer(Table, per="layer"):
    """A layer compared with the next one on the trunk, with the input and with the logits.

    None if there is no such layer.
    """

    adjacent_similarity: Estimate | None = column(
        "representational similarity to the next layer on the trunk; null for layers in branches and for "
        "the last layer",
        "Rupprecht 2018",
        range=(-1, 1),
    )
    similarity_to_input: Estimate | None = column(
        "representational similarity to the input",
        "Rupprecht 2018",
        range=(-1, 1),
    )
    similarity_to_output: Estimate | None = column(
        "representational similarity to the logits", "Rupprecht 2018", range=(-1, 1)
    )
    cka_to_input: Estimate | None = column("debiased linear CKA with the input", "Nguyen et al. 2021")
    cka_to_output: Estimate | None = column("debiased linear CKA with the logits", "Nguyen et al. 2021")


Comparison = TypeVar("Comparison", bound=Pairs)


def compute(
    layers: Sequence["LayerMatrices"], parameters: ImageResamples, seed: int
) -> Iterator[Pairs | Layer]:
    """Compare the layers of a network with each other at a checkpoint."""
    of = [layer.attributes for layer in layers]
    places = {each["layer"]: place for place, each in enumerate(of)}
    correlations, grams = (np.stack([layer[name] for layer in layers]) for name in ("correlation", "gram"))
    n_images = correlations.shape[1]

    def with_and_without_input(counts: Floats) -> Floats:
        """Return similarity, plain and after regressing out the input, (samples, 2, L, L)."""
        plain = similarity(correlations, counts)
        has_input = of[0]["kind"] == "input"
        rest = deconfounded(plain, confound=0) if has_input else np.full(plain.shape, np.nan)
        return np.stack([plain, rest], axis=1)

    drawn = resample_counts(n_images, parameters.resamples, seed)
    pearson = estimate(with_and_without_input, drawn)
    cka = estimate(lambda counts: debiased_cka(grams, counts), drawn)
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

    following = dict(adjacent_pairs([bool(each["branch_of"]) for each in of]))
    to_input, to_output = places.get("input"), places.get("output")
    for here in range(len(layers)):
        after = following.get(here)
        yield compared(Pairs, here, list(range(len(layers))))
        if after is not None:
            yield compared(Adjacent, here, [after])
        yield Layer(
            of=of[here],
            adjacent_similarity=None if after is None else pearson.at(0, here, after),
            similarity_to_input=None if to_input is None else pearson.at(0, here, to_input),
            similarity_to_output=None if to_output is None else pearson.at(0, here, to_output),
            cka_to_input=None if to_input is None else cka.at(here, to_input),
            cka_to_output=None if to_output is None else cka.at(here, to_output),
        )


measure = Measure(
    name="similarity",
    title="Similarity between the layers",
    reads={"layers": Matrices("gram")},
    tables={"pairs": Pairs, "adjacent": Adjacent, "layer": Layer},
    compute=compute,
    each="checkpoint",
    jobs="run",
    parameters=ImageResamples,
    matrices=lambda run: 6 + 5 * len(run.layers),
    minutes=240,
)
