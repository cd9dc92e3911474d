"""Parameters that several measures share."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le


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


@dataclass(frozen=True)
class Rotations:
    """Comparison of the unit basis with rotated ones."""

    rotations: Annotated[int, Ge(20), Le(10000)] = 200
    """Random rotations with which the unit basis is compared."""
