"""Clusters of units with correlated responses: numbers along depth, and dendrograms with top images."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from census.figures.declaration import Family, Images, View
from census.figures.style import (
    BLUE,
    DASHED,
    FINAL,
    GRAY,
    INK,
    LONGEST,
    UNTRAINED,
    VERMILION,
    at,
    layers_of,
    shortened,
    states,
)
from census.measures.declaration import Matrices, Tables

if TYPE_CHECKING:
    import pandas as pd
    import zarr
    from matplotlib.axes import Axes

    from census.drawing.inputs import Stores
    from census.drawing.page import Page
    from census.planning.runs import Run

MOST_CLUSTERS = 8  # of a layer, of which the largest are drawn
TILE, GAP = 56, 4  # dots of an image, and between images
FRAME = 210  # shade of gray around a tile
# inches: a row of tiles, what stands above a layer's rows, what stands above and below the figure
ROW, HEADING, ABOVE, BELOW = 0.3, 0.68, 0.25, 0.1
LEGEND = 0.25
LAYERS_OF_SHEET = 2  # each with the most clusters
MARGIN, LABELS = 0.25, 0.75  # beside the trees, and between them and the images


def draw_depth(page: "Page", layers: "pd.DataFrame") -> None:
    """Draw the number of clusters in each layer, and clusters per unit, trained and untrained."""
    above, below = page.along_depth(layers_of(layers), 4.2, 2)
    some = layers.assign(n_clusters=layers["n_clusters"].replace(0, np.nan))
    page.curves(above, some, "n_clusters", BLUE, kinds=False, crosses=True)
    page.curves(below, layers, "cluster_share", BLUE, kinds=False, crosses=True)
    final = at(layers, FINAL)
    x, chance = page.place(final), final["n_clusters_chance"]
    above.plot(x, chance, "_", color=VERMILION, markersize=11)
    below.plot(
        x, chance / (final["n_units"] - final["n_constant_units"]), "_", color=VERMILION, markersize=11
    )
    tables, colors = dict(states(layers)), {FINAL: INK, UNTRAINED: GRAY}
    rows = [(tables[each]["n_constant_units"], colors[each]) for each in colors if each in tables]
    page.numbers_above(above, "constant", *rows)
    above.set_yscale("log", base=2)
    above.yaxis.set_major_formatter("{x:.0f}")
    above.minorticks_off()
    above.set_ylabel("clusters")
    below.set_ylim(0, 1.05)
    page.percent(below.yaxis)
    below.set_ylabel("clusters /\nunits that vary")
    page.explain(layers, BLUE, interval=False, kinds=False)
    page.line("chance: responses\npermuted over images", VERMILION, marker="_", markersize=11, linestyle="")
    page.words(f"merged at a mean\ncorrelation ≥ {layers['cluster_threshold'].iloc[0]:g}")


@dataclass(frozen=True)
class LayerClusters:
    """The clusters of a layer.

    Attributes
    ----------
    layer : name of the layer.
    threshold : correlation at which the tree is cut.
    clusters : array of int, shape (n_units,), clusters of the units that vary; empty if none does.
    merges : array of float, shape (n_units − 1, 4), average linkage on 1 − r.
    top_images : array of int, shape (n_clusters, n_ranks), top images of each cluster.
    """

    layer: str
    threshold: float
    clusters: NDArray[np.integer]
    merges: NDArray[np.floating]
    top_images: NDArray[np.integer]

    @property
    def n_shown(self) -> int:
        """How many clusters are drawn: of two or more units each."""
        return min(MOST_CLUSTERS, int((np.bincount(self.clusters) > 1).sum()))


@dataclass(frozen=True)
class Branch:
    """A branch of a pruned tree.

    Attributes
    ----------
    correlation : correlation at which its parts are merged; for a cluster, that of its last merge; 1 for a
        single unit.
    first : for a cluster, the correlation at which its first two units are merged.
    cluster : index of the cluster; None for a merge of several clusters.
    parts : merged branches; empty for a cluster.
    """

    correlation: float
    first: float = 1.0
    cluster: int | None = None
    parts: tuple["Branch", ...] = ()


def prune(merges: NDArray[np.floating], clusters: NDArray[np.integer], n_shown: int) -> Branch:
    """Prune a tree to its first clusters, without the merges of units within them.

    Parameters
    ----------
    merges, clusters : see :class:`LayerClusters`; at least one unit.
    n_shown : number of clusters to keep.
    """
    nodes: list[Branch | None] = [Branch(1.0, 1.0, int(c)) if c < n_shown else None for c in clusters]
    for left, right, distance, _ in merges:
        one, other = nodes[int(left)], nodes[int(right)]
        if one is None or other is None:
            nodes.append(one or other)
        elif one.cluster is not None and one.cluster == other.cluster:
            # single units have no merges, so the first merge is the highest of the others
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


def draw_trees(
    page: "Page", layers: Sequence[LayerClusters], pixels: Mapping[int, NDArray[np.uint8]]
) -> None:
    """Draw the trees of each layer's largest clusters, with their top images.

    Parameters
    ----------
    layers : at least one layer, in order of depth.
    pixels : arrays of uint8, shape (height, width, 1 or 3), by image.
    """
    rows = [max(1, layer.n_shown) for layer in layers]
    page.placed(ABOVE + BELOW + sum(HEADING + ROW * count for count in rows), LEGEND)
    top = ABOVE
    for layer, count in zip(layers, rows, strict=True):
        top += HEADING
        height = ROW * count
        # images are as wide as their row is high
        width = ROW * max(1, layer.top_images.shape[1])
        tree = page.width - 2 * MARGIN - LABELS - width
        _draw_layer(
            page,
            page.axes_at(MARGIN, top, tree, height),
            page.axes_at(MARGIN + tree + LABELS, top, width, height),
            layer,
            pixels,
        )
        top += height
    page.line("correlation at which clusters are cut", VERMILION, linewidth=1, linestyle=DASHED)
    if any((np.bincount(layer.clusters) > 1).any() for layer in layers):
        page.line("first to last merge within a cluster", BLUE, linewidth=4, marker="s", markersize=4)


def _draw_layer(
    page: "Page",
    tree: "Axes",
    tiles: "Axes",
    layer: LayerClusters,
    pixels: Mapping[int, NDArray[np.uint8]],
) -> None:
    """Draw the tree of one layer's clusters, with the top images of each cluster."""
    tiles.set_axis_off()
    sizes = np.bincount(layer.clusters)
    name = shortened(page.name(layer.layer), LONGEST)
    heading = f"{name}: no unit varies"
    if len(sizes):
        heading = f"{name}: {len(layer.clusters):,} units that vary, {len(sizes):,} clusters"
        n_larger = int((sizes > 1).sum())
        heading += f", {n_larger:,} of two or more units"
        if n_larger > layer.n_shown:
            heading += f", the {layer.n_shown} largest shown"
    tree.set_title(heading, fontsize=8, pad=27)
    if not layer.n_shown:
        tree.set_axis_off()
        return
    root = prune(layer.merges, layer.clusters, layer.n_shown)
    shown = leaves(root)
    heights = {leaf.cluster: place for place, leaf in enumerate(shown)}
    _draw_branch(tree, root, heights)
    lowest = min(root.correlation, layer.threshold)
    tree.axvline(layer.threshold, color=VERMILION, linewidth=1, linestyle=DASHED, zorder=0)
    tree.set_xlim(lowest - 0.08, 1.02)
    tree.set_ylim(len(shown) - 0.5, -0.5)
    tree.set_yticks([])
    tree.grid(visible=False)
    tree.spines[["left", "bottom"]].set_visible(False)
    tree.spines["top"].set_visible(True)
    tree.xaxis.tick_top()
    tree.xaxis.set_label_position("top")
    tree.tick_params(axis="x", labelsize=6.5, pad=1, length=2)
    tree.set_xlabel("mean correlation at which clusters are merged", fontsize=6.5, labelpad=2)
    columns = layer.top_images.shape[1]
    canvas = np.full((len(shown) * (TILE + GAP), columns * (TILE + GAP), 3), 255, np.uint8)
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
            y, x = place * (TILE + GAP) + GAP // 2, rank * (TILE + GAP) + GAP // 2
            canvas[y - 1 : y + TILE + 1, x - 1 : x + TILE + 1] = FRAME
            canvas[y : y + TILE, x : x + TILE] = page.tile(pixels[int(image)], TILE)
    tiles.imshow(canvas, aspect="auto", extent=(0, columns, len(shown) - 0.5, -0.5))


