"""Parameters of feature visualization; :mod:`census.interventions.maximization` makes the images.

References
----------
Olah, Mordvintsev & Schubert (2017), Feature visualization, Distill.
"""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le

from census.measures.declaration import Measure


@dataclass(frozen=True)
class Parameters:
    """Images of single units for viewing; no result is computed from them."""

    units_per_layer: Annotated[int, Ge(0), Le(32)] = 3
    """Units of each layer that get an image: the first of its per-unit analyses, which figures show, too. 0
    for none."""
    steps: Annotated[int, Ge(1)] = 32
    """Optimization steps per image."""
    step_size: Annotated[float, Gt(0)] = 0.1
    """Root mean square of the first step's change of the Fourier coefficients. Step sizes decrease to almost
    0."""
    jitter: Annotated[float, Ge(0), Le(0.5)] = 0.05
    """Largest random shift of an image in each step, as a share of its height."""


measure = Measure(
    name="feature_visualization",
    title="Feature visualization",
    reads={},
    tables={},
    compute=None,
    jobs="run",
    parameters=Parameters,
    where=lambda run: run.has_visualizations,
    has_arrays=True,
)
