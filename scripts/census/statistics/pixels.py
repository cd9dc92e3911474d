"""Images as arrays of pixels: conversion to Pillow and resizing with its filters."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def as_image(pixels: NDArray[np.uint8]) -> Image.Image:
    """Return a Pillow image of pixels (y, x, 1 or 3); gray images in Pillow have no channel axis."""
    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels))


def resized(
    pixels: NDArray[np.uint8], size: tuple[int, int], resample: Image.Resampling
) -> NDArray[np.uint8]:
    """Resize images, uint8, shape (image, y, x, 1 or 3), to a height and width."""
    if pixels.shape[1:3] == size:
        return pixels
    found = np.empty((len(pixels), *size, pixels.shape[3]), np.uint8)
    for image, place in zip(pixels, found, strict=True):
        place[:] = np.asarray(as_image(image).resize(size[::-1], resample)).reshape(place.shape)
    return found


def shrunk_size(size: tuple[int, int], largest: int) -> tuple[int, int]:
    """Return a size shrunk in proportion to at most ``largest`` pixels along the longer side."""
    factor = min(1.0, largest / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))
