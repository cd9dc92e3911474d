"""The benchmark suite's end of a tool's process."""

import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import ROOT
from benchmarks.common import Options, Row
from benchmarks.tools import ToolError
from benchmarks.tools.environments import interpreter

TIMEOUT = 900


@dataclass(frozen=True)
class Answer:
    """What a task took, in the tool's process, and what it gave.

    Attributes
    ----------
    cpu : CPU time in seconds, of all threads.
    wall : seconds that passed.
    result : what JSON can say.
    """

    cpu: float
    wall: float
    result: Any


class Worker:
    """A tool in a process of its own, which lives till it is ended, dies, or has failed at a task.

    Parameters
    ----------
    name : the tool's.
    options : of the benchmark suite.
    folder : of the benchmark, for what the process writes to its standard error.
    module : with the tool's tasks; None for the one of its name.

    Attributes
    ----------
    name : the tool's.
    error : why it cannot be asked any more; None while it can.
    """

    def __init__(self, name: str, options: Options, folder: Path, module: str | None = None) -> None:
        self.name = name
        self.error: str | None = None
        module = module or f"benchmarks.tools.{name.replace('-', '_')}"
        self._process: subprocess.Popen[str] | None = None
        self._errors = folder / f"{name}.stderr"
        try:
            python = interpreter(name, options.folder, install=not options.quick)
        except ToolError as error:
            self.error = str(error)
            return
        with self._errors.open("w") as errors:
            self._process = subprocess.Popen(
                [str(python), "-m", "benchmarks.tools.serving", module],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, "TQDM_DISABLE": "1", "MPLBACKEND": "Agg"},
            )
        self._receive(TIMEOUT, "cannot be imported")

    def ask(
        self, task: str, *, threads: int = 1, timeout: float = TIMEOUT, **arguments: Any
    ) -> Answer | None:
        """Return the answer to a request, or None where there is none; :attr:`error` then says why.

        Parameters
        ----------
        task : of the tool's module.
        threads : how many the tool may use.
        timeout : seconds after which the process is killed.
        arguments : for the task; what JSON can say.
        """
        if self.error is not None:
            return None
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # who is dead does not answer, either
            request = {"task": task, "threads": threads, "arguments": arguments}
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        return self._receive(timeout, "failed")

    def _receive(self, timeout: float, failure: str) -> Answer | None:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            process.kill()

        timer = threading.Timer(timeout, expire)
        timer.start()
        try:
            line = process.stdout.readline()
        finally:
            timer.cancel()
        if not line.endswith("\n"):
            code = process.wait()
            said = [line.strip() for line in self._errors.read_text(errors="replace").splitlines()]
            last = next((line for line in reversed(said) if line), "it said nothing")
            end = f"was killed by signal {-code}" if code < 0 else f"died with exit code {code}"
            self.error = f"took longer than {timeout:g} s" if expired.is_set() else f"{end}: {last}"
            return None
        answer = json.loads(line)
        if "error" in answer:
            self.error = f"{failure}: {answer['error']}"
            self.end()
            return None
        return Answer(answer["cpu"], answer["wall"], answer["result"])

    @property
    def row(self) -> Row:
        """What the table says of a tool that cannot be asked any more."""
        return Row(f"skipped: {self.name} {self.error}")

    def end(self) -> None:
        """End the process."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process.stdout.close()  # type: ignore[union-attr]


@contextlib.contextmanager
def workers(names: tuple[str, ...], options: Options, folder: Path) -> Iterator[dict[str, Worker]]:
    """Give a worker for each of some tools, by name, and end them."""
    with contextlib.ExitStack() as stack:
        found = {}
        for name in names:
            found[name] = Worker(name, options, folder)
            stack.callback(found[name].end)
        yield found
