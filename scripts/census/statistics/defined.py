"""Statistics of the values that are defined."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def over_defined(statistic: Callable[[Any], Any], values: NDArray[np.floating]) -> float:
    """Return a statistic of the values that are not NaN; NaN if none is left."""
    defined = values[~np.isnan(values)]
    return float(statistic(defined)) if len(defined) else float("nan")


def mean_over(values: NDArray[np.floating], axis: int = 0) -> NDArray[np.float64]:
    """Return the mean along an axis of the values that are not NaN; NaN if none is left.

    Parameters
    ----------
    values : array of float, shape (…, n, …).
    axis : the axis of length n.

    Returns
    -------
    array of float64, shape (…, …).
    """
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        mean: NDArray[np.float64] = np.where(known, values, 0).sum(axis) / known.sum(axis)
    return mean


def finite_mean(values: NDArray[np.floating]) -> float:
    """Return the mean of the finite values; NaN if there are none."""
    return over_defined(np.mean, values[np.isfinite(values)])


def varying(values: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the indices of columns whose values are finite and not constant.

    Parameters
    ----------
    values : array of float, shape (n_images, n_units), at least one image.

    Returns
    -------
    array of int64, shape (n,), in ascending order.
    """
    with np.errstate(invalid="ignore"):
        return np.flatnonzero(np.isfinite(values).all(0) & (np.ptp(values, axis=0) > 0))
