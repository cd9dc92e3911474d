"""Parameters of activation maximization; :mod:`census.interventions.maximization` makes the images."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from census.measures.declaration import Measure


@dataclass(frozen=True)
class Parameters:
    """Activation-maximization images of single units, made by gradient ascent."""

    steps: Annotated[int, Ge(1)] = 96
    """Largest number of optimization steps per image. An image has converged if its objective gained less
    than 1 % over the last sixth of its steps, of at least 24."""
    step_size: Annotated[float, Gt(0)] = 0.2
    """Root mean square of the first step's change of pixels between black, 0, and white, 1. Step sizes adapt
    to the objective."""
    seeds: Annotated[int, Ge(1), Le(100)] = 3
    """Images per unit, each started from different noise."""
    parametrization: Literal["pixels", "fourier"] = "pixels"
    """Parameters of an image that are optimized: its pixels, as in the paper; or Fourier coefficients
    weighted by the inverse of their frequency, for images that are easier to look at."""
    jitter: Annotated[int, Ge(0)] = 0
    """Largest random shift of an image in pixels, drawn anew in each step. With shifts, all steps are done,
    and step sizes decrease to almost 0."""
    batch: Annotated[int, Ge(1)] = 96
    """Largest number of images optimized at once. A CPU runs fewer, if their activations would not fit into
    its cache."""


measure = Measure(
    name="activation_maximization",
    title="Activation-maximization images",
    reads={},
    jobs="units",
    tables={},
    compute=None,
    has_arrays=True,
    parameters=Parameters,
)
