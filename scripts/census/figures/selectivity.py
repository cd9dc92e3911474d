"""Class selectivity and signal detection of units: along depth, and over learning."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from census.figures.inputs import Inputs, Views
from census.figures.style import (
    BLUE,
    FINAL,
    GRAY,
    UNTRAINED,
    VERMILION,
    depth_axis,
    depth_width,
    final_state,
    learning_figure,
    mark_undefined,
    names_height,
    new_figure,
    spread,
    spread_handles,
)

COLORS = {FINAL: BLUE, UNTRAINED: GRAY}
SHIFT = 0.17  # by which the trained and the untrained network stand beside each other


def _shown(units: pd.DataFrame) -> list[str]:
    return [each for each in (UNTRAINED, FINAL) if each in set(units["checkpoint"])]


def _places(shown: Sequence[str], checkpoint: str, n_layers: int) -> np.ndarray:
    shift = 0 if len(shown) == 1 else SHIFT if checkpoint == FINAL else -SHIFT
    return np.arange(n_layers) + shift


def _chance(axes: Axes, x: np.ndarray, levels: pd.Series) -> None:
    axes.hlines(levels, x - 0.17, x + 0.17, color=VERMILION, linewidth=1.4, zorder=4)


def _reason(layer: pd.Series) -> str:
    """Say why units of a layer have no class selectivity, silence aside."""
    if layer["n_classes"] < 2:
        return "one class"
    if layer["n_not_finite_units"]:
        return f"{layer['n_not_finite_units']} not finite"
    if layer["n_signed_units"] + layer["n_silent_units"] == layer["n_units"]:
        return "signed" if layer["n_signed_units"] else "silent"
    return f"{layer['n_signed_units']} signed" if layer["n_signed_units"] else ""


def _handles(units: pd.DataFrame, shown: Sequence[str], chance: str) -> list[Line2D]:
    names = {FINAL: final_state(units), UNTRAINED: "untrained"}
    return [
        *(Line2D([], [], color=COLORS[each], marker="o", label=names[each]) for each in shown[::-1]),
        *spread_handles(),
        Line2D([], [], color=VERMILION, linewidth=1.4, label=chance),
    ]


def draw_depth(units: pd.DataFrame, layers: pd.DataFrame, title: str) -> Figure:
    """Draw class selectivity of each layer's units with its chance level, and what of it is above chance.

    Parameters
    ----------
    units, layers : rows per unit, and per layer, and checkpoint, as the rule ``selectivity`` writes them.
    title : what stands above.
    """
    names = layers.sort_values("depth")["layer"].unique().tolist()
    shown = _shown(layers)
    figure = new_figure(depth_width(len(names)) + 0.6, 4.6 + names_height(names))
    above, below = figure.subplots(2, 1, sharex=True)
    silence = False
    for checkpoint in shown:
        x = _places(shown, checkpoint, len(names))
        color = COLORS[checkpoint]
        here = units[units["checkpoint"] == checkpoint]
        table = layers[layers["checkpoint"] == checkpoint].set_index("layer").reindex(names)
        spread(above, x, here, "selectivity", names, color)
        _chance(above, x, table["selectivity_chance_median"])
        spread(below, x, here, "selectivity_corrected", names, color)
        for place, (_, row) in enumerate(table.iterrows()):
            if row["n_silent_units"]:
                silence = True
                # one row of numbers above the axes for each checkpoint
                height = 1.05 if checkpoint == FINAL else 1.12
                number = str(row["n_silent_units"])
                above.text(place, height, number, ha="center", va="center", fontsize=6.5, color=color)
            above.text(
                x[place], 0.98, _reason(row), rotation=90, ha="center", va="top", fontsize=7, color=color
            )
    if silence:
        above.text(-0.7, 1.085, "silent\nunits", ha="right", va="center", fontsize=7)
    above.set_ylim(-0.03, 1.0)
    above.set_ylabel("class selectivity\n(0 all alike, 1 a single class)")
    below.axhline(0, color=VERMILION, linewidth=1)
    below.set_ylabel("selectivity above chance")
    depth_axis(above, names, named=False)
    depth_axis(below, names)
    figure.legend(
        handles=_handles(layers, shown, "chance: labels\nshuffled (median)"), loc="outside right upper"
    )
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def draw_detection(units: pd.DataFrame, layers: pd.DataFrame, title: str) -> Figure:
    """Draw how well each layer's units detect their best class: AUROC, informedness, precision.

    Parameters
    ----------
    units, layers : rows per unit, and per layer, and checkpoint, as the rule ``selectivity`` writes them.
    title : what stands above.
    """
    names = layers.sort_values("depth")["layer"].unique().tolist()
    shown = _shown(layers)
    figure = new_figure(depth_width(len(names)) + 0.6, 6.2 + names_height(names))
    panels = figure.subplots(3, 1, sharex=True)
    top = int(layers["top"].iloc[0])
    columns = (
        ("auroc", "auroc_chance", "AUROC\nof the best class"),
        ("informedness", "informedness_chance", "informedness\nof the best class"),
        ("precision_top_k", "precision_chance", f"precision of the\ntop {top} images"),
    )
    for panel, (column, chance, label) in zip(panels, columns, strict=True):
        for checkpoint in shown:
            x = _places(shown, checkpoint, len(names))
            here = units[units["checkpoint"] == checkpoint]
            spread(panel, x, here, column, names, COLORS[checkpoint])
            table = layers[layers["checkpoint"] == checkpoint].set_index("layer").reindex(names)
            _chance(panel, x, table[chance])
            mark_undefined(panel, x, table[column.replace("_top_k", "") + "_median"], COLORS[checkpoint])
        panel.set_ylim(0.48 if column == "auroc" else -0.03, 1.03)
        panel.set_ylabel(label)
        depth_axis(panel, names, named=panel is panels[-1])
    figure.legend(
        handles=_handles(layers, shown, "chance: images\nranked at random"), loc="outside right upper"
    )
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def draw_learning(layers: pd.DataFrame, title: str) -> Figure:
    """Draw selectivity above chance, and AUROC, of each layer's median unit against the step of training.

    Parameters
    ----------
    layers : rows per layer and checkpoint with ``step``, as the rule ``selectivity`` writes them.
    title : what stands above.
    """
    # how units spread is another figure's matter
    labels = {
        "selectivity_corrected_median": "selectivity above chance (median)",
        "auroc_median": "AUROC of the best class (median)",
    }
    others = [Line2D([], [], color=VERMILION, label="chance")]
    figure, panels = learning_figure(layers, labels, title, others)
    # one number for all layers: they see the same images
    chance = layers.drop_duplicates("step").sort_values("step")
    panels[1].plot(chance["step"], chance["auroc_chance"], color=VERMILION)
    panels[0].axhline(0, color=VERMILION)
    return figure


def views(inputs: Inputs) -> Views:
    """Return the function of each view of a run: selectivity along depth, detection of classes, learning."""
    units, layers = (inputs.table(f"selectivity.{name}") for name in ("units", "layer"))
    return {
        "depth": lambda: draw_depth(units, layers, f"Class selectivity of units: {inputs.where}"),
        "detection": lambda: draw_detection(units, layers, f"Units as detectors of a class: {inputs.where}"),
        "learning": lambda: draw_learning(layers, f"Selectivity over learning: {inputs.where}"),
    }
