"""How layers change over learning: towards the trained network, and from checkpoint to checkpoint."""

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from census.figures.inputs import Inputs, Views
from census.figures.similarity import NAMES, SIMILARITIES, colorbar
from census.figures.style import (
    BLUE,
    FINAL,
    UNTRAINED,
    WIDTH,
    along_depth,
    depth_axis,
    depth_width,
    kind_handles,
    mark_undefined,
    names_height,
    new_figure,
    over_learning,
    step_axis,
    wrapped,
)


def draw_learning(
    similarities: pd.DataFrame,
    correlations: pd.DataFrame,
    sparsity: pd.DataFrame,
    performance: pd.DataFrame | None,
    title: str,
) -> Figure:
    """Draw each layer's similarity to itself before and after training, against the step of training.

    Beside it mean pattern correlation and active fraction, and the network's accuracy and loss.

    Parameters
    ----------
    similarities, correlations, sparsity, performance : rows per layer and checkpoint, as the rules
        ``learning``, ``correlation``, ``sparsity`` and ``performance`` write them; None where the classes of
        the images are not the network's.
    title : what stands above.
    """
    rows = 3 if performance is not None else 2
    figure = new_figure(WIDTH + 0.6, 2.1 * rows + 0.8)
    panels = figure.subplots(rows, 2, sharex=True)
    for panel, checkpoint, label in (
        (panels[0, 0], FINAL, "similarity to the\ntrained layer"),
        (panels[0, 1], UNTRAINED, "similarity to the\nuntrained layer"),
    ):
        table = similarities[similarities["other_checkpoint"] == checkpoint]
        if len(table):
            over_learning(panel, table, "similarity")
        panel.set_ylabel(label)
        panel.set_ylim(min(0, table["similarity_low"].min()) - 0.03, 1.03)
    over_learning(panels[1, 0], correlations, "pattern_correlation")
    panels[1, 0].set_ylabel("mean correlation between\npatterns of different images")
    panels[1, 0].set_ylim(min(0, correlations["pattern_correlation_low"].min()) - 0.03, 1.03)
    over_learning(panels[1, 1], sparsity, "active_fraction")
    panels[1, 1].set_ylabel("active fraction")
    panels[1, 1].set_ylim(-0.03, 1.03)
    panels[1, 1].yaxis.set_major_formatter(PercentFormatter(1))
    if performance is not None:
        table = performance.sort_values("step")
        for panel, column, label in (
            (panels[2, 0], "accuracy", "accuracy of the network"),
            (panels[2, 1], "loss", "cross-entropy (nats)"),
        ):
            low, high = table[f"{column}_low"], table[f"{column}_high"]
            panel.fill_between(table["step"], low, high, color=BLUE, alpha=0.2, linewidth=0)
            panel.plot(table["step"], table[column], "o-", color=BLUE, markersize=3.5)
            step_axis(panel, table["step"].tolist())
            panel.set_ylabel(label)
            panel.set_ylim(0, None)
        panels[2, 0].set_ylim(0, 1.03)
        panels[2, 0].yaxis.set_major_formatter(PercentFormatter(1))
    for panel in panels[:-1].ravel():
        panel.set_xlabel("")
        panel.tick_params(labelbottom=False)
    handles, labels = panels[1, 1].get_legend_handles_labels()
    title_of_legend = "layer; band:\n95 % interval"
    figure.legend(handles, labels, loc="outside right upper", title=title_of_legend, alignment="left")
    figure.align_ylabels(panels)
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def draw_checkpoints(similarities: pd.DataFrame, title: str) -> Figure:
    """Draw the similarity of each two checkpoints: a matrix per layer; of two only, a curve along depth.

    Parameters
    ----------
    similarities : rows per layer and pair of checkpoints, as the rule ``learning`` writes them.
    title : what stands above.
    """
    if similarities["checkpoint"].nunique() == 2:
        return _draw_two_checkpoints(similarities, title)
    layers = [table for _, table in similarities.groupby("depth", sort=True)]
    order = similarities.drop_duplicates("checkpoint").sort_values("step")["checkpoint"].tolist()
    ends = {UNTRAINED: "untrained", FINAL: "trained"}
    names = [ends[each] if each in ends else f"step {int(each):,}" for each in order]
    n_columns = min(5, len(layers))
    n_rows = math.ceil(len(layers) / n_columns)
    side = max(1.15, 0.26 * len(order))
    figure = new_figure(max(5.5, n_columns * (side + 0.1) + 1.7), n_rows * (side + 0.3) + 1.1)
    panels = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
    for panel, layer in zip(panels.ravel(), layers, strict=False):
        matrix = (
            layer.pivot(index="checkpoint", columns="other_checkpoint", values="similarity")
            .reindex(index=order, columns=order)
            .to_numpy()
        )
        image = panel.imshow(np.ma.masked_invalid(matrix), cmap=SIMILARITIES, vmin=0, vmax=1)
        panel.grid(False)
        panel.spines[:].set_visible(False)
        panel.tick_params(length=0)
        panel.set_title(wrapped(layer["layer"].iloc[0], 20), fontsize=6.5, fontweight="normal")
        panel.set_xticks(range(len(order)), names, rotation=90, fontsize=7)
        panel.set_yticks(range(len(order)), names, fontsize=7)
        for (row, column), value in np.ndenumerate(matrix):
            text = "×" if np.isnan(value) else f"{value:.2f}"
            color = "white" if value < 0.6 else "black"
            panel.text(column, row, text, ha="center", va="center", fontsize=6, color=color)
    for panel in panels.ravel()[len(layers) :]:
        panel.set_axis_off()
    colorbar(figure, image, panels, NAMES["similarity"])
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def _draw_two_checkpoints(similarities: pd.DataFrame, title: str) -> Figure:
    pairs = similarities[similarities["checkpoint"] != similarities["other_checkpoint"]]
    table = pairs[pairs["checkpoint"] == FINAL].sort_values("depth")
    names = table["layer"].tolist()
    figure = new_figure(depth_width(len(names)), 2.6 + names_height(names))
    axes = figure.subplots()
    along_depth(axes, table, "similarity", BLUE, solid=True)
    mark_undefined(axes, range(len(table)), table["similarity"], BLUE)
    axes.set_ylim(min(0, table["similarity_low"].min()) - 0.03, 1.03)
    axes.set_ylabel("similarity of the trained\nand the untrained layer")
    depth_axis(axes, names)
    handles = [Line2D([], [], color=BLUE, label="bar: 95 % interval")]
    handles += kind_handles(table["kind"])
    figure.legend(handles=handles, loc="outside right upper")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def views(inputs: Inputs) -> Views:
    """Return the function of each view of a run: layers at each training step, and between checkpoints."""
    similarities, correlations, sparsity = (
        inputs.table(key) for key in ("learning", "correlation.layers", "sparsity.layer")
    )
    # no file if the network was not trained on these labels
    performance = inputs.table("performance") if inputs.files["performance"] else None
    return {
        "steps": lambda: draw_learning(
            similarities, correlations, sparsity, performance, f"Over learning: {inputs.where}"
        ),
        "checkpoints": lambda: draw_checkpoints(
            similarities, f"Similarity of each layer over learning: {inputs.where}"
        ),
    }
