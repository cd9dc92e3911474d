"""The page of results and its figures, made from the benchmark suite's table."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

from benchmarks import ROOT, growth
from census.drawing.page import in_style, new_figure, save
from census.figures.style import BLUE, GRAY, GREEN, INK, ORANGE, PURPLE, SKY, VERMILION, WIDTHS

DOCS = ROOT / "docs/development"
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
JOBS = ("extract", "sparsity", "concepts", "selectivity", "clusters", "gram", "similarity")
JOB_COLORS = dict(zip(JOBS, (BLUE, SKY, GREEN, VERMILION, ORANGE, PURPLE, INK), strict=True))


def write(table: Path) -> None:
    """Write page, table and figures of what the benchmark suite has written."""
    (DOCS / TABLE).write_text(table.read_text())
    (DOCS / PAGE).write_text(page(read(table)))
    measured = pd.read_csv(table, sep="\t").dropna(subset="median")
    # letters as letters: as outlines they would make up most of the file
    with in_style(), mpl.rc_context({"svg.fonttype": "none"}):
        for view, draw in VIEWS.items():
            figure = draw(measured)
            save(figure, [DOCS / f"{FIGURES.format(view=view)}{ending}" for ending in (".png", ".svg")], DPI)


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
    lines += _table(("benchmark", "quantity", "median (range)", "at most", "met"), judged)
    lines += ["## Ratios", "", *_image("ratios")]
    for benchmark, found in of_benchmark.items():
        lines += [f"## {benchmark}", "", *_remarks(row for row in found if not row["median"])]
        values = [row for row in found if row["median"]]
        if benchmark == "growth":
            lines += [*_image("growth"), *_growth(values)]
        elif values:
            lines += _table(("quantity", "median (range)", "at most"), values)
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


def _table(header: Sequence[str], rows: Iterable[dict[str, str]]) -> list[str]:
    """Return the lines of a table, with what is in the rows, and what follows from it."""
    lines = [header, ["---"] * len(header)]
    for row in rows:
        texts = {"median (range)": _value(row), "at most": _with_unit(row["target"], row), **row}
        lines.append([texts[column].replace("|", "\\|") for column in header])
    return [*(f"| {' | '.join(line)} |" for line in lines), ""]


def _growth(rows: Sequence[dict[str, str]]) -> list[str]:
    """Return one line for each series, in place of one for each of its sizes."""
    series: dict[tuple[str, ...], list[dict[str, str]]] = {}
    exponents = {}
    for row in rows:
        if found := growth.PATTERN.fullmatch(row["quantity"]):
            size = found["size"].replace(",", " ")
            series.setdefault(found.group("job", "varied", "quantity"), []).append({**row, "size": size})
        else:
            exponents[row["quantity"]] = row
    lines = []
    for (job, varied, quantity), of_sizes in series.items():
        medians = f"{quantity}: {', '.join(row['median'] for row in of_sizes)} {of_sizes[0]['unit']}"
        line = {"job": job, "of growing": varied, "medians": medians}
        exponent = exponents[growth.EXPONENT.format(job=job, varied=varied, quantity=quantity)]
        line |= {"sizes": ", ".join(row["size"] for row in of_sizes), "exponent (range)": _value(exponent)}
        lines.append({**exponent, **line})
    return _table(("job", "of growing", "sizes", "medians", "exponent (range)", "at most"), lines)


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
    groups = list(times.groupby("benchmark", sort=False))
    figure = new_figure(WIDTHS["page"], 0.8 + 0.17 * len(times) + 0.5 * len(groups))
    heights = [2 + len(here) for _, here in groups]
    panels = figure.subplots(len(groups), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (benchmark, of_benchmark) in zip(panels, groups, strict=True):
        here = of_benchmark.iloc[::-1]
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
    quantities = table.loc[table["benchmark"] == "growth", "quantity"]
    found = quantities.str.extract(f"^{growth.PATTERN.pattern}$").dropna()
    found["size"] = found["size"].str.replace(",", "").astype(int)
    found["median"] = table.loc[found.index, "median"]
    columns = list(dict.fromkeys(found["varied"]))
    labels = {growth.CPU_TIME: "CPU time (s)", growth.MEMORY: "memory (MiB)"}
    figure = new_figure(WIDTHS["page"], 4.4)
    panels = figure.subplots(2, len(columns), sharex="col", sharey="row", squeeze=False)
    lines = {}
    for row, (quantity, label) in zip(panels, labels.items(), strict=True):
        row[0].set_ylabel(label)
        of_row = found[found["quantity"] == quantity]
        for axes, varied in zip(row, columns, strict=True):
            here = of_row[of_row["varied"] == varied]
            for job, of_job in here.groupby("job", sort=False):
                color = JOB_COLORS[str(job)]
                (lines[job],) = axes.plot(of_job["size"], of_job["median"], "o-", color=color, markersize=3)
            axes.set_xscale("log", base=2)
            axes.set_yscale("log")
            axes.set_ylim(of_row["median"].min() / 1.5, of_row["median"].max() * 1.5)
            ends = np.array([here["size"].min(), here["size"].max()])
            for start in 10.0 ** np.arange(-4, 5):
                axes.plot(ends, start * ends / ends[0], ":", color=GRAY, linewidth=0.7, zorder=1)
            axes.set_xticks(ends, [f"{size:,}" for size in ends])
            axes.xaxis.set_minor_locator(NullLocator())
    for axes, varied in zip(panels[-1], columns, strict=True):
        axes.set_xlabel(varied)
    figure.legend(lines.values(), lines.keys(), loc="outside upper center", ncols=len(lines))
    return figure


VIEWS = {"targets": targets, "ratios": ratios, "growth": growth_lines}
