"""Directions in a layer's space of neurons: spectra, numbers along depth, and the variance of neurons."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from census.figures.declaration import Family, Images, View, sheets_of
from census.figures.style import (
    BLUE,
    COLORS,
    DASHED,
    FINAL,
    GRAY,
    GREEN,
    ORANGE,
    RIDGE,
    UNTRAINED,
    VERMILION,
    at,
    final_state,
    layers_of,
    shortened,
    states,
    strips_height,
)
from census.measures.declaration import Matrices, Tables

if TYPE_CHECKING:
    import pandas as pd

    from census.drawing.inputs import Stores
    from census.drawing.page import Page
    from census.drawing.tiles import Strip
    from census.networks.layers import Layer
    from census.planning.runs import Run

# what is compared, by the name in columns: color and name in legends
COMPARED = {
    "svd": (BLUE, "singular vectors"),
    "variance": (VERMILION, "neurons of highest\nvariance"),
    "random": (GREEN, "random directions"),
}
MOST_NAMED = 14  # layers that a legend names
LEAST_VARIANCE, MOST_VARIANCE = 1e-5, 1e2  # that a histogram shows
LEAST_CONSTANT = 0.005  # share of constant neurons above which it is written


def draw_spectrum(page: "Page", spectra: "pd.DataFrame", layers: "pd.DataFrame") -> None:
    """Draw eigenvalue and reconstruction error of each layer against the number of components."""
    names, shown = layers_of(layers), list(states(layers))[::-1]
    page.know(names)
    panels = page.panels(0.6 + 2.6 * len(shown), len(shown), 2, sharex="col", sharey="col")
    if len(names) <= MOST_NAMED:
        for place, name in enumerate(names):
            page.line(shortened(page.name(name), 24), page.depth_color(place, len(names)))
    for (left, right), (checkpoint, rows) in zip(panels, shown, strict=True):
        state = final_state(layers) if checkpoint == FINAL else "untrained"
        left.set_title(f"Eigenvalues, {state}")
        right.set_title(f"Error, {state}")
        here, above = at(spectra, checkpoint), rows.set_index("layer")["n_significant_components"]
        for place, name in enumerate(names):
            table = here[here["layer"] == name].sort_values("component")
            color, k = page.depth_color(place, len(names)), table["component"].to_numpy()
            left.plot(k, table["eigenvalue"], color=color, linewidth=0.9)
            right.plot(k, table["reconstruction_error"], color=color, linewidth=0.9)
            right.plot(k, table["held_out_error"], color=color, linewidth=0.9, linestyle=DASHED)
            n_above = above.get(name, np.nan)
            if n_above >= 1:
                last = table[table["component"] == n_above]["eigenvalue"]
                left.plot([n_above], last, "o", color=color, markersize=3.5)
        left.axhline(1, color=GRAY, linewidth=0.8)
        left.set(xscale="log", yscale="log", ylabel="eigenvalue σ² / neurons\n(mean over images: 1)")
        right.set(xscale="log", ylim=(-0.02, 1.02), ylabel="error / norm of vectors")
    strongest = spectra["eigenvalue"].max() if len(spectra) else 1
    panels[0, 0].set_ylim(1e-3, 2 * strongest)
    for panel in panels[-1]:
        panel.set_xlabel("components")
    page.legend(below=True)
    page.line("last significant\ncomponent", marker="o", markersize=3.5, linestyle="")
    page.line("these images", linewidth=0.9)
    page.line("held-out images", linewidth=0.9, linestyle=DASHED)
    if len(names) > MOST_NAMED:
        bar = page.scale(panels, "", "depth", 0, 1 / 0.92, fraction=0.03, aspect=40)
        bar.ax.set_ylim(0, 1)
        bar.set_ticks(
            [0, 1], labels=[shortened(page.name(each), 18) for each in (names[0], names[-1])], fontsize=7
        )
        bar.set_label("layer, in order of depth", labelpad=-14)


def draw_depth(page: "Page", layers: "pd.DataFrame", components: int) -> None:
    """Draw over how many components a layer spreads, and how well few of them rebuild it, along depth."""
    panels = page.along_depth(layers_of(layers), 5.4, 3)
    for panel, column, color in (
        (panels[0], "participation_ratio_matched", BLUE),
        (panels[1], "n_significant_components", BLUE),
        (panels[2], f"reconstruction_error_{components}", BLUE),
        (panels[2], f"held_out_error_{components}", VERMILION),
    ):
        page.curves(panel, layers, column, color, crosses=True)
    panels[0].set_title("Over how many components vectors spread")
    panels[0].set_ylabel(f"participation ratio\nfor {at(layers, FINAL)['matched_images'].iloc[0]} images")
    panels[1].set_title("How many components neurons share")
    panels[1].set_ylabel("significant\ncomponents")
    panels[2].set_title(f"What {components} components leave out")
    panels[2].set_ylabel("error /\nnorm of vectors")
    for panel in panels[:2]:
        panel.set_ylim(bottom=0)
    panels[2].set_ylim(0, 1.02)
    page.explain(layers, BLUE)
    page.line("error, these images", BLUE, linewidth=3)
    page.line("error, held-out\nimages", VERMILION, linewidth=3)


def draw_redundancy(page: "Page", layers: "pd.DataFrame") -> None:
    """Draw how much the images at the ends of different directions overlap, along depth."""
    final = at(layers, FINAL)
    panels = page.along_depth(layers_of(layers), 4.2, 2, sharey=True)
    top, rank = final["top"].iloc[0], final["components"].iloc[0]
    for panel, prefix, end in zip(panels, ("", "bottom_"), ("top", "bottom"), strict=True):
        for name, (color, _) in COMPARED.items():
            page.curves(panel, layers, f"redundancy_{prefix}{name}", color, crosses=True)
        panel.plot(page.place(final), final["redundancy_chance"], color=ORANGE, linestyle=":")
        panel.set_ylim(-0.03, 1.03)
        panel.set_ylabel(f"redundancy\n(overlap of {end} {top})")
        panel.set_title(f"The {top} {end} images of {rank} directions of a kind")
    _explain_compared(page, layers)


def _explain_compared(page: "Page", layers: "pd.DataFrame") -> None:
    page.explain(layers)
    for color, label in COMPARED.values():
        page.line(label, color, linewidth=3)
    page.line("chance: images\ndrawn at random", ORANGE, linestyle=":")


def draw_class_entropy(page: "Page", layers: "pd.DataFrame", directions: "pd.DataFrame") -> None:
    """Draw of how many classes the images at the ends of directions are, against σ and along depth."""
    final, names = at(layers, FINAL), layers_of(layers)
    height = 6.6 + page.names_height(names)
    scatter, above, below = page.panels(height, 3, height_ratios=(1.25, 1, 1))[:, 0]
    page.depth_axes([above, below], names)
    vectors = directions[(directions["checkpoint"] == FINAL) & (directions["family"] == "svd")]
    # shares of the variance of these directions: σ² itself depends on the number of neurons
    variance = vectors["score_variance"]
    shares = variance / variance.groupby(vectors["layer"]).transform("sum")
    for place, name in enumerate(names):
        here = vectors["layer"] == name
        color = page.depth_color(place, len(names))
        scatter.plot(
            shares[here], vectors.loc[here, "class_entropy"], "o", color=color, markersize=3, alpha=0.6
        )
    # layers with equally many images of each class have equal levels
    for chance in final["class_entropy_chance"].dropna().unique():
        scatter.axhline(chance, color=ORANGE, linestyle=":")
    if ((shares > 0) & vectors["class_entropy"].notna()).any():
        scatter.set_xscale("log")
        page.percent(scatter.xaxis, 1)
    scatter.set_xlabel("share of the stored components' variance (log scale; more: larger σ)")
    scatter.set_ylabel("class entropy of\nextreme images (bits)")
    scatter.set_title("Each component of each layer")
    bar = page.scale([scatter], "layer, in order\nof depth", "depth", 0, 1 / 0.92, fraction=0.03, aspect=20)
    bar.ax.set_ylim(0, 1)
    bar.set_ticks([0, 1], labels=["first", "last"], fontsize=7)
    for name, (color, _) in COMPARED.items():
        page.curves(above, layers, f"class_entropy_{name}", color)
    page.curves(below, layers, "rho_entropy_sigma", BLUE, crosses=True)
    above.plot(page.place(final), final["class_entropy_chance"], color=ORANGE, linestyle=":")
    above.set_ylim(bottom=0)
    above.set_ylabel("mean class entropy\n(bits; 0: one class)")
    above.set_title(f"The first {final['components'].iloc[0]} directions of each kind")
    below.axhline(0, color=GRAY, linewidth=0.8)
    below.set_ylim(-1.03, 1.03)
    below.set_ylabel("Spearman's ρ of σ\nand class entropy")
    below.set_title("Below 0: extreme images of larger σ have fewer classes")
    _explain_compared(page, layers)


def draw_variance(page: "Page", layers: "pd.DataFrame", directions: "pd.DataFrame", stores: "Stores") -> None:
    """Draw how the variance over images spreads over the neurons of each layer, trained beside untrained."""
    variances: dict[str, dict[str, NDArray[np.floating]]] = {name: {} for name in layers_of(layers)}
    for checkpoint, _ in states(layers):
        for group in stores.groups(checkpoint):
            if "variance" in group:  # not where all vectors are constant
                variances[group.attrs["layer"]][checkpoint] = group["variance"][:].ravel()
    draw_variances(page, variances, directions, final_state(layers))


def draw_variances(
    page: "Page",
    variances: Mapping[str, Mapping[str, NDArray[np.floating]]],
    directions: "pd.DataFrame",
    state: str = "trained",
) -> None:
    """Draw histograms of the variance of neurons, a row per layer, and the variance of chosen ones.

    Parameters
    ----------
    variances : by layer in order of depth, and by checkpoint; NaN for constant neurons.
    directions : rows per direction and checkpoint.
    state : name of the final state, see :func:`census.figures.style.final_state`.
    """
    page.know(list(variances))
    variances = {name: variances[name] for name in page.share(list(variances))}
    (axes,) = page.ridges(list(variances))
    bins = np.geomspace(LEAST_VARIANCE, MOST_VARIANCE, 106)
    final = directions[directions["checkpoint"] == FINAL] if len(directions) else directions
    for name, by_state in variances.items():
        for checkpoint in (UNTRAINED, FINAL):
            values = by_state.get(checkpoint, np.empty(0))
            known = values[~np.isnan(values)]
            constant = 1 - len(known) / max(1, len(values))
            if len(known) and constant > LEAST_CONSTANT:
                style: dict[str, Any] = {"va": "center", "fontsize": 6.5, "color": COLORS[checkpoint]}
                height = page.places[name] + (0.62 if checkpoint == FINAL else 0.22)
                words = f"{constant:.0%} constant" if constant >= 0.01 else f"{constant:.1%} constant"
                axes.text(1.01, height, words, transform=axes.get_yaxis_transform(), **style)
            if len(known):
                page.ridge(axes, name, known, bins, COLORS[checkpoint])
        base = page.places[name]
        if np.isnan(by_state.get(FINAL, np.nan)).all():
            axes.text(LEAST_VARIANCE * 1.1, base + 0.1, "no neuron varies", fontsize=6.5, color=GRAY)
            continue
        here = final[final["layer"] == name]
        for kind, color in (("variance", VERMILION), ("neuron", ORANGE)):
            marked = here[here["family"] == kind]["score_variance"].head(5)
            axes.plot(marked, np.full(len(marked), base + 0.06), "|", color=color, markersize=5)
    axes.set_xscale("log")
    axes.set_xlim(LEAST_VARIANCE, MOST_VARIANCE)
    axes.set_xlabel("variance of the normalized activation over images (log scale)")
    page.area(f"neurons, {state}", BLUE, alpha=0.45)
    if any(UNTRAINED in by_state for by_state in variances.values()):
        page.area("neurons, untrained", GRAY, alpha=0.45)
    page.line("of highest\nvariance", VERMILION, marker="|", linestyle="")
    page.line("chosen at\nrandom", ORANGE, marker="|", linestyle="")


def draw_components(
    page: "Page",
    layers: "pd.DataFrame",
    spectra: "pd.DataFrame",
    directions: "pd.DataFrame",
    stores: "Stores",
    images: "Callable[..., Mapping]",
    components: int,
    images_shown: int,
) -> None:
    """Draw the extreme images of the first singular vectors of each layer."""
    of_final = at(spectra, FINAL).set_index(["layer", "component"]).sort_index()
    of_final = of_final[["singular_value", "explained_variance"]]

    def label(row: "pd.Series[Any]") -> str:
        sigma, share = of_final.loc[(row["layer"], row["number"] + 1)]
        return f"{row['number'] + 1}: σ {rounded(sigma)} ({share:.1%})"

    ends = _Ends(directions, stores, images_shown)
    heading = "singular vectors, the largest first"
    _draw_ends(
        page,
        {name: {heading: ends.strips(name, "svd", components, label)} for name in _share_of(page, layers)},
        images,
    )


def draw_neurons(
    page: "Page",
    layers: "pd.DataFrame",
    directions: "pd.DataFrame",
    stores: "Stores",
    images: "Callable[..., Mapping]",
    neurons: int,
    images_shown: int,
) -> None:
    """Draw the extreme images of single neurons of each layer that lies in no branch."""
    ends = _Ends(directions, stores, images_shown)

    def label(row: "pd.Series[Any]") -> str:
        units, _, width = ends.shapes[row["layer"]]
        y, x = divmod(int(row["neuron"]) // units, width)
        place = f" ({y}, {x})" if width > 1 else ""
        return f"unit {row['unit']:.0f}{place}: {rounded(row['score_variance'])}"

    of_highest, at_random = (
        "neurons of highest variance (and how high)",
        "neurons chosen at random (with their variance)",
    )
    shown = {
        name: {
            of_highest: ends.strips(name, "variance", neurons, label),
            at_random: ends.strips(name, "neuron", neurons, label),
        }
        for name in _share_of(page, layers[layers["branch_of"] == ""])
    }
    _draw_ends(page, shown, images)


def draw_projections(
    page: "Page",
    layers: "pd.DataFrame",
    directions: "pd.DataFrame",
    stores: "Stores",
    images: "Callable[..., Mapping]",
    neurons: int,
    images_shown: int,
) -> None:
    """Draw the extreme images of random directions of each layer that lies in no branch."""
    ends = _Ends(directions, stores, images_shown)

    def label(row: "pd.Series[Any]") -> str:
        return f"variance {rounded(row['score_variance'])}"

    shown = {
        name: {
            "random directions": ends.strips(name, "projection", neurons, label),
            "further ones of high variance": ends.strips(
                name, "projection", neurons, label, "above_quantile", after=neurons
            ),
        }
        for name in _share_of(page, layers[layers["branch_of"] == ""])
    }
    _draw_ends(page, shown, images)


class _Ends:
    """The extreme images of the final network's directions."""

    def __init__(self, directions: "pd.DataFrame", stores: "Stores", images_shown: int) -> None:
        self.shapes: dict[str, Sequence[int]] = {}
        self._sides = {}
        for group in stores.groups(FINAL):
            if "variance" in group:  # not where all vectors are constant
                name = group.attrs["layer"]
                self.shapes[name] = group.attrs["shape"]
                self._sides[name] = [group[f"{end}_image"][:, :images_shown] for end in ("top", "bottom")]
        self._directions = directions

    def strips(
        self,
        layer: str,
        family: str,
        n: int,
        label: "Callable[[pd.Series[Any]], str]",
        chosen: str = "",
        *,
        after: int = 0,
    ) -> "list[Strip]":
        """Return the first directions of a family, none for constant layers.

        Parameters
        ----------
        n : number of directions.
        chosen : column that is true for the directions to choose from.
        after : number of the family's first directions that are left out.
        """
        if layer not in self._sides:
            return []
        # rows of a layer are in the order of the store's arrays
        table = self._directions.query("layer == @layer and checkpoint == @FINAL").reset_index(drop=True)
        of_family = (table["family"] == family) & (table["number"] >= after)
        rows = table[of_family & (table[chosen] if chosen else True)].head(n)
        top, bottom = (side[rows.index].tolist() for side in self._sides[layer])
        return [(label(row), *ends) for (_, row), *ends in zip(rows.iterrows(), top, bottom, strict=True)]


