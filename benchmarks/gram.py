"""A layer's Gram matrix, from its store: beside the product alone, and beside others' correlations.

Compared in turn, in each round, on the same vectors and with one thread: the Gram matrix and correlations
from a store on disk, as the rule ``gram`` computes them; the product ``X @ X.T`` of vectors in memory, in
float32; ``numpy.corrcoef``; and rsatoolbox's ``calc_rdm``, in a process of its own.
"""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.common import Options, Row, case, in_a_process, peak_memory
from benchmarks.tools.workers import Worker, workers
from census.statistics.correlation import image_correlation
from census.statistics.gram import gram
from census.stores.reading import neuron_blocks, open_store

PRODUCT, NUMPY, RSATOOLBOX = "X @ X.T in memory", "numpy.corrcoef", "rsatoolbox calc_rdm"
OURS = "Gram matrix and correlations from a store"
# ours at most so many times as long as the product; the others at least so many times as long as ours
TIMES_PRODUCT, FASTER = 1.5, {NUMPY: 5, RSATOOLBOX: 10}
MOST_MEMORY = 500


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    name, n_images, layers, rounds = (
        ("cnn", 32, ("pool1", "relu1"), 2)
        if options.quick
        else ("squeezenet1_1", 500, ("features.5", "features.2", "features.1"), 3)
    )
    with options.temporary("gram") as folder:
        this = case(name, n_images, folder / "images.zarr")
        this = replace(this, layers=[layer for layer in this.layers if layer.name in layers])
        forward_pass = this.forward_pass(folder, n_images, 32, "lz4")
        forward_pass.run()
        this.finish(forward_pass, folder)
        stores = {layer: folder / f"{layer}.zarr.zip" for layer in layers}
        with workers(("rsatoolbox",), options, folder) as tools:
            yield from _times(stores[layers[1]], rounds, f"{this.origin}, {layers[1]}", tools["rsatoolbox"])
        base = _peak("interpreter", folder)
        for layer, store in stores.items():
            neurons = next(each.n_neurons for each in this.layers if each.name == layer)
            above = [_peak("gram", store) - base for _ in range(1 if options.quick else 3)]
            yield Row(f"memory above the interpreter, {neurons:,} neurons", above, "MiB", MOST_MEMORY)


def _times(store: Path, rounds: int, where: str, rsatoolbox: Worker) -> Iterator[Row]:
    vectors = open_store(store)["maps"][:]
    vectors = vectors.reshape(len(vectors), -1)
    rsatoolbox.ask("load", what=vectors)
    from census.networks.device import keep_freed_memory  # brings torch, which is no part of the job's memory

    # for all of these, whatever another benchmark of this process has set; numpy is faster for it
    keep_freed_memory()
    works: dict[str, Callable[[], object]] = {
        PRODUCT: lambda: vectors @ vectors.T,
        OURS: lambda: image_correlation(gram(neuron_blocks(open_store(store)))),
        NUMPY: lambda: np.corrcoef(vectors),
    }
    wall: dict[str, list[float]] = {label: [] for label in (*works, RSATOOLBOX)}
    cpu: dict[str, list[float]] = {label: [] for label in (*works, RSATOOLBOX)}
    with threadpool_limits(1):
        # the first round warms caches up, and does not count
        for number in range(rounds + 1):
            for label, work in works.items():
                start = time.perf_counter(), time.process_time()
                work()
                if number:
                    wall[label].append(time.perf_counter() - start[0])
                    cpu[label].append(time.process_time() - start[1])
            answer = rsatoolbox.ask("correlations")
            if answer and number:
                wall[RSATOOLBOX].append(answer.wall)
                cpu[RSATOOLBOX].append(answer.cpu)
    yield Row(f"{vectors.shape[0]} images, {vectors.shape[1]:,} neurons, 1 thread: {where}")
    if rsatoolbox.error is not None:
        yield rsatoolbox.row
        for measured in (wall, cpu):
            del measured[RSATOOLBOX]
    for label, values in wall.items():
        yield Row(f"time, {label}", values, "s")
    for kind, seconds in (("time", wall), ("CPU time", cpu)):
        ratios = np.divide(seconds[OURS], seconds[PRODUCT])
        yield Row(f"{kind}, ours / {PRODUCT}", ratios.tolist(), "×", TIMES_PRODUCT)
        for label in [each for each in FASTER if each in seconds]:
            # a target is a most: so ours as a share of theirs
            ratios = np.divide(seconds[OURS], seconds[label])
            yield Row(f"{kind}, ours / {label}", ratios.tolist(), "×", 1 / FASTER[label])


def _peak(task: str, path: Path) -> float:
    """Return the peak memory of a task in a process of its own, in MiB."""
    (peak,) = in_a_process("benchmarks.gram", task, path)
    return peak


if __name__ == "__main__":
    if sys.argv[1] == "gram":
        image_correlation(gram(neuron_blocks(open_store(sys.argv[2]))))
    print(peak_memory())
