"""The store of one layer's activations: a Zarr group with named dimensions, written image by image.

==========  ==========================  =======  ======================================================
array       dimensions                  dtype    content
==========  ==========================  =======  ======================================================
mean        image, unit                 float32  mean of the unit's map
max         image, unit                 float32  largest value of the map
argmax      image, unit                 int32    position of that value, ``y · width + x``
nonzero     image, unit                 int32    positions whose value is not 0
maps        map_image, y, x, unit       float32  the map itself, for the first images
image       image                       int64    index in the data set
label       image                       int32    class
map_image   map_image                   int64    as ``image``, for the images that have maps
map_label   map_image                   int32    as ``label``
unit, y, x  unit, y, x                  int32    0, 1, 2 …
==========  ==========================  =======  ======================================================

Units come last in ``maps`` because so they lie in memory while a network runs in the channels-last layout:
nothing is transposed between the forward pass and the file. A chunk of maps holds all units at some rows of a
batch of images. That serves reading by image (top images, patches) and by block of neurons (the Gram matrix)
alike; a block of single units would cost each reader of whole images a seek per unit.

A store is filled under a temporary name, stamped last, and renamed: under its final name it is complete.
It is read by :mod:`census.activations.reading`, on which no pass depends: an edit there runs none again.
"""

import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.codecs import BloscCodec, BytesCodec, ZstdCodec
from zarr.core.group import GroupMetadata
from zarr.core.metadata.v3 import ArrayV3Metadata
from zarr.storage import LocalStore

from census.stores import consolidate

STATISTICS = {"mean": "float32", "max": "float32", "argmax": "int32", "nonzero": "int32"}
IMAGES_PER_CHUNK = 512
MAP_CHUNK_BYTES = 4 << 20


def map_compressors(compression: str) -> list[Any]:
    """Return the codecs of whole maps for a config's ``activations.compression``."""
    if compression == "lz4":
        # bits of the same significance side by side: exponents repeat, and zeros vanish
        return [BloscCodec(typesize=4, cname="lz4", clevel=1, shuffle="bitshuffle")]
    if compression == "zstd":
        return [BloscCodec(typesize=4, cname="zstd", clevel=1, shuffle="bitshuffle")]
    return []


def images_per_chunk(batch: int) -> int:
    """Return the images in a chunk of statistics: whole batches, about :data:`IMAGES_PER_CHUNK`."""
    return batch * max(1, round(IMAGES_PER_CHUNK / batch))


def create_store(
    path: Path,
    shape: tuple[int, int, int],
    images: np.ndarray,
    labels: np.ndarray,
    n_maps: int,
    batch: int,
    compression: str,
) -> zarr.Group:
    """Create the empty store of a layer, in place of what there was.

    Parameters
    ----------
    path : where; a temporary name.
    shape : units, height and width.
    images, labels : int64 and int32 (n,), the images in the order in which they will come.
    n_maps : of how many of the first images whole maps are kept.
    batch : images that are written at a time.
    compression : ``none``, ``lz4`` or ``zstd``, of the maps.
    """
    if path.exists():
        shutil.rmtree(path)
    units, height, width = shape
    coordinates = {
        "image": (("image",), images.astype("int64")),
        "label": (("image",), labels.astype("int32")),
        "map_image": (("map_image",), images[:n_maps].astype("int64")),
        "map_label": (("map_image",), labels[:n_maps].astype("int32")),
        "unit": (("unit",), np.arange(units, dtype="int32")),
        "y": (("y",), np.arange(height, dtype="int32")),
        "x": (("x",), np.arange(width, dtype="int32")),
    }
    nodes: dict[str, Any] = {"": GroupMetadata()}
    for name, (dimensions, values) in coordinates.items():
        nodes[name] = _array(values.shape, values.shape, str(values.dtype), dimensions, [])
    chunk = (min(images_per_chunk(batch), len(images)), units)
    for name, dtype in STATISTICS.items():
        nodes[name] = _array((len(images), units), chunk, dtype, ("image", "unit"), [ZstdCodec(level=1)])
    most_rows = max(1, min(height, MAP_CHUNK_BYTES // (batch * width * units * 4)))
    # as even as can be: the last chunk is padded to the size of the others
    rows = math.ceil(height / math.ceil(height / most_rows))
    nodes["maps"] = _array(
        (n_maps, height, width, units),
        (batch, rows, width, units),
        "float32",
        ("map_image", "y", "x", "unit"),
        map_compressors(compression),
    )
    # all at once: created one by one, a dozen arrays cost as much time as a small layer
    created = dict(zarr.create_hierarchy(store=LocalStore(path), nodes=nodes))
    for name, (_, values) in coordinates.items():
        if values.size:
            created[name][:] = values
    return zarr.open_group(path, mode="r+")


def _array(
    shape: tuple[int, ...],
    chunks: tuple[int, ...],
    dtype: str,
    dimensions: tuple[str, ...],
    compressors: list[Any],
) -> ArrayV3Metadata:
    """Return the metadata of an array, as the Zarr specification writes them."""
    return ArrayV3Metadata.from_dict(
        {
            "zarr_format": 3,
            "node_type": "array",
            "shape": shape,
            "data_type": dtype,
            # a chunk of no images, which an array of no images would have, is not allowed
            "chunk_grid": {
                "name": "regular",
                "configuration": {"chunk_shape": [max(1, length) for length in chunks]},
            },
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": 0,
            "codecs": [BytesCodec().to_dict(), *(codec.to_dict() for codec in compressors)],
            "dimension_names": dimensions,
            "attributes": {},
        }
    )


def finish_store(path: Path, attributes: Mapping[str, Any], destination: Path) -> None:
    """Stamp a filled store with its attributes, and give it its final name.

    Parameters
    ----------
    path : the temporary name.
    attributes : provenance, with the stamp's ``key`` and ``pass``.
    destination : the final name; a store there is replaced.
    """
    # `coordinates` tells xarray which arrays, beside those named as their dimension, are labels
    stamped = {**attributes, "coordinates": "label map_label"}
    # all in one write: `attrs.update` writes the metadata once per key
    zarr.open_group(path, mode="r+").update_attributes(stamped)
    consolidate(path)
    if destination.exists():
        shutil.rmtree(destination)
    path.rename(destination)
