"""The page of results and its figures, made from the benchmark suite's table."""

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

from benchmarks import growth
from census.drawing.page import in_style, new_figure, save
from census.figures.style import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    WIDTHS,
)

PAGE, TABLE = "benchmark-results.md", "benchmark-results.tsv"
FIGURES = "images/benchmark-{view}"
DPI = 110
HEADER = """# Results of `make bench`

Written by the benchmark suite, as is all on this page; what was measured, and what follows from it, stands in
[benchmarks.md](benchmarks.md). Medians, with the range over rounds. The numbers themselves:
[benchmark-results.tsv](benchmark-results.tsv).
"""
CAPTIONS = {
    "targets": "Every target: how far the median is from it, with the range; what lies to the right of the "
    "line misses it.",
    "ratios": "What is compared: CPU times, or times that pass, as multiples.",
    "growth": "Growth: medians of CPU time, and of memory above the job's own before it begins. Dotted: in "
    "proportion.",
}
JOB_COLORS = {
    "extract": BLUE,
    "sparsity": SKY,
    "concepts": GREEN,
    "selectivity": VERMILION,
    "clusters": ORANGE,
    "gram": PURPLE,
    "similarity": INK,
}


def write(table: Path, docs: Path) -> None:
    """Write page, table and figures.

    Parameters
    ----------
    table : what the benchmark suite has written.
    docs : the folder of the page; its ``images`` get the figures.
    """
    (docs / TABLE).write_text(table.read_text())
    (docs / PAGE).write_text(page(read(table)))
    measured = pd.read_csv(table, sep="\t").dropna(subset="median")
    # letters as letters: as outlines they would make up most of the file
    with in_style(), mpl.rc_context({"svg.fonttype": "none"}):
        for view, draw in VIEWS.items():
            figure = draw(measured)
            save(figure, [docs / f"{FIGURES.format(view=view)}{ending}" for ending in (".png", ".svg")], DPI)


def read(table: Path) -> list[dict[str, str]]:
    """Return the table's rows, their cells as they were written."""
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def page(rows: Sequence[dict[str, str]]) -> str:
    """Return the page of a table's rows."""
    of_benchmark: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        of_benchmark.setdefault(row["benchmark"], []).append(row)
    judged = [row for row in rows if row["target"]]
    met = sum(row["met"] == "yes" for row in judged)
    lines = [HEADER, *_remarks(of_benchmark.pop("machine", []))]
    lines += ["## Targets", "", f"{met} of {len(judged)} are met.", "", *_image("targets")]
    # those that are missed first
    judged.sort(key=lambda row: row["met"] == "yes")
    lines += _markdown(
        ("benchmark", "quantity", "median (range)", "at most", "met"),
        (
            (row["benchmark"], row["quantity"], _value(row), _with_unit(row["target"], row), row["met"])
            for row in judged
        ),
    )
    lines += ["## Ratios", "", *_image("ratios")]
    for benchmark, found in of_benchmark.items():
        lines += [f"## {benchmark}", "", *_remarks(row for row in found if not row["median"])]
        values = [row for row in found if row["median"]]
        if benchmark == "growth":
            lines += [*_image("growth"), *_growth(values)]
        elif values:
            lines += _markdown(
                ("quantity", "median (range)", "at most"),
                ((row["quantity"], _value(row), _with_unit(row["target"], row)) for row in values),
            )
    return "\n".join(lines).rstrip() + "\n"


def _image(view: str) -> list[str]:
    return [f"![{CAPTIONS[view]}]({FIGURES.format(view=view)}.png)", "", f"*{CAPTIONS[view]}*", ""]


def _remarks(rows: Iterable[dict[str, str]]) -> list[str]:
    """Return a paragraph for each row that has words only."""
    return [line for row in rows for line in (row["quantity"], "")]


def _with_unit(number: str, row: dict[str, str]) -> str:
    return f"{number} {row['unit']}".strip() if number else ""


def _value(row: dict[str, str]) -> str:
    median = _with_unit(row["median"], row)
    return median if row["low"] == row["high"] else f"{median} ({row['low']}–{row['high']})"


