"""Selectivity of units, for a large network and many images: time and memory.

On generated statistics like those of the benchmark ``concepts``, VGG16's narrowest and widest layer: the job
of the rule ``selectivity`` on both layers.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.common import Options, Row, cpu_seconds, in_a_process, peak_memory, run_script
from benchmarks.concepts import UNITS
from benchmarks.generated import generate

PARAMETERS = {"top": 100, "shuffles": 1000, "seed": 0}
MEBIBYTES = 2048
# all thirteen layers take minutes
WIDTHS = min(UNITS), max(UNITS)


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    units, n_images, n_classes, rounds = ((8, 16), 600, 10, 1) if options.quick else (WIDTHS, 50_000, 1000, 1)
    with options.temporary("selectivity") as folder:
        for number, size in enumerate(units):
            generate(folder / f"{number}.zarr.zip", size, n_images, n_classes)
        measured = [in_a_process("benchmarks.selectivity", folder, len(units)) for _ in range(rounds)]
    seconds, of_processor, memory = map(list, zip(*measured, strict=True))
    yield Row(f"{len(units)} layers, {sum(units):,} units, {n_images:,} images of {n_classes} classes")
    yield Row("time, one process", seconds, "s")
    yield Row("CPU time, one process", of_processor, "s")
    yield Row("peak memory", memory, "MiB", MEBIBYTES)


def measure(folder: Path, n_layers: int) -> None:
    """Run the measure on all layers."""
    stores = [str(folder / f"{number}.zarr.zip") for number in range(n_layers)]
    outputs = {name: str(folder / name) for name in ("units", "layer")}
    run_script("selectivity", stores, outputs, PARAMETERS, folder)


if __name__ == "__main__":
    start = time.perf_counter()
    spent = cpu_seconds(lambda: measure(Path(sys.argv[1]), int(sys.argv[2])))
    print(time.perf_counter() - start, spent, peak_memory())
