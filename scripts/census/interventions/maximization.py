"""Activation maximization: gradient ascent on images, for many units of a layer at once."""

import contextlib
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from census.interventions.objectives import OBJECTIVES, Objective
from census.interventions.parametrizations import PARAMETRIZATIONS, Parametrization
from census.interventions.transformations import jitter
from census.measures.substitution import GAIN, LEAST_STEPS, PART
from census.networks.layers import Layer
from census.networks.maps import as_maps
from census.networks.prepared import Prepared
from census.statistics.streams import stream

LONGER, SHORTER = 1.1, 0.5  # factors of the step size, if a step raised the objective, and if it did not


@dataclass(frozen=True)
class Settings:
    """Settings of the optimization.

    Attributes
    ----------
    steps : largest number of images that are evaluated, of which the first is noise.
    step_size : root mean square of the first step's change of pixels, on a scale from black, 0, to white, 1
        (for ``fourier``, of the sigmoid's argument).
    parametrization : ``pixels`` or ``fourier``.
    jitter : largest random shift of images in each step, in pixels.
    seed : seed of the initial noise and of shifts.
    """

    steps: int
    step_size: float
    parametrization: str
    jitter: int
    seed: int


class Optimized(NamedTuple):
    """Optimized images.

    Attributes
    ----------
    images : array of uint8, shape (n_images, size, size, n_channels), gray or RGB.
    trajectory : array of float32, shape (n_images, n_steps + 1), the objective's value on the first image and
        after each later step, and at the end that after rounding to ``images``. It is constant after an
        optimization has converged. NaN if no value was finite, or the layer has no gradient with respect to
        the image.
    responses : array of float32, shape (n_images, n_units), the mean over positions of all units of the
        layer, after the nonlinearity, on ``images``; NaN if no step had a finite value.
    """

    images: NDArray[np.uint8]
    trajectory: NDArray[np.float32]
    responses: NDArray[np.float32]


