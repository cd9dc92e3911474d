"""What of an image activation maximization changes: its pixels, or its frequencies.

Each makes images in the range of stored ones, array of float32, shape (n_images, n_channels, size, size) from
0 to 255, of parameters that start as noise: from the same noise, the same image.
"""

from typing import Protocol

import torch
from torch import Tensor

SPREAD = 0.1  # standard deviation of the first image around middle gray, as a share of black to white


class Parametrization(Protocol):
    """Parameters of images, and the images that they stand for."""

    parameters: Tensor

    def images(self) -> Tensor:
        """Return the images, through which gradients reach the parameters."""

    def update(self, change: Tensor) -> None:
        """Add a change to the parameters, in place; what leaves the range of images is brought back."""


class Pixels:
    """Plain pixels, as Chen et al. (2018) has them; none darker than black or lighter than white.

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
    """Frequencies, each weighted by one over itself, as in natural images; brought into range by a sigmoid.

    Low frequencies change fastest then, and images become smooth enough to look at.

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
        # the mean of an image has frequency 0: it changes as the slowest wave does
        weights = 1 / (rows.square() + columns.square()).sqrt().clamp(min=1 / self._size)
        self._weights = weights / weights.square().mean().sqrt()
        # a sigmoid at 0 is four times as flat as a line from black to white
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
