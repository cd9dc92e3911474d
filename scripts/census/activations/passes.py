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


class Stamp(NamedTuple):
    """What the last step of a pass writes into the attributes of each store.

    Attributes
    ----------
    key : digest of all that decides the numbers, except which layer it is.
    pass_id : digest of ``key`` and of the layers that the pass filled.
    """

    key: str
    pass_id: str


def digest(value: Any) -> str:
    """Return a digest of a value of plain types, independent of the order of keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def pass_id(key: str, layers: Iterable[str]) -> str:
    """Return the name of a pass: its key and its layers, in any order."""
    return digest([key, sorted(layers)])


def read_stamp(store: Path) -> Stamp | None:
    """Return a store's stamp, or None where there is no finished store."""
    try:
        attributes = json.loads((store / "zarr.json").read_text())["attributes"]
        return Stamp(attributes["key"], attributes["pass"])
    except (OSError, KeyError, ValueError):
        return None


def plan(stores: Mapping[str, Path], key: str) -> dict[str, list[str]]:
    """Assign each layer to the pass that fills its store.

    Parameters
    ----------
    stores : where each layer's store lies, or will lie.
    key : the digest that a store must have to be up to date.

    Returns
    -------
    layers by pass: the id of a finished pass, or :data:`NEW`, with its layers in the order of ``stores``.
    """
    passes: dict[str, list[str]] = {}
    for layer, store in stores.items():
        stamp = read_stamp(store)
        passes.setdefault(stamp.pass_id if stamp and stamp.key == key else NEW, []).append(layer)
    return passes
