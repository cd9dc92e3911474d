"""Pictures made for single units: beside the images that drive them most, and beside those of other units."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import zarr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from census.figures.inputs import Inputs, Views
from census.figures.pictures import axes_at, figure_of_pictures
from census.figures.style import FINAL, GRAY, INK, two_digits, wrapped

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


def draw_pictures(layers: Mapping[str, Sequence[UnitPictures]], title: str) -> Figure:
    """Draw a row for each layer: some of its units, each with its pictures beside each other.

    Parameters
    ----------
    layers : units by layer, in order of depth; at least one unit for each, all with the same headings.
    title : what stands above.
    """
    headings = list(next(iter(layers.values()))[0].pictures)
    n_units = max(map(len, layers.values()))
    wide = len(headings) * (SIDE + BETWEEN) - BETWEEN
    width = max(LABEL + n_units * (wide + BETWEEN_UNITS), LETTER * len(title))
    height = ABOVE + len(layers) * (SIDE + WORDS) + BELOW
    figure = figure_of_pictures(width, max(height, LEAST), title)
    for row, (name, units) in enumerate(layers.items()):
        top = ABOVE + row * (SIDE + WORDS) + WORDS
        _write_layer(figure, name, top + SIDE / 2)
        for number, unit in enumerate(units):
            left = LABEL + number * (wide + BETWEEN_UNITS)
            _write(figure, unit.words, left, top - 0.03, fontsize=6)
            for column, heading in enumerate(headings):
                axes = axes_at(figure, left + column * (SIDE + BETWEEN), top, SIDE, SIDE)
                _show(axes, unit.pictures[heading])
                if row == 0:
                    middle = left + column * (SIDE + BETWEEN) + SIDE / 2
                    _write(figure, heading, middle, ABOVE, fontsize=6.5, color=GRAY, ha="center")
    return figure


def draw_beaten(layers: Mapping[str, Sequence[UnitPictures]], title: str) -> Figure:
    """Draw a row for each layer: a unit's own picture, and those of two units that answer to it more.

    Parameters
    ----------
    layers : three units by layer, in order of depth, each with one picture by its heading; none where no unit
        is beaten by two.
    title : what stands above.
    """
    heights = [LARGE + WORDS if units else WORDS for units in layers.values()]
    whole = max(ABOVE + sum(heights) + BELOW, LEAST)
    figure = figure_of_pictures(LABEL + 3 * (LARGE + 0.75), whole, title)
    top = ABOVE
    for height, (name, units) in zip(heights, layers.items(), strict=True):
        _write_layer(figure, name, top + (WORDS + height) / 2 if units else top + height / 2)
        if not units:
            words = "none of the chosen units is beaten by two of them"
            _write(figure, words, LABEL, top + height / 2, color=GRAY, va="center")
        for number, unit in enumerate(units):
            left = LABEL + number * (LARGE + 0.75)
            _write(figure, unit.words, left, top + WORDS - 0.03, fontsize=6.5)
            ((heading, picture),) = unit.pictures.items()
            _show(axes_at(figure, left, top + WORDS, LARGE, LARGE), picture)
            if units is next(filter(None, layers.values())):
                _write(figure, heading, left, ABOVE - 0.02, fontsize=6.5, color=GRAY)
        top += height
    return figure


def _write(figure: Figure, words: str, left: float, bottom: float, **style: Any) -> None:
    width, height = figure.get_size_inches()
    figure.text(left / width, 1 - bottom / height, words, **{"va": "bottom", "fontsize": 7, **style})


def _write_layer(figure: Figure, name: str, middle: float) -> None:
    _write(figure, wrapped(name, 19), 0.06, middle, va="center", fontweight="bold", color=INK)


def _show(axes: Axes, picture: NDArray[np.uint8] | None) -> None:
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


def views(inputs: Inputs) -> Views:
    """Return the function of each view of a run: pictures of units, and of those that beat a unit."""
    selectivity, substitution = (
        table[table["checkpoint"] == FINAL]
        for table in map(inputs.table, ("selectivity.units", "substitution.units"))
    )

    def of_layers() -> Iterator[tuple[zarr.Group, pd.DataFrame, pd.DataFrame]]:
        """Yield pictures of a layer's units, and for each unit a row of either table."""
        for group in inputs.groups("ascent", FINAL):
            name, units = group.attrs["layer"], group["unit"][:]
            rows = (
                table[table["layer"] == name].set_index("unit").loc[units]
                for table in (selectivity, substitution)
            )
            yield group, *rows

    return {
        "pictures": lambda: draw_pictures(
            {
                ascent.attrs["layer"]: _driven(inputs, ascent, substitution)
                for ascent, _, substitution in of_layers()
            },
            f"Pictures made for units, and the images that drive them: {inputs.where}",
        ),
        "beaten": lambda: draw_beaten(
            {layer[0].attrs["layer"]: _beaten(*layer) for layer in of_layers()},
            f"The most selective unit that others beat on its own picture: {inputs.where}",
        ),
    }


def _driven(inputs: Inputs, ascent: zarr.Group, substitution: pd.DataFrame) -> list[UnitPictures]:
    """Return the first units of a layer, each with the image that drives it most and its own pictures.

    Parameters
    ----------
    ascent : pictures of the layer's units.
    substitution : a row for each of these units, in their order.
    """
    shown = substitution.head(SHOWN)
    images = inputs.images(shown["natural_image"].dropna().to_numpy())
    pictures = ascent["picture"][:, 0]  # made from the first seed
    return [
        UnitPictures(
            int(unit),
            f"unit {unit}   RS {two_digits(row['rs_iam'])}",
            {
                "top image": None if np.isnan(row["natural_image"]) else images[int(row["natural_image"])],
                **{
                    name.upper(): pictures[index, place]
                    for index, name in enumerate(ascent.attrs["objectives"])
                },
            },
        )
        for place, (unit, row) in enumerate(shown.iterrows())
    ]


def _beaten(ascent: zarr.Group, selectivity: pd.DataFrame, substitution: pd.DataFrame) -> list[UnitPictures]:
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
