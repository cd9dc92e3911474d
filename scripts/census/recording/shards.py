"""Merge the stores of a forward pass that ran in several shards, and manage their temporary folders.

All shards of a forward pass fill the same stores, each its own chunks. The chunks of all shards make the
finished store.
"""

import contextlib
import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from census.errors import StudyError
from census.recording.passes import shard_name
from census.stores.archives import METADATA
from census.stores.chunks import archive


def remove_others(folder: Path, layers: Collection[str]) -> None:
    """Remove the unfinished stores of other forward passes for any of these layers.

    Parameters
    ----------
    folder : folder of the forward pass, with the folders of its shards. Folders of other forward passes lie
        next to it, and finished shards, see :func:`shard_name`, one folder up.
    layers : the layers' names in paths.
    """
    for other in [*folder.parent.iterdir(), *folder.parents[1].glob(shard_name("*", "*"))]:
        stores = [*other.glob("*.zarr*"), *other.glob("*/*.zarr*")]
        own = other == folder or other.name.startswith(f"{folder.name}.")
        names = {store.name.removesuffix(".zip").removesuffix(".zarr") for store in stores}
        if not own and not names.isdisjoint(layers):
            shutil.rmtree(other, ignore_errors=True)  # another shard may remove it, too


def remove(folder: Path) -> None:
    """Remove the folder of a finished forward pass, and its parents if they are empty."""
    shutil.rmtree(folder)
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
    folder.mkdir(parents=True)
    for name, destination in destinations.items():
        stores = [shard / f"{name}.zarr" for shard in shards]
        _agree(stores)
        archive(stores, folder / destination.name)
    for destination in destinations.values():
        (folder / destination.name).replace(destination)
    remove(folder)


def _agree(stores: Sequence[Path]) -> None:
    """Raise an error if stores differ in metadata: provenance, cache key, images or shapes."""
    try:
        first, *others = [(store / METADATA).read_bytes() for store in stores]
    except OSError as error:
        raise StudyError(f"{error.filename} cannot be read; run the workflow again") from error
    for store, other in zip(stores[1:], others, strict=True):
        if other != first:
            raise StudyError(
                f"{store} and {stores[0]} are not of the same forward pass; delete {store.parent} and "
                f"{stores[0].parent} and run the workflow again"
            )
