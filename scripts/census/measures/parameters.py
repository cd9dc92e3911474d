"""Parameters that several measures share."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge


@dataclass(frozen=True)
class ImageResamples:
    """Intervals by resampling images."""

    resamples: Annotated[int, Ge(100)] = 1000
    """Bootstrap resamples of the images for each 95 % interval."""


@dataclass(frozen=True)
class UnitResamples:
    """Intervals by resampling units."""

    resamples: Annotated[int, Ge(100)] = 1000
    """Bootstrap resamples of the units for each 95 % interval."""
