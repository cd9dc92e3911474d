"""Similarity between layers: all pairs, adjacent layers along depth, and branches of modules."""

import itertools
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from census.figures.declaration import Family, View
from census.figures.style import (
    BLUE,
    COLORS,
    FINAL,
    GRAY,
    LONGEST,
    UNTRAINED,
    WIDTHS,
    at,
    final_state,
    layers_of,
    shortened,
    states,
    two_digits,
)
from census.measures.declaration import Tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from census.drawing.page import Page

# labels by column
NAMES = {
    "similarity": "similarity (Pearson's r)",
    "similarity_spearman": "similarity (Spearman's ρ)",
    "similarity_deconfounded": "similarity without the input's (partial r)",
    "cka": "debiased linear CKA",
}
# the same measures where an axis has room for few words
SHORT_NAMES = {
    "similarity": "Pearson's r",
    "similarity_spearman": "Spearman's ρ",
    "similarity_deconfounded": "partial r",
    "cka": "debiased CKA",
}
ENTRY = 0.2  # inches, of an entry of a matrix that is printed


def matrix_of(pairs: "pd.DataFrame", column: str, names: Sequence[str]) -> NDArray[np.float64]:
    """Return a column of a table of pairs of layers as a matrix, with rows and columns as named."""
    wide = pairs.pivot(index="layer", columns="other_layer", values=column)
    return wide.reindex(index=list(names), columns=list(names)).to_numpy()


def draw_layers(
    page: "Page", pairs: "pd.DataFrame", adjacent: "pd.DataFrame", *, column: str = "similarity"
) -> None:
    """Draw the similarity of all pairs of layers, trained and untrained, and of adjacent layers.

    Layers in branches are left out: they have no next layer, and have their own view.

    Parameters
    ----------
    column : column to draw, a key of :data:`NAMES`.
    """
    # the confound itself has no residual to compare
    without = ["input"] if column == "similarity_deconfounded" else []
    names = layers_of(pairs[(pairs["branch_of"] == "") & ~pairs["kind"].isin(without)])
    shown = list(states(pairs))[::-1]
    words = {FINAL: final_state(pairs), UNTRAINED: "untrained"}
    below_axis = page.names_height(names)
    page.know(names)
    # beside each other, or below each other in a narrow figure
    shape = (1, len(shown)) if page.width == WIDTHS["page"] else (len(shown), 1)
    side = min(3.6, (page.width - below_axis - 0.8) / shape[1] - 0.2)
    heights = shape[0] * (side + 0.25) + below_axis + 0.15, 2.1 + below_axis
    figure = page.blank(sum(heights) + 0.1)
    above, below = figure.subfigures(2, 1, height_ratios=heights, squeeze=False)[:, 0]
    short = [page.name(name) for name in names]
    panels, axes = above.subplots(*shape, squeeze=False, sharex=True, sharey=True).ravel(), below.subplots()
    for panel, (checkpoint, rows) in zip(panels, shown, strict=True):
        _draw_matrix(page, panel, matrix_of(rows, column, names), short, side)
        panel.set_title(words[checkpoint])
    _scale(page, panels, column)

    adjacent = adjacent[~adjacent["kind"].isin(without)]
    has_interval = f"{column}_low" in adjacent
    for checkpoint, rows in states(adjacent):
        color, face = COLORS[checkpoint], BLUE if checkpoint == FINAL else "white"
        x = np.arange(len(rows)) + 0.5
        page.intervals(axes, x, rows, column, color, linewidth=3, alpha=0.4)
        axes.plot(x, rows[column], "o-", color=color, markerfacecolor=face)
        page.crosses(axes, x, rows[column], color)
    lowest = np.nanmin([0, *adjacent.get(f"{column}_low", adjacent[column])])
    axes.set_ylim(lowest - 0.03, 1.03)
    axes.set_ylabel(f"{SHORT_NAMES[column]} of each\nlayer and the next")
    axes.set_title("Adjacent layers along depth")
    page.depth_axes([axes], names)
    page.legend(of=below)
    page.line(words[FINAL], BLUE, marker="o")
    if len(shown) > 1:
        page.line("untrained", GRAY, marker="o", markerfacecolor="white")
    if has_interval:
        page.explain_interval()


