"""How long ``snakemake --cores all`` takes where there is nothing to do."""

import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks import ROOT
from benchmarks.common import Options, Row

TARGET = 4
SNAKEMAKE = (sys.executable, "-m", "snakemake", "--cores", "all")
NOTHING = "Nothing to be done"


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    if not (ROOT / "results/figures").is_dir():
        yield Row("skipped: results/ has no default study; run it first")
        return
    if NOTHING not in _output("--dry-run")[0]:
        yield Row("skipped: the default study is not finished or not up to date; run it first")
        return
    seconds = []
    for _ in range(1 if options.quick else 3):
        output, took = _output()
        if NOTHING not in output:
            yield Row("skipped: snakemake found something to do, or results/ is locked")
            return
        seconds.append(took)
    yield Row("snakemake --cores all, wall time", seconds, "s", TARGET)


def _output(*arguments: str) -> tuple[str, float]:
    """Return what snakemake prints, and the seconds that it takes."""
    start = time.perf_counter()
    done = subprocess.run(
        [*SNAKEMAKE, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return done.stdout, time.perf_counter() - start
