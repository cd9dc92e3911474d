"""Merge the stores of a forward pass that ran in several shards, and manage their temporary folders.

All shards of a forward pass fill the same stores, each its own chunks. A chunk is a file, so the files of all
shards make the whole store, which is then packed.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from census.errors import StudyError
from census.recording.passes import shard_name
from census.stores.activations import place_store
from census.stores.chunks import chunk_files, pack
from census.stores.groups import consolidate


def remove_others(folder: Path, layers: Collection[str]) -> None:
    """Remove the unfinished stores of other forward passes for any of these layers.

    Parameters
    ----------
    folder : folder of the forward pass, with the folders of its shards. Folders of other forward passes lie
        next to it, and finished shards, see :func:`shard_name`, one folder up.
    layers : the layers' names in paths.
    """
    for other in [*folder.parent.iterdir(), *folder.parents[1].glob(shard_name("*", "*"))]:
        stores = [*other.glob("*.zarr"), *other.glob("*/*.zarr")]
        own = other == folder or other.name.startswith(f"{folder.name}.")
        if not own and any(store.name.removesuffix(".zarr") in layers for store in stores):
            shutil.rmtree(other, ignore_errors=True)  # another shard may remove it, too


def remove_empty(folder: Path) -> None:
    """Remove a folder whose stores have moved to their final paths, and its empty parents."""
    folder.rmdir()
    for parent in list(folder.parents)[:2]:
        with contextlib.suppress(OSError):  # another forward pass may be using it
            parent.rmdir()


def merge_shards(shards: Sequence[Path], folder: Path, destinations: Mapping[str, Path]) -> None:
    """Merge the stores of a forward pass's shards, and move them to their final paths.

    Parameters
    ----------
    shards : folder of each shard, with a store per layer; they are not changed.
    folder : temporary folder of the merged stores; its content is replaced.
    destinations : the store's final path, by the layer's name in paths.

    Raises
    ------
    StudyError : the shards are not of one forward pass, or a chunk is missing in all of them. Then no store
        moves to its final path.
    """
    if folder.exists():
        shutil.rmtree(folder)
    for name in destinations:
        stores = [shard / f"{name}.zarr" for shard in shards]
        _agree(stores)
        whole = folder / f"{name}.zarr"
        for store in stores:
            for path in _files(store):
                target = whole / path
                # all of them have metadata and coordinates
                if not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    # metadata change when chunks are packed
                    (shutil.copyfile if path.name == "zarr.json" else _link)(store / path, target)
        _complete(whole, stores)
        pack(whole)
        consolidate(whole, json.loads((whole / "zarr.json").read_text())["attributes"])
    for name, destination in destinations.items():
        place_store(folder / f"{name}.zarr", destination)
    remove_empty(folder)


def _agree(stores: Sequence[Path]) -> None:
    """Raise an error if stores differ in metadata: provenance, cache key, images or shapes."""
    try:
        first, *others = [(store / "zarr.json").read_bytes() for store in stores]
    except OSError as error:
        raise StudyError(f"{error.filename} cannot be read; run the workflow again") from error
    for store, other in zip(stores[1:], others, strict=True):
        if other != first:
            raise StudyError(
                f"{store} and {stores[0]} are not of the same forward pass; delete {store.parent} and "
                f"{stores[0].parent} and run the workflow again"
            )


def _files(store: Path) -> Iterator[Path]:
    """Yield the files in a store, relative to it."""
    for folder, _, names in os.walk(store):
        for name in names:
            yield (Path(folder) / name).relative_to(store)


def _link(source: Path, target: Path) -> None:
    """Create a hard link to a file, or copy it if the file system has no hard links."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def _complete(store: Path, shards: Sequence[Path]) -> None:
    """Raise an error if a chunk of a store is missing."""
    for metadata in store.glob("*/zarr.json"):
        for path in chunk_files(metadata.parent, json.loads(metadata.read_text())):
            if not path.exists():
                folders = " ".join(str(shard.parent) for shard in shards)
                raise StudyError(
                    f"{path.relative_to(store.parent)} is in none of the shards of the forward pass; delete "
                    f"{folders} and run the workflow again"
                )
