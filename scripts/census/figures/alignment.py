"""Alignment of activation vectors with the unit basis, along depth and over training."""

from typing import TYPE_CHECKING

from census.figures.declaration import Family, View
from census.figures.style import (
    BLUE,
    GRAY,
    VERMILION,
    layers_of,
)
from census.measures.declaration import Tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from census.drawing.page import Page

# before an activation function and after it: ending of the columns, color, name in legends
BEFORE, AFTER = (
    ("_pre", VERMILION, "before the activation function"),
    ("", BLUE, "the layer, after any activation function"),
)


def draw_depth(page: "Page", layers: "pd.DataFrame") -> None:
    """Draw differences of kurtosis and Gini index along depth."""
    panels = page.along_depth(layers_of(layers), 3.7, 2)
    nonlinear = layers[layers["kind"] == "nonlinearity"]
    for panel, column, what in (
        (panels[0], "alignment_kurtosis", "kurtosis"),
        (panels[1], "alignment_gini", "Gini index"),
    ):
        for (suffix, color, _), table in ((BEFORE, nonlinear), (AFTER, layers)):
            page.curves(panel, table, f"{column}{suffix}", color, crosses=True)
        panel.axhline(0, color=GRAY, linewidth=0.8)
        panel.set_ylabel(f"{what} of units\n− of rotated bases")
    _log_beyond_1(panels[0])
    panels[0].set_ylabel(f"{panels[0].get_ylabel()}\n(log beyond ±1)")
    panels[0].set_title("Axis alignment: units against random rotations")
    page.line(AFTER[2], AFTER[1])
    if len(nonlinear):
        page.line(BEFORE[2], BEFORE[1])
    page.line("no alignment", GRAY, linewidth=0.8)
    page.explain(layers)


def draw_learning(page: "Page", layers: "pd.DataFrame") -> None:
    """Draw the difference of kurtosis of each layer over training, of activations and pre-activations."""
    names, nonlinear = layers_of(layers), layers[layers["kind"] == "nonlinearity"]
    panels = page.side_by_side(2 if len(nonlinear) else 1, sharex=True, sharey=True)
    page.over_training(panels[0], layers, "alignment_kurtosis", names)
    panels[0].set_title("After the activation function")
    if len(nonlinear):
        page.over_training(panels[1], nonlinear, "alignment_kurtosis_pre", names)
        panels[1].set_title("Before the activation function")
    for panel in panels:
        panel.axhline(0, color=GRAY, linewidth=0.8)
        _log_beyond_1(panel)
    panels[0].set_ylabel("kurtosis of units − of\nrotated bases (log beyond ±1)")
    page.legend(below=True)
    page.explain_layers(panels[0])
    page.area("95 % interval", alpha=0.25)
    page.line("no alignment", GRAY, linewidth=0.8)


def _log_beyond_1(axes: "Axes") -> None:
    """Make y linear from −1 to 1, and logarithmic beyond."""
    axes.set_yscale("symlog", linthresh=1, linscale=0.5)
    low, high = axes.get_ylim()
    # the marks of the outermost values, too, lie within
    low, high = min(1.3 * low, -1.2), max(1.3 * high, 1.2)
    # beside larger ones, ±1 would touch 0; within a power of ten, its multiples are named, too
    farthest = max(-low, high)
    steps = [1, 2, 5, 10, 20] if farthest < 20 else [10**power for power in range(int(farthest >= 100), 7)]
    ticks = [0, *(sign * step for sign in (-1, 1) for step in steps)]
    inside = sorted(tick for tick in ticks if low <= tick <= high)
    axes.set_yticks(inside, [f"{tick:,}".replace("-", "−") for tick in inside])
    axes.minorticks_off()
    axes.set_ylim(low, high)


family = Family(
    name="alignment",
    section="sparsity",
    reads={"layers": Tables("alignment.layer")},
    views=[
        View(
            "depth",
            draw_depth,
            "The unit basis",
            caption="""
            Alignment of the activation vectors of {network} with the unit basis, on images of {dataset}. The
            vector of a layer's units at one position is peaked if few units have large values; kurtosis and
            the Gini index measure peakedness. Shown is the mean over vectors minus its mean over randomly
            rotated bases. At 0, units are directions like any other. An activation function alone aligns its
            output, as the untrained network (dashed) shows, but not its pre-activations (vermilion). Bars are
            95 % intervals over images and rotations: if one includes 0, a random basis may be as peaked. The
            shape of a mark shows the kind of layer.
            """,
            corresponds="the test of bases proposed in the text",
        ),
        View(
            "learning",
            draw_learning,
            "The unit basis over learning",
            where=lambda run: run.has_learning,
            caption="""
            Alignment of the activation vectors of {network} with the unit basis, on images of {dataset},
            against the training step: kurtosis of vectors over units minus that over random rotations, of
            layers (left) and of pre-activations (right). Colors show depth, from dark (input) to light
            (logits); bands are 95 % intervals over images and rotations.
            """,
        ),
    ],
)
