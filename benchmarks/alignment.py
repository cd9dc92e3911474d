"""The test of a layer's basis: 512 units, 500 images with maps, 20 rotations, on all cores.

Values are rectified sums of a few sources, so that units are correlated, as those of networks are.
"""

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Options, Row
from census.measures.alignment import alignment
from census.statistics.bootstrap import resample_counts
from census.statistics.rotations import random_frames, sort_out
from census.statistics.streams import stream

ROTATIONS, TARGET = 20, 10
# as many as the default study keeps, and all of maps of 7×7
POSITIONS = (8, 49)


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    units, n_images, rounds = (32, 40, 1) if options.quick else (512, 500, 3)
    testing: dict[int, list[float]] = {positions: [] for positions in POSITIONS}
    resampled = resample_counts(n_images, 1000, 0)
    rotations = stream(0, "drawn rotations").integers(ROTATIONS, size=1000)
    for number in range(rounds):
        for positions in POSITIONS:
            values = _values(n_images, positions, units, number)
            start = time.perf_counter()
            frames = random_frames(min(n_images * positions, units), units, ROTATIONS, number)
            alignment(sort_out(values), n_images, frames, resampled, rotations)
            testing[positions].append(time.perf_counter() - start)
    yield Row(f"{units} units, {n_images} images, {ROTATIONS} rotations")
    for positions in POSITIONS:
        yield Row(f"against random rotations, {positions} positions", testing[positions], "s", TARGET)


def _values(n_images: int, positions: int, units: int, seed: int) -> NDArray[np.float32]:
    """Return rectified values, float32 (images, positions, units)."""
    random = np.random.default_rng(seed)
    sources = random.laplace(size=(n_images, positions, 40))
    mixed = sources @ random.standard_normal((40, units)) + random.standard_normal(
        (n_images, positions, units)
    )
    return mixed.clip(0).astype(np.float32)
