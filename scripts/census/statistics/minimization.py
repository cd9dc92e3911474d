"""Minimization of many functions of one number at once, each in an interval of its own."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
GOLDEN = (3 - np.sqrt(5)) / 2  # the smaller part of a golden section


class Minimum(NamedTuple):
    """The best points that were tried, and the functions' values there; of one shape.

    Attributes
    ----------
    point, value : float64; both are NaN for a function without a finite value at any point that was tried.
    """

    point: Floats
    value: Floats


def golden_section(function: Callable[[Floats], Floats], points: NDArray[np.floating], steps: int) -> Minimum:
    """Minimize functions of one number each by golden section.

    The search starts between the neighbors of the best of the first points. The value is never larger than at
    any of these. A function with a single minimum is minimized; of one with several, one of them is found.

    Parameters
    ----------
    function : from an array of float64, shape (…), an argument for each function, to their values, of the
        same shape; NaN where a function is undefined.
    points : array of float, shape (n_points, …), the first arguments; the search stays between the smallest
        and the largest. Of equally good ones the first counts.
    steps : number of further arguments; in the long run, each shortens the interval to 0.62 of its length.

    References
    ----------
    Kiefer (1953), Sequential minimax search for a maximum, Proceedings of the American Mathematical Society
    4.

    Examples
    --------
    >>> found = golden_section(lambda x: (x - [1, 5]) ** 2, np.array([[0, 0], [4, 4]]), steps=30)
    >>> found.point.round(3).tolist()
    [1.0, 4.0]
    """
    points = np.asarray(points, np.float64)
    values = np.stack([_or_infinite(function(each)) for each in points])
    first = values.argmin(0)[None]
    best, value = (np.take_along_axis(each, first, 0)[0] for each in (points, values))
    low = np.where(points < best, points, -np.inf).max(0)
    high = np.where(points > best, points, np.inf).min(0)
    low, high = (np.where(np.isfinite(end), end, best) for end in (low, high))
    for _ in range(steps):
        right = high - best > best - low
        tried = best + GOLDEN * np.where(right, high - best, low - best)
        at_tried = _or_infinite(function(tried))
        better = at_tried < value
        # of the best point and the tried one, the worse becomes an end
        worse = np.where(better, best, tried)
        low, high = np.where(better == right, worse, low), np.where(better == right, high, worse)
        best, value = np.where(better, tried, best), np.where(better, at_tried, value)
    undefined = np.isinf(value)
    return Minimum(np.where(undefined, np.nan, best), np.where(undefined, np.nan, value))


def _or_infinite(values: Floats) -> Floats:
    return np.where(np.isnan(values), np.inf, values)
