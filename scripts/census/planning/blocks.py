"""Blocks: the layers that one job processes.

A block is a stretch of consecutive layers that take about a minute together, or one layer that takes longer.
Block boundaries depend on the sizes of all layers of the network, not on the layers a study records. Adding a
layer to the config therefore changes one block and moves no boundary. The units of a layer that takes longer
are split into parts; each part is a job, and the results are merged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

# Activation maximization optimizes this many units together. The size of a part is a multiple of it, so
# results do not depend on the split.
UNITS = 32

# regular expressions that match names of blocks, for wildcards
SHARED = "[0-9]+-[0-9]+"
SPLIT = "[0-9]+"


@dataclass(frozen=True)
class Block:
    """Layers that one job processes.

    Attributes
    ----------
    name : indices of the first and the last layer among all layers of the network, or the index of a single
        layer whose units are split into parts. Unique within a network; part of paths.
    layers : names of the block's layers that the study records, by depth.
    parts : number of parts into which the units are split; 1 if one job computes the block.
    """

    name: str
    layers: tuple[str, ...]
    parts: int = 1


def stretches(seconds: Sequence[float], limit: float) -> list[range]:
    """Return stretches of consecutive items that take no longer than a limit, or hold a single item.

    Parameters
    ----------
    seconds : expected seconds of each item.
    limit : maximum seconds of a stretch.

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
    """Return the number of parts into which units are split; each holds a multiple of :data:`UNITS`.

    Parameters
    ----------
    n_units : number of units.
    seconds : expected seconds for all units.
    limit : maximum seconds of a part.
    """
    multiples = ceil(n_units / UNITS)
    at_once = max(1, int(multiples * limit / seconds)) if seconds else multiples
    return ceil(multiples / at_once)


def units_of_part(n_units: int, part: int, parts: int) -> slice:
    """Return the slice of a layer's units that belongs to a part.

    Parameters
    ----------
    n_units : number of units in all parts.
    part : index of the part, from 0.
    parts : number of parts.

    Examples
    --------
    >>> [units_of_part(100, part, 2) for part in range(2)]
    [slice(0, 64, None), slice(64, 100, None)]
    """
    at_once = ceil(ceil(n_units / UNITS) / parts) * UNITS
    return slice(min(n_units, part * at_once), min(n_units, (part + 1) * at_once))
