"""Random transformations of images during optimization, for robust results."""

import numpy as np
import torch.nn.functional as F
from torch import Tensor


def jitter(images: Tensor, pixels: int, random: np.random.Generator) -> Tensor:
    """Shift all images by the same random number of pixels, with reflection at the border.

    Parameters
    ----------
    images : tensor of float, shape (n_images, n_channels, size, size).
    pixels : largest shift in either direction, less than the image size; 0 for no shift.
    random : generator of the shift.

    Returns
    -------
    tensor of float, of the same shape.
    """
    if pixels == 0:
        return images
    size = images.shape[-1]
    row, column = random.integers(2 * pixels + 1, size=2)
    padded = F.pad(images, [pixels] * 4, mode="reflect")
    return padded[:, :, row : row + size, column : column + size]
