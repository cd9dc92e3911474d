"""The parameters of the claims."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge


@dataclass(frozen=True)
class Parameters:
    """Tests of the studies' claims."""

    resamples: Annotated[int, Ge(100)] = 1000
    """Bootstrap resamples for each 95 % interval: of units, of images, or of the claim's other items."""
