"""Stores of measures' arrays: a Zarr group per layer and checkpoint, in an uncompressed ZIP file.

A measure has hundreds of small arrays, and each would be a folder of files. Here, they are entries of one
file, ``LAYER/CHECKPOINT/ARRAY``. Reading an array reads its own entries only. Chunks are compressed by
Zstandard, so ZIP stores them as they are. ZIP's CRC-32 of each entry tells damaged from intact chunks.

The entry ``zarr.json`` is written last. It has the metadata of all groups and arrays, for xarray, and the
attribute ``layers``: the checkpoints of each layer, by its name. Equal arrays give equal files, byte by byte.
"""

import contextlib
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.abc.buffer import Buffer
from zarr.buffer import cpu
from zarr.storage import MemoryStore

from census.stores.chunks import readable
from census.stores.groups import create_array
from census.stores.paths import path_name

METADATA = "zarr.json"
# of an entry's header in front of its name, see APPNOTE.TXT of PKWARE, 4.3.7
_HEADER_BYTES, _LENGTHS = 30, (slice(26, 28), slice(28, 30))


@contextlib.contextmanager
def new_store(path: str | Path) -> Iterator["MatrixWriter"]:
    """Write a store under a temporary name, and rename it when the block ends without an error.

    Parameters
    ----------
    path : path of the store; an existing one is replaced.
    """
    path = Path(path)
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with zipfile.ZipFile(unfinished, "w") as file:
            writer = MatrixWriter(file)
            yield writer
            writer.finish()
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


