"""Class selectivity and signal detection of units, along depth and over training."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from census.figures.declaration import Family, View
from census.figures.style import COLORS, FINAL, UNTRAINED, VERMILION, layers_of, states
from census.measures.declaration import Tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from census.drawing.page import Page


def draw_depth(page: "Page", units: "pd.DataFrame", layers: "pd.DataFrame") -> None:
    """Draw class selectivity of each layer's units with its chance level, and selectivity above chance."""
    above, below = page.along_depth(layers_of(layers), 4.6, 2)
    places = page.spreads(above, units, "selectivity")
    page.spreads(below, units, "selectivity_corrected")
    _chance(above, places, layers, "selectivity_chance_median")
    tables = dict(states(layers))
    for checkpoint, rows in tables.items():
        color = COLORS[checkpoint]
        for x, (_, row) in zip(places[checkpoint], rows.iterrows(), strict=True):
            above.text(x, 0.98, _reason(row), rotation=90, ha="center", va="top", fontsize=7, color=color)
    rows_above = [
        (tables[each]["n_inactive_units"], COLORS[each]) for each in (FINAL, UNTRAINED) if each in tables
    ]
    page.numbers_above(above, "inactive\nunits", *rows_above)
    above.set_ylim(-0.03, 1.0)
    above.set_ylabel("class selectivity\n(0 equal, 1 a single class)")
    below.axhline(0, color=VERMILION, linewidth=1)
    below.set_ylabel("selectivity above chance")
    page.explain_spread(layers)
    page.line("chance: labels\nshuffled (median)", VERMILION)


def _chance(
    axes: "Axes", places: Mapping[str, NDArray[np.floating]], layers: "pd.DataFrame", column: str
) -> None:
    """Draw the chance level of each layer, trained and untrained."""
    for checkpoint, rows in states(layers):
        x = places[checkpoint]
        axes.hlines(rows[column], x - 0.17, x + 0.17, color=VERMILION, linewidth=1.4, zorder=4)


def _reason(layer: "pd.Series") -> str:
    """Return why units of a layer have no class selectivity, apart from inactivity."""
    if layer["n_classes"] < 2:
        return "one class"
    if layer["n_not_finite_units"]:
        return f"{layer['n_not_finite_units']} not finite"
    if layer["n_signed_units"] + layer["n_inactive_units"] == layer["n_units"]:
        return "signed" if layer["n_signed_units"] else "inactive"
    return f"{layer['n_signed_units']} signed" if layer["n_signed_units"] else ""


def draw_detection(page: "Page", units: "pd.DataFrame", layers: "pd.DataFrame") -> None:
    """Draw detection of the best class by each layer's units: AUROC, informedness, precision."""
    panels = page.along_depth(layers_of(layers), 6.2, 3)
    for panel, column, name, label in (
        (panels[0], "auroc", "auroc", "AUROC\nof the best class"),
        (panels[1], "informedness", "informedness", "informedness\nof the best class"),
        (panels[2], "precision_top_k", "precision", f"precision of the\ntop {layers['top'].iloc[0]} images"),
    ):
        places = page.spreads(panel, units, column)
        _chance(panel, places, layers, f"{name}_chance")
        for checkpoint, rows in states(layers):
            page.crosses(panel, places[checkpoint], rows[f"{name}_median"], COLORS[checkpoint])
        panel.set_ylim(0.48 if column == "auroc" else -0.03, 1.03)
        panel.set_ylabel(label)
    page.explain_spread(layers)
    page.line("chance: images\nranked at random", VERMILION)


def draw_learning(page: "Page", layers: "pd.DataFrame") -> None:
    """Draw median selectivity above chance and median AUROC of each layer against the training step."""
    # another view shows the spread over units
    labels = {
        "selectivity_corrected_median": "selectivity above chance (median)",
        "auroc_median": "AUROC of the best class (median)",
    }
    panels = page.training(layers, labels)
    # equal for all layers, which share images
    chance = layers.drop_duplicates("step").sort_values("step")
    panels[1].plot(chance["step"], chance["auroc_chance"], color=VERMILION)
    panels[0].axhline(0, color=VERMILION)
    page.line("chance", VERMILION)


family = Family(
    name="selectivity",
    section="substitution",
    reads={"units": Tables("selectivity.units"), "layers": Tables("selectivity.layer")},
    views=[
        View(
            "depth",
            draw_depth,
            "Class selectivity of units",
            caption="""
            Class selectivity of the units of {network} on the images of {dataset}, by layer: a unit's mean on
            its best class compared with its mean on the others. Dots are medians, thick bars half of the
            units, thin bars 90 % of them; gray is the untrained network. Vermilion is the median for shuffled
            labels, which is higher with fewer images; below is selectivity minus chance. Numbers above count
            units that are 0 on all images. Signed units, with negative values, have no class selectivity.
            """,
            corresponds="the axis of class selectivity in the figures",
        ),
        View(
            "detection",
            draw_detection,
            "Units as detectors of a class",
            caption="""
            Detection of classes of {dataset} by units of {network}, by layer: AUROC and informedness of a
            threshold on the unit for its best class, and the share of the most common class among its top
            images. Dots are medians, thick bars half of the units, thin bars 90 % of them; gray is the
            untrained network. Vermilion is a unit that ranks images at random. Compare values with this
            level, because chance is far from 0 with few images or classes of different sizes.
            """,
        ),
        View(
            "learning",
            draw_learning,
            "Selectivity over learning",
            where=lambda run: run.has_learning,
            caption="""
            Class selectivity above chance, and AUROC of the best class, of the median unit of each layer of
            {network} on the images of {dataset}, against the training step, on a log axis. Colors show depth,
            from dark (input) to light (logits); vermilion is chance.
            """,
        ),
    ],
)
