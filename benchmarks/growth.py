"""How time and memory grow with images, units, layers and classes: jobs at four sizes of each.

Each series is a job's script, as it is, on generated stores of four sizes, each twice the last; a pass runs
the CNN for more and more images, and SqueezeNet for more and more layers, with random weights. All sizes of
a series run in one process, from small to large, behind a first run of less that loads what it needs, and
does not count; so peak memory after each is that of the size. The exponent is the slope of the straight line
through the logarithms: 1 where twice the size takes twice as much, 0 where it takes no more.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.common import Options, Row, case, cpu_seconds, in_a_process, peak_memory, run_script
from benchmarks.generated import generate

SEED = 0
# of a series, where they do not vary
USUAL = {"images": 8_000, "units": 256, "classes": 50}
# times the smallest size of a series
FACTORS = (1, 2, 4, 8)
# how much smaller all sizes are for a quick look
QUICK = {"images": 40, "units": 32, "classes": 5, "maps": 20, "layers": 2}
# images with maps, and units, where others are compared; images of a pass of growing layers
MAPS, COMPARED_UNITS, PASS_IMAGES = 200, 16, 64
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
    job : the script's name, or ``extract``.
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
# what the rules of the default study give the scripts
PARAMETERS: dict[str, dict[str, Any]] = {
    "sparsity": {"resamples": 1000},
    "concepts": {"top": 100, "normalizer": "classes", "draws": 1000},
    "selectivity": {"top": 100, "shuffles": 1000},
    "clusters": {"threshold": 0.7, "permutations": 1, "images": 8, "sample": 50_000},
    "gram": {},
    # fewer resamples than in the default study: their number is no size of the data
    "similarity": {"resamples": 50},
}
OUTPUTS = {
    "sparsity": ("layer", "units"),
    "concepts": ("store", "units", "layer"),
    "selectivity": ("units", "layer"),
    "clusters": ("store", "units", "layer"),
    "gram": ("store",),
    "similarity": ("pairs", "adjacent", "layer"),
}


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    yield Row("where they do not vary: " + ", ".join(f"{size:,} {name}" for name, size in USUAL.items()))
    # once each: the line through four sizes tells how far one of them is off
    for series in SERIES[1::3] if options.quick else SERIES:
        sizes = np.array(series.sizes(options.quick))
        with options.temporary("growth") as folder:
            about = SERIES.index(series), int(options.quick), folder
            measured = np.reshape(in_a_process("benchmarks.growth", *about), (len(sizes), 2))
        for values, (quantity, unit, expected, least) in zip(
            measured.T,
            ((CPU_TIME, "s", series.time, LEAST_SECONDS), (MEMORY, "MiB", series.memory, LEAST_MEMORY)),
            strict=True,
        ):
            named = {"job": series.job, "varied": series.varied, "quantity": quantity}
            for size, value in zip(sizes.tolist(), values.tolist(), strict=True):
                yield Row(LABEL.format(**named, size=size), [value], unit)
            exponent = slope(sizes, values.clip(least))
            yield Row(EXPONENT.format(**named), [exponent], "", expected + TOLERANCE)


def slope(sizes: np.ndarray, values: np.ndarray) -> float:
    """Return the slope of the straight line through the logarithms of sizes and values."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def measure(series: Series, quick: bool, folder: Path) -> None:
    """Run a job at each size; print seconds and MiB of each."""
    usual = {name: size // QUICK[name] if quick else size for name, size in USUAL.items()}
    sizes = series.sizes(quick)
    base, found = 0.0, list[float]()
    # once first, so that libraries are loaded; of so little that what it frees is no room for what comes: of
    # images, a pass has room for a whole batch else
    first = 2 if series.job == "extract" else max(2, sizes[0] // 8)
    for number, size in enumerate((first, *sizes)):
        place = folder / str(number)
        place.mkdir()
        prepare = _a_pass if series.job == "extract" else _a_script
        work = prepare(series, {**usual, series.varied: size}, place)
        with threadpool_limits(1):  # threads that wait for each other would count as work
            seconds = cpu_seconds(work)
        if number:
            found += [seconds, peak_memory() - base]
        else:
            base = _memory_now()
    print(*found)


def _memory_now() -> float:
    """Return the memory that this process has, in MiB."""
    import psutil

    return psutil.Process().memory_info().rss / 2**20


def _a_script(series: Series, sizes: Mapping[str, int], folder: Path) -> Callable[[], None]:
    """Return the call of a script, with its input made."""
    stores = [str(folder / f"{number}.zarr.zip") for number in range(sizes.get("layers", 1))]
    for store in stores:
        if series.job in ("gram", "similarity"):
            n_maps = sizes.get("maps", MAPS)
            generate(Path(store), COMPARED_UNITS, n_maps, min(sizes["classes"], n_maps // 2), n_maps)
        else:
            n_maps = min(MAPS, sizes["images"]) if series.job == "sparsity" else 0
            generate(Path(store), sizes["units"], sizes["images"], sizes["classes"], n_maps)
    gram = {"layer": stores, "parts": []}
    inputs: Any = gram if series.job == "gram" else stores
    if series.job == "similarity":
        inputs = [str(folder / "gram.zarr.zip")]
        run_script("gram", gram, {"store": inputs[0]}, {"seed": SEED}, folder)
    outputs = {name: str(folder / f"found.{name}") for name in OUTPUTS[series.job]}
    return lambda: run_script(series.job, inputs, outputs, {**PARAMETERS[series.job], "seed": SEED}, folder)


def _a_pass(series: Series, sizes: Mapping[str, int], folder: Path) -> Callable[[], None]:
    """Return a pass, with its images made."""
    import torch

    from census.networks.device import keep_freed_memory

    torch.set_num_threads(1)
    keep_freed_memory()
    if series.varied == "images":
        this = case("cnn", sizes["images"], folder / "images.zarr", generated=True)
    else:
        this = case("squeezenet1_1", PASS_IMAGES, folder / "images.zarr", generated=True)
        this = replace(this, layers=this.layers[: sizes["layers"]])
    forward_pass = this.forward_pass(folder, 0, 32, "lz4")

    def work() -> None:
        forward_pass.run()
        this.finish(forward_pass, folder)

    return work


if __name__ == "__main__":
    measure(SERIES[int(sys.argv[1])], bool(int(sys.argv[2])), Path(sys.argv[3]))
