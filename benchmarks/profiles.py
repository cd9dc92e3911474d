"""Where the time goes, in what does not meet its target: CPU time by part, under a profiler.

The profiler itself takes time at each call of a function, so shares say more than seconds. What another
thread takes, as that which reads the next images, is counted to where this thread is at the time.
"""

import cProfile
import pstats
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from threadpoolctl import threadpool_limits

from benchmarks import nothing
from benchmarks.common import Options, Row, case
from benchmarks.concepts import top_images_and_counts
from benchmarks.extraction import FEW
from census.networks.device import keep_freed_memory
from census.statistics.correlation import image_correlation
from census.statistics.gram import gram
from census.stores.reading import neuron_blocks, open_store

# functions by file and name, of which none calls another of the same list
OF_EXTRACTION = {
    "forward pass": ("census/networks/recorder.py", "__call__"),
    "statistics": ("census/recording/statistics.py", "statistics"),
    "preparing images": ("census/networks/preprocess.py", "__call__"),
    "making stores": ("census/stores/activations.py", "create_store"),
    "writing maps": ("census/stores/activations.py", "write_maps"),
    "writing statistics": ("census/stores/activations.py", "write_statistics"),
    "finishing stores": ("census/stores/chunks.py", "archive"),
}
OF_CONCEPTS = {
    "opening stores": ("census/stores/reading.py", "open_store"),
    "reading images and labels": ("census/stores/reading.py", "images_and_labels"),
    "reading statistics": ("census/stores/reading.py", "image_blocks"),
    "counting classes": ("census/measures/concepts.py", "class_counts"),
}
OF_GRAM = {
    "reading and decompressing": ("census/stores/reading.py", "neuron_blocks"),
    "correlations of the products": ("census/measures/correlation.py", "image_correlation"),
}

OF_NOTHING = {
    "reading the workflow": ("snakemake/workflow.py", "include"),
    "planning its jobs": ("snakemake/workflow.py", "_build_dag"),
}


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    import torch

    torch.set_num_threads(1)
    keep_freed_memory()
    name, n_images = ("cnn", 32) if options.quick else ("squeezenet1_1", 256)
    with options.temporary("profiles") as folder:
        this = case(name, n_images, folder / "images.zarr")

        def extract(stores: Path, n_maps: int) -> None:
            stores.mkdir()
            forward_pass = this.forward_pass(stores, n_maps, 32, "lz4")
            forward_pass.run()
            this.finish(forward_pass, stores)

        extract(folder / "first", 0)  # loads what is compiled
        for label, n_maps in {f"statistics, maps of 1/{FEW}": n_images // FEW, "statistics": 0}.items():
            stores = folder / f"{n_maps}"
            work = partial(extract, stores, n_maps)
            yield from _shares(f"extraction, {label}", work, OF_EXTRACTION, "all else")
        paths = sorted(stores.glob("*.zarr.zip"))
        top_images_and_counts(paths)
        of_concepts = "concepts, top images and class counts"
        yield from _shares(
            of_concepts, lambda: top_images_and_counts(paths), OF_CONCEPTS, "finding top images"
        )
        n_images, layer = (32, "relu1") if options.quick else (500, "features.2")
        this = case(name, n_images, folder / "more-images.zarr", generated=True)
        this = replace(this, layers=[each for each in this.layers if each.name == layer])
        forward_pass = this.forward_pass(folder, n_images, 32, "lz4")
        forward_pass.run()
        this.finish(forward_pass, folder)
        with threadpool_limits(1):
            store = folder / f"{layer}.zarr.zip"
            yield from _shares(f"gram of {layer}", lambda: _multiply(store), OF_GRAM, "multiplying")
        if nothing.why_not() is None:
            profile = folder / "nothing"
            nothing.call(python=("-m", "cProfile", "-o", str(profile)))
            found = pstats.Stats(str(profile))
            yield from _shares_of(found, "nothing to do", "time", OF_NOTHING, "starting, and all else")


def _multiply(path: Path) -> None:
    image_correlation(gram(neuron_blocks(open_store(path))))


def _shares(
    label: str, work: Callable[[], None], functions: Mapping[str, tuple[str, str]], remainder: str
) -> Iterator[Row]:
    profile = cProfile.Profile(time.process_time)
    profile.runcall(work)
    yield from _shares_of(pstats.Stats(profile), label, "CPU time", functions, remainder)


def _shares_of(
    found: pstats.Stats,
    label: str,
    kind: str,
    functions: Mapping[str, tuple[str, str]],
    remainder: str,
) -> Iterator[Row]:
    total, rest = found.total_tt, 100.0  # type: ignore[attr-defined]
    yield Row(f"{label}: {kind}", [total], "s")
    for part, (file, function) in functions.items():
        spent = sum(
            cumulative
            for (path, _, name), (_, _, _, cumulative, _) in found.stats.items()  # type: ignore[attr-defined]
            if path.endswith(file) and name == function
        )
        rest -= 100 * spent / total
        yield Row(f"{label}: {part}", [100 * spent / total], "%")
    yield Row(f"{label}: {remainder}", [rest], "%")
