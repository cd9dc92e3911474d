"""Activation-maximization images of single units, next to top images and to images of substitutes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from census.figures.declaration import Family, Images, View, sheets_of
from census.figures.style import FINAL, GRAY, INK, VERMILION, at, two_digits, wrapped
from census.measures.declaration import Matrices, Tables
from census.measures.substitution import representative_substitution, works

if TYPE_CHECKING:
    import pandas as pd
    import zarr
    from matplotlib.axes import Axes

    from census.drawing.inputs import Stores
    from census.drawing.page import Page

# inches: an image, gaps between images and units, names of layers, headings, words above rows, margin below
SIDE, BETWEEN, BETWEEN_UNITS, LABEL, ABOVE, WORDS, BELOW = 0.42, 0.04, 0.14, 1.3, 0.45, 0.3, 0.14
SHOWN = 3  # units of each layer
LARGE = 1.0  # inches, size of an image if few are shown
DOTS = 160  # per inch, of images: more would make vector files large
LEAST = 1.5  # inches, minimum height of a figure


@dataclass(frozen=True)
class UnitImages:
    """A unit with its images.

    Attributes
    ----------
    unit : index of the unit.
    words : text above its images.
    images : arrays of uint8, shape (height, width, 1 or 3), by heading; None for a missing image.
    failed : headings of optimized images that failed.
    """

    unit: int
    words: str
    images: Mapping[str, NDArray[np.uint8] | None]
    failed: frozenset[str] = frozenset()


def draw_rows(page: "Page", layers: Mapping[str, Sequence[UnitImages]]) -> None:
    """Draw a row per layer: some of its units, each with its images side by side.

    Parameters
    ----------
    layers : units by layer, in order of depth; at least one unit per layer, all with equal headings.
    """
    page.know(list(layers))
    layers = {name: layers[name] for name in page.share(list(layers))}
    headings = list(next(iter(layers.values()))[0].images)
    n_units = max(map(len, layers.values()))
    wide = len(headings) * (SIDE + BETWEEN) - BETWEEN
    assert LABEL + n_units * (wide + BETWEEN_UNITS) - BETWEEN_UNITS <= page.width, (
        "units take more than a page"
    )
    page.placed(max(ABOVE + len(layers) * (SIDE + WORDS) + BELOW, LEAST))
    for row, (name, units) in enumerate(layers.items()):
        top = ABOVE + row * (SIDE + WORDS) + WORDS
        _write_layer(page, name, top + SIDE / 2)
        for number, unit in enumerate(units):
            left = LABEL + number * (wide + BETWEEN_UNITS)
            page.write(unit.words, left, top - 0.03, fontsize=6)
            for column, heading in enumerate(headings):
                axes = page.axes_at(left + column * (SIDE + BETWEEN), top, SIDE, SIDE)
                _show(page, axes, unit.images[heading], SIDE)
                middle = left + column * (SIDE + BETWEEN) + SIDE / 2
                if heading in unit.failed:
                    _write_failed(page, middle, top + SIDE + 0.02, ha="center", va="top")
                if row == 0:
                    page.write(heading, middle, ABOVE, fontsize=6.5, color=GRAY, ha="center")


def draw_threes(page: "Page", layers: Mapping[str, Sequence[UnitImages]]) -> None:
    """Draw a row per layer: a unit's own image, and those of two units that respond more strongly to it.

    Parameters
    ----------
    layers : three units by layer, in order of depth, each with one image by heading; empty if no unit has two
        substitutes.
    """
    page.know(list(layers))
    layers = {name: layers[name] for name in page.share(list(layers))}
    heights = [LARGE + WORDS if units else WORDS for units in layers.values()]
    page.placed(max(ABOVE + sum(heights) + BELOW, LEAST))
    top = ABOVE
    for height, (name, units) in zip(heights, layers.items(), strict=True):
        _write_layer(page, name, top + (WORDS + height) / 2 if units else top + height / 2)
        if not units:
            words = "no chosen unit has two substitutes"
            page.write(words, LABEL, top + height / 2, color=GRAY, va="center")
        for number, unit in enumerate(units):
            left = LABEL + number * (LARGE + 0.75)
            page.write(unit.words, left, top + WORDS - 0.03, fontsize=6.5)
            ((heading, image),) = unit.images.items()
            _show(page, page.axes_at(left, top + WORDS, LARGE, LARGE), image, LARGE)
            if heading in unit.failed:
                _write_failed(page, left + LARGE + 0.04, top + WORDS + LARGE)
            if units is next(filter(None, layers.values())):
                page.write(heading, left, ABOVE - 0.02, fontsize=6.5, color=GRAY)
        top += height


def _write_layer(page: "Page", name: str, middle: float) -> None:
    page.write(wrapped(page.name(name), 19), 0.06, middle, va="center", fontweight="bold", color=INK)


def _write_failed(page: "Page", left: float, bottom: float, **style: Any) -> None:
    page.write("failed", left, bottom, fontsize=6, color=VERMILION, **style)


def _show(page: "Page", axes: "Axes", image: NDArray[np.uint8] | None, side: float) -> None:
    """Show an image at a size in inches, or that there is none."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set(visible=True, linewidth=0.4, color=GRAY)
    if image is None:
        axes.text(0.5, 0.5, "none", ha="center", va="center", fontsize=6, color=GRAY)
        return
    dots = round(DOTS * side)
    image = page.tile(image, dots) if max(image.shape[:2]) > dots else image
    shown = image[..., 0] if image.shape[2] == 1 else image
    axes.imshow(shown, cmap="gray", vmin=0, vmax=255, interpolation="none")


