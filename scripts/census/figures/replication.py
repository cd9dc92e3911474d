"""Measures along depth in networks trained identically from different seeds."""

from typing import TYPE_CHECKING

import numpy as np

from census.figures.declaration import Family, View
from census.figures.style import COLORS, DASHED, FINAL, layers_of, states
from census.measures.declaration import Tables
from census.statistics.networks import LEAST, mean_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from census.drawing.page import Page

# columns of the census of layers, in order of the studies
COLUMNS = {
    "active_fraction": "active fraction",
    "alignment_kurtosis": "axis alignment\n(Δ kurtosis)",
    "image_correlation": "mean correlation\nbetween images",
    "similarity_to_input": "similarity\nto the input",
    "gini_mean": "mean Gini index\nof top classes",
    "mf_mean": "mean MF degree",
    "rho_rs_selectivity": "ρ of RS\nand selectivity",
    "participation_ratio": "participation\nratio",
}


def draw_depth(page: "Page", layers: "pd.DataFrame") -> None:
    """Draw measures of layers along depth: a thin line per seed, and the mean with its interval."""
    here = page.rows_of_run(layers, "seed")
    shown = {name: label for name, label in COLUMNS.items() if here[name].notna().any()}
    for axes, (name, label) in zip(
        page.along_depth(layers_of(here), 1.15 * len(shown), len(shown)), shown.items(), strict=True
    ):
        for checkpoint, rows in states(here):
            draw_networks(page, axes, rows, name, COLORS[checkpoint], solid=checkpoint == FINAL)
        axes.set_ylabel(label, fontsize=8)
    for checkpoint, rows in reversed(list(states(here))):
        label = "trained" if checkpoint == FINAL else "untrained"
        explain_networks(page, rows, label, COLORS[checkpoint], solid=checkpoint == FINAL)


def draw_networks(
    page: "Page", axes: "Axes", rows: "pd.DataFrame", column: str, color: str, *, solid: bool = True
) -> None:
    """Draw a column along depth at a checkpoint: each network, their mean, and its t interval.

    Parameters
    ----------
    rows : a row per layer and seed.
    solid : whether lines are solid.
    """
    style = "-" if solid else DASHED
    by_seed = rows.pivot(index="layer", columns="seed", values=column).reindex(list(page.places))
    x = np.arange(len(by_seed))
    axes.plot(x, by_seed.to_numpy(), color=color, linewidth=0.6, alpha=0.5, linestyle=style)
    found = np.array([mean_with_interval(values[~np.isnan(values)]) for values in by_seed.to_numpy(float)])
    mean, low, high = found.T
    axes.fill_between(x, low, high, color=color, alpha=0.2, linewidth=0)
    axes.plot(x, mean, "o", color=color, linewidth=1.8, linestyle=style, markersize=3.5)
    page.crosses(axes, x, mean, color)


def explain_networks(
    page: "Page", rows: "pd.DataFrame", label: str, color: str, *, solid: bool = True
) -> None:
    """Explain what :func:`draw_networks` draws."""
    style = "-" if solid else DASHED
    page.line(f"{label}: mean", color, marker="o", markersize=3.5, linestyle=style, linewidth=1.8)
    page.line("each seed", color, linestyle=style, linewidth=0.6, alpha=0.5)
    if rows["seed"].nunique() >= LEAST:
        page.area("95 % t interval", color, alpha=0.2)


family = Family(
    name="replication",
    section="replication",
    reads={"layers": Tables("census.layers")},
    where=lambda run: run.stands_for_seeds,
    views=[
        View(
            "depth",
            draw_depth,
            "Measures along depth over seeds",
            caption="""
            Measures of layers of {network}, trained from several seeds, on the images of {dataset}, in order
            of depth. A thin line is one network; marks and the thick line are the mean over networks, and
            bands its 95 % t interval over networks. Gray dashed lines are the networks before training.
            Narrow bands mean that results hardly depend on the seed.
            """,
        ),
    ],
)
