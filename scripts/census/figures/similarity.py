"""Similarity between layers: a matrix of all layers, the steps along depth, and the branches of modules."""

import itertools
from collections.abc import Sequence
from functools import partial
from typing import Literal

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from census.figures.inputs import Inputs, Views
from census.figures.style import (
    BLUE,
    FINAL,
    GRAY,
    INK,
    LONGEST,
    UNTRAINED,
    WIDTH,
    depth_axis,
    final_state,
    mark_undefined,
    names_height,
    new_figure,
    shortened,
)

SIMILARITIES = mpl.colormaps["viridis"].with_extremes(bad="#D0D0D0", under="#2B0A3D")
# by the column that holds it
NAMES = {
    "similarity": "similarity (Pearson's r)",
    "similarity_spearman": "similarity (Spearman's ρ)",
    "similarity_deconfounded": "similarity without the input's (partial r)",
    "cka": "debiased linear CKA",
}
MOST_PRINTED = 12  # layers in a matrix whose entries are printed


def matrix_of(pairs: pd.DataFrame, column: str, names: Sequence[str]) -> NDArray[np.float64]:
    """Return a column of a table of pairs of layers as a matrix, with rows and columns as named."""
    wide = pairs.pivot(index="layer", columns="other_layer", values=column)
    return wide.reindex(index=list(names), columns=list(names)).to_numpy()


def draw_layers(pairs: pd.DataFrame, steps: pd.DataFrame, column: str, title: str) -> Figure:
    """Draw the similarity of each two layers, trained beside untrained, and of each layer and the next.

    Layers in branches are left out: they have no next layer, and a figure of their own.

    Parameters
    ----------
    pairs, steps : rows per pair of layers and checkpoint, as the rule ``similarity`` writes them.
    column : what is drawn, a key of :data:`NAMES`.
    title : what stands above.
    """
    # what was regressed out has nothing left to compare
    without = ["input"] if column == "similarity_deconfounded" else []
    trunk = pairs[(pairs["branch_of"] == "") & ~pairs["kind"].isin(without)]
    names = trunk.sort_values("depth")["layer"].unique().tolist()
    shown = [each for each in (FINAL, UNTRAINED) if each in set(pairs["checkpoint"])]
    states = {FINAL: final_state(pairs), UNTRAINED: "untrained"}
    side = max(2.6, 0.125 * len(names)) if len(shown) > 1 else max(3.6, 0.16 * len(names))
    width = max(WIDTH, len(shown) * (side + 0.35) + names_height(names) + 0.8)
    height = side + 2 * names_height(names) + 2.6
    figure = new_figure(width, height)
    heights = side + names_height(names) + 0.4, 2.1 + names_height(names)
    above, below = figure.subfigures(2, 1, height_ratios=heights, squeeze=False)[:, 0]
    panels = above.subplots(1, len(shown), squeeze=False)[0]
    for number, (panel, checkpoint) in enumerate(zip(panels, shown, strict=True)):
        matrix = matrix_of(pairs[pairs["checkpoint"] == checkpoint], column, names)
        image = _draw_matrix(panel, matrix, names, named=number == 0)
        panel.set_title(states[checkpoint])
    colorbar(above, image, panels, NAMES[column])

    axes = below.subplots()
    for checkpoint in shown[::-1]:
        here = (steps["checkpoint"] == checkpoint) & ~steps["kind"].isin(without)
        table = steps[here].sort_values("depth")
        solid = checkpoint == FINAL
        x, color = np.arange(len(table)) + 0.5, BLUE if solid else GRAY
        if f"{column}_low" in table:
            axes.vlines(
                x, table[f"{column}_low"], table[f"{column}_high"], color=color, linewidth=3, alpha=0.4
            )
        axes.plot(
            x,
            table[column],
            "o-",
            color=color,
            markerfacecolor=color if solid else "white",
            label=states[checkpoint] + ("; bar: 95 % interval" if solid and f"{column}_low" in table else ""),
        )
        mark_undefined(axes, x, table[column], color)
    lowest = np.nanmin([0, *steps.get(f"{column}_low", steps[column])])
    axes.set_ylim(lowest - 0.03, 1.03)
    axes.set_ylabel("similarity of each layer\nand the next")
    axes.set_title("Steps along depth")
    depth_axis(axes, names)
    handles, labels = axes.get_legend_handles_labels()
    below.legend(handles[::-1], labels[::-1], loc="outside right upper")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def draw_submodules(pairs: pd.DataFrame, title: str) -> Figure:
    """Draw how similar branches inside of modules are, each module boxed, and how similar to the output.

    Parameters
    ----------
    pairs : rows per pair of layers and checkpoint, as the rule ``similarity`` writes them.
    title : what stands above.
    """
    pairs = pairs[pairs["checkpoint"] == FINAL]
    ends = pairs["kind"].isin(["input", "output"])
    chosen = pairs[ends | (pairs["branch_of"] != "")].sort_values("depth").drop_duplicates("layer")
    names, modules = chosen["layer"].tolist(), chosen["branch_of"].tolist()
    labels = [_within(name, module) for name, module in zip(names, modules, strict=True)]
    side = max(3.4, 0.165 * len(names))
    figure = new_figure(side + names_height(names) + 1.4, 1.4 * side + names_height(labels) + 1.4)
    above, below = figure.subplots(2, 1, height_ratios=(1, 0.4), sharex=True)
    matrix = matrix_of(pairs, "similarity", names)
    # its place decides its size, so that it stands above the panel below
    image = _draw_matrix(above, matrix, names, named=True, aspect="auto")
    above.tick_params(labelbottom=False)
    colorbar(figure, image, [above, below], NAMES["similarity"])
    boxes = [
        (module, list(places))
        for module, places in itertools.groupby(range(len(names)), key=modules.__getitem__)
        if module
    ]
    for number, (module, places) in enumerate(boxes):
        first, size = places[0] - 0.5, len(places)
        above.add_patch(
            Rectangle((first, first), size, size, fill=False, edgecolor="black", linewidth=1.8, clip_on=False)
        )
        below.axvspan(first, first + size, color=GRAY, alpha=0.3 if number % 2 else 0.12, linewidth=0)
        below.text(
            first + size / 2,
            1.0,
            shortened(module, LONGEST),
            rotation=90,
            fontsize=6.5,
            ha="center",
            va="top",
        )
    output = chosen.loc[chosen["kind"] == "output", "layer"]
    lowest = 0.0
    if len(output):
        to_output = pairs[pairs["other_layer"] == output.iloc[0]].set_index("layer").reindex(names)
        x, low, high = np.arange(len(names)), to_output["similarity_low"], to_output["similarity_high"]
        below.vlines(x, low, high, color=BLUE, linewidth=3, alpha=0.4)
        below.plot(x, to_output["similarity"], "o", color=BLUE)
        mark_undefined(below, x, to_output["similarity"], BLUE)
        lowest = np.nanmin([0, *low])
    below.set_ylim(lowest - 0.03, 1.03)
    below.set_ylabel("similarity\nto the output")
    below.set_xticks(range(len(names)), labels, rotation=90, fontsize=7)
    below.set_xlabel("layer, in order of depth; the branches of a module in a box\nbar: 95 % interval")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def _within(layer: str, module: str) -> str:
    """Return a layer's name within its module."""
    return layer.removeprefix(f"{module}.") if module else layer


