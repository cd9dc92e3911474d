"""Single- and multi-faceted units: evenness of class counts and MF degrees, by layer and along depth."""

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from census.figures.declaration import Family, View, sheets_of
from census.figures.style import (
    BLUE,
    COLORS,
    FINAL,
    GRAY,
    INK,
    ORANGE,
    RIDGE,
    UNTRAINED,
    VERMILION,
    at,
    final_state,
    layers_of,
    states,
    wrapped,
)
from census.measures.declaration import Matrices, Tables
from census.statistics.streams import stream

if TYPE_CHECKING:
    import pandas as pd

    from census.drawing.inputs import Stores
    from census.drawing.page import Page

HEAT_MAPS = 6  # beside each other
MOST_UNITS = 256  # maximum number of units in a heat map


def about_top_images(layers: "pd.DataFrame") -> str:
    """Return the number of top images and of all images, for a title."""
    by_checkpoint = layers.groupby("checkpoint")[["top", "n_images"]].first()
    words = {
        checkpoint: f"top {top} of {count:,} images" if count > top else f"top images: all {count:,}"
        for checkpoint, top, count in by_checkpoint.itertuples()
    }
    if UNTRAINED in words and words[UNTRAINED] != words[FINAL]:
        return f"{words[FINAL]}; untrained: {words[UNTRAINED]}"
    return words[FINAL]


