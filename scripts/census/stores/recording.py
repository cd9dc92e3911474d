"""The inputs of measures: a layer's recorded activations, and matrices of other measures."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from census.stores import reading
from census.stores.matrices import Layer, layers_in

Item = TypeVar("Item", bound="_OfLayer")


class _OfLayer:
    """Values of a layer at one checkpoint."""

    attributes: Mapping[str, Any]

    def __str__(self) -> str:
        """Return the layer and the checkpoint, for messages."""
        return f"{self.attributes['layer']}, checkpoint {self.attributes['checkpoint']}"


class Recording(_OfLayer):
    """A layer's activations at one checkpoint, read from its store block by block.

    Parameters
    ----------
    path : the store.

    Attributes
    ----------
    attributes : attributes of the layer: the key columns of tables, ``shape``, ``classes``, and more.
    n_map_images : number of images with activation maps; they come first.

    Raises
    ------
    StudyError : there is no finished store.
    """

    def __init__(self, path: str | Path) -> None:
        self.group = reading.open_store(path)
        self.attributes = dict(self.group.attrs)
        self.n_map_images: int = self.group["maps"].shape[0]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of units, height and width; 1 × 1 without spatial extent."""
        n_units, height, width = self.attributes["shape"]
        return n_units, height, width

    @property
    def classes(self) -> Sequence[str]:
        """Names of the classes."""
        names: Sequence[str] = self.attributes["classes"]
        return names

    @property
    def images(self) -> NDArray[np.int64]:
        """Index of each image in the data set, in the order of the values."""
        return self._images_and_labels[0]

    @property
    def labels(self) -> NDArray[np.int32]:
        """Class of each image."""
        return self._images_and_labels[1]

    @property
    def sorted_labels(self) -> NDArray[np.int32]:
        """Class of each image, images by their index in the data set; see :meth:`unit_means`."""
        return self.labels[np.argsort(self.images)]

    @cached_property
    def _images_and_labels(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        return reading.images_and_labels(self.group)

    def statistic(self, name: str) -> Iterator[np.ndarray]:
        """Yield a statistic of each unit's map in blocks (images, units), in order of images.

        Parameters
        ----------
        name : ``mean``, ``max``, ``argmax`` or ``nonzero``.
        """
        return reading.statistic_blocks(self.group, name)

    def statistics(
        self, *names: str, beside: NDArray[np.integer] | None = None
    ) -> Iterator[tuple[np.ndarray, ...]]:
        """Yield blocks of images, or of their values in ``beside``, with statistics (n_images, n_units)."""
        return reading.image_blocks(self.group, self.images if beside is None else beside, *names)

    def on_images(self, name: str, places: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return a statistic of each unit's map on some images, (images, units).

        Parameters
        ----------
        name : see :meth:`statistic`.
        places : positions of the images in the order of :attr:`images`.
        """
        ascending, inverse = np.unique(places, return_inverse=True)
        rows = reading.rows_at(self.statistic(name), ascending, self.shape[0])
        return rows if np.array_equal(ascending, places) else rows[inverse]

    def unit_means(self) -> Iterator[NDArray[np.float32]]:
        """Yield mean activations in blocks of units, (n_images, n_units), images in order of their index."""
        order = np.argsort(self.images)
        for _, means in reading.unit_blocks(self.group, "mean"):
            yield means[order]

    def maps(self) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Yield activation maps in blocks: the images, and their values (images, rows, width, units).

        The next block overwrites a block.
        """
        return reading.map_blocks(self.group)

    def neuron_blocks(self) -> Iterator[NDArray[np.float32]]:
        """Yield activation maps in blocks of neurons, (map images, neurons).

        The next block overwrites a block.
        """
        return reading.neuron_blocks(self.group)

    def at_positions(self, positions: NDArray[np.integer] | None = None) -> NDArray[np.float32]:
        """Return values at some positions, (map images, positions, units).

        Parameters
        ----------
        positions : (positions, 2), y and x; None for the sampled ones, at which pre-activations are kept.
        """
        return reading.values_at_positions(self.group, positions)

    def preactivations(self) -> NDArray[np.float32] | None:
        """Return pre-activations at the sampled positions; None if the layer has none."""
        return reading.preactivations(self.group)

    @property
    def n_positions(self) -> int:
        """Number of sampled positions."""
        n_positions: int = self.group["position_y"].shape[0]
        return n_positions


class LayerMatrices(_OfLayer):
    """The arrays of a measure for a layer at one checkpoint, by name; each is read at its first use.

    Attributes
    ----------
    attributes : attributes of the layer.
    """

    def __init__(self, layer: Layer, checkpoint: str) -> None:
        self._group = layer.at(checkpoint)
        self.attributes = dict(self._group.attrs)

    def __getitem__(self, name: str) -> np.ndarray:
        return np.asarray(self._group[name][:])


def by_place(items: Iterable[Item]) -> dict[tuple[str, str], Item]:
    """Return recordings or matrices by checkpoint and layer."""
    return {(each.attributes["checkpoint"], each.attributes["layer"]): each for each in items}


def matrices_in(stores: Iterable[str | Path]) -> Iterator[LayerMatrices]:
    """Yield the matrices in stores of several layers, layer by layer, in order of training steps."""
    # several stores may contain parts of the same layer
    for layer in (layer for store in stores for layer in layers_in([store]).values()):
        # the final checkpoint has no step in its name
        for checkpoint in sorted(layer.groups, key=lambda name: (not name.isdigit(), name.zfill(20))):
            yield LayerMatrices(layer, checkpoint)
