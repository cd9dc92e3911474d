"""Gradient ascent on pictures, for many units of a layer at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx

from census.ascent.objectives import OBJECTIVES
from census.ascent.parametrizations import PARAMETRIZATIONS, Parametrization
from census.ascent.transformations import jitter
from census.networks.graph import Recorder, as_maps
from census.networks.layers import Layer
from census.networks.preprocess import Preprocess


@dataclass(frozen=True)
class Settings:
    """How pictures climb.

    Attributes
    ----------
    steps : number of steps.
    step_size : root mean square of the first step's change of pixels between black, 0, and white, 1 (of what
        goes into Fourier's sigmoid); steps become shorter, down to almost 0 at the end.
    parametrization : ``pixels`` or ``fourier``.
    jitter : pixels by which pictures are shifted at most, anew in each step.
    seed : of the noise from which pictures start, and of shifts.
    """

    steps: int
    step_size: float
    parametrization: str
    jitter: int
    seed: int


class Climbed(NamedTuple):
    """Pictures at the end of their ascents.

    Attributes
    ----------
    pictures : uint8 (pictures, size, size, channels), gray or RGB.
    path : float32 (pictures, steps + 1), the mean over positions of each picture's own unit, before its
        rectifier: ahead of each step, and last of the finished picture. NaN where an ascent diverged.
    responses : float32 (pictures, units), the mean over positions of all units of the layer, behind the
        rectifier, on the finished picture as it is in ``pictures``.
    """

    pictures: NDArray[np.uint8]
    path: NDArray[np.float32]
    responses: NDArray[np.float32]


class Ascent:
    """Makes pictures that drive units of one layer. The network is run up to that layer only.

    Parameters
    ----------
    network : traced, in evaluation mode; its weights need no gradients.
    layer : whose units. Without a rectifier, its own values are what is maximized.
    preprocess : how a picture becomes the network's input.
    shape : channels and size of a picture.
    settings : how pictures climb.
    device : ``cpu`` or ``cuda``.
    """

    def __init__(
        self,
        network: fx.GraphModule,
        layer: Layer,
        preprocess: Preprocess,
        shape: tuple[int, int],
        settings: Settings,
        device: str = "cpu",
    ) -> None:
        self._preprocess, self._shape, self._settings = preprocess, shape, settings
        self._device, self._units_axis = device, layer.units_axis
        network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._recorder = Recorder(network, {"before": layer.before or layer.node, "behind": layer.node})

    def climb(self, units: NDArray[np.integer], seeds: NDArray[np.integer], objective: str) -> Climbed:
        """Make a picture for each pair of a unit and a seed, all in one batch.

        A picture depends on its own unit and seed only, not on what else is in the batch.

        Parameters
        ----------
        units, seeds : integer (pictures,); a unit's pictures differ in the noise that they start from.
        objective : a name in :data:`~census.ascent.objectives.OBJECTIVES`.
        """
        own = torch.from_numpy(units.astype(np.int64)).to(self._device)
        parametrization = PARAMETRIZATIONS[self._settings.parametrization](self._noise(units, seeds))
        path = [*self._climb(parametrization, own, objective)]
        with torch.no_grad():
            pictures = parametrization.pictures().round().to(torch.uint8)
            target, responses = self._read(self._preprocess.normalize(pictures.float()), own)
            path.append(target)
        return Climbed(
            pictures.permute(0, 2, 3, 1).cpu().numpy(),
            torch.stack(path, 1).cpu().numpy(),
            responses.cpu().numpy(),
        )

    def _noise(self, units: NDArray[np.integer], seeds: NDArray[np.integer]) -> Tensor:
        """Return standard normal noise, float32 (pictures, channels, size, size)."""
        channels, size = self._shape
        drawn = [
            np.random.default_rng([self._settings.seed, int(seed), int(unit)]).standard_normal(
                (channels, size, size), np.float32
            )
            for unit, seed in zip(units, seeds, strict=True)
        ]
        return torch.from_numpy(np.stack(drawn)).to(self._device)

    def _climb(self, parametrization: Parametrization, units: Tensor, objective: str) -> Iterator[Tensor]:
        """Climb, and yield the targets, float (pictures,), ahead of each step."""
        settings, maximized = self._settings, OBJECTIVES[objective]
        random = np.random.default_rng([settings.seed])
        for step in range(settings.steps):
            pictures = jitter(parametrization.pictures(), settings.jitter, random)
            target, responses = self._read(self._preprocess.normalize(pictures), units)
            total = maximized(target, responses, units).sum()
            (gradient,) = torch.autograd.grad(total, parametrization.parameters)
            yield target.detach()
            # of the same length whatever the layer's scale; none where there is no way up, or no number
            length = gradient.square().mean(dim=tuple(range(1, gradient.ndim)), keepdim=True).sqrt()
            direction = torch.where((length > 0) & length.isfinite(), gradient / length, 0)
            parametrization.climb(settings.step_size * (1 - step / settings.steps) * direction)

    def _read(self, images: Tensor, units: Tensor) -> tuple[Tensor, Tensor]:
        """Return means over positions: of each picture's own unit before its rectifier, of all units behind.

        Parameters
        ----------
        images : preprocessed.
        units : each picture's own unit.
        """
        rows = torch.arange(len(units), device=units.device)
        means = {}
        for name, values in self._recorder(images):
            maps = as_maps(values, self._units_axis)
            means[name] = (maps[rows, :, :, units] if name == "before" else maps).mean((1, 2))
        return means["before"], means["behind"]