def _share_of(page: "Page", layers: "pd.DataFrame") -> list[str]:
    """Return the layers that a sheet shows, with names that are shortened alike on all sheets."""
    names = layers_of(layers)
    page.know(names)
    return page.share(names)


def _draw_ends(
    page: "Page", shown: "Mapping[str, Mapping[str, Sequence[Strip]]]", images: "Callable[..., Mapping]"
) -> None:
    """Draw strips with the images that they name."""
    strips = [strip for of_layer in shown.values() for row in of_layer.values() for strip in row]
    page.strips(shown, images([index for _, *ends in strips for end in ends for index in end]))


def rounded(value: float) -> str:
    """Return a number with two digits or more, or with one digit and a power of ten below 0.01.

    Examples
    --------
    >>> [rounded(value) for value in (1234, 1.26, 0.00083)]
    ['1,234', '1.3', '8e−4']
    """
    if 0 < value < 0.01:
        digit, power = f"{value:.0e}".split("e")
        return f"{digit}e−{abs(int(power))}"
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _on_trunk(run: "Run") -> "list[Layer]":
    return [layer for layer in run.recorded if not layer.branch_of]


def _sheets_of_components(run: "Run", width: str) -> int:
    settings = run.config.measures.directions
    height = strips_height(settings.components, settings.images_shown)
    return sheets_of(lambda run: run.layers, height)(run, width)


