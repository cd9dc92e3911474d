"""Blocks: what one job works on.

A block is a stretch of a network's layers that take about a minute together, or one layer that takes longer.
Its boundaries follow from the sizes of all layers of the network, whichever the study records, so another
layer in the config changes one block and moves none. Units of a layer that takes longer are split into parts,
jobs of their own, whose results are then merged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

# The units of a part are a multiple of this number, and activation maximization optimizes the units of one
# multiple together: the split changes no result.
UNITS = 32

# regular expressions of names of blocks, for wildcards
SHARED = "[0-9]+-[0-9]+"
SPLIT = "[0-9]+"


@dataclass(frozen=True)
class Block:
    """Layers that one job works on.

    Attributes
    ----------
    name : unique in its network, and part of paths: places of the first and the last layer among all layers
        of the network; of a layer whose units are split into parts, its place alone.
    layers : names of the layers in it that the study asks for, by depth.
    parts : number of parts into which the units are split; 1 for a block that one job computes.
    """

    name: str
    layers: tuple[str, ...]
    parts: int = 1


def stretches(seconds: Sequence[float], limit: float) -> list[range]:
    """Return stretches of consecutive items that take no longer than a limit, or hold a single item.

    Parameters
    ----------
    seconds : expected seconds of each item.
    limit : seconds of a stretch.

    Examples
    --------
    >>> stretches([1, 1, 1, 9, 1], limit=2)
    [range(0, 2), range(2, 3), range(3, 4), range(4, 5)]
    """
    found, first, total = [], 0, 0.0
    for place, each in enumerate(seconds):
        if total and total + each > limit:
            found.append(range(first, place))
            first, total = place, 0.0
        total += each
    return [*found, range(first, len(seconds))] if seconds else found


def parts_of(n_units: int, seconds: float, limit: float) -> int:
    """Return the number of parts into which units are split, each a multiple of :data:`UNITS`.

    Parameters
    ----------
    n_units : number of units.
    seconds : expected seconds of all of them.
    limit : seconds of a part.
    """
    multiples = ceil(n_units / UNITS)
    at_once = max(1, int(multiples * limit / seconds)) if seconds else multiples
    return ceil(multiples / at_once)


def units_of_part(n_units: int, part: int, parts: int) -> slice:
    """Return which of a layer's units a part has.

    Parameters
    ----------
    n_units : number of units of all parts.
    part : number of the part, from 0.
    parts : number of parts.

    Examples
    --------
    >>> [units_of_part(100, part, 2) for part in range(2)]
    [slice(0, 64, None), slice(64, 100, None)]
    """
    at_once = ceil(ceil(n_units / UNITS) / parts) * UNITS
    return slice(min(n_units, part * at_once), min(n_units, (part + 1) * at_once))
