"""Families of directions: one fit of each, and all fits that stability needs, of a layer of 512 units.

Channel vectors are sums of a few of 128 sparse non-negative directions each, with noise. As in the study, one
half of the vectors is for fits, and the other one for the fits to the other half of the images.
"""

import time
from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Options, Row, cores, elapsed_seconds, in_a_process
from benchmarks.tools.workers import workers
from census.families.autoencoder import BATCH
from census.families.fitting import FAMILIES, Sample, Settings, fit
from census.families.layers import WITHOUT_START
from census.statistics.sparse_codes import sparse_codes

SETTINGS = Settings(active=8, iterations=200, steps=2000, learning_rate=0.01)
FITS_SECONDS, STABILITY_SECONDS, MOST_MEMORY = 60, 180, 1024


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    units, n_vectors, directions = (32, 800, 16) if options.quick else (512, 25_000, 64)
    seconds = {family: _seconds(family, units, n_vectors, directions) for family in FAMILIES}
    yield Row(f"{units} units, {n_vectors:,} channel vectors, {directions} directions, 2 threads")
    for family, each in seconds.items():
        yield Row(f"time, one fit, {family}", each[:1], "s")
    once = sum(each[0] for each in seconds.values())
    every = sum(sum(each) for each in seconds.values())
    yield Row("time, one fit of every family", [once], "s", FITS_SECONDS)
    yield Row("time, with the fits that stability needs", [every], "s", STABILITY_SECONDS)
    yield from _beside_overcomplete(options, units, n_vectors, directions)
    _, peak = in_a_process(_fit_all, units, n_vectors, directions)
    yield Row("peak memory, one fit of every family", [peak], "MiB", MOST_MEMORY)


def _fit(family: str, vectors: NDArray[np.float32], directions: int, seed: int) -> NDArray[np.floating]:
    return fit(family, Sample(vectors, directions), directions, SETTINGS, seed).directions


def _fit_all(units: int, n_vectors: int, directions: int) -> None:
    """Fit every family once."""
    for family in FAMILIES:
        _fit(family, _halves(units, n_vectors)[0], directions, 0)


def _seconds(family: str, units: int, n_vectors: int, directions: int) -> list[float]:
    """Return the time of each fit of a family: the first, from another start, and to the other half."""
    halves = _halves(units, n_vectors)
    samples = [halves[0], *([] if family in WITHOUT_START else [halves[0]]), halves[1]]
    return [
        elapsed_seconds(partial(_fit, family, sample, directions, number))
        for number, sample in enumerate(samples)
    ]


def _beside_overcomplete(options: Options, units: int, n_vectors: int, directions: int) -> Iterator[Row]:
    """Compare time and held-out R² of autoencoders, the codes of both by matching pursuit."""
    first, other = _halves(units, n_vectors)
    squares = np.square(other - first.mean(0)).sum()

    def explained(found: NDArray[np.floating]) -> float:
        return float(1 - sparse_codes(other, found, SETTINGS.active).errors.sum() / squares)

    with options.temporary("families") as folder, workers(["overcomplete"], options, folder) as tools:
        tool, asked = tools["overcomplete"], {"vectors": first, "count": directions, "batch": BATCH}
        asked |= {name: getattr(SETTINGS, name) for name in ("active", "steps", "learning_rate")}
        ours, theirs = [], []  # seconds and R²
        for number in range(1 if options.quick else 3):
            start = time.perf_counter()
            found = _fit("sae", first, directions, number)
            ours.append((time.perf_counter() - start, explained(found)))
            answer = tool.ask("fit", threads=cores(), **asked)
            if answer is None:
                break
            found = answer.result / np.linalg.norm(answer.result, axis=1, keepdims=True)
            theirs.append((answer.wall, explained(found)))
    seconds, r2 = np.transpose(ours)
    yield Row("held-out R², autoencoder", r2)
    if tool.error is not None:
        yield tool.row
        return
    their_seconds, their_r2 = np.transpose(theirs)
    yield Row("held-out R², autoencoder of Overcomplete", their_r2)
    yield Row("held-out R², Overcomplete − ours", their_r2 - r2, "", 0)
    yield Row("time, autoencoder / Overcomplete", seconds / their_seconds, "×", 1)


def _halves(units: int, n_vectors: int) -> list[NDArray[np.float32]]:
    """Return two halves of non-negative channel vectors, float32 (vectors, units)."""
    random = np.random.default_rng(0)
    directions = random.exponential(size=(128, units)) * (random.random((128, units)) < 0.3)
    codes = random.gamma(2, size=(n_vectors, 128)) * (random.random((n_vectors, 128)) < 4 / 128)
    noise = 0.05 * random.exponential(size=(n_vectors, units))
    return np.array_split((codes @ directions + noise).astype(np.float32), 2)