def _of_network(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table without the channels of the image, which are no units of the network."""
    return table[table["kind"] != "input"]


def draw_density(page: "Page", units: "pd.DataFrame", layers: "pd.DataFrame") -> None:
    """Draw histograms of Gini index and flatness over each layer's units, with normal distributions."""
    page.title += f"\n{about_top_images(layers)}"
    names = layers_of(units)
    page.know(names)
    names = page.share(names)
    units = units[units["layer"].isin(names)]
    panels = page.ridges(names, 2)
    bins = np.linspace(0, 1, 51)
    centers = (bins[1:] + bins[:-1]) / 2
    active = units[units["n_top_images"] > 0]
    for panel, column, label in (
        (panels[0], "gini", "Gini index of class counts\n(0 equal classes, 1 a single class)"),
        (panels[1], "flatness", "flatness of class counts\n(0 a single class, 1 equal classes)"),
    ):
        for checkpoint, rows in states(active):
            for name, layer in rows.groupby("layer"):
                values = layer[column].dropna().to_numpy()
                if not len(values):
                    continue
                height = page.ridge(panel, name, values, bins, COLORS[checkpoint])
                if len(values) > 1 and values.std(ddof=1) > 0.004:
                    normal = NormalDist(values.mean(), values.std(ddof=1))
                    density = np.array([normal.pdf(center) for center in centers])
                    # scaled to the bars, and limited to the layer's row
                    curve = np.minimum(height * len(values) * density * (bins[1] - bins[0]), 0.95)
                    base = page.places[name]
                    panel.plot(centers, base + curve, color=COLORS[checkpoint], linewidth=0.9)
        panel.set_xlim(-0.01, 1.01)
        panel.set_xlabel(label)
    of_layers = at(active, FINAL).groupby("layer")
    for panel, column in ((panels[0], "gini_chance"), (panels[1], "flatness_chance")):
        for name, chance in of_layers[column].median().items():
            base = page.places[name]
            panel.plot([chance, chance], [base, base + 0.85], color=VERMILION, linewidth=1.4)
    page.area(final_state(units), BLUE, alpha=0.45)
    if UNTRAINED in set(units["checkpoint"]):
        page.area("untrained", GRAY, alpha=0.45)
    page.line("normal distribution\nof the same mean and\ndeviation", linewidth=0.9)
    page.line("chance: images\ndrawn at random", VERMILION)


def draw_degree(page: "Page", units: "pd.DataFrame", layers: "pd.DataFrame") -> None:
    """Draw MF degrees of each layer's units, and of all units, divided by the network's highest."""
    page.title += f"\n{about_top_images(layers)}"
    units, layers = (at(_of_network(table), FINAL) for table in (units, layers))
    names = layers_of(units)
    ratios = max(3, 0.15 * len(names)), 1.2
    height = 2.9 + page.names_height(names)
    left, right = page.panels(height, 1, 2, sharey=True, width_ratios=ratios)[0]
    page.depth_axes([left], names, ratios[0] / sum(ratios))
    finite = units[np.isfinite(units["mf_normalized"])]
    highest = (finite["mf_degree"] / finite["mf_normalized"]).max()
    page.spread(left, range(len(names)), finite, "mf_normalized", BLUE)
    chance = (layers["mf_chance"] / highest).to_numpy()
    left.plot(range(len(names)), np.where(chance <= 1, chance, np.nan), "_", color=VERMILION, markersize=9)
    mean = layers["mf_network_mean"].iloc[0] / highest
    for panel in (left, right):
        panel.axhline(mean, color=ORANGE, linewidth=1, linestyle="--")
    page.numbers_above(left, "inactive", (layers["n_inactive_units"], INK))
    left.set_ylim(-0.03, 1.03)
    left.set_ylabel(f"MF degree / the network's highest\n({highest:.3g})")
    counts, edges = np.histogram(finite["mf_normalized"], np.linspace(0, 1, 41))
    right.stairs(counts, edges, orientation="horizontal", fill=True, color=BLUE, alpha=0.55)
    right.set_xlabel("units of\nall layers")
    right.tick_params(labelleft=False)
    above = int((chance > 1).sum())
    page.line("median of the units", BLUE, marker="o", markersize=4, linestyle="")
    page.explain_units(BLUE)
    page.area("units of all layers", BLUE, 0.55)
    page.line("mean of the network", ORANGE, linestyle="--")
    if above < len(chance):
        _explain_chance(page, "chance (median)")
    if above:
        page.words(f"chance is above the\naxis in {above} of {len(chance)} layers")


def draw_counts(page: "Page", layers: "pd.DataFrame") -> None:
    """Draw the shares of single- and multi-faceted units, and the extreme degrees, along depth."""
    page.title += f"\n{about_top_images(layers)}"
    layers = _of_network(layers)
    above, below = page.along_depth(layers_of(layers), 4.2, 2)
    final = at(layers, FINAL)
    x = page.place(final)
    for side, end, color, shift in (("sf", "min", BLUE, -0.2), ("mf", "max", ORANGE, 0.2)):
        page.curves(above, layers, f"share_{side}", color, kinds=False)
        finite = layers.assign(**{f"mf_{end}": layers[f"mf_{end}"].replace(np.inf, np.nan)})
        page.curves(below, finite, f"mf_{end}", color, kinds=False)
        for _, rows in states(layers):
            page.crosses(below, page.place(rows), rows[f"mf_{end}"], color)
        significant = final[f"share_{side}_significant"]
        above.bar(x + shift, significant, width=0.36, color=color, alpha=0.35)
    below.plot(x, final["mf_chance"], "_", color=VERMILION, markersize=9)
    page.numbers_above(below, "even", (final["n_even_units"], ORANGE))
    above.set_ylim(0, 1.03)
    page.percent(above.yaxis)
    above.set_ylabel("share of the layer's units")
    below.set_ylabel("MF degree of the extreme units")
    below.set_ylim(-0.02 * below.get_ylim()[1], None)
    page.line("single-faceted (below\nthe network's mean)", BLUE, linewidth=3)
    page.line("multi-faceted (above)", ORANGE, linewidth=3)
    page.area("of these, significant\nin the layer (p < 0.05)", alpha=0.35)
    page.explain(layers, interval=False, kinds=False)
    _explain_chance(page, "chance (median)")


def draw_similarity(page: "Page", layers: "pd.DataFrame") -> None:
    """Draw similarity of class counts between units: mean Pearson's r and mean Euclidean distance."""
    page.title += f"\n{about_top_images(layers)}"
    panels = above, below = page.along_depth(layers_of(layers), 3.8, 2)
    for panel, column in zip(panels, ("unit_similarity", "unit_dissimilarity"), strict=True):
        for checkpoint, rows in states(layers):
            solid = checkpoint == FINAL
            page.curve(panel, rows, column, COLORS[checkpoint], solid=solid, kinds=False, crosses=True)
        final = at(layers, FINAL)
        panel.plot(page.place(final), final[f"{column}_chance"], "_", color=VERMILION, markersize=9)
    above.axhline(0, color=GRAY, linewidth=0.8)
    above.set_ylabel("mean similarity\n(r of class counts)")
    below.set_ylabel("mean dissimilarity\n(Euclidean distance, images)")
    below.set_ylim(0, None)
    page.line(final_state(layers), BLUE, marker="o")
    if UNTRAINED in set(layers["checkpoint"]):
        page.explain_untrained(GRAY)
    _explain_chance(page, "chance: images\ndrawn at random")


def _explain_chance(page: "Page", label: str) -> None:
    page.line(label, VERMILION, marker="_", markersize=9, linestyle="")


def clustered(distance: NDArray[np.floating], random: np.random.Generator) -> NDArray[np.integer]:
    """Return the units of a heat map, at most a random sample of :data:`MOST_UNITS`, in order of clusters.

    Parameters
    ----------
    distance : array of float, shape (n_units, n_units); NaN is undefined, and stands at the end.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    sample = np.sort(random.permutation(len(distance))[:MOST_UNITS])
    is_known = ~np.isnan(np.diagonal(distance)[sample])
    known = sample[is_known]
    if len(known) > 2:
        merges = linkage(squareform(distance[np.ix_(known, known)].clip(0), checks=False), "average")
        known = known[leaves_list(merges)]
    return np.concatenate([known, sample[~is_known]])


def draw_heatmaps(page: "Page", layers: "pd.DataFrame", concepts: "Stores") -> None:
    """Draw similarity and distance between the units of each layer of the final network."""
    page.title += f"\n{about_top_images(layers)}"
    draw_pairs(
        page,
        {
            group.attrs["layer"]: (group["similarity"][:], group["distance"][:])
            for group in concepts.groups(FINAL)
        },
    )


def draw_pairs(
    page: "Page", matrices: Mapping[str, tuple[NDArray[np.floating], NDArray[np.floating]]]
) -> None:
    """Draw similarity and distance between the units of each layer.

    Parameters
    ----------
    matrices : similarity and distance, arrays of float, shape (n_units, n_units), by layer in order of depth;
        NaN is gray.
    """
    page.know(list(matrices))
    matrices = {layer: matrices[layer] for layer in page.share(list(matrices))}
    n_columns = min(HEAT_MAPS, max(3, len(matrices)))
    n_blocks = math.ceil(len(matrices) / n_columns)
    side = (page.width - 1.3) / n_columns
    panels = page.panels(n_blocks * (2 * side + 0.45) + 0.4, 2 * n_blocks, n_columns)
    page.figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.03, hspace=0, wspace=0)
    largest = max([1.0, *(np.nanmax(far) for _, far in matrices.values() if not np.isnan(far).all())])
    scales = ("similarity (r)", "correlation", -1, 1), ("distance (images)", "distance", 0, largest)
    for panel in panels.ravel():
        panel.set_axis_off()
    for place, (layer, pair) in enumerate(matrices.items()):
        block, column = divmod(place, n_columns)
        units = clustered(pair[1], stream(0, "units of heat maps", layer))
        for row, (matrix, (label, colors, low, high)) in enumerate(zip(pair, scales, strict=True)):
            panel = panels[2 * block + row, column]
            panel.imshow(page.colored(colors, matrix[np.ix_(units, units)], low, high))
            if row == 0:
                number = f"{len(matrix)} unit{'s' if len(matrix) > 1 else ''}"
                if len(matrix) > MOST_UNITS:
                    number = f"{MOST_UNITS} of {number}"
                panel.set_title(f"{wrapped(page.name(layer), 18)}\n{number}", fontsize=6, fontweight="normal")
            if column == 0:
                page.label_only(panel, label)
    for row, scale in enumerate(scales):
        page.scale(
            panels[row::2],
            *scale,
            shrink=min(1, 1.6 / (n_blocks * 2 * side)),
            anchor=(0, 1.0 - 0.55 * row) if n_blocks == 1 else (0, 1 - 0.4 * row),
        )


family = Family(
    name="multifacetedness",
    section="concepts",
    reads={
        "units": Tables("multifacetedness.units"),
        "layers": Tables("multifacetedness.layers"),
        "concepts": Matrices("concepts"),
    },
    views=[
        View(
            "density",
            draw_density,
            "Gini index and flatness of class counts",
            sheets=sheets_of(lambda run: run.layers, inches=RIDGE),
            caption="""
            Gini index (left) and flatness (right) of the class counts of units of {network}: numbers of their
            maximally activating images in each class of {dataset}. Histograms are over the units of a layer,
            one row per layer. Units without such images are left out. Curves are normal distributions of
            equal mean and standard deviation. Vermilion is the mean of equally many random images, median
            over the units. Gray is the untrained network, with fewer images if the title names two numbers. A
            Gini index near 1 is a unit that responds to few classes.
            """,
            corresponds="Figure 1 and appendices A1 and A2",
        ),
        View(
            "degree",
            draw_degree,
            "MF degree of units",
            caption="""
            Degrees of multifacetedness (MF: flatness over Gini index of class counts) of the units of
            {network}, on images of {dataset}, as shares of the network's highest. Left: by layer; dots are
            medians, thick bars half of the units, thin bars 90 % of them; vermilion is the median for random
            images. Numbers above count units without maximally activating images. Right: units of all layers.
            Units above the dashed mean count as multi-faceted, units below it as single-faceted; channels of
            the image are left out.
            """,
            corresponds="Figure 2",
        ),
        View(
            "counts",
            draw_counts,
            "Single- and multi-faceted units",
            caption="""
            Single-faceted (blue) and multi-faceted (orange) units of {network} on images of {dataset}, by
            layer in order of depth. Above: their shares of the layer's units; bars are the shares with p <
            0.05, from a normal distribution fitted to the layer's other units. Below: lowest and highest
            degree of multifacetedness (MF) of the layer, with the median for images drawn at random; numbers
            above count units with equal responses to all classes, whose degree is infinite. Dashed lines and
            hollow marks are the untrained network.
            """,
            corresponds="Figure 3",
        ),
        View(
            "similarity",
            draw_similarity,
            "Similarity of units by their classes",
            caption="""
            Similarity (Pearson's r) and dissimilarity (Euclidean distance) between the class counts of two
            units, mean over the pairs of a layer of {network}, on images of {dataset}. Vermilion is the mean
            for random images; hollow gray marks are the untrained network. High similarity and low
            dissimilarity mean that units of a layer respond to the same classes.
            """,
            corresponds="Figure 5",
        ),
        View(
            "heatmaps",
            draw_heatmaps,
            "Heat maps of the similarity of units",
            sheets=sheets_of(lambda run: run.layers, inches=2.5, columns=HEAT_MAPS),
            is_picture=True,
            caption="""
            Similarity (Pearson's r) and distance (Euclidean, in images) between the class counts of all pairs
            of units of a layer of {network}, on images of {dataset}; units are in the order of a hierarchical
            clustering of these distances. Of layers with more than 256 units, a random sample of 256 is
            shown. Gray is undefined. Bright columns in the lower matrices are units that respond to other
            classes than the rest of the layer.
            """,
            corresponds="appendix C",
        ),
    ],
    memory=2000,
)
