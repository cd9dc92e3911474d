"""Matching the units of two layers, alone and with draws of both controls, on one thread.

Responses are rectified sums of a few sources, as in the benchmark ``alignment``.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.common import Options, Row, cpu_seconds, in_a_process
from census.statistics.universality import chance, match, permuted, ranked, rotated

SECONDS, MOST_MEMORY = 2, 500
MATCHING = "ranking and matching"


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    units, n_images, rounds = (16, 100, 1) if options.quick else (512, 10_000, 5)
    layer, other = responses(units, n_images)
    random = np.random.default_rng(0)
    yield Row(f"two layers of {units} units, {n_images:,} images, 1 thread")
    with threadpool_limits(1):
        one, two = ranked(layer), ranked(other)
        works: dict[str, Callable[[], object]] = {
            MATCHING: lambda: match(ranked(layer), ranked(other)),
            "matching with permuted images": lambda: chance((one,), permuted(two, 1, random)),
            "matching with a rotated layer": lambda: chance((one,), rotated(other, 1, random)),
        }
        for label, work in works.items():
            taken = [cpu_seconds(work) for _ in range(rounds)]
            yield Row(f"CPU time, {label}", taken, "s", SECONDS if label == MATCHING else None)
    _, peak = in_a_process(rank_and_match, units, n_images)
    yield Row(f"peak memory of a process, {MATCHING}", [peak], "MiB", MOST_MEMORY)


def responses(units: int, n_images: int) -> NDArray[np.float32]:
    """Return rectified responses of two layers, float32 (2, images, units)."""
    random = np.random.default_rng(0)
    sources = random.laplace(size=(n_images, 40)).astype(np.float32)
    mixing = random.standard_normal((2, 40, units), np.float32)
    values = sources @ mixing + random.standard_normal((2, n_images, units), np.float32)
    return np.maximum(values, 0, out=values)


def rank_and_match(units: int, n_images: int) -> None:
    """Rank and match the units of both layers."""
    with threadpool_limits(1):
        match(*map(ranked, responses(units, n_images)))
