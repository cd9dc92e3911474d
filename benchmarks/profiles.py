"""Where the time goes, in what does not meet its target: CPU time by part, under a profiler.

The profiler itself takes time at each call of a function, so shares say more than seconds. What another
thread takes, as that which reads the next images, is counted to where this thread is at the time.
"""

import cProfile
import pstats
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from threadpoolctl import threadpool_limits

from benchmarks import nothing
from benchmarks.common import Options, Row, case, use_one_thread
from benchmarks.concepts import top_images_and_counts
from benchmarks.extraction import FEW
from benchmarks.gram import multiply
from census.networks.preprocess import Preprocess
from census.networks.recorder import Recorder
from census.recording.statistics import statistics
from census.statistics.class_counts import class_counts
from census.statistics.correlation import image_correlation
from census.stores import activations, chunks, reading

Functions = Mapping[str, Callable[..., object]]
# of each list, no function calls another
OF_EXTRACTION: Functions = {
    "forward pass": Recorder.__call__,
    "statistics": statistics,
    "preparing images": Preprocess.__call__,
    "making stores": activations.create_store,
    "writing maps": activations.StoreWriter.write_maps,
    "writing statistics": activations.StoreWriter.write_statistics,
    "finishing stores": chunks.archive,
}
OF_CONCEPTS: Functions = {
    "opening stores": reading.open_store,
    "reading images and labels": reading.images_and_labels,
    "reading statistics": reading.image_blocks,
    "counting classes": class_counts,
}
OF_GRAM: Functions = {
    "reading and decompressing": reading.neuron_blocks,
    "correlations of the products": image_correlation,
}


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    use_one_thread()
    name, n_images = ("cnn", 32) if options.quick else ("squeezenet1_1", 256)
    with options.temporary("profiles") as folder:
        this = case(name, n_images, folder / "images.zarr")
        this.recording(folder / "first", 0)()  # loads what is compiled
        for label, n_maps in {f"statistics, maps of 1/{FEW}": n_images // FEW, "statistics": 0}.items():
            stores = folder / f"{n_maps}"
            found = _profile(this.recording(stores, n_maps))
            yield from _shares(f"extraction, {label}", found, OF_EXTRACTION, "all else")
        paths = sorted(stores.glob("*.zarr.zip"))
        top_images_and_counts(paths)
        found = _profile(partial(top_images_and_counts, paths))
        yield from _shares("concepts, top images and class counts", found, OF_CONCEPTS, "finding top images")
        n_images, layer = (32, "relu1") if options.quick else (500, "features.2")
        this = case(name, n_images, folder / "more-images.zarr", [layer], generated=True)
        this.recording(folder, n_images)()
        with threadpool_limits(1):
            found = _profile(partial(multiply, folder / f"{layer}.zarr.zip"))
        yield from _shares(f"gram of {layer}", found, OF_GRAM, "multiplying")
        if not nothing.why_not():
            from snakemake.api import Workflow

            profile = folder / "nothing"
            nothing.call(python=("-m", "cProfile", "-o", str(profile)))
            functions = {"reading the workflow": Workflow.include, "planning its jobs": Workflow._build_dag}
            found = pstats.Stats(str(profile))
            yield from _shares("nothing to do", found, functions, "starting, and all else", "time")


def _profile(work: Callable[[], None]) -> pstats.Stats:
    profile = cProfile.Profile(time.process_time)
    profile.runcall(work)
    return pstats.Stats(profile)


def _shares(
    label: str, found: pstats.Stats, functions: Functions, remainder: str, kind: str = "CPU time"
) -> Iterator[Row]:
    total, rest = found.total_tt, 100.0
    yield Row(f"{label}: {kind}", [total], "s")
    for part, function in functions.items():
        code = function.__code__
        # by file, line and name; the fourth number is the cumulative time
        measured = found.stats.get((code.co_filename, code.co_firstlineno, code.co_name))
        share = 100 * measured[3] / total if measured else 0.0
        rest -= share
        yield Row(f"{label}: {part}", [share], "%")
    yield Row(f"{label}: {remainder}", [rest], "%")
