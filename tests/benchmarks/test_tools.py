"""Processes and environments of other tools: their results, and the messages if they fail."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOL = """
import os, sys

def add(one, other):
    print("not an answer")
    os.system("echo nor this")
    return one + other

def threads():
    from threadpoolctl import threadpool_info
    import numpy
    return [each["num_threads"] for each in threadpool_info()]

def fail():
    raise ValueError("no such layer\\nin this network")

def die(how):
    print("the last words", file=sys.stderr, flush=True)
    os._exit(3) if how == "exit" else os.kill(os.getpid(), 9)

def sleep():
    import time
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Start a worker of a module; all are ended."""
    from benchmarks.common import Options
    from benchmarks.tools.workers import Worker

    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "some_tool.py").write_text(TOOL)
    (tmp_path / "broken_tool.py").write_text("import no_such_library\n")
    found = []

    def starting(module="some_tool", name="ours"):
        found.append(Worker(name, Options(True, tmp_path), tmp_path, module))
        return found[-1]

    yield starting
    for worker in found:
        worker.end()


def test_a_worker_answers_whatever_else_it_prints(start):
    worker = start()
    for number in range(3):
        answer = worker.ask("add", one=number, other=0.5)
        assert answer.result == number + 0.5
        assert answer.cpu >= 0
        assert answer.wall > 0
    assert worker.error is None


@pytest.mark.parametrize("number", [1, 2])
def test_a_worker_uses_as_many_threads_as_it_is_told(start, number):
    worker = start()
    worker.ask("threads", threads=number)
    assert set(worker.ask("threads", threads=number).result) <= {number}


@pytest.mark.parametrize(
    ("task", "arguments", "error"),
    [
        ("fail", {}, "failed: ValueError: no such layer in this network"),
        ("add", {"one": 1}, "failed: TypeError: add() missing"),
        ("nothing", {}, "failed: KeyError"),
        ("die", {"how": "exit"}, "died with exit code 3: the last words"),
        ("die", {"how": "kill"}, "was killed by signal 9: the last words"),
    ],
)
def test_a_worker_that_fails_or_dies_has_a_row_that_says_why(start, task, arguments, error):
    worker = start()
    assert worker.ask(task, **arguments) is None
    assert error in worker.error
    assert worker.ask("add", one=1, other=1) is None
    assert worker.row.quantity == f"skipped: ours {worker.error}"
    assert "\n" not in worker.row.quantity
    assert not worker.row.values


def test_a_worker_that_takes_too_long_is_killed(start):
    worker = start()
    assert worker.ask("sleep", timeout=0.5) is None
    assert worker.error == "took longer than 0.5 s"


def test_a_tool_that_cannot_be_imported_is_named_with_its_error(start):
    worker = start("broken_tool")
    assert worker.error == "cannot be imported: ModuleNotFoundError: No module named 'no_such_library'"
    assert worker.ask("add", one=1, other=1) is None


def test_nothing_is_installed_for_a_quick_look(start, tmp_path):
    assert start(name="captum").error == "is not installed with --quick"
    assert not (tmp_path / "tmp").exists()


def test_an_environment_has_what_the_one_below_has(tmp_path):
    from benchmarks.tools.workers import environment

    python = environment("numpy", tmp_path / "numpy", "--no-index")
    where = "import sys, numpy; print(numpy.__file__, sys.prefix)"
    below, above = (
        subprocess.run([each, "-c", where], capture_output=True, text=True, check=True).stdout.split()
        for each in (sys.executable, python)
    )
    assert above[0] == below[0]
    assert Path(above[1]) == tmp_path / "numpy"


def test_a_tool_that_does_not_install_is_said_with_pips_error(tmp_path):
    from benchmarks.tools.workers import environment

    error = environment("no-such-tool==1.0", tmp_path / "tool", "--no-index")
    assert error.startswith("does not install: No matching distribution found for no-such")


def test_a_tool_is_installed_once_and_removed_at_the_end(tmp_path, monkeypatch):
    from benchmarks.common import Options
    from benchmarks.tools import workers

    made, at_end = [], []

    def environment(requirement, folder):
        made.append(requirement)
        folder.mkdir()
        return folder / "bin/python" if requirement.startswith("torchlens") else "does not install: no room"

    monkeypatch.setattr(workers, "environment", environment)
    monkeypatch.setattr(workers.atexit, "register", at_end.append)
    options = Options(False, tmp_path)
    for _ in range(2):
        assert workers.interpreter("captum", options) == "does not install: no room"
        assert workers.interpreter("torchlens", options).is_relative_to(tmp_path)
    assert [name.partition("==")[0] for name in made] == ["captum", "torchlens"]
    for remove in at_end:
        remove()
    assert not list(tmp_path.iterdir())


def test_tools_are_pinned_and_described():
    from benchmarks.tools import TOOLS

    page = (ROOT / "docs/development/benchmarks.md").read_text()
    for name, requirement in TOOLS.items():
        assert (ROOT / f"benchmarks/tools/{name.replace('-', '_')}.py").is_file()
        if requirement is not None:
            assert requirement.startswith(f"{name}==")
            assert requirement.replace("==", " ") in page
