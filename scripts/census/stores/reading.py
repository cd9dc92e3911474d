"""Read a finished store of activations, in blocks of bounded size."""

import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from census.errors import StudyError
from census.stores.activations import numcodec
from census.stores.archives import METADATA, Archive, readable
from census.stores.chunks import CHECKSUM_BYTES, chunk_name, chunk_shape
from census.stores.groups import ArchiveStore

VALUES_AT_ONCE = 1 << 25  # largest number of values in memory
# all values of float16: a table is read in a third of the time in which numpy converts them
_FLOAT16 = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)


def open_store(path: str | Path) -> zarr.Group:
    """Open a finished store for reading.

    Raises
    ------
    StudyError : there is no finished store, or it is damaged.
    """
    path = Path(path)
    if not path.is_file():
        raise StudyError(f"{path} is not a finished store of activations; run the workflow again")
    return zarr.open_group(ArchiveStore(Archive(path)), mode="r", zarr_format=3, use_consolidated=True)


def statistic_blocks(group: zarr.Group, name: str) -> Iterator[np.ndarray]:
    """Yield one of a store's statistics in blocks of bounded size, in order of images.

    Parameters
    ----------
    name : ``mean``, ``max``, ``argmax`` or ``nonzero``.

    Yields
    ------
    arrays of shape (n_images, n_units), chunks of the array; read-only.

    Raises
    ------
    StudyError : a chunk is missing or damaged.
    """
    for _, block in _Chunks(group, name).blocks():
        yield block


def unit_blocks(group: zarr.Group, name: str) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield one of a store's statistics in blocks of units, on all images.

    Parameters
    ----------
    name : see :func:`statistic_blocks`.

    Yields
    ------
    units : slice of the dimension ``unit``.
    values : array of shape (n_images, n_block_units), in order of images.
    """
    n_images, n_units = group[name].shape
    at_once = max(1, VALUES_AT_ONCE // n_images)
    for first in range(0, n_units, at_once):
        units = slice(first, min(first + at_once, n_units))
        yield units, np.concatenate([block[:, units] for block in statistic_blocks(group, name)])


def rows_at(blocks: Iterable[np.ndarray], places: NDArray[np.integer], units: int) -> NDArray[np.float32]:
    """Return selected rows of blocks, with one block in memory at a time.

    Parameters
    ----------
    blocks : arrays of float32, shape (n_images, n_units), see :func:`statistic_blocks`.
    places : array of int, shape (n,), positions of the selected images, ascending.
    units : number of units.

    Returns
    -------
    array of float32, shape (n, n_units).
    """
    rows, first = np.empty((len(places), units), np.float32), 0
    for block in blocks:
        begin, end = np.searchsorted(places, (first, first + len(block)))
        rows[begin:end] = block[places[begin:end] - first]
        first += len(block)
    return rows


def images_and_labels(group: zarr.Group) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return a store's images, by their indices in the data set, and their classes."""
    images, labels = (_Chunks(group, name).read(0) for name in ("image", "label"))
    return images, labels


def image_blocks(
    group: zarr.Group, images: NDArray[np.integer], *names: str
) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield statistics with their images, in blocks of bounded size.

    Parameters
    ----------
    images : the store's images or their classes, see :func:`images_and_labels`.
    names : names of statistics, see :func:`statistic_blocks`.

    Yields
    ------
    images : array of shape (n_images,), the images of the block.
    values : arrays of shape (n_images, n_units), one per statistic.
    """
    first = 0
    for blocks in zip(*(statistic_blocks(group, name) for name in names), strict=True):
        last = first + len(blocks[0])
        yield images[first:last], *blocks
        first = last


class _Chunks:
    """Read chunks written by :class:`census.stores.activations.ChunkWriter`.

    Zarr passes each array and each chunk through other threads, which takes longer than reading it.
    """

    def __init__(self, group: zarr.Group, name: str) -> None:
        self._archive, self._name = group.store.archive, name
        metadata = json.loads(self._archive[f"{name}/{METADATA}"])
        self.shape: tuple[int, ...] = tuple(metadata["shape"])
        self.chunk = chunk_shape(metadata)
        self._dtype = np.dtype(metadata["data_type"]).newbyteorder("<")
        # the checksum comes last
        self._codecs = [numcodec(codec) for codec in metadata["codecs"][-2:0:-1]]

    def along(self, axis: int) -> Iterator[tuple[int, slice]]:
        """Yield the index of each chunk along an axis, and its slice; the last chunk may be shorter."""
        length, size = self.shape[axis], self.chunk[axis]
        for number, first in enumerate(range(0, length, size)):
            yield number, slice(first, min(first + size, length))

    def read(self, *index: int, into: np.ndarray | None = None) -> np.ndarray:
        """Return a whole chunk, read-only, or read it into contiguous memory, as float32.

        Reusing memory matters, because allocating it would take longer than multiplying the vectors.

        Raises
        ------
        StudyError : the chunk is missing or damaged.
        """
        # the archive has checked it, so that its own checksum is not needed
        values: Any = memoryview(self._archive[f"{self._name}/{chunk_name(index)}"])[:-CHECKSUM_BYTES]
        with readable(self._archive.path):
            if into is None or self._dtype == np.float16:
                for codec in self._codecs:
                    values = codec.decode(values)
                found = np.frombuffer(values, self._dtype)
                if into is None:
                    return found.reshape(self.chunk)
                # no index lies outside of the table; with this mode, numpy needs no buffer
                return _FLOAT16.take(found.view(np.uint16).reshape(into.shape), out=into, mode="clip")
            # there is one codec at most
            place = into.reshape(-1).view(np.uint8)
            if self._codecs:
                self._codecs[0].decode(values, place)
            else:
                place[:] = np.frombuffer(values, np.uint8)
        return into

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield all chunks of an array that is split along its first dimension, each with its slice."""
        for number, place in self.along(0):
            yield place, self.read(number, *[0] * (len(self.shape) - 1))[: place.stop - place.start]


