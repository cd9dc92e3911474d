"""Whether patterns prefer the basis of units: along depth, and over learning."""

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from census.figures.inputs import Inputs, Views
from census.figures.style import (
    BLUE,
    FINAL,
    GRAY,
    GREEN,
    INK,
    MARKERS,
    ORANGE,
    UNTRAINED,
    VERMILION,
    WIDTH,
    depth_axis,
    depth_width,
    final_state,
    kind_handles,
    mark_undefined,
    names_height,
    new_figure,
    over_learning,
    step_axis,
    untrained_handle,
)

STAGES = (("_before", VERMILION, "before the rectifier"), ("", BLUE, "the layer, after any rectifier"))
KINDS = {"neurons": BLUE, "random": GRAY, "principal": ORANGE, "independent": GREEN}
NAMES = {"neurons": "units", "random": "random", "principal": "principal", "independent": "independent"}


def draw_depth(layers: pd.DataFrame, bases: pd.DataFrame | None, title: str) -> Figure:
    """Draw z of kurtosis and of the Gini index along depth, and kurtosis along four kinds of directions.

    Parameters
    ----------
    layers : rows per layer and checkpoint, as the rule ``alignment`` writes them.
    bases : rows per kind of direction of some of these layers, as the rule ``bases`` writes them; None where
        units are looked at in no layer.
    title : what stands above.
    """
    names = layers.sort_values("depth")["layer"].unique().tolist()
    places = {name: place for place, name in enumerate(names)}
    shown = [each for each in (FINAL, UNTRAINED) if each in set(layers["checkpoint"])]
    n_panels = 2 if bases is None else 3
    figure = new_figure(depth_width(len(names)) + 0.6, 0.4 + 1.65 * n_panels + names_height(names))
    panels = figure.subplots(n_panels, 1, sharex=True)
    for panel, column, what in (
        (panels[0], "alignment_z", "kurtosis"),
        (panels[1], "alignment_gini_z", "Gini index"),
    ):
        for checkpoint in shown[::-1]:
            for suffix, color, _ in STAGES:
                table = layers[layers["checkpoint"] == checkpoint]
                if suffix:
                    table = table[table["kind"] == "rectifier"]
                _draw(panel, table, places, f"{column}{suffix}", color, solid=checkpoint == FINAL)
        _chance(panel)
        panel.set_ylabel(f"z of {what}")
    panels[0].set_title("Preference for the units' basis: units against random rotations")
    for panel in panels[:-1]:
        depth_axis(panel, names, named=False)
    depth_axis(panels[-1], names)
    handles: list[Artist] = [Line2D([], [], color=color, label=label) for _, color, label in STAGES[::-1]]
    handles.append(_chance_handle())
    handles.append(Line2D([], [], color=INK, label=final_state(layers)))
    if UNTRAINED in shown:
        handles.append(untrained_handle(INK))
    handles.append(Line2D([], [], color=INK, linewidth=6, alpha=0.3, label="bar: 95 % interval"))
    handles += kind_handles(layers["kind"])
    handles.append(_undefined_handle())
    if bases is not None:
        handles += _draw_bases(panels[2], bases, places, final_state(layers))
    figure.legend(handles=handles, loc="outside right upper")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def _draw_bases(axes: Axes, bases: pd.DataFrame, places: dict[str, int], state: str) -> list[Artist]:
    """Draw kurtosis along four kinds of directions over the places of layers; return what explains it."""
    for kind, color in KINDS.items():
        table = bases[bases["directions"] == kind]
        _draw(axes, table, places, "pattern_kurtosis", color, solid=True)
        restless = table[table["n_unsettled"] > 0]
        x = restless["layer"].map(places)
        axes.plot(x, restless["pattern_kurtosis"], "o", color=color, markersize=9, fillstyle="none")
    number = bases["n_directions"].max()
    axes.set_title(f"Kurtosis over up to {number} directions of each kind, {state}")
    axes.set_ylabel("kurtosis along\ndirections")
    handles: list[Artist] = [Line2D([], [], linestyle="", label="directions:")]
    handles += [Line2D([], [], color=color, label=NAMES[kind], linewidth=3) for kind, color in KINDS.items()]
    if (bases["n_unsettled"] > 0).any():
        ring = {"marker": "o", "markersize": 9, "fillstyle": "none", "linestyle": ""}
        handles.append(Line2D([], [], color=KINDS["independent"], label="not converged", **ring))  # type: ignore[arg-type]
    return handles


