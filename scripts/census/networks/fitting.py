"""Find the config's ``input`` that reproduces the preprocessing of another library, by testing it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from census.errors import StudyError
from census.networks.preprocess import INTERPOLATIONS, Preprocess

# largest mean difference in gray levels; libraries round pixels when they resize
TOLERANCE = 1.0


def fit_input(process: Callable[[Image.Image], Tensor], what: str) -> dict[str, Any]:
    """Return the ``input`` that reproduces a preprocessing function.

    Parameters
    ----------
    process : maps an RGB image to a tensor of float, shape (n_channels, height, width).
    what : beginning of error messages: the key and the name of the preprocessing.

    Returns
    -------
    all keys of ``input`` in the config, without ``size``, ``resize`` and ``interpolation`` if the result has
    the size of the image.

    Raises
    ------
    StudyError : no ``input`` reproduces it, for example because the result is not square.
    """

    def tried(pixels: np.ndarray) -> np.ndarray:
        try:
            result = np.asarray(process(Image.fromarray(pixels.astype(np.uint8))), dtype=np.float64)
        except Exception as error:  # whatever another library raises
            raise StudyError(
                f"{what} fails ({type(error).__name__}: {error}); give all keys of input"
            ) from error
        if result.ndim != 3 or len(result) not in (1, 3):
            raise StudyError(f"{what} gives no image, but shape {result.shape}; give all keys of input")
        return result

    def flat(red: int, green: int, blue: int, side: int = 512) -> np.ndarray:
        return np.full((side, side, 3), (red, green, blue), np.uint8)

    def center(pixels: np.ndarray) -> np.ndarray:
        result = tried(pixels)
        return result[:, result.shape[1] // 2, result.shape[2] // 2]

    black, white = center(flat(0, 0, 0)), center(flat(255, 255, 255))
    if not (white > black).all():
        raise StudyError(f"{what} makes white no brighter than black; give all keys of input")
    red = (center(flat(255, 0, 0)) - black) / (white - black)
    color = "gray" if len(black) == 1 else "RGB" if red[0] > 0.5 else "BGR"
    std = 1 / (white - black)
    found: dict[str, Any] = {
        "color": color,
        "range": 1,
        "mean": [round(float(value), 6) for value in -black * std],
        "std": [round(float(value), 6) for value in std],
    }
    shape = tried(flat(0, 0, 0)).shape[1:]
    if shape[0] != shape[1]:
        raise StudyError(
            f"{what} gives images of {shape[0]}×{shape[1]} pixels; only squares can be processed"
        )
    fixed = tried(flat(0, 0, 0, side=500)).shape[1:] == shape
    size = shape[0]
    pixels = _shapes(2 * size if fixed else size)
    expected = tried(pixels)
    # the slope of a ramp from black to white gives the scale factor
    ramp = np.broadcast_to(np.linspace(0, 255, len(pixels))[:, None], pixels.shape)
    steps = (tried(ramp.round())[0] * std[0]).mean(0)[size // 8 : size - size // 8] * 255
    resize = round(
        255 * len(pixels) / (len(pixels) - 1) / max(np.polyfit(np.arange(len(steps)), steps, 1)[0], 0.1)
    )
    candidates = [
        found | {"size": size, "resize": max(each, size), "interpolation": name}
        for each in range(resize - 1, resize + 2)
        for name in INTERPOLATIONS
    ]
    differences = [
        float(np.abs((Preprocess(each)(pixels[None])[0].numpy() - expected) * std[:, None, None]).mean())
        * 255
        for each in candidates
    ]
    best = candidates[int(np.argmin(differences))]
    if min(differences) > TOLERANCE:
        raise StudyError(
            f"{what} cannot be expressed by the keys of input: the nearest differs by "
            f"{min(differences):.1f} gray levels; give all keys of input"
        )
    return best if fixed else found


def _shapes(side: int) -> np.ndarray:
    """Return an RGB image of waves of several wavelengths, with edges."""
    y, x = np.mgrid[:side, :side] / side
    waves = [
        np.sin(2 * np.pi * count * (x * np.cos(turn) + y * np.sin(turn)))
        for count, turn in ((3, 0.2), (11, 1.1), (29, 2.3))
    ]
    edges = np.sign(waves[0] * waves[1])
    return np.stack([127 + 60 * wave + 60 * edges for wave in waves], -1).round().astype(np.uint8)
