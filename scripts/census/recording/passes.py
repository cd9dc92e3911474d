"""Plan which forward pass fills which layer's store. Snakemake, torch and zarr are not needed.

A store remembers, in its own attributes, the pass that made it and the digest of all that decides its
numbers. A layer whose store has the right digest stays with its pass; all others share one new pass. So
adding a layer runs one pass for that layer alone, and dropping one and putting it back runs nothing.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

NEW = "new"


class CacheKey(NamedTuple):
    """What the last step of a pass writes into the attributes of each store.

    Attributes
    ----------
    key : digest of all that decides the numbers, except which layer it is.
    pass_id : digest of ``key`` and of the layers that the pass filled.
    shards : in how many jobs.
    """

    key: str
    pass_id: str
    shards: int


class Planned(NamedTuple):
    """A pass as it ran, or will run.

    Attributes
    ----------
    layers : that it fills.
    shards : in how many jobs.
    """

    layers: list[str]
    shards: int


def digest(value: Any) -> str:
    """Return a digest of a value of plain types, independent of the order of keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def pass_id(key: str, layers: Iterable[str]) -> str:
    """Return the name of a pass: its key and its layers, in any order."""
    return digest([key, sorted(layers)])


def read_cache_key(store: Path) -> CacheKey | None:
    """Return a store's cache key, or None where there is no finished store."""
    try:
        attributes = json.loads((store / "zarr.json").read_text())["attributes"]
        return CacheKey(attributes["key"], attributes["pass"], attributes["shards"])
    except (OSError, KeyError, ValueError):
        return None


def plan(stores: Mapping[str, Path], key: str, shards: int) -> dict[str, Planned]:
    """Assign each layer to the pass that fills its store.

    Parameters
    ----------
    stores : where each layer's store lies, or will lie.
    key : the digest that a store must have to be up to date.
    shards : in how many jobs a new pass will run. Finished ones keep their number: another one is no reason
        to run them again.

    Returns
    -------
    by the id of a finished pass, or :data:`NEW`: the pass, its layers in the order of ``stores``.
    """
    passes: dict[str, Planned] = {}
    for layer, store in stores.items():
        found = read_cache_key(store)
        name, number = (found.pass_id, found.shards) if found and found.key == key else (NEW, shards)
        passes.setdefault(name, Planned([], number)).layers.append(layer)
    return passes


def pass_folder(beside: Path, pass_id: str) -> Path:
    """Return the folder of a pass for unfinished stores.

    Parameters
    ----------
    beside : the folder in which finished stores lie.
    pass_id : see :class:`CacheKey`.
    """
    return beside / "unfinished" / pass_id


def shard_name(name: str, shard: int | str) -> str:
    """Return the name of a finished shard, which lies beside finished stores.

    Parameters
    ----------
    name : of the pass's folder.
    shard : number of the shard.
    """
    return f"{name}.{shard}.shard"
