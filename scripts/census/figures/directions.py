"""Directions in a layer's space of neurons: spectra, numbers along depth, and the variance of neurons."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from census.figures.inputs import Inputs, Views
from census.figures.strips import Strip, draw_strips, rounded
from census.figures.style import (
    BLUE,
    DEPTH_COLORS,
    FINAL,
    GRAY,
    GREEN,
    INK,
    ORANGE,
    UNTRAINED,
    VERMILION,
    WIDTH,
    along_depth,
    depth_axis,
    depth_width,
    final_state,
    kind_handles,
    mark_undefined,
    names_height,
    new_figure,
    shortened,
    untrained_handle,
)

# what is compared, by the name in columns: color and name in legends
COMPARED = {
    "svd": (BLUE, "singular vectors"),
    "variance": (VERMILION, "neurons of highest\nvariance"),
    "random": (GREEN, "random directions"),
}
MOST_NAMED = 14  # layers that a legend names
LEAST_VARIANCE, MOST_VARIANCE = 1e-5, 1e2  # that a histogram shows


def _shown(table: pd.DataFrame) -> list[str]:
    """Return which of the two states of a network a table has, the untrained one last."""
    known = set(table["checkpoint"])
    return [checkpoint for checkpoint in (FINAL, UNTRAINED) if checkpoint in known]


def _depth_key(figure: Figure, axes: Sequence[Axes], names: Sequence[str], handles: list[Line2D]) -> None:
    """Explain colors: by a legend that names layers, or where they are many by a scale of depth."""
    if len(names) <= MOST_NAMED:
        layers = [
            Line2D([], [], color=_depth_color(place, len(names)), label=shortened(name, 24))
            for place, name in enumerate(names)
        ]
        figure.legend(handles=layers + handles, loc="outside right upper")
        return
    bar = figure.colorbar(
        ScalarMappable(Normalize(0, 1 / 0.92), DEPTH_COLORS), ax=list(axes), fraction=0.03, aspect=40
    )
    bar.ax.set_ylim(0, 1)
    bar.set_ticks([0, 1], labels=[shortened(names[0], 18), shortened(names[-1], 18)], fontsize=7)
    bar.set_label("layer, in order of depth", labelpad=-14)
    bar.outline.set_visible(False)
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))


def _depth_color(place: int, n_layers: int) -> str:
    return to_hex(DEPTH_COLORS(0.92 * place / max(1, n_layers - 1)))


def draw_spectrum(spectra: pd.DataFrame, layers: pd.DataFrame, title: str) -> Figure:
    """Draw strength and reconstruction error of each layer against the number of components.

    Parameters
    ----------
    spectra, layers : rows per component, and per layer, and checkpoint, as the rule ``directions`` writes
        them.
    title : what stands above.
    """
    names = layers.sort_values("depth")["layer"].unique().tolist()
    shown = _shown(layers)
    figure = new_figure(WIDTH + 1.2, 0.9 + 2.7 * len(shown))
    panels = figure.subplots(len(shown), 2, sharex="col", sharey="col", squeeze=False)
    for row, checkpoint in zip(panels, shown, strict=True):
        state = final_state(layers) if checkpoint == FINAL else "untrained"
        row[0].set_title(f"Strength of components, {state}")
        row[1].set_title(f"Reconstruction, {state}")
        here = spectra[spectra["checkpoint"] == checkpoint]
        above = layers[layers["checkpoint"] == checkpoint].set_index("layer")["n_components_above_null"]
        for place, name in enumerate(names):
            table = here[here["layer"] == name].sort_values("component")
            color, k = _depth_color(place, len(names)), table["component"].to_numpy()
            row[0].plot(k, table["strength"], color=color, linewidth=0.9)
            row[1].plot(k, table["reconstruction_error"], color=color, linewidth=0.9)
            row[1].plot(k, table["held_out_error"], color=color, linewidth=0.9, linestyle=(0, (3, 2)))
            n_above = above.get(name, np.nan)
            if n_above >= 1:
                last = table[table["component"] == n_above]["strength"]
                row[0].plot([n_above], last, "o", color=color, markersize=3.5)
        row[0].axhline(1, color=GRAY, linewidth=0.8)
        row[0].set_xscale("log")
        row[0].set_yscale("log")
        row[1].set_xscale("log")
        row[1].set_ylim(-0.02, 1.02)
        row[0].set_ylabel("strength σ² / neurons\n(mean over images: 1)")
        row[1].set_ylabel("error / norm of patterns")
    strongest = spectra["strength"].max() if len(spectra) else 1
    panels[0, 0].set_ylim(1e-3, 2 * strongest)
    for panel in panels[-1]:
        panel.set_xlabel("components")
    handles = [
        Line2D([], [], color=INK, marker="o", markersize=3.5, label="last one above\nthe null", linestyle=""),
        Line2D([], [], color=INK, linewidth=0.9, label="these images"),
        Line2D([], [], color=INK, linewidth=0.9, linestyle=(0, (3, 2)), label="images held out"),
    ]
    _depth_key(figure, panels.ravel().tolist(), names, handles)
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def draw_depth(layers: pd.DataFrame, rank: int, title: str) -> Figure:
    """Draw over how many components a layer spreads, and how well few of them rebuild it, along depth.

    Parameters
    ----------
    layers : rows per layer and checkpoint, as the rule ``directions`` writes them.
    rank : number of components that rebuild it.
    title : what stands above.
    """
    final = layers[layers["checkpoint"] == FINAL].sort_values("depth")
    names = final["layer"].tolist()
    figure = new_figure(depth_width(len(names)) + 1.4, 5.4 + names_height(names))
    panels = figure.subplots(3, 1, sharex=True)
    drawn = (
        (panels[0], "participation_ratio_matched", BLUE),
        (panels[1], "n_components_above_null", BLUE),
        (panels[2], f"reconstruction_error_{rank}", BLUE),
        (panels[2], f"held_out_error_{rank}", VERMILION),
    )
    for checkpoint in _shown(layers)[::-1]:
        table = layers[layers["checkpoint"] == checkpoint].sort_values("depth")
        for panel, column, color in drawn:
            along_depth(panel, table, column, color, solid=checkpoint == FINAL)
            mark_undefined(panel, range(len(table)), table[column], color)
    panels[0].set_title("Over how many components patterns spread")
    panels[0].set_ylabel(f"participation ratio\nfor {final['matched_images'].iloc[0]} images")
    panels[1].set_title("How many components neurons share")
    panels[1].set_ylabel("components above\nthe null")
    panels[2].set_title(f"What {rank} components leave out")
    panels[2].set_ylabel("error /\nnorm of patterns")
    for panel in panels[:2]:
        panel.set_ylim(bottom=0)
        depth_axis(panel, names, named=False)
    panels[2].set_ylim(0, 1.02)
    depth_axis(panels[2], names)
    handles = [Line2D([], [], color=BLUE, label=f"{final_state(final)};\nbar: 95 % interval")]
    if UNTRAINED in set(layers["checkpoint"]):
        handles.append(untrained_handle(BLUE))
    handles += [
        *kind_handles(final["kind"]),
        Line2D([], [], color=BLUE, linewidth=3, label="error, these images"),
        Line2D([], [], color=VERMILION, linewidth=3, label="error, images\nheld out"),
    ]
    figure.legend(handles=handles, loc="outside right upper")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def draw_redundancy(layers: pd.DataFrame, title: str) -> Figure:
    """Draw how much the images at the ends of different directions overlap, along depth.

    Parameters
    ----------
    layers : rows per layer and checkpoint, as the rule ``directions`` writes them.
    title : what stands above.
    """
    final = layers[layers["checkpoint"] == FINAL].sort_values("depth")
    names = final["layer"].tolist()
    figure = new_figure(depth_width(len(names)) + 1.6, 4.2 + names_height(names))
    panels = figure.subplots(2, 1, sharex=True, sharey=True)
    for checkpoint in _shown(layers)[::-1]:
        table = layers[layers["checkpoint"] == checkpoint].sort_values("depth")
        for panel, end in zip(panels, ("", "bottom_"), strict=True):
            for name, (color, _) in COMPARED.items():
                column = f"redundancy_{end}{name}"
                along_depth(panel, table, column, color, solid=checkpoint == FINAL)
                mark_undefined(panel, range(len(table)), table[column], color)
    top, rank = final["top"].iloc[0], final["components"].iloc[0]
    for panel, end in zip(panels, ("top", "bottom"), strict=True):
        panel.plot(range(len(names)), final["redundancy_chance"], color=ORANGE, linewidth=1.4, linestyle=":")
        panel.set_ylim(-0.03, 1.03)
        panel.set_ylabel(f"redundancy\n(overlap of {end} {top})")
        panel.set_title(f"The {top} {end} images of {rank} directions of a kind")
    depth_axis(panels[0], names, named=False)
    depth_axis(panels[1], names)
    figure.legend(handles=_compared_handles(layers, final, interval=True), loc="outside right upper")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def _compared_handles(layers: pd.DataFrame, final: pd.DataFrame, *, interval: bool) -> list[Line2D]:
    bar = ";\nbar: 95 % interval" if interval else ""
    handles = [Line2D([], [], color=INK, label=f"{final_state(final)}{bar}")]
    if UNTRAINED in set(layers["checkpoint"]):
        handles.append(untrained_handle(INK))
    handles += kind_handles(final["kind"])
    handles += [Line2D([], [], color=color, linewidth=3, label=label) for color, label in COMPARED.values()]
    handles.append(
        Line2D([], [], color=ORANGE, linewidth=1.4, linestyle=":", label="chance: images\ndrawn at random")
    )
    return handles


def draw_purity(layers: pd.DataFrame, directions: pd.DataFrame, title: str) -> Figure:
    """Draw of how many classes the images at the ends of directions are, against σ and along depth.

    Parameters
    ----------
    layers, directions : rows per layer, and per direction, and checkpoint, as the rule ``directions`` writes
        them.
    title : what stands above.
    """
    final = layers[layers["checkpoint"] == FINAL].sort_values("depth")
    names = final["layer"].tolist()
    figure = new_figure(depth_width(len(names)) + 1.6, 6.6 + names_height(names))
    scatter, above, below = figure.subplots(3, 1, height_ratios=(1.25, 1, 1))
    vectors = directions[(directions["checkpoint"] == FINAL) & (directions["family"] == "svd")]
    for place, name in enumerate(names):
        table = vectors[vectors["layer"] == name]
        # shares of the variance of these directions: σ² itself depends on the number of neurons
        share = table["score_variance"] / table["score_variance"].sum()
        color = _depth_color(place, len(names))
        scatter.plot(share, table["class_entropy"], "o", color=color, markersize=3, alpha=0.6)
    if len(vectors):
        scatter.set_xscale("log")
        scatter.xaxis.set_major_formatter(PercentFormatter(1, decimals=1))
    scatter.set_xlabel("share of the stored components' variance (log scale; more: larger σ)")
    scatter.set_ylabel("class entropy of the\nimages at the ends (bits)")
    scatter.set_title("Each component of each layer, dark to light: from the input on")
    for checkpoint in _shown(layers)[::-1]:
        table = layers[layers["checkpoint"] == checkpoint].sort_values("depth")
        for name, (color, _) in COMPARED.items():
            column = f"class_entropy_{name}"
            along_depth(above, table, column, color, solid=checkpoint == FINAL)
        along_depth(below, table, "rho_purity", BLUE, solid=checkpoint == FINAL)
        mark_undefined(below, range(len(table)), table["rho_purity"], BLUE)
    above.plot(range(len(names)), final["class_entropy_chance"], color=ORANGE, linewidth=1.4, linestyle=":")
    above.set_ylim(bottom=0)
    above.set_ylabel("mean class entropy\n(bits; 0: one class)")
    above.set_title(f"The first {final['components'].iloc[0]} directions of each kind")
    below.axhline(0, color=GRAY, linewidth=0.8)
    below.set_ylim(-1.03, 1.03)
    below.set_ylabel("Spearman's ρ of σ\nand class entropy")
    below.set_title("Below 0: components of larger σ have purer ends")
    depth_axis(above, names, named=False)
    depth_axis(below, names)
    figure.legend(handles=_compared_handles(layers, final, interval=True), loc="outside right upper")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def draw_variance(
    variances: Mapping[str, Mapping[str, NDArray[np.floating]]], directions: pd.DataFrame, title: str
) -> Figure:
    """Draw how the variance over images spreads over the neurons of each layer.

    Parameters
    ----------
    variances : by layer in order of depth, and by checkpoint; NaN for constant neurons.
    directions : rows per direction and checkpoint, as the rule ``directions`` writes them.
    title : what stands above.
    """
    names = list(variances)
    figure = new_figure(WIDTH + 0.6, 1.0 + 0.34 * len(names))
    axes = figure.subplots()
    bins = np.geomspace(LEAST_VARIANCE, MOST_VARIANCE, 106)
    colors = {FINAL: BLUE, UNTRAINED: GRAY}
    final = directions[directions["checkpoint"] == FINAL] if len(directions) else directions
    for place, (name, states) in enumerate(variances.items()):
        base = len(names) - 1 - place
        for checkpoint in (UNTRAINED, FINAL):
            known = states.get(checkpoint, np.empty(0))
            known = known[~np.isnan(known)]
            if not len(known):
                continue
            heights = np.histogram(known.clip(LEAST_VARIANCE, MOST_VARIANCE), bins)[0]
            axes.stairs(
                base + 0.85 * heights / heights.max(),
                bins,
                baseline=base,
                fill=True,
                color=colors[checkpoint],
                alpha=0.45,
            )
        shown = states.get(FINAL)
        if shown is not None and not np.isnan(shown).all():
            here = final[final["layer"] == name]
            for family, color in (("variance", VERMILION), ("neuron", ORANGE)):
                marked = here[here["family"] == family]["score_variance"].head(5)
                axes.plot(marked, np.full(len(marked), base + 0.06), "|", color=color, markersize=5)
        else:
            axes.text(LEAST_VARIANCE * 1.1, base + 0.1, "no neuron varies", fontsize=6.5, color=GRAY)
    axes.set_xscale("log")
    axes.set_xlim(LEAST_VARIANCE, MOST_VARIANCE)
    axes.set_xlabel("variance of the normalised activation over images (log scale)")
    axes.set_yticks(range(len(names)), names[::-1], fontsize=7)
    axes.set_ylim(-0.15, len(names))
    axes.set_ylabel("layer")
    axes.grid(visible=False)
    untrained = any(UNTRAINED in states for states in variances.values())
    handles: list[Patch | Line2D] = [Patch(color=BLUE, alpha=0.45, label="neurons")]
    if untrained:
        handles.append(Patch(color=GRAY, alpha=0.45, label="untrained"))
    handles += [
        Line2D([], [], color=VERMILION, marker="|", linestyle="", label="of highest\nvariance"),
        Line2D([], [], color=ORANGE, marker="|", linestyle="", label="chosen at\nrandom"),
    ]
    figure.legend(handles=handles, loc="outside right upper")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def views(inputs: Inputs) -> Views:
    """Return the function of each view of a run: spectra, numbers along depth, variances, extreme images."""
    layers, spectra, directions = (
        inputs.table(f"directions.{name}") for name in ("layer", "spectrum", "directions")
    )

    def variance() -> Figure:
        variances: dict[str, dict[str, NDArray[np.floating]]] = {
            name: {} for name in layers.sort_values("depth")["layer"].unique()
        }
        for checkpoint in _shown(layers):
            for group in inputs.groups("directions", checkpoint):
                if "variance" in group:  # not where all patterns are constant
                    variances[group.attrs["layer"]][checkpoint] = group["variance"][:].ravel()
        return draw_variance(variances, directions, f"Variance of neurons: {inputs.where}")

    def extremes(view: str, words: str) -> Figure:
        shown = _extremes(inputs, layers, spectra, directions, view)
        strips = [strip for of_layer in shown.values() for row in of_layer.values() for strip in row]
        images = inputs.images([index for strip in strips for index in (*strip.top, *strip.bottom)])
        return draw_strips(shown, images, f"Images at the ends of {words}: {inputs.where}")

    rank = inputs.settings["components"]
    return {
        "spectrum": lambda: draw_spectrum(spectra, layers, f"Singular values: {inputs.where}"),
        "depth": lambda: draw_depth(layers, rank, f"Dimension along depth: {inputs.where}"),
        "redundancy": lambda: draw_redundancy(layers, f"Redundancy of directions: {inputs.where}"),
        "purity": lambda: draw_purity(layers, directions, f"Purity of directions: {inputs.where}"),
        "variance": variance,
        "components": partial(extremes, "components", "singular vectors"),
        "neurons": partial(extremes, "neurons", "single neurons"),
        "projections": partial(extremes, "projections", "random directions"),
    }


def _extremes(
    inputs: Inputs, layers: pd.DataFrame, spectra: pd.DataFrame, directions: pd.DataFrame, view: str
) -> dict[str, dict[str, list[Strip]]]:
    """Return directions of the final network with the images at their ends, by layer and heading.

    Parameters
    ----------
    layers, spectra, directions : tables of the measure ``directions``.
    view : ``components``, ``neurons`` or ``projections``.
    """
    sides, shapes = {}, {}
    for group in inputs.groups("directions", FINAL):
        if "variance" in group:  # not where all patterns are constant
            sides[group.attrs["layer"]] = group["top_image"][:], group["bottom_image"][:]
            shapes[group.attrs["layer"]] = group.attrs["shape"]
    of_final = spectra[spectra["checkpoint"] == FINAL].set_index(["layer", "component"]).sort_index()
    of_final = of_final[["singular_value", "explained_variance"]]

    def of_component(row: "pd.Series[Any]") -> str:
        sigma, share = of_final.loc[(row["layer"], row["number"] + 1)]
        return f"{row['number'] + 1}: σ {rounded(sigma)} ({share:.1%})"

    def of_neuron(row: "pd.Series[Any]") -> str:
        units, _, width = shapes[row["layer"]]
        y, x = divmod(int(row["neuron"]) // units, width)
        place = f" at {y}, {x}" if width > 1 else ""
        return f"unit {row['unit']:.0f}{place}: {rounded(row['score_variance'])}"

    def of_projection(row: "pd.Series[Any]") -> str:
        return f"variance {rounded(row['score_variance'])}"

    def strips(
        layer: str, family: str, n: int, label: Callable[["pd.Series[Any]"], str], chosen: str = ""
    ) -> list[Strip]:
        """Return the first directions of a family, or of the chosen ones in it."""
        if layer not in sides:
            return []
        # rows of a layer are in the order of the store's arrays
        table = directions.query("layer == @layer and checkpoint == @FINAL").reset_index(drop=True)
        rows = table[(table["family"] == family) & (table[chosen] if chosen else True)].head(n)
        ends = [side[rows.index, : inputs.settings["images_shown"]].tolist() for side in sides[layer]]
        return [Strip(label(row), *both) for (_, row), *both in zip(rows.iterrows(), *ends, strict=True)]

    in_order = layers.drop_duplicates("layer").sort_values("depth")
    if view == "components":
        rank, heading = inputs.settings["components"], "singular vectors, the largest first"
        return {name: {heading: strips(name, "svd", rank, of_component)} for name in in_order["layer"]}
    n = inputs.settings["neurons"]
    on_chain = in_order.loc[in_order["branch_of"] == "", "layer"]
    if view == "neurons":
        return {
            name: {
                "neurons of highest variance (and how high)": strips(name, "variance", n, of_neuron),
                "neurons chosen at random (with their variance)": strips(name, "neuron", n, of_neuron),
            }
            for name in on_chain
        }
    of_high = "random directions of high variance"
    return {
        name: {
            "random directions": strips(name, "projection", n, of_projection),
            of_high: strips(name, "projection", n, of_projection, "above_quantile"),
        }
        for name in on_chain
    }