def _markdown(header: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    table = [header, ["---"] * len(header), *lines]
    return [*("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in table), ""]


def _growth(rows: Sequence[dict[str, str]]) -> list[str]:
    """Return one line for each series, in place of one for each of its sizes."""
    sizes: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    exponents: dict[str, dict[str, str]] = {}
    for row in rows:
        if found := growth.PATTERN.fullmatch(row["quantity"]):
            key = found["job"], found["varied"], found["quantity"]
            sizes.setdefault(key, []).append((found["size"], row["median"]))
        else:
            exponents[row["quantity"]] = row
    lines = []
    for (job, varied, quantity), measured in sizes.items():
        exponent = exponents[growth.EXPONENT.format(job=job, varied=varied, quantity=quantity)]
        unit = "s" if quantity == growth.CPU_TIME else "MiB"
        lines.append(
            (
                job,
                varied,
                ", ".join(size.replace(",", " ") for size, _ in measured),
                f"{quantity}: {', '.join(value for _, value in measured)} {unit}",
                _value(exponent),
                exponent["target"],
            )
        )
    return _markdown(("job", "of growing", "sizes", "medians", "exponent (range)", "at most"), lines)


def targets(table: pd.DataFrame) -> Figure:
    """Draw each target's quantity as a multiple of it."""
    judged = table.dropna(subset="target")
    # a share of a target of zero says nothing; such rows stand in the table
    judged = judged[judged["target"] > 0].iloc[::-1]
    share = judged[["low", "median", "high"]].div(judged["target"], axis=0).clip(lower=1e-3)
    labels = judged["benchmark"] + ": " + judged["quantity"]
    figure = new_figure(WIDTHS["page"], 0.8 + 0.17 * len(judged))
    axes = figure.subplots()
    _ranges(axes, share, labels, [BLUE if met == "yes" else VERMILION for met in judged["met"]])
    axes.axvline(1, color=INK, linewidth=1)
    axes.set_xlabel("median / target, and range")
    axes.set_title("Targets: met (blue) and missed (red)")
    return figure


def ratios(table: pd.DataFrame) -> Figure:
    """Draw all that is a multiple of something else, a panel for each benchmark."""
    times = table[(table["unit"] == "×") & table["quantity"].str.contains("time")]
    benchmarks = list(dict.fromkeys(times["benchmark"]))
    numbers = [int((times["benchmark"] == benchmark).sum()) for benchmark in benchmarks]
    figure = new_figure(WIDTHS["page"], 0.8 + 0.17 * sum(numbers) + 0.5 * len(benchmarks))
    panels = figure.subplots(
        len(benchmarks), 1, squeeze=False, height_ratios=[2 + number for number in numbers]
    )[:, 0]
    for axes, benchmark in zip(panels, benchmarks, strict=True):
        here = times[times["benchmark"] == benchmark].iloc[::-1]
        _ranges(axes, here[["low", "median", "high"]], here["quantity"], [BLUE] * len(here))
        axes.axvline(1, color=GRAY, linewidth=1)
        places = np.arange(len(here))
        axes.plot(here["target"], places, "|", color=VERMILION, markersize=9, markeredgewidth=1.6)
        axes.set_title(benchmark)
    panels[-1].set_xlabel("multiple (red: at most)")
    return figure


def _ranges(axes: Axes, values: pd.DataFrame, labels: Iterable[str], colors: Sequence[str]) -> None:
    """Draw medians and ranges on a logarithmic axis, one below the other."""
    for place, ((low, median, high), color) in enumerate(zip(values.to_numpy(), colors, strict=True)):
        axes.plot([low, high], [place, place], color=color, linewidth=2, alpha=0.5, solid_capstyle="butt")
        axes.plot(median, place, "o", color=color, markersize=4)
    axes.set_xscale("log")
    least, most = values.to_numpy().min(), values.to_numpy().max()
    # over many decades, no room is left for more than one number each
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if most < 100 * least else (1,)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_yticks(range(len(values)), list(labels), fontsize=6.5)
    axes.set_ylim(-0.7, len(values) - 0.3)
    axes.grid(axis="x")


def growth_lines(table: pd.DataFrame) -> Figure:
    """Draw time and memory against sizes, a column for each thing that grows."""
    found = (
        table[table["benchmark"] == "growth"]["quantity"].str.extract(f"^{growth.PATTERN.pattern}$").dropna()
    )
    found["size"] = found["size"].str.replace(",", "").astype(int)
    found["median"] = table.loc[found.index, "median"]
    columns = list(dict.fromkeys(found["varied"]))
    quantities = {growth.CPU_TIME: "CPU time (s)", growth.MEMORY: "memory (MiB)"}
    figure = new_figure(WIDTHS["page"], 4.4)
    panels = figure.subplots(2, len(columns), sharex="col", sharey="row", squeeze=False)
    for row, (quantity, label) in zip(panels, quantities.items(), strict=True):
        row[0].set_ylabel(label)
        for axes, varied in zip(row, columns, strict=True):
            here = found[(found["varied"] == varied) & (found["quantity"] == quantity)]
            for job, line in here.groupby("job", sort=False):
                axes.plot(line["size"], line["median"], "o-", color=JOB_COLORS[str(job)], markersize=3)
            axes.set_xscale("log", base=2)
            axes.set_yscale("log")
            of_row = found.loc[found["quantity"] == quantity, "median"]
            axes.set_ylim(of_row.min() / 1.5, of_row.max() * 1.5)
            sizes = sorted(set(here["size"]))
            ends = np.array([sizes[0], sizes[-1]])
            for start in 10.0 ** np.arange(-4, 5):
                axes.plot(ends, start * ends / ends[0], ":", color=GRAY, linewidth=0.7, zorder=1)
            axes.set_xticks([sizes[0], sizes[-1]], [f"{size:,}" for size in (sizes[0], sizes[-1])])
            axes.xaxis.set_minor_locator(NullLocator())
    for axes, varied in zip(panels[-1], columns, strict=True):
        axes.set_xlabel(varied)
    present = list(dict.fromkeys(found["job"]))
    handles = [
        panels[0, 0].plot([], [], "o-", color=JOB_COLORS[job], markersize=3, label=job)[0] for job in present
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(present))
    return figure


VIEWS: dict[str, Callable[[pd.DataFrame], Figure]] = {
    "targets": targets,
    "ratios": ratios,
    "growth": growth_lines,
}
