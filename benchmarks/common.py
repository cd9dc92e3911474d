"""What all benchmarks share: rows of the table, clocks, processes, networks with images, generated stores."""

import contextlib
import json
import os
import pickle
import platform
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from benchmarks import ROOT

if TYPE_CHECKING:
    from census.networks.layers import Layer
    from census.networks.prepared import Prepared
    from census.recording.forward import Images, Pass

BATCH = 32  # images, of forward passes and of stores
Found = TypeVar("Found")
COLUMNS = ("benchmark", "quantity", "median", "low", "high", "unit", "target", "met")


@dataclass(frozen=True)
class Row:
    """A measured quantity.

    Attributes
    ----------
    quantity : what was measured.
    values : one per round; none if it could not be measured, and ``quantity`` says why.
    unit : of the values.
    target : what the median may be at most; None if the quantity only informs.
    """

    quantity: str
    values: Sequence[float] | np.ndarray = ()
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
    names = ("torch", "numba", "numpy", "zarr", "numcodecs", "snakemake")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return (
        f"{model}, {cores()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}\n"
        f"Python {platform.python_version()}, {versions}"
    )


def cores() -> int:
    """Return how many cores the process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Return the CPU time of a call in all threads, the kernel's part included, and the time that passes."""
    start = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - start[0], time.perf_counter() - start[1]


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of a call, see :func:`seconds`."""
    return seconds(work)[0]


def elapsed_seconds(work: Callable[[], object]) -> float:
    """Return the time that passes during a call, whatever else the machine does."""
    return seconds(work)[1]


def in_turn(
    rounds: int, works: Mapping[str, Callable[[], Found]], *, warm_up: bool = True
) -> dict[str, list[Found]]:
    """Call functions in turn, and return what each returned in each round.

    Parameters
    ----------
    rounds : number of rounds.
    works : functions by name, such as measurements of a time.
    warm_up : whether a round before, which does not count, warms caches up.
    """
    found: dict[str, list[Found]] = {name: [] for name in works}
    for number in range(rounds + warm_up):
        for name, work in works.items():
            result = work()
            if number >= warm_up:
                found[name].append(result)
    return found


def use_one_thread() -> None:
    """Have torch use one thread, and keep freed memory as jobs do.

    With more threads, those that wait for one another spin, and on a busy machine that would be measured.
    """
    import torch

    from census.networks.device import keep_freed_memory

    torch.set_num_threads(1)
    keep_freed_memory()


def peak_memory() -> float:
    """Return the most memory that this process had at any time, in MiB.

    The high-water mark in ``/proc`` begins anew with each program, while ``getrusage`` counts the peak of the
    process that a process was started from.
    """
    (found,) = re.findall(r"^VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found) / 2**10


@dataclass(frozen=True)
class Case:
    """A network of the default study, and images for it.

    Attributes
    ----------
    entry : the network's entry in the config.
    prepared : itself, ready to run.
    layers : those that are recorded.
    images : in a store of their own, all of them with maps.
    origin : where weights and images come from.
    """

    entry: dict[str, Any]
    prepared: "Prepared"
    layers: "list[Layer]"
    images: "Images"
    origin: str

    def forward_pass(self, folder: Path, n_maps: int, **changed: Any) -> "Pass":
        """Return the forward pass over all layers that ``scripts/extract.py`` would run, or a shard of it.

        Parameters
        ----------
        folder : folder of finished stores; unfinished ones are in a folder of it.
        n_maps : number of images with activation maps.
        changed : settings other than batches of 32 images, LZ4, float32 and one shard.
        """
        from census.recording.forward import Pass

        images = replace(self.images, n_maps=n_maps)
        unfinished = folder / "unfinished/pass" / str(changed.get("shard", 0))
        settings = {"batch": BATCH, "compression": "lz4", **changed}
        return Pass(self.prepared, self.layers, images, unfinished, "benchmark", **settings)

    def finish(self, forward_pass: "Pass", folder: Path) -> None:
        """Give the stores that a pass has filled their final names."""
        about = {"key": "", "pass": "", "network": "", "checkpoint": "final", "step": None, "dataset": ""}
        about["classes"] = [str(label) for label in range(int(np.max(self.images.labels)) + 1)]
        forward_pass.finish(about, {layer.name: folder / f"{layer.name}.zarr.zip" for layer in self.layers})

    def recording(self, folder: Path, n_maps: int, **changed: Any) -> Callable[[], None]:
        """Return a call that runs :meth:`forward_pass` and finishes its stores, ``LAYER.zarr.zip``."""
        forward_pass = self.forward_pass(folder, n_maps, **changed)

        def record() -> None:
            forward_pass.run()
            self.finish(forward_pass, folder)

        return record


def case(
    name: str, n_images: int, folder: Path, layers: str | Sequence[str] = "all", *, generated: bool = False
) -> Case:
    """Return a network of the default study with images for it.

    Weights and images are those of the study if it has been run, else random weights and generated images:
    blurred noise, whose neighboring pixels are alike, as those of images are.

    Parameters
    ----------
    name : the network's key in the config.
    n_images : number of images.
    folder : where the images are written.
    layers : names of the layers, or ``all``.
    generated : generate weights and images even if there are the study's.
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
    return Case(entry, prepared, prepared.select(layers), images, origin)


