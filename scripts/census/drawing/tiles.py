"""Images as tiles, and strips of them: those at the two ends of directions."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from census.figures.style import (
    BETWEEN_LAYERS,
    BETWEEN_LINES,
    BETWEEN_STRIPS,
    GAP,
    GRAY,
    INK,
    STRIPS,
    TILE,
    strips_in_line,
    strips_width,
    wrapped,
)

if TYPE_CHECKING:
    from census.drawing.page import Page

# inches: labels beside the canvas, headings above it, and the margin below
LABEL, ABOVE, BELOW = 1.2, 0.35, 0.06
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
    page.know(list(layers))
    n_images = max(
        (len(top) for groups in layers.values() for row in groups.values() for _, top, _ in row), default=1
    )
    in_line = strips_in_line(n_images)
    wide = n_images * (TILE + GAP) - GAP
    width = strips_width(n_images)
    dots = width / STRIPS  # per inch
    line_height = 2 * (TILE + GAP) + BETWEEN_LINES
    lines = {
        layer: [
            (name if first == 0 else "", strips[first : first + in_line])
            for name, strips in groups.items()
            for first in range(0, max(1, len(strips)), in_line)
        ]
        for layer, groups in layers.items()
    }
    n_lines = sum(map(len, lines.values()))
    height = n_lines * line_height + len(layers) * BETWEEN_LAYERS
    page.placed(ABOVE + height / dots + BELOW)
    axes = page.axes_at(LABEL, ABOVE, width / dots, height / dots)
    axes.set_axis_off()
    tiles = {index: as_tile(pixels, TILE) for index, pixels in images.items()}
    canvas = np.full((height, width, 3), 255, np.uint8)
    first = 0
    for layer, of_layer in lines.items():
        middle: float = first + len(of_layer) * line_height / 2
        axes.text(
            (0.06 - LABEL) * dots,
            middle,
            wrapped(page.name(layer), 12),
            va="center",
            fontsize=7,
            fontweight="bold",
        )
        for name, strips in of_layer:
            top_line = first + BETWEEN_LINES
            axes.text(0, top_line - 15, name, va="bottom", fontsize=6, fontweight="bold")
            if not strips:
                axes.text(0, top_line + TILE, "no direction: all vectors constant", fontsize=6.5, color=GRAY)
            for line, end in enumerate(("top", "bottom")) if strips else ():
                middle = top_line + line * (TILE + GAP) + TILE / 2
                axes.text(-5, middle, end, ha="right", va="center", fontsize=5.5, color=GRAY)
            for number, (label, *ends) in enumerate(strips):
                left = 1 + number * (wide + BETWEEN_STRIPS)
                axes.text(left, top_line - 2, label, va="bottom", fontsize=5.5, color=INK)
                for line, indices in enumerate(ends):
                    for rank, index in enumerate(indices):
                        x, y = left + rank * (TILE + GAP), top_line + line * (TILE + GAP)
                        canvas[y - 1 : y + TILE + 1, x - 1 : x + TILE + 1] = FRAME
                        canvas[y : y + TILE, x : x + TILE] = tiles[index]
            first += line_height
        first += BETWEEN_LAYERS
    axes.imshow(canvas, interpolation="none")
