"""Sparsity along depth, over a layer's units, and over training."""

from typing import TYPE_CHECKING

import numpy as np

from census.figures.declaration import Family, View
from census.figures.style import BLUE, COLORS, FINAL, GREEN, UNTRAINED, layers_of, states
from census.measures.declaration import Tables

if TYPE_CHECKING:
    import pandas as pd

    from census.drawing.page import Page


def draw_depth(page: "Page", layers: "pd.DataFrame") -> None:
    """Draw active fraction and population sparseness along depth, trained and untrained."""
    above, below = page.along_depth(layers_of(layers), 4, 2)
    inactive = layers["n_inactive_vectors"] > 0
    page.curves(above, layers, "active_fraction", BLUE)
    page.curves(below, layers, "population_sparseness", BLUE, missing=inactive)
    page.curves(below, layers, "hoyer", GREEN, missing=inactive)
    above.set_title("Share of active neurons")
    above.set_ylabel("active fraction\n(share of values ≠ 0)")
    page.percent(above.yaxis)
    below.set_title("How unequally neurons respond")
    below.set_ylabel("population sparseness\n(0 all equal, 1 a single neuron)")
    for panel in (above, below):
        panel.set_ylim(-0.03, 1.05)
    page.explain(layers, BLUE)
    page.line("Treves–Rolls", BLUE, linewidth=3)
    page.line("Hoyer", GREEN, linewidth=3)


def draw_lifetime(page: "Page", units: "pd.DataFrame") -> None:
    """Draw the spread of lifetime sparseness over the units of each layer, trained and untrained."""
    (axes,) = page.along_depth(layers_of(units), 2.9)
    places = page.spreads(axes, units, "lifetime_sparseness")
    for checkpoint, rows in states(units):
        reasons = [_reason(rows[rows["layer"] == name]) for name in page.places]
        for x, reason in zip(places[checkpoint], reasons, strict=True):
            color = COLORS[checkpoint]
            axes.text(x, 0.98, reason, rotation=90, ha="center", va="top", fontsize=7, color=color)
    inactive = (units["active_fraction"] == 0).groupby([units["checkpoint"], units["layer"]]).sum()
    rows = [
        (inactive[checkpoint].reindex(list(page.places)), COLORS[checkpoint])
        for checkpoint in (FINAL, UNTRAINED)
        if checkpoint in inactive
    ]
    page.numbers_above(axes, "inactive\nunits", *rows)
    axes.set_ylim(-0.03, 1.0)
    axes.set_ylabel("lifetime sparseness of units\n(0 all images alike, 1 a single one)")
    page.explain_spread(units)


def _reason(units: "pd.DataFrame") -> str:
    """Return why units of a layer have no lifetime sparseness, apart from inactivity."""
    undefined = units["lifetime_sparseness"].isna() & (units["active_fraction"] != 0)
    is_finite = np.isfinite(units["mean_activation"].astype(float))
    counts = {"not finite": (undefined & ~is_finite).sum(), "signed": (undefined & is_finite).sum()}
    if undefined.all() and len(undefined):
        counts = {reason: count for reason, count in counts.items() if count}
        if len(counts) == 1:
            return next(iter(counts))
    return ", ".join(f"{count} {reason}" for reason, count in counts.items() if count)


def draw_learning(page: "Page", layers: "pd.DataFrame") -> None:
    """Draw active fraction and population sparseness of each layer against the step of training."""
    labels = {
        "active_fraction": "active fraction (share of values ≠ 0)",
        "population_sparseness": "population sparseness (Treves–Rolls)",
    }
    panels = page.training(layers, labels)
    for panel in panels:
        panel.set_ylim(-0.03, 1.05)
    page.percent(panels[0].yaxis)


family = Family(
    name="sparsity",
    section="sparsity",
    reads={"layers": Tables("sparsity.layer"), "units": Tables("sparsity.units")},
    views=[
        View(
            "depth",
            draw_depth,
            "Sparsity along depth",
            caption="""
            Sparsity of the layers of {network} on the images of {dataset}, in order of depth. The active
            fraction is the share of values that are not 0, over all images, units and positions. Population
            sparseness is computed over the neurons of each image and averaged over images. Bars are 95 %
            bootstrap intervals over images; the shape of a mark shows the kind of layer; dashed lines and
            hollow marks are the untrained network. Treves–Rolls sparseness is defined for firing rates:
            layers with negative values, such as the input and the logits, have none. The higher population
            sparseness, the fewer neurons carry the response to an image.
            """,
            corresponds="the plots of sparsity by layer",
        ),
        View(
            "lifetime",
            draw_lifetime,
            "Lifetime sparseness",
            caption="""
            Lifetime sparseness of the units of {network}, over the images of {dataset}, by layer. Dots are
            medians over units, thick bars half of the units, thin bars 90 % of them; gray is the untrained
            network. Numbers above count the units that are 0 on all images and have no value. Units near 1
            respond to few images, units near 0 equally to all images. Signed units, with negative values,
            have no lifetime sparseness; if a layer has some, the figure says how many.
            """,
        ),
        View(
            "learning",
            draw_learning,
            "Sparsity over learning",
            where=lambda run: run.has_learning,
            caption="""
            Active fraction and population sparseness (Treves–Rolls) of each layer of {network} on the images
            of {dataset}, against the training step, on a log axis. Colors show depth, from dark (input) to
            light (logits); bands are 95 % bootstrap intervals over images.
            """,
        ),
    ],
)