def _sheets_of_neurons(run: "Run", width: str) -> int:
    settings = run.config.measures.directions
    height = 2 * strips_height(settings.neurons, settings.images_shown)
    return sheets_of(_on_trunk, height)(run, width)


ENDS = """
The upper row of each direction has the images of {dataset} with the highest scores, the lower row those with
the lowest scores, the most extreme ones at the left.
"""

family = Family(
    name="directions",
    section="directions",
    reads={
        "layers": Tables("directions.layer"),
        "spectra": Tables("directions.spectrum"),
        "directions": Tables("directions.directions"),
        "stores": Matrices("directions"),
        "images": Images(),
    },
    parameters=("components", "neurons", "images_shown"),
    memory=2000,
    minutes=20,
    views=[
        View(
            "spectrum",
            draw_spectrum,
            "Singular values",
            caption="""
            Singular value decomposition of the activation vectors of {network} on images of {dataset}, each
            vector with mean 0 and variance 1. Left: eigenvalues, σ² over the number of neurons; a dot is the
            last significant component (parallel analysis). Right: relative error of reconstruction from the
            first components, for these images (solid) and for held-out images (dashed). Colors show depth,
            from dark (input) to light (logits). The steeper a curve falls, the fewer directions a layer uses.
            """,
            corresponds="Figure 5",
        ),
        View(
            "depth",
            draw_depth,
            "Dimension along depth",
            caption="""
            Dimension of the layers of {network} on images of {dataset}, in order of depth: participation
            ratio of the singular values, for the same number of images in all layers; number of significant
            components, whose eigenvalues are larger than if neurons were independent (parallel analysis); and
            relative error of reconstruction from few components, for these images and for held-out images.
            Bars of the participation ratio are 95 % bootstrap intervals over images; the other quantities
            have none. The shape of a mark shows the kind of layer; dashed lines and hollow marks are the
            untrained network; crosses are undefined.
            """,
            corresponds="the reconstruction errors in the text",
        ),
        View(
            "redundancy",
            draw_redundancy,
            "Redundancy of directions",
            caption="""
            Redundancy of directions in the layers of {network}: the overlap between the sets of images of
            {dataset} with the highest (above) and the lowest scores (below), mean over pairs of directions of
            a kind. Dotted is the overlap of images drawn at random. Bars are 95 % bootstrap intervals over
            images; the shape of a mark shows the kind of layer; dashed lines and hollow marks are the
            untrained network. Directions with low overlap respond to different images.
            """,
            corresponds="the comparison of redundancy in the text",
        ),
        View(
            "class_entropy",
            draw_class_entropy,
            "Class entropy of directions",
            caption="""
            Class entropy of the images of {dataset} with the highest and the lowest scores on directions of
            {network}. Above: each singular vector of each layer, against its share of the variance. Middle:
            mean over directions of a kind, in order of depth. Dotted lines are the entropy of images drawn at
            random. Below: Spearman's ρ of singular value and class entropy; below 0, components of larger
            singular values have images of fewer classes. Bars of ρ are 95 % bootstrap intervals over
            components; dashed lines and hollow marks are the untrained network.
            """,
            corresponds="the relation of interpretability and singular value in the text",
        ),
        View(
            "variance",
            draw_variance,
            "Variance of neurons",
            sheets=sheets_of(lambda run: run.layers, inches=RIDGE),
            caption="""
            Variance over images of {dataset} of the normalized activation of each neuron of {network}:
            histograms on a log axis, a row per layer; gray is the untrained network. Ticks are the neurons
            whose images are shown in the view neurons: those of highest variance (vermilion) and some chosen
            at random (orange). Constant neurons have no variance and are left out; their share is at the
            right of rows in which it is above 0.5 %.
            """,
            corresponds="Figure 1",
        ),
        View(
            "components",
            draw_components,
            "Extreme images of singular vectors",
            sheets=_sheets_of_components,
            is_picture=True,
            caption=f"""
            Extreme images of the first singular vectors of each layer of {{network}}, with singular value and
            share of the variance. {ENDS} Images that have something in common show what the component stands
            for.
            """,
            corresponds="Figures 6 to 13",
        ),
        View(
            "neurons",
            draw_neurons,
            "Extreme images of single neurons",
            sheets=_sheets_of_neurons,
            is_picture=True,
            caption=f"""
            Extreme images of single neurons of each layer of {{network}}: those of highest variance, and some
            chosen at random, with unit, position and variance. {ENDS} Layers in branches are left out.
            """,
            corresponds="Figures 2 and 3",
        ),
        View(
            "projections",
            draw_projections,
            "Extreme images of random directions",
            sheets=_sheets_of_neurons,
            is_picture=True,
            caption=f"""
            Extreme images of random directions in each layer of {{network}}, and of random directions of high
            variance. {ENDS} Layers in branches are left out. If extreme images of random directions have as
            much in common as those of neurons, neurons are no special directions.
            """,
            corresponds="Figure 4",
        ),
    ],
)
