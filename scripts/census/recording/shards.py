"""Stores that several shards of a pass have filled, put together; and the folders where they lie till then.

All shards of a pass fill the same stores, each its own chunks. A chunk is a file: putting them together moves
no values.
"""

import contextlib
import itertools
import json
import math
import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from census.errors import StudyError
from census.recording.passes import shard_name
from census.stores.activations import chunk_file, place_store


def remove_others(folder: Path, layers: Collection[str]) -> None:
    """Remove what other passes have begun for any of these layers, and never will finish.

    Parameters
    ----------
    folder : of the pass: its shards have folders in it, other passes' folders lie beside it, and finished
        shards, see :func:`shard_name`, one folder up.
    layers : their names in paths.
    """
    for other in [*folder.parent.iterdir(), *folder.parents[1].glob(shard_name("*", "*"))]:
        stores = [*other.glob("*.zarr"), *other.glob("*/*.zarr")]
        own = other == folder or other.name.startswith(f"{folder.name}.")
        if not own and any(store.name.removesuffix(".zarr") in layers for store in stores):
            shutil.rmtree(other, ignore_errors=True)  # another shard may be at it, too


def remove_empty(folder: Path) -> None:
    """Remove the folder whose stores have got their places, and those around it that are empty."""
    folder.rmdir()
    for parent in list(folder.parents)[:2]:
        with contextlib.suppress(OSError):  # another pass may be under way beside it
            parent.rmdir()


def merge_shards(shards: Sequence[Path], folder: Path, destinations: Mapping[str, Path]) -> None:
    """Put what the shards of a pass have filled together, and move it to its places.

    Parameters
    ----------
    shards : a folder each, with a store per layer; they are left as they are.
    folder : where the stores are put together; what is there is replaced.
    destinations : by the layer's name in paths, the store's final name.

    Raises
    ------
    StudyError : the shards are not of one pass, or a chunk is in none of them. Nothing has its place then.
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
                    _link(store / path, target)
        _complete(whole, stores)
    for name, destination in destinations.items():
        place_store(folder / f"{name}.zarr", destination)
    remove_empty(folder)


def _agree(stores: Sequence[Path]) -> None:
    """Raise an error where stores have not the same metadata: provenance, cache key, images, shapes."""
    try:
        first, *others = [(store / "zarr.json").read_bytes() for store in stores]
    except OSError as error:
        raise StudyError(f"{error.filename} cannot be read; run the workflow again") from error
    for store, other in zip(stores[1:], others, strict=True):
        if other != first:
            raise StudyError(
                f"{store} and {stores[0]} are not of the same pass; delete {store.parent} and "
                f"{stores[0].parent} and run the workflow again"
            )


def _files(store: Path) -> Iterator[Path]:
    """Yield the files in a store, relative to it."""
    for folder, _, names in os.walk(store):
        for name in names:
            yield (Path(folder) / name).relative_to(store)


def _link(source: Path, target: Path) -> None:
    """Give a file a second name; where the file system has no such, copy it."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def _complete(store: Path, shards: Sequence[Path]) -> None:
    """Raise an error where a chunk of a store is missing."""
    for metadata in store.glob("*/zarr.json"):
        array = json.loads(metadata.read_text())
        chunk = array["chunk_grid"]["configuration"]["chunk_shape"]
        counts = [math.ceil(length / size) for length, size in zip(array["shape"], chunk, strict=True)]
        for index in itertools.product(*map(range, counts)):
            path = chunk_file(metadata.parent, index)
            if not path.exists():
                folders = " ".join(str(shard.parent) for shard in shards)
                raise StudyError(
                    f"{path.relative_to(store.parent)} is in none of the shards of the pass; delete "
                    f"{folders} and run the workflow again"
                )
