"""The chunks of an array: a file each while they are written, one file for all of them in the end.

With a file per chunk, a forward pass can be resumed, and several jobs can fill one array. But a layer would
keep a hundred small files. So a finished store has one file per array, a *shard* in terms of Zarr: all chunks
one after another, followed by an index of their offsets and lengths. Readers still read single chunks.
"""

import contextlib
import itertools
import json
import math
import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from census.errors import StudyError

CHECKSUM = {"name": "crc32c"}  # of a chunk's file, as Zarr's metadata have it
CHECKSUM_BYTES = 4
# the CRC-32C of any data followed by its own checksum
_INTACT = 0x48674BC7
SHARDING = "sharding_indexed"
BYTES = {"name": "bytes", "configuration": {"endian": "little"}}
# an offset and a length, both uint64
_ENTRY_BYTES = 16

Metadata = Mapping[str, Any]


def write_chunk(path: Path, encoded: bytes) -> None:
    """Write a chunk's file: encoded values and checksum."""
    with path.open("wb") as file:
        file.write(encoded)
        file.write(google_crc32c.value(encoded).to_bytes(CHECKSUM_BYTES, "little"))


def read_chunk(path: Path, *, with_checksum: bool = False) -> memoryview:
    """Read a chunk's file, by default without its checksum.

    Raises
    ------
    StudyError : the file is missing or damaged.
    """
    with readable(path):
        encoded = path.read_bytes()
        check(encoded)
    return memoryview(encoded)[: None if with_checksum else -CHECKSUM_BYTES]


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


def chunk_file(array: Path, index: Iterable[int]) -> Path:
    """Return the file of a chunk.

    Parameters
    ----------
    array : the array's folder.
    index : index of the chunk in the grid of chunks.
    """
    return array / ".".join(["c", *map(str, index)])


def is_packed(metadata: Metadata) -> bool:
    """Return whether all chunks of an array are in one file, given its metadata."""
    return bool(metadata["codecs"][0]["name"] == SHARDING)


def chunk_format(metadata: Metadata) -> tuple[tuple[int, ...], Sequence[Mapping[str, Any]]]:
    """Return the shape and the codecs of an array's chunks, given its metadata."""
    if is_packed(metadata):
        settings = metadata["codecs"][0]["configuration"]
        return tuple(settings["chunk_shape"]), settings["codecs"]
    return tuple(metadata["chunk_grid"]["configuration"]["chunk_shape"]), metadata["codecs"]


def grid(metadata: Metadata) -> tuple[int, ...]:
    """Return the number of chunks along each dimension of an array, given its metadata."""
    chunk, _ = chunk_format(metadata)
    return tuple(math.ceil(length / size) for length, size in zip(metadata["shape"], chunk, strict=True))


def chunk_files(array: Path, metadata: Metadata) -> Iterator[Path]:
    """Yield the file of each chunk of an array that is not packed, in C order of their indices."""
    for index in itertools.product(*map(range, grid(metadata))):
        yield chunk_file(array, index)


def packed_file(array: Path, metadata: Metadata) -> Path:
    """Return the file of a packed array; no chunk that is not packed has its name."""
    return array / ".".join("0" * len(metadata["shape"]))


class PackedFile:
    """Read single chunks of a packed array.

    Parameters
    ----------
    array : the array's folder.
    metadata : its metadata.

    Raises
    ------
    StudyError : the file is missing or damaged.
    """

    def __init__(self, array: Path, metadata: Metadata) -> None:
        self._path = packed_file(array, metadata)
        with readable(self._path), self._path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - _index_bytes(metadata)))
            self._places = _read_index(file.read(), metadata)

    def read(self, index: tuple[int, ...]) -> memoryview:
        """Return an encoded chunk, given its index in the grid of chunks, without its checksum.

        Raises
        ------
        StudyError : the chunk is damaged.
        """
        offset, length = self._places[index].tolist()
        with readable(self._path), self._path.open("rb") as file:
            file.seek(offset)
            encoded = file.read(length)
            check(encoded)
        return memoryview(encoded)[:-CHECKSUM_BYTES]


def _index_bytes(metadata: Metadata) -> int:
    """Return the length of the index with its checksum, at the end of a packed array's file."""
    return math.prod(grid(metadata)) * _ENTRY_BYTES + CHECKSUM_BYTES


def _read_index(encoded: bytes, metadata: Metadata) -> NDArray[np.uint64]:
    """Return the offset and the length of each chunk, shape (*grid, 2); ValueError if they are damaged."""
    if len(encoded) != _index_bytes(metadata):
        raise ValueError("it is cut off")
    check(encoded)
    return np.frombuffer(encoded[:-CHECKSUM_BYTES], "<u8").reshape(*grid(metadata), 2)


def check_file(path: Path, encoded: bytes) -> None:
    """Raise a ValueError if a chunk's file, or a chunk or the index of a packed array's file, is damaged.

    Parameters
    ----------
    path : the file, in the folder of its array or below it.
    encoded : its content.
    """
    document = next(folder / "zarr.json" for folder in path.parents if (folder / "zarr.json").exists())
    metadata = json.loads(document.read_text())
    if not is_packed(metadata):
        check(encoded)
        return
    index = encoded[-_index_bytes(metadata) :]
    for offset, length in _read_index(index, metadata).reshape(-1, 2).tolist():
        check(encoded[offset : offset + length])


def pack(store: Path) -> None:
    """Move the chunks of each array with several chunks into one file.

    If the process is killed, another call takes up the work.

    Parameters
    ----------
    store : a filled store.

    Raises
    ------
    StudyError : a chunk is missing or damaged.
    """
    for document in sorted(store.glob("*/zarr.json")):
        array, metadata = document.parent, json.loads(document.read_text())
        if math.prod(grid(metadata)) < 2:
            continue
        files = list(chunk_files(array, metadata))
        if not is_packed(metadata):
            _write_packed(packed_file(array, metadata), files)
            # from now on, readers ignore the files of single chunks
            partial = document.with_suffix(".partial")
            partial.write_text(json.dumps(_packed(metadata)))
            partial.replace(document)
        for path in files:
            path.unlink(missing_ok=True)


def _write_packed(path: Path, chunks: Iterable[Path]) -> None:
    with path.open("wb") as file:
        lengths = [file.write(read_chunk(chunk, with_checksum=True)) for chunk in chunks]
        index = np.stack([np.cumsum(lengths) - lengths, lengths], 1).astype("<u8").tobytes()
        file.write(index + google_crc32c.value(index).to_bytes(CHECKSUM_BYTES, "little"))


def _packed(metadata: Metadata) -> dict[str, Any]:
    """Return the metadata of an array after packing."""
    shape, codecs = chunk_format(metadata)
    settings = {
        "chunk_shape": shape,
        "codecs": codecs,
        "index_codecs": [BYTES, CHECKSUM],
        "index_location": "end",
    }
    # whole chunks, although those at the ends of the array are partly empty
    covered = [number * size for number, size in zip(grid(metadata), shape, strict=True)]
    return {
        **metadata,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": covered}},
        "chunk_key_encoding": {"name": "v2", "configuration": {"separator": "."}},
        "codecs": [{"name": SHARDING, "configuration": settings}],
    }
