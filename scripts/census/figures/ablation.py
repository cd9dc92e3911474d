"""What a network's answers lose without single units of a layer, and without more and more of them."""

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from census.figures.inputs import Inputs, Views
from census.figures.style import (
    BLUE,
    FINAL,
    GRAY,
    GREEN,
    INK,
    ORANGE,
    UNTRAINED,
    VERMILION,
    WIDTH,
    depth_axis,
    depth_width,
    final_state,
    names_height,
    new_figure,
    wrapped,
)

MODES = {"zero": "set to 0", "mean": "set to their mean", "resampled": "replaced by another image's maps"}
LOSSES = {"labels": "change of cross-entropy", "intact": "divergence from the intact"}
ACCURACIES = {"labels": "accuracy", "intact": "agreement with\nthe intact network"}
ORDERS = {
    "random": ("random", GRAY, "o"),
    "mean_activation": ("largest mean activation first", BLUE, "s"),
    "selectivity": ("most selective first", ORANGE, "^"),
    "rs": ("highest RS first", GREEN, "D"),
}
COLORS = {FINAL: BLUE, UNTRAINED: GRAY}
RS_NAMES = {"rs_iam": "RS of images by IAM", "rs_natural": "RS of natural images"}


def _reference(layers: pd.DataFrame) -> str:
    return layers["reference"].iloc[0]


def _sampled(layers: pd.DataFrame) -> str:
    """Say how many units and images there are."""
    least, most = layers["n_ablated"].min(), layers["n_ablated"].max()
    units = f"{most}" if least == most else f"{least} to {most}"
    whole = (layers["n_ablated"] == layers["n_units"]).all()
    return f"{'all' if whole else units} units of each layer, {layers['n_images'].max()} images"


def _marks(
    panel: Axes, units: pd.DataFrame, quantity: str, middle: float, width: float, checkpoint: str
) -> None:
    """Draw a mark per unit with its interval, in ascending order, and how many are undefined."""
    color = COLORS[checkpoint]
    known = units[units[quantity].notna()].sort_values(quantity)
    x = middle + width * ((np.arange(len(known)) + 0.5) / max(1, len(known)) - 0.5)
    if f"{quantity}_low" in known:
        panel.vlines(x, known[f"{quantity}_low"], known[f"{quantity}_high"], color=color, alpha=0.35, lw=1)
    face = color if checkpoint == FINAL else "white"
    style: dict[str, Any] = {"markersize": 2.2, "markeredgewidth": 0.6, "markerfacecolor": face}
    panel.plot(x, known[quantity], "o", color=color, **style)
    if len(known) < len(units):
        panel.text(
            middle,
            0.03,
            f"{len(units) - len(known)} NaN",
            rotation=90,
            ha="center",
            fontsize=6.5,
            color=color,
            transform=panel.get_xaxis_transform(),
        )


