"""Clusters of units that answer alike: how many along depth, and what the largest answer to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import zarr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from census.figures.inputs import Inputs, Views
from census.figures.pictures import as_tile, axes_at, figure_of_pictures
from census.figures.style import (
    BLUE,
    FINAL,
    GRAY,
    INK,
    LONGEST,
    UNTRAINED,
    VERMILION,
    WIDTH,
    depth_axis,
    depth_width,
    final_state,
    mark_undefined,
    names_height,
    new_figure,
    shortened,
    untrained_handle,
)

MOST_CLUSTERS = 10  # of a layer, of which the largest are drawn
TILE, GAP = 56, 4  # dots of a picture, and between pictures
# inches: a row of pictures, what stands above a layer's rows, what stands above and below the figure
ROW, HEADING, ABOVE, BELOW = 0.34, 0.68, 0.25, 0.1
MARGIN, LABELS = 0.25, 0.75  # beside the trees, and between them and the pictures


def draw_depth(layers: pd.DataFrame, title: str) -> Figure:
    """Draw how many clusters each layer's units form, and how many to a unit.

    Parameters
    ----------
    layers : rows per layer and checkpoint, as the rule ``clusters`` writes them.
    title : what stands above.
    """
    names = layers.sort_values("depth")["layer"].unique().tolist()
    figure = new_figure(depth_width(len(names)), 4.2 + names_height(names))
    above, below = figure.subplots(2, 1, sharex=True)
    x = np.arange(len(names))
    for checkpoint in (UNTRAINED, FINAL):
        table = layers[layers["checkpoint"] == checkpoint].sort_values("depth")
        if not len(table):
            continue
        solid = checkpoint == FINAL
        style = {
            "color": BLUE,
            "linestyle": "-" if solid else (0, (3, 2)),
            "marker": "o",
            "markerfacecolor": BLUE if solid else "white",
        }
        above.plot(x, table["n_clusters"].replace(0, np.nan), **style)
        below.plot(x, table["cluster_share"], **style)
        for panel in (above, below):
            mark_undefined(panel, x, table["cluster_share"], BLUE)
        varying = table["n_units"] - table["n_constant_units"]
        if solid:
            above.plot(x, table["n_clusters_chance"], "_", color=VERMILION, markersize=11)
            below.plot(x, table["n_clusters_chance"] / varying, "_", color=VERMILION, markersize=11)
        for place, count in zip(x, table["n_constant_units"], strict=True):
            if count:
                # a row of numbers for each checkpoint
                height = 1.04 if solid else 1.13
                above.text(
                    place,
                    height,
                    f"{count:,}",
                    transform=above.get_xaxis_transform(),
                    ha="center",
                    fontsize=6.5,
                    color=INK if solid else GRAY,
                )
    if layers["n_constant_units"].any():
        above.text(-0.01, 1.085, "constant", transform=above.transAxes, ha="right", fontsize=6.5)
    above.set_yscale("log", base=2)
    above.yaxis.set_major_formatter("{x:.0f}")
    above.minorticks_off()
    above.set_ylabel("clusters")
    below.set_ylim(0, 1.05)
    below.yaxis.set_major_formatter(PercentFormatter(1))
    below.set_ylabel("clusters /\nunits that vary")
    depth_axis(above, names, named=False)
    depth_axis(below, names)
    handles = [Line2D([], [], color=BLUE, marker="o", label=final_state(layers))]
    if UNTRAINED in set(layers["checkpoint"]):
        handles.append(untrained_handle(BLUE))
    label = "chance: responses\npermuted over images"
    handles.append(Line2D([], [], color=VERMILION, marker="_", markersize=11, linestyle="", label=label))
    threshold = layers["cluster_threshold"].iloc[0]
    handles.append(Line2D([], [], linestyle="", label=f"joined at a mean\ncorrelation ≥ {threshold:g}"))
    figure.legend(handles=handles, loc="outside right upper")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


@dataclass(frozen=True)
class LayerClusters:
    """What is shown of a layer.

    Attributes
    ----------
    layer : its name.
    threshold : correlation at which clusters are cut.
    clusters : int (units,), of the units that vary; empty where none does.
    joins : float (units − 1, 4), average linkage on 1 − r.
    top_images : int (clusters, ranks), images to which the units of each cluster answer most.
    """

    layer: str
    threshold: float
    clusters: NDArray[np.integer]
    joins: NDArray[np.floating]
    top_images: NDArray[np.integer]

    @property
    def n_shown(self) -> int:
        """How many clusters are drawn."""
        return min(MOST_CLUSTERS, len(self.top_images))


@dataclass(frozen=True)
class Branch:
    """A part of a tree of which only some clusters are kept.

    Attributes
    ----------
    correlation : at which its parts are joined; for a cluster, the last of its joins, 1 for a single unit.
    first : for a cluster, the correlation at which its first two units are joined.
    cluster : its number; None for what joins several.
    parts : what it joins; empty for a cluster.
    """

    correlation: float
    first: float = 1.0
    cluster: int | None = None
    parts: tuple["Branch", ...] = ()


def prune(joins: NDArray[np.floating], clusters: NDArray[np.integer], n_shown: int) -> Branch:
    """Return a tree without all clusters but the first few, and without the joins of single units in these.

    Parameters
    ----------
    joins, clusters : see :class:`LayerClusters`; of at least one unit.
    n_shown : how many clusters are kept.
    """
    nodes: list[Branch | None] = [Branch(1.0, 1.0, int(c)) if c < n_shown else None for c in clusters]
    for left, right, distance, _ in joins:
        one, other = nodes[int(left)], nodes[int(right)]
        if one is None or other is None:
            nodes.append(one or other)
        elif one.cluster is not None and one.cluster == other.cluster:
            # a single unit has no join of its own: the first is the highest of the others
            firsts = [each.first for each in (one, other) if each.correlation < 1 or each.first < 1]
            nodes.append(Branch(1 - distance, max(firsts, default=1 - distance), one.cluster))
        else:
            nodes.append(Branch(1 - distance, parts=(one, other)))
    root = nodes[-1]
    assert root is not None, "the largest cluster is always kept"
    return root


def leaves(branch: Branch) -> list[Branch]:
    """Return a tree's clusters, from the top down."""
    return [leaf for part in branch.parts for leaf in leaves(part)] or [branch]


