"""Common functions of Zarr stores: data sets in folders, activations and matrices in archives.

Every chunk is stored, even if all its values are the fill value, and has a checksum. So readers detect and
name chunks that are missing, truncated or altered.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.abc.buffer import Buffer, BufferPrototype
from zarr.abc.store import ByteRequest
from zarr.buffer import cpu
from zarr.codecs import Crc32cCodec, ZstdCodec
from zarr.storage import LocalStore, MemoryStore

from census.stores.archives import METADATA, Archive, readable
from census.stores.chunks import check

CHUNK_BYTES = 1 << 25


class _CheckedStore(LocalStore):  # type: ignore[misc]
    """Files of a finished store, with a check that each chunk exists and is intact."""

    async def get(
        self, key: str, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        found = await super().get(key, prototype, byte_range)
        if not key.endswith(METADATA):
            with readable(self.root / key):
                if found is None:
                    raise FileNotFoundError("it is missing")
                check(found.to_bytes())
        return found


class ArchiveStore(MemoryStore):  # type: ignore[misc]
    """The entries of an archive as a Zarr store; reading a missing or damaged one raises a StudyError.

    Attributes
    ----------
    archive : the archive.
    """

    def __init__(self, archive: Archive) -> None:
        super().__init__(_Buffers(archive), read_only=True)
        self.archive = archive


class _Buffers(Mapping[str, Buffer]):
    """The entries of an archive in Zarr's type."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def __iter__(self) -> Iterator[str]:
        return iter(self._archive)

    def __len__(self) -> int:
        return len(self._archive)

    def __getitem__(self, key: str) -> Buffer:
        # zarr asks whether groups and arrays exist; all chunks do
        if key.endswith(METADATA) and key not in self._archive:
            raise KeyError(key)
        return cpu.Buffer.from_bytes(self._archive[key])


def open_group(path: str | Path) -> zarr.Group:
    """Open a finished group in a folder; reading a missing or damaged chunk raises a StudyError."""
    store = _CheckedStore(path, read_only=True)
    return zarr.open_group(store, mode="r", zarr_format=3, use_consolidated=True)


def consolidate(path: Path, attributes: Mapping[str, Any]) -> None:
    """Set a group's attributes, and merge the metadata of its arrays into its own, in one write.

    Readers then need not list the folder, in which Snakemake also stores a file.
    """
    document = path / METADATA
    group = json.loads(document.read_text())
    group["attributes"] = dict(attributes)
    group["consolidated_metadata"] = consolidated(
        {array.parent.name: json.loads(array.read_text()) for array in sorted(path.glob(f"*/{METADATA}"))}
    )
    document.write_text(json.dumps(group))


def consolidated(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of ``consolidated_metadata`` in a group, given the metadata of its members by path."""
    # readers may ignore it
    return {"kind": "inline", "must_understand": False, "metadata": metadata}


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
    checksum: bool = True,
) -> zarr.Array:
    """Create an array whose chunks are all stored, compressed by Zstandard.

    Parameters
    ----------
    group, name, shape, dtype, dimensions : the group, and the properties of the array.
    chunks : shape of chunks; by default the largest allowed.
    fill_value : value of elements that are not written.
    level : compression level.
    checksum : whether chunks end with a checksum.
    """
    return group.create_array(
        name,
        shape=shape,
        dtype=dtype,
        dimension_names=dimensions,
        chunks=chunks or _chunks(shape, np.dtype(dtype)),
        fill_value=fill_value,
        compressors=[ZstdCodec(level=level), *([Crc32cCodec()] if checksum else [])],
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