def draw_images(
    page: "Page",
    maximization: "Stores",
    visualization: "Stores",
    substitution: "pd.DataFrame",
    images: "Callable[..., Mapping]",
) -> None:
    """Draw the top image and the activation-maximization images of the first units of each layer."""
    visualized = {
        group.attrs["layer"]: dict(zip(group["unit"][:].tolist(), group["image"][:], strict=True))
        for group in visualization.groups(FINAL)
    }
    draw_rows(
        page,
        {
            group.attrs["layer"]: _driven(images, group, visualized.get(group.attrs["layer"]), table)
            for group, table in _layers(maximization, substitution)
        },
    )


def draw_substitutes(
    page: "Page", maximization: "Stores", selectivity: "pd.DataFrame", substitution: "pd.DataFrame"
) -> None:
    """Draw the most selective unit of each layer that has two substitutes, and these substitutes."""
    layers = _layers(maximization, selectivity, substitution)
    draw_threes(page, {group.attrs["layer"]: _substitutes(group, *tables) for group, *tables in layers})


def _layers(
    maximization: "Stores", *tables: "pd.DataFrame"
) -> "Iterator[tuple[zarr.Group, *tuple[pd.DataFrame, ...]]]":
    """Yield the images of each layer's units, and the rows of these units from each table."""
    of_final = [at(table, FINAL) for table in tables]
    for group in maximization.groups(FINAL):
        units = group["unit"][:]
        of_layer = [
            final[final["layer"] == group.attrs["layer"]].set_index("unit").loc[units] for final in of_final
        ]
        yield group, *of_layer


def _driven(
    images: "Callable[..., Mapping]",
    maximization: "zarr.Group",
    visualized: Mapping[int, NDArray[np.uint8]] | None,
    substitution: "pd.DataFrame",
) -> list[UnitImages]:
    """Return the first units of a layer, each with its top image and its AM images.

    Parameters
    ----------
    maximization : images of the layer's units.
    visualized : feature visualizations by unit; None if the run has none.
    substitution : one row per unit, in the same order.
    """
    shown = substitution.head(SHOWN)
    top_images = images(shown["natural_image"].dropna().to_numpy())
    optimized = maximization["image"][:, 0]  # made from the first seed
    objectives = [name.upper() for name in maximization.attrs["objectives"]]
    failed = failed_images(
        maximization["response"][:, 0], maximization["unit"][:], substitution["natural_maximum"].to_numpy()
    )
    return [
        UnitImages(
            int(unit),
            f"unit {unit}   RS {two_digits(row['rs_iam'])}",
            {
                "top image": None
                if np.isnan(row["natural_image"])
                else top_images[int(row["natural_image"])],
                **{name: optimized[index, place] for index, name in enumerate(objectives)},
                **({} if visualized is None else {"viewing": visualized.get(int(unit))}),
            },
            frozenset(name for index, name in enumerate(objectives) if failed[index, place]),
        )
        for place, (unit, row) in enumerate(shown.iterrows())
    ]


