"""Common functions of Zarr stores in folders: activations and data sets.

Every chunk has a file, even if all its values are the fill value, and the file ends with a checksum. So
readers detect and name chunks that are missing, truncated or altered.
"""

import contextlib
import json
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
import zarr
from zarr.abc.buffer import Buffer, BufferPrototype
from zarr.abc.store import ByteRequest
from zarr.codecs import Crc32cCodec, ZstdCodec
from zarr.storage import LocalStore

from census.errors import StudyError

CHUNK_BYTES = 1 << 25
CHECKSUM = {"name": "crc32c"}  # of a chunk's file, as Zarr's metadata have it
CHECKSUM_BYTES = 4
# the CRC-32C of any data followed by its own checksum
_INTACT = 0x48674BC7


def write_chunk(path: Path, encoded: bytes) -> None:
    """Write a chunk's file: encoded values and checksum."""
    with path.open("wb") as file:
        file.write(encoded)
        file.write(google_crc32c.value(encoded).to_bytes(CHECKSUM_BYTES, "little"))


def read_chunk(path: Path) -> memoryview:
    """Read a chunk's file, without its checksum.

    Raises
    ------
    StudyError : the file is missing or damaged.
    """
    with readable(path):
        encoded = path.read_bytes()
        check(encoded)
    return memoryview(encoded)[:-CHECKSUM_BYTES]


def check(encoded: bytes) -> None:
    """Raise a ValueError if a chunk's file does not end with the right checksum."""
    if google_crc32c.value(encoded) != _INTACT:
        raise ValueError("its checksum does not match")


@contextlib.contextmanager
def readable(path: Path) -> Iterator[Path]:
    """Convert errors with a store's file to a StudyError that names the file and the way out."""
    try:
        yield path
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile) as error:
        store = next((folder for folder in path.parents if folder.suffix == ".zarr"), path)
        raise StudyError(
            f"{path} cannot be read ({error}); delete {store} and run the workflow again"
        ) from error


class _CheckedStore(LocalStore):  # type: ignore[misc]
    """Files of a finished store, with a check that each chunk exists and is intact."""

    async def get(
        self, key: str, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        found = await super().get(key, prototype, byte_range)
        if not key.endswith("zarr.json"):
            with readable(self.root / key):
                if found is None:
                    raise FileNotFoundError("it is missing")
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
