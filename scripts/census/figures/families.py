"""Which basis? Families of directions along depth, and the patches to which their directions respond."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from census.figures.declaration import Family, Images, View
from census.figures.facets import GAP, LEGEND, TILE, crop_of, explain_borders, put_tile
from census.figures.style import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    VERMILION,
    layers_of,
    wrapped,
)
from census.measures.columns import ENDINGS
from census.measures.declaration import Matrices, Tables

if TYPE_CHECKING:
    import pandas as pd
    import zarr
    from matplotlib.axes import Axes

    from census.drawing.inputs import Stores
    from census.drawing.page import Page
    from census.measures.patches import Patches

FAMILIES = {
    "units": (BLUE, "units"),
    "random": (GRAY, "random directions"),
    "svd": (ORANGE, "singular vectors"),
    "ica": (GREEN, "independent components"),
    "nmf": (VERMILION, "non-negative factors"),
    "sae": (PURPLE, "sparse autoencoder"),
}
"""The families: color and name in legends."""


class Question(NamedTuple):
    """A panel.

    Attributes
    ----------
    column : of the table of families.
    title, label : above the panel, and beside its axis.
    chance : column of the level that chance gives; empty for none.
    of_family : whether each family has a chance level of its own.
    """

    column: str
    title: str
    label: str
    chance: str = ""
    of_family: bool = False


QUESTIONS = (
    Question("reconstruction", "Reconstruction", "R²"),
    Question("code_gini", "Peakedness of codes", "Gini index"),
    Question("class_entropy", "Classes of top images", "entropy (bits)", "class_entropy_chance"),
    Question("top_similarity", "Similarity of top images", "correlation\nof logits", "top_similarity_chance"),
    Question("selectivity", "Class selectivity of codes", "selectivity"),
    Question("class_gini", "Codes over classes", "Gini index"),
    Question("redundancy", "Redundancy", "overlap of\ntop images", "redundancy_chance"),
    Question("alignment", "Alignment with units", "largest cosine\nwith a unit", "alignment_chance"),
    Question(
        "stability_start",
        "Stability, another start",
        "matched cosine",
        "stability_start_chance",
        of_family=True,
    ),
    Question(
        "stability_half", "Stability, other images", "matched cosine", "stability_half_chance", of_family=True
    ),
    Question("ablation_kl", "Ablation effect", "divergence (nats;\nlog beyond 0.001)"),
    Question("ablation_changed", "Changed predicted classes", "share of images"),
)
EFFECT_KEYS = ["layer", "family"]
EFFECT_COLUMNS = [f"{name}{end}" for name in ("ablation_kl", "ablation_changed") for end in ENDINGS]
# inches: of a panel's height, and below all panels
PANEL, BELOW = 1.25, 0.6
NEGATIVE = 0.4  # height of R² from 0 to 1 − e, about −1.7, over that from 0 to 1
DODGE = 0.11  # between the marks of two families at one layer
# of the figure of patches: layers, directions of a family, patches of a direction
N_LAYERS, N_DIRECTIONS, N_PATCHES = 3, 3, 5
# dots between directions, between families, and between layers; inches beside, above and below the canvas
BETWEEN_DIRECTIONS, BETWEEN_FAMILIES, BETWEEN_LAYERS, LABEL, ABOVE, MARGIN = 28, 10, 40, 1.75, 0.6, 0.1


def draw_depth(page: "Page", families: "pd.DataFrame", effects: "pd.DataFrame") -> None:
    """Draw the answer of each family to each question along depth, with the level of chance."""
    families = families.merge(effects[[*EFFECT_KEYS, *EFFECT_COLUMNS]], "left", EFFECT_KEYS)
    names = layers_of(families)
    shown = [each for each in FAMILIES if each in set(families["family"])]
    columns, rows = 2, -(-len(QUESTIONS) // 2)
    panels = page.panels(rows * PANEL + BELOW + page.names_height(names), rows, columns, sharex=True)
    for column in panels.T:
        page.depth_axes(list(column), names, 1 / columns)
    for axes, question in zip(panels.ravel(), QUESTIONS, strict=True):
        axes.set_title(question.title)
        axes.set_ylabel(question.label, fontsize=8)
        for number, family in enumerate(shown):
            rows_of = families[families["family"] == family].sort_values("depth")
            color, _ = FAMILIES[family]
            x = page.place(rows_of) + DODGE * (number - (len(shown) - 1) / 2)
            y = rows_of[question.column].to_numpy(float)
            axes.plot(x, y, "o-", color=color, linewidth=0.9, markersize=3)
            page.intervals(axes, x, rows_of, question.column, color, linewidth=1.8)
            if question.of_family:
                axes.plot(x, rows_of[question.chance], "_", color=color, markersize=7, markeredgewidth=1.6)
        if question.chance and not question.of_family:
            one = families.drop_duplicates("layer").sort_values("depth")
            axes.plot(page.place(one), one[question.chance], color=INK, linewidth=0.9, linestyle=":")
        if question.column == "reconstruction":
            _compress_below_0(axes)
        elif question.column == "ablation_kl":
            axes.set_yscale("symlog", linthresh=1e-3, linscale=0.6)
            axes.set_ylim(bottom=-2e-4)  # never negative
            axes.minorticks_off()
        if families[question.column].isna().all():
            axes.text(0.5, 0.5, "not measured", ha="center", transform=axes.transAxes, color=GRAY, fontsize=8)
    defined = families.dropna(subset=[question.column for question in QUESTIONS], how="all")
    for family in shown:
        if family in set(defined["family"]):
            page.line(FAMILIES[family][1], FAMILIES[family][0], marker="o", markersize=3)
    if len(defined):
        page.explain_interval()
    by_chance = {each.of_family: each.chance for each in QUESTIONS if each.chance}
    if families[by_chance[False]].notna().any():
        page.line("by chance", INK, linewidth=0.9, linestyle=":")
    if families[by_chance[True]].notna().any():
        page.line("by chance, of the family", marker="_", linestyle="", markersize=7, markeredgewidth=1.6)
    refused = families[families["reason"] != ""]
    for family, of_family in refused.groupby("family", sort=False):
        page.words(f"no {FAMILIES[str(family)][1]}\nin {of_family['layer'].nunique()} of {len(names)} layers")


def _compress_below_0(axes: "Axes") -> None:
    """Give values below 0 logarithmic heights if some are below −1, so that others remain apart."""
    low, high = axes.get_ylim()
    if low >= -1:  # the rest is wide enough
        return
    low *= 1.3
    axes.set_yscale("function", functions=(_compressed, _decompressed))
    axes.axhline(0, color=GRAY, linewidth=0.8)
    ticks = [tick for tick in (1, 0.5, 0, -1, -5, -20, -100, -1000) if low <= tick]
    axes.set_yticks(ticks, [f"{tick:g}".replace("-", "−") for tick in ticks])
    axes.set_ylim(low, max(high, 1.03))
    axes.set_ylabel(f"{axes.get_ylabel()} (log\nbelow 0)")


def _compressed(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return heights of values, linear above 0 and logarithmic below."""
    return np.where(values < 0, -NEGATIVE * np.log1p(np.maximum(0, -values)), values)


