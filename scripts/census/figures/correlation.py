"""Correlations between the patterns of images: the matrices of all layers, and their mean along depth."""

import math
from collections.abc import Mapping, Sequence
from functools import partial

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgba_array
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from census.figures.inputs import Inputs, Views
from census.figures.style import (
    BLUE,
    FINAL,
    GRAY,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    UNTRAINED,
    VERMILION,
    WIDTH,
    along_depth,
    depth_axis,
    depth_width,
    final_state,
    kind_handles,
    names_height,
    new_figure,
    shortened,
    state_of,
    untrained_handle,
    with_glyphs,
    wrapped,
)

PANEL, LARGEST_PANEL = 0.95, 1.4  # inches
MOST_COLUMNS = 7
MOST_CLASSES = 24  # that a legend names
LONGEST_CLASS = 32  # characters of a class's name
CORRELATIONS = mpl.colormaps["RdBu_r"].with_extremes(bad=GRAY)
FEW_CLASSES = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, INK)


def draw_matrices(
    matrices: Mapping[str, NDArray[np.floating]],
    orders: Mapping[str, NDArray[np.integer]],
    labels: NDArray[np.integer],
    classes: Sequence[str],
    title: str,
) -> Figure:
    """Draw the correlation matrix of each layer, in each of some orders of the images.

    Parameters
    ----------
    matrices : by layer in order of depth, float (N, N); undefined correlations are gray.
    orders : permutations of the N images by what gave them; a row of panels each.
    labels : (N,), the class of each image: a strip of color at two sides of each matrix.
    classes : their names.
    title : what stands above.
    """
    # for each layer a column of panels: about as wide as high
    n_blocks = math.ceil(len(matrices) / min(MOST_COLUMNS, math.ceil(math.sqrt(2.2 * len(matrices)))))
    n_columns = math.ceil(len(matrices) / n_blocks)
    shown = np.unique(labels)
    named = [shortened(with_glyphs(classes[label]), LONGEST_CLASS, begin=True) for label in shown]
    if len(named) > MOST_CLASSES:
        named = []
    side = max(PANEL, min(LARGEST_PANEL, (WIDTH - 1.5) / n_columns))
    left, right = max(4.0, n_columns * side + 0.45), 0.65 + 0.065 * max([10, *map(len, named)])
    bar_height = 1.0
    height = max(n_blocks * (len(orders) * side + 0.32) + 0.4, bar_height + 1.1 + 0.15 * len(named))
    figure = new_figure(left + right, height)
    pictures, legends = figure.subfigures(1, 2, width_ratios=(left, right), squeeze=False)[0]
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.03, hspace=0, wspace=0)
    panels = pictures.subplots(n_blocks * len(orders), n_columns, squeeze=False)
    colors = _class_colors(len(classes))
    for panel in panels.ravel():
        panel.set_axis_off()
    for place, (layer, matrix) in enumerate(matrices.items()):
        block, column = divmod(place, n_columns)
        for row, (name, order) in enumerate(orders.items(), block * len(orders)):
            panel = panels[row, column]
            panel.imshow(_with_strips(matrix[np.ix_(order, order)], colors[labels[order]]))
            if row == block * len(orders):
                panel.set_title(wrapped(layer, 20), fontsize=5.5, fontweight="normal")
            if column == 0:
                label = f"ordered by\n{shortened(name, 20)}"
                panel.set_ylabel(label, fontsize=7)
                # what set_axis_off takes away as well
                panel.axison = True
                panel.set_xticks([])
                panel.set_yticks([])
                panel.spines[:].set_visible(False)
    axes = legends.add_axes((0.08, 1 - (bar_height + 0.35) / height, 0.1, bar_height / height))
    bar = legends.colorbar(ScalarMappable(Normalize(-1, 1), CORRELATIONS), cax=axes)
    bar.set_label("pattern correlation r")
    bar.outline.set_visible(False)
    handles = [Patch(color=colors[label], label=name) for label, name in zip(shown, named, strict=False)]
    if any(np.isnan(matrix).any() for matrix in matrices.values()):
        handles.append(Patch(color=GRAY, label="undefined:\nconstant pattern"))
    if handles:
        below = 1 - (bar_height + 0.5) / height
        legends.legend(
            handles=handles,
            loc="upper left",
            bbox_to_anchor=(0, below),
            title="class" if named else None,
            alignment="left",
            fontsize=7,
        )
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def _class_colors(n_classes: int) -> NDArray[np.floating]:
    """Return colors for classes: apart from each other for a few, from dark to light for many."""
    if n_classes <= len(FEW_CLASSES):
        return to_rgba_array(FEW_CLASSES[:n_classes])
    return mpl.colormaps["viridis"](np.linspace(0, 1, n_classes))