def draw_units(units: pd.DataFrame, layers: pd.DataFrame, title: str) -> Figure:
    """Draw what each unit's ablation costs, by layer: loss, accuracy, and the class that loses most.

    Parameters
    ----------
    units, layers : rows per unit, and per layer, mode and checkpoint, as the rule ``ablation`` writes them.
    title : what stands above.
    """
    names = layers.sort_values("depth")["layer"].unique().tolist()
    modes = [mode for mode in MODES if mode in set(units["mode"])]
    reference = _reference(layers)
    shown = [each for each in (UNTRAINED, FINAL) if each in set(units["checkpoint"])]
    rows = [
        ("ablation_loss", f"{LOSSES[reference]}\n(nats; log beyond ±0.001)"),
        ("ablation_accuracy", f"change of {ACCURACIES[reference]}"),
        ("ablation_worst_class", "fall of the accuracy on\nthe class that loses most"),
    ]
    few = units["ablation_worst_class"].isna().all()
    if few:
        rows.pop()
    figure = new_figure(
        max(WIDTH, 1.8 + len(modes) * max(3.4, 0.42 * len(names))),
        0.2 + 1.8 * len(rows) + names_height(names),
    )
    panels = figure.subplots(len(rows), len(modes), sharex=True, sharey="row", squeeze=False)
    width = 0.8 / len(shown)
    for column, mode in enumerate(modes):
        of_mode = units[units["mode"] == mode]
        for (quantity, label), panel in zip(rows, panels[:, column], strict=True):
            for place, name in enumerate(names):
                for number, checkpoint in enumerate(shown):
                    here = of_mode[(of_mode["layer"] == name) & (of_mode["checkpoint"] == checkpoint)]
                    middle = place + (number - (len(shown) - 1) / 2) * width
                    _marks(panel, here, quantity, middle, 0.88 * width, checkpoint)
            panel.axhline(0, color=INK, linewidth=0.7)
            if column == 0:
                panel.set_ylabel(label)
            depth_axis(panel, names, named=quantity == rows[-1][0])
        panels[0, column].set_title(f"units {MODES[mode]}")
    panels[0, 0].set_yscale("symlog", linthresh=1e-3, linscale=0.6)
    if reference == "intact":  # it is never negative
        panels[0, 0].set_ylim(-2e-4, None)
    if not few:
        panels[2, 0].set_ylim(-0.02, None)
    for panel in panels[1:, 0]:
        panel.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    figure.align_ylabels(panels[:, 0])
    dot: dict[str, Any] = {"marker": "o", "linestyle": "", "markersize": 3.5}
    handles = [Line2D([], [], color=BLUE, label=final_state(units), **dot)]
    if UNTRAINED in shown:
        handles.append(Line2D([], [], color=GRAY, label="untrained", markerfacecolor="white", **dot))
    handles.append(Line2D([], [], color=INK, alpha=0.5, linewidth=1, label="95 % interval"))
    handles.append(Line2D([], [], linestyle="", label=f"a mark is a unit:\n{_wrap(_sampled(layers))}"))
    if few:
        handles.append(
            Line2D([], [], linestyle="", label="no class has enough\nimages to tell which\nloses most")
        )
    figure.legend(handles=handles, loc="outside right upper")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def _wrap(text: str) -> str:
    return text.replace(", ", ",\n")


def _curve(panel: Axes, table: pd.DataFrame, order: str) -> None:
    """Draw the curve of an order; of several random ones their mean, and where they all lie."""
    _, color, marker = ORDERS[order]
    by_share = table.groupby("share")["accuracy"]
    mean = by_share.mean()
    if order == "random":
        panel.fill_between(mean.index, by_share.min(), by_share.max(), color=color, alpha=0.4, linewidth=0)
    else:
        # the interval of the mean over images
        panel.vlines(
            table["share"], table["accuracy_low"], table["accuracy_high"], color=color, alpha=0.4, linewidth=2
        )
    panel.plot(mean.index, mean, marker=marker, color=color, markersize=3)


