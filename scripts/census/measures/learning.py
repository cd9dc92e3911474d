"""Change of a layer over learning: its similarity to itself at other checkpoints."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from census.jobs import LOGGER
from census.measures.columns import Integers, Table, Texts, column, count
from census.measures.declaration import Matrices, Measure
from census.measures.parameters import ImageResamples
from census.statistics.bootstrap import Estimate, estimate, resample_counts
from census.statistics.cka import debiased_cka
from census.statistics.similarity import similarity

if TYPE_CHECKING:
    from census.stores.recording import LayerMatrices


class Pairs(Table, per="pair"):
    """A layer at one checkpoint compared with itself at all checkpoints."""

    other_checkpoint: Texts = column("the other checkpoint")
    other_step: Integers = count(
        "training steps of the other checkpoint; null for weights that the study did not train", "steps"
    )
    n_map_images: int = count("images with activation maps at all checkpoints", "images")
    resamples: int = column("value of the parameter `resamples`", range=(100, None))
    similarity: Estimate = column(
        "representational similarity: Pearson's r of the two similarity matrices (RSMs)", range=(-1, 1)
    )
    cka: Estimate = column("debiased linear CKA")


def compute(checkpoints: Sequence["LayerMatrices"], parameters: ImageResamples, seed: int) -> Iterator[Pairs]:
    """Compare a layer with itself at the other checkpoints of its network."""
    # early checkpoints may have activation maps of fewer images
    of_each = [layer["image"] for layer in checkpoints]
    images = sorted(set.intersection(*(set(each.tolist()) for each in of_each)))
    places = [np.flatnonzero(np.isin(each, images)) for each in of_each]
    correlations, grams = (
        np.stack([layer[name][np.ix_(at, at)] for layer, at in zip(checkpoints, places, strict=True)])
        for name in ("correlation", "gram")
    )
    n_images, resamples = len(images), parameters.resamples
    drawn = resample_counts(n_images, resamples, seed)
    pearson = estimate(lambda counts: similarity(correlations, counts), drawn)
    cka = estimate(lambda counts: debiased_cka(grams, counts), drawn)
    steps = [layer.attributes["step"] for layer in checkpoints]
    for here, layer in enumerate(checkpoints):
        yield Pairs(
            of=layer.attributes,
            other_checkpoint=[other.attributes["checkpoint"] for other in checkpoints],
            other_step=np.ma.masked_equal([-1 if step is None else step for step in steps], -1),
            n_map_images=n_images,
            resamples=resamples,
            similarity=pearson.at(here),
            cka=cka.at(here),
        )
    LOGGER.info("%s: compared %d checkpoints on %d images", checkpoints[-1], len(checkpoints), n_images)


measure = Measure(
    name="learning",
    title="Similarity between the checkpoints",
    reads={"checkpoints": Matrices("gram")},
    tables={"": Pairs},
    compute=compute,
    each="layer",
    jobs="run",
    parameters=ImageResamples,
    section="similarity",
    matrices=lambda run: 6 + 5 * len(run.checkpoints),
    minutes=120,
)
