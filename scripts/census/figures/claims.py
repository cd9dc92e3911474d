"""Figure of the verdicts on all claims: one page, a row per claim and a column per network and data set."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from census.claims.verdict import FAILS, HOLDS, UNDECIDED, read_verdicts
from census.figures.inputs import Inputs, Views
from census.figures.style import BLUE, GRAY, INK, VERMILION, new_figure

COLORS = {HOLDS: BLUE, FAILS: VERMILION, UNDECIDED: GRAY}
MARKS = {HOLDS: "o", FAILS: "s", UNDECIDED: "D"}
ROW, CLAIM, COLUMN = 0.44, 6.5, 4.3  # inches


def draw_claims(claims: pd.DataFrame, title: str) -> Figure:
    """Draw the effect of each claim with its interval, its null and the untrained network's, and the verdict.

    Each row has a scale of its own, the same for all networks: −1 to 1 for rank correlations, else up to the
    largest number in the row.

    Parameters
    ----------
    claims : as the rule ``verdicts`` writes them.
    title : what stands above.
    """
    rows = claims[["id", "statistic"]].drop_duplicates().reset_index(drop=True)
    runs = claims[["network", "dataset"]].drop_duplicates().reset_index(drop=True)
    figure = new_figure(CLAIM + COLUMN * len(runs), 1.5 + ROW * len(rows))
    panels = figure.subplots(
        1, 1 + len(runs), sharey=True, width_ratios=[CLAIM, *[COLUMN] * len(runs)], squeeze=False
    )[0]
    texts, *panels = panels
    _words(texts, claims, rows)
    scales = {
        key: 1.0
        if key[1].startswith("ρ")
        else max(here[["effect", "low", "high", "control"]].sub(here["null"], axis=0).abs().max().max(), 1e-9)
        for key, here in claims.groupby(["id", "statistic"])
    }
    for axes, run in zip(panels, runs.itertuples(), strict=True):
        here = claims[(claims["network"] == run.network) & (claims["dataset"] == run.dataset)]
        _column(axes, here.set_index(["id", "statistic"]), rows, scales)
        axes.set_title(f"{run.network} on {run.dataset}")
    handles = [
        *(Line2D([], [], color=COLORS[each], marker=MARKS[each], label=each) for each in COLORS),
        Line2D(
            [], [], color=INK, marker="o", markerfacecolor="white", linestyle="", label="untrained network"
        ),
        Line2D([], [], color=INK, linewidth=0.8, label="null"),
        Patch(color="#EAF3FA", label="predicted side"),
    ]
    for axes in (texts, *panels):
        for words in axes.texts:
            words.set_in_layout(False)  # else panels would shrink until words stand within their share
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def _words(axes: Axes, claims: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Write each claim, and below it what is measured."""
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    claim_of = claims.drop_duplicates(["id", "statistic"]).set_index(["id", "statistic"])["claim"]
    for place, row in enumerate(rows.itertuples()):
        _stripe(axes, place)
        axes.text(0, place - 0.14, row.id, fontweight="bold", va="center", fontsize=8)
        axes.text(0.07, place - 0.14, _cut(claim_of[row.id, row.statistic], 100), va="center", fontsize=8)
        axes.text(0.07, place + 0.24, _cut(row.statistic, 140), va="center", fontsize=6.4, color="#555555")


def _column(
    axes: Axes, found: pd.DataFrame, rows: pd.DataFrame, scales: dict[tuple[str, str], float]
) -> None:
    """Draw what was found of one network."""
    axes.set_axis_off()
    # words stand to the right of the marks
    axes.set_xlim(-1.1, 5.0)
    for place, key in enumerate(rows.itertuples(index=False, name=None)):
        _stripe(axes, place)
        row, scale = found.loc[key], scales[key]
        side = 1 if row["predicted"] == "above" else -1
        axes.fill_between([0, side], place - 0.36, place + 0.36, color="#EAF3FA", linewidth=0)
        axes.vlines(0, place - 0.36, place + 0.36, color=INK, linewidth=0.8)
        values = (row[["effect", "low", "high", "control"]].astype(float) - row["null"]) / scale
        color = COLORS[row["verdict"]]
        axes.plot(values["control"], place, "o", color=INK, markerfacecolor="white", markersize=4)
        axes.hlines(place, values["low"], values["high"], color=color, linewidth=2.6, alpha=0.5)
        axes.plot(values["effect"], place, MARKS[row["verdict"]], color=color, markersize=4.5)
        axes.text(1.25, place - 0.17, _number(row), fontsize=6.8, va="center")
        words = ": ".join(filter(None, [row["verdict"], row["remark"]]))
        axes.text(
            1.25, place + 0.2, _cut(words, 74), fontsize=6.8, color=color, va="center", fontweight="bold"
        )


def _stripe(axes: Axes, place: int) -> None:
    """Set off every other row."""
    if place % 2:
        axes.axhspan(place - 0.5, place + 0.5, color="#F5F5F5", linewidth=0, zorder=0)


def _number(row: "pd.Series[float]") -> str:
    """Return effect and interval in words."""
    if np.isnan(row["effect"]):
        return "–"
    interval = "" if np.isnan(row["low"]) else f" [{row['low']:.2f}, {row['high']:.2f}]"
    control = "" if np.isnan(row["control"]) else f"; untrained {row['control']:.2f}"
    return f"{row['effect']:.2f}{interval}{control}".replace("-", "−")


def _cut(words: str, longest: int) -> str:
    return textwrap.shorten(words, longest, placeholder=" …")


def views(inputs: Inputs) -> Views:
    """Return the function of the one view of the study."""
    claims = read_verdicts(inputs.files["claims"][0])
    return {"claims": lambda: draw_claims(claims, "Do the studies' claims hold here?")}
