"""What extraction costs beside the forward pass that it needs anyway: CPU time, as multiples of a bare loop.

Compared in turn, in each round: a loop in inference mode that keeps nothing; passes as the workflow runs
them, from reading pixels to stores under their final names; and, as the limit that the machine sets, the loop
with the same values written by ``write`` in pieces of 4 MB, without statistics, checks or a format.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks.common import Case, Options, Row, case, cpu_seconds, size_of
from census.networks.device import keep_freed_memory
from census.networks.graph import Recorder, as_maps, trace
from census.networks.preprocess import Preprocess

TARGET = 1.3
PIECE = 4 << 20
# maps of all images, and of one in sixteen
ALL, FEW = 1, 16


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    name, n_images, batch, rounds = ("cnn", 32, 8, 2) if options.quick else ("squeezenet1_1", 256, 32, 5)
    passes = {
        "statistics, no maps": (0, "none"),
        f"statistics, maps of 1/{FEW}, lz4": (n_images // FEW, "lz4"),
        "statistics, maps of all, none": (n_images // ALL, "none"),
        "statistics, maps of all, lz4": (n_images // ALL, "lz4"),
        "statistics, maps of all, zstd": (n_images // ALL, "zstd"),
    }
    limit, bare = "limit: bare loop and raw write of all maps", "bare loop"
    seconds: dict[str, list[float]] = {each: [] for each in (bare, *passes, limit)}
    stored: dict[str, int] = {}
    # with more, threads that wait for one another spin, and on a busy machine that is what would be measured
    torch.set_num_threads(1)
    # as jobs do; the bare loop, too, is faster for it
    keep_freed_memory()
    with options.temporary("extraction") as folder:
        this = case(name, n_images, folder / "images.zarr")
        inputs = [Preprocess(this.entry["input"])(pixels) for pixels in this.images.batches(batch)]
        network = this.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        recorder = Recorder(trace(network, in_place=True), {each.name: each.node for each in this.layers})

        def loop() -> None:
            with torch.inference_mode():
                for images in inputs:
                    network(images)

        def written_loop() -> None:
            with torch.inference_mode(), open(folder / "raw", "wb") as file:
                for images in inputs:
                    for _, values in recorder(images):
                        raw = as_maps(values).contiguous().numpy().reshape(-1).view("uint8").data
                        for start in range(0, len(raw), PIECE):
                            file.write(raw[start : start + PIECE])

        # the first round warms caches up, and does not count
        for number in range(rounds + 1):
            found = {bare: cpu_seconds(loop)}
            for label, (n_maps, compression) in passes.items():
                found[label] = _run(this, folder / "stores", n_maps, batch, compression)
                stored[label] = size_of(folder / "stores", "maps/c/**/*")
                shutil.rmtree(folder / "stores")
            found[limit] = cpu_seconds(written_loop)
            stored[limit] = (folder / "raw").stat().st_size
            (folder / "raw").unlink()
            for label, value in found.items():
                if number:
                    seconds[label].append(value)
    where = f"{name}, {n_images} images, {len(this.layers)} layers, batch {batch}, 1 thread"
    yield Row(f"{where}: {this.origin}")
    for label, values in seconds.items():
        yield Row(f"CPU time, {label}", values, "s")
    for label, values in seconds.items():
        ratios = [value / base for value, base in zip(values, seconds[bare], strict=True)]
        if label != bare:
            yield Row(f"CPU time / bare loop, {label}", ratios, "×", None if label == limit else TARGET)
    for label, size in stored.items():
        yield Row(f"maps on disk, {label}", [size / 2**20], "MiB")
        if size and label != limit:
            n_maps = passes[label][0]
            yield Row(f"maps on disk / raw, {label}", [size * n_images / n_maps / stored[limit]], "×")


def _run(this: Case, folder: Path, n_maps: int, batch: int, compression: str) -> float:
    folder.mkdir()
    forward_pass = this.forward_pass(folder, n_maps, batch, compression)

    def work() -> None:
        forward_pass.run()
        this.finish(forward_pass, folder)

    return cpu_seconds(work)
