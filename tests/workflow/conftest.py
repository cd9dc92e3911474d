"""Tiny whole studies, run by Snakemake in separate folders."""

import contextlib
import copy
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import yaml
from filelock import FileLock
from PIL import Image

ROOT = Path(__file__).parents[2]
# what a clone of the repository has and a run of the study reads
PARTS = ("Snakefile", "config.yaml", "envs", "profiles", "scripts", "workflow")

# a network of the user's own. What watches over its batches counts them, and halts or fails at one of them:
# so a test stops a job at a known place, at any speed of the machine. A network is tried on three
# images before each job; these are no batches. Its training from one seed diverges if a test asks for it.
MY_NETWORKS = """
import os
import time
from collections import OrderedDict
from pathlib import Path

import torch
from torch import nn


@torch.fx.wrap
def watched(values):
    if "BATCHES" in os.environ and len(values) > 3:
        with Path(os.environ["BATCHES"]).open("a") as file:
            file.write(".")
        number = Path(os.environ["BATCHES"]).stat().st_size
        if str(number) in os.environ.get("HALT_AT", "").split(","):
            time.sleep(600)
        if number == int(os.environ.get("FAIL_AT", 0)):
            raise RuntimeError(f"no luck with batch {number}")
    return values


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.relu = nn.ReLU()
        self.classifier = nn.Linear(4 * 8 * 8, 3)
        if str(torch.initial_seed()) == os.environ.get("DIVERGE_FROM"):
            self.classifier.weight.data *= 1e30

    def forward(self, images):
        return self.classifier(self.relu(self.conv(watched(images))).flatten(1))


def small():
    return Small()


def narrow():
    parts = {"conv": nn.Conv2d(3, 1, 16), "flat": nn.Flatten(), "linear": nn.Linear(1, 3)}
    return nn.Sequential(OrderedDict(parts))
"""

# Python imports a module of this name before all else. The first job that opens a certain file to write, or
# gives a file its name, halts there, until it may go on: what it makes is half done by then.
HALTS = """
import os
import sys
import time
from pathlib import Path


def halt(event, arguments):
    if event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR):
        path = arguments[0]
    elif event == "os.rename":
        path = arguments[1]
    else:
        return
    halted = Path(os.environ["HALTED"])
    if os.environ["HALT_WRITING"] in str(path) and not halted.exists():
        halted.write_text(str(os.getpid()))
        while not halted.with_suffix(".over").exists():
            time.sleep(0.02)


if "HALT_WRITING" in os.environ:
    sys.addaudithook(halt)
"""


# the same; each job notes what it has imported by its end
IMPORTS = """
import atexit
import os
import sys
from pathlib import Path


def note():
    script = getattr(sys.modules["__main__"], "snakemake", None)
    if script is not None:
        (Path(os.environ["IMPORTED"]) / f"{script.rule}.{os.getpid()}").write_text("\\n".join(sys.modules))


if "IMPORTED" in os.environ:
    atexit.register(note)
"""


# returns the folder of a name; makes it before, once for all processes that run tests
Share = Callable[[str, Callable[[Path], None]], Path]


def make_images(folder: Path, per_class: int) -> None:
    """Draw three classes of 16×16 images, told apart by their color; the same ones each time."""
    random = np.random.default_rng(0)
    for channel, name in enumerate(("blue-ish", "green-ish", "red-ish")):
        place = folder / name
        place.mkdir(parents=True)
        for number in range(per_class):
            pixels = random.integers(0, 160, (16, 16, 3), dtype=np.uint8)
            pixels[..., 2 - channel] += 90
            Image.fromarray(pixels).save(place / f"{number:03}.png")


