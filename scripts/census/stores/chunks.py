"""The chunks of a store that is being filled: a file each, until the finished store is written.

With a file per chunk, a forward pass can be resumed, and several jobs can fill one array.
"""

import itertools
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import google_crc32c

from census.errors import StudyError
from census.stores.archives import METADATA, new_archive, readable

CHECKSUM = {"name": "crc32c"}  # of a chunk's file, as Zarr's metadata have it
CHECKSUM_BYTES = 4
# the CRC-32C of any data followed by its own checksum
_INTACT = 0x48674BC7
BYTES = {"name": "bytes", "configuration": {"endian": "little"}}

Metadata = Mapping[str, Any]


def write_chunk(path: Path, encoded: bytes) -> None:
    """Write a chunk's file: encoded values and checksum."""
    with path.open("wb") as file:
        file.write(encoded)
        file.write(google_crc32c.value(encoded).to_bytes(CHECKSUM_BYTES, "little"))


def check(encoded: bytes) -> None:
    """Raise a ValueError if a chunk's file does not end with the right checksum."""
    if google_crc32c.value(encoded) != _INTACT:
        raise ValueError("its checksum does not match")


def chunk_name(index: Iterable[int]) -> str:
    """Return the name of a chunk in its array's folder, given its index in the grid of chunks."""
    return ".".join(["c", *map(str, index)])


def chunk_shape(metadata: Metadata) -> tuple[int, ...]:
    """Return the shape of an array's chunks, given its metadata."""
    return tuple(metadata["chunk_grid"]["configuration"]["chunk_shape"])


def chunk_names(metadata: Metadata) -> Iterator[str]:
    """Yield the name of each chunk of an array, in C order of their indices, given its metadata."""
    sizes = zip(metadata["shape"], chunk_shape(metadata), strict=True)
    for index in itertools.product(*(range(math.ceil(length / size)) for length, size in sizes)):
        yield chunk_name(index)


def archive(stores: Sequence[Path], path: Path) -> None:
    """Write filled stores as one finished store.

    Parameters
    ----------
    stores : stores with equal metadata and attributes. Each chunk is taken from the first that has it.
    path : path of the finished store; an existing one is replaced.

    Raises
    ------
    StudyError : a chunk is damaged, or in none of the stores.
    """
    first = stores[0]
    with new_archive(path) as finished:
        # in front, for census.recording.passes
        finished.add(METADATA, (first / METADATA).read_bytes())
        for document in sorted(first.glob(f"*/{METADATA}")):
            array, metadata = document.parent.name, document.read_bytes()
            finished.add(f"{array}/{METADATA}", metadata)
            for name in chunk_names(json.loads(metadata)):
                finished.add(f"{array}/{name}", _read_chunk([store / array / name for store in stores]))


def _read_chunk(files: Sequence[Path]) -> bytes:
    """Return the content of the first file that exists, including its checksum."""
    for path in files:
        if path.exists():
            with readable(path):
                encoded = path.read_bytes()
                check(encoded)
            return encoded
    folders = " and ".join(str(path.parents[2]) for path in files)
    raise StudyError(
        f"{files[0].relative_to(files[0].parents[2])} is missing; delete {folders} and run the workflow again"
    )
