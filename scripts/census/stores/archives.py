"""Finished stores of activations and matrices: Zarr groups, each in one uncompressed ZIP file.

A layer's activations have about a hundred chunks, and the matrices of a measure thousands. As files of their
own, they would exceed the number of files that many clusters allow. As entries of a ZIP file, they are still
read one by one. Chunks are compressed already, so ZIP stores them as they are. Its CRC-32 of each entry tells
damaged from intact ones. ``xarray.open_zarr("zip::PATH")`` opens such a file.

This module imports neither numpy nor zarr, because the planning of forward passes reads stores.
"""

import contextlib
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from census.errors import StudyError

METADATA = "zarr.json"
# of an entry's header in front of its name, see APPNOTE.TXT of PKWARE, 4.3.7
_HEADER_BYTES = 30
_SIZE, _NAME_LENGTH, _EXTRA_LENGTH = slice(22, 26), slice(26, 28), slice(28, 30)


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


class ArchiveWriter:
    """Add entries to a new archive, see :func:`new_archive`."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file

    def add(self, key: str, content: bytes) -> None:
        """Add an entry; its key must be new."""
        entry = zipfile.ZipInfo(key)  # dated 1980, so that equal entries give equal files
        entry.external_attr = 0o644 << 16  # permissions for tools that unpack it
        self._file.writestr(entry, content)


@contextlib.contextmanager
def new_archive(path: Path) -> Iterator[ArchiveWriter]:
    """Write an archive under a temporary name, and rename it when the block ends without an error.

    Parameters
    ----------
    path : path of the archive; an existing one is replaced.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with zipfile.ZipFile(unfinished, "w") as file:
            yield ArchiveWriter(file)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


class Archive(Mapping[str, bytes]):
    """The entries of an archive by their keys, each read and checked when it is used.

    The file is closed after each read, because a job may read more stores than a process may hold open files.

    Parameters
    ----------
    path : path of the archive.

    Raises
    ------
    StudyError : the file is missing or damaged; reading an entry that is missing or damaged raises one, too.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with readable(path), zipfile.ZipFile(path) as file:
            self._places = {entry.filename: entry for entry in file.infolist()}

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def __getitem__(self, key: str) -> bytes:
        with readable(self.path):
            if key not in self._places:
                raise ValueError(f"it has no {key}")
            entry = self._places[key]
            with self.path.open("rb") as file:
                file.seek(entry.header_offset)
                _skip_header(file)
                content = file.read(entry.file_size)
            if zlib.crc32(content) != entry.CRC:
                raise ValueError(f"the checksum of {key} does not match")
        return content


def first_entry(path: Path) -> bytes:
    """Return the content of an archive's first entry, without reading the list of all entries."""
    with path.open("rb") as file:
        return file.read(_skip_header(file))


def _skip_header(file: BinaryIO) -> int:
    """Move from the beginning of an entry to its content, and return the number of its bytes."""
    header = file.read(_HEADER_BYTES)
    size, name, extra = (
        int.from_bytes(header[field], "little") for field in (_SIZE, _NAME_LENGTH, _EXTRA_LENGTH)
    )
    file.seek(name + extra, 1)
    return size
