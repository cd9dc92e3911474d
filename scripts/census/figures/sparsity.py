"""Sparsity along depth, over a layer's units, and over learning."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from census.figures.inputs import Inputs, Views
from census.figures.style import (
    BLUE,
    FINAL,
    GRAY,
    GREEN,
    UNTRAINED,
    along_depth,
    depth_axis,
    depth_width,
    final_state,
    kind_handles,
    learning_figure,
    names_height,
    new_figure,
    spread,
    spread_handles,
    untrained_handle,
)


def draw_depth(layers: pd.DataFrame, title: str) -> Figure:
    """Draw active fraction and population sparseness along depth, trained beside untrained.

    Parameters
    ----------
    layers : rows per layer and checkpoint, as the rule ``sparsity`` writes them.
    title : what stands above.
    """
    final = layers[layers["checkpoint"] == FINAL].sort_values("depth")
    untrained = layers[layers["checkpoint"] == UNTRAINED]
    names = final["layer"].tolist()
    figure = new_figure(depth_width(len(names)), 4 + names_height(names))
    above, below = figure.subplots(2, 1, sharex=True)
    for table, solid in ((untrained, False), (final, True)):
        if len(table):
            along_depth(above, table, "active_fraction", BLUE, solid=solid)
            silent = table["n_silent_patterns"] > 0
            along_depth(below, table, "population_sparseness", BLUE, solid=solid, silent=silent)
            along_depth(below, table, "hoyer", GREEN, solid=solid, silent=silent)
    above.set_ylim(-0.03, 1.05)
    above.yaxis.set_major_formatter(PercentFormatter(1))
    above.set_ylabel("active fraction\n(share of values ≠ 0)")
    above.set_title("How many neurons answer")
    below.set_ylim(-0.03, 1.05)
    below.set_ylabel("population sparseness\n(0 all equal, 1 a single neuron)")
    below.set_title("How unequally they answer")
    depth_axis(above, names, named=False)
    depth_axis(below, names)

    def line(color: str, label: str, **style: object) -> Line2D:
        return Line2D([], [], color=color, label=label, **style)  # type: ignore[arg-type]

    handles = [line(BLUE, f"{final_state(final)}; bar: 95 % interval")]
    if len(untrained):
        handles.append(untrained_handle(BLUE))
    handles += kind_handles(final["kind"])
    handles += [line(BLUE, "Treves–Rolls", linewidth=3), line(GREEN, "Hoyer", linewidth=3)]
    figure.legend(handles=handles, loc="outside right upper")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def draw_lifetime(units: pd.DataFrame, title: str) -> Figure:
    """Draw how lifetime sparseness spreads over the units of each layer, trained beside untrained.

    Parameters
    ----------
    units : rows per unit, layer and checkpoint, as the rule ``sparsity`` writes them.
    title : what stands above.
    """
    names = units.sort_values("depth")["layer"].unique().tolist()
    figure = new_figure(depth_width(len(names)), 2.9 + names_height(names))
    axes = figure.subplots()
    shown = [checkpoint for checkpoint in (UNTRAINED, FINAL) if checkpoint in set(units["checkpoint"])]
    silence = (units["active_fraction"] == 0).groupby([units["checkpoint"], units["layer"]]).sum()
    for checkpoint in shown:
        color = BLUE if checkpoint == FINAL else GRAY
        shift = 0 if len(shown) == 1 else 0.16 if checkpoint == FINAL else -0.16
        here = units[units["checkpoint"] == checkpoint]
        spread(axes, np.arange(len(names)) + shift, here, "lifetime_sparseness", names, color)
        for place, name in enumerate(names):
            silent = int(silence[(checkpoint, name)])
            if silent:
                # one row of numbers above the axes for each checkpoint
                row = 1.05 if checkpoint == FINAL else 1.13
                axes.text(place, row, str(silent), ha="center", va="center", fontsize=6.5, color=color)
    if silence.any():
        axes.text(-0.7, 1.09, "silent\nunits", ha="right", va="center", fontsize=7)
    axes.set_ylim(-0.03, 1.0)
    axes.set_ylabel("lifetime sparseness of units\n(0 all images alike, 1 a single one)")
    depth_axis(axes, names)
    labels = {FINAL: (BLUE, final_state(units)), UNTRAINED: (GRAY, "untrained")}
    handles = [
        Line2D([], [], color=labels[each][0], marker="o", label=labels[each][1]) for each in shown[::-1]
    ]
    figure.legend(handles=[*handles, *spread_handles()], loc="outside right upper")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def draw_learning(layers: pd.DataFrame, title: str) -> Figure:
    """Draw active fraction and population sparseness of each layer against the step of training.

    Parameters
    ----------
    layers : rows per layer and checkpoint with ``step``, as the rule ``sparsity`` writes them.
    title : what stands above.
    """
    labels = {
        "active_fraction": "active fraction (share of values ≠ 0)",
        "population_sparseness": "population sparseness (Treves–Rolls)",
    }
    figure, panels = learning_figure(layers, labels, title)
    for panel in panels:
        panel.set_ylim(-0.03, 1.05)
    panels[0].yaxis.set_major_formatter(PercentFormatter(1))
    return figure


def views(inputs: Inputs) -> Views:
    """Return the function of each view of a run: sparsity along depth, over units, and over learning."""
    layers, units = (inputs.table(f"sparsity.{name}") for name in ("layer", "units"))
    return {
        "depth": lambda: draw_depth(layers, f"Sparsity along depth: {inputs.where}"),
        "lifetime": lambda: draw_lifetime(units, f"Lifetime sparseness: {inputs.where}"),
        "learning": lambda: draw_learning(layers, f"Sparsity over learning: {inputs.where}"),
    }
