"""Histograms of non-zero activations, a panel per layer (as the figure of the sparsity blog)."""

import math
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from census.figures.inputs import Inputs, Views
from census.figures.style import BLUE, GRAY, new_figure, shortened, state_of

PANEL_WIDTH, PANEL_HEIGHT = 1.8, 1.3  # inches
LONGEST_NAME = 34  # characters that fit above a panel


def draw_histograms(table: pd.DataFrame, title: str) -> Figure:
    """Draw one panel per layer in order of depth: counts on a log axis, the share of non-zero values printed.

    Parameters
    ----------
    table : rows per layer and bin with depth, layer, left, right, count, zeros, not_finite, of one
        checkpoint.
    title : what stands above all panels.
    """
    layers = [group for _, group in table.groupby("depth", sort=True)]
    columns = min(6, max(3, math.ceil(math.sqrt(len(layers)))))
    rows = math.ceil(len(layers) / columns)
    figure = new_figure(columns * PANEL_WIDTH + 0.3, rows * PANEL_HEIGHT + 0.9)
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    top = 10 ** math.ceil(math.log10(max(10, table["count"].max())) + 0.35)
    for panel, layer in zip(panels, layers, strict=False):
        edges = np.append(layer["left"].to_numpy(), layer["right"].iloc[-1])
        counts = layer["count"].to_numpy()
        panel.stairs(counts, edges, fill=True, color=BLUE)
        if edges[0] < 0:
            panel.axvline(0, color=GRAY, linewidth=0.8)
        panel.set_yscale("log")
        panel.set_ylim(0.7, top)
        panel.set_title(shortened(layer["layer"].iloc[0], LONGEST_NAME), fontsize=6.5, fontweight="normal")
        panel.xaxis.set_major_locator(MaxNLocator(3))
        panel.tick_params(labelsize=7)
        total, lost = counts.sum() + layer["zeros"].iloc[0], layer["not_finite"].iloc[0]
        words = [f"{counts.sum() / total:.1%}"] if counts.sum() else [] if lost else ["silent"]
        if lost:
            words.append(f"{lost / (total + lost):.1%} not finite")
        panel.text(0.97, 0.95, "\n".join(words), transform=panel.transAxes, ha="right", va="top", fontsize=8)
    for panel in panels[len(layers) :]:
        panel.remove()
    figure.supylabel("values in bin (log scale)")
    figure.supxlabel(
        "activation, in the network's own units; values of 0 left out, share of the others printed"
    )
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def views(inputs: Inputs) -> Views:
    """Return the function of each view of a run: the histograms at each checkpoint."""

    def of_checkpoint(checkpoint: str, table: pd.DataFrame) -> Figure:
        images = f"{table['n_map_images'].iloc[0]} images of {inputs.dataset}"
        title = f"Non-zero activations of {inputs.network}{state_of(checkpoint)} on {images}"
        return draw_histograms(table, title)

    tables = inputs.table("histogram").groupby("checkpoint")
    return {checkpoint: partial(of_checkpoint, checkpoint, table) for checkpoint, table in tables}
