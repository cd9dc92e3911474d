"""Measure the benchmarks asked for, print a table of each, and write them all to one file.

A run of all benchmarks, not a quick one, writes the page of results in the documentation anew; one of some
benchmarks, on the same machine, can put theirs in the place of what is there.
"""

import argparse
import csv
import importlib
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks import ROOT
from benchmarks.common import COLUMNS, Options, Row, machine

MINUTES = 30  # that all benchmarks may take
TOTAL = "all benchmarks"
# every other module is a benchmark
HARNESS = {"__init__", "__main__", "common", "report"}
BENCHMARKS = sorted({path.stem for path in Path(__file__).parent.glob("*.py")} - HARNESS)


def table(lines: list[tuple[str, ...]]) -> str:
    """Return lines of cells as text with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def main() -> None:
    """Run the benchmark suite."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        nargs="+",
        choices=BENCHMARKS,
        default=BENCHMARKS,
        metavar="NAME",
        help=f"benchmarks to measure, of {', '.join(BENCHMARKS)}",
    )
    parser.add_argument("--quick", action="store_true", help="tiny inputs, to see that it runs")
    parser.add_argument(
        "--folder",
        type=Path,
        default=ROOT / "results/benchmarks",
        help="where bench.tsv is written, and temporary files while it runs",
    )
    parser.add_argument(
        "--replace",
        action="store_true",
        help="with --only: put what is measured in place of the same benchmarks on the page of results",
    )
    arguments = parser.parse_args()
    # a killed run, too, removes its gigabytes of temporary files
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    options = Options(arguments.quick, arguments.folder.resolve())
    options.folder.mkdir(parents=True, exist_ok=True)
    os.environ["TQDM_DISABLE"] = "1"  # a bar would run through the tables; tqdm looks when it is imported
    print(machine(), flush=True)
    if options.quick:
        print("--quick: to see that it runs; the figures say nothing about speed or memory")
    lines = [Row(line).cells("machine") for line in machine().splitlines()]
    seconds: dict[str, float] = {}
    table_file = options.folder / "bench.tsv"
    for benchmark in arguments.only:
        start = time.perf_counter()
        # imported here: a benchmark that is not asked for need not be installed
        rows = importlib.import_module(f"benchmarks.{benchmark}").rows
        measured = [row.cells(benchmark) for row in rows(options)]
        lines += measured
        seconds[benchmark] = time.perf_counter() - start
        print(f"\n{benchmark} ({seconds[benchmark]:.0f} s)")
        print(table([COLUMNS[1:], *(line[1:] for line in measured)]), flush=True)
        # after each benchmark, so that a run which is broken off leaves what it has
        write(table_file, lines)
    write(table_file, [*lines, *suite(seconds)])
    whole = set(arguments.only) == set(BENCHMARKS)
    if (whole or arguments.replace) and not options.quick:
        from benchmarks import report

        if not whole:
            kept = [tuple(row.values()) for row in report.read(report.DOCS / report.TABLE)]
            write(table_file, replaced(kept, lines, seconds))
        report.write(table_file)
        print(f"\nwrote {report.DOCS / report.PAGE}")


def suite(seconds: Mapping[str, float]) -> list[tuple[str, ...]]:
    """Return as lines of cells how long the benchmarks took, and all of them together."""
    whole = set(seconds) == set(BENCHMARKS)
    total = Row(TOTAL, [sum(seconds.values()) / 60], "min", MINUTES if whole else None)
    of_benchmarks = [Row(benchmark, [taken / 60], "min") for benchmark, taken in seconds.items()]
    return [row.cells("suite") for row in (total, *of_benchmarks)]


def replaced(
    kept: list[tuple[str, ...]], lines: list[tuple[str, ...]], seconds: Mapping[str, float]
) -> list[tuple[str, ...]]:
    """Return the lines of a run of all benchmarks with those of some of them replaced.

    Parameters
    ----------
    kept : lines of the run of all benchmarks.
    lines, seconds : lines of some benchmarks, and how long each took.
    """
    if [line for line in kept if line[0] == "machine"] != [line for line in lines if line[0] == "machine"]:
        sys.exit(
            "--replace: the page of results is of another machine, or other versions: run all benchmarks"
        )
    took = {line[1]: 60 * float(line[2]) for line in kept if line[0] == "suite" and line[1] != TOTAL}
    took = {name: seconds.get(name, took.get(name)) for name in BENCHMARKS if name in {**took, **seconds}}
    found = [line for line in lines if line[0] == "machine"]
    for benchmark in took:
        found += [line for line in (lines if benchmark in seconds else kept) if line[0] == benchmark]
    return found + suite(took)


def write(path: Path, lines: list[tuple[str, ...]]) -> None:
    """Write lines of cells, below the names of the columns."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter="\t", lineterminator="\n").writerows([COLUMNS, *lines])


if __name__ == "__main__":
    main()
