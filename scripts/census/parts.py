"""Blocks in which the units of a larger layer are looked at, and which of them one job makes.

Blocks are of one size, whatever the config says: how many of them one job makes changes neither which blocks
there are nor a number in them. Snakemake, numpy and torch are not needed.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

BLOCK = 32  # units

Layer = TypeVar("Layer")


def blocks_of(n_units: int) -> list[int]:
    """Return the blocks of a layer, each by the place of its first unit among those that are looked at.

    Parameters
    ----------
    n_units : how many units of the layer are looked at.
    """
    return list(range(0, n_units, BLOCK))


def batches(layers: Mapping[Layer, int], wanted: int | None) -> dict[tuple[int, ...], list[Layer]]:
    """Return which blocks one job makes, and of which layers.

    Layers of no more units than a block are not divided, and have no such jobs.

    Parameters
    ----------
    layers : how many units are looked at, by layer.
    wanted : units of a layer in one job, in whole blocks: the number is rounded up. None for all of them.

    Returns
    -------
    layers by blocks, in the order of ``layers``.
    """
    found: dict[tuple[int, ...], list[Layer]] = {}
    for layer, n_units in layers.items():
        if n_units <= BLOCK:
            continue
        blocks = blocks_of(n_units)
        at_once = len(blocks) if wanted is None else len(blocks_of(wanted))
        for first in range(0, len(blocks), at_once):
            found.setdefault(tuple(blocks[first : first + at_once]), []).append(layer)
    return found


def places_of(paths: Iterable[str | Path]) -> list[slice]:
    """Return the places of the units in each block, by the name of the block's file.

    Parameters
    ----------
    paths : of files or folders whose names begin with the place of the first unit: ``64.units.parquet``.
    """
    firsts = [int(Path(path).name.partition(".")[0]) for path in paths]
    return [slice(first, first + BLOCK) for first in firsts]
