"""Pictures made for single units: beside the images that drive them most, and beside those of other units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from census.figures.pictures import axes_at, figure_of_pictures
from census.figures.style import GRAY, INK, wrapped

# inches: a picture and what is beside it, names of layers beside all, headings above, words above each row
SIDE, BETWEEN, BETWEEN_UNITS, LABEL, ABOVE, WORDS, BELOW = 0.42, 0.04, 0.16, 1.35, 0.45, 0.3, 0.08
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
