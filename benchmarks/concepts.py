"""All that is measured of units' concepts, for a large network and many images: time and memory.

Generated statistics of 13 layers with VGG16's 4,224 units, 50,000 images of 1000 classes: the scripts of the
rules ``concepts`` and ``facetedness``, as they are, one after the other in one process.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks import ROOT
from benchmarks.common import Options, Row, peak_memory, run_script

UNITS = (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)
SECONDS, MEBIBYTES = 20, 2048
PARAMETERS = {"top": 100, "normalizer": "classes", "draws": 1000, "seed": 0}


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    units, n_images, n_classes, rounds = ((8, 16), 600, 10, 1) if options.quick else (UNITS, 50_000, 1000, 3)
    seconds, memory = [], []
    with options.temporary("concepts") as folder:
        for number, size in enumerate(units):
            generate(folder, number, size, n_images, n_classes)
        for _ in range(rounds):
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.concepts", str(folder), str(len(units))],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=True,
            )
            taken, peak = map(float, done.stdout.split()[-2:])
            seconds.append(taken)
            memory.append(peak)
    where = f"{len(units)} layers, {sum(units):,} units, {n_images:,} images of {n_classes} classes"
    yield Row(where)
    yield Row("time, one process", seconds, "s", SECONDS)
    yield Row("peak memory", memory, "MiB", MEBIBYTES)


def generate(folder: Path, number: int, units: int, n_images: int, n_classes: int) -> None:
    """Write the store of a layer without maps, whose units prefer some classes to others."""
    from census.activations.store import StoreWriter, create_store, finish_store

    random = np.random.default_rng(number)
    labels = random.integers(n_classes, size=n_images, dtype=np.int32)
    preference = random.gamma(0.5, size=(n_classes, units)).astype(np.float32)
    path = folder / f"{number}.unfinished"
    create_store(path, (units, 7, 7), np.arange(n_images), labels, 0, 512, "none")
    writer = StoreWriter(path)
    for first in range(0, n_images, 512):
        here = labels[first : first + 512]
        largest = preference[here] * random.exponential(size=(len(here), units)).astype(np.float32)
        position = random.integers(49, size=largest.shape, dtype=np.int32)
        writer.write_statistics(first, (largest / 4, largest, position, np.ones_like(position)))
    about = {"key": "", "network": "n", "checkpoint": "final", "step": None, "dataset": "d"}
    layer = {
        "layer": str(number),
        "depth": number,
        "kind": "rectifier",
        "branch_of": "",
        "shape": [units, 7, 7],
    }
    classes = [f"class {label}" for label in range(n_classes)]
    finish_store(path, {**about, **layer, "classes": classes}, folder / f"{number}.zarr")


def measure(folder: Path, n_layers: int) -> None:
    """Run the scripts on all layers."""
    tables: dict[str, list[str]] = {"units": [], "layers": []}
    for number in range(n_layers):
        store = folder / "found" / f"{number}.zarr"
        outputs = {
            "store": str(store),
            "units": str(folder / f"{number}.units"),
            "layer": str(folder / f"{number}.layer"),
        }
        run_script("concepts", [str(folder / f"{number}.zarr")], outputs, PARAMETERS, folder)
        tables["units"].append(outputs["units"])
        tables["layers"].append(outputs["layer"])
    outputs = {name: str(folder / name) for name in tables}
    run_script("facetedness", tables, outputs, {}, folder)


if __name__ == "__main__":
    import shutil

    where = Path(sys.argv[1])
    start = time.perf_counter()
    measure(where, int(sys.argv[2]))
    print(time.perf_counter() - start, peak_memory())
    shutil.rmtree(where / "found")
