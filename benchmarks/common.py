"""What all benchmarks share: rows of the table, the machine, and something to run a network on."""

import contextlib
import os
import platform
import re
import runpy
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import ROOT

if TYPE_CHECKING:
    from torch import nn

    from census.networks.layers import Layer
    from census.networks.prepared import Prepared
    from census.recording.forward import Images, Pass

COLUMNS = ("benchmark", "quantity", "median", "low", "high", "unit", "target", "met")


@dataclass(frozen=True)
class Row:
    """A measured quantity.

    Attributes
    ----------
    quantity : what was measured.
    values : one per round; none where it could not be measured, and ``quantity`` says why.
    unit : of the values.
    target : what the median may be at most; None where the quantity only informs.
    """

    quantity: str
    values: Sequence[float] = ()
    unit: str = ""
    target: float | None = None

    def cells(self, benchmark: str) -> tuple[str, ...]:
        """Return the row as text, one cell per column of :data:`COLUMNS`."""
        numbers, met = ["", "", ""], ""
        if len(self.values):
            median = float(np.median(self.values))
            numbers = [f"{each:.4g}" for each in (median, min(self.values), max(self.values))]
            if self.target is not None:
                # as printed: what exceeds its target in the tenth digit meets it
                met = "yes" if float(numbers[0]) <= self.target else "no"
        target = "" if self.target is None else f"{self.target:g}"
        return benchmark, self.quantity, *numbers, self.unit, target, met


@dataclass(frozen=True)
class Options:
    """How to measure.

    Attributes
    ----------
    quick : tiny inputs and few rounds: shows that it runs, measures nothing.
    folder : where results and, while it runs, temporary files lie.
    """

    quick: bool
    folder: Path

    @contextlib.contextmanager
    def temporary(self, name: str) -> Iterator[Path]:
        """Give an empty folder on the disk of the results, and remove it with all that is in it."""
        folder = self.folder / "tmp" / f"{name}-{os.getpid()}"
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):  # another benchmark, or another run, may be at work beside it
                folder.parent.rmdir()


def machine() -> str:
    """Return a description of the machine and of what is installed, in two lines."""
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        model = found[1] if found else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("torch", "numba", "numpy", "zarr", "numcodecs")
    )
    return (
        f"{model}, {cores()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}\n"
        f"Python {platform.python_version()}, {packages}, snakemake {version('snakemake')}"
    )


def cores() -> int:
    """Return how many cores the process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU time that a call takes in all threads of this process, the kernel's part included."""
    start = time.process_time()
    work()
    return time.process_time() - start


