"""Effects of the ablation of single units of a layer, and of cumulative ablation."""

from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from census.figures.declaration import Family, View
from census.figures.style import (
    BLUE,
    COLORS,
    FINAL,
    GRAY,
    GREEN,
    INK,
    ORANGE,
    UNTRAINED,
    VERMILION,
    at,
    final_state,
    layers_of,
    states,
    wrapped,
)
from census.measures.declaration import Tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from census.drawing.page import Page

MODES = {
    "zero": "set to 0",
    "mean": "set to their mean",
    "resampled": "replaced by another image's maps",
    "optimal": "set to the best constant",
}
ACCURACIES = {"labels": "accuracy", "intact": "agreement with\nthe intact network"}
ORDERS = {
    "random": ("random", GRAY, "o"),
    "mean_activation": ("largest mean activation first", BLUE, "s"),
    "selectivity": ("most selective first", ORANGE, "^"),
    "rs": ("highest RS first", GREEN, "D"),
}
RS_NAMES = {"rs_iam": "RS on IAM images", "rs_natural": "RS on natural images"}


def _sampled(layers: "pd.DataFrame") -> str:
    """Return the numbers of units and images in words."""
    least, most = layers["n_ablated"].min(), layers["n_ablated"].max()
    whole = (layers["n_ablated"] == layers["n_units"]).all()
    units = "all" if whole else f"{most}" if least == most else f"{least} to {most}"
    return f"{units} units of each layer,\n{layers['n_images'].max()} images"


def draw_units(page: "Page", units: "pd.DataFrame", layers: "pd.DataFrame") -> None:
    """Draw the effect of each unit's ablation by layer: on output, loss, accuracy and classes."""
    names = layers_of(layers)
    # a column of panels per mode, two on a sheet
    modes = page.share([mode for mode in MODES if mode in set(units["mode"])])
    shown = [checkpoint for checkpoint, _ in states(units)]
    rows = {
        "ablation_kl": "change of the output\n(KL, nats; log beyond 0.001)",
        "ablation_changed": "images whose first\nclass changes",
        "ablation_loss": "change of cross-entropy\n(nats; log beyond ±0.001)",
        "ablation_accuracy": "change of accuracy",
        "ablation_most_affected": "decrease of accuracy on\nthe most affected class",
    }
    few = units["ablation_most_affected"].isna().all()
    if few:
        del rows["ablation_most_affected"]
    if (
        layers["reference"].iloc[0] == "intact"
    ):  # loss and accuracy need labels that are classes of the network
        del rows["ablation_loss"], rows["ablation_accuracy"]
    height = 0.4 + 1.55 * len(rows) + page.names_height(names)
    panels = page.panels(height, len(rows), len(modes), sharex=True, sharey="row")
    width = 0.8 / len(shown)
    for column, mode in zip(panels.T, modes, strict=True):
        of_mode = units[units["mode"] == mode]
        for quantity, panel in zip(rows, column, strict=True):
            for place, name in enumerate(names):
                for number, checkpoint in enumerate(shown):
                    here = of_mode[(of_mode["layer"] == name) & (of_mode["checkpoint"] == checkpoint)]
                    middle = place + (number - (len(shown) - 1) / 2) * width
                    _draw_marks(page, panel, here, quantity, middle, 0.88 * width, checkpoint)
            panel.axhline(0, color=INK, linewidth=0.7)
        column[0].set_title(f"units {MODES[mode]}")
        page.depth_axes(list(column), names, 1 / len(modes))
    for panel, label in zip(panels[:, 0], rows.values(), strict=True):
        panel.set_ylabel(label, fontsize=7.5)
    for name, panel in zip(rows, panels[:, 0], strict=True):
        if name in ("ablation_kl", "ablation_loss"):
            panel.set_yscale("symlog", linthresh=1e-3, linscale=0.6)
        else:
            page.percent(panel.yaxis)
        if name not in ("ablation_loss", "ablation_accuracy"):  # never negative
            panel.set_ylim(-2e-4 if name == "ablation_kl" else -0.02, None)
    page.figure.align_ylabels(panels[:, 0])
    dot: dict[str, Any] = {"marker": "o", "linestyle": "", "markersize": 3.5}
    page.line(final_state(units), BLUE, **dot)
    if UNTRAINED in shown:
        page.line("untrained", GRAY, markerfacecolor="white", **dot)
    page.line("95 % interval", alpha=0.5, linewidth=1)
    page.words(f"a mark is a unit:\n{_sampled(layers)}")
    if few:
        page.words("too few images per\nclass to find the\nmost affected one")


