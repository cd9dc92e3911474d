"""Activation maps for the atlas: those of the images with maps that activate a unit most, as overlays."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import zarr
from numpy.typing import NDArray
from PIL import Image

from census.statistics.pixels import shrunk_size
from census.statistics.top_images import TopImages, top_images
from census.stores.reading import image_blocks, map_blocks

PER_FILE = 64  # units per file
LEVELS = 16  # of color
# red, green, blue and opacity from 0 to the largest value of a map: from dark to bright
COLORS = np.array([[8, 12, 60, 150], [120, 28, 110, 150], [240, 110, 30, 140], [255, 225, 110, 120]], float)


class Maps(NamedTuple):
    """Activation maps of the units of a layer.

    Attributes
    ----------
    images : the images with maps that activate each unit most, at most k per unit.
    levels : array of uint8, shape (n_units, k, height, width), from 0 for values of 0 or below to
        ``LEVELS - 1`` for the largest value of the map.
    """

    images: TopImages
    levels: NDArray[np.uint8]


def strongest_maps(store: zarr.Group, k: int, largest: int) -> Maps | None:
    """Return the activation maps of the k images that activate each unit most, of those that have maps.

    Parameters
    ----------
    store : activations of a layer.
    k : number of images per unit.
    largest : largest side of a map; larger ones are reduced to the largest value in each cell.

    Returns
    -------
    None if maps have a single position.
    """
    units, height, width = store.attrs["shape"]
    if height * width == 1:
        return None
    found = top_images(_of_map_images(store), units, k)
    # of each image with a map, the units that it activates most, and its rank among their images
    ranks = [np.nonzero(found.images == image) for image in store["map_image"][:]]
    values = np.zeros((units, k, height, width), np.float32)
    begun, row = -1, 0
    for images, block in map_blocks(store):
        row = row if images.start == begun else 0
        begun = images.start
        for maps, (unit, rank) in zip(block, ranks[images], strict=True):
            values[unit, rank, row : row + len(maps)] = np.moveaxis(maps[..., unit], -1, 0)
        row += block.shape[1]
    return Maps(found, _levels(_reduced(values, shrunk_size((height, width), largest))))


def _of_map_images(store: zarr.Group) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield image, largest value and its position for the images with maps, which come first."""
    rest = store["map_image"].shape[0]
    for block in image_blocks(store, store["image"][:], "max", "argmax"):
        yield tuple(each[:rest] for each in block)
        rest -= len(block[0])
        if rest <= 0:
            return


def _reduced(values: NDArray[np.floating], size: tuple[int, int]) -> NDArray[np.floating]:
    """Return the largest value in each of ``size`` cells of the last two dimensions."""
    for axis, cells in zip((-2, -1), size, strict=True):
        values = np.maximum.reduceat(values, np.arange(cells) * values.shape[axis] // cells, axis)
    return values


def _levels(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return values as a share of the largest of their map, in levels; NaN as 0."""
    values = np.nan_to_num(values, nan=0.0, posinf=0.0).clip(0)
    largest = values.max((-2, -1), keepdims=True)
    return np.round((LEVELS - 1) * values / np.where(largest > 0, largest, 1)).astype(np.uint8)


def write_maps(folder: Path, levels: NDArray[np.uint8]) -> None:
    """Write maps as translucent images: ``{number}.webp`` for each :data:`PER_FILE` units, a row per unit.

    Parameters
    ----------
    folder : output folder, which is created.
    levels : see :class:`Maps`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    at = np.linspace(0, len(COLORS) - 1, LEVELS)
    palette = np.stack([np.interp(at, np.arange(len(COLORS)), channel) for channel in COLORS.T], axis=-1)
    pixels = np.round(palette).astype(np.uint8)[levels]
    for number, first in enumerate(range(0, len(pixels), PER_FILE)):
        some = pixels[first : first + PER_FILE].transpose(0, 2, 1, 3, 4)  # unit, y, rank, x
        units, height, k, width, _ = some.shape
        image = Image.fromarray(some.reshape(units * height, k * width, 4))
        image.save(folder / f"{number}.webp", "WEBP", lossless=True, quality=40, method=2, exact=True)
