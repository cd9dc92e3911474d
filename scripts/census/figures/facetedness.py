"""Single- and multi-faceted units: how evenly units answer to classes, by layer and along depth."""

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
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
    INK,
    ORANGE,
    UNTRAINED,
    VERMILION,
    WIDTH,
    depth_axis,
    depth_width,
    final_state,
    mark_undefined,
    names_height,
    new_figure,
    spread,
    spread_handles,
    untrained_handle,
    wrapped,
)

MOST_UNITS = 256  # in a heat map, of which the first are drawn


def _names(table: pd.DataFrame) -> list[str]:
    return table.sort_values("depth")["layer"].unique().tolist()


def _of_network(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table without the channels of the image, which are no units of the network."""
    return table[table["kind"] != "input"]


def about_top_images(layers: pd.DataFrame) -> str:
    """Return of how many images the top images are, for a title.

    Parameters
    ----------
    layers : rows per layer and checkpoint, as the rule ``facetedness`` writes them.
    """
    by_checkpoint = layers.groupby("checkpoint")[["top", "n_images"]].first()
    words = {
        checkpoint: f"top {top} of {count:,} images" if count > top else f"top images: all {count:,}"
        for checkpoint, top, count in by_checkpoint.itertuples()
    }
    if UNTRAINED in words and words[UNTRAINED] != words[FINAL]:
        return f"{words[FINAL]}; untrained: {words[UNTRAINED]}"
    return words[FINAL]


def _counted(axes: Axes, counts: Mapping[int, int], color: str) -> None:
    """Write a number above each place of a depth axis that has one."""
    for place, count in counts.items():
        if count:
            axes.text(
                place,
                1.03,
                str(count),
                transform=axes.get_xaxis_transform(),
                ha="center",
                va="bottom",
                fontsize=6.5,
                color=color,
            )


def draw_density(units: pd.DataFrame, title: str) -> Figure:
    """Draw how Gini index and flatness spread over the units of each layer, with their normal distributions.

    Parameters
    ----------
    units : rows per unit and checkpoint, as the rule ``facetedness`` writes them.
    title : what stands above.
    """
    names = _names(units)
    answering = units[units["n_top_images"] > 0]
    figure = new_figure(WIDTH + 0.6 + 0.06 * max(0, max(map(len, names)) - 10), 1.0 + 0.34 * len(names))
    panels = figure.subplots(1, 2, sharey=True)
    shown = [each for each in (UNTRAINED, FINAL) if each in set(units["checkpoint"])]
    colors = {FINAL: BLUE, UNTRAINED: GRAY}
    bins = np.linspace(0, 1, 51)
    centers = (bins[1:] + bins[:-1]) / 2
    for panel, column, label in (
        (panels[0], "gini", "Gini index of class counts\n(0 all classes alike, 1 a single one)"),
        (panels[1], "flatness", "flatness of class counts\n(0 a single class, 1 all alike)"),
    ):
        for place, name in enumerate(names):
            layer = answering[answering["layer"] == name]
            base = len(names) - 1 - place
            for checkpoint in shown:
                values = layer.loc[layer["checkpoint"] == checkpoint, column].dropna().to_numpy()
                if not len(values):
                    continue
                heights = np.histogram(values.clip(0, 1), bins)[0] / len(values)
                scale = 0.85 / heights.max()
                panel.stairs(
                    base + scale * heights,
                    bins,
                    baseline=base,
                    fill=True,
                    color=colors[checkpoint],
                    alpha=0.45,
                )
                if len(values) > 1 and values.std(ddof=1) > 0.004:
                    normal = NormalDist(values.mean(), values.std(ddof=1))
                    density = np.array([normal.pdf(center) for center in centers])
                    # on the scale of the bars, and within the layer's row
                    curve = np.minimum(scale * density * (bins[1] - bins[0]), 0.95)
                    panel.plot(centers, base + curve, color=colors[checkpoint], linewidth=0.9)
            if column == "gini":
                chance = layer.loc[layer["checkpoint"] == FINAL, "gini_chance"].median()
                panel.plot([chance, chance], [base, base + 0.85], color=VERMILION, linewidth=1.4)
        panel.set_xlim(-0.01, 1.01)
        panel.set_xlabel(label)
        panel.grid(visible=False)
    panels[0].set_yticks(range(len(names)), names[::-1], fontsize=7)
    panels[0].set_ylim(-0.15, len(names))
    panels[0].set_ylabel("layer")
    handles = [
        Patch(color=BLUE, alpha=0.45, label=final_state(units)),
        *([Patch(color=GRAY, alpha=0.45, label="untrained")] if UNTRAINED in shown else []),
        Line2D(
            [], [], color=INK, linewidth=0.9, label="normal distribution\nof the same mean and\ndeviation"
        ),
        Line2D([], [], color=VERMILION, linewidth=1.4, label="chance: images\ndrawn at random"),
    ]
    figure.legend(handles=handles, loc="outside right upper")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def draw_degree(units: pd.DataFrame, layers: pd.DataFrame, title: str) -> Figure:
    """Draw the MF degrees of each layer's units, and of all units of the network, over the highest of them.

    Parameters
    ----------
    units, layers : rows per unit, and per layer, and checkpoint, as the rule ``facetedness`` writes them.
    title : what stands above.
    """
    units, layers = (_of_network(table[table["checkpoint"] == FINAL]) for table in (units, layers))
    names = _names(units)
    figure = new_figure(depth_width(len(names)) + 1.6, 2.9 + names_height(names))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(max(3, 0.22 * len(names)), 1.2))
    finite = units[np.isfinite(units["mf_normalised"])]
    highest = (finite["mf_degree"] / finite["mf_normalised"]).max()
    spread(left, range(len(names)), finite, "mf_normalised", names, BLUE)
    table = layers.sort_values("depth")
    chance = (table["mf_chance"] / highest).to_numpy()
    left.plot(range(len(names)), np.where(chance <= 1, chance, np.nan), "_", color=VERMILION, markersize=9)
    mean = table["mf_network_mean"].iloc[0] / highest
    for panel in (left, right):
        panel.axhline(mean, color=ORANGE, linewidth=1, linestyle="--")
    silent = dict(enumerate(table["n_silent_units"]))
    _counted(left, silent, INK)
    if any(silent.values()):
        left.text(-0.02, 1.03, "silent", transform=left.transAxes, ha="right", va="bottom", fontsize=6.5)
    left.set_ylim(-0.03, 1.03)
    left.set_ylabel(f"MF degree / the network's highest\n(which is {highest:.3g})")
    depth_axis(left, names)
    counts, edges = np.histogram(finite["mf_normalised"], np.linspace(0, 1, 41))
    right.stairs(counts, edges, orientation="horizontal", fill=True, color=BLUE, alpha=0.55)
    right.set_xlabel("units of\nall layers")
    right.tick_params(labelleft=False)
    above = int((chance > 1).sum())
    handles = [
        *spread_handles(BLUE),
        Line2D([], [], color=ORANGE, linestyle="--", label="mean of the network"),
        Line2D(
            [],
            [],
            color=VERMILION,
            marker="_",
            markersize=9,
            linestyle="",
            label="chance (median)" + (f";\nabove the axis in {above}" if above else ""),
        ),
    ]
    figure.legend(handles=handles, loc="outside right upper")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def draw_counts(layers: pd.DataFrame, title: str) -> Figure:
    """Draw the shares of single- and multi-faceted units along depth, and the degrees at either end.

    Parameters
    ----------
    layers : rows per layer and checkpoint, as the rule ``facetedness`` writes them.
    title : what stands above.
    """
    layers = _of_network(layers)
    names = _names(layers)
    figure = new_figure(depth_width(len(names)), 4.2 + names_height(names))
    above, below = figure.subplots(2, 1, sharex=True)
    x = np.arange(len(names))
    for checkpoint, line, face in ((UNTRAINED, (0, (3, 2)), "white"), (FINAL, "-", None)):
        table = layers[layers["checkpoint"] == checkpoint].sort_values("depth")
        if not len(table):
            continue
        for side, end, color in (("sf", "lowest", BLUE), ("mf", "highest", ORANGE)):
            style = {"color": color, "linestyle": line, "marker": "o", "markerfacecolor": face or color}
            above.plot(x, table[f"share_{side}"], **style)
            below.plot(x, table[f"mf_{end}"].replace(np.inf, np.nan), **style)
            mark_undefined(below, x, table[f"mf_{end}"], color)
            if checkpoint == FINAL:
                above.bar(
                    x + (0.2 if side == "mf" else -0.2),
                    table[f"share_{side}_significant"],
                    width=0.36,
                    color=color,
                    alpha=0.35,
                )
        if checkpoint == FINAL:
            below.plot(x, table["mf_chance"], "_", color=VERMILION, markersize=9)
            _counted(below, dict(enumerate(table["n_even_units"])), ORANGE)
            if table["n_even_units"].any():
                below.text(
                    -0.01, 1.03, "even", transform=below.transAxes, ha="right", va="bottom", fontsize=6.5
                )
    above.set_ylim(0, 1.03)
    above.yaxis.set_major_formatter(PercentFormatter(1))
    above.set_ylabel("share of the layer's units")
    below.set_ylabel("MF degree of the extreme units")
    below.set_ylim(-0.02 * below.get_ylim()[1], None)
    depth_axis(above, names, named=False)
    depth_axis(below, names)
    handles = [
        Line2D([], [], color=BLUE, linewidth=3, label="single-faceted (below\nthe network's mean)"),
        Line2D([], [], color=ORANGE, linewidth=3, label="multi-faceted (above)"),
        Patch(color=INK, alpha=0.35, label="of these, significant\nin the layer (p < 0.05)"),
        Line2D([], [], color=INK, label=final_state(layers)),
    ]
    if UNTRAINED in set(layers["checkpoint"]):
        handles.append(untrained_handle(INK))
    handles.append(
        Line2D([], [], color=VERMILION, marker="_", markersize=9, linestyle="", label="chance (median)")
    )
    figure.legend(handles=handles, loc="outside right upper")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def draw_similarity(layers: pd.DataFrame, title: str) -> Figure:
    """Draw how alike the class counts of a layer's units are on average: Pearson's r and Euclidean distance.

    Parameters
    ----------
    layers : rows per layer and checkpoint, as the rule ``facetedness`` writes them.
    title : what stands above.
    """
    names = _names(layers)
    figure = new_figure(depth_width(len(names)), 3.8 + names_height(names))
    above, below = figure.subplots(2, 1, sharex=True)
    x = np.arange(len(names))
    for checkpoint, color in ((UNTRAINED, GRAY), (FINAL, BLUE)):
        table = layers[layers["checkpoint"] == checkpoint].sort_values("depth")
        if not len(table):
            continue
        style: dict[str, Any] = {"color": color, "marker": "o", "markerfacecolor": color}
        label = final_state(layers)
        if checkpoint == UNTRAINED:
            style |= {"markerfacecolor": "white", "linestyle": (0, (3, 2))}
            label = "untrained"
        for panel, column in ((above, "unit_similarity"), (below, "unit_dissimilarity")):
            panel.plot(x, table[column], label=label, **style)
            mark_undefined(panel, x, table[column], color)
            if checkpoint == FINAL:
                chance = table[f"{column}_chance"]
                panel.plot(
                    x, chance, "_", color=VERMILION, markersize=9, label="chance: images\ndrawn at random"
                )
    above.axhline(0, color=GRAY, linewidth=0.8)
    above.set_ylabel("mean similarity\n(r of class counts)")
    below.set_ylabel("mean dissimilarity\n(Euclidean distance, images)")
    below.set_ylim(0, None)
    depth_axis(above, names, named=False)
    depth_axis(below, names)
    *states, chance = above.get_legend_handles_labels()[0]
    figure.legend(handles=[*states[::-1], chance], loc="outside right upper")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def draw_heatmaps(
    matrices: Mapping[str, tuple[NDArray[np.floating], NDArray[np.floating]]], title: str
) -> Figure:
    """Draw the similarity and the distance of each two units of each layer.

    Parameters
    ----------
    matrices : by layer in order of depth, float (units, units) of both; NaN is gray.
    title : what stands above.
    """
    n_columns = min(7, max(3, math.ceil(math.sqrt(1.6 * len(matrices)))))
    n_blocks = math.ceil(len(matrices) / n_columns)
    side = max(0.95, min(1.4, (WIDTH - 1.2) / n_columns))
    figure = new_figure(n_columns * side + 1.5, n_blocks * (2 * side + 0.45) + 0.4)
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.03, hspace=0, wspace=0)
    panels = figure.subplots(2 * n_blocks, n_columns, squeeze=False)
    largest = max([1.0, *(np.nanmax(far) for _, far in matrices.values() if not np.isnan(far).all())])
    scales = (
        ("similarity (r)", mpl.colormaps["RdBu_r"].with_extremes(bad="#B8B8B8"), -1, 1),
        ("distance (images)", mpl.colormaps["viridis"].with_extremes(bad="#B8B8B8"), 0, largest),
    )
    for panel in panels.ravel():
        panel.set_axis_off()
    for place, (layer, pair) in enumerate(matrices.items()):
        block, column = divmod(place, n_columns)
        for row, (matrix, (label, colors, low, high)) in enumerate(zip(pair, scales, strict=True)):
            panel = panels[2 * block + row, column]
            drawn = np.ma.masked_invalid(matrix[:MOST_UNITS, :MOST_UNITS])
            panel.imshow(drawn, cmap=colors, vmin=low, vmax=high)
            if row == 0:
                number = f"{len(matrix)} unit{'s' if len(matrix) > 1 else ''}"
                if len(matrix) > MOST_UNITS:
                    number = f"first {MOST_UNITS} of {number}"
                panel.set_title(f"{wrapped(layer, 20)}\n{number}", fontsize=5.5, fontweight="normal")
            if column == 0:
                panel.axison = True
                panel.set_xticks([])
                panel.set_yticks([])
                panel.spines[:].set_visible(False)
                panel.set_ylabel(label, fontsize=7)
    for row, (label, colors, low, high) in enumerate(scales):
        bar = figure.colorbar(
            mpl.cm.ScalarMappable(mpl.colors.Normalize(low, high), colors),
            ax=panels[row::2],
            shrink=min(1, 1.6 / (n_blocks * 2 * side)),
            anchor=(0, 1.0 - 0.55 * row) if n_blocks == 1 else (0, 1 - 0.4 * row),
            pad=0.02,
        )
        bar.set_label(label)
        bar.outline.set_visible(False)
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def views(inputs: Inputs) -> Views:
    """Return the function of each view of a run: densities, degrees, counts, and similarity of units."""
    units, layers = (inputs.table(f"facetedness.{name}") for name in ("units", "layers"))
    where = f"{inputs.where}\n{about_top_images(layers)}"
    of_units = f"Similarity of units by their classes: {where}"

    def heatmaps() -> Figure:
        matrices = {
            group.attrs["layer"]: (group["similarity"][:], group["distance"][:])
            for group in inputs.groups("concepts", FINAL)
        }
        return draw_heatmaps(matrices, of_units)

    return {
        "density": lambda: draw_density(units, f"How many classes units answer to: {where}"),
        "degree": lambda: draw_degree(units, layers, f"MF degree of units: {where}"),
        "counts": lambda: draw_counts(layers, f"Single- and multi-faceted units: {where}"),
        "similarity": lambda: draw_similarity(layers, of_units),
        "heatmaps": heatmaps,
    }
