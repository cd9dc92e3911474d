"""Correlations between activation vectors of images: matrices of all layers, and their mean along depth."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from census.figures.declaration import Family, View, sheets_of
from census.figures.style import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    at,
    layers_of,
    shortened,
    state_of,
    wrapped,
)
from census.measures.declaration import Matrices, Tables

if TYPE_CHECKING:
    import pandas as pd

    from census.drawing.inputs import Stores
    from census.drawing.page import Page

LARGEST_PANEL = 1.4  # inches
MOST_COLUMNS = 6
MOST_CLASSES = 24  # maximum number of classes in a legend
LONGEST_CLASS = 24  # characters of a class's name
# distinct for up to 20 classes: after the palette of all figures, shades that differ from it and each other
CLASS_COLORS = (
    *(BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, INK, "#F0E442", "#8C564B", "#7F3C8D"),
    *(
        "#A5AA99",
        "#80BA5A",
        "#E73F74",
        "#1F3B73",
        "#F2B701",
        "#11A579",
        "#CF1C90",
        "#B58900",
        "#9EC3E6",
        "#5C0A0A",
    ),
)


def draw_matrices(page: "Page", gram: "Stores", orders: "pd.DataFrame", checkpoint: str) -> None:
    """Draw the correlation matrix of each layer at a checkpoint, in several orders of the images."""
    groups = list(gram.groups(checkpoint))
    images = groups[0]["image"][:]
    page.title += f"{state_of(checkpoint)}; {len(images)} images"
    orders = orders[orders["checkpoint"] == checkpoint]
    draw_in_orders(
        page,
        {group.attrs["layer"]: group["correlation"][:] for group in groups},
        {
            layer: np.searchsorted(images, table.sort_values("rank")["image"])
            for layer, table in orders.groupby("layer", sort=False)
        },
        groups[0]["label"][:],
        groups[0].attrs["classes"],
    )


def draw_in_orders(
    page: "Page",
    matrices: Mapping[str, NDArray[np.floating]],
    orders: Mapping[str, NDArray[np.integer]],
    labels: NDArray[np.integer],
    classes: Sequence[str],
) -> None:
    """Draw the correlation matrix of each layer, in several orders of the images.

    Parameters
    ----------
    matrices : arrays of float, shape (N, N), by layer in order of depth; undefined correlations are gray.
    orders : permutations of the N images, by the layer that determined them; one row of panels each.
    labels : array of int, shape (N,), class of each image, shown in strips along two sides of each matrix.
    classes : names of the classes.
    """
    # one column of panels per layer; the figure is about as wide as high
    page.know(list(matrices))
    matrices = {layer: matrices[layer] for layer in page.share(list(matrices))}
    n_blocks = math.ceil(len(matrices) / MOST_COLUMNS)
    n_columns = math.ceil(len(matrices) / n_blocks)
    shown = np.unique(labels)
    named = [shortened(page.with_glyphs(classes[label]), LONGEST_CLASS, begin=True) for label in shown]
    if len(named) > MOST_CLASSES:
        named = []
    right = 0.55 + 0.06 * max([10, *map(len, named)])
    left = page.width - right
    side = min(LARGEST_PANEL, (left - 0.3) / n_columns)
    bar_height = 1.0
    height = max(n_blocks * (len(orders) * side + 0.32) + 0.4, bar_height + 1.1 + 0.15 * len(named))
    figure = page.blank(height)
    area, legends = figure.subfigures(1, 2, width_ratios=(left, right), squeeze=False)[0]
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.03, hspace=0, wspace=0)
    panels = area.subplots(n_blocks * len(orders), n_columns, squeeze=False)
    # distinct colors, from dark to light for too many classes
    colors = page.colored("depth", np.linspace(0, 1, len(classes)), 0, 1)
    if len(shown) <= len(CLASS_COLORS):
        colors[shown] = page.rgba(CLASS_COLORS[: len(shown)])
    for panel in panels.ravel():
        panel.set_axis_off()
    for place, (layer, matrix) in enumerate(matrices.items()):
        block, column = divmod(place, n_columns)
        for row, (name, order) in enumerate(orders.items(), block * len(orders)):
            panel = panels[row, column]
            correlations = page.colored("correlation", matrix[np.ix_(order, order)], -1, 1)
            panel.imshow(_with_strips(correlations, colors[labels[order]]))
            if row == block * len(orders):
                panel.set_title(wrapped(page.name(layer), 16), fontsize=6, fontweight="normal")
            if column == 0:
                page.label_only(panel, f"ordered by\n{shortened(page.name(name), 18)}")
    axes = legends.add_axes((0.08, 1 - (bar_height + 0.35) / height, 0.1, bar_height / height))
    page.scale(axes, "vector correlation r", "correlation", -1, 1, cax=axes)
    for label, name in zip(shown, named, strict=False):
        page.area(name, colors[label])
    if any(np.isnan(matrix).any() for matrix in matrices.values()):
        page.area("undefined:\nconstant or not\nfinite vector", GRAY)
    below = 1 - (bar_height + 0.5) / height
    style: dict[str, Any] = {"alignment": "left", "fontsize": 7, "title": "class" if named else None}
    page.legend(of=legends, loc="upper left", bbox_to_anchor=(0, below), **style)


def _with_strips(matrix: NDArray[np.floating], colors: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return a canvas (N, N, 4) with the colors (N, 4) of its rows along the left and the top."""
    n_images = len(matrix)
    width, gap = max(1, round(n_images / 16)), max(1, round(n_images / 60))
    canvas = np.ones((n_images + width + gap, n_images + width + gap, 4))
    canvas[width + gap :, width + gap :] = matrix
    canvas[:width, width + gap :] = colors
    canvas[width + gap :, :width] = colors[:, None]
    return canvas


