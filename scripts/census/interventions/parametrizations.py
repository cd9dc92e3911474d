"""Parametrizations of images for activation maximization: pixels or spatial frequencies.

Each returns images from 0 to 255, tensor of float32, shape (n_images, n_channels, size, size). Parameters
start as noise; the same noise gives the same image.
"""

from typing import Protocol

import torch
from torch import Tensor

SPREAD = 0.1  # standard deviation of the initial image around middle gray; black is 0, white is 1


class Parametrization(Protocol):
    """Parameters of images, and the images that they define."""

    parameters: Tensor

    def images(self) -> Tensor:
        """Return the images, through which gradients reach the parameters."""

    def update(self, change: Tensor) -> None:
        """Add a change to the parameters, in place; what leaves the range of images is brought back."""


class Pixels:
    """Pixels, as in Chen et al. (2018), clipped to the range from black to white.

    Parameters
    ----------
    noise : tensor of float32, shape (n_images, n_channels, size, size), standard normal.
    """

    def __init__(self, noise: Tensor) -> None:
        self.parameters = (0.5 + SPREAD * noise).clamp(0, 1).requires_grad_()

    def images(self) -> Tensor:
        """Return the images, through which gradients reach the parameters."""
        return 255 * self.parameters

    @torch.no_grad()
    def update(self, change: Tensor) -> None:
        """Add a change to the parameters, in place; what leaves the range of images is brought back."""
        self.parameters.add_(change).clamp_(0, 1)


class Fourier:
    """Spatial frequencies weighted by 1/frequency, as in natural images, followed by a sigmoid.

    With these weights low frequencies change fastest, which makes images smooth.

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
        # the slope of a sigmoid at 0 is 1/4
        spectrum = torch.fft.rfft2(4 * SPREAD * noise, norm="ortho")
        self.parameters = torch.view_as_real(spectrum).contiguous().requires_grad_()

    def images(self) -> Tensor:
        """Return the images, through which gradients reach the parameters."""
        spectrum = torch.view_as_complex(self.parameters) * self._weights
        size = (self._size, self._size)
        return 255 * torch.sigmoid(torch.fft.irfft2(spectrum, s=size, norm="ortho"))

    @torch.no_grad()
    def update(self, change: Tensor) -> None:
        """Add a change to the parameters, in place."""
        self.parameters.add_(change)


PARAMETRIZATIONS: dict[str, type[Pixels] | type[Fourier]] = {"pixels": Pixels, "fourier": Fourier}
