"""How a study grows: jobs at two numbers of images, what large networks take per image, and planning.

The two sizes are whole steps over five layers, run by Snakemake one job after the other on one core: the
study's ``cnn`` with random weights, on so many images to train on of Fashion-MNIST. The large networks have
random weights and generated images.
"""

import itertools
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from benchmarks import ROOT
from benchmarks.common import Options, Row, cpu_seconds, in_a_process, peak_memory

# a forward pass, and measures of layers whose memory grows with images up to a bound; with the rule of each
STEPS = {
    "extract": "extract_cnn_final_fashion_mnist",
    "selectivity": "selectivity",
    "clusters": "clusters",
}
SIZES = (1_875, 30_000)
QUICK_SIZES = (64, 1_024)
NETWORKS = ("vgg16", "googlenet", "resnet50")
# for a quick look
QUICK_NETWORKS = ("squeezenet1_1",)


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    yield from _two_sizes(options)
    for network in QUICK_NETWORKS if options.quick else NETWORKS:
        yield from _per_image(network, options)
    yield from _planning(options)


def _two_sizes(options: Options) -> Iterator[Row]:
    sources = ROOT / "results/sources/fashion-mnist"
    if not sources.is_dir():
        yield Row("skipped: two sizes need Fashion-MNIST in results/sources; run the study first")
        return
    with options.temporary("scaling") as folder:
        (folder / "results/sources").mkdir(parents=True)
        (folder / "results/sources/fashion-mnist").symlink_to(sources)
        sizes = QUICK_SIZES if options.quick else SIZES
        found = {n_images: _steps(folder, n_images) for n_images in sizes}
    for step in STEPS:
        for n_images, steps in found.items():
            yield Row(f"{step}: CPU time, {n_images:,} images", steps[step][:1], "s")
        for (few, small), (many, large) in itertools.pairwise(found.items()):
            added = (large[step][0] - small[step][0]) / (many - few) * 1000
            yield Row(f"{step}: CPU time that 1,000 images add, from {few:,} to {many:,}", [added], "s")
        for n_images, steps in found.items():
            yield Row(f"{step}: peak memory, {n_images:,} images", steps[step][1:], "MiB")


def _steps(folder: Path, n_images: int) -> dict[str, tuple[float, float]]:
    """Run a study of so many images step by step; return CPU time and peak memory of each.

    Both include Snakemake's own. Weights and the data set, which are the same for any number, are there from
    the first one on.
    """
    run = {
        **{"network": "cnn", "dataset": "fashion_mnist", "split": "train", "n_images": n_images},
        **{"n_map_images": 100, "layers": "nonlinear", "checkpoints": "final"},
    }
    study = {"device": "cpu", "networks": {"cnn": {"weights": "random", "training": None}}, "runs": [run]}
    (folder / "study.yaml").write_text(yaml.safe_dump(study))
    weights, images = "results/networks/cnn/final.safetensors", "results/data/fashion_mnist/train.zarr"
    _snakemake(folder, "--configfile", "study.yaml", "--", weights, images)
    return {
        step: _snakemake(folder, "--configfile", "study.yaml", "--until", rule)[1:]
        for step, rule in STEPS.items()
    }


def _snakemake(folder: Path, *arguments: str) -> tuple[str, float, float]:
    """Return what Snakemake prints, and CPU time in seconds and peak memory in MiB of it and its jobs."""
    options = ("--cores", "1", "--directory", str(folder), "-s", str(ROOT / "Snakefile"))
    # started from a small process: Linux counts the peak of the one from which it was to a new one's
    code, seconds, memory = in_a_process("benchmarks.scaling", "snakemake", folder, *options, *arguments)
    said = (folder / "output").read_text()
    if code:
        raise RuntimeError(f"snakemake failed:\n{said}")
    return said, seconds, memory


def call_snakemake(folder: Path, *arguments: str) -> None:
    """Call Snakemake; print its exit status, and CPU seconds and peak memory in MiB of it and its jobs."""
    with (folder / "output").open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        # Snakemake's own account of its jobs takes samples, half a minute apart
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    print(process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**10)


