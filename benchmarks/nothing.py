"""How long ``snakemake --cores all`` takes with nothing to do, compared with a workflow without jobs."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks import ROOT
from benchmarks.common import Options, Row

TARGET, TIMES_EMPTY = 4, 1.5
NOTHING = "Nothing to be done"


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    if reason := why_not():
        yield Row(f"skipped: {reason}")
        return
    seconds: dict[Path, list[float]] = {}
    with options.temporary("nothing") as empty:
        (empty / "Snakefile").write_text("rule all:\n    input: 'Snakefile'\n")
        for _ in range(1 if options.quick else 3):
            for folder in (ROOT, empty):
                start = time.perf_counter()
                output = call(folder=folder)
                seconds.setdefault(folder, []).append(time.perf_counter() - start)
                if NOTHING not in output:
                    yield Row("skipped: snakemake found something to do, or results/ is locked")
                    return
    yield Row("snakemake --cores all, wall time", seconds[ROOT], "s", TARGET)
    ratios = np.divide(seconds[ROOT], seconds[empty])
    yield Row("wall time / workflow without jobs", ratios, "×", TIMES_EMPTY)


def why_not() -> str:
    """Return why it cannot be measured; empty if it can."""
    if not (ROOT / "results/figures").is_dir():
        return "results/ has no default study; run it first"
    if NOTHING not in call("--dry-run"):
        return "the default study is not finished or not up to date; run it first"
    return ""


def call(*arguments: str, python: Sequence[str] = (), folder: Path = ROOT) -> str:
    """Call snakemake in a workflow's folder, with options of Python's own; return what it prints."""
    command = [sys.executable, *python, "-m", "snakemake", "--cores", "all", *arguments]
    done = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout
