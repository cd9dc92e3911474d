"""What figures made of pictures have in common: places in inches, and images as tiles."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from census.figures.style import new_figure


def figure_of_pictures(width: float, height: float, title: str) -> Figure:
    """Return a figure of a size in inches in which everything stays where it is placed."""
    figure = new_figure(width, height)
    figure.set_layout_engine("none")
    figure.suptitle(title, x=0.06 / width, y=1 - 0.06 / height, ha="left", va="top")
    return figure


def axes_at(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Return axes at a place in a figure, all in inches from its upper left corner."""
    whole_width, whole_height = figure.get_size_inches()
    bottom = whole_height - top - height
    return figure.add_axes(
        (left / whole_width, bottom / whole_height, width / whole_width, height / whole_height)
    )


def as_tile(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return an image as a square tile, in its own proportions, on white.

    Parameters
    ----------
    pixels : uint8 (y, x, 1 or 3).
    side : dots.

    Returns
    -------
    uint8 (side, side, 3).
    """
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).convert("RGB")
    scale = side / max(image.size)
    width, height = (max(1, round(scale * length)) for length in image.size)
    # what is enlarged keeps its pixels
    kind = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BOX
    square = Image.new("RGB", (side, side), "white")
    square.paste(image.resize((width, height), kind), ((side - width) // 2, (side - height) // 2))
    return np.asarray(square)