def draw_decorrelation(page: "Page", layers: "pd.DataFrame", sparsity: "pd.DataFrame") -> None:
    """Draw mean correlation of images and active fraction along depth, trained and untrained."""
    (left,) = page.along_depth(layers_of(layers), 3.3)
    right = left.twinx()
    right.spines["right"].set_visible(True)
    right.grid(visible=False)
    undefined = layers["n_undefined_vectors"] > 0
    page.curves(left, layers, "image_correlation", VERMILION, missing=undefined, word="undefined")
    page.curves(right, sparsity, "active_fraction", BLUE)
    lowest = min(0, layers["image_correlation_low"].min())
    for axes in (left, right):
        axes.set_ylim(1.05 * lowest - 0.03, 1.03)
    left.axhline(0, color=GRAY, linewidth=0.8)
    left.set_ylabel("mean correlation between\nvectors of different images", color=VERMILION)
    right.set_ylabel("active fraction (share of values ≠ 0)", color=BLUE)
    right.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    page.percent(right.yaxis)
    page.numbers_above(left, "undefined\nvectors", (at(layers, "final")["n_undefined_vectors"], VERMILION))
    page.line("vector correlation", VERMILION, linewidth=3)
    page.line("active fraction", BLUE, linewidth=3)
    page.explain(layers)


family = Family(
    name="correlation",
    section="decorrelation",
    reads={
        "layers": Tables("correlation.layers"),
        "orders": Tables("correlation.orders"),
        "gram": Matrices("gram"),
        "sparsity": Tables("sparsity.layer"),
    },
    views=[
        View(
            "decorrelation",
            draw_decorrelation,
            "Decorrelation and sparsening",
            caption="""
            Mean correlation between the activation vectors of different images of {dataset} (left axis) and
            active fraction (right axis) in the layers of {network}, in order of depth. Bars are 95 %
            bootstrap intervals over images; the shape of a mark shows the kind of layer; dashed lines and
            hollow marks are the untrained network. Numbers above count images with vectors that are
            constant or not finite. Their correlations are undefined. Both curves fall together if sparser
            codes make images less similar.
            """,
            corresponds="the curves of correlation and sparsity",
        ),
        View(
            "matrices-{checkpoint}",
            draw_matrices,
            "Correlation of images",
            checkpoints="untrained and final",
            is_picture=True,
            # two orders in rows below each other
            sheets=sheets_of(lambda run: run.layers, inches=2.5, columns=MOST_COLUMNS),
            caption="""
            Pearson's r between the activation vectors of all pairs of images of {dataset}, one matrix per
            layer of {checkpoint} {network}. In each row, images are in the order of a hierarchical clustering
            (average linkage on 1 − r, optimal leaf order) of the matrix of the layer named at the left. The
            strips along two sides show the classes. Gray correlations are undefined, because a vector is
            constant or not finite. Blocks along the diagonal are groups of images with similar
            representations.
            """,
            corresponds="the matrices of images",
        ),
    ],
)