def draw_branches(page: "Page", pairs: "pd.DataFrame") -> None:
    """Draw the similarity between branches of modules, in boxes, and their similarity to the output."""
    pairs = at(pairs, FINAL)
    ends = pairs["kind"].isin(["input", "output"])
    chosen = pairs[ends | (pairs["branch_of"] != "")].drop_duplicates("layer")
    names, modules = chosen["layer"].tolist(), chosen["branch_of"].tolist()
    page.know(names)
    short = [page.name(name) for name in names]
    boxes = [
        (module, list(places))
        for module, places in itertools.groupby(range(len(names)), key=modules.__getitem__)
        if module
    ]
    # of a module with one layer here, the layer's name has that of the module
    bracketed = [
        (shortened(module, LONGEST), places[0], len(places)) for module, places in boxes if len(places) > 1
    ]
    labels = list(short)
    for module, places in boxes:
        for place in places if len(places) > 1 else ():
            name, shown = names[place], short[place]
            labels[place] = name.removeprefix(f"{module}.").removesuffix(name.partition(shown)[2])
    # beside the legend
    side = page.width - page.names_height(names) - 2.1
    below_axis = page.names_height(labels) + (
        page.names_height([module for module, *_ in bracketed]) if bracketed else 0
    )
    height = 1.5 * side + below_axis + 1.0
    above, below = page.panels(height, 2, height_ratios=(1, 0.4), sharex=True)[:, 0]
    # aspect "auto" aligns it with the panel below
    _draw_matrix(page, above, matrix_of(pairs, "similarity", names), short, side, aspect="auto")
    above.tick_params(labelbottom=False)
    _scale(page, [above, below], "similarity")
    for number, (_, places) in enumerate(boxes):
        first, size = places[0] - 0.5, len(places)
        last = first + size
        edge = {"fill": False, "edgecolor": "black", "linewidth": 1.8, "clip_on": False}
        above.fill([first, last, last, first], [first, first, last, last], **edge)
        below.axvspan(first, last, color=GRAY, alpha=0.3 if number % 2 else 0.12, linewidth=0)
    output = chosen.loc[chosen["kind"] == "output", "layer"]
    lowest = 0.0
    if len(output):
        to_output = pairs[pairs["other_layer"] == output.iloc[0]].set_index("layer").reindex(names)
        x = np.arange(len(names))
        page.intervals(below, x, to_output, "similarity", BLUE, linewidth=3, alpha=0.4)
        below.plot(x, to_output["similarity"], "o", color=BLUE)
        page.crosses(below, x, to_output["similarity"], BLUE)
        lowest = np.nanmin([0, *to_output["similarity_low"]])
    below.set_ylim(lowest - 0.03, 1.03)
    below.set_ylabel(f"{SHORT_NAMES['similarity']}\nwith the output")
    below.set_xticks(range(len(names)), labels, rotation=90, fontsize=7)
    words = "layer, in order of depth; the branches of a module in a box"
    if bracketed:
        page.bracket_modules(below, bracketed, words)
    else:
        below.set_xlabel(words)
    page.box("branches of a module")
    page.area("layers of a module", GRAY, alpha=0.3)
    page.line("similarity to the output", BLUE, marker="o", linestyle="")
    page.explain_interval(BLUE)


def _draw_matrix(
    page: "Page",
    axes: "Axes",
    matrix: NDArray[np.floating],
    names: Sequence[str],
    side: float,
    *,
    aspect: str = "equal",
) -> None:
    """Draw a matrix of layers by layers; its entries are printed if there is room on a side in inches."""
    printed = _printed if side / len(names) >= ENTRY else None
    page.matrix(axes, matrix, "similarity", printed=printed, size=5.5, aspect=aspect)
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)


def _printed(value: float) -> str:
    return two_digits(value).replace("0.", ".").replace("1.00", "1")


def _scale(page: "Page", panels: "Sequence[Axes]", column: str) -> None:
    page.scale(panels, NAMES[column], "similarity", shrink=0.8, extend="min")


ABOUT = """
Above: all pairs of layers of {network}, trained and untrained, without layers in branches; gray and crossed
if undefined. Below: each layer and the next (blue: trained, gray: untrained); a low value is a change of the
similarities between images.
"""
WITH_BARS = f"{ABOUT} Bars are 95 % bootstrap intervals over images."

family = Family(
    name="similarity",
    section="decorrelation",
    reads={"pairs": Tables("similarity.pairs"), "adjacent": Tables("similarity.adjacent")},
    views=[
        View(
            "pearson",
            draw_layers,
            "Similarity of layers",
            caption=f"""
            Representational similarity of layers on images of {{dataset}}: Pearson's r between the
            off-diagonal entries of two layers' correlation matrices of images. {WITH_BARS}
            """,
            corresponds="the matrix of layers",
        ),
        View(
            "spearman",
            partial(draw_layers, column="similarity_spearman"),
            "Similarity of layers (Spearman's ρ)",
            caption=f"""
            Representational similarity of layers on images of {{dataset}}: Spearman's ρ between the
            off-diagonal entries of two layers' correlation matrices of images, which does not assume a linear
            relation. {ABOUT}
            """,
        ),
        View(
            "deconfounded",
            partial(draw_layers, column="similarity_deconfounded"),
            "Similarity of layers beyond the input's",
            caption=f"""
            Representational similarity of layers on images of {{dataset}} beyond that of the images
            themselves: Pearson's r between the off-diagonal entries of two layers' correlation matrices of
            images, after the input's matrix was regressed out of both. {WITH_BARS}
            """,
        ),
        View(
            "cka",
            partial(draw_layers, column="cka"),
            "Similarity of layers (CKA)",
            caption=f"""
            Debiased linear centered kernel alignment (CKA) of layers on images of {{dataset}}: it compares
            the layers' Gram matrices of images and is 0 on average for independent layers. {WITH_BARS}
            """,
        ),
        View(
            "branches",
            draw_branches,
            "Branches of modules",
            is_wide=True,
            where=lambda run: run.has_branches,
            caption="""
            Representational similarity of the layers in branches of {network}, on images of {dataset}:
            Pearson's r between the off-diagonal entries of two layers' correlation matrices of images. Each
            module is in a box, between the input and the logits; gray and crossed if undefined. Below:
            similarity to the logits, with 95 % bootstrap intervals over images. Low similarity means that
            branches of a module represent different relations between images.
            """,
            corresponds="the matrix inside of Inception modules",
        ),
    ],
)
