"""Common functions of all Zarr stores of the study.

Every chunk has a file, even if all its values are the fill value, and the file ends with a checksum. So
readers detect and name chunks that are missing, truncated or altered.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.abc.buffer import Buffer, BufferPrototype
from zarr.abc.store import ByteRequest
from zarr.codecs import Crc32cCodec, ZstdCodec
from zarr.storage import LocalStore

from census.stores.chunks import check, check_file, readable
from census.stores.paths import path_name

CHUNK_BYTES = 1 << 25


class _CheckedStore(LocalStore):  # type: ignore[misc]
    """Files of a finished store, with a check that each chunk exists and is intact."""

    async def get(
        self, key: str, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        found = await super().get(key, prototype, byte_range)
        if not key.endswith("zarr.json"):
            with readable(self.root / key) as path:
                if found is None:
                    raise FileNotFoundError("it is missing")
                if byte_range is None:
                    check_file(path, found.to_bytes())
                else:  # a chunk or the index of a packed file, both of which end with a checksum
                    check(found.to_bytes())
        return found


def open_group(path: str | Path) -> zarr.Group:
    """Open a finished group; reading a missing or damaged chunk raises a StudyError."""
    store = _CheckedStore(path, read_only=True)
    return zarr.open_group(store, mode="r", zarr_format=3, use_consolidated=True)


def consolidate(path: Path, attributes: Mapping[str, Any]) -> None:
    """Set a group's attributes, and merge the metadata of its arrays into its own, in one write.

    Readers then need not list the folder, in which Snakemake also stores a file.
    """
    document = path / "zarr.json"
    group = json.loads(document.read_text())
    group["attributes"] = dict(attributes)
    group["consolidated_metadata"] = {
        "kind": "inline",
        "must_understand": False,  # readers may ignore it
        "metadata": {
            array.parent.name: json.loads(array.read_text()) for array in sorted(path.glob("*/zarr.json"))
        },
    }
    document.write_text(json.dumps(group))


def new_layer(store: Path, layer: str) -> Path:
    """Return the folder for a layer's group in a store of several layers, and register the layer.

    Parameters
    ----------
    store : the store; it is created with its first layer.
    layer : name of the layer.
    """
    block = zarr.open_group(store, mode="a")
    known = block.attrs.get("layers", [])
    if layer not in known:
        block.attrs["layers"] = [*known, layer]
    return store / path_name(layer)


def layers_in(stores: Iterable[str | Path]) -> dict[str, Path]:
    """Return the folders of layers' groups in stores of several layers, in the order of writing."""
    return {
        layer: Path(store) / path_name(layer)
        for store in stores
        for layer in json.loads((Path(store) / "zarr.json").read_text())["attributes"]["layers"]
    }


def write_checkpoint(
    store: Path, arrays: Mapping[str, tuple[tuple[str, ...], np.ndarray]], attributes: Mapping[str, Any]
) -> None:
    """Write the arrays of a layer at one checkpoint, as the group ``LAYER/CHECKPOINT`` of a store.

    Parameters
    ----------
    store : the store; it is created with its first group.
    arrays : dimensions and values by name.
    attributes : attributes of the group, including ``layer`` and ``checkpoint``.
    """
    layer, checkpoint = new_layer(store, attributes["layer"]), attributes["checkpoint"]
    group = zarr.open_group(layer, mode="a").create_group(checkpoint)
    for name, (dimensions, values) in arrays.items():
        create_array(group, name, values.shape, values.dtype, dimensions)[...] = values
    consolidate(layer / checkpoint, attributes)


def merge_checkpoints(store: Path, parts: Sequence[Path], along: str) -> None:
    """Merge stores along one dimension; all have the same layers and checkpoints.

    The result equals that of :func:`write_checkpoint` for the whole. One array of one part is in memory at a
    time.

    Parameters
    ----------
    store : the new store.
    parts : at least one store, in order; attributes are those of the first.
    along : name of the dimension, which all arrays have.
    """
    for layer, first_part in layers_in(parts[:1]).items():
        whole = zarr.open_group(new_layer(store, layer), mode="a")
        for folder in sorted(each.parent for each in first_part.glob("*/zarr.json")):
            checkpoint = folder.name
            groups = [open_checkpoint(layers_in([part])[layer], checkpoint) for part in parts]
            group = whole.create_group(checkpoint)
            for name, first in groups[0].arrays():
                dimensions = first.metadata.dimension_names
                axis = dimensions.index(along)
                ends = np.cumsum([0, *(each[name].shape[axis] for each in groups)])
                shape = (*first.shape[:axis], int(ends[-1]), *first.shape[axis + 1 :])
                array = create_array(group, name, shape, first.dtype, dimensions)
                for each, start, stop in zip(groups, ends, ends[1:], strict=False):
                    array[(*[slice(None)] * axis, slice(start, stop))] = each[name][...]
            consolidate(store / path_name(layer) / checkpoint, groups[0].attrs)


def create_array(
    group: zarr.Group,
    name: str,
    shape: tuple[int, ...],
    dtype: np.dtype | str,
    dimensions: Sequence[str],
    chunks: tuple[int, ...] | None = None,
    *,
    fill_value: float = 0,
    level: int = 0,
) -> zarr.Array:
    """Create an array whose chunks are all stored, compressed by Zstandard, with a checksum.

    Parameters
    ----------
    group, name, shape, dtype, dimensions : the group, and the properties of the array.
    chunks : shape of chunks; by default the largest allowed.
    fill_value : value of elements that are not written.
    level : compression level.
    """
    return group.create_array(
        name,
        shape=shape,
        dtype=dtype,
        dimension_names=dimensions,
        chunks=chunks or _chunks(shape, np.dtype(dtype)),
        fill_value=fill_value,
        compressors=[ZstdCodec(level=level), Crc32cCodec()],
        config={"write_empty_chunks": True},
    )


def _chunks(whole: Sequence[int], dtype: np.dtype) -> tuple[int, ...]:
    """Return the shape of chunks of bounded size, split along the first dimensions only."""
    shape = list(whole)
    for axis, length in enumerate(shape):
        size = dtype.itemsize * math.prod(shape)
        if size <= CHUNK_BYTES:
            break
        shape[axis] = max(1, length * CHUNK_BYTES // size)
    return tuple(shape)


def open_checkpoint(layer: str | Path, checkpoint: str) -> zarr.Group:
    """Open a checkpoint of a layer, given the folder of the layer's group, see :func:`layers_in`."""
    return open_group(Path(layer) / checkpoint)
