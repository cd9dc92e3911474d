"""Families of directions: one fit of each, and all fits that stability needs, of a layer of 512 units.

Channel vectors are sums of a few of 128 sparse non-negative directions each, with noise. As in the study, one
half of the vectors is for fits, and the other one for the fits to the other half of the images. The
autoencoder of Overcomplete is fitted to the same vectors, in as many steps, and judged alike.
"""

import sys
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Options, Row, cores, in_a_process, peak_memory
from benchmarks.tools.workers import workers
from census.families.autoencoder import BATCH
from census.families.fitting import FAMILIES, Sample, Settings, fit
from census.families.layers import WITHOUT_START
from census.statistics.sparse_codes import sparse_codes

SETTINGS = Settings(active=8, iterations=200, steps=2000, learning_rate=0.01)
FITS_SECONDS, STABILITY_SECONDS, MOST_MEMORY = 60, 180, 1024
FULL, QUICK = (512, 25_000, 64), (32, 800, 16)


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    units, n_vectors, directions = QUICK if options.quick else FULL
    seconds = {family: _seconds(family, units, n_vectors, directions) for family in FAMILIES}
    yield Row(f"{units} units, {n_vectors:,} channel vectors, {directions} directions, 2 threads")
    for family, each in seconds.items():
        yield Row(f"time, one fit, {family}", each[:1], "s")
    once = sum(each[0] for each in seconds.values())
    every = sum(sum(each) for each in seconds.values())
    yield Row("time, one fit of every family", [once], "s", FITS_SECONDS)
    yield Row("time, with the fits that stability needs", [every], "s", STABILITY_SECONDS)
    yield from _beside_overcomplete(options, units, n_vectors, directions)
    (peak,) = in_a_process("benchmarks.families", "quick" if options.quick else "full")
    yield Row("peak memory, one fit of every family", [peak], "MiB", MOST_MEMORY)


def _seconds(family: str, units: int, n_vectors: int, directions: int) -> list[float]:
    """Return the time of each fit of a family: the first, from another start, and to the other half."""
    halves = np.array_split(_vectors(units, n_vectors), 2)
    samples = [halves[0], *([] if family in WITHOUT_START else [halves[0]]), halves[1]]
    found = []
    for number, sample in enumerate(samples):
        start = time.perf_counter()
        fit(family, Sample(sample, directions), directions, SETTINGS, number)
        found.append(time.perf_counter() - start)
    return found


def _beside_overcomplete(options: Options, units: int, n_vectors: int, directions: int) -> Iterator[Row]:
    """Compare time and held-out R² of autoencoders, the codes of both by matching pursuit."""
    first, other = np.array_split(_vectors(units, n_vectors), 2)
    squares = np.square(other - first.mean(0)).sum()

    def explained(found: NDArray[np.floating]) -> float:
        return float(1 - sparse_codes(other, found, SETTINGS.active).errors.sum() / squares)

    with (
        options.temporary("families") as folder,
        workers(("overcomplete",), options, folder) as tools,
    ):
        theirs = tools["overcomplete"]
        seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
        r2: dict[str, list[float]] = {"ours": [], "theirs": []}
        for number in range(1 if options.quick else 3):
            start = time.perf_counter()
            ours = fit("sae", Sample(first, directions), directions, SETTINGS, number).directions
            seconds["ours"].append(time.perf_counter() - start)
            r2["ours"].append(explained(ours))
            answer = theirs.ask(
                "fit",
                threads=cores(),
                vectors=first,
                count=directions,
                active=SETTINGS.active,
                steps=SETTINGS.steps,
                batch=BATCH,
                learning_rate=SETTINGS.learning_rate,
            )
            if answer is None:
                break
            found = answer.result
            seconds["theirs"].append(answer.wall)
            r2["theirs"].append(explained(found / np.linalg.norm(found, axis=1, keepdims=True)))
        yield Row("held-out R², autoencoder", r2["ours"])
        if theirs.error is not None:
            yield theirs.row
            return
    yield Row("held-out R², autoencoder of Overcomplete", r2["theirs"])
    yield Row("held-out R², Overcomplete − ours", np.subtract(r2["theirs"], r2["ours"]).tolist(), "", 0)
    ratios = np.divide(seconds["ours"], seconds["theirs"]).tolist()
    yield Row("time, autoencoder / Overcomplete", ratios, "×", 1)


def _vectors(units: int, n_vectors: int) -> NDArray[np.float32]:
    """Return non-negative channel vectors, float32 (vectors, units)."""
    random = np.random.default_rng(0)
    directions = random.exponential(size=(128, units)) * (random.random((128, units)) < 0.3)
    codes = random.gamma(2, size=(n_vectors, 128)) * (random.random((n_vectors, 128)) < 4 / 128)
    noise = 0.05 * random.exponential(size=(n_vectors, units))
    return (codes @ directions + noise).astype(np.float32)


if __name__ == "__main__":
    size = QUICK if sys.argv[1] == "quick" else FULL
    for name in FAMILIES:
        fit(name, Sample(np.array_split(_vectors(*size[:2]), 2)[0], size[2]), size[2], SETTINGS, 0)
    print(peak_memory())
