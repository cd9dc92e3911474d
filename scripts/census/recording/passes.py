"""Plan which forward pass fills which layer's store. This module imports neither Snakemake, torch nor zarr.

A store's attributes contain the id of the forward pass that filled it, and a digest of everything that
determines its values. A layer whose store has the right digest keeps its forward pass; all others share a new
one. So adding a layer runs a forward pass for that layer alone, and removing and restoring a layer runs
nothing.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from census.stores.archives import first_entry

NEW = "new"


class CacheKey(NamedTuple):
    """The cache key in the attributes of each store, written when a forward pass is complete.

    Attributes
    ----------
    key : digest of everything that determines the values, except the layer.
    pass_id : digest of ``key`` and of the layers that the forward pass filled.
    shards : number of jobs of the forward pass.
    """

    key: str
    pass_id: str
    shards: int


class Planned(NamedTuple):
    """A finished or planned forward pass.

    Attributes
    ----------
    layers : the layers that it fills.
    shards : number of jobs.
    """

    layers: list[str]
    shards: int


def digest(value: Any) -> str:
    """Return a digest of a value of plain types, independent of the order of keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def pass_id(key: str, layers: Iterable[str]) -> str:
    """Return the id of a forward pass from its key and its layers, in any order."""
    return digest([key, sorted(layers)])


def read_cache_key(store: Path) -> CacheKey | None:
    """Return a store's cache key, or None if there is no finished store."""
    try:
        attributes = json.loads(first_entry(store))["attributes"]
        return CacheKey(attributes["key"], attributes["pass"], attributes["shards"])
    except (OSError, KeyError, ValueError):
        return None


def plan(stores: Mapping[str, Path], key: str, shards: int) -> dict[str, Planned]:
    """Assign each layer to the forward pass that fills its store.

    Parameters
    ----------
    stores : path of each layer's store, finished or not.
    key : digest of a store that is up to date.
    shards : number of jobs of a new forward pass. Finished ones keep their number, because another number is
        no reason to run them again.

    Returns
    -------
    forward passes by id, or by :data:`NEW` for the new one; layers are in the order of ``stores``.
    """
    passes: dict[str, Planned] = {}
    for layer, store in stores.items():
        found = read_cache_key(store)
        name, number = (found.pass_id, found.shards) if found and found.key == key else (NEW, shards)
        passes.setdefault(name, Planned([], number)).layers.append(layer)
    return passes


def pass_folder(beside: Path, pass_id: str) -> Path:
    """Return the folder of unfinished stores of a forward pass.

    Parameters
    ----------
    beside : the folder of finished stores.
    pass_id : see :class:`CacheKey`.
    """
    return beside / "unfinished" / pass_id


def shard_name(name: str, shard: int | str) -> str:
    """Return the name of a finished shard, which lies next to finished stores.

    Parameters
    ----------
    name : name of the forward pass's folder.
    shard : number of the shard.
    """
    return f"{name}.{shard}.shard"
