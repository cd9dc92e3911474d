"""Path check along depth: whether images made for units are processed as natural images are."""

from typing import TYPE_CHECKING

from census.figures.declaration import Family, View
from census.figures.style import FINAL, GRAY, INK, LONGEST, at, layers_of, shortened
from census.measures.declaration import Tables

if TYPE_CHECKING:
    import pandas as pd

    from census.drawing.page import Page

PANELS = {
    "path_iam": "images by independent activation maximization (IAM)",
    "path_am": "images by activation maximization (AM)",
}
# columns of a table of layers
AS_LAYER = {"path_layer": "layer", "path_depth": "depth"}


def _along(paths: "pd.DataFrame") -> "pd.DataFrame":
    """Return rows by the layer in which images are compared."""
    compared = paths.drop(columns=["layer", "depth"]).rename(columns=AS_LAYER)
    return compared.sort_values("depth", kind="stable")


def draw_depth(page: "Page", paths: "pd.DataFrame") -> None:
    """Draw the path score along depth, a curve for each layer whose units images were made for."""
    paths = at(paths, FINAL)
    # pixels are no part of the network's path
    paths = paths[paths["path_depth"] > 0]
    names = layers_of(paths)
    panels = page.along_depth(layers_of(_along(paths)), 5.4, len(PANELS), sharey=True)
    for axes, (column, title) in zip(panels, PANELS.items(), strict=True):
        for number, name in enumerate(names):
            here = _along(paths[paths["layer"] == name])
            color = page.depth_color(number, len(names))
            x = page.place(here) + 0.5 * ((number + 0.5) / len(names) - 0.5)
            page.intervals(axes, x, here, "path_natural", GRAY, linewidth=1)
            axes.plot(x, here["path_natural"], "_", color=GRAY, markersize=4)
            page.intervals(axes, x, here, column, color, linewidth=1)
            axes.plot(
                x, here[column], "o-", color=color, label=shortened(page.name(name), LONGEST), markersize=3
            )
            page.crosses(axes, x, here[column], color)
        for level in (0, 1):
            axes.axhline(level, color=INK, linewidth=0.7, linestyle=":")
        # far below 0 if images of the reference hardly differ
        axes.set_yscale("symlog", linthresh=1, linscale=1.5)
        axes.set_title(title)
        axes.set_ylabel("path score\n(log beyond ±1)")
    page.explain_layers(panels[0])
    page.legend(title="images made for units of")
    if paths["path_natural"].notna().any():
        page.line("held-out top images\nof the unit", GRAY, marker="_", linestyle="")
    page.line("as top images (1), as others (0)", linewidth=0.7, linestyle=":")
    if paths[["path_natural", *PANELS]].notna().any(axis=None):
        page.line("95 % interval", GRAY, linewidth=1, alpha=0.5)


family = Family(
    name="path_check",
    section="substitution",
    reads={"paths": Tables("path_check.depth")},
    where=lambda run: bool(run.per_unit_layers),
    views=[
        View(
            "depth",
            draw_depth,
            "Are optimized images processed as natural ones?",
            caption="""
            Path score of images made for single units of {network}, in each layer from the first to the
            units' own, with a curve for each layer of units. 1: as similar to the unit's maximally activating
            images of {dataset} as these are to one another (rank correlation of activation vectors); 0: only
            as similar as other natural images are. Gray marks are held-out top images of the unit, as a
            control; bars are 95 % bootstrap intervals over units. Crosses are undefined scores: in that layer
            the top images are not more similar to one another than to other natural images. Below 0,
            optimized images are less similar to the top images than other natural images are. RS on such
            images need not be that on natural images.
            """,
        ),
    ],
)
