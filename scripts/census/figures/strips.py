"""Strips of images: those at the two ends of directions, one row of directions for each layer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from census.figures.pictures import as_tile, axes_at, figure_of_pictures
from census.figures.style import GRAY, INK, wrapped

# inches: a tile, labels beside the picture, headings above it, and the margin below
SIDE, LABEL, ABOVE, BELOW = 0.24, 1.6, 0.42, 0.06
# dots of the one picture in which all tiles lie
TILE, GAP, BETWEEN_STRIPS, BETWEEN_GROUPS, BETWEEN_ROWS = 36, 2, 12, 30, 32
FRAME = 210  # shade of gray around a tile


@dataclass(frozen=True)
class Strip:
    """The images at the ends of a direction.

    Attributes
    ----------
    label : what is written above them.
    top, bottom : indices of images, the outermost first.
    """

    label: str
    top: Sequence[int]
    bottom: Sequence[int]


def draw_strips(
    layers: Mapping[str, Mapping[str, Sequence[Strip]]],
    images: Mapping[int, NDArray[np.uint8]],
    title: str,
) -> Figure:
    """Draw for each direction two lines of images: those of its top, and below them those of its bottom.

    Parameters
    ----------
    layers : by layer in order of depth, and by heading, directions; the same headings for each layer.
    images : uint8 (y, x, 1 or 3) by index, of all images that are shown.
    title : what stands above.
    """
    headings = list(next(iter(layers.values())))
    strips = {name: max(1, *(len(groups[name]) for groups in layers.values())) for name in headings}
    n_images = max(
        (len(strip.top) for groups in layers.values() for row in groups.values() for strip in row), default=1
    )
    wide, lefts, width = n_images * (TILE + GAP) - GAP, {}, 1
    for name in headings:
        lefts[name] = width
        width += strips[name] * (wide + BETWEEN_STRIPS) - BETWEEN_STRIPS + BETWEEN_GROUPS
    width += 1 - BETWEEN_GROUPS
    row_height = 2 * (TILE + GAP) + BETWEEN_ROWS
    height, dots = len(layers) * row_height, TILE / SIDE  # dots per inch
    inches = LABEL + width / dots + 0.06, ABOVE + height / dots + BELOW
    figure = figure_of_pictures(*inches, title)
    axes = axes_at(figure, LABEL, ABOVE, width / dots, height / dots)
    axes.set_axis_off()
    tiles = {index: as_tile(pixels, TILE) for index, pixels in images.items()}
    picture = np.full((height, width, 3), 255, np.uint8)
    for row, (layer, groups) in enumerate(layers.items()):
        first = row * row_height + BETWEEN_ROWS - 6
        axes.text(
            (0.06 - LABEL) * dots,
            first + TILE,
            wrapped(layer, 22),
            va="center",
            fontsize=7,
            fontweight="bold",
        )
        for line, end in enumerate(("top", "bottom")):
            middle = first + line * (TILE + GAP) + TILE / 2
            if any(groups.values()):
                axes.text(-5, middle, end, ha="right", va="center", fontsize=5.5, color=GRAY)
        for name, row_of_strips in groups.items():
            for number, strip in enumerate(row_of_strips):
                left = lefts[name] + number * (wide + BETWEEN_STRIPS)
                axes.text(left, first - 4, strip.label, va="bottom", fontsize=5.5, color=INK)
                for line, ends in enumerate((strip.top, strip.bottom)):
                    for rank, index in enumerate(ends):
                        x, y = left + rank * (TILE + GAP), first + line * (TILE + GAP)
                        picture[y - 1 : y + TILE + 1, x - 1 : x + TILE + 1] = FRAME
                        picture[y : y + TILE, x : x + TILE] = tiles[index]
        if not any(groups.values()):
            axes.text(
                lefts[headings[0]],
                first + TILE,
                "no direction: all patterns constant",
                fontsize=6.5,
                color=GRAY,
            )
    axes.imshow(picture, interpolation="none")
    for name, left in lefts.items():
        axes.text(left, -2, name, va="bottom", fontsize=8, fontweight="bold")
    return figure


def rounded(value: float) -> str:
    """Return a number with two digits or more."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
