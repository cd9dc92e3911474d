"""Activation-maximization images of single units, beside their top images and beside those of other units."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from census.figures.declaration import Family, Images, View
from census.figures.style import FINAL, GRAY, INK, at, two_digits, wrapped
from census.measures.declaration import Matrices, Tables

if TYPE_CHECKING:
    import pandas as pd
    import zarr
    from matplotlib.axes import Axes

    from census.drawing.inputs import Stores
    from census.drawing.page import Page

# inches: a picture and what is beside it, names of layers beside all, headings above, words above each row
SIDE, BETWEEN, BETWEEN_UNITS, LABEL, ABOVE, WORDS, BELOW = 0.42, 0.04, 0.16, 1.35, 0.45, 0.3, 0.08
SHOWN = 5  # units of each layer
LARGE = 1.0  # inches, of a picture where few are shown
LEAST = 1.5  # inches, of a whole figure
LETTER = 0.08  # inches, of a title


@dataclass(frozen=True)
class UnitPictures:
    """A unit with its pictures.

    Attributes
    ----------
    unit : its number.
    words : what is written above its pictures.
    pictures : uint8 (y, x, 1 or 3) by heading; None where there is none.
    """

    unit: int
    words: str
    pictures: Mapping[str, NDArray[np.uint8] | None]


def draw_rows(page: "Page", layers: Mapping[str, Sequence[UnitPictures]]) -> None:
    """Draw a row for each layer: some of its units, each with its pictures beside each other.

    Parameters
    ----------
    layers : units by layer, in order of depth; at least one unit for each, all with the same headings.
    """
    headings = list(next(iter(layers.values()))[0].pictures)
    n_units = max(map(len, layers.values()))
    wide = len(headings) * (SIDE + BETWEEN) - BETWEEN
    width = max(LABEL + n_units * (wide + BETWEEN_UNITS), LETTER * len(page.title))
    height = ABOVE + len(layers) * (SIDE + WORDS) + BELOW
    page.placed(width, max(height, LEAST))
    for row, (name, units) in enumerate(layers.items()):
        top = ABOVE + row * (SIDE + WORDS) + WORDS
        _write_layer(page, name, top + SIDE / 2)
        for number, unit in enumerate(units):
            left = LABEL + number * (wide + BETWEEN_UNITS)
            page.write(unit.words, left, top - 0.03, fontsize=6)
            for column, heading in enumerate(headings):
                axes = page.axes_at(left + column * (SIDE + BETWEEN), top, SIDE, SIDE)
                _show(axes, unit.pictures[heading])
                if row == 0:
                    middle = left + column * (SIDE + BETWEEN) + SIDE / 2
                    page.write(heading, middle, ABOVE, fontsize=6.5, color=GRAY, ha="center")


def draw_threes(page: "Page", layers: Mapping[str, Sequence[UnitPictures]]) -> None:
    """Draw a row for each layer: a unit's own picture, and those of two units that answer to it more.

    Parameters
    ----------
    layers : three units by layer, in order of depth, each with one picture by its heading; none where no unit
        is beaten by two.
    """
    heights = [LARGE + WORDS if units else WORDS for units in layers.values()]
    whole = max(ABOVE + sum(heights) + BELOW, LEAST)
    page.placed(LABEL + 3 * (LARGE + 0.75), whole)
    top = ABOVE
    for height, (name, units) in zip(heights, layers.items(), strict=True):
        _write_layer(page, name, top + (WORDS + height) / 2 if units else top + height / 2)
        if not units:
            words = "none of the chosen units is beaten by two of them"
            page.write(words, LABEL, top + height / 2, color=GRAY, va="center")
        for number, unit in enumerate(units):
            left = LABEL + number * (LARGE + 0.75)
            page.write(unit.words, left, top + WORDS - 0.03, fontsize=6.5)
            ((heading, picture),) = unit.pictures.items()
            _show(page.axes_at(left, top + WORDS, LARGE, LARGE), picture)
            if units is next(filter(None, layers.values())):
                page.write(heading, left, ABOVE - 0.02, fontsize=6.5, color=GRAY)
        top += height


def _write_layer(page: "Page", name: str, middle: float) -> None:
    page.write(wrapped(name, 19), 0.06, middle, va="center", fontweight="bold", color=INK)


def _show(axes: "Axes", picture: NDArray[np.uint8] | None) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set(visible=True, linewidth=0.4, color=GRAY)
    if picture is None:
        axes.plot([0, 1], [0, 1], color=GRAY, linewidth=0.6)
        return
    shown = picture[..., 0] if picture.shape[2] == 1 else picture
    axes.imshow(shown, cmap="gray", vmin=0, vmax=255, interpolation="none")


def draw_pictures(
    page: "Page", ascent: "Stores", substitution: "pd.DataFrame", images: "Callable[..., Mapping]"
) -> None:
    """Draw the first units of each layer, between their top images and the images made for them."""
    layers = _layers(ascent, substitution)
    draw_rows(page, {group.attrs["layer"]: _driven(images, group, table) for group, table in layers})


def draw_beaten(
    page: "Page", ascent: "Stores", selectivity: "pd.DataFrame", substitution: "pd.DataFrame"
) -> None:
    """Draw the most selective unit of each layer that two others beat on its own image, and these."""
    layers = _layers(ascent, selectivity, substitution)
    draw_threes(page, {group.attrs["layer"]: _beaten(group, *tables) for group, *tables in layers})


def _layers(
    ascent: "Stores", *tables: "pd.DataFrame"
) -> "Iterator[tuple[zarr.Group, *tuple[pd.DataFrame, ...]]]":
    """Yield the images of a layer's units, and of each table a row for each of these units."""
    of_final = [at(table, FINAL) for table in tables]
    for group in ascent.groups(FINAL):
        units = group["unit"][:]
        of_layer = [
            final[final["layer"] == group.attrs["layer"]].set_index("unit").loc[units] for final in of_final
        ]
        yield group, *of_layer


