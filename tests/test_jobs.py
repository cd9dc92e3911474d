"""Log, message and exit status of the workflow's scripts."""

import errno
import logging
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from census.errors import StudyError
from census.jobs import job, one_by_one

SCRIPTS = Path(__file__).parents[1] / "scripts"


def run(folder: Path, work: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run a script with that work in a Python of its own; return how it ended, and its log."""
    script = folder / "script.py"
    lines = ["from census.jobs import job", "with job('logs/rule/job.log') as log:", f"    {work}"]
    script.write_text("\n".join([*lines, "print('done')"]))
    ended = subprocess.run(
        [sys.executable, script],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended, (folder / "logs/rule/job.log").read_text()


def test_work_is_logged(tmp_path):
    ended, log = run(tmp_path, "log.info('%d images', 3)")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done\n", "")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO 3 images\n", log)


def test_progress_is_logged_and_not_printed(tmp_path):
    made = "from census.jobs import progress_bar; bar = progress_bar('two', 2, 'images')"
    work = f"{made}; bar.update(2); bar.close()"
    ended, log = run(tmp_path, work)
    assert (ended.stdout, ended.stderr) == ("done\n", "")
    assert re.search(r"INFO two: 2 of 2 images, 00:00 elapsed, 00:00 left\n$", log)


def test_an_expected_failure_is_one_message(tmp_path):
    ended, log = run(
        tmp_path, "from census.errors import StudyError; raise StudyError('datasets.x: no × images')"
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "Error: datasets.x: no × images\n"
    assert log.endswith(" ERROR datasets.x: no × images\n")
    assert log.count("\n") == 1


def test_an_unexpected_failure_keeps_its_traceback_in_the_log(tmp_path):
    ended, log = run(tmp_path, "{}['key']")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "Error: KeyError: 'key' (traceback in logs/rule/job.log)\n"
    assert "Traceback (most recent call last):" in log
    assert 'script.py", line 3, in <module>' in log
    assert log.rstrip().endswith("KeyError: 'key'")


def message(log: Path, error: Exception, items: list[str], **names) -> str:
    """Return the message of a job that fails at the item ``output``, or after all items."""

    def work():
        for item in one_by_one(items, **names):
            if item == "output":
                raise error
        raise error

    with pytest.raises(SystemExit) as ended, job(log):
        work()
    return str(ended.value)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (StudyError("no images"), "output: no images"),
        (StudyError("output/maps cannot be read"), "output/maps cannot be read"),
        # a layer's name may be a word of the message
        (ValueError("no output"), "output: ValueError: no output (traceback in "),
        (OSError(errno.ENOSPC, "full", "units.parquet"), "units.parquet cannot be written: no space is left"),
    ],
)
def test_a_failure_names_the_item_of_its_block(tmp_path, error, told):
    ended = message(tmp_path / "job.log", error, ["relu", "output", "fc"])
    assert ended.startswith(f"Error: {told}")


def test_the_log_of_an_unexpected_failure_names_the_item_too(tmp_path):
    message(tmp_path / "job.log", KeyError("key"), ["relu", "output", "fc"])
    first, second, *_, last = (tmp_path / "job.log").read_text().splitlines()
    assert first.endswith(" ERROR output: KeyError: 'key'")
    assert second == "Traceback (most recent call last):"
    assert last == "KeyError: 'key'"


def test_a_failure_names_an_item_as_the_job_does(tmp_path):
    ended = message(tmp_path / "job.log", StudyError("no images"), ["output"], name=str.upper)
    assert ended == "Error: OUTPUT: no images"


def test_a_failure_outside_items_names_none(tmp_path):
    # nor that at which an earlier job failed
    for items in (["relu", "fc"], [], ["output"], []):
        ended = message(tmp_path / "job.log", StudyError("no images"), items)
        assert ended == ("Error: output: no images" if items == ["output"] else "Error: no images")


def test_a_failed_import_is_reported_like_other_failures(tmp_path):
    ended, log = run(tmp_path, "import no_such_library")
    assert ended.returncode == 1
    assert ended.stderr.startswith(
        "Error: ModuleNotFoundError: No module named 'no_such_library' (traceback in"
    )
    assert "Traceback" in log


def test_an_interrupt_is_not_reported_as_a_failure(tmp_path):
    with pytest.raises(KeyboardInterrupt), job(tmp_path / "job.log"):
        raise KeyboardInterrupt
    assert (tmp_path / "job.log").read_text() == ""


FULL = OSError(errno.ENOSPC, "No space left on device")
NAMED = OSError(errno.EDQUOT, "Disk quota exceeded", "results/b/part")


@pytest.mark.parametrize(
    ("error", "outputs", "named"),
    [
        (FULL, ["results/a.zarr"], "results/a.zarr"),
        (FULL, ["results/b/1.png", "results/b/2.png"], "results/b"),
        (FULL, [], "."),
        (NAMED, ["results/a.zarr"], "results/b/part"),
    ],
)
def test_a_full_disk_is_reported_with_the_file(tmp_path, monkeypatch, error, outputs, named):
    script = SimpleNamespace(output=outputs)
    monkeypatch.setattr(sys.modules["__main__"], "snakemake", script, raising=False)
    with pytest.raises(SystemExit) as ended, job(tmp_path / "job.log"):
        raise error
    why = "cannot be written: no space is left on the device or in your quota; free some and run again"
    assert str(ended.value) == f"Error: {named} {why} (traceback in {tmp_path / 'job.log'})"
    assert "Traceback" in (tmp_path / "job.log").read_text()


@pytest.mark.parametrize(("room", "told"), [(0, "no space is left"), (1 << 20, "RuntimeError: bad luck")])
def test_a_full_disk_hidden_by_a_library_is_reported(tmp_path, monkeypatch, room, told):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=room))
    with pytest.raises(SystemExit, match=told), job(tmp_path / "job.log"):
        raise RuntimeError("bad luck")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_log_on_a_full_disk_hides_no_failure(tmp_path, capsys):
    (tmp_path / "job.log").symlink_to("/dev/full")
    with pytest.raises(SystemExit, match=r"^Error: datasets\.x: no images$"), job(tmp_path / "job.log"):
        raise StudyError("datasets.x: no images")
    assert capsys.readouterr().err == ""


def test_warnings_go_to_the_log(tmp_path):
    ended, log = run(tmp_path, "import warnings; warnings.warn('an odd image')")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "UserWarning: an odd image" in log


def test_a_log_is_started_anew_and_loggers_are_left_as_they_were(tmp_path):
    def state():
        loggers = map(logging.getLogger, ("census", "py.warnings"))
        return [(logger.level, logger.propagate, [*logger.handlers]) for logger in loggers]

    before = state()
    for word in ("first", "second"):
        with job(tmp_path / "job.log") as log:
            log.info(word)
    with pytest.raises(SystemExit, match="Error: third"), job(tmp_path / "job.log"):
        raise StudyError("third")
    lines = (tmp_path / "job.log").read_text().splitlines()
    assert [line.split()[-1] for line in lines] == ["third"]
    assert state() == before