def map_blocks(group: zarr.Group) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Yield a store's maps in blocks of bounded size: the images in a block, and its values.

    Yields
    ------
    images : slice of the dimension ``map_image``.
    values : array of float32, shape (n_images, n_rows, width, n_units), a chunk of the array ``maps``. The
        next block overwrites it.
    """
    maps = _Chunks(group, "maps")
    block = np.empty(maps.chunk, np.float32)
    for number, images in maps.along(0):
        for row, rows in maps.along(1):
            maps.read(number, row, 0, 0, into=block)
            yield images, block[: images.stop - images.start, : rows.stop - rows.start]


def neuron_blocks(group: zarr.Group, part: int = 0, parts: int = 1) -> Iterator[NDArray[np.float32]]:
    """Yield a store's maps as blocks of neurons, of all images that have maps.

    Parameters
    ----------
    part, parts : index of this part of the neurons, and number of parts. Parts consist of whole blocks; with
        more parts than blocks, some are empty.

    Yields
    ------
    vectors : array of float32, shape (n_map_images, n_neurons), a block of neurons: some rows of all units'
        maps. The next block overwrites it.
    """
    maps = _Chunks(group, "maps")
    batch, _, width, units = maps.chunk
    images, rows = list(maps.along(0)), list(maps.along(1))
    block = np.empty((len(images) * batch, math.prod(maps.chunk[1:])), np.float32)
    for row, place in rows[part * len(rows) // parts : (part + 1) * len(rows) // parts]:
        for number, _ in images:
            maps.read(number, row, 0, 0, into=block[number * batch : (number + 1) * batch])
        yield block[: maps.shape[0], : (place.stop - place.start) * width * units]


def values_at_positions(
    group: zarr.Group, positions: NDArray[np.integer] | None = None
) -> NDArray[np.float32]:
    """Read a store's maps at some positions, a chunk at a time.

    Parameters
    ----------
    positions : array of int, shape (n_positions, 2), y and x of each; None for the sampled ones.

    Returns
    -------
    array of float32, shape (n_map_images, n_positions, n_units).
    """
    maps = _Chunks(group, "maps")
    y, x = (group["position_y"][:], group["position_x"][:]) if positions is None else positions.T
    values = np.empty((maps.shape[0], len(y), maps.chunk[3]), np.float32)
    block = np.empty(maps.chunk, np.float32)
    for number, images in maps.along(0):
        # chunks without any of the positions are not read
        for row in np.unique(y // maps.chunk[1]).tolist():
            maps.read(number, row, 0, 0, into=block)
            (here,) = np.nonzero(y // maps.chunk[1] == row)
            values[images, here] = block[: images.stop - images.start, y[here] - row * maps.chunk[1], x[here]]
    return values


def preactivations(group: zarr.Group) -> NDArray[np.float32] | None:
    """Read pre-activations at the sampled positions; None if the layer has none.

    Returns
    -------
    array of float32, shape (n_map_images, n_positions, n_units), the same images and positions as of
    :func:`values_at_positions`.
    """
    if "preactivation" not in group:
        return None
    chunks = _Chunks(group, "preactivation")
    values = np.empty(chunks.shape, np.float32)
    for images, block in chunks.blocks():
        values[images] = block
    return values
