"""Compute the four summaries of maps in one loop over their values, compiled at the first call.

The machine code is cached next to the module's byte code, or else in the user's cache, for other processes.
The cache key is the content of this file and the processor.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

# values that are summarized in parallel; with fewer units, several positions of each
LANES = 64
# blocks of lanes per iteration, because loading and storing the state of a lane takes longer than comparing
# it with a value
BLOCKS_AT_ONCE = 4
# blocks that are added up in float32 before they go into a sum in float64
FLOAT32_BLOCKS = 4 * BLOCKS_AT_ONCE


def _compiled(function: Callable[..., None]) -> Callable[..., None]:
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # no folder is writable, so each process compiles again
        return njit(**options)(function)


@_compiled
def summarize(
    maps: np.ndarray, mean: np.ndarray, largest: np.ndarray, argmax: np.ndarray, nonzero: np.ndarray
) -> None:
    """Summarize each unit's map over its positions.

    Parameters
    ----------
    maps : array of float32, shape (n_images, n_positions, n_units), contiguous, with at least one position.
    mean, largest : arrays of float32, shape (n_images, n_units), outputs: mean and largest value of the map.
    argmax, nonzero : arrays of int32, shape (n_images, n_units), outputs: the first position of the largest
        value, and the number of values that are not 0. A NaN counts as the largest value, and as not 0.
    """
    images, positions, units = maps.shape
    side = max(1, LANES // units)
    lanes, blocks = side * units, positions // side // BLOCKS_AT_ONCE * BLOCKS_AT_ONCE
    flat = maps.reshape(images, positions * units)
    part, top = np.empty(lanes, np.float32), np.empty(lanes, np.float32)
    total = np.empty(lanes, np.float64)
    place, count = np.empty(lanes, np.int32), np.empty(lanes, np.int32)
    for image in range(images):
        for lane in range(lanes):
            part[lane], total[lane], count[lane] = 0, 0, 0
            top[lane], place[lane] = -np.inf, 0
        whole = flat[image, : blocks * lanes].reshape(blocks, lanes)
        for first in range(0, blocks, BLOCKS_AT_ONCE):
            # the hot loop has no branches, so that it is vectorized
            for lane in range(lanes):
                added, counted, highest, at = part[lane], count[lane], top[lane], place[lane]
                for number in range(first, first + BLOCKS_AT_ONCE):
                    value = whole[number, lane]
                    added += value
                    counted += value != 0
                    at = np.int32(number) if value > highest else at
                    highest = value if value > highest else highest
                part[lane], count[lane], top[lane], place[lane] = added, counted, highest, at
            last = first + BLOCKS_AT_ONCE
            if last % FLOAT32_BLOCKS == 0 or last == blocks:
                for lane in range(lanes):
                    total[lane] += part[lane]
                    part[lane] = 0
        values = maps[image]
        for unit in range(units):
            sum_, found, most, where = 0.0, 0, np.float32(-np.inf), positions
            for lane in range(unit, lanes, units):
                sum_ += total[lane]
                found += count[lane]
                here = place[lane] * side + lane // units
                if top[lane] > most or (top[lane] == most and here < where):
                    most, where = top[lane], here
            for position in range(blocks * side, positions):  # the remainder
                value = values[position, unit]
                sum_ += value
                found += value != 0
                if value > most:
                    most, where = value, position
            if np.isnan(sum_):  # comparisons with NaN are false, so the loops above ignored it
                for position in range(positions):
                    if np.isnan(values[position, unit]):
                        most, where = values[position, unit], position
                        break
            mean[image, unit] = sum_ / positions
            largest[image, unit] = most
            argmax[image, unit] = where
            nonzero[image, unit] = found