class Maximization:
    """Make images that maximize the activation of units in one layer; the network runs up to that layer only.

    Parameters
    ----------
    prepared : the network; gradients of its weights are switched off.
    layer : the layer of the units. Without a nonlinearity, its own values are maximized.
    settings : settings of the optimization.

    Attributes
    ----------
    has_gradient : whether a gradient of the layer reaches the image. If not, trajectories are NaN.
    """

    def __init__(self, prepared: Prepared, layer: Layer, settings: Settings) -> None:
        prepared.network.requires_grad_(False)
        self._preprocess, self._settings = prepared.preprocess, settings
        self._device, self._units_axis, self._layer = prepared.device, layer.units_axis, layer.name
        # number of channels and size of an image
        self._shape = prepared.images.shape[1:3]
        entering = {"preactivation": layer.node} if layer.preactivation else {}
        self._recorder = prepared.recorder({"after": layer.node}, entering)
        self._saves_copies = False
        try:
            self.has_gradient = self._try(prepared.images[:1].clone())
        except RuntimeError as error:
            if "modified by an inplace operation" not in str(error):
                raise
            self._saves_copies = True
            self.has_gradient = self._try(prepared.images[:1].clone())

    def _try(self, images: Tensor) -> bool:
        """Return whether a gradient reaches the image."""
        images.requires_grad_()
        with self._autograd():
            total = self._read(images, torch.zeros(1, dtype=torch.long, device=images.device))[0].sum()
            if not total.requires_grad:
                return False
            (gradient,) = torch.autograd.grad(total, images, allow_unused=True)
        return gradient is not None

    def _autograd(self) -> contextlib.AbstractContextManager[Any]:
        """Return the context of a forward and a backward pass.

        Some networks overwrite tensors that a gradient needs. Only for these, the context keeps copies, which
        take time.
        """
        if self._saves_copies:
            return torch.autograd.graph.allow_mutation_on_saved_tensors()
        return contextlib.nullcontext()

    def optimize(self, units: NDArray[np.integer], seeds: NDArray[np.integer], objective: str) -> Optimized:
        """Optimize an image for each pair of a unit and a seed, in one batch.

        An image depends on its own unit and seed only, not on the rest of the batch.

        Parameters
        ----------
        units, seeds : arrays of integer, shape (n_images,); a unit's images differ in their initial noise.
        objective : a name in :data:`~census.interventions.objectives.OBJECTIVES`.
        """
        own, maximized = torch.from_numpy(units.astype(np.int64)).to(self._device), OBJECTIVES[objective]
        parametrization = PARAMETRIZATIONS[self._settings.parametrization](self._noise(units, seeds))
        parameters, trajectory = self._optimize(parametrization, own, maximized)
        with torch.no_grad():
            images = parametrization.images(parameters).round().to(torch.uint8)
            target, responses = self._read(self._preprocess.normalize(images.float()), own)
            # an image that was never updated is noise, and its responses say nothing about its unit
            failed = trajectory.isnan().all(1)
            final = maximized(target, responses, own).masked_fill(failed, torch.nan)
            responses = responses.masked_fill(failed[:, None], torch.nan)
        return Optimized(
            images.permute(0, 2, 3, 1).cpu().numpy(),
            torch.cat([trajectory, final[:, None]], 1).cpu().numpy(),
            responses.cpu().numpy(),
        )

    def _noise(self, units: NDArray[np.integer], seeds: NDArray[np.integer]) -> Tensor:
        """Return standard normal noise, tensor of float32, shape (n_images, n_channels, size, size)."""
        channels, size = self._shape
        drawn = [
            stream(self._settings.seed, "noise", self._layer, seed, unit).standard_normal(
                (channels, size, size), np.float32
            )
            for unit, seed in zip(units, seeds, strict=True)
        ]
        return torch.from_numpy(np.stack(drawn)).to(self._device)

    def _optimize(
        self, parametrization: Parametrization, units: Tensor, maximized: Objective
    ) -> tuple[Tensor, Tensor]:
        """Optimize each image until it has converged.

        A step that does not raise the objective is taken back, and the next one is shorter. Random shifts
        change the objective as well: with them, all steps count, and step sizes decrease to almost 0.

        Returns
        -------
        parameters : of the optimized images.
        trajectory : tensor of float, shape (n_images, n_steps), the objective's value after each step, that
            of the first image first; NaN before it was finite.
        """
        settings = self._settings
        random = stream(settings.seed, "jitter", self._layer)
        best, candidates = parametrization.start.clone(), parametrization.start.clone()
        gradients = torch.zeros_like(best)
        sizes = torch.full((len(units), *[1] * (best.ndim - 1)), settings.step_size, device=best.device)
        trajectory = torch.full((len(units), settings.steps), torch.nan, device=best.device)
        values = torch.full_like(trajectory[:, 0], -torch.inf)
        rows = torch.arange(len(units), device=best.device)
        for step in range(settings.steps if self.has_gradient else 0):
            parameters = candidates[rows].requires_grad_()
            with self._autograd():
                images = jitter(parametrization.images(parameters), settings.jitter, random)
                target, responses = self._read(self._preprocess.normalize(images), units[rows])
                found = maximized(target, responses, units[rows])
                (gradient,) = torch.autograd.grad(found.sum(), parameters)
            found, parameters = found.detach(), parameters.detach()
            is_kept = found.isfinite()
            if not settings.jitter:
                is_kept &= found > values[rows]
            kept = rows[is_kept]
            best[kept], values[kept] = parameters[is_kept], found[is_kept]
            gradients[kept] = _normalized(parametrization.free(parameters, gradient))[is_kept]
            trajectory[:, step] = values
            if settings.jitter:
                sizes.fill_(settings.step_size * (1 - step / settings.steps))
            else:
                sizes[kept] *= LONGER
                sizes[rows[~is_kept]] *= SHORTER
                rows = rows[~_converged(trajectory[rows, : step + 1])]
                if not len(rows):
                    trajectory[:, step:] = values[:, None]
                    break
            candidates[rows] = parametrization.within(best[rows] + sizes[rows] * gradients[rows])
        return best, trajectory.masked_fill(trajectory.isneginf(), torch.nan)

    def _read(self, images: Tensor, units: Tensor) -> tuple[Tensor, Tensor]:
        """Return the target of each image, and the responses of all units to it.

        A target is the response of the image's own unit. A unit that is 0 at all positions has no gradient.
        Then the target is the mean of its pre-activation, until the unit is active.

        Parameters
        ----------
        images : preprocessed.
        units : each image's own unit.

        Returns
        -------
        targets : array of float, shape (n_images,).
        responses : array of float, shape (n_images, n_units), means over positions.
        """
        rows = torch.arange(len(units), device=units.device)
        found: dict[str, Tensor] = {}

        def take(name: str, values: Tensor) -> None:
            # summarized immediately, because the next operation may write to the values
            maps = as_maps(values, self._units_axis)
            own = maps[rows, :, :, units]
            if name == "preactivation":
                found["preactivation"] = own.mean((1, 2))
            else:
                found["responses"], found["active"] = maps.mean((1, 2)), (own != 0).any(2).any(1)

        self._recorder(images, take)
        responses = found["responses"]
        own = responses[rows, units]
        return torch.where(found["active"], own, found.get("preactivation", own)), responses


def _normalized(gradients: Tensor) -> Tensor:
    """Return gradients with a root mean square of 1, whatever the layer's scale; 0 if not finite, or 0."""
    length = gradients.square().mean(dim=tuple(range(1, gradients.ndim)), keepdim=True).sqrt()
    return torch.where((length > 0) & length.isfinite(), gradients / length, 0)


def _converged(trajectories: Tensor) -> Tensor:
    """Return which optimizations have gained little over the last part of their steps.

    Parameters
    ----------
    trajectories : tensor of float, shape (n_images, n_steps), with the values so far.
    """
    n_steps = trajectories.shape[1]
    if n_steps < LEAST_STEPS:
        return torch.zeros(len(trajectories), dtype=torch.bool, device=trajectories.device)
    values = trajectories[:, -1]
    # of the first value, which is −∞ as long as none is finite, the difference is NaN
    return ~(values - trajectories[:, -1 - n_steps // PART] >= GAIN * values.abs())
