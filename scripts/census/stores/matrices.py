"""Stores of measures' arrays: a Zarr group per layer and checkpoint, in one file.

A measure has hundreds of small arrays. They are the entries ``LAYER/CHECKPOINT/ARRAY`` of an archive
(:mod:`census.stores.archives`). Chunks are compressed by Zstandard.

The entry ``zarr.json`` is written last. It has the metadata of all groups and arrays, for xarray, and the
attribute ``layers``: the checkpoints of each layer, by its name. Equal arrays give equal files, byte by byte.
"""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.abc.buffer import Buffer
from zarr.storage import MemoryStore

from census.stores.archives import METADATA, Archive, ArchiveWriter, new_archive, readable
from census.stores.groups import ArchiveStore, consolidated, create_array
from census.stores.paths import path_name


@contextlib.contextmanager
def new_store(path: str | Path) -> Iterator["MatrixWriter"]:
    """Write a store under a temporary name, and rename it when the block ends without an error.

    Parameters
    ----------
    path : path of the store; an existing one is replaced.
    """
    with new_archive(Path(path)) as archive:
        writer = MatrixWriter(archive)
        yield writer
        writer.finish()


class MatrixWriter:
    """Write arrays of layers at checkpoints into one file, see :func:`new_store`."""

    def __init__(self, archive: ArchiveWriter) -> None:
        self._archive = archive
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
            self._archive.add(key, self._entries.pop(key).to_bytes())

    def finish(self) -> None:
        """Write metadata."""
        self.flush()
        # sorted, because zarr opens only groups whose members follow each other
        documents = {key: json.loads(self._entries[key].to_bytes()) for key in sorted(self._entries)}
        root = documents.pop(METADATA)
        root["attributes"] = {"layers": self._layers}
        root["consolidated_metadata"] = consolidated(
            {key.removesuffix(f"/{METADATA}"): each for key, each in documents.items()}
        )
        for key, document in {**documents, METADATA: root}.items():
            self._archive.add(key, json.dumps(document).encode())


@dataclass(frozen=True)
class Layer:
    """The arrays of a layer in a store.

    Attributes
    ----------
    store : the Zarr store.
    groups : path of the group of each checkpoint, in the order of writing.
    """

    store: ArchiveStore
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
        archive = Archive(path)
        root = json.loads(archive[METADATA])
        folders = {key.rpartition("/")[0] for key in archive if key.endswith(METADATA)}
        with readable(path):
            if missing := sorted(root["consolidated_metadata"]["metadata"].keys() - folders):
                raise ValueError(f"it has no metadata of {missing[0]}")
        store = ArchiveStore(archive)
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
