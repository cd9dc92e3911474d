"""Patches of top images: the receptive field at the position of the largest response."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from census.networks.fields import ReceptiveField, read_field
from census.statistics.pixels import resized, shrunk_size


class Patches(NamedTuple):
    """Patches of images, all of one size.

    Attributes
    ----------
    pixels : array of uint8, shape (n_patches, height, width, n_channels); outside the image, the value of its
        nearest pixel.
    inside : array of bool, shape (n_patches, height, width), whether the image covers the pixel.
    """

    pixels: NDArray[np.uint8]
    inside: NDArray[np.bool_]


def field_of(receptive_field: Mapping[str, Sequence[int]] | None, size: int) -> ReceptiveField:
    """Return the receptive field that the attributes of a layer's store describe.

    Parameters
    ----------
    receptive_field : pairs ``size``, ``stride`` and ``offset``; None if it covers the whole image.
    size : height and width of the network's input.
    """
    return read_field(receptive_field) or ReceptiveField((size, size), (0, 0), (0, 0))


def corners(positions: NDArray[np.integer], width: int, field: ReceptiveField) -> NDArray[np.int64]:
    """Return the first row and column of the receptive field of each position in a map, int64 (patch, 2).

    Parameters
    ----------
    positions : array of int, shape (n_patches,), y · width + x.
    width : width of the map.
    field : receptive field of the layer's units.
    """
    places = np.stack(np.divmod(positions.astype(np.int64), width), axis=1)
    return places * np.array(field.stride) + np.array(field.offset)


def as_seen(
    pixels: NDArray[np.uint8], size: int, resize: int | None, interpolation: str = "bilinear"
) -> NDArray[np.uint8]:
    """Resize and crop images like the network's input.

    Pillow's antialiased filters replace those of torch, which produced the network's input. They are equal up
    to rounding, and importing torch takes seconds.

    Parameters
    ----------
    pixels : array of uint8, shape (n_images, height, width, 1 or 3).
    size : height and width of the network's input.
    resize : height and width to which images are resized first, at least ``size``; None for ``size``.
    interpolation : ``bilinear``, ``bicubic`` or ``nearest``.

    Returns
    -------
    array of uint8, shape (n_images, size, size, n_channels), a view if no resizing was needed.
    """
    resize = resize or size
    pixels = resized(pixels, (resize, resize), Image.Resampling[interpolation.upper()])
    start = round((resize - size) / 2)  # as in census.networks.preprocess
    return pixels[:, start : start + size, start : start + size]


def cut(images: NDArray[np.uint8], corners: NDArray[np.integer], size: tuple[int, int]) -> Patches:
    """Cut one patch from each image.

    Parameters
    ----------
    images : array of uint8, shape (n_patches, height, width, n_channels).
    corners : array of int, shape (n_patches, 2), first row and column of each patch; may be outside images.
    size : height and width of the patches.
    """
    height, width = images.shape[1:3]
    rows, columns = (corners[:, [axis]] + np.arange(size[axis]) for axis in (0, 1))
    inside = _within(rows, height)[:, :, None] & _within(columns, width)[:, None, :]
    which = np.arange(len(images))[:, None, None]
    nearest = rows.clip(0, height - 1)[:, :, None], columns.clip(0, width - 1)[:, None, :]
    return Patches(images[which, *nearest], inside)


def _within(places: NDArray[np.integer], end: int) -> NDArray[np.bool_]:
    return (places >= 0) & (places < end)


def shrink(patches: Patches, largest: int) -> Patches:
    """Shrink patches to at most ``largest`` pixels along their longer side; smaller ones are unchanged.

    A pixel is the mean of the area that it covers; it is inside if at least half of that area is.
    """
    size = shrunk_size(patches.inside.shape[1:], largest)
    if size == patches.inside.shape[1:]:
        return patches
    covered = resized(patches.inside[..., None].astype(np.uint8) * 255, size, Image.Resampling.BOX)
    return Patches(resized(patches.pixels, size, Image.Resampling.BOX), covered[..., 0] >= 128)


def neutral_outside(patches: Patches) -> NDArray[np.float32]:
    """Return patches in which pixels outside the image do not deviate from the mean patch.

    A pixel outside the image gets its mean over the patches that have it inside. Repeated border pixels would
    appear as stripes in components of the deviations.

    Returns
    -------
    array of float32, shape (n_patches, height, width, n_channels), from 0 to 255; 0 for pixels that are
    outside in all patches.
    """
    inside = patches.inside[..., None]
    total = np.sum(patches.pixels, axis=0, dtype=np.float64, where=inside)
    mean = total / np.maximum(inside.sum(0), 1)
    return np.where(inside, patches.pixels, mean).astype(np.float32)
