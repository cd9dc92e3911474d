"""Throw-away environments: one per tool, removed when the benchmark suite ends.

An environment is laid over the one that the benchmark suite runs in: what pip does not find in it, it takes
from there. So all run with the same builds of torch, torchvision and numpy, and pip installs only what is
missing, or what a tool needs in another version, which then hides ours.
"""

import atexit
import contextlib
import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.tools import TOOLS, ToolError

TIMEOUT = 300


class Environments:
    """Environments in a folder, each made when it is first asked for.

    Parameters
    ----------
    folder : where they lie.
    pip_options : for ``pip install``.
    """

    def __init__(self, folder: Path, *pip_options: str) -> None:
        self._folder = folder
        self._pip_options = pip_options
        self._found: dict[str, Path | ToolError] = {}

    def python(self, requirement: str) -> Path:
        """Return the interpreter of the environment in which a requirement is installed.

        Raises
        ------
        ToolError : it does not install; what pip said.
        """
        if requirement not in self._found:
            try:
                self._found[requirement] = self._make(requirement)
            except ToolError as error:
                self._found[requirement] = error
        found = self._found[requirement]
        if isinstance(found, ToolError):
            raise found
        return found

    def _make(self, requirement: str) -> Path:
        place = self._folder / str(len(self._found))
        # pip is taken from the environment below, too
        _run([sys.executable, "-m", "venv", "--without-pip", str(place)])
        python = place / "bin/python"
        inside = _run([str(python), "-c", "import site; print(site.getsitepackages()[0])"])
        below = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
        Path(inside.strip(), "below.pth").write_text("".join(f"{path}\n" for path in below))
        install = ["install", "-q", "--no-compile", "--no-input", "--disable-pip-version-check"]
        _run([str(python), "-m", "pip", *install, *self._pip_options, requirement])
        return python

    def remove(self) -> None:
        """Remove them all."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._found.clear()
        with contextlib.suppress(OSError):  # something else may lie beside them
            self._folder.parent.rmdir()


def _run(command: list[str]) -> str:
    """Return what a command prints; raise a ToolError with the line that says what went wrong."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        raise ToolError(f"does not install: not within {TIMEOUT} s") from None
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in said if line.startswith("ERROR:")] or said or [f"exit {done.returncode}"]
        raise ToolError(f"does not install: {errors[-1].removeprefix('ERROR: ')}")
    return done.stdout


@functools.cache
def of_this_run(folder: Path) -> Environments:
    """Return the environments of this run of the benchmark suite in a folder, removed at its end."""
    environments = Environments(folder / "tmp" / f"environments-{os.getpid()}")
    # a terminated run ends by SystemExit, and so by this, too
    atexit.register(environments.remove)
    return environments


def interpreter(tool: str, folder: Path, *, install: bool) -> Path:
    """Return the interpreter to run a tool with.

    Parameters
    ----------
    tool : its name.
    folder : where its environment may lie till the benchmark suite ends.
    install : whether one may be made.

    Raises
    ------
    ToolError : it does not install, or is not to be installed.
    """
    requirement = TOOLS[tool]
    if requirement is None:
        return Path(sys.executable)
    if not install:
        raise ToolError("is not installed with --quick")
    return of_this_run(folder).python(requirement)
