"""The benchmark suite's end of a tool's process, and the environment in which it runs.

An environment is laid over the one that the benchmark suite runs in: what pip does not find in it, it takes
from there. So all run with the same builds of torch, torchvision and numpy, and pip installs only what is
missing, or what a tool needs in another version, which then hides ours. It is removed when the suite ends.
"""

import atexit
import contextlib
import functools
import math
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from multiprocessing import Pipe
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import ROOT
from benchmarks.common import Options, Row
from benchmarks.tools import TOOLS

INSTALL_TIMEOUT, TIMEOUT = 300, 900
_run = functools.partial(subprocess.run, capture_output=True, text=True, check=True, timeout=INSTALL_TIMEOUT)


def environment(requirement: str, folder: Path, *pip_options: str) -> Path | str:
    """Make an environment with a requirement of pip; return its interpreter, or in one line why it failed."""
    try:
        # pip is taken from the environment below, too
        _run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
        python = folder / "bin/python"
        inside = _run([str(python), "-c", "import site; print(site.getsitepackages()[0])"]).stdout
        below = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
        Path(inside.strip(), "below.pth").write_text("".join(f"{path}\n" for path in below))
        install = ["install", "-q", "--no-compile", "--no-input", "--disable-pip-version-check"]
        _run([str(python), "-m", "pip", *install, *pip_options, requirement])
    except subprocess.TimeoutExpired as error:
        return f"does not install: not within {error.timeout} s"
    except subprocess.CalledProcessError as error:
        said = [line.strip() for line in error.stderr.splitlines() if line.strip()]
        errors = [line for line in said if line.startswith("ERROR:")] or said or [f"exit {error.returncode}"]
        return f"does not install: {errors[-1].removeprefix('ERROR: ')}"
    return python


@functools.cache
def _folder_of_environments(options: Options) -> Path:
    """Return a folder that is removed when the benchmark suite ends."""
    stack = contextlib.ExitStack()
    # a terminated run ends by SystemExit, and so by this, too
    atexit.register(stack.close)
    return stack.enter_context(options.temporary("environments"))


@functools.cache
def interpreter(tool: str, options: Options) -> Path | str:
    """Return the interpreter to run a tool with, or why there is none."""
    requirement = TOOLS[tool]
    if requirement is None:
        return Path(sys.executable)
    if options.quick:
        return "is not installed with --quick"
    return environment(requirement, _folder_of_environments(options) / tool)


class Answer(NamedTuple):
    """What a task gave, and what it took in the tool's process.

    Attributes
    ----------
    result : what the task returned.
    error : why it failed; empty if it did not.
    cpu : CPU time in seconds, of all threads.
    wall : seconds that passed.
    """

    result: Any
    error: str
    cpu: float
    wall: float


class Worker:
    """A tool in a process of its own, which lives till it is ended, dies, or has failed at a task.

    Parameters
    ----------
    name : the tool's.
    options : of the benchmark suite.
    folder : of the benchmark, for what the process prints.
    module : with the tool's tasks; None for the one of its name.

    Attributes
    ----------
    error : why it cannot be asked any more; None while it can.
    """

    def __init__(self, name: str, options: Options, folder: Path, module: str | None = None) -> None:
        self._name, self._printed = name, folder / f"{name}.stderr"
        self.error: str | None = None
        self._process: subprocess.Popen[bytes] | None = None
        python = interpreter(name, options)
        if isinstance(python, str):
            self.error = python
            return
        module = module or f"benchmarks.tools.{name.replace('-', '_')}"
        self._connection, theirs = Pipe()
        with self._printed.open("w") as printed:
            self._process = subprocess.Popen(
                [str(python), "-m", "benchmarks.tools.serving", module, str(theirs.fileno())],
                cwd=ROOT,
                pass_fds=[theirs.fileno()],
                stdout=printed,
                stderr=printed,
                env={**os.environ, "TQDM_DISABLE": "1", "MPLBACKEND": "Agg"},
            )
        theirs.close()
        self._receive(TIMEOUT, "cannot be imported")

    def ask(
        self, task: str, *, threads: int = 1, timeout: float = TIMEOUT, **arguments: Any
    ) -> Answer | None:
        """Return the answer to a request, or None if there is none; :attr:`error` then says why.

        Parameters
        ----------
        task : of the tool's module.
        threads : how many the tool may use.
        timeout : seconds after which the process is killed.
        arguments : for the task; what pickle can say.
        """
        if self.error is not None:
            return None
        with contextlib.suppress(OSError):  # who is dead does not answer, either
            # not by send(), for which torch has ways of its own
            self._connection.send_bytes(pickle.dumps((task, threads, arguments)))
        return self._receive(timeout, "failed")

    def seconds(self, task: str, **arguments: Any) -> tuple[float, float]:
        """Return the CPU time of a task, and the time that passes; NaN if it fails. See :meth:`ask`."""
        answer = self.ask(task, **arguments)
        return (answer.cpu, answer.wall) if answer else (math.nan, math.nan)

    def _receive(self, timeout: float, failure: str) -> Answer | None:
        answer = None
        try:
            if self._connection.poll(timeout):
                answer = Answer(*pickle.loads(self._connection.recv_bytes()))
            else:
                self.error = f"took longer than {timeout:g} s"
                self._process.kill()
        except (EOFError, OSError):
            code = self._process.wait()
            said = [line.strip() for line in self._printed.read_text(errors="replace").splitlines()]
            last = next((line for line in reversed(said) if line), "it said nothing")
            end = f"was killed by signal {-code}" if code < 0 else f"died with exit code {code}"
            self.error = f"{end}: {last}"
        if answer and answer.error:
            self.error = f"{failure}: {answer.error}"
        if self.error is None:
            return answer
        self.end()
        return None

    @property
    def row(self) -> Row:
        """What the table says of a tool that cannot be asked any more."""
        return Row(f"skipped: {self._name} {self.error}")

    def end(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._connection.close()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


@contextlib.contextmanager
def workers(names: Sequence[str], options: Options, folder: Path) -> Iterator[dict[str, Worker]]:
    """Give a worker for each of some tools, by name, and end them."""
    with contextlib.ExitStack() as stack:
        found = {}
        for name in names:
            found[name] = Worker(name, options, folder)
            stack.callback(found[name].end)
        yield found
