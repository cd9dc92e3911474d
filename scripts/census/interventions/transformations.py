"""Random transformations of images during their optimization, so that what they show is robust."""

import numpy as np
import torch.nn.functional as F
from torch import Tensor


def jitter(images: Tensor, pixels: int, random: np.random.Generator) -> Tensor:
    """Shift all images by the same random number of pixels; what comes in at the border mirrors them.

    Parameters
    ----------
    images : tensor of float, shape (n_images, n_channels, size, size).
    pixels : the most by which an image is shifted in either direction, less than its size; 0 for not at all.
    random : draws the shift.

    Returns
    -------
    float, of the same shape.
    """
    if pixels == 0:
        return images
    size = images.shape[-1]
    row, column = random.integers(2 * pixels + 1, size=2)
    padded = F.pad(images, [pixels] * 4, mode="reflect")
    return padded[:, :, row : row + size, column : column + size]