class MatrixWriter:
    """Write arrays of layers at checkpoints into one file, see :func:`new_store`."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self._layers: dict[str, list[str]] = {}
        # metadata of all groups and arrays, and chunks that are not in the file yet
        self._entries: dict[str, Buffer] = {}
        self._root = zarr.create_group(MemoryStore(self._entries))

    def write(
        self, arrays: Mapping[str, tuple[tuple[str, ...], np.ndarray]], attributes: Mapping[str, Any]
    ) -> None:
        """Write the arrays of a layer at one checkpoint.

        Parameters
        ----------
        arrays : dimensions and values by name.
        attributes : attributes of the group, including ``layer`` and ``checkpoint``.
        """
        group = self.create_group(attributes)
        for name, (dimensions, values) in arrays.items():
            create_array(group, name, values.shape, values.dtype, dimensions, checksum=False)[...] = values
            self.flush()

    def create_group(self, attributes: Mapping[str, Any]) -> zarr.Group:
        """Return the empty group of a layer at one checkpoint; :meth:`flush` writes what it receives."""
        layer, checkpoint = attributes["layer"], attributes["checkpoint"]
        self._layers.setdefault(layer, []).append(checkpoint)
        of_layer = self._root.require_group(path_name(layer))
        return of_layer.create_group(checkpoint, attributes=dict(attributes))

    def flush(self) -> None:
        """Move all chunks from memory to the file; each must be complete."""
        for key in sorted(key for key in self._entries if not key.endswith(METADATA)):
            self._add(key, self._entries.pop(key).to_bytes())

    def finish(self) -> None:
        """Write metadata."""
        self.flush()
        # sorted, because zarr opens only groups whose members follow each other
        documents = {key: json.loads(self._entries[key].to_bytes()) for key in sorted(self._entries)}
        root = documents.pop(METADATA)
        root["attributes"] = {"layers": self._layers}
        root["consolidated_metadata"] = {
            "kind": "inline",
            "must_understand": False,  # readers may ignore it
            "metadata": {key.removesuffix(f"/{METADATA}"): each for key, each in documents.items()},
        }
        for key, document in {**documents, METADATA: root}.items():
            self._add(key, json.dumps(document).encode())

    def _add(self, key: str, content: bytes) -> None:
        entry = zipfile.ZipInfo(key)  # dated 1980
        entry.external_attr = 0o644 << 16  # permissions for tools that unpack it
        self._file.writestr(entry, content)


@dataclass(frozen=True)
class Layer:
    """The arrays of a layer in a store.

    Attributes
    ----------
    store : the Zarr store.
    groups : path of the group of each checkpoint, in the order of writing.
    """

    store: MemoryStore
    groups: Mapping[str, str]

    def at(self, checkpoint: str) -> zarr.Group:
        """Return the arrays at a checkpoint; reading a damaged one raises a StudyError."""
        path = self.groups[checkpoint]
        return zarr.open_group(self.store, path=path, mode="r", zarr_format=3, use_consolidated=False)


def layers_in(paths: Iterable[str | Path]) -> dict[str, Layer]:
    """Return the layers in stores by name, in the order of writing.

    Raises
    ------
    StudyError : a store is missing or damaged.
    """
    found = {}
    for path in map(Path, paths):
        entries = _Entries(path)
        with readable(path):
            root = json.loads(entries[METADATA].to_bytes())
            if missing := sorted(root["consolidated_metadata"]["metadata"].keys() - entries.folders):
                raise ValueError(f"it has no metadata of {missing[0]}")
        store = MemoryStore(entries, read_only=True)
        for layer, checkpoints in root["attributes"]["layers"].items():
            groups = {checkpoint: f"{path_name(layer)}/{checkpoint}" for checkpoint in checkpoints}
            found[layer] = Layer(store, groups)
    return found


def merge_checkpoints(path: str | Path, parts: Sequence[str | Path], along: str) -> None:
    """Merge stores along one dimension; all have the same layers and checkpoints.

    The result equals that of :meth:`MatrixWriter.write` for the whole. One array of one part is in memory at
    a time, and one array of the whole, compressed.

    Parameters
    ----------
    path : path of the new store.
    parts : at least one store, in order; attributes are those of the first.
    along : name of the dimension, which all arrays have.
    """
    stores = [layers_in([part]) for part in parts]
    with new_store(path) as whole:
        for layer, first_part in stores[0].items():
            for checkpoint in first_part.groups:
                groups = [each[layer].at(checkpoint) for each in stores]
                group = whole.create_group(groups[0].attrs)
                for name in sorted(groups[0].array_keys()):
                    first = groups[0][name]
                    dimensions = first.metadata.dimension_names
                    axis = dimensions.index(along)
                    ends = np.cumsum([0, *(each[name].shape[axis] for each in groups)])
                    shape = (*first.shape[:axis], int(ends[-1]), *first.shape[axis + 1 :])
                    array = create_array(group, name, shape, first.dtype, dimensions, checksum=False)
                    for each, start, stop in zip(groups, ends, ends[1:], strict=False):
                        array[(*[slice(None)] * axis, slice(start, stop))] = each[name][...]
                    whole.flush()


class _Entries(Mapping[str, Buffer]):
    """The entries of a finished store, each read and checked when it is used.

    The file is closed after each read, because a job may read more stores than a process may hold open files.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with readable(path), zipfile.ZipFile(path) as file:
            self._places = {entry.filename: entry for entry in file.infolist()}
        self.folders = {key.rpartition("/")[0] for key in self._places if key.endswith(METADATA)}

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, key: str) -> Buffer:
        # zarr asks whether groups and arrays exist; all chunks do
        if key.endswith(f"/{METADATA}") and key not in self._places:
            raise KeyError(key)
        with readable(self._path):
            if key not in self._places:
                raise ValueError(f"it has no {key}")
            entry = self._places[key]
            with self._path.open("rb") as file:
                file.seek(entry.header_offset)
                header = file.read(_HEADER_BYTES)
                file.seek(sum(int.from_bytes(header[each], "little") for each in _LENGTHS), 1)
                content = file.read(entry.file_size)
            if zlib.crc32(content) != entry.CRC:
                raise ValueError(f"the checksum of {key} does not match")
        return cpu.Buffer.from_bytes(content)
