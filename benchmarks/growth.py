"""How time and memory grow with images, units, layers and classes: jobs at four sizes of each.

All sizes of a series run in one process, from small to large, after a smaller one that loads what it needs,
and does not count. So peak memory after each is that of the size.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import ArrayLike
from threadpoolctl import threadpool_limits

from benchmarks.common import (
    Options,
    Row,
    case,
    cpu_seconds,
    generate,
    in_a_process,
    peak_memory,
    run_measure,
    use_one_thread,
)

# of a series, where they do not vary
USUAL = {"images": 8_000, "units": 256, "classes": 50}
# times the smallest size of a series
FACTORS = (1, 2, 4, 8)
# how much smaller all sizes are for a quick look
QUICK = {"images": 40, "units": 32, "classes": 5, "maps": 20, "layers": 2}
# images with maps, and units, where others are compared; images of a pass of growing layers; side of maps
MAPS, COMPARED_UNITS, PASS_IMAGES, SIDE = 200, 16, 64, 7
# what is spent on little is not told apart from chance
LEAST_SECONDS, LEAST_MEMORY = 0.01, 4
# how much steeper than it should be a measured line may be
TOLERANCE = 0.15
LABEL = "{job}, {varied}: {quantity}, {size:,}"
EXPONENT = "{job}, {varied}: exponent of {quantity}"
PATTERN = re.compile(r"(?P<job>[\w ]+), (?P<varied>\w+): (?P<quantity>[\w ]+), (?P<size>[\d,]+)")
CPU_TIME, MEMORY = "CPU time", "memory"


@dataclass(frozen=True)
class Series:
    """A job at growing sizes.

    Attributes
    ----------
    job : name of a measure, or ``extract``.
    varied : what grows, a key of :data:`QUICK`.
    smallest : of four sizes.
    time, memory : the exponents that are expected.
    """

    job: str
    varied: str
    smallest: int
    time: float
    memory: float

    def sizes(self, quick: bool) -> list[int]:
        """Return four sizes."""
        return [factor * self.smallest // (QUICK[self.varied] if quick else 1) for factor in FACTORS]


SERIES = (
    Series("extract", "images", 1_000, 1, 0),
    Series("sparsity", "images", 8_000, 1, 0),
    Series("concepts", "images", 8_000, 1, 0),
    # both hold a unit's responses to all images, up to a bound
    Series("selectivity", "images", 4_000, 1, 1),
    Series("clusters", "images", 4_000, 1, 1),
    Series("sparsity", "units", 128, 1, 1),
    # concepts compare each two units, clusters join them
    Series("concepts", "units", 128, 2, 2),
    Series("selectivity", "units", 128, 1, 1),
    Series("clusters", "units", 128, 2, 2),
    Series("concepts", "classes", 25, 1, 1),
    Series("selectivity", "classes", 25, 1, 1),
    # each two images
    Series("gram", "maps", 200, 2, 2),
    Series("extract", "layers", 5, 1, 1),
    # each two layers
    Series("similarity", "layers", 5, 2, 1),
)
# parameters other than the defaults; resamples are fewer, because their number is no size of the data
PARAMETERS = {"selectivity": {"shuffles": 1000}, "similarity": {"resamples": 50}}


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    yield Row("where they do not vary: " + ", ".join(f"{size:,} {name}" for name, size in USUAL.items()))
    # once each: the line through four sizes tells how far one of them is off
    for series in SERIES[1::3] if options.quick else SERIES:
        with options.temporary("growth") as folder:
            measured, _ = in_a_process(measure, series, options.quick, folder)
        sizes, (times, peaks) = series.sizes(options.quick), np.transpose(measured)
        for quantity, unit, values, expected, least in (
            (CPU_TIME, "s", times, series.time, LEAST_SECONDS),
            (MEMORY, "MiB", peaks, series.memory, LEAST_MEMORY),
        ):
            named = {"job": series.job, "varied": series.varied, "quantity": quantity}
            for size, value in zip(sizes, values, strict=True):
                yield Row(LABEL.format(**named, size=size), [value], unit)
            exponent = slope(sizes, values.clip(least))
            yield Row(EXPONENT.format(**named), [exponent], "", expected + TOLERANCE)


def slope(sizes: ArrayLike, values: ArrayLike) -> float:
    """Return the slope of the straight line through the logarithms of sizes and values."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def measure(series: Series, quick: bool, folder: Path) -> list[tuple[float, float]]:
    """Run a job at each size; return seconds, and MiB above what the process had before, of each."""
    usual = {name: size // QUICK[name] if quick else size for name, size in USUAL.items()}
    sizes = series.sizes(quick)
    prepare = _a_pass if series.job == "extract" else _a_measure
    base, found = 0.0, []
    # once first, so that libraries are loaded; of so little that what it frees is no room for what comes: of
    # images, a pass has room for a whole batch else
    first = 2 if series.job == "extract" else max(2, sizes[0] // 8)
    for number, size in enumerate((first, *sizes)):
        place = folder / str(number)
        place.mkdir()
        work = prepare(series, {**usual, series.varied: size}, place)
        with threadpool_limits(1):  # threads that wait for each other would count as work
            seconds = cpu_seconds(work)
        if number:
            found.append((seconds, peak_memory() - base))
        else:
            base = psutil.Process().memory_info().rss / 2**20
    return found


def _a_measure(series: Series, sizes: Mapping[str, int], folder: Path) -> Callable[[], object]:
    """Return the call of a measure, with its input made."""
    stores = [folder / f"{number}.zarr.zip" for number in range(sizes.get("layers", 1))]
    inputs: Any = list(map(str, stores))
    if series.job in ("gram", "similarity"):
        n_maps = sizes.get("maps", MAPS)
        for store in stores:
            generate(store, (COMPARED_UNITS, SIDE, SIDE), n_maps, min(sizes["classes"], n_maps // 2), n_maps)
        inputs = {"layer": inputs, "parts": []}
    else:
        n_maps = min(MAPS, sizes["images"]) if series.job == "sparsity" else 0
        for store in stores:
            generate(store, (sizes["units"], SIDE, SIDE), sizes["images"], sizes["classes"], n_maps)
    if series.job == "similarity":
        inputs = [run_measure("gram", inputs, folder)["store"]]
    return partial(run_measure, series.job, inputs, folder, **PARAMETERS.get(series.job, {}))


def _a_pass(series: Series, sizes: Mapping[str, int], folder: Path) -> Callable[[], object]:
    """Return a pass, with its images made."""
    use_one_thread()
    if series.varied == "images":
        this = case("cnn", sizes["images"], folder / "images.zarr", generated=True)
    else:
        this = case("squeezenet1_1", PASS_IMAGES, folder / "images.zarr", generated=True)
        this = replace(this, layers=this.layers[: sizes["layers"]])
    return this.recording(folder, 0)