def _draw_matrix(
    axes: Axes,
    matrix: NDArray[np.floating],
    names: Sequence[str],
    *,
    named: bool,
    aspect: Literal["equal", "auto"] = "equal",
) -> AxesImage:
    """Draw a matrix of layers by layers; entries that are undefined are gray and crossed."""
    image = axes.imshow(np.ma.masked_invalid(matrix), cmap=SIMILARITIES, vmin=0, vmax=1, aspect=aspect)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names if named else [""] * len(names), fontsize=7)
    for row, column in np.argwhere(np.isnan(matrix)):
        axes.text(column, row, "×", ha="center", va="center", fontsize=7, color=INK)
    if len(names) <= MOST_PRINTED:
        for (row, column), value in np.ndenumerate(matrix):
            if not np.isnan(value):
                color = "white" if value < 0.6 else "black"
                printed = f"{value:.2f}".replace("0.", ".").replace("1.00", "1")
                axes.text(column, row, printed, ha="center", va="center", fontsize=5.5, color=color)
    return image


def colorbar(
    figure: FigureBase, image: AxesImage, panels: Axes | Sequence[Axes] | NDArray[np.object_], label: str
) -> None:
    """Draw the scale of matrices in :data:`SIMILARITIES` beside their panels."""
    bar = figure.colorbar(image, ax=panels, shrink=0.8, extend="min", pad=0.02)
    bar.set_label(label)
    bar.outline.set_visible(False)


def views(inputs: Inputs) -> Views:
    """Return the function of each view of a run: similarity of layers by each measure, and of branches."""
    pairs, steps = (inputs.table(f"similarity.{name}") for name in ("pairs", "steps"))
    columns = {
        "pearson": "similarity",
        "spearman": "similarity_spearman",
        "deconfounded": "similarity_deconfounded",
        "cka": "cka",
    }
    return {
        **{
            view: partial(draw_layers, pairs, steps, column, f"Similarity of layers: {inputs.where}")
            for view, column in columns.items()
        },
        "submodules": lambda: draw_submodules(pairs, f"Branches inside of modules: {inputs.where}"),
    }
