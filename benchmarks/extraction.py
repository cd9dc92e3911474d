"""What extraction costs beside the forward pass that it needs anyway: CPU time, as multiples of a plain loop.

Compared in turn, in each round: a loop in inference mode that keeps nothing; passes as the workflow runs
them, from reading pixels to stores under their final names; other tools, from preprocessed images in memory
to their own files, or to values that are dropped after each batch; and, as the limit that the machine sets,
the loop with the same values in float16 written by ``write`` in pieces of 4 MB, without statistics, checks or
a format.
"""

import itertools
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch

from benchmarks.common import Case, Options, Row, case, cpu_seconds, empty, size_of
from benchmarks.tools.handing import Handed
from benchmarks.tools.workers import workers
from census.networks.device import keep_freed_memory
from census.networks.maps import as_maps

PIECE = 4 << 20
FEW = 16  # one image in so many has maps, in the default study about
BARE, LIMIT = "plain loop", "plain loop and raw write of all maps in float16"
NO_MAPS, FEW_MAPS = "statistics, no maps", f"statistics, maps of 1/{FEW}, lz4"
HALF_MAPS = "statistics, maps of all in float16, none"
# at most so many times the CPU time of what else
TARGETS = {NO_MAPS: (1.25, BARE), FEW_MAPS: (1.4, BARE), HALF_MAPS: (1.5, LIMIT)}
# what each tool is asked for
STORED = {
    "captum": "captum AV, maps of all",
    "torchlens": "torchlens extract_dataset, maps of all",
    "torchvision": "torchvision feature extractor and torch.save, maps of all",
}
IN_MEMORY = {
    "captum": "captum LayerActivation, nothing stored",
    "torchlens": "torchlens extract, nothing stored",
    "torchvision": "torchvision feature extractor, nothing stored",
}


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    name, n_images, fewer, rounds = ("cnn", 32, 16, 1) if options.quick else ("squeezenet1_1", 256, 64, 3)
    with_few_maps = {
        NO_MAPS: (0, "none", "float32"),
        FEW_MAPS: (n_images // FEW, "lz4", "float32"),
    }
    with_all_maps = {
        "statistics, maps of all, lz4": (fewer, "lz4", "float32"),
        "statistics, maps of all, none": (fewer, "none", "float32"),
        "statistics, maps of all in float16, lz4": (fewer, "lz4", "float16"),
        HALF_MAPS: (fewer, "none", "float16"),
    }
    # with more threads, those that wait for one another spin; on a busy machine that would be measured
    torch.set_num_threads(1)
    # as jobs do; the plain loop and the other tools, too, are faster for it
    keep_freed_memory()
    yield from _measure(options, name, n_images, rounds, with_few_maps, ())
    # these write gigabytes, each of them
    yield from _measure(options, name, fewer, rounds, with_all_maps, tuple(STORED))


def _measure(
    options: Options,
    name: str,
    n_images: int,
    rounds: int,
    passes: Mapping[str, tuple[int, str, str]],
    others: Sequence[str],
) -> Iterator[Row]:
    """Measure passes, and other tools and the limit where there are any.

    Parameters
    ----------
    name : of the network.
    passes : by label, number of images with maps, their compression and dtype.
    others : names of tools.
    """
    batch = 8 if options.quick else 32
    seconds: dict[str, list[float]] = {}
    stored: dict[str, int] = {}
    with options.temporary("extraction") as folder, workers(tuple(others), options, folder) as tools:
        this = case(name, n_images, folder / "images.zarr")
        inputs = [this.prepared.preprocess(pixels) for pixels in this.images.batches(batch)]
        network = this.network
        names = [each.name for each in this.layers]
        recorder = this.prepared.recorder({each.name: each.node for each in this.layers})
        handed, able = Handed(network, torch.cat(inputs), names, batch), {}
        for tool, worker in tools.items():
            answer = worker.ask("load", what=handed)
            able[tool] = answer.result if answer else []

        def loop() -> None:
            with torch.inference_mode():
                for images in inputs:
                    network(images)

        def written_loop() -> None:
            with torch.inference_mode(), open(folder / "raw", "wb") as file:

                def write(_: str, values: torch.Tensor) -> None:
                    raw = as_maps(values).half().contiguous().numpy().reshape(-1).view("uint8").data
                    for start in range(0, len(raw), PIECE):
                        file.write(raw[start : start + PIECE])

                for images in inputs:
                    recorder(images, write)

        # what is loaded on first use, and caches
        loop()
        places = (folder / str(number) for number in itertools.count())
        _run(this, next(places), batch, 0, "none", "float32")
        for worker in tools.values():
            worker.ask("memory")
        for _ in range(rounds):
            found = {BARE: cpu_seconds(loop)}
            for label, stored_as in passes.items():
                stores = next(places)
                found[label] = _run(this, stores, batch, *stored_as)
                stored[label] = size_of(stores, "maps/*")
                empty(stores)
            for tool, worker in tools.items():
                theirs = next(places)
                found[STORED[tool]], _ = worker.seconds("store", folder=str(theirs))
                stored[STORED[tool]] = size_of(theirs)
                empty(theirs)
            if tools:
                found[LIMIT] = cpu_seconds(written_loop)
                stored[LIMIT] = (folder / "raw").stat().st_size
                os.truncate(folder / "raw", 0)
            for tool, worker in tools.items():
                found[IN_MEMORY[tool]], _ = worker.seconds("memory")
            for label, value in found.items():
                seconds.setdefault(label, []).append(value)
    where = f"{n_images} images"
    yield Row(f"{name}, {where}, {len(names)} layers, batch {batch}, 1 thread: {this.origin}")
    for tool, worker in tools.items():
        if worker.error is not None:
            yield worker.row
        missing = [layer for layer in names if layer not in able[tool]]
        if able[tool] and missing:
            named = len(names) - len(missing)
            yield Row(f"{tool} records {named} layers, and cannot name {', '.join(missing)}")
    # a tool that failed on the way has no figures
    seconds = {label: values for label, values in seconds.items() if not any(map(math.isnan, values))}
    for label, values in seconds.items():
        yield Row(f"CPU time, {where}, {label}", values, "s")
    for label, values in seconds.items():
        if label != BARE:
            target, other = TARGETS.get(label, (None, BARE))
            yield Row(f"CPU time / {other}, {where}, {label}", _ratios(values, seconds[other]), "×", target)
    for kept in passes:
        for label in (STORED[tool] for tool in tools):
            if label in seconds:
                ratios = _ratios(seconds[kept], seconds[label])
                yield Row(f"CPU time, ours ({kept}) / {label}", ratios, "×")
    for label, size in stored.items():
        if label in seconds and size:
            yield Row(f"maps on disk, {where}, {label}", [size / 2**20], "MiB")


def _ratios(values: Sequence[float], others: Sequence[float]) -> list[float]:
    return [value / other for value, other in zip(values, others, strict=True)]


def _run(this: Case, folder: Path, batch: int, n_maps: int, compression: str, dtype: str) -> float:
    folder.mkdir()
    forward_pass = this.forward_pass(folder, n_maps, batch, compression, dtype=dtype)

    def work() -> None:
        forward_pass.run()
        this.finish(forward_pass, folder)

    return cpu_seconds(work)
