"""What of a picture an ascent changes: its pixels, or its frequencies.

Each makes pictures in the range of stored ones, float32 (pictures, channels, size, size) from 0 to 255, of
parameters that start as noise: from the same noise, the same picture.
"""

from typing import Protocol

import torch
from torch import Tensor

SPREAD = 0.1  # standard deviation of the first picture around middle gray, as a share of black to white


class Parametrization(Protocol):
    """Parameters of pictures, and the pictures that they stand for."""

    parameters: Tensor

    def pictures(self) -> Tensor:
        """Return the pictures, through which gradients reach the parameters."""

    def climb(self, change: Tensor) -> None:
        """Add a change to the parameters, in place; what leaves the range of pictures is brought back."""


class Pixels:
    """Plain pixels, as S3 has them; none darker than black or lighter than white.

    Parameters
    ----------
    noise : float32 (pictures, channels, size, size), standard normal.
    """

    def __init__(self, noise: Tensor) -> None:
        self.parameters = (0.5 + SPREAD * noise).clamp(0, 1).requires_grad_()

    def pictures(self) -> Tensor:
        """Return the pictures, through which gradients reach the parameters."""
        return 255 * self.parameters

    @torch.no_grad()
    def climb(self, change: Tensor) -> None:
        """Add a change to the parameters, in place; what leaves the range of pictures is brought back."""
        self.parameters.add_(change).clamp_(0, 1)


class Fourier:
    """Frequencies, each weighted by one over itself, as in natural images; brought into range by a sigmoid.

    Low frequencies climb fastest then, and pictures become smooth enough to look at.

    Parameters
    ----------
    noise : float32 (pictures, channels, size, size), standard normal.

    References
    ----------
    Olah, Mordvintsev & Schubert (2017), Feature visualization, Distill: preconditioning.
    """

    def __init__(self, noise: Tensor) -> None:
        self._size = noise.shape[-1]
        rows = torch.fft.fftfreq(self._size, device=noise.device)[:, None]
        columns = torch.fft.rfftfreq(self._size, device=noise.device)
        # the mean of a picture has frequency 0: it climbs as the slowest wave does
        weights = 1 / (rows.square() + columns.square()).sqrt().clamp(min=1 / self._size)
        self._weights = weights / weights.square().mean().sqrt()
        # a sigmoid at 0 is four times as flat as a line from black to white
        spectrum = torch.fft.rfft2(4 * SPREAD * noise, norm="ortho")
        self.parameters = torch.view_as_real(spectrum).contiguous().requires_grad_()

    def pictures(self) -> Tensor:
        """Return the pictures, through which gradients reach the parameters."""
        spectrum = torch.view_as_complex(self.parameters) * self._weights
        size = (self._size, self._size)
        return 255 * torch.sigmoid(torch.fft.irfft2(spectrum, s=size, norm="ortho"))

    @torch.no_grad()
    def climb(self, change: Tensor) -> None:
        """Add a change to the parameters, in place."""
        self.parameters.add_(change)


PARAMETRIZATIONS: dict[str, type[Pixels] | type[Fourier]] = {"pixels": Pixels, "fourier": Fourier}
