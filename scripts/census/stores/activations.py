"""The store of one layer's activations: a Zarr group with named dimensions, written image by image.

==========  ==========================  =======  ======================================================
array       dimensions                  dtype    content
==========  ==========================  =======  ======================================================
mean        image, unit                 float32  mean of the unit's map
max         image, unit                 float32  largest value of the map
argmax      image, unit                 int32    position of that value, ``y · width + x``
nonzero     image, unit                 int32    positions whose value is not 0
maps        map_image, y, x, unit       float32  the map itself, for the first images; or float16
image       image                       int64    index in the data set
label       image                       int32    class
map_image   map_image                   int64    as ``image``, for the images that have maps
map_label   map_image                   int32    as ``label``
==========  ==========================  =======  ======================================================

Units come last in ``maps``, as in memory while a network runs in the channels-last layout. So nothing is
transposed between the forward pass and the file. A chunk of maps contains all units at some rows of a few
images. This suits reading by image (top images, patches) and by block of neurons (the Gram matrix). With
chunks of single units, reading whole images would take a seek per unit.

Chunks are files in an array's folder (``c.0.1``), without subfolders (``c/0/1``), because creating folders
takes longer than writing the small chunks of many layers. Units and positions have no coordinates: they are
counted from 0.

A store is filled in a temporary folder. A filled store receives its attributes, and is written as one file
(:mod:`census.stores.archives`). So a store under its final name is complete. Reading is in
:mod:`census.stores.reading`, on which no forward pass depends, so that edits there do not rerun one.
"""

import json
import math
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numcodecs import Blosc

from census.stores.archives import METADATA
from census.stores.chunks import BYTES, CHECKSUM, archive, chunk_name, chunk_shape, write_chunk
from census.stores.groups import consolidate

STATISTICS = {"mean": "float32", "max": "float32", "argmax": "int32", "nonzero": "int32"}
IMAGES_PER_CHUNK = 512
IMAGES_PER_MAP_CHUNK = 8
IMAGE_BYTES = 1 << 17  # of an image's maps in a chunk


def map_compressors(compression: str, dtype: str) -> list[dict[str, Any]]:
    """Return the codecs of maps for the config key ``activations.compression``, in Zarr's format."""
    if compression == "none":
        return []
    # not shuffled, unlike most float data: activation maps have runs of zeros and repeated values, which
    # shuffling breaks up; see docs/development/benchmarks.md
    return [_blosc(compression, "noshuffle", dtype)]


def _blosc(compression: str, shuffle: str, dtype: str) -> dict[str, Any]:
    typesize = np.dtype(dtype).itemsize
    settings = {"cname": compression, "clevel": 1, "shuffle": shuffle, "typesize": typesize, "blocksize": 0}
    return {"name": "blosc", "configuration": settings}


def numcodec(codec: Mapping[str, Any]) -> Blosc:
    """Return the Blosc compressor for a codec in Zarr's metadata."""
    settings = codec["configuration"]
    return Blosc(**{**settings, "shuffle": getattr(Blosc, settings["shuffle"].upper())})


def images_per_chunk(batch: int) -> int:
    """Return the number of images per chunk of statistics: whole batches, about :data:`IMAGES_PER_CHUNK`."""
    return batch * max(1, round(IMAGES_PER_CHUNK / batch))


def images_per_map_chunk(batch: int) -> int:
    """Return the number of images per chunk of maps: a divisor of a batch, at most eight.

    A batch may thus run in smaller ones, whose size depends on the device, while the store does not.
    """
    return max(size for size in range(1, IMAGES_PER_MAP_CHUNK + 1) if batch % size == 0)


