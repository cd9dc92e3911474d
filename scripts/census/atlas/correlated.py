"""The units of a layer that answer most like each one, found in a stream of images."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NONE = -1  # in place of a unit


class Correlated(NamedTuple):
    """The nearest other units of each unit, the nearest first; both (units, k).

    Attributes
    ----------
    units : int64; :data:`NONE` where there are fewer than k.
    correlations : float64, Pearson's r over images; NaN where there is no such unit.
    """

    units: NDArray[np.int64]
    correlations: NDArray[np.float64]


def most_correlated(blocks: Iterable[NDArray[np.floating]], k: int) -> Correlated:
    """Find the k units whose responses correlate most with each one's.

    Correlations are rounded to a hundred-thousandth, below which they depend on the order of sums; of equal
    ones the unit with the lower number comes first.

    Parameters
    ----------
    blocks : float (images, units), the units' responses, at least one block; gone through twice. A unit with
        the same response to all images, or one that is not finite, has no neighbors and is none.
    k : number of units wanted.
    """
    n_images, n_units = 0, 0
    for block in blocks:
        if n_images == 0:
            n_units = block.shape[1]
            total, least, largest = np.zeros(n_units), block[0], block[0]
        n_images += len(block)
        total = total + block.sum(0, dtype=np.float64)
        # NaN stays NaN
        least, largest = np.minimum(least, block.min(0)), np.maximum(largest, block.max(0))
    usable = np.flatnonzero(np.isfinite(total) & (largest > least))
    mean, width = (total / n_images)[usable], (largest - least)[usable].astype(np.float64)
    products = np.zeros((len(usable), len(usable)))
    for block in blocks:
        # no longer than 1, and centred, so that products of a block are exact enough in float32
        about = ((block[:, usable] - mean) / width).astype(np.float32)
        products += about.T @ about
    spread = np.sqrt(products.diagonal())
    found = np.round(np.clip(products / np.outer(spread, spread), -1, 1), 5)
    np.fill_diagonal(found, np.nan)  # which comes last
    units, correlations = np.full((n_units, k), NONE, np.int64), np.full((n_units, k), np.nan)
    if len(usable) > 1:
        order = np.argsort(-found, axis=1, kind="stable")[:, : min(k, len(usable) - 1)]
        units[usable[:, None], np.arange(order.shape[1])] = usable[order]
        correlations[usable[:, None], np.arange(order.shape[1])] = np.take_along_axis(found, order, 1)
    return Correlated(units, correlations)
