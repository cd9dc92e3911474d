"""Correlation between the patterns of images, and its mean: how alike a layer makes different images."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from census.measures.declaration import Floats, Integers, Matrices, Measure, Table, Texts, column, count
from census.statistics.bootstrap import Estimate, estimate, pair_sums
from census.statistics.gram import Gram

if TYPE_CHECKING:
    from census.stores.recording import LayerMatrices


@dataclass(frozen=True)
class Parameters:
    """Correlation between images, and similarity between layers and between checkpoints."""

    resamples: Annotated[int, Ge(100)] = 1000
    """Bootstrap resamples of the images for each 95 % interval."""


class Layer(Table, per="layer"):
    """How alike a layer makes different images."""

    n_neurons: int = count("neurons of the layer: units times positions", "neurons", least=1)
    n_map_images: int = count("images with activation maps", "images")
    n_undefined_patterns: int = count("patterns that are constant or not finite", "images")
    resamples: int = column("the parameter of that name", range=(100, None))
    pattern_correlation: Estimate = column(
        "mean correlation of the patterns of two different images", "S0", range=(-1, 1)
    )


class Order(Table, per="image"):
    """An order of images in which those that a layer makes alike stand together."""

    place: Integers = count("place of the image in the order", "images")
    image: Integers = column("index of the image in the data set", range=(0, None))
    label: Integers = column("index of its class", range=(0, None))
    class_: Texts = column("its class", name="class")


def compute(layers: Sequence["LayerMatrices"], parameters: Parameters, seed: int) -> Iterator[Layer | Order]:
    """Summarize the correlations between images at a checkpoint: mean of each layer, order of the ends."""
    for layer in layers:
        correlation = layer["correlation"]
        n_images = len(correlation)
        yield Layer(
            of=layer.attributes,
            n_neurons=layer.attributes["n_neurons"],
            n_map_images=n_images,
            # they correlate with none, and are left out of the mean
            n_undefined_patterns=n_images - int(is_defined(correlation).sum()),
            resamples=parameters.resamples,
            pattern_correlation=estimate(
                lambda counts, matrix=correlation: mean_correlation(matrix, counts),  # type: ignore[misc]
                n_images,
                parameters.resamples,
                seed,
            ),
        )
        # in order of depth: by the input, where it is recorded, and by the logits
        if layer in (layers[0], layers[-1]):
            yield _order(layer, correlation)


def _order(layer: "LayerMatrices", correlation: NDArray[np.floating]) -> Order:
    from census.measures.ordering import hierarchical_order

    order = hierarchical_order(correlation)
    labels = layer["label"][order]
    return Order(
        of=layer.attributes,
        place=np.arange(len(order)),
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


def pattern_correlation(gram: Gram) -> Floats:
    """Return Pearson's r between the patterns of each two images, from their inner products.

    ``r_ij = (G_ij − s_i s_j / D) / √((G_ii − s_i²/D)(G_jj − s_j²/D))``

    Parameters
    ----------
    gram : of the patterns of N images.

    Returns
    -------
    float64 (N, N); NaN in row and column of a pattern whose values are all the same or not all finite, and
    everywhere where a pattern has one neuron only.

    References
    ----------
    S1: the correlation coefficient between the activations of each pair of images.
    """
    varies = (gram.deviations > 0) & np.isfinite(gram.deviations)
    with np.errstate(invalid="ignore"):
        scale = 1 / np.sqrt(np.where(varies, gram.deviations, np.nan))
        covariance = gram.products - np.outer(gram.sums, gram.sums) / gram.n_neurons
    correlation = np.clip(covariance * np.outer(scale, scale), -1, 1)
    np.fill_diagonal(correlation, np.where(varies, 1, np.nan))
    return correlation


def is_defined(correlation: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return for which images of a correlation matrix (N, N) it is defined, bool (N,)."""
    return ~np.isnan(np.diag(correlation))


def mean_correlation(correlation: NDArray[np.floating], counts: Floats) -> Floats:
    """Return the mean correlation between different images; a code that falls from it is *decorrelated*.

    Parameters
    ----------
    correlation : (N, N), NaN where it is undefined; these pairs are left out.
    counts : (resamples, N), how often each image is in a sample. Pairs of an image with itself are left out.

    Returns
    -------
    float64 (resamples,); NaN where no pair is left.
    """
    defined = is_defined(correlation)
    counts = np.where(defined, counts, 0.0)
    values = np.where(np.outer(defined, defined), correlation, 0).astype(np.float64)
    np.fill_diagonal(values, 0)
    pairs = counts.sum(1) ** 2 - (counts**2).sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(pairs > 0, pair_sums(values, counts) / pairs, np.nan)
