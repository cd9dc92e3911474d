"""Concepts of units: compared with the extraction of a network, and for a large one and many images.

The start of a job is told apart, because it takes as long for any number of images. The large network is
generated: statistics of VGG16's layers.
"""

import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import ROOT
from benchmarks.common import Options, Row, case, generate, in_a_process, run_measure, seconds, use_one_thread

UNITS = (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)
SECONDS, MEBIBYTES, SHARE = 20, 2048, 5
TOP = 100


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    yield from _beside_extraction(options)
    yield from _of_many_images(options)


def _beside_extraction(options: Options) -> Iterator[Row]:
    name, n_images, batch, rounds = ("cnn", 64, 8, 2) if options.quick else ("squeezenet1_1", 256, 32, 3)
    use_one_thread()
    found = []
    with options.temporary("beside-extraction") as folder:
        this = case(name, n_images, folder / "images.zarr")
        for number in range(rounds + 1):
            # in a folder of its own: see benchmarks.common.empty
            place = folder / str(number)
            stores = [place / f"{layer.name}.zarr.zip" for layer in this.layers]
            works = (
                this.recording(place, 0, batch=batch, compression="none"),
                partial(top_images_and_counts, stores),
                partial(run_measure, "concepts", list(map(str, stores)), place),
            )
            found.append([*(seconds(work)[0] for work in works), _cpu_seconds_of_start()])
    # the first round warms caches up, and does not count
    extraction, top, rest, starting = np.transpose(found[1:])
    yield Row(f"{name}, {n_images} images, {len(stores)} layers, statistics only, 1 thread: {this.origin}")
    yield Row("CPU time, extraction", extraction, "s")
    yield Row("CPU time, top images and class counts", top, "s")
    yield Row("top images and class counts / extraction", 100 * top / extraction, "%", SHARE)
    yield Row("CPU time, all that the script concepts does", rest, "s")
    yield Row("CPU time, start of a job of concepts", starting, "s")


def top_images_and_counts(stores: Sequence[Path]) -> None:
    """Do what the measure ``concepts`` does first, from opening a store on."""
    from census.statistics.class_counts import class_counts
    from census.statistics.top_images import top_images
    from census.stores.recording import Recording

    for layer in map(Recording, stores):
        top = top_images(layer.statistics("max", "argmax"), layer.shape[0], min(TOP, len(layer.images)))
        label_of_image = np.zeros(layer.images.max() + 1, layer.labels.dtype)
        label_of_image[layer.images] = layer.labels
        class_counts(top.images, label_of_image, layer.labels.max() + 1)


def _cpu_seconds_of_start() -> float:
    """Return the CPU time of a process that loads what the job loads, and ends."""
    modules = "census.tables.measuring, census.measures.concepts"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", f"import {modules}"], cwd=ROOT / "scripts", check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _of_many_images(options: Options) -> Iterator[Row]:
    units, n_images, n_classes, rounds = ((8, 16), 600, 10, 1) if options.quick else (UNITS, 50_000, 1000, 3)
    with options.temporary("concepts") as folder:
        stores = generate_layers(folder, units, n_images, n_classes)
        taken, memory = zip(*(in_a_process(measure, stores, folder) for _ in range(rounds)), strict=True)
    yield Row(f"{len(units)} layers, {sum(units):,} units, {n_images:,} images of {n_classes} classes")
    yield Row("time, one process", taken, "s", SECONDS)
    yield Row("peak memory", memory, "MiB", MEBIBYTES)


def generate_layers(folder: Path, units: Sequence[int], n_images: int, n_classes: int) -> list[str]:
    """Write the stores of layers with so many units each; return their paths."""
    stores = [folder / f"{number}.zarr.zip" for number in range(len(units))]
    for store, size in zip(stores, units, strict=True):
        generate(store, (size, 7, 7), n_images, n_classes)
    return list(map(str, stores))


def measure(stores: Sequence[str], folder: Path) -> float:
    """Run both measures on all layers; return the seconds that pass."""

    def work() -> None:
        found = run_measure("concepts", stores, folder)
        run_measure("multifacetedness", {"units": [found["units"]], "layers": [found["layer"]]}, folder)

    return seconds(work)[1]
