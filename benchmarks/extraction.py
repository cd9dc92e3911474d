"""Extraction, compared with the forward pass that it needs: CPU time, as multiples of a plain loop.

Passes begin with reading pixels and end with finished stores. Other tools begin with preprocessed images in
memory, and end with their own files, or with values that are dropped after each batch.
"""

import itertools
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import torch

from benchmarks.common import (
    Options,
    Row,
    case,
    cpu_seconds,
    empty,
    in_turn,
    size_of,
    stored_bytes,
    use_one_thread,
)
from benchmarks.tools.handing import Handed
from benchmarks.tools.workers import workers
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
    many, fewer = (32, 16) if options.quick else (256, 64)
    with_few_maps = {NO_MAPS: (0, "none", "float32"), FEW_MAPS: (many // FEW, "lz4", "float32")}
    with_all_maps = {
        "statistics, maps of all, lz4": (fewer, "lz4", "float32"),
        "statistics, maps of all, none": (fewer, "none", "float32"),
        "statistics, maps of all in float16, lz4": (fewer, "lz4", "float16"),
        HALF_MAPS: (fewer, "none", "float16"),
    }
    # as jobs do; the plain loop and the other tools, too, are faster for it
    use_one_thread()
    yield from _measure(options, many, with_few_maps, ())
    # these write gigabytes, each of them
    yield from _measure(options, fewer, with_all_maps, tuple(STORED))


def _measure(
    options: Options, n_images: int, passes: Mapping[str, tuple[int, str, str]], others: Sequence[str]
) -> Iterator[Row]:
    """Measure passes, and other tools and the limit if there are any.

    Parameters
    ----------
    passes : by label, number of images with maps, their compression and dtype.
    others : names of tools.
    """
    name, batch, rounds = ("cnn", 8, 1) if options.quick else ("squeezenet1_1", 32, 3)
    stored: dict[str, int] = {}
    with options.temporary("extraction") as folder, workers(others, options, folder) as tools:
        this = case(name, n_images, folder / "images.zarr")
        inputs = [this.prepared.preprocess(pixels) for pixels in this.images.batches(batch)]
        names = [each.name for each in this.layers]
        recorder = this.prepared.recorder({each.name: each.node for each in this.layers})
        handed, able = Handed(this.prepared.network, torch.cat(inputs), names, batch), {}
        for tool, worker in tools.items():
            answer = worker.ask("load", what=handed)
            able[tool] = answer.result if answer else []
        places = (folder / str(number) for number in itertools.count())

        def loop() -> None:
            with torch.inference_mode():
                for images in inputs:
                    this.prepared.network(images)

        def written_loop() -> None:
            with torch.inference_mode(), open(folder / "raw", "wb") as file:

                def write(_: str, values: torch.Tensor) -> None:
                    raw = as_maps(values).half().contiguous().numpy().reshape(-1).view("uint8").data
                    for start in range(0, len(raw), PIECE):
                        file.write(raw[start : start + PIECE])

                for images in inputs:
                    recorder(images, write)

        def record(label: str) -> float:
            place, (n_maps, compression, dtype) = next(places), passes[label]
            work = this.recording(place, n_maps, batch=batch, compression=compression, dtype=dtype)
            taken = cpu_seconds(work)
            stored[label] = stored_bytes(place)["maps"]
            empty(place)
            return taken

        def store(tool: str) -> float:
            place = next(places)
            taken, _ = tools[tool].seconds("store", folder=str(place))
            stored[STORED[tool]] = size_of(place)
            empty(place)
            return taken

        def limit() -> float:
            taken = cpu_seconds(written_loop)
            stored[LIMIT] = (folder / "raw").stat().st_size
            os.truncate(folder / "raw", 0)
            return taken

        works: dict[str, Callable[[], float]] = {
            BARE: partial(cpu_seconds, loop),
            **{label: partial(record, label) for label in passes},
            **{STORED[tool]: partial(store, tool) for tool in tools},
            **({LIMIT: limit} if tools else {}),
            **{IN_MEMORY[tool]: lambda tool=tool: tools[tool].seconds("memory")[0] for tool in tools},
        }
        # what is loaded on first use, and caches
        loop()
        this.recording(next(places), 0, batch=batch, compression="none")()
        for worker in tools.values():
            worker.ask("memory")
        seconds = in_turn(rounds, works, warm_up=False)
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
            ratios = np.divide(values, seconds[other])
            yield Row(f"CPU time / {other}, {where}, {label}", ratios, "×", target)
    for kept, label in itertools.product(passes, (STORED[tool] for tool in tools)):
        if label in seconds:
            yield Row(f"CPU time, ours ({kept}) / {label}", np.divide(seconds[kept], seconds[label]), "×")
    for label, size in stored.items():
        if label in seconds and size:
            yield Row(f"maps on disk, {where}, {label}", [size / 2**20], "MiB")
