"""Singular vectors: from a Gram matrix in full and iteratively, and without one by random projections.

Generated vectors: rectified, of 300 directions that fall off as a power, and noise. They have as many
neurons as AlexNet's last pooling.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.common import Options, Row, cpu_seconds, generate, in_a_process
from census.measures.vectors import open_vectors
from census.statistics.correlation import image_correlation
from census.statistics.gram import gram
from census.statistics.svd import decompose, randomized
from census.stores.recording import Recording

SHAPE = (256, 6, 6)
N_NEURONS = int(np.prod(SHAPE))
RANK = 50
FULL_SECONDS, LEADING_SECONDS, MOST_MEMORY = 0.3, 5, 3 * 1024


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    full, many, sizes, rounds = (
        (100, 300, (100, 200), 1) if options.quick else (500, 6000, (500, 1000, 2000, 4000), 5)
    )
    with options.temporary("directions") as folder, threadpool_limits(1):
        yield Row(f"{N_NEURONS:,} neurons, rank {RANK}, 1 thread")
        few = _correlation(_vectors(full))
        seconds = [cpu_seconds(lambda: decompose(few, N_NEURONS, RANK)) for _ in range(rounds)]
        yield Row(f"time, all components of {full} images", seconds, "s", FULL_SECONDS)
        yield from _leading(folder, many, min(3, rounds))
        yield from _crossover(folder, sizes, min(3, rounds))


def _leading(folder: Path, n_images: int, rounds: int) -> Iterator[Row]:
    """Measure the first components of many images, beside scikit-learn's of the same vectors in memory."""
    vectors = _vectors(n_images)
    correlation = _correlation(vectors)
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(cpu_seconds(lambda: decompose(correlation, N_NEURONS, RANK)))
        theirs.append(cpu_seconds(lambda: randomized(vectors, RANK, 0)))
    one, other = decompose(correlation, N_NEURONS, RANK), randomized(vectors, RANK, 0)
    ratio = _error(one.vectors, correlation) / _error(other.vectors, correlation)
    yield Row(f"time, {RANK} components of {n_images} images", ours, "s", LEADING_SECONDS)
    yield Row(f"time, randomized_svd of these {n_images} vectors in memory", theirs, "s")
    yield Row("error, ours / randomized_svd", [ratio], "×", 1)
    np.save(folder / "correlation.npy", correlation)
    _, peak = in_a_process(_decompose, folder / "correlation.npy")
    yield Row(f"peak memory, {RANK} components of {n_images} images", [peak], "MiB", MOST_MEMORY)


def _decompose(path: Path) -> None:
    with threadpool_limits(1):
        decompose(np.load(path), N_NEURONS, RANK)


def _crossover(folder: Path, sizes: tuple[int, ...], rounds: int) -> Iterator[Row]:
    """Measure what a Gram matrix costs that nothing else needs, and what is saved without one."""

    def by_gram(store: Path) -> None:
        decompose(image_correlation(gram(Recording(store).neuron_blocks())), N_NEURONS, RANK)

    def by_sketch(store: Path) -> None:
        randomized(open_vectors(Recording(store), None, None).mapped(folder), RANK, 0)

    units, height, width = SHAPE
    for n_images in sizes:
        store = folder / f"{n_images}.zarr.zip"
        maps = _vectors(n_images).reshape(n_images, height, width, units)
        generate(store, SHAPE, n_images, 1, n_images, maps.__getitem__, "lz4")
        by_gram(store)
        ratios = [
            cpu_seconds(partial(by_gram, store)) / cpu_seconds(partial(by_sketch, store))
            for _ in range(rounds)
        ]
        yield Row(f"CPU time from the store, Gram matrix / randomized_svd, {n_images} images", ratios, "×")


def _vectors(n_images: int) -> NDArray[np.float32]:
    """Return normalized vectors, float32 (images, neurons)."""
    random = np.random.default_rng(n_images)
    scores = random.standard_normal((n_images, 300), np.float32) * np.arange(1, 301, dtype=np.float32) ** -0.7
    vectors = scores @ random.standard_normal((300, N_NEURONS), np.float32)
    vectors += 0.7 * random.standard_normal(vectors.shape, np.float32)
    np.maximum(vectors, 0, out=vectors)
    vectors -= vectors.mean(1, keepdims=True)
    vectors /= vectors.std(1, keepdims=True)
    return vectors


def _correlation(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    return image_correlation(gram([vectors.copy()]))


def _error(vectors: NDArray[np.float64], correlation: NDArray[np.float64]) -> float:
    """Return the relative reconstruction error with what these vectors span."""
    basis = np.linalg.qr(vectors)[0]
    return float(np.sqrt(1 - np.sum(basis * (correlation @ basis)) / len(correlation)))