def _driven(
    images: "Callable[..., Mapping]", ascent: "zarr.Group", substitution: "pd.DataFrame"
) -> list[UnitPictures]:
    """Return the first units of a layer, each with the image that drives it most and its own pictures.

    Parameters
    ----------
    ascent : pictures of the layer's units.
    substitution : a row for each of these units, in their order.
    """
    shown = substitution.head(SHOWN)
    top_images = images(shown["natural_image"].dropna().to_numpy())
    pictures = ascent["picture"][:, 0]  # made from the first seed
    return [
        UnitPictures(
            int(unit),
            f"unit {unit}   RS {two_digits(row['rs_iam'])}",
            {
                "top image": None
                if np.isnan(row["natural_image"])
                else top_images[int(row["natural_image"])],
                **{
                    name.upper(): pictures[index, place]
                    for index, name in enumerate(ascent.attrs["objectives"])
                },
            },
        )
        for place, (unit, row) in enumerate(shown.iterrows())
    ]


def _beaten(
    ascent: "zarr.Group", selectivity: "pd.DataFrame", substitution: "pd.DataFrame"
) -> list[UnitPictures]:
    """Return the most selective unit of a layer that two others beat, and these; nothing if there is none.

    Parameters
    ----------
    ascent : pictures of the layer's units, and the responses to them.
    selectivity, substitution : a row for each of these units, in their order.
    """
    units, rs = ascent["unit"][:], substitution["rs_iam"].to_numpy()
    selective = selectivity["selectivity"].to_numpy()
    iam = [name.upper() for name in ascent.attrs["objectives"]].index("IAM")
    # made from the first seed
    pictures, responses = ascent["picture"][iam, 0], ascent["response"][iam, 0]
    # which of the chosen units, which have pictures of their own, answer more to each one's picture
    among = responses[:, units]
    beaten_by = (among > among.diagonal()[:, None]).sum(1) * (among.diagonal() > 0)
    candidates = np.flatnonzero((beaten_by >= 2) & ~np.isnan(selective))
    if len(candidates) == 0:
        return []
    first = candidates[selective[candidates].argmax()]
    beating = np.argsort(-among[first])[:2]
    headings = "its own picture (IAM)", "of a unit that beats it there", "of another one"
    shown = []
    for place, heading in zip([first, *beating], headings, strict=True):
        about = f"selectivity {two_digits(selective[place])}, RS {two_digits(rs[place])}"
        answer = "" if place == first else f", {among[first, place] / among[first, first]:.3g} × its answer"
        words = f"unit {units[place]}{answer}\n{about}"
        shown.append(UnitPictures(int(units[place]), words, {heading: pictures[place]}))
    return shown


family = Family(
    name="substitution",
    section="substitution",
    reads={
        "ascent": Matrices("ascent"),
        "selectivity": Tables("selectivity.units"),
        "substitution": Tables("substitution.units"),
        "images": Images(),
    },
    where=lambda run: bool(run.unit_layers),
    views=[
        View(
            "pictures",
            draw_pictures,
            "Pictures made for units, and the images that drive them",
            caption="""
            The first units of each layer of {network} with per-unit analyses: the image of {dataset} with the
            unit's largest mean activation, and the images that gradient ascent made from noise, on the unit's
            activation (AM) or on that minus the mean of the layer's other units (IAM). RS is the share of the
            layer's units that respond more strongly to the IAM image than the unit itself; at 0 no other unit
            can stand in for it. A crossed frame is an image that does not exist.
            """,
        ),
        View(
            "beaten",
            draw_beaten,
            "The most selective unit that others beat on its own picture",
            caption="""
            In each layer of {network} with per-unit analyses, the unit with the highest class selectivity on
            {dataset} among those to whose IAM image at least two other units respond more strongly, and two
            such units, each with its own IAM image, its selectivity and its RS. A selective unit with strong
            substitutes is replaceable.
            """,
            corresponds="Figure 2",
        ),
    ],
)