def draw_dendrograms(
    layers: Sequence[LayerClusters], pixels: Mapping[int, NDArray[np.uint8]], title: str
) -> Figure:
    """Draw how the largest clusters of each layer are joined, and the images to which they answer most.

    Parameters
    ----------
    layers : in order of depth; at least one.
    pixels : by image, uint8 (y, x, 1 or 3).
    title : what stands above.
    """
    rows = [max(1, layer.n_shown) for layer in layers]
    inches = ABOVE + BELOW + sum(HEADING + ROW * count for count in rows)
    figure = figure_of_pictures(WIDTH, inches, title)
    top = ABOVE
    for layer, count in zip(layers, rows, strict=True):
        top += HEADING
        height = ROW * count
        # pictures are as wide as their row is high
        width = ROW * max(1, layer.top_images.shape[1])
        tree = WIDTH - 2 * MARGIN - LABELS - width
        _draw_layer(
            axes_at(figure, MARGIN, top, tree, height),
            axes_at(figure, MARGIN + tree + LABELS, top, width, height),
            layer,
            pixels,
        )
        top += height
    return figure


def _draw_layer(
    tree: Axes, pictures: Axes, layer: LayerClusters, pixels: Mapping[int, NDArray[np.uint8]]
) -> None:
    """Draw the tree of one layer's clusters, and beside each its pictures."""
    pictures.set_axis_off()
    sizes = np.bincount(layer.clusters)
    name = shortened(layer.layer, LONGEST)
    heading = f"{name}: no unit varies"
    if len(sizes):
        heading = f"{name}: {len(layer.clusters):,} units that vary, {len(sizes):,} clusters"
        if len(sizes) > layer.n_shown:
            heading += f", of which the {layer.n_shown} largest"
    tree.set_title(heading, fontsize=8, pad=27)
    if not len(sizes):
        tree.set_axis_off()
        return
    root = prune(layer.joins, layer.clusters, layer.n_shown)
    shown = leaves(root)
    heights = {leaf.cluster: place for place, leaf in enumerate(shown)}
    _draw_branch(tree, root, heights)
    lowest = min(root.correlation, layer.threshold)
    tree.axvline(layer.threshold, color=VERMILION, linewidth=1, linestyle=(0, (3, 2)), zorder=0)
    tree.set_xlim(lowest - 0.08, 1.02)
    tree.set_ylim(len(shown) - 0.5, -0.5)
    tree.set_yticks([])
    tree.grid(visible=False)
    tree.spines[["left", "bottom"]].set_visible(False)
    tree.spines["top"].set_visible(True)
    tree.xaxis.tick_top()
    tree.xaxis.set_label_position("top")
    tree.tick_params(axis="x", labelsize=6.5, pad=1, length=2)
    tree.set_xlabel("mean correlation at which clusters are joined", fontsize=6.5, labelpad=2)
    columns = layer.top_images.shape[1]
    picture = np.full((len(shown) * (TILE + GAP), columns * (TILE + GAP), 3), 255, np.uint8)
    for place, leaf in enumerate(shown):
        assert leaf.cluster is not None
        count = int(sizes[leaf.cluster])
        tree.text(
            1.02,
            place,
            f"{count:,} unit{'s' * (count > 1)}",
            transform=tree.get_yaxis_transform(),
            va="center",
            fontsize=7,
        )
        for rank, image in enumerate(layer.top_images[leaf.cluster]):
            y, x = place * (TILE + GAP) + GAP // 2, rank * (TILE + GAP)
            picture[y : y + TILE, x : x + TILE] = as_tile(pixels[int(image)], TILE)
    pictures.imshow(picture, aspect="auto", extent=(0, columns, len(shown) - 0.5, -0.5))