def create_store(
    path: Path,
    shape: tuple[int, int, int],
    images: np.ndarray,
    labels: np.ndarray,
    n_maps: int,
    batch: int,
    compression: str,
    positions: np.ndarray | None = None,
    *,
    dtype: str = "float32",
    preactivations: bool = False,
) -> None:
    """Create the empty store of a layer, replacing any previous one.

    Parameters
    ----------
    path : temporary path of the store.
    shape : number of units, height and width.
    images, labels : arrays of int64 and int32, shape (n_images,), the images in order of recording.
    n_maps : number of images with activation maps; they come first.
    batch : number of images that are written at a time, or a multiple of it.
    compression : compression of maps, ``none``, ``lz4`` or ``zstd``.
    positions : array of int32, shape (n_positions, 2), y and x of the sampled positions; None for none.
    dtype : ``float32`` or ``float16``, of maps.
    preactivations : whether the layer has pre-activations, which are stored at these positions.
    """
    if path.exists():
        shutil.rmtree(path)
    units, height, width = shape
    positions = np.empty((0, 2)) if positions is None else positions
    # written as files, because creating a dozen arrays with zarr takes longer than many layers' forward pass
    path.mkdir(parents=True)
    (path / METADATA).write_text(json.dumps({"zarr_format": 3, "node_type": "group", "attributes": {}}))
    coordinates = {
        "image": (("image",), images.astype("int64")),
        "label": (("image",), labels.astype("int32")),
        "map_image": (("map_image",), images[:n_maps].astype("int64")),
        "map_label": (("map_image",), labels[:n_maps].astype("int32")),
        "position_y": (("position",), positions[:, 0].astype("int32")),
        "position_x": (("position",), positions[:, 1].astype("int32")),
    }
    for name, (dimensions, values) in coordinates.items():
        _create_array(path / name, values.shape, values.shape, str(values.dtype), dimensions, [])
        if values.size:
            encoded = values.astype(values.dtype.newbyteorder("<")).tobytes()
            write_chunk(path / name / chunk_name((0,)), encoded)
    chunk = (min(images_per_chunk(batch), len(images)), units)
    for name, of_values in STATISTICS.items():
        # few values are equal, but the bytes of exponents and small integers are similar: with shuffling, LZ4
        # compresses them as well as Zstandard, in a fifth of the time
        codecs = [_blosc("lz4", "shuffle", of_values)]
        _create_array(path / name, (len(images), units), chunk, of_values, ("image", "unit"), codecs)
    map_images = images_per_map_chunk(batch)
    row_bytes = width * units * np.dtype(dtype).itemsize
    most_rows = max(1, min(height, IMAGE_BYTES // row_bytes))
    # chunks of even size, because the last one is padded to the size of the others
    rows = math.ceil(height / math.ceil(height / most_rows))
    _create_array(
        path / "maps",
        (n_maps, height, width, units),
        (map_images, rows, width, units),
        dtype,
        ("map_image", "y", "x", "unit"),
        map_compressors(compression, dtype),
    )
    if preactivations:
        # not compressed, because few pre-activations are equal
        _create_array(
            path / "preactivation",
            (n_maps, len(positions), units),
            (map_images, len(positions), units),
            "float32",
            ("map_image", "position", "unit"),
            [],
        )


def _create_array(
    path: Path,
    shape: Sequence[int],
    chunks: Sequence[int],
    dtype: str,
    dimensions: Sequence[str],
    compressors: Sequence[Mapping[str, Any]],
) -> None:
    """Write the metadata of an array according to the Zarr specification."""
    metadata = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": shape,
        "data_type": dtype,
        # chunks must not be empty, even for an array without images
        "chunk_grid": {
            "name": "regular",
            "configuration": {"chunk_shape": [max(1, length) for length in chunks]},
        },
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
        "fill_value": 0,
        "codecs": [BYTES, *compressors, CHECKSUM],
        "dimension_names": dimensions,
        "attributes": {},
        "storage_transformers": [],
    }
    path.mkdir()
    (path / METADATA).write_text(json.dumps(metadata))


class ChunkWriter:
    """Write whole chunks of an array to their files, in the format of zarr.

    Zarr's overhead is twice the time of compressing and writing: it passes each chunk through other threads,
    and allocates and fills a chunk before copying values into it.

    Parameters
    ----------
    path : the array's folder, with its metadata.
    """

    def __init__(self, path: Path) -> None:
        metadata = json.loads((path / METADATA).read_text())
        self.shape = chunk_shape(metadata)
        self._path = path
        self._dtype = np.dtype(metadata["data_type"]).newbyteorder("<")
        # codecs between serialization and checksum
        self._codecs = [numcodec(codec) for codec in metadata["codecs"][1:-1]]

    def write(self, index: Iterable[int], values: np.ndarray) -> None:
        """Write a chunk.

        If the process is killed, part of the file may remain. Chunks count as done only afterwards.

        Parameters
        ----------
        index : index of the chunk in the grid of chunks.
        values : values of the chunk; a partial chunk at the end of the array is padded with zeros.
        """
        if values.shape == self.shape:
            chunk = np.ascontiguousarray(values, dtype=self._dtype)
        else:
            chunk = np.zeros(self.shape, dtype=self._dtype)
            chunk[tuple(map(slice, values.shape))] = values
        encoded: Any = chunk
        for codec in self._codecs:
            encoded = codec.encode(encoded)
        write_chunk(self._path / chunk_name(index), encoded if self._codecs else chunk.tobytes())


class StoreWriter:
    """Fill the store of a layer, chunk by chunk.

    Parameters
    ----------
    path : a store from :func:`create_store`.
    """

    def __init__(self, path: Path) -> None:
        self._maps = ChunkWriter(path / "maps")
        self._preactivations = (
            ChunkWriter(path / "preactivation") if (path / "preactivation").exists() else None
        )
        self._statistics = [ChunkWriter(path / name) for name in STATISTICS]

    def write_statistics(self, first: int, statistics: Iterable[np.ndarray]) -> None:
        """Write a chunk of each of the :data:`STATISTICS`, in their order.

        Parameters
        ----------
        first : position of their first image, at which a chunk begins.
        statistics : arrays of shape (n_images, n_units).
        """
        for writer, values in zip(self._statistics, statistics, strict=True):
            writer.write((first // writer.shape[0], 0), values)

    def write_maps(self, first: int, maps: np.ndarray) -> None:
        """Write the maps of some images.

        Parameters
        ----------
        first : position of the first image, at which a chunk begins.
        maps : array of the store's dtype, shape (n_images, height, width, n_units).
        """
        images, rows = self._maps.shape[:2]
        for image in range(0, len(maps), images):
            for number, row in enumerate(range(0, maps.shape[1], rows)):
                index = (first + image) // images, number, 0, 0
                self._maps.write(index, maps[image : image + images, row : row + rows])

    def write_preactivations(self, first: int, values: np.ndarray) -> None:
        """Write the pre-activations of some images, at the store's positions.

        Parameters
        ----------
        first : position of the first image, at which a chunk begins.
        values : array of float32, shape (n_images, n_positions, n_units).
        """
        assert self._preactivations is not None, "the layer has no pre-activations"
        images = self._preactivations.shape[0]
        for image in range(0, len(values), images):
            self._preactivations.write(((first + image) // images, 0, 0), values[image : image + images])


def set_attributes(path: Path, attributes: Mapping[str, Any]) -> None:
    """Give a filled store its attributes: provenance, with the cache key, ``key``, and ``pass``."""
    # `coordinates` lists further coordinates for xarray, in addition to arrays named after their dimension
    consolidate(path, {**attributes, "coordinates": "label map_label position_y position_x"})


def finish_store(path: Path, attributes: Mapping[str, Any], destination: Path) -> None:
    """Set the attributes of a filled store, write it as one file, and remove its folder.

    Parameters
    ----------
    path : the temporary folder.
    attributes : see :func:`set_attributes`.
    destination : the final path; a store there is replaced.
    """
    set_attributes(path, attributes)
    archive([path], destination)
    shutil.rmtree(path)