def imported_first(code: str, folder: Path) -> dict[str, str]:
    """Return an environment in which Python runs some code before all else; it lies in a folder."""
    (folder / "modules").mkdir(exist_ok=True)
    (folder / "modules/sitecustomize.py").write_text(code)
    modules = [str(folder / "modules"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(modules)}


def kill_group(process: subprocess.Popen[str]) -> None:
    """Kill a process that has not ended, and all that it has started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def wait_until(when: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait until something is the case, as long as a process runs."""
    until = time.monotonic() + 300
    while not when():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < until, "it did not come so far in five minutes"
        time.sleep(0.05)


def modified(folder: Path) -> dict[str, int]:
    """Return when each file below a folder was last written, by its path."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_mtime_ns
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def name_of_job(log: str) -> str:
    """Return a job's name, ``sparsity/cnn/tiny/relu1``, from the path of its log."""
    return log.removeprefix("logs/").removesuffix(".log")


@dataclass(frozen=True)
class Ended:
    """A call of Snakemake that has ended.

    Attributes
    ----------
    status : its exit status.
    output : all that it printed.
    jobs : what ran, see :func:`name_of_job`.
    """

    status: int
    output: str
    jobs: set[str]

    @property
    def nothing_to_do(self) -> bool:
        return self.status == 0 and not self.jobs and "Nothing to be done" in self.output

    def passes(self) -> set[str]:
        return {job for job in self.jobs if job.startswith("extract/")}


@dataclass
class Study:
    """A study in a folder of its own.

    Attributes
    ----------
    folder : holds the config, the data and the results.
    checkout : of the repository, whose Snakefile runs.
    config : overrides the default study.
    override : of the repository's; lies under ``config``.
    """

    folder: Path
    checkout: Path
    config: dict[str, Any]
    override: Path | None = None

    def start(self, *arguments: str, **environment: object) -> subprocess.Popen[str]:
        """Call Snakemake, and do not wait for it."""
        (self.folder / "study.yaml").write_text(yaml.safe_dump(self.config))
        snakefile = ["-s", str(self.checkout / "Snakefile"), "--directory", str(self.folder)]
        overrides = [str(file) for file in (self.override, self.folder / "study.yaml") if file]
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "snakemake", *arguments, *snakefile),
                *("--configfile", *overrides, "--cores", "2"),
            ],
            # Snakemake takes relative files of configuration from here
            cwd=self.folder,
            env={**os.environ, **{name: str(value) for name, value in environment.items()}},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # a group of its own can be killed with all its jobs
            start_new_session=True,
        )

    def run(self, *arguments: str, **environment: object) -> Ended:
        """Call Snakemake, wait for it, and find out which jobs ran."""
        before = modified(self.folder / "logs")
        process = self.start(*arguments, **environment)
        try:
            output, _ = process.communicate(timeout=900)
        finally:
            kill_group(process)
        after = modified(self.folder / "logs")
        jobs = {name_of_job(path) for path in after if after[path] != before.get(path)}
        if process.returncode == 0:
            # Snakemake's own count says that no job ran without leaving its log
            finished = re.findall(r"^Finished jobid: \d+ \(Rule: (.+)\)$", output, re.MULTILINE)
            assert len(jobs) == len([rule for rule in finished if rule != "all"]), output
        return Ended(process.returncode, output, jobs)

    def succeed(self, *arguments: str, **environment: object) -> Ended:
        """Call Snakemake, which has to end well."""
        ended = self.run(*arguments, **environment)
        assert ended.status == 0, ended.output
        return ended

    def planned(self, *targets: str) -> set[str]:
        """Return the jobs that a call of Snakemake would run; new results stand for jobs by their paths."""
        rows = [line.split("\t") for line in self.succeed("--summary", *targets).output.splitlines()]
        header = next(row for row in rows if row[0] == "output_file")
        files = (dict(zip(header, row, strict=True)) for row in rows if len(row) == len(header))
        return {
            file["output_file"] if file["log-file(s)"] == "-" else name_of_job(file["log-file(s)"])
            for file in files
            if file["plan"] == "update pending"
        }

    def kill(self, process: subprocess.Popen[str], when: Callable[[], bool]) -> None:
        """Kill a call of Snakemake with all its jobs as soon as something is the case, without notice."""
        try:
            wait_until(when, process)
        finally:
            kill_group(process)
        process.communicate()
        # what it had locked stays so; `snakemake --unlock` does no more than this
        shutil.rmtree(self.folder / ".snakemake/locks")

    @contextlib.contextmanager
    def halted(self, file: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
        """Call Snakemake, and halt a job when it is about to write or name a file, until :meth:`go_on`.

        Parameters
        ----------
        file : part of its path.

        Yields
        ------
        Snakemake, and the id of the job's process.
        """
        halted = self.folder / "halted"
        environment = imported_first(HALTS, self.folder)
        process = self.start(*arguments, HALT_WRITING=file, HALTED=halted, **environment)
        try:
            wait_until(lambda: halted.exists() and halted.read_text() != "", process)
            yield process, int(halted.read_text())
        finally:
            kill_group(process)

    def go_on(self) -> None:
        """Let what :meth:`halted` has halted go on."""
        (self.folder / "halted.over").touch()

    def copy(self, folder: Path) -> "Study":
        """Copy the study with its results and their times, as moving it would leave them."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Study(folder, self.checkout, copy.deepcopy(self.config), self.override)

    def store(self, network: str, checkpoint: str, layer: str, dataset: str = "tiny") -> Path:
        return self.folder / "results/activations" / network / checkpoint / dataset / f"{layer}.zarr.zip"

    def activations(self, network: str, checkpoint: str, layer: str, dataset: str = "tiny") -> xr.Dataset:
        """Open a store of activations."""
        return xr.open_zarr(f"zip::{self.store(network, checkpoint, layer, dataset)}")

    def made(self) -> dict[str, tuple[int, int]]:
        """Return inode and time of each store of activations, by path: the same where nothing was written."""
        activations = self.folder / "results/activations"
        return {
            str(path.relative_to(activations)): (path.stat().st_ino, path.stat().st_mtime_ns)
            for path in activations.glob("*/*/*/*.zarr.zip")
        }


NORMALIZED = {"size": 16, "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]}
CONFIG = {
    "device": "cpu",
    "datasets": {"tiny": {"source": "folder", "path": {"train": "images/train", "test": "images/test"}}},
    "networks": {
        # its weights are random
        "random": {"architecture": "cnn", "classes": 3, "input": NORMALIZED},
        "small": {
            "architecture": "my_networks:small",
            "classes": 3,
            "weights": "train",
            "input": NORMALIZED,
            "training": {
                "dataset": "tiny",
                "epochs": 4,
                "batch": 12,
                "learning_rate": 0.02,
                "checkpoints": [0, 1],
            },
        },
    },
    "runs": [
        {"network": "random", "dataset": "tiny", "layers": ["relu1", "output"], "n_map_images": 6},
        {
            "network": "small",
            "dataset": "tiny",
            "layers": ["relu", "output"],
            "n_map_images": 6,
            "checkpoints": "all",
            "n_checkpoint_images": 10,
        },
    ],
    "activations": {"batch": 4},
    "figures": {"formats": ["png"], "dpi": 60},
}


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Share:
    """A function that returns a folder which all processes that run tests share, and makes it once.

    It is only to be read or copied.
    """
    base = tmp_path_factory.getbasetemp()

    def shared(name: str, make: Callable[[Path], None]) -> Path:
        folder = (base if worker_id == "master" else base.parent) / name
        made = folder.with_name(f"{name}.made")
        with FileLock(f"{folder}.lock"):
            if not made.exists():
                shutil.rmtree(folder, ignore_errors=True)  # half made by a process that failed
                folder.mkdir()
                make(folder)
                made.touch()
        return folder

    return shared


@pytest.fixture(scope="session")
def checkout(shared: Share) -> Path:
    """A copy of the repository that stays unchanged while the tests run."""

    def make(folder: Path) -> None:
        for part in PARTS:
            if (ROOT / part).is_symlink():
                (folder / part).symlink_to(os.readlink(ROOT / part))
            elif (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, folder / part, symlinks=True)
            else:
                shutil.copy2(ROOT / part, folder / part)

    return shared("checkout", make)


@pytest.fixture(scope="session")
def begin(checkout: Path, shared: Share) -> Callable[[Path], Study]:
    """A function that begins a study in a folder: its data are there, and no results but lists of layers."""

    def make(folder: Path) -> None:
        (folder / "my_networks.py").write_text(MY_NETWORKS)
        for split in ("train", "test"):
            make_images(folder / "images" / split, 8)
        # to list layers takes seconds
        Study(folder, checkout, CONFIG).succeed("--dry-run")
        shutil.rmtree(folder / ".snakemake")

    begun = shared("begun", make)

    def begin(folder: Path) -> Study:
        shutil.copytree(begun, folder)
        return Study(folder, checkout, copy.deepcopy(CONFIG))

    return begin


@pytest.fixture
def study(begin: Callable[[Path], Study], tmp_path: Path) -> Study:
    """A study that has not been run."""
    return begin(tmp_path / "study")


@pytest.fixture(scope="session")
def first(begin: Callable[[Path], Study], checkout: Path, shared: Share) -> tuple[Study, Ended]:
    """A finished study, only to be read or copied, and how its first run ended."""

    def make(folder: Path) -> None:
        (folder / "imported").mkdir()
        environment = imported_first(IMPORTS, folder)
        ended = begin(folder / "study").succeed(IMPORTED=folder / "imported", **environment)
        written = {"status": ended.status, "output": ended.output, "jobs": sorted(ended.jobs)}
        (folder / "ended.json").write_text(json.dumps(written))

    folder = shared("first", make)
    ended = Ended(**json.loads((folder / "ended.json").read_text()))
    return Study(folder / "study", checkout, copy.deepcopy(CONFIG)), replace(ended, jobs=set(ended.jobs))


@pytest.fixture(scope="session")
def imported(first: tuple[Study, Ended]) -> dict[str, set[str]]:
    """The modules that the jobs of each rule imported in the first run of the finished study."""
    found: dict[str, set[str]] = {}
    for path in (first[0].folder.parent / "imported").iterdir():
        found.setdefault(path.stem, set()).update(path.read_text().splitlines())
    return found


@pytest.fixture
def finished(first: tuple[Study, Ended], tmp_path: Path) -> Study:
    """A copy of the finished study."""
    return first[0].copy(tmp_path / "study")
