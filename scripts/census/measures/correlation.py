"""Mean correlation between activation vectors of different images, and an order of images by similarity."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from census.measures.columns import Integers, Table, Texts, column, count
from census.measures.declaration import Matrices, Measure
from census.measures.parameters import ImageResamples
from census.statistics.bootstrap import Estimate, estimate, resample_counts
from census.statistics.correlation import is_defined, mean_correlation

if TYPE_CHECKING:
    from census.stores.recording import LayerMatrices


@dataclass(frozen=True)
class Parameters(ImageResamples):
    """Correlation between images, and similarity between layers and between checkpoints."""


class Layer(Table, per="layer"):
    """The similarity of a layer's activation vectors of different images."""

    n_neurons: int = count("neurons of the layer: units times positions", "neurons", least=1)
    n_map_images: int = count("images with activation maps", "images")
    n_undefined_vectors: int = count("activation vectors that are constant or not finite", "images")
    resamples: int = column("value of the parameter `resamples`", range=(100, None))
    image_correlation: Estimate = column(
        "mean correlation of the activation vectors of two different images", "Rupprecht 2017", range=(-1, 1)
    )


class Order(Table, per="image"):
    """An order of images that places images with similar activation vectors next to each other."""

    rank: Integers = count("rank of the image in the order", "images")
    image: Integers = column("index of the image in the data set", range=(0, None))
    label: Integers = column("index of the image's class", range=(0, None))
    class_: Texts = column("class of the image", name="class")


def compute(layers: Sequence["LayerMatrices"], parameters: Parameters, seed: int) -> Iterator[Layer | Order]:
    """Compute the mean correlation of each layer at a checkpoint, and orders by the first and last layer."""
    for layer in layers:
        correlation = layer["correlation"]
        n_images = len(correlation)
        yield Layer(
            of=layer.attributes,
            n_neurons=layer.attributes["n_neurons"],
            n_map_images=n_images,
            # undefined vectors have no correlations and are left out of the mean
            n_undefined_vectors=n_images - int(is_defined(correlation).sum()),
            resamples=parameters.resamples,
            image_correlation=estimate(
                lambda counts, matrix=correlation: mean_correlation(matrix, counts),  # type: ignore[misc]
                resample_counts(n_images, parameters.resamples, seed),
            ),
        )
        # layers are in order of depth: the first is the input if recorded, the last usually the logits
        if layer in (layers[0], layers[-1]):
            yield _order(layer, correlation)


def _order(layer: "LayerMatrices", correlation: NDArray[np.floating]) -> Order:
    from census.statistics.ordering import hierarchical_order

    order = hierarchical_order(correlation)
    labels = layer["label"][order]
    return Order(
        of=layer.attributes,
        rank=np.arange(len(order)),
        image=layer["image"][order],
        label=labels,
        class_=[layer.attributes["classes"][label] for label in labels],
    )


measure = Measure(
    name="correlation",
    title="Correlation between images",
    reads={"layers": Matrices("gram")},
    tables={"layers": Layer, "orders": Order},
    compute=compute,
    each="checkpoint",
    jobs="run",
    parameters=Parameters,
    section="similarity",
    matrices=6,
)
