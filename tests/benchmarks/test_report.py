"""The page of results agrees with the table."""

import csv
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def report(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks import report

    return report


@pytest.fixture
def table(tmp_path, report):
    from benchmarks.common import COLUMNS, Row
    from benchmarks.growth import EXPONENT, LABEL

    about = {"job": "gram", "varied": "maps"}
    lines = [
        Row("a processor of 2 cores").cells("machine"),
        Row("10 images, random weights").cells("extraction"),
        Row("CPU time / plain loop, ours", [1, 2, 3], "×", 2).cells("extraction"),
        Row("CPU time / plain loop, theirs|others", [9], "×").cells("extraction"),
        Row("CPU time", [5, 5, 4], "s", 4).cells("gram"),
        Row("as many as are right", [0], "", 0).cells("correctness"),
        *(
            Row(LABEL.format(**about, quantity=quantity, size=size), [size / 1000], unit).cells("growth")
            for quantity, unit in (("CPU time", "s"), ("memory", "MiB"))
            for size in (500, 1000, 2000, 4000)
        ),
        *(
            Row(EXPONENT.format(**about, quantity=quantity), [0.9, 1, 1.1], "", 2).cells("growth")
            for quantity in ("CPU time", "memory")
        ),
    ]
    path = tmp_path / "bench.tsv"
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter="\t", lineterminator="\n").writerows([COLUMNS, *lines])
    return path


def test_the_page_of_a_small_table(report, table):
    page = report.page(report.read(table))
    assert page.startswith(f"{report.HEADER}\na processor of 2 cores\n\n## Targets\n\n4 of 5 are met.\n")
    targets = page.partition("| --- |")[2].partition("\n\n")[0].splitlines()[1:]
    # missed ones first
    assert targets == [
        "| gram | CPU time | 5 s (4–5) | 4 s | no |",
        "| extraction | CPU time / plain loop, ours | 2 × (1–3) | 2 × | yes |",
        "| correctness | as many as are right | 0 | 0 | yes |",
        "| growth | gram, maps: exponent of CPU time | 1 (0.9–1.1) | 2 | yes |",
        "| growth | gram, maps: exponent of memory | 1 (0.9–1.1) | 2 | yes |",
    ]
    assert "## extraction\n\n10 images, random weights\n\n| quantity |" in page
    assert "| CPU time / plain loop, theirs\\|others | 9 × |  |" in page
    assert "| gram | maps | 500, 1 000, 2 000, 4 000 | CPU time: 0.5, 1, 2, 4 s | 1 (0.9–1.1) | 2 |" in page


def test_figures_of_a_small_table(report, table):
    measured = pd.read_csv(table, sep="\t").dropna(subset="median")
    (axes,) = report.targets(measured).axes
    # one dot per target, from the bottom up; that of a target of 0 is left out
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [float(dot.get_xdata()[0]) for dot in dots] == [0.5, 0.5, 1.25, 1.0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[3] == "extraction: CPU time / plain loop, ours"
    with report.in_style():  # where titles are on the left
        (axes,) = report.ratios(measured).axes
    assert axes.get_title(loc="left") == "extraction"
    time, memory = report.growth_lines(measured).axes
    assert list(time.lines[0].get_xdata()) == [500, 1000, 2000, 4000]
    assert time.get_ylabel() == "CPU time (s)"
    assert memory.get_xlabel() == "maps"


def test_some_benchmarks_replace_theirs_in_a_run_of_all(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.__main__ import replaced, suite
    from benchmarks.common import Row

    machine = Row("two cores").cells("machine")
    old = [Row("time", [number], "s").cells(name) for number, name in enumerate(("codecs", "facets", "gram"))]
    kept = [machine, *old, *suite({"codecs": 60, "facets": 30, "gram": 90})]
    new = Row("time", [7], "s").cells("facets")
    found = replaced(kept, [machine, new], {"facets": 120})
    assert found[:4] == [machine, old[0], new, old[2]]
    assert {line[1]: line[2] for line in found[4:]} == {
        "all benchmarks": "4.5",
        "codecs": "1",
        "facets": "2",
        "gram": "1.5",
    }
    with pytest.raises(SystemExit, match="another machine"):
        replaced(kept, [Row("four cores").cells("machine"), new], {"facets": 120})


def test_page_and_figures_of_the_documentation_are_of_its_table(report):
    docs = ROOT / "docs" / "development"
    rows = report.read(docs / report.TABLE)
    assert (docs / report.PAGE).read_text() == report.page(rows), "run `make bench`"
    for view in report.VIEWS:
        for ending in (".png", ".svg"):
            assert (docs / f"{report.FIGURES.format(view=view)}{ending}").is_file()


def test_misses_are_explained(report):
    docs = ROOT / "docs" / "development"
    explained = (docs / "benchmarks.md").read_text().partition("## What misses its target")[2]
    explained = explained.partition("\n## ")[0]
    for row in report.read(docs / report.TABLE):
        assert row["met"] != "no" or f"`{row['benchmark']}`" in explained, row["quantity"]