def _decompressed(heights: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return values of heights, see :func:`_compressed`."""
    return np.where(heights < 0, -np.expm1(np.maximum(0, -heights) / NEGATIVE), heights)


def draw_patches(
    page: "Page",
    stores: "Stores",
    directions: "pd.DataFrame",
    images: "Callable[..., Mapping[int, NDArray[np.uint8]]]",
) -> None:
    """Draw, for some layers, the patches to which the first directions of each family respond most."""
    layers = list(_layers_with_patches(stores, directions))
    page.know([group.attrs["layer"] for group, _ in layers])
    if not layers:
        page.nothing("no layer has directions")
        return
    chosen = [
        layers[place] for place in sorted({*np.linspace(0, len(layers) - 1, N_LAYERS).round().astype(int)})
    ]
    shown = [each for each in FAMILIES if any(each in rows for _, rows in chosen)]
    step = TILE + GAP
    width = N_DIRECTIONS * (N_PATCHES * step - GAP + BETWEEN_DIRECTIONS) - BETWEEN_DIRECTIONS + 2
    of_layer = len(shown) * (step - GAP + BETWEEN_FAMILIES) - BETWEEN_FAMILIES + BETWEEN_LAYERS
    height = len(chosen) * of_layer - BETWEEN_LAYERS + 2
    axes, canvas, dots = page.canvas(width, height, LABEL, ABOVE, MARGIN, LEGEND)
    borders: list[list[tuple[float, float]]] = []
    any_cropped = False
    for number, (group, rows) in enumerate(chosen):
        top = 1 + number * of_layer
        middle = top + (of_layer - BETWEEN_LAYERS) / 2
        label: dict[str, Any] = {"va": "center", "fontsize": 7}
        axes.text(
            (0.06 - LABEL) * dots,
            middle,
            wrapped(page.name(group.attrs["layer"]), 15),
            fontweight="bold",
            **label,
        )
        for place, family in enumerate(shown):
            line = top + place * (step - GAP + BETWEEN_FAMILIES)
            color, name = FAMILIES[family]
            words = name.replace(" ", "\n", 1)
            axes.text(
                -0.06 * dots, line + TILE / 2, words, ha="right", color=color, **{**label, "fontsize": 6.5}
            )
            if family not in rows:
                axes.text(1, line + TILE / 2, "none: the family was refused", color=GRAY, **label)
                continue
            for column, direction in enumerate(rows[family][:N_DIRECTIONS]):
                left = 1 + column * (N_PATCHES * step - GAP + BETWEEN_DIRECTIONS)
                patches = _patches(group, direction, images)
                crop = crop_of(patches.inside) if patches else None
                any_cropped |= bool(crop)
                for rank, (pixels, inside) in enumerate(zip(*patches, strict=True) if patches else ()):
                    if crop:
                        pixels, inside = pixels[crop], inside[crop]
                    borders += put_tile(canvas, pixels, inside, (left + rank * step, line))
                if not patches:
                    axes.text(left, line + TILE / 2, "never active", color=GRAY, **label)
    axes.imshow(canvas)
    explain_borders(page, axes, borders, cropped=any_cropped)
    for column in range(N_DIRECTIONS):
        left = 1 + column * (N_PATCHES * step - GAP + BETWEEN_DIRECTIONS)
        axes.text(left, -10, f"direction {column + 1}", va="bottom", fontsize=7.5)


def _layers_with_patches(
    stores: "Stores", directions: "pd.DataFrame"
) -> "Iterator[tuple[zarr.Group, dict[str, list[int]]]]":
    """Yield the arrays of each layer that has directions, and the rows of these by family."""
    for group in stores.groups("final"):
        if "top_image" in group:
            here = directions[directions["layer"] == group.attrs["layer"]].reset_index(drop=True)
            yield group, {str(family): list(rows) for family, rows in here.groupby("family").groups.items()}


def _patches(
    group: "zarr.Group", direction: int, images: "Callable[..., Mapping[int, NDArray[np.uint8]]]"
) -> "Patches | None":
    """Return the first patches of a direction, as the network sees them; None if it is never active."""
    from census.measures.patches import as_seen, corners, cut, field_of

    chosen = group["top_image"][direction][:N_PATCHES]
    positions = group["top_position"][direction][:N_PATCHES][chosen >= 0]
    chosen = chosen[chosen >= 0]
    if not len(chosen):
        return None
    known, seen = images(chosen), group.attrs["preprocessing"]
    pixels = as_seen(
        np.stack([known[int(image)] for image in chosen]),
        seen["size"],
        seen["resize"],
        seen["interpolation"],
    )
    field = field_of(group.attrs["receptive_field"], seen["size"])
    return cut(pixels, corners(positions, group.attrs["shape"][2], field), field.size)


family = Family(
    name="families",
    section="directions",
    reads={
        "families": Tables("families.families"),
        "effects": Tables("dictionaries.effects"),
        "directions": Tables("families.directions"),
        "stores": Matrices("families"),
        "images": Images(),
    },
    where=lambda run: run.has_families,
    views=[
        View(
            "depth",
            draw_depth,
            "Which basis? Families of directions",
            is_wide=True,
            caption="""
            Families of directions in the space of the units of {network}, on images of {dataset}, layers in
            order of depth. All families of a layer have the same number of directions. They are fitted to
            channel vectors of one half of the images, and judged on the other half, where each vector is
            reconstructed as a weighted sum of a few directions, equally few for all families. From the upper
            left: share of the vectors' variance that these sums explain (R², below 0 if they are further from
            the vectors than their mean is); peakedness of the weights;
            class entropy of a direction's top images; correlation of their logits; class selectivity of the
            weights, and their Gini index over classes; overlap of the top images of two directions; largest
            cosine of a direction with a unit; cosine of matched directions in a fit from another start, and
            in a fit to the other half of the images; divergence of the network's output from the intact
            network's if a direction's part is subtracted from the layer, and share of images whose predicted
            class then changes, both for a sample of directions. Values are means over directions or vectors.
            Bars are 95 % bootstrap intervals over images, and for ablation over directions, too; alignment
            and stability have none. Dotted lines are chance: images, or directions, drawn at random. Short
            horizontal marks are the chance level of a family's own directions, with the units of the other
            fit in random order. Random directions (gray) show what any basis gives. Units and singular
            vectors have no start.
            """,
        ),
        View(
            "patches",
            draw_patches,
            "Top patches of the first directions of each family",
            is_picture=True,
            caption="""
            What directions in the space of the units of {network} respond to, on held-out images of
            {dataset}: for up to three layers, evenly spaced along depth, and each family, the patches with
            the largest weights of its first three directions, the strongest first. A patch is what the
            receptive field covers at the sampled position of the largest weight; a vermilion line is the
            border of the image, and plain gray lies outside. Patches of a direction are cropped to their
            images if the receptive field is larger on all sides. Patches of one direction that look alike
            have a feature in common.
            """,
        ),
    ],
)
