"""Normalized activation vectors of a layer, read block by block."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from census.statistics.correlation import image_correlation, is_defined
from census.statistics.gram import Gram, shift_of
from census.statistics.variance import normalized

if TYPE_CHECKING:
    from census.stores.recording import LayerMatrices, Recording

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ActivationVectors:
    """Activation vectors of the N included images of a layer.

    Attributes
    ----------
    layer : the layer's recording.
    places : array of int64, shape (N,), indices of the images among those with maps, in ascending order.
    means, deviations : arrays of float64, shape (N,), mean and standard deviation of each vector.
    correlation : array of float64, shape (N, N); None without a Gram matrix.
    n_neurons : number D of neurons.
    n_misclassified : number of images with maps left out because they are misclassified.
    n_undefined : number of other images left out because their vectors are constant or not finite.
    """

    layer: "Recording"
    places: NDArray[np.int64]
    means: Floats
    deviations: Floats
    correlation: Floats | None
    n_neurons: int
    n_misclassified: int
    n_undefined: int

    @property
    def images(self) -> NDArray[np.int64]:
        """Indices of the images in the data set, array of int64, shape (N,)."""
        return self.layer.images[self.places]

    @property
    def labels(self) -> NDArray[np.int32]:
        """Classes of the images, array of int32, shape (N,)."""
        return self.layer.labels[self.places]

    def blocks(self) -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_]]]:
        """Read the vectors, see :func:`census.statistics.variance.normalized`."""
        return normalized(self.layer.neuron_blocks(), self.places, self.means, self.deviations)

    def mapped(self, folder: Path) -> NDArray[np.float32]:
        """Write the vectors to a temporary file, and return them as a memory-mapped array.

        Parameters
        ----------
        folder : folder with space for 4·N·D bytes. The unnamed file there is freed with the array.

        Returns
        -------
        array of float32, shape (N, D).
        """
        # neurons first, so that a block is a contiguous part of the file
        with TemporaryFile(dir=folder) as file:
            mapped = np.memmap(file, np.float32, "w+", shape=(self.n_neurons, len(self.places)))
        first = 0
        for values, _ in self.blocks():
            mapped[first : first + values.shape[1]] = values.T
            first += values.shape[1]
        return mapped.T


def open_vectors(
    layer: "Recording", gram: "LayerMatrices | None", right: NDArray[np.integer] | None
) -> ActivationVectors:
    """Return the activation vectors of a layer, with the included images and their normalization.

    Parameters
    ----------
    layer : the layer's recording.
    gram : the layer's Gram matrix at the same checkpoint. If None, the vectors are read once for their
        moments, and correlations are None.
    right : indices in the data set of the images to include; None for all.
    """
    n_neurons = int(np.prod(layer.shape))
    correlation = None
    if gram is None:
        means, deviations = moments(layer.neuron_blocks())
        defined = (deviations > 0) & (n_neurons > 1)  # NaN are not above 0
    else:
        products = Gram(gram["gram"], gram["sums"], gram["deviations"], n_neurons)
        correlation = image_correlation(products)
        means, deviations = products.sums / n_neurons, np.sqrt(products.deviations / n_neurons)
        defined = is_defined(correlation)
    images = layer.images[: layer.n_map_images]
    wanted = np.ones(len(images), np.bool_) if right is None else np.isin(images, right)
    places = np.flatnonzero(wanted & defined)
    return ActivationVectors(
        layer,
        places,
        means[places],
        deviations[places],
        None if correlation is None else correlation[np.ix_(places, places)],
        n_neurons,
        int((~wanted).sum()),
        int((wanted & ~defined).sum()),
    )


class Moments(NamedTuple):
    """Mean and standard deviation of each image's vector over neurons, arrays of float64, shape (N,).

    The deviation of a constant vector is exactly 0; both are NaN for non-finite vectors.
    """

    means: Floats
    deviations: Floats


def moments(blocks: Iterable[NDArray[np.float32]]) -> Moments:
    """Compute mean and standard deviation of each vector, reading the blocks once.

    Parameters
    ----------
    blocks : arrays of float32, shape (N, n_neurons), parts of all vectors; at least one. They are
        overwritten.

    Raises
    ------
    ValueError : there is no block.
    """
    shift: NDArray[np.float32] | None = None
    sums, squares, n_neurons = np.zeros(0), np.zeros(0), 0
    with np.errstate(invalid="ignore", over="ignore"):
        for block in blocks:
            if shift is None:
                # subtracting about the mean keeps the digits in which values differ
                shift = shift_of(block)
                sums, squares = np.zeros(len(block)), np.zeros(len(block))
            block -= shift[:, None]
            sums += block.sum(1, dtype=np.float64)
            squares += np.square(block).sum(1, dtype=np.float64)
            n_neurons += block.shape[1]
        if shift is None:
            raise ValueError("there is no block of neurons")
        means = sums / n_neurons
        deviations = np.sqrt(np.maximum(squares / n_neurons - means**2, 0))
    spoilt = ~np.isfinite(deviations)
    return Moments(np.where(spoilt, np.nan, means + shift), np.where(spoilt, np.nan, deviations))
