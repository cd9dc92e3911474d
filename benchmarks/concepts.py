"""What concepts of units cost: beside the extraction of a network, and for a large one and many images.

First, all layers of SqueezeNet: CPU time of recording statistics, and of finding top images and class counts
in the stores just recorded, in turn. What a job of the workflow takes before it begins is told apart: it is
the same however many images there are.

Then, generated statistics of 13 layers with VGG16's 4,224 units, 50,000 images of 1000 classes: the jobs
of the rules ``concepts`` and ``multifacetedness``, one after the other in one process.
"""

import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import ROOT
from benchmarks.common import Case, Options, Row, case, cpu_seconds, in_a_process, peak_memory, run_script
from benchmarks.generated import generate

UNITS = (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)
SECONDS, MEBIBYTES, SHARE = 20, 2048, 5
PARAMETERS = {"top": 100, "normalizer": "classes", "draws": 1000, "seed": 0}


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    yield from _beside_extraction(options)
    yield from _of_many_images(options)


def _beside_extraction(options: Options) -> Iterator[Row]:
    import torch

    from census.networks.device import keep_freed_memory

    name, n_images, batch, rounds = ("cnn", 64, 8, 2) if options.quick else ("squeezenet1_1", 256, 32, 3)
    torch.set_num_threads(1)  # as for extraction
    keep_freed_memory()
    extraction, top, rest, starting = [], [], [], []
    with options.temporary("beside-extraction") as folder:
        this = case(name, n_images, folder / "images.zarr")
        # the first round warms caches up, and does not count
        for number in range(rounds + 1):
            # in a folder of its own: see benchmarks.common.empty
            place = folder / str(number)
            place.mkdir()
            stores = [place / f"{layer.name}.zarr.zip" for layer in this.layers]
            found = (
                cpu_seconds(partial(_extract, this, place, batch)),
                cpu_seconds(partial(top_images_and_counts, stores)),
                cpu_seconds(partial(_whole_job, stores, place / "found")),
                _cpu_seconds_of_start(),
            )
            if number:
                for values, value in zip((extraction, top, rest, starting), found, strict=True):
                    values.append(value)
    yield Row(f"{name}, {n_images} images, {len(stores)} layers, statistics only, 1 thread: {this.origin}")
    yield Row("CPU time, extraction", extraction, "s")
    yield Row("CPU time, top images and class counts", top, "s")
    shares = [100 * one / other for one, other in zip(top, extraction, strict=True)]
    yield Row("top images and class counts / extraction", shares, "%", SHARE)
    yield Row("CPU time, all that the script concepts does", rest, "s")
    yield Row("CPU time, start of a job of concepts", starting, "s")


def _extract(this: Case, folder: Path, batch: int) -> None:
    forward_pass = this.forward_pass(folder, 0, batch, "none")
    forward_pass.run()
    this.finish(forward_pass, folder)


def top_images_and_counts(stores: Sequence[Path]) -> None:
    """Do what the measure ``concepts`` does first, from opening a store on."""
    from census.statistics.class_counts import class_counts
    from census.statistics.top_images import top_images
    from census.stores.reading import image_blocks, images_and_labels, open_store

    for path in stores:
        store = open_store(path)
        images, labels = images_and_labels(store)
        top = top_images(
            image_blocks(store, images, "max", "argmax"),
            store.attrs["shape"][0],
            min(PARAMETERS["top"], len(images)),
        )
        label_of_image = np.zeros(images.max() + 1, labels.dtype)
        label_of_image[images] = labels
        class_counts(top.images, label_of_image, labels.max() + 1)


def _whole_job(stores: Sequence[Path], folder: Path) -> dict[str, str]:
    """Run the measure ``concepts`` on all layers; return its files."""
    folder.mkdir()
    outputs = {name: str(folder / name) for name in ("store", "units", "layer")}
    run_script("concepts", list(map(str, stores)), outputs, PARAMETERS, folder)
    return outputs


def _cpu_seconds_of_start() -> float:
    """Return the CPU time of a process that loads what the job loads, and ends."""
    modules = "census.tables.measuring, census.measures.concepts"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", f"import {modules}"], cwd=ROOT / "scripts", check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _of_many_images(options: Options) -> Iterator[Row]:
    units, n_images, n_classes, rounds = ((8, 16), 600, 10, 1) if options.quick else (UNITS, 50_000, 1000, 3)
    seconds, memory = [], []
    with options.temporary("concepts") as folder:
        for number, size in enumerate(units):
            generate(folder / f"{number}.zarr.zip", size, n_images, n_classes)
        for _ in range(rounds):
            taken, peak = in_a_process("benchmarks.concepts", folder, len(units))
            seconds.append(taken)
            memory.append(peak)
    where = f"{len(units)} layers, {sum(units):,} units, {n_images:,} images of {n_classes} classes"
    yield Row(where)
    yield Row("time, one process", seconds, "s", SECONDS)
    yield Row("peak memory", memory, "MiB", MEBIBYTES)


def measure(folder: Path, n_layers: int) -> None:
    """Run both measures on all layers."""
    found = _whole_job([folder / f"{number}.zarr.zip" for number in range(n_layers)], folder / "found")
    tables = {"units": [found["units"]], "layers": [found["layer"]]}
    run_script("multifacetedness", tables, {name: str(folder / name) for name in tables}, {"seed": 0}, folder)


if __name__ == "__main__":
    where = Path(sys.argv[1])
    start = time.perf_counter()
    measure(where, int(sys.argv[2]))
    print(time.perf_counter() - start, peak_memory())
    shutil.rmtree(where / "found")