def draw_cumulative(curves: pd.DataFrame, layers: pd.DataFrame, title: str) -> Figure:
    """Draw accuracy against the share of units removed, a panel per layer, and the areas along depth.

    Parameters
    ----------
    curves, layers : rows per share and order, and per layer, as the rule ``ablation`` writes them.
    title : what stands above.
    """
    layers = layers[layers["checkpoint"] == FINAL].sort_values("depth")
    curves = curves[curves["checkpoint"] == FINAL]
    modes = [mode for mode in MODES if mode in set(layers["mode"])]
    names = layers["layer"].unique().tolist()
    orders = [order for order in ORDERS if order in set(curves["order"])]
    n_columns = min(5, len(names))
    n_rows = math.ceil(len(names) / n_columns)
    heights = [1.75 * n_rows + 0.2, 1.5 + names_height(names)]
    figure = new_figure(
        max(WIDTH + 1.4, depth_width(len(names)) + 1.8), 0.4 + len(modes) * sum(heights) + 0.2 * n_rows
    )
    parts: Any = figure.subfigures(2 * len(modes), 1, height_ratios=heights * len(modes))
    for number, mode in enumerate(modes):
        above, below = parts[2 * number], parts[2 * number + 1]
        of_mode = layers[layers["mode"] == mode]
        panels = above.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
        for panel, name in zip(panels.ravel(), names, strict=False):
            table = curves[(curves["mode"] == mode) & (curves["layer"] == name)]
            for order in orders:
                _curve(panel, table[table["order"] == order], order)
            row = of_mode[of_mode["layer"] == name].iloc[0]
            panel.axhline(row["chance"], color=VERMILION, linewidth=1, linestyle=":")
            panel.set_title(f"{wrapped(name, 20)}\n{row['n_units']} units", fontsize=7, fontweight="normal")
            panel.set_ylim(-0.02, 1.04)
            panel.set_xlim(-0.03, 1.03)
            for axis in (panel.xaxis, panel.yaxis):
                axis.set_major_formatter(PercentFormatter(1))
            panel.set_xticks([0, 0.5, 1])
        for place, panel in enumerate(panels.ravel()):
            panel.axison = place < len(names)
            # the last one with something in it names the shares
            if place < len(names) <= place + n_columns:
                panel.tick_params(labelbottom=True)
        for panel in panels[:, 0]:
            panel.set_ylabel(ACCURACIES[_reference(layers)], fontsize=8)
        above.supxlabel(f"share of the layer's units {MODES[mode]}", fontsize=8)
        _areas(below.subplots(), of_mode, names, orders)
    handles: list[Artist] = [
        Line2D([], [], color=color, marker=marker, markersize=4, label=label)
        for order in orders
        for label, color, marker in [ORDERS[order]]
    ]
    criteria = [each for each in RS_NAMES if each in set(curves["criterion"])]
    handles += [Line2D([], [], linestyle="", label=f"({RS_NAMES[each]})") for each in criteria]
    n_random = int(curves["random_order"].max()) + 1
    handles += [
        Patch(color=GRAY, alpha=0.4, label=f"all of {n_random} random orders"),
        Line2D([], [], color=INK, alpha=0.5, linewidth=2, label="95 % interval"),
        Line2D([], [], color=VERMILION, linestyle=":", label="best constant answer"),
        Line2D([], [], linestyle="", label=f"{layers['n_images'].max()} images"),
    ]
    figure.legend(handles=handles, loc="outside right upper")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def _areas(axes: Axes, layers: pd.DataFrame, names: list[str], orders: list[str]) -> None:
    """Draw the area under each curve along depth."""
    x = np.arange(len(names))
    for number, order in enumerate(orders):
        _, color, marker = ORDERS[order]
        offset = 0.12 * (number - (len(orders) - 1) / 2)
        column = f"auc_{order}"
        if order == "random":
            axes.fill_between(
                x + offset,
                layers["auc_random_least"],
                layers["auc_random_most"],
                color=color,
                alpha=0.4,
                lw=0,
            )
        axes.vlines(
            x + offset, layers[f"{column}_low"], layers[f"{column}_high"], color=color, alpha=0.4, linewidth=2
        )
        axes.plot(x + offset, layers[column], marker=marker, color=color, markersize=4, linewidth=1)
    axes.plot(x, layers["chance"], color=VERMILION, linewidth=1, linestyle=":")
    axes.set_ylim(0, 1.03)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_ylabel("area under\nthe curve")
    depth_axis(axes, names)


def views(inputs: Inputs) -> Views:
    """Return the function of each view of a run: single units along depth, and more and more units."""
    units, curves, layers = (inputs.table(f"ablation.{name}") for name in ("units", "curves", "layer"))
    return {
        "units": lambda: draw_units(units, layers, f"Importance of single units: {inputs.where}"),
        "cumulative": lambda: draw_cumulative(
            curves, layers, f"Removing more and more units: {inputs.where}"
        ),
    }
