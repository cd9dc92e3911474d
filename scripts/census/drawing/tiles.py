"""Images as tiles, and strips of them: those at the two ends of directions."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from census.figures.style import GRAY, INK, wrapped

if TYPE_CHECKING:
    from census.drawing.page import Page

# inches: a tile, labels beside the canvas, headings above it, and the margin below
SIDE, LABEL, ABOVE, BELOW = 0.24, 1.6, 0.42, 0.06
# dots of the one canvas in which all tiles lie
TILE, GAP, BETWEEN_STRIPS, BETWEEN_GROUPS, BETWEEN_ROWS = 36, 2, 12, 30, 32
FRAME = 210  # shade of gray around a tile

Strip = tuple[str, Sequence[int], Sequence[int]]
"""A direction: its label, and the indices of the images at its top and at its bottom, the outermost first."""


def as_tile(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return an image as a square tile, in its own proportions, on white.

    Parameters
    ----------
    pixels : array of uint8, shape (height, width, 1 or 3).
    side : dots.

    Returns
    -------
    array of uint8, shape (side, side, 3).
    """
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).convert("RGB")
    scale = side / max(image.size)
    width, height = (max(1, round(scale * length)) for length in image.size)
    # what is enlarged keeps its pixels
    kind = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BOX
    square = Image.new("RGB", (side, side), "white")
    square.paste(image.resize((width, height), kind), ((side - width) // 2, (side - height) // 2))
    return np.asarray(square)


def draw_strips(
    page: "Page", layers: Mapping[str, Mapping[str, Sequence[Strip]]], images: Mapping[int, NDArray[np.uint8]]
) -> None:
    """Draw for each direction two lines of images: those of its top, and below them those of its bottom.

    Parameters
    ----------
    layers : by layer in order of depth, and by heading, directions; the same headings for each layer.
    images : arrays of uint8, shape (height, width, 1 or 3) by index, of all images that are shown.
    """
    headings = list(next(iter(layers.values())))
    n_strips = {name: max(1, *(len(groups[name]) for groups in layers.values())) for name in headings}
    every = [strip for groups in layers.values() for row in groups.values() for strip in row]
    wide = max((len(top) for _, top, _ in every), default=1) * (TILE + GAP) - GAP
    lefts, width = {}, 1
    for name in headings:
        lefts[name] = width
        width += n_strips[name] * (wide + BETWEEN_STRIPS) - BETWEEN_STRIPS + BETWEEN_GROUPS
    width += 1 - BETWEEN_GROUPS
    row_height = 2 * (TILE + GAP) + BETWEEN_ROWS
    height, dots = len(layers) * row_height, TILE / SIDE  # dots per inch
    page.placed(LABEL + width / dots + 0.06, ABOVE + height / dots + BELOW)
    axes = page.axes_at(LABEL, ABOVE, width / dots, height / dots)
    axes.set_axis_off()
    tiles = {index: as_tile(pixels, TILE) for index, pixels in images.items()}
    canvas = np.full((height, width, 3), 255, np.uint8)
    for row, (layer, groups) in enumerate(layers.items()):
        first = row * row_height + BETWEEN_ROWS - 6
        middle: float = first + TILE
        axes.text(
            (0.06 - LABEL) * dots, middle, wrapped(layer, 22), va="center", fontsize=7, fontweight="bold"
        )
        if not any(groups.values()):
            words = "no direction: all vectors constant"
            axes.text(lefts[headings[0]], middle, words, fontsize=6.5, color=GRAY)
            continue
        for line, end in enumerate(("top", "bottom")):
            middle = first + line * (TILE + GAP) + TILE / 2
            axes.text(-5, middle, end, ha="right", va="center", fontsize=5.5, color=GRAY)
        for name, strips in groups.items():
            for number, (label, *ends) in enumerate(strips):
                left = lefts[name] + number * (wide + BETWEEN_STRIPS)
                axes.text(left, first - 4, label, va="bottom", fontsize=5.5, color=INK)
                for line, indices in enumerate(ends):
                    for rank, index in enumerate(indices):
                        x, y = left + rank * (TILE + GAP), first + line * (TILE + GAP)
                        canvas[y - 1 : y + TILE + 1, x - 1 : x + TILE + 1] = FRAME
                        canvas[y : y + TILE, x : x + TILE] = tiles[index]
    axes.imshow(canvas, interpolation="none")
    for name, left in lefts.items():
        axes.text(left, -2, name, va="bottom", fontsize=8, fontweight="bold")