def _draw_marks(
    page: "Page",
    panel: "Axes",
    units: "pd.DataFrame",
    quantity: str,
    middle: float,
    width: float,
    checkpoint: str,
) -> None:
    """Draw a mark per unit with its interval, in ascending order, and the number of undefined units."""
    color = COLORS[checkpoint]
    known = units[units[quantity].notna()].sort_values(quantity)
    x = middle + width * ((np.arange(len(known)) + 0.5) / max(1, len(known)) - 0.5)
    page.intervals(panel, x, known, quantity, color, linewidth=1, alpha=0.35)
    face = color if checkpoint == FINAL else "white"
    style: dict[str, Any] = {"markersize": 2.2, "markeredgewidth": 0.6, "markerfacecolor": face}
    panel.plot(x, known[quantity], "o", color=color, **style)
    if len(known) < len(units):
        words = f"{len(units) - len(known)} NaN"
        place: dict[str, Any] = {"rotation": 90, "ha": "center", "transform": panel.get_xaxis_transform()}
        panel.text(middle, 0.03, words, fontsize=6.5, color=color, **place)


def draw_cumulative(page: "Page", curves: "pd.DataFrame", layers: "pd.DataFrame") -> None:
    """Draw accuracy against the share of units removed, a panel per layer, and the areas along depth."""
    layers, curves = at(layers, FINAL), at(curves, FINAL)
    # a sheet per mode
    modes = page.share([mode for mode in MODES if mode in set(curves["mode"])])
    names = layers_of(layers)
    orders = [order for order in ORDERS if order in set(curves["order"])]
    page.know(names)
    n_columns = min(page.columns_of(1.3), len(names))
    n_rows = -(-len(names) // n_columns)
    heights = [1.55 * n_rows + 0.2, 1.5 + page.names_height(names)]
    figure = page.blank(0.4 + len(modes) * sum(heights))
    parts: Any = figure.subfigures(2 * len(modes), 1, height_ratios=heights * len(modes))
    for mode, above, below in zip(modes, parts[::2], parts[1::2], strict=True):
        of_mode = layers[layers["mode"] == mode]
        panels = above.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
        for panel, name in zip(panels.ravel(), names, strict=False):
            table = curves[(curves["mode"] == mode) & (curves["layer"] == name)]
            for order in orders:
                _draw_curve(page, panel, table[table["order"] == order], order)
            row = of_mode[of_mode["layer"] == name].iloc[0]
            panel.axhline(row["chance"], color=VERMILION, linewidth=1, linestyle=":")
            panel.set_title(
                f"{wrapped(page.name(name), 20)}\n{row['n_units']} units", fontsize=7, fontweight="normal"
            )
            panel.set(xlim=(-0.03, 1.03), ylim=(-0.02, 1.04), xticks=[0, 0.5, 1])
            panel.set_xticklabels(["0", "50", "100"])
            page.percent(panel.yaxis)
        for place, panel in enumerate(panels.ravel()):
            panel.axison = place < len(names)
            # the lowest panel in use of each column labels the shares
            if place < len(names) <= place + n_columns:
                panel.tick_params(labelbottom=True)
        for panel in panels[:, 0]:
            panel.set_ylabel(ACCURACIES[layers["reference"].iloc[0]], fontsize=8)
        above.supxlabel(f"share of the layer's units {MODES[mode]} (%)", fontsize=8)
        axes = below.subplots()
        page.depth_axes([axes], names)
        _draw_areas(page, axes, of_mode, orders)
    for order in orders:
        label, color, marker = ORDERS[order]
        page.line(label, color, marker=marker, markersize=4)
    for criterion, name in RS_NAMES.items():
        if criterion in set(curves["criterion"]):
            page.words(f"({name})")
    page.area(f"all of {int(curves['random_order'].max()) + 1} random orders", GRAY, alpha=0.4)
    page.line("95 % interval", alpha=0.5, linewidth=2)
    page.line("best constant prediction", VERMILION, linestyle=":")
    page.words(f"{layers['n_images'].max()} images")


def _draw_curve(page: "Page", panel: "Axes", table: "pd.DataFrame", order: str) -> None:
    """Draw the curve of an order; for random orders, their mean and range."""
    _, color, marker = ORDERS[order]
    by_share = table.groupby("share")["accuracy"]
    mean = by_share.mean()
    if order == "random":
        panel.fill_between(mean.index, by_share.min(), by_share.max(), color=color, alpha=0.4, linewidth=0)
    else:
        # the interval of the mean over images
        page.intervals(panel, table["share"], table, "accuracy", color, alpha=0.4, linewidth=2)
    panel.plot(mean.index, mean, marker=marker, color=color, markersize=3)


def _draw_areas(page: "Page", axes: "Axes", layers: "pd.DataFrame", orders: list[str]) -> None:
    """Draw the area under each curve along depth."""
    for number, order in enumerate(orders):
        _, color, marker = ORDERS[order]
        x, column = page.place(layers) + 0.12 * (number - (len(orders) - 1) / 2), f"ablation_auc_{order}"
        if order == "random":
            least, most = layers["ablation_auc_random_min"], layers["ablation_auc_random_max"]
            axes.fill_between(x, least, most, color=color, alpha=0.4, linewidth=0)
        page.intervals(axes, x, layers, column, color, alpha=0.4, linewidth=2)
        axes.plot(x, layers[column], marker=marker, color=color, markersize=4, linewidth=1)
    axes.plot(page.place(layers), layers["chance"], color=VERMILION, linewidth=1, linestyle=":")
    axes.set_ylim(0, 1.03)
    page.percent(axes.yaxis)
    axes.set_ylabel("area under\nthe curve")


family = Family(
    name="ablation",
    section="substitution",
    reads={
        "units": Tables("ablation.units"),
        "curves": Tables("ablation.curves"),
        "layers": Tables("ablation.layer"),
    },
    where=lambda run: bool(run.per_unit_layers),
    views=[
        View(
            "units",
            draw_units,
            "Importance of single units",
            sheets=lambda run, _: ceil(len(run.config.measures.ablation.modes) / 2),
            caption="""
            Effect of the ablation of single units of {network}, on images of {dataset}, by layer:
            Kullback–Leibler divergence of the output from the intact network's, share of images whose
            predicted class changes, and decrease of accuracy on the most affected class. Changes of loss and
            accuracy are shown if the labels are the network's classes. The title names the substitute for a
            unit; the best constant changes the output least, and is fitted on one half of the images for the
            other half. Each mark is a unit, in ascending order within its layer, with a 95 % bootstrap
            interval over images, except on the most affected class; hollow gray marks are the untrained
            network. Units far from 0 are important on their own.
            """,
        ),
        View(
            "cumulative",
            draw_cumulative,
            "Cumulative ablation",
            # the best constants are those of single units, and have no curves
            sheets=lambda run, _: sum(mode != "optimal" for mode in run.config.measures.ablation.modes),
            caption="""
            Accuracy of {network} on images of {dataset}, or agreement with the intact network, against the
            share of a layer's units that are ablated together, in random order and by criteria; below, the
            area under each curve, in order of depth. The gray band holds all random orders; bars are 95 %
            bootstrap intervals over images; the dotted line is the best constant prediction. The smaller the
            area, the more important are the units ablated first.
            """,
        ),
    ],
)