def _substitutes(
    maximization: "zarr.Group", selectivity: "pd.DataFrame", substitution: "pd.DataFrame"
) -> list[UnitImages]:
    """Return a layer's most selective unit with two substitutes, and these; empty if there is none.

    Failed images are no evidence of substitutes.

    Parameters
    ----------
    maximization : images of the layer's units, and the responses to them.
    selectivity, substitution : one row per unit, in the same order.
    """
    units, rs = maximization["unit"][:], substitution["rs_iam"].to_numpy()
    selective = selectivity["selectivity"].to_numpy()
    iam = [name.upper() for name in maximization.attrs["objectives"]].index("IAM")
    # made from the first seed
    images, responses = maximization["image"][iam, 0], maximization["response"][iam, 0]
    failed = failed_images(responses, units, substitution["natural_maximum"].to_numpy())
    # responses of the chosen units, which have images of their own, to each other's images
    among = responses[:, units]
    n_substitutes = (among > among.diagonal()[:, None]).sum(1)
    candidates = np.flatnonzero((n_substitutes >= 2) & ~failed & ~np.isnan(selective))
    if len(candidates) == 0:
        return []
    first = candidates[selective[candidates].argmax()]
    substitutes = np.argsort(-among[first])[:2]
    headings = "its own image (IAM)", "of a substitute", "of another one"
    shown = []
    for place, heading in zip([first, *substitutes], headings, strict=True):
        about = f"selectivity {two_digits(selective[place])}, RS {two_digits(rs[place])}"
        ratio = "" if place == first else f", {among[first, place] / among[first, first]:.3g} × its response"
        words = f"unit {units[place]}{ratio}\n{about}"
        wrong = frozenset([heading] if failed[place] else [])
        shown.append(UnitImages(int(units[place]), words, {heading: images[place]}, wrong))
    return shown


def failed_images(
    responses: NDArray[np.floating], units: NDArray[np.integer], natural_maximum: NDArray[np.floating]
) -> NDArray[np.bool_]:
    """Return which optimized images failed, as for RS: it is undefined on them.

    The unit is inactive on its image, or responds less strongly to it than to an image of the data set, or
    responses are not finite.

    Parameters
    ----------
    responses : array of float, shape (…, n_sampled, n_units), of all units of the layer to these images.
    units : array of integer, shape (n_sampled,), the unit of each image.
    natural_maximum : array of float, shape (n_sampled,), the largest response of each of these units to an
        image of the data set.

    Returns
    -------
    array of bool, shape (…, n_sampled).
    """
    own = responses[..., np.arange(len(units)), units]
    return np.isnan(representative_substitution(responses, units)) | ~works(own, natural_maximum)


family = Family(
    name="substitution",
    section="substitution",
    reads={
        "maximization": Matrices("activation_maximization"),
        "visualization": Matrices("feature_visualization"),
        "selectivity": Tables("selectivity.units"),
        "substitution": Tables("substitution.units"),
        "images": Images(),
    },
    where=lambda run: bool(run.per_unit_layers),
    views=[
        View(
            "images",
            draw_images,
            "Activation-maximization images, beside the top image",
            sheets=sheets_of(lambda run: run.per_unit_layers, inches=SIDE + WORDS),
            is_picture=True,
            caption="""
            The first units of each layer of {network} with per-unit analyses: the image of {dataset} with the
            unit's largest mean activation, and images by gradient ascent from noise, on the unit's activation
            (AM) or on that minus the mean of the layer's other units (IAM), from the first seed. An AM or IAM
            image failed if the unit is inactive on it, or responds less strongly to it than to the top image.
            RS is the share of the layer's units that respond more strongly to the IAM image than the unit
            itself, mean over seeds whose images did not fail; at 0, no other unit can substitute for it. The
            image for viewing is a feature visualization: by gradient ascent on the activation, too, but
            smooth and robust to shifts; RS does not use it. An empty frame is a missing image.
            """,
        ),
        View(
            "substitutes",
            draw_substitutes,
            "The most selective unit with substitutes on its own image",
            sheets=sheets_of(lambda run: run.per_unit_layers, inches=LARGE + WORDS),
            is_picture=True,
            caption="""
            In each layer of {network} with per-unit analyses, the unit with the highest class selectivity on
            {dataset} among those to whose IAM image at least two other units respond more strongly, and two
            such units, each with its own IAM image from the first seed, its selectivity and its RS. RS is the
            mean over seeds whose images did not fail. An image failed if its unit is inactive on it, or
            responds less strongly to it than to an image of {dataset}; only a substitute's image may have
            failed. A selective unit with strong substitutes is replaceable.
            """,
            corresponds="Figure 2",
        ),
    ],
)