def elapsed_seconds(work: Callable[[], object]) -> float:
    """Return the time that passes during a call, whatever else the machine does."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peak_memory() -> float:
    """Return the most memory that this process had at any time, in MiB.

    Linux counts the peak of the process that a process was started from in ``getrusage``; the high-water
    mark in ``/proc`` begins anew with each program.
    """
    with contextlib.suppress(OSError):
        found = re.search(r"^VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
        if found:
            return int(found[1]) / 2**10
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


@dataclass(frozen=True)
class Case:
    """A network of the default study, and images for it.

    Attributes
    ----------
    entry : the network's entry in the config.
    prepared : itself, ready to run.
    layers : what ``layers: all`` means.
    images : in a store of their own, all of them with maps.
    origin : where weights and images come from.
    """

    entry: dict[str, Any]
    prepared: "Prepared"
    layers: "list[Layer]"
    images: "Images"
    origin: str

    @property
    def network(self) -> "nn.Module":
        """The network itself, in evaluation mode, in the layout in which it runs."""
        return self.prepared.network

    def forward_pass(
        self,
        folder: Path,
        n_maps: int,
        batch: int,
        compression: str,
        shard: int = 0,
        shards: int = 1,
        dtype: str = "float32",
    ) -> "Pass":
        """Return the pass over all layers, or the shard of it, that ``scripts/extract.py`` would run."""
        from dataclasses import replace

        from census.recording.forward import Pass

        return Pass(
            self.prepared,
            self.layers,
            replace(self.images, n_maps=n_maps),
            folder / "unfinished" / "pass" / str(shard),
            "benchmark",
            batch=batch,
            compression=compression,
            dtype=dtype,
            shard=shard,
            shards=shards,
        )

    def finish(self, forward_pass: "Pass", folder: Path) -> None:
        """Give the stores that a pass has filled their final names."""
        about = {"key": "", "pass": "", "network": "", "checkpoint": "final", "step": None, "dataset": ""}
        about["classes"] = [str(label) for label in range(int(np.max(self.images.labels)) + 1)]
        forward_pass.finish(about, {layer.name: folder / f"{layer.name}.zarr.zip" for layer in self.layers})


def case(name: str, n_images: int, folder: Path, *, generated: bool = False) -> Case:
    """Return a network of the default study with images for it.

    Weights and images are those of the study where it has been run, else random weights and generated images:
    blurred noise, whose neighboring pixels are alike, as those of images are.

    Parameters
    ----------
    name : the network's key in the config.
    n_images : how many images.
    folder : where the images are written.
    generated : generate weights and images even where there are the study's.
    """
    import yaml
    from scipy.ndimage import zoom

    from census.data.store import DatasetWriter, open_dataset
    from census.errors import StudyError
    from census.networks.build import build, channels_of
    from census.networks.prepared import prepare
    from census.networks.weights import load_weights
    from census.planning.config import read_config
    from census.recording.forward import Images
    from census.statistics.subset import choose_images

    config = read_config(yaml.safe_load((ROOT / "config.yaml").read_text())).plain()
    entry, run = config["networks"][name], next(each for each in config["runs"] if each["network"] == name)
    network = build(entry, 0, name)
    weights = ROOT / f"results/networks/{name}/final.safetensors"
    stored = None
    with contextlib.suppress(StudyError):
        stored = open_dataset(ROOT / f"results/data/{run['dataset']}/{run['split']}.zarr")
    size, channels = entry["input"]["size"], channels_of(entry["input"]["color"])
    writer = DatasetWriter(folder, n_images)
    if generated or not weights.exists() or stored is None or len(stored.labels) < n_images:
        origin = "random weights, generated images"
        random = np.random.default_rng(0)
        for index in range(n_images):
            coarse = random.uniform(-60, 315, (-(-size // 4), -(-size // 4), channels))
            fine = zoom(coarse, (4, 4, 1), order=1)[:size, :size].clip(0, 255)
            writer.append(fine.astype(np.uint8), index % entry["classes"])
    else:
        origin = f"weights and images of {name} and {run['dataset']} in results/"
        load_weights(network, weights)
        for index in choose_images(len(stored.labels), n_images, n_images, 0)[0].tolist():
            writer.append(stored.pixels[index], int(stored.labels[index]))
    writer.finish([], {})
    data = open_dataset(folder)
    images = Images(data.pixels, data.labels, np.arange(n_images), n_images)
    prepared = prepare(network, entry, name, pixels=next(images.batches(3)))
    return Case(entry, prepared, prepared.select("all"), images, origin)


class _Files(list[str]):
    """Files by number and by name, as Snakemake hands them to a script."""

    def __init__(self, files: Sequence[str] | Mapping[str, str]) -> None:
        super().__init__(files.values() if isinstance(files, Mapping) else files)
        if isinstance(files, Mapping):
            self.__dict__.update(files)


def run_script(
    name: str,
    inputs: Sequence[str] | Mapping[str, Any],
    outputs: Mapping[str, str],
    parameters: Mapping[str, Any],
    folder: Path,
) -> None:
    """Run a declared measure, or one of the workflow's scripts, in this process without Snakemake.

    Parameters
    ----------
    name : of the measure or the script.
    inputs, outputs, parameters : what its rule gives it; a list of files is a measure's first input.
    folder : for its log.
    """
    from census.measures import DECLARED, declared

    if name in DECLARED:
        from census.jobs import job
        from census.tables.measuring import run

        files = inputs if isinstance(inputs, Mapping) else {next(iter(declared(name).reads)): inputs}
        with job(folder / f"{name}.log"):
            run(name, files, outputs, parameters)
        return
    snakemake = SimpleNamespace(
        input=_Files(inputs),
        output=_Files(outputs),
        log=[str(folder / f"{name}.log")],
        params=SimpleNamespace(**parameters),
        threads=1,
    )
    runpy.run_path(str(ROOT / "scripts" / f"{name}.py"), {"snakemake": snakemake}, "__main__")


def in_a_process(module: str, *arguments: object) -> list[float]:
    """Run a module of this package in a process of its own; return the numbers of the last line it prints.

    Raises
    ------
    RuntimeError
        Where it fails, with what it said.
    """
    words = (module, *map(str, arguments))
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} failed:\n{done.stderr}")
    return [float(number) for number in done.stdout.splitlines()[-1].split()]


def empty(folder: Path) -> None:
    """Cut a folder's files off to nothing, and leave them: what is measured next makes files of its own.

    For minutes after files were removed, ext4 takes several times as long to make others: it passes over the
    places of those that were removed last, one by one.
    """
    for path in folder.rglob("*"):
        if path.is_file():
            os.truncate(path, 0)


def size_of(folder: Path, pattern: str = "*") -> int:
    """Return the bytes of a folder's files whose path matches a pattern."""
    return sum(path.stat().st_size for path in folder.rglob(pattern) if path.is_file())
