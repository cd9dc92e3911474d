"""Whether peak memory grows with the number of images: each value is of a process of its own.

All images have activation maps. One layer has large maps, and one has vectors.
"""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.common import Options, Row, case, in_a_process, run_measure

TARGET = 10
LAYERS = ("relu1", "relu5")
MEASURES = ("sparsity", "histogram")


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    few = 8 if options.quick else 1000
    yield Row("interpreter with numpy", [in_a_process(exec, "import numpy")[1]], "MiB")
    imports = in_a_process(exec, "import census.recording.forward")
    yield Row("with torch and the library", [imports[1]], "MiB")
    peaks: dict[str, list[float]] = {}
    for n_images in (few, 10 * few):
        with options.temporary("memory") as folder:
            _, peak = in_a_process(extraction, folder, n_images)
            peaks.setdefault("extraction", []).append(peak)
            for measure in MEASURES:
                for layer in LAYERS:
                    files = [str(folder / f"{layer}.zarr.zip")]
                    _, peak = in_a_process(run_measure, measure, files, folder)
                    peaks.setdefault(f"{measure} of {layer}", []).append(peak)
    for label, (one, ten) in peaks.items():
        yield Row(f"{label}, {few:,} images", [one], "MiB")
        yield Row(f"{label}, {10 * few:,} images", [ten], "MiB")
        yield Row(f"growth, {label}", [100 * (ten / one - 1)], "%", TARGET)


def extraction(folder: Path, n_images: int) -> None:
    """Run the cnn on generated images, with maps of all of them."""
    this = case("cnn", n_images, folder / "images.zarr", generated=True)
    this.recording(folder, n_images)()
