"""A layer's Gram matrix and correlations from its store, as the rule ``gram`` computes them, on one thread.

They are compared with products and correlations of the same vectors in memory, in float32.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.common import Options, Row, case, in_a_process, in_turn, seconds
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
        this = case(name, n_images, folder / "images.zarr", layers)
        this.recording(folder, n_images)()
        stores = {layer: folder / f"{layer}.zarr.zip" for layer in layers}
        with workers(["rsatoolbox"], options, folder) as tools:
            yield from _times(stores[layers[1]], rounds, f"{this.origin}, {layers[1]}", tools["rsatoolbox"])
        _, base = in_a_process(exec, "import benchmarks.gram")
        n_neurons = {layer.name: layer.n_neurons for layer in this.layers}
        for layer, store in stores.items():
            peaks = [in_a_process(multiply, store)[1] for _ in range(1 if options.quick else 3)]
            label = f"memory above the interpreter, {n_neurons[layer]:,} neurons"
            yield Row(label, np.array(peaks) - base, "MiB", MOST_MEMORY)


def multiply(store: Path) -> None:
    """Compute Gram matrix and correlations of the images in a layer's store."""
    image_correlation(gram(neuron_blocks(open_store(store))))


def _times(store: Path, rounds: int, where: str, rsatoolbox: Worker) -> Iterator[Row]:
    vectors = open_store(store)["maps"][:]
    vectors = vectors.reshape(len(vectors), -1)
    rsatoolbox.ask("load", what=vectors)
    from census.networks.device import keep_freed_memory  # brings torch, which is no part of the job's memory

    # for all of these, whatever another benchmark of this process has set; numpy is faster for it
    keep_freed_memory()
    works = {
        PRODUCT: partial(seconds, lambda: vectors @ vectors.T),
        OURS: partial(seconds, partial(multiply, store)),
        NUMPY: partial(seconds, lambda: np.corrcoef(vectors)),
        RSATOOLBOX: partial(rsatoolbox.seconds, "correlations"),
    }
    with threadpool_limits(1):
        measured = {label: np.transpose(pairs) for label, pairs in in_turn(rounds, works).items()}
    yield Row(f"{vectors.shape[0]} images, {vectors.shape[1]:,} neurons, 1 thread: {where}")
    if rsatoolbox.error is not None:
        yield rsatoolbox.row
        del measured[RSATOOLBOX]
    for label, (_, wall) in measured.items():
        yield Row(f"time, {label}", wall, "s")
    for kind, clock in (("time", 1), ("CPU time", 0)):
        ours = measured[OURS][clock]
        yield Row(f"{kind}, ours / {PRODUCT}", ours / measured[PRODUCT][clock], "×", TIMES_PRODUCT)
        for label in [each for each in FASTER if each in measured]:
            # a target is a most: so ours as a share of theirs
            yield Row(f"{kind}, ours / {label}", ours / measured[label][clock], "×", 1 / FASTER[label])
