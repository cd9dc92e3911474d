"""Images of the atlas: sheets of thumbnails, and strips of a unit's images."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from census.statistics.pixels import as_image, resized, shrunk_size

SHEET = 1024  # pixels along the longer side of a sheet, about
GAP = 2  # pixels between the tiles of a strip
WIDEST = 16_383  # pixels of a WebP image
QUALITY = 82  # of downscaled images; others are lossless


class Grid(NamedTuple):
    """The arrangement of tiles in successive sheets.

    Attributes
    ----------
    side : side of the square tiles, in pixels.
    columns : tiles per row; a sheet has as many rows, the last sheet may have fewer.
    """

    side: int
    columns: int

    @property
    def per_sheet(self) -> int:
        """Tiles in a sheet."""
        return self.columns**2


def grid_of(size: int, largest: int) -> Grid:
    """Return the arrangement of thumbnails in sheets.

    Parameters
    ----------
    size : side of the square images, in pixels.
    largest : largest side of a thumbnail, in pixels.
    """
    side = min(size, largest)
    return Grid(side, max(1, SHEET // side))


def sheet(images: NDArray[np.uint8], grid: Grid) -> NDArray[np.uint8]:
    """Return a sheet of images, row by row, each downscaled to a tile.

    Parameters
    ----------
    images : array of uint8, shape (n_images, side, side, 1 or 3); at least one, at most a full sheet.
    grid : the arrangement of tiles.

    Returns
    -------
    array of uint8, shape (n_rows · side, n_columns · side, n_channels); empty tiles are white.
    """
    columns = min(grid.columns, len(images))
    rows = -(-len(images) // columns)
    pixels = np.full((rows * grid.side, columns * grid.side, images.shape[3]), 255, np.uint8)
    for place, tile in enumerate(resized(images, (grid.side, grid.side), Image.Resampling.LANCZOS)):
        y, x = (grid.side * index for index in divmod(place, columns))
        pixels[y : y + grid.side, x : x + grid.side] = tile
    return pixels


def strip(tiles: Sequence[NDArray[np.uint8]], largest: int) -> NDArray[np.uint8]:
    """Return tiles of one size in a row, with white gaps.

    Parameters
    ----------
    tiles : arrays of uint8, shape (height, width, 1 or 3); at least one.
    largest : largest length of a tile's longer side, in pixels; larger tiles, and those of a strip that would
        be too wide for a WebP image, are downscaled.

    Returns
    -------
    array of uint8, shape (height, total width, n_channels).
    """
    height, width = shrunk_size(tiles[0].shape[:2], min(largest, WIDEST // len(tiles) - GAP))
    pixels = np.full((height, len(tiles) * (width + GAP) - GAP, tiles[0].shape[2]), 255, np.uint8)
    for place, tile in enumerate(resized(np.stack(tiles), (height, width), Image.Resampling.LANCZOS)):
        left = place * (width + GAP)
        pixels[:, left : left + width] = tile
    return pixels


def save(path: Path, pixels: NDArray[np.uint8], *, exact: bool) -> None:
    """Save pixels as WebP; equal pixels give equal bytes.

    Parameters
    ----------
    path : the file; its folder is created.
    pixels : array of uint8, shape (height, width, 1 or 3).
    exact : whether compression is lossless, as for small images that are shown enlarged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    image = as_image(pixels).convert("RGB")
    if exact:
        image.save(path, "WEBP", lossless=True, quality=20, method=0)
    else:
        image.save(path, "WEBP", quality=QUALITY, method=2)