def _chance_handle() -> Patch:
    return Patch(color=GRAY, alpha=0.25, label="chance: |z| < 2;\nlog scale beyond")


def _undefined_handle() -> Line2D:
    return Line2D([], [], color=INK, marker="x", linestyle="", label="undefined")


def _draw(
    axes: Axes, table: pd.DataFrame, places: dict[str, int], column: str, color: str, *, solid: bool
) -> None:
    """Draw a column with its interval over the places of its layers, and crosses where it is undefined."""
    table = table.sort_values("depth")
    x, y = table["layer"].map(places).to_numpy(), table[column].to_numpy(float)
    mark_undefined(axes, x, y, color)
    known = ~np.isnan(y)
    width, style = (1.2, "-") if solid else (1.0, (0, (3, 2)))
    axes.plot(x[known], y[known], color=color, linewidth=width, linestyle=style)
    axes.vlines(x, table[f"{column}_low"], table[f"{column}_high"], color=color, linewidth=2.4, alpha=0.45)
    for kind, marker in MARKERS.items():
        here = known & (table["kind"] == kind).to_numpy()
        if here.any():
            face = color if solid else "white"
            axes.plot(x[here], y[here], marker, markeredgecolor=color, markerfacecolor=face, markersize=4)


def _chance(axes: Axes) -> None:
    """Make y an axis of z, linear where rotations differ and logarithmic beyond, and mark chance."""
    axes.axhspan(-2, 2, color=GRAY, alpha=0.25, linewidth=0)
    axes.axhline(0, color=GRAY, linewidth=0.8)
    axes.set_yscale("symlog", linthresh=2, linscale=0.5)
    low, high = axes.get_ylim()
    # the marks of the outermost values, too, lie within
    low, high = min(1.3 * low, -3), max(1.3 * high, 3)
    ticks = [sign * 10**power for sign in (-1, 1) for power in range(1, 7)]
    inside = [tick for tick in ticks if low <= tick <= high]
    axes.set_yticks(sorted([0, *inside]), [f"{tick:,}".replace("-", "−") for tick in sorted([0, *inside])])
    axes.minorticks_off()
    axes.set_ylim(low, high)


def draw_learning(layers: pd.DataFrame, title: str) -> Figure:
    """Draw z of kurtosis of each layer against the step of training, before and after the rectifier.

    Parameters
    ----------
    layers : rows per layer and checkpoint with ``step``, as the rule ``alignment`` writes them.
    title : what stands above.
    """
    names = layers.sort_values("depth")["layer"].unique().tolist()
    figure = new_figure(WIDTH, 3.4)
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    for panel, suffix, heading in zip(
        panels, ("", "_before"), ("Layers, after any rectifier", "Before their rectifiers"), strict=True
    ):
        column = f"alignment_z{suffix}"
        shown = layers[layers["kind"] == "rectifier"] if suffix else layers
        if shown.empty:
            step_axis(panel, sorted(layers["step"].unique()))
        else:
            over_learning(panel, shown, column, names)
        panel.set_title(heading)
    for panel in panels:
        _chance(panel)
    panels[0].set_ylabel("z of kurtosis over units\nagainst random rotations")
    handles: list[Artist] = list(panels[0].get_legend_handles_labels()[0])
    handles += [Patch(color=INK, alpha=0.25, label="95 % interval"), _chance_handle()]
    if layers["alignment_z"].isna().any():
        handles.append(_undefined_handle())
    figure.legend(handles=handles, loc="outside right center", title="layer", alignment="left")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def views(inputs: Inputs) -> Views:
    """Return the function of each view of a run: alignment along depth, and over learning."""
    layers = inputs.table("alignment.layer")
    # no file if units are analyzed one by one in no layer
    bases = inputs.table("bases") if inputs.files["bases"] else None
    return {
        "depth": lambda: draw_depth(layers, bases, f"The basis of units: {inputs.where}"),
        "learning": lambda: draw_learning(layers, f"The basis of units over learning: {inputs.where}"),
    }