def _draw_branch(axes: "Axes", branch: Branch, heights: Mapping[int | None, int]) -> float:
    """Draw a tree, and return the height of its root."""
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


def draw_dendrograms(
    page: "Page", stores: "Stores", images: "Callable[..., Mapping]", dendrograms: int
) -> None:
    """Draw the largest clusters of some layers, from the first to the last, evenly spaced along depth."""
    groups = list(stores.groups(FINAL))
    page.know([group.attrs["layer"] for group in groups])
    wanted = min(dendrograms, len(groups))
    places = page.share([round(place * (len(groups) - 1) / max(1, wanted - 1)) for place in range(wanted)])
    shown = [_clusters_of(groups[place]) for place in places]
    top_images = [layer.top_images[:MOST_CLUSTERS].ravel() for layer in shown]
    draw_trees(page, shown, images(np.concatenate(top_images)))


def _clusters_of(group: "zarr.Group") -> LayerClusters:
    """Return the clusters of a layer, which may have none."""
    empty = {"cluster": (0,), "linkage": (0, 4), "top_image": (0, 0)}
    arrays = {
        name: group[name][:] if name in group else np.empty(shape, int) for name, shape in empty.items()
    }
    return LayerClusters(
        group.attrs["layer"],
        group.attrs["cluster_threshold"],
        arrays["cluster"],
        arrays["linkage"],
        arrays["top_image"],
    )


