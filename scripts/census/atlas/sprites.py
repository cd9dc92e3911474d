"""Images of the atlas: many small images in one sheet, and strips of a unit's own images."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from census.statistics.pixels import as_image, resized, shrunk_size

SHEET = 1024  # pixels along the longer side of a sheet, about
QUALITY = 82  # of images that were shrunk; others keep their pixels


class Grid(NamedTuple):
    """How tiles lie in sheets, which follow one another.

    Attributes
    ----------
    side : pixels along a tile, which is a square.
    columns : tiles beside each other; a sheet has as many rows, the last one may have fewer.
    """

    side: int
    columns: int

    @property
    def per_sheet(self) -> int:
        """Tiles in a sheet."""
        return self.columns**2


def grid_of(size: int, largest: int) -> Grid:
    """Return how thumbnails of images lie in sheets.

    Parameters
    ----------
    size : pixels along an image, which is a square.
    largest : pixels along a thumbnail at most.
    """
    side = min(size, largest)
    return Grid(side, max(1, SHEET // side))


def sheet(images: NDArray[np.uint8], grid: Grid) -> NDArray[np.uint8]:
    """Return images as one sheet, row by row, each shrunk to a tile.

    Parameters
    ----------
    images : uint8 (image, y, x, 1 or 3), squares; at least one, and no more than a sheet holds.
    grid : how tiles lie.

    Returns
    -------
    uint8 (rows · side, columns · side, channel); white where there is no tile.
    """
    columns = min(grid.columns, len(images))
    rows = -(-len(images) // columns)
    pixels = np.full((rows * grid.side, columns * grid.side, images.shape[3]), 255, np.uint8)
    for place, tile in enumerate(resized(images, (grid.side, grid.side), Image.Resampling.LANCZOS)):
        y, x = (grid.side * index for index in divmod(place, columns))
        pixels[y : y + grid.side, x : x + grid.side] = tile
    return pixels


def strip(tiles: Sequence[NDArray[np.uint8]], largest: int, gap: int = 2) -> NDArray[np.uint8]:
    """Return tiles of one size beside each other, with white between them.

    Parameters
    ----------
    tiles : uint8 (y, x, 1 or 3), at least one.
    largest : pixels along the longer side of a tile; larger ones are shrunk.
    gap : pixels between two of them.

    Returns
    -------
    uint8 (y, all x, channel).
    """
    height, width = shrunk_size(tiles[0].shape[:2], largest)
    pixels = np.full((height, len(tiles) * (width + gap) - gap, tiles[0].shape[2]), 255, np.uint8)
    for place, tile in enumerate(resized(np.stack(tiles), (height, width), Image.Resampling.LANCZOS)):
        left = place * (width + gap)
        pixels[:, left : left + width] = tile
    return pixels


def about_gray(facets: NDArray[np.floating]) -> list[NDArray[np.uint8]]:
    """Return facets as gray tiles: weight 0 is middle gray, the largest absolute weight black or white.

    Parameters
    ----------
    facets : float (component, y, x) or (component, y, x, channel).
    """
    tiles = []
    for facet in facets:
        largest = np.abs(facet).max()
        scaled = 127.5 + 127.5 * facet / (largest if largest > 0 else 1)
        tiles.append(np.round(scaled.reshape(*facet.shape[:2], -1)).astype(np.uint8))
    return tiles


def save(path: Path, pixels: NDArray[np.uint8], *, exact: bool) -> None:
    """Save pixels as WebP, the same bytes for the same pixels.

    Parameters
    ----------
    path : its folder is made.
    pixels : uint8 (y, x, 1 or 3).
    exact : whether every pixel is kept; that suits small images, which are shown enlarged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    image = as_image(pixels).convert("RGB")
    if exact:
        image.save(path, "WEBP", lossless=True, quality=20, method=0)
    else:
        image.save(path, "WEBP", quality=QUALITY, method=2)
