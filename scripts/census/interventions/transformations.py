"""What is done to pictures before a network sees them while they climb, so that what they show is robust."""

import numpy as np
import torch.nn.functional as F
from torch import Tensor


def jitter(pictures: Tensor, pixels: int, random: np.random.Generator) -> Tensor:
    """Shift all pictures by the same random number of pixels; what comes in at the border mirrors them.

    Parameters
    ----------
    pictures : float (pictures, channels, size, size).
    pixels : the most by which a picture is shifted in either direction, less than its size; 0 for not at all.
    random : draws the shift.

    Returns
    -------
    float, of the same shape.
    """
    if pixels == 0:
        return pictures
    size = pictures.shape[-1]
    row, column = random.integers(2 * pixels + 1, size=2)
    padded = F.pad(pictures, [pixels] * 4, mode="reflect")
    return padded[:, :, row : row + size, column : column + size]