def random_network(architecture: str, pixels: np.ndarray) -> "Prepared":
    """Return a network of torchvision with random weights, tested on some of the images.

    Parameters
    ----------
    architecture : its name in ``torchvision.models``.
    pixels : array of uint8, shape (n_images, 224, 224, 3).
    """
    from census.networks.build import build
    from census.networks.prepared import prepare

    entry = {
        **{"architecture": architecture, "arguments": {}, "classes": 1000, "weights": "random"},
        "input": {
            **{"size": 224, "resize": None, "color": "RGB", "range": 1},
            **{"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
        },
    }
    return prepare(build(entry, 0, architecture), entry, architecture, pixels=pixels)


def generate(
    path: Path,
    shape: tuple[int, int, int],
    n_images: int,
    n_classes: int,
    n_maps: int = 0,
    maps: Callable[[slice], np.ndarray] | None = None,
    compression: str = "none",
) -> None:
    """Write the store of a nonlinear layer, whose units prefer some classes to others.

    Parameters
    ----------
    path : path of the store; its name, a number, seeds the values and tells the layer's depth.
    shape : number of units, height and width.
    n_images, n_classes, n_maps : number of images, of classes, and of images with activation maps.
    maps : function that returns the maps of images, (n, height, width, n_units); None for random ones.
    compression : compression of maps.
    """
    from census.stores.activations import StoreWriter, create_store, finish_store, images_per_chunk

    name, (units, height, width) = path.name.partition(".")[0], shape
    random = np.random.default_rng(int(name))
    # each class has images, of which some measures need two
    labels = (random.permutation(n_images) % n_classes).astype(np.int32)
    preference = random.gamma(0.5, size=(n_classes, units)).astype(np.float32)
    unfinished = path.with_suffix(".unfinished")
    create_store(unfinished, shape, np.arange(n_images), labels, n_maps, BATCH, compression)
    writer = StoreWriter(unfinished)
    step = images_per_chunk(BATCH)
    for first in range(0, n_images, step):
        preferred = preference[labels[first : first + step]]
        largest = preferred * random.exponential(size=preferred.shape).astype(np.float32)
        position = random.integers(height * width, size=largest.shape, dtype=np.int32)
        writer.write_statistics(first, (largest / 4, largest, position, np.ones_like(position)))
    for first in range(0, n_maps, BATCH):
        images = slice(first, min(first + BATCH, n_maps))
        preferred = preference[labels[images]][:, None, None]
        noise = random.standard_normal((len(preferred), height, width, units), np.float32)
        writer.write_maps(first, maps(images) if maps else (preferred + noise - 1).clip(0))
    about = {"key": "", "network": "n", "checkpoint": "final", "step": None, "dataset": "d"}
    layer = {"layer": name, "depth": int(name), "kind": "nonlinearity", "branch_of": "", "shape": list(shape)}
    classes = [f"class {label}" for label in range(n_classes)]
    finish_store(unfinished, {**about, **layer, "classes": classes}, path)


def run_measure(
    name: str, files: Sequence[str] | Mapping[str, Sequence[str]], folder: Path, **changed: Any
) -> dict[str, str]:
    """Run a job of a declared measure in this process, without Snakemake.

    Parameters
    ----------
    name : name of the measure.
    files : paths of each input, or those of the first one.
    folder : folder of the log and of the files that are written.
    changed : parameters other than the defaults.

    Returns
    -------
    path of each table, and of the store of arrays as ``store``.
    """
    from census.jobs import job
    from census.measures import declared
    from census.tables.measuring import ARRAYS, run

    measure = declared(name)
    written = [table or "table" for table in measure.tables] + [ARRAYS] * measure.has_arrays
    outputs = {each: str(folder / f"{name}.{each}") for each in written}
    inputs = files if isinstance(files, Mapping) else {next(iter(measure.reads)): files}
    with job(folder / f"{name}.log"):
        run(name, inputs, outputs, {**asdict(measure.parameters()), "seed": 0, **changed})
    return outputs


def in_a_process(work: Callable[..., object], *arguments: object) -> tuple[Any, float]:
    """Call a function in a process of its own; return its result, and the peak memory of the process in MiB.

    Parameters
    ----------
    work : function of a module; JSON can say what it returns.
    arguments : for the function.

    Raises
    ------
    RuntimeError : it fails; what the process said.
    """
    done = subprocess.run(
        [sys.executable, "-c", "from benchmarks.common import answer; answer()"],
        cwd=ROOT,
        input=pickle.dumps((work, arguments)),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{work.__module__}.{work.__name__}{arguments} failed:\n{done.stderr.decode()}")
    result, peak = json.loads(done.stdout.splitlines()[-1])
    return result, peak


def answer() -> None:
    """Call the function that :func:`in_a_process` has sent, and print its result and the peak memory."""
    work, arguments = pickle.load(sys.stdin.buffer)
    print(json.dumps((work(*arguments), peak_memory())))


def empty(folder: Path) -> None:
    """Cut a folder's files off to nothing, and leave them: what is measured next makes files of its own.

    For minutes after files were removed, ext4 takes several times as long to make others: it passes over the
    places of those that were removed last, one by one.
    """
    for path in folder.rglob("*"):
        if path.is_file():
            os.truncate(path, 0)


def size_of(folder: Path) -> int:
    """Return the bytes of a folder's files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def stored_bytes(folder: Path) -> Counter[str]:
    """Return the bytes of each array in a folder's stores of layers, without metadata."""
    sizes: Counter[str] = Counter()
    for path in folder.glob("*.zarr.zip"):
        with zipfile.ZipFile(path) as file:
            for entry in file.infolist():
                array, _, chunk = entry.filename.rpartition("/")
                if chunk != "zarr.json":
                    sizes[array] += entry.file_size
    return sizes
