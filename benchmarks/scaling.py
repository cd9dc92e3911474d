"""How a study grows: jobs at two numbers of images, what large networks take per image, and planning.

The two sizes are whole steps over five layers of the study's ``cnn``, run by Snakemake one job after the
other. All networks have random weights.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import yaml

from benchmarks import ROOT
from benchmarks.common import (
    Case,
    Options,
    Row,
    cpu_seconds,
    in_a_process,
    random_network,
    stored_bytes,
    use_one_thread,
)

# a forward pass, and measures of layers whose memory grows with images up to a bound; with the rule of each
STEPS = {"extract": "extract_cnn_final_fashion_mnist", "selectivity": "selectivity", "clusters": "clusters"}


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    yield from _two_sizes(options)
    for network in ["squeezenet1_1"] if options.quick else ["vgg16", "googlenet", "resnet50"]:
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
        few, many = (64, 1_024) if options.quick else (1_875, 30_000)
        found = {n_images: _steps(folder, n_images) for n_images in (few, many)}
    for step in STEPS:
        for n_images, steps in found.items():
            yield Row(f"{step}: CPU time, {n_images:,} images", steps[step][:1], "s")
        added = (found[many][step][0] - found[few][step][0]) / (many - few) * 1000
        yield Row(f"{step}: CPU time that 1,000 images add, from {few:,} to {many:,}", [added], "s")
        for n_images, steps in found.items():
            yield Row(f"{step}: peak memory, {n_images:,} images", steps[step][1:], "MiB")


def _steps(folder: Path, n_images: int) -> dict[str, list[float]]:
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
    in_a_process(snakemake, folder, "--configfile", "study.yaml", "--", weights, images)
    found = {}
    for step, rule in STEPS.items():
        (_, *costs), _ = in_a_process(snakemake, folder, "--configfile", "study.yaml", "--until", rule)
        found[step] = costs
    return found


def snakemake(folder: Path, *arguments: str) -> tuple[str, float, float]:
    """Return what Snakemake prints, and CPU time in seconds and peak memory in MiB of it and its jobs.

    To be called in a small process: Linux counts the peak of the process that starts another to the new one.
    """
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "-s", str(ROOT / "Snakefile"), *arguments]
    with (folder / "output").open("w+") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        # Snakemake's own account of its jobs takes samples, half a minute apart
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read()
    if process.returncode:
        raise RuntimeError(f"snakemake failed:\n{said}")
    return said, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**10


def _per_image(network: str, options: Options) -> Iterator[Row]:
    """Measure passes over few images, each in a process of its own: what an image adds, and its maps."""
    few, more = (2, 4) if options.quick else (16, 48)
    found = []
    with options.temporary("scaling") as folder:
        for n_images, n_maps in ((few, few), (more, few), (more, more)):
            place = folder / f"{n_images}-{n_maps}"
            measured, memory = in_a_process(pass_over, network, n_images, n_maps, place)
            found.append(measured)
            shutil.rmtree(place)
    first, longer, with_maps = found
    for quantity in ("units", "neurons"):
        yield Row(f"{network}: {quantity}", [with_maps[quantity]])
    for label, unit, of_image, of_maps in (
        ("CPU time", "s", "seconds", "seconds"),
        ("disk", "kB", "statistics", "maps"),
    ):
        added = (longer[of_image] - first[of_image]) / (more - few)
        yield Row(f"{network}: {label}, an image", [added], unit)
        added = (with_maps[of_maps] - longer[of_maps]) / (more - few)
        yield Row(f"{network}: {label}, the maps of an image", [added], unit)
    yield Row(f"{network}: peak memory of the pass", [memory], "MiB")


def pass_over(network: str, n_images: int, n_maps: int, folder: Path) -> dict[str, float]:
    """Run a network; return its units and neurons, CPU seconds, and kB of statistics and of maps."""
    import zarr

    from census.recording.forward import Images
    from census.stores.activations import STATISTICS

    use_one_thread()
    random = np.random.default_rng(0)
    # coarse and fine structure, as images have
    coarse = random.integers(0, 160, (n_images, 14, 14, 3), dtype=np.uint8).repeat(16, 1).repeat(16, 2)
    fine = random.integers(0, 96, coarse.shape, dtype=np.uint8)
    pixels = zarr.array(coarse + fine, chunks=(32, 224, 224, 3))
    prepared = random_network(network, pixels[:3])
    images = Images(pixels, np.zeros(n_images, np.int32), np.arange(n_images), n_maps)
    this = Case({}, prepared, prepared.select(["nonlinear", "output"]), images, "random weights")
    forward_pass = this.forward_pass(folder, n_maps, batch=16)
    seconds = cpu_seconds(forward_pass.run)
    this.finish(forward_pass, folder)
    sizes = stored_bytes(folder)
    statistics = sum(sizes[name] for name in STATISTICS)
    return {
        "units": sum(layer.shape[0] for layer in this.layers),
        "neurons": sum(layer.n_neurons for layer in this.layers),
        "seconds": seconds,
        "statistics": statistics / 1e3,
        "maps": (sizes.total() - statistics) / 1e3,
    }


def _planning(options: Options) -> Iterator[Row]:
    """Plan the study of ImageNet, with class folders that have no images in them."""
    with options.temporary("scaling") as folder:
        for number in range(10 if options.quick else 1000):
            (folder / f"data/imagenet/n{number:08}").mkdir(parents=True)
        arguments = ("--configfile", str(ROOT / "studies/imagenet.yaml"), "--dry-run", "--quiet", "rules")
        start = time.perf_counter()
        (planned, *_), _ = in_a_process(snakemake, folder, *arguments)
        seconds = time.perf_counter() - start  # later, networks need not be run
        yield Row("planning the study of ImageNet, for the first time", [seconds], "s", 60)
        jobs = int(next(line.split()[1] for line in planned.splitlines() if line.startswith("total")))
        yield Row("jobs of the study of ImageNet", [jobs])