def _draw_branch(axes: Axes, branch: Branch, heights: Mapping[int | None, int]) -> float:
    """Draw a tree, and return the height at which its root lies."""
    if not branch.parts:
        height = float(heights[branch.cluster])
        axes.plot([branch.correlation, 1], [height] * 2, color=INK, linewidth=0.9)
        if branch.correlation < 1:
            ends = [branch.correlation, branch.first]
            axes.plot(
                ends, [height] * 2, color=BLUE, linewidth=4, marker="s", markersize=4, markeredgewidth=0
            )
        return height
    places = []
    for part in branch.parts:
        height = _draw_branch(axes, part, heights)
        axes.plot([branch.correlation, part.correlation], [height] * 2, color=INK, linewidth=0.9)
        places.append(height)
    axes.plot([branch.correlation] * 2, [min(places), max(places)], color=INK, linewidth=0.9)
    return float(np.mean(places))


def views(inputs: Inputs) -> Views:
    """Return the function of each view of a run: clusters along depth, and the largest of some layers."""
    layers = inputs.table("clusters.layer")

    def dendrograms() -> Figure:
        groups = list(inputs.groups("clusters", FINAL))
        # spread evenly along depth, the first and the last layer among them
        wanted = min(inputs.settings["dendrograms"], len(groups))
        places = [round(place * (len(groups) - 1) / max(1, wanted - 1)) for place in range(wanted)]
        shown = [_clusters_of(groups[place]) for place in places]
        top_images = [layer.top_images[:MOST_CLUSTERS].ravel() for layer in shown]
        images = inputs.images(np.concatenate(top_images))
        return draw_dendrograms(shown, images, f"The largest clusters of units: {inputs.where}")

    return {
        "depth": lambda: draw_depth(layers, f"Clusters of units that answer alike: {inputs.where}"),
        "dendrograms": dendrograms,
    }


def _clusters_of(group: zarr.Group) -> LayerClusters:
    """Return the clusters of a layer, of which it may have none."""
    empty = {"cluster": (0,), "join": (0, 4), "top_image": (0, 0)}
    arrays = {
        name: group[name][:] if name in group else np.empty(shape, int) for name, shape in empty.items()
    }
    return LayerClusters(
        group.attrs["layer"],
        group.attrs["cluster_threshold"],
        arrays["cluster"],
        arrays["join"],
        arrays["top_image"],
    )