def _with_strips(matrix: NDArray[np.floating], colors: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return a matrix (N, N) as a picture, with the colors (N, 4) of its rows along the left and the top."""
    n_images = len(matrix)
    width, gap = max(1, round(n_images / 16)), max(1, round(n_images / 60))
    picture = np.ones((n_images + width + gap, n_images + width + gap, 4))
    picture[width + gap :, width + gap :] = CORRELATIONS(Normalize(-1, 1)(np.ma.masked_invalid(matrix)))
    picture[:width, width + gap :] = colors
    picture[width + gap :, :width] = colors[:, None]
    return picture


def draw_decorrelation(layers: pd.DataFrame, sparsity: pd.DataFrame, title: str) -> Figure:
    """Draw mean pattern correlation and active fraction along depth, on two axes, trained beside untrained.

    Parameters
    ----------
    layers : rows per layer and checkpoint, as the rule ``correlation`` writes them.
    sparsity : rows per layer and checkpoint, as the rule ``sparsity`` writes them.
    title : what stands above.
    """
    final = layers[layers["checkpoint"] == FINAL].sort_values("depth")
    names = final["layer"].tolist()
    figure = new_figure(depth_width(len(names)), 3.3 + names_height(names))
    left = figure.subplots()
    right = left.twinx()
    right.spines["right"].set_visible(True)
    right.grid(False)
    for checkpoint, solid in ((UNTRAINED, False), (FINAL, True)):
        correlations = layers[layers["checkpoint"] == checkpoint]
        if len(correlations):
            undefined = correlations["n_undefined_patterns"] > 0
            along_depth(left, correlations, "pattern_correlation", VERMILION, solid=solid, silent=undefined)
            active = sparsity[sparsity["checkpoint"] == checkpoint]
            along_depth(right, active, "active_fraction", BLUE, solid=solid)
    lowest = min(0, layers["pattern_correlation_low"].min())
    left.set_ylim(1.05 * lowest - 0.03, 1.03)
    right.set_ylim(1.05 * lowest - 0.03, 1.03)
    left.axhline(0, color=GRAY, linewidth=0.8)
    left.set_ylabel("mean correlation between\npatterns of different images", color=VERMILION)
    right.set_ylabel("active fraction (share of values ≠ 0)", color=BLUE)
    right.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    right.yaxis.set_major_formatter(PercentFormatter(1))
    for place, count in enumerate(final["n_undefined_patterns"]):
        if count:
            left.text(place, 1.06, str(count), ha="center", va="bottom", fontsize=6.5, color=VERMILION)
    if final["n_undefined_patterns"].any():
        left.text(-0.7, 1.06, "undefined\npatterns", ha="right", va="bottom", fontsize=7)
    depth_axis(left, names)
    handles = [
        Line2D([], [], color=VERMILION, linewidth=3, label="pattern correlation"),
        Line2D([], [], color=BLUE, linewidth=3, label="active fraction"),
        Line2D([], [], color=INK, label=f"{final_state(final)}; bar: 95 % interval"),
    ]
    if UNTRAINED in set(layers["checkpoint"]):
        handles.append(untrained_handle(INK))
    handles += kind_handles(final["kind"])
    figure.legend(handles=handles, loc="outside right upper")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def views(inputs: Inputs) -> Views:
    """Return the function of each view of a run: matrices of all layers, and their mean along depth."""
    layers, all_orders = (inputs.table(f"correlation.{name}") for name in ("layers", "orders"))
    sparsity = inputs.table("sparsity.layer")

    def matrices(checkpoint: str) -> Figure:
        groups = list(inputs.groups("gram", checkpoint))
        images = groups[0]["image"][:]
        network = f"{inputs.network}{state_of(checkpoint)}"
        orders = all_orders[all_orders["checkpoint"] == checkpoint]
        return draw_matrices(
            {group.attrs["layer"]: group["correlation"][:] for group in groups},
            {
                layer: np.searchsorted(images, table.sort_values("place")["image"])
                for layer, table in orders.groupby("layer", sort=False)
            },
            groups[0]["label"][:],
            groups[0].attrs["classes"],
            f"Similarity of {len(images)} images of {inputs.dataset} in {network}",
        )

    return {
        "decorrelation": lambda: draw_decorrelation(
            layers, sparsity, f"Decorrelation and sparsening: {inputs.where}"
        ),
        "matrices-final": partial(matrices, FINAL),
        "matrices-0": partial(matrices, UNTRAINED),
    }
