"""Matching the units of two networks: 512 units each, 10,000 images, one thread.

Responses are rectified sums of a few sources, as in the benchmark ``alignment``. Both layers are ranked and
matched, which is measured against the limits, and then matched with draws of both controls.
"""

import sys
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.common import Options, Row, cpu_seconds, in_a_process, peak_memory
from census.statistics.universality import chance, match, permuted, ranked, rotated

SECONDS, MOST_MEMORY = 2, 500


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    units, n_images, rounds = (16, 100, 1) if options.quick else (512, 10_000, 5)
    layer, other = responses(units, n_images)
    random = np.random.default_rng(0)
    with threadpool_limits(1):
        units_of_both = ranked(layer), ranked(other)
        seconds = {
            "ranking and matching": [
                cpu_seconds(lambda: match(ranked(layer), ranked(other))) for _ in range(rounds)
            ],
            "matching with permuted images": [
                cpu_seconds(lambda: chance(units_of_both[:1], permuted(units_of_both[1], 1, random)))
                for _ in range(rounds)
            ],
            "matching with a rotated layer": [
                cpu_seconds(lambda: chance(units_of_both[:1], rotated(other, 1, random)))
                for _ in range(rounds)
            ],
        }
    yield Row(f"two layers of {units} units, {n_images:,} images, 1 thread")
    for label, values in seconds.items():
        yield Row(f"CPU time, {label}", values, "s", SECONDS if label == "ranking and matching" else None)
    (peak,) = in_a_process("benchmarks.universality", units, n_images)
    yield Row("peak memory of a process, ranking and matching", [peak], "MiB", MOST_MEMORY)


def responses(units: int, n_images: int) -> NDArray[np.float32]:
    """Return rectified responses of two layers, float32 (2, images, units)."""
    random = np.random.default_rng(0)
    sources = random.laplace(size=(n_images, 40)).astype(np.float32)
    mixing = random.standard_normal((2, 40, units), np.float32)
    values = sources @ mixing + random.standard_normal((2, n_images, units), np.float32)
    return np.maximum(values, 0, out=values)


if __name__ == "__main__":
    with threadpool_limits(1):
        match(*map(ranked, responses(int(sys.argv[1]), int(sys.argv[2]))))
    print(peak_memory())
