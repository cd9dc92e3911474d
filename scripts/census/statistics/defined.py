"""Statistics of those values that are defined."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def over_defined(statistic: Callable[[Any], Any], values: NDArray[np.floating]) -> float:
    """Return a statistic of the values that are not NaN; NaN where none is left."""
    defined = values[~np.isnan(values)]
    return float(statistic(defined)) if len(defined) else float("nan")


def finite_mean(values: NDArray[np.floating]) -> float:
    """Return the mean of the finite values; NaN where there are none."""
    return over_defined(np.mean, values[np.isfinite(values)])
