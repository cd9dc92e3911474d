"""What ``make study`` shows while it runs."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PLUGINS = Path(__file__).parents[2] / "workflow/plugins"
TARGETS = ["results/data/tiny/test.zarr", "results/data/tiny/train.zarr"]


def shown(study, *arguments):
    """Return what a run shows."""
    process = study.start(*TARGETS, "--logger", "census", *arguments, PYTHONPATH=PLUGINS)
    return process.communicate(timeout=300)[0]


def test_a_finished_job_is_a_line_with_elapsed_and_remaining_time(study):
    lines = re.findall(r"^\d of 2, .*$", text := shown(study), re.MULTILINE)
    assert len(lines) == 2, text
    assert re.fullmatch(r"1 of 2, \d+ s, about \d+ s left: Convert tiny \(\w+\) to .* \(\d+ s\)", lines[0])
    assert re.fullmatch(r"2 of 2, \d+ s, done: Convert tiny \(\w+\) to .* \(\d+ s\)", lines[1])
    assert "Select jobs" not in text
    assert "Nothing to be done" in shown(study)


def test_a_failed_job_shows_its_log(study):
    (study.folder / "images/test/red-ish/003.png").write_bytes(b"no image")
    text = shown(study)
    assert "Error in rule dataset" in text
    assert re.search(r"^Error: .*red-ish/003.png", text, re.MULTILINE), text


@pytest.mark.parametrize("option", ["--dry-run", "--verbose"])
def test_dry_and_verbose_runs_show_everything(study, option):
    text = shown(study, option)
    assert "Building DAG of jobs" in text
    assert len(re.findall(r"Convert tiny \(\w+\) to", text)) >= 2