def _n_dendrograms(run: "Run") -> int:
    return run.config.measures.clusters.dendrograms


family = Family(
    name="clusters",
    section="directions",
    reads={"layers": Tables("clusters.layer"), "stores": Matrices("clusters"), "images": Images()},
    where=lambda run: bool(run.per_unit_layers),
    parameters=("dendrograms",),
    views=[
        View(
            "depth",
            draw_depth,
            "Clusters of correlated units",
            caption="""
            Clusters of units of {network} with correlated responses to the images of {dataset}, by layer in
            order of depth: average linkage of the correlation between units' mean responses, cut at a fixed
            correlation. Above: number of clusters; below: clusters per unit that varies. Vermilion is the
            number after each unit's responses were permuted over images. Numbers above count constant units,
            which are in no cluster. Dashed lines, hollow marks and gray numbers are the untrained network.
            Fewer clusters than units mean redundant units.
            """,
        ),
        View(
            "dendrograms",
            draw_dendrograms,
            "The largest clusters of units",
            is_picture=True,
            sheets=lambda run, _: ceil(min(_n_dendrograms(run), len(run.per_unit_layers)) / LAYERS_OF_SHEET),
            where=lambda run: _n_dendrograms(run) > 0,
            caption="""
            Dendrograms of the largest clusters of two or more units in some layers of {network}, by average
            linkage of the correlation between mean responses to the images of {dataset}. Clusters are cut at
            the dashed line. A blue bar reaches from the first merge within a cluster to the last. At the
            right are the number of units of each cluster and the images to which its units respond most on
            average.
            """,
            corresponds="the clusters of neurons named as future work",
        ),
    ],
)
