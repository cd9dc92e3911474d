"""Parametrizations of images for activation maximization: pixels or spatial frequencies.

Each returns images from 0 to 255, tensor of float32, shape (n_images, n_channels, size, size). Parameters
start as noise; the same noise gives the same image.
"""

from typing import Protocol

import torch
from torch import Tensor

SPREAD = 0.1  # standard deviation of the initial image around middle gray; black is 0, white is 1
# Square root of the covariance of red, green and blue in photographs of ImageNet, from Lucid, the software of
# Olah et al. (2017); columns are lightness, blue to orange, and green to magenta.
COLORS = ((0.26, 0.09, 0.02), (0.27, 0.0, -0.05), (0.27, -0.09, 0.03))


class Parametrization(Protocol):
    """Parameters of images, and the images that they define.

    Attributes
    ----------
    start : tensor of float32, shape (n_images, …), the first parameters.
    """

    start: Tensor

    def images(self, parameters: Tensor) -> Tensor:
        """Return the images, through which gradients reach the parameters."""

    def free(self, parameters: Tensor, gradient: Tensor) -> Tensor:
        """Return the gradient without what would lead out of the range of images."""

    def within(self, parameters: Tensor) -> Tensor:
        """Return parameters of images in the range of stored ones."""


class Pixels:
    """Pixels, as in Chen et al. (2018), clipped to the range from black to white.

    Parameters
    ----------
    noise : tensor of float32, shape (n_images, n_channels, size, size), standard normal.
    """

    def __init__(self, noise: Tensor) -> None:
        self.start = self.within(0.5 + SPREAD * noise)

    def images(self, parameters: Tensor) -> Tensor:
        """Return the images, through which gradients reach the parameters."""
        return 255 * parameters

    def free(self, parameters: Tensor, gradient: Tensor) -> Tensor:
        """Return the gradient without what would make black darker, and white brighter."""
        is_outward = ((parameters <= 0) & (gradient < 0)) | ((parameters >= 1) & (gradient > 0))
        return gradient.masked_fill(is_outward, 0)

    def within(self, parameters: Tensor) -> Tensor:
        """Return the parameters, clipped."""
        return parameters.clamp(0, 1)


class Fourier:
    """Spatial frequencies weighted by 1/frequency, as in natural images, followed by a sigmoid.

    With these weights low frequencies change fastest, which makes images smooth. In color images,
    channels are uncorrelated colors, of which lightness changes fastest. All parameters are in range.

    Parameters
    ----------
    noise : tensor of float32, shape (n_images, n_channels, size, size), standard normal.

    References
    ----------
    Olah, Mordvintsev & Schubert (2017), Feature visualization, Distill: preconditioning.
    """

    def __init__(self, noise: Tensor) -> None:
        self._size = noise.shape[-1]
        rows = torch.fft.fftfreq(self._size, device=noise.device)[:, None]
        columns = torch.fft.rfftfreq(self._size, device=noise.device)
        # the image's mean, with frequency 0, gets the weight of the lowest frequency
        weights = 1 / (rows.square() + columns.square()).sqrt().clamp(min=1 / self._size)
        self._weights = weights / weights.square().mean().sqrt()
        colors = torch.tensor(COLORS if noise.shape[1] == 3 else [[1.0]], device=noise.device)
        self._colors = colors / colors.norm(dim=0).max()
        # the slope of a sigmoid at 0 is 1/4
        self.start = torch.view_as_real(torch.fft.rfft2(4 * SPREAD * noise, norm="ortho")).contiguous()

    def images(self, parameters: Tensor) -> Tensor:
        """Return the images, through which gradients reach the parameters."""
        spectrum = torch.view_as_complex(parameters) * self._weights
        size = (self._size, self._size)
        channels = torch.fft.irfft2(spectrum, s=size, norm="ortho")
        return 255 * torch.sigmoid(torch.einsum("dc,bcyx->bdyx", self._colors, channels))

    def free(self, parameters: Tensor, gradient: Tensor) -> Tensor:
        """Return the gradient."""
        return gradient

    def within(self, parameters: Tensor) -> Tensor:
        """Return the parameters."""
        return parameters


PARAMETRIZATIONS: dict[str, type[Pixels] | type[Fourier]] = {"pixels": Pixels, "fourier": Fourier}
