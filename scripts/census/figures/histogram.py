"""Histograms of non-zero activations, one panel per layer."""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from census.figures.declaration import Family, View, sheets_of
from census.figures.style import BLUE, GRAY, shortened, state_of
from census.measures.declaration import Tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from census.drawing.page import Page

LONGEST_NAME = 24  # characters that fit above a panel
ROW, COLUMNS = 1.25, 5  # inches of a row, and panels in it
CLEAR = 0.25  # share of an axis below its last tick that has no other tick


def draw_histograms(page: "Page", bins: "pd.DataFrame", checkpoint: str) -> None:
    """Draw a panel per layer in order of depth: counts on a log axis, the share of non-zero values."""
    bins = bins[bins["checkpoint"] == checkpoint]
    page.title += f"{state_of(checkpoint)}; {bins['n_map_images'].iloc[0]} images"
    layers = [group for _, group in bins.groupby("depth", sort=True)]
    page.know([group["layer"].iloc[0] for group in layers])
    layers = page.share(layers)
    columns = page.columns_of(1.4)
    top = 10 ** math.ceil(math.log10(max(10, bins["count"].max())) + 0.35)
    panels = page.grid(len(layers), columns, row=ROW, others=0.9, sharey=True)
    for panel, layer in zip(panels, layers, strict=True):
        edges = np.append(layer["left"].to_numpy(), layer["right"].iloc[-1])
        counts = layer["count"].to_numpy()
        panel.stairs(counts, edges, fill=True, color=BLUE)
        if edges[0] < 0:
            panel.axvline(0, color=GRAY, linewidth=0.8)
        panel.set_yscale("log")
        panel.set_ylim(0.7, top)
        name = page.name(layer["layer"].iloc[0])
        panel.set_title(shortened(name, LONGEST_NAME), fontsize=7, fontweight="normal")
        panel.locator_params(axis="x", nbins=3, steps=[1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10])
        _mark_upper_edge(panel, edges)
        panel.tick_params(labelsize=7)
        total, lost = counts.sum() + layer["zeros"].iloc[0], layer["not_finite"].iloc[0]
        words = [f"{counts.sum() / total:.1%}"] if counts.sum() else [] if lost else ["inactive"]
        if lost:
            words.append(f"{lost / (total + lost):.1%} not finite")
        panel.text(0.97, 0.95, "\n".join(words), transform=panel.transAxes, ha="right", va="top", fontsize=8)
    page.figure.supylabel("values in bin (log scale)")
    page.below(
        "activation, in the network's own units; values of 0 are left out, the share of others is printed"
    )


def _mark_upper_edge(panel: "Axes", edges: NDArray[np.floating]) -> None:
    """Put a tick at the upper edge of a histogram, in place of other ticks near it."""
    low, high = float(edges[0]), float(edges[-1])
    if not (np.isfinite([low, high]).all() and low < high):
        return
    room = CLEAR * (high - low)
    ticks = [tick for tick in panel.get_xticks() if low <= tick <= high - room] + [high]
    labels = [f"{tick:,.0f}" if abs(tick) >= 100 else f"{tick:.3g}" for tick in ticks]
    panel.set_xticks(ticks, [label.replace("-", "−") for label in labels])


family = Family(
    name="histogram",
    section="sparsity",
    reads={"bins": Tables("histogram")},
    views=[
        View(
            "{checkpoint}",
            draw_histograms,
            "Non-zero activations",
            checkpoints="all",
            sheets=sheets_of(lambda run: run.layers, inches=ROW, columns=COLUMNS),
            caption="""
            Histograms of the activations of {checkpoint} {network} on images of {dataset}, a panel per layer
            in order of depth. Counts are on a log axis. Values of 0 are left out; the share of the other
            values is printed in each panel. The last tick is the largest value. A spike at the right end is
            the limit of a clipped activation function, such as 6 of ReLU6. A layer with a small share and a
            long tail has a sparse code.
            """,
            corresponds="the histograms of activations",
        ),
    ],
)