def _per_image(network: str, options: Options) -> Iterator[Row]:
    """Measure passes over few images, each in a process of its own: what an image adds, and its maps."""
    few, more = (2, 4) if options.quick else (16, 48)
    with options.temporary("scaling") as folder:
        found = {}
        for n_images, n_maps in ((few, few), (more, few), (more, more)):
            place = folder / f"{n_images}-{n_maps}"
            about = network, n_images, n_maps, place
            found[n_images, n_maps] = in_a_process("benchmarks.scaling", *about)
            shutil.rmtree(place)
    first, longer, with_maps = found.values()
    units, neurons, *_, memory = with_maps
    yield Row(f"{network}: units", [units])
    yield Row(f"{network}: neurons", [neurons])
    for label, unit, of_image, of_maps in (("CPU time", "s", 2, 2), ("disk", "kB", 3, 4)):
        added = (longer[of_image] - first[of_image]) / (more - few)
        yield Row(f"{network}: {label}, an image", [added], unit)
        added = (with_maps[of_maps] - longer[of_maps]) / (more - few)
        yield Row(f"{network}: {label}, the maps of an image", [added], unit)
    yield Row(f"{network}: peak memory of the pass", [memory], "MiB")


def pass_over(network: str, n_images: int, n_maps: int, folder: Path) -> None:
    """Run a network; print units, neurons, seconds, kB of statistics, kB of maps, and MiB of memory."""
    import numpy as np
    import torch
    import zarr

    from census.networks.build import build
    from census.networks.device import keep_freed_memory
    from census.networks.prepared import prepare
    from census.recording.forward import Images, Pass
    from census.stores.activations import STATISTICS

    torch.set_num_threads(1)
    keep_freed_memory()
    entry = {
        **{"architecture": network, "arguments": {}, "classes": 1000, "weights": "random"},
        "input": {
            **{"size": 224, "resize": None, "color": "RGB", "range": 1},
            **{"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
        },
    }
    random = np.random.default_rng(0)
    # coarse and fine structure, as images have
    coarse = random.integers(0, 160, (n_images, 14, 14, 3), dtype=np.uint8).repeat(16, 1).repeat(16, 2)
    pixels = zarr.array(
        coarse + random.integers(0, 96, coarse.shape, dtype=np.uint8), chunks=(32, 224, 224, 3)
    )
    images = Images(pixels, np.zeros(n_images, np.int32), np.arange(n_images), n_maps)
    prepared = prepare(build(entry, 0, network), entry, network, pixels=next(images.batches(3)))
    layers = prepared.select(["nonlinear", "output"])
    folder.mkdir(parents=True)
    run = Pass(
        prepared,
        layers,
        images,
        folder / "unfinished/pass/0",
        "",
        batch=16,
        compression="lz4",
    )
    seconds = cpu_seconds(run.run)
    run.finish({"key": "", "pass": ""}, {layer.name: folder / f"{layer.name}.zarr.zip" for layer in layers})
    sizes = {"statistics": 0, "maps": 0}
    for path in folder.glob("*.zarr.zip"):
        with zipfile.ZipFile(path) as file:
            for entry in file.infolist():
                array, _, name = entry.filename.rpartition("/")
                if name != "zarr.json":
                    sizes["statistics" if array in STATISTICS else "maps"] += entry.file_size
    units, neurons = sum(layer.shape[0] for layer in layers), sum(layer.n_neurons for layer in layers)
    print(units, neurons, seconds, sizes["statistics"] / 1e3, sizes["maps"] / 1e3, peak_memory())


def _planning(options: Options) -> Iterator[Row]:
    """Plan the study of ImageNet, with class folders that have no images in them."""
    with options.temporary("scaling") as folder:
        for number in range(10 if options.quick else 1000):
            (folder / f"data/imagenet/n{number:08}").mkdir(parents=True)
        arguments = ("--configfile", str(ROOT / "studies/imagenet.yaml"), "--dry-run", "--quiet", "rules")
        start = time.perf_counter()
        planned, *_ = _snakemake(folder, *arguments)
        seconds = time.perf_counter() - start  # later, networks need not be run
        yield Row("planning the study of ImageNet, for the first time", [seconds], "s", 60)
        jobs = int(next(line.split()[1] for line in planned.splitlines() if line.startswith("total")))
        yield Row("jobs of the study of ImageNet", [jobs])


if __name__ == "__main__":
    if sys.argv[1] == "snakemake":
        call_snakemake(Path(sys.argv[2]), *sys.argv[3:])
    else:
        pass_over(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
