"""Selectivity of units, on generated statistics of VGG16's narrowest and widest layer, as in ``concepts``."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks.common import Options, Row, in_a_process, run_measure, seconds
from benchmarks.concepts import UNITS, generate_layers

MEBIBYTES = 2048
# all thirteen layers take minutes
WIDTHS = min(UNITS), max(UNITS)


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    units, n_images, n_classes = ((8, 16), 600, 10) if options.quick else (WIDTHS, 50_000, 1000)
    with options.temporary("selectivity") as folder:
        stores = generate_layers(folder, units, n_images, n_classes)
        (of_processor, passed), memory = in_a_process(measure, stores, folder)
    yield Row(f"{len(units)} layers, {sum(units):,} units, {n_images:,} images of {n_classes} classes")
    yield Row("time, one process", [passed], "s")
    yield Row("CPU time, one process", [of_processor], "s")
    yield Row("peak memory", [memory], "MiB", MEBIBYTES)


def measure(stores: Sequence[str], folder: Path) -> tuple[float, float]:
    """Run the measure on all layers; return the CPU time, and the time that passes."""
    return seconds(partial(run_measure, "selectivity", stores, folder, shuffles=1000))
