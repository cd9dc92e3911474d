"""Whether peak memory grows with the number of images: each figure is of a process of its own.

The network is the study's ``cnn``, with generated images, all of them with maps. The measures run
as in the workflow, without Snakemake, on one layer of large maps and one of vectors.
"""

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.common import Options, Row, case, in_a_process, peak_memory, run_script

TARGET = 10
LAYERS = ("relu1", "relu5")
# outputs and parameters
MEASURES: dict[str, tuple[list[str], dict[str, Any]]] = {
    "sparsity": (["layer", "units"], {"resamples": 1000, "seed": 0}),
    "histogram": (["table"], {"bins": 60, "seed": 0}),
}


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    few, rounds = (8, 1) if options.quick else (1000, 1)
    for task, label in (("interpreter", "interpreter with numpy"), ("imports", "with torch and the library")):
        yield Row(label, [_peak(task, options.folder) for _ in range(rounds)], "MiB")
    peaks: dict[str, dict[int, list[float]]] = {}
    for n_images in (few, 10 * few):
        with options.temporary("memory") as folder:
            for round_ in range(rounds):
                place = folder / str(round_)
                peaks.setdefault("extraction", {}).setdefault(n_images, []).append(
                    _peak("extraction", place, n_images)
                )
                for measure in MEASURES:
                    for layer in LAYERS:
                        peaks.setdefault(f"{measure} of {layer}", {}).setdefault(n_images, []).append(
                            _peak(measure, place, layer)
                        )
                shutil.rmtree(place)
    for label, found in peaks.items():
        for n_images, values in found.items():
            yield Row(f"{label}, {n_images:,} images", values, "MiB")
        growth = [100 * (ten / one - 1) for one, ten in zip(*found.values(), strict=True)]
        yield Row(f"growth, {label}", growth, "%", TARGET)


def _peak(task: str, folder: Path, *arguments: object) -> float:
    """Return the peak memory of a task in a process of its own."""
    (peak,) = in_a_process("benchmarks.memory", task, folder, *arguments)
    return peak


def extraction(folder: Path, n_images: int) -> None:
    """Run the cnn on generated images, with maps of all of them."""
    folder.mkdir(parents=True)
    this = case("cnn", n_images, folder / "images.zarr", generated=True)
    forward_pass = this.forward_pass(folder, n_images, 32, "lz4")
    forward_pass.run()
    this.finish(forward_pass, folder)


def measure(name: str, folder: Path, layer: str) -> None:
    """Run a measure on a layer's store."""
    outputs, parameters = MEASURES[name]
    files = {output: str(folder / f"{name}.{output}.parquet") for output in outputs}
    run_script(name, [str(folder / f"{layer}.zarr.zip")], files, parameters, folder)


if __name__ == "__main__":
    task, where, *rest = sys.argv[1:]
    if task == "imports":
        importlib.import_module("census.recording.forward")
    elif task == "extraction":
        extraction(Path(where), int(rest[0]))
    elif task in MEASURES:
        measure(task, Path(where), rest[0])
    print(peak_memory())
