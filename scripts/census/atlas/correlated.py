"""Find the most correlated units of each unit in a layer, from blocks of images."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NONE = -1  # in place of a unit


class Correlated(NamedTuple):
    """The most correlated other units of each unit, in descending order of the correlation.

    Attributes
    ----------
    units : array of int64, shape (n_units, k); :data:`NONE` if there are fewer than k.
    correlations : array of float64, shape (n_units, k), Pearson's r over images; NaN for :data:`NONE`.
    """

    units: NDArray[np.int64]
    correlations: NDArray[np.float64]


def most_correlated(blocks: Iterable[NDArray[np.floating]], k: int) -> Correlated:
    """Return the k units whose responses correlate most with those of each unit.

    Correlations are rounded to 1e-5, because smaller differences depend on the order of summation. Ties go to
    the lower unit number.

    Parameters
    ----------
    blocks : arrays of float, shape (n_images, n_units), responses; at least one block, iterated twice. Units
        with a constant or non-finite response have no correlated units, and are none of other units.
    k : number of correlated units.
    """
    n_images, n_units = 0, 0
    for block in blocks:
        if n_images == 0:
            n_units = block.shape[1]
            total, least, largest = np.zeros(n_units), block[0], block[0]
        n_images += len(block)
        total = total + block.sum(0, dtype=np.float64)
        # NaN propagates
        least, largest = np.minimum(least, block.min(0)), np.maximum(largest, block.max(0))
    usable = np.flatnonzero(np.isfinite(total) & (largest > least))
    mean, width = (total / n_images)[usable], (largest - least)[usable].astype(np.float64)
    products = np.zeros((len(usable), len(usable)))
    for block in blocks:
        # centered and scaled to at most 1, so that float32 suffices for the products of a block
        about = ((block[:, usable] - mean) / width).astype(np.float32)
        products += about.T @ about
    spread = np.sqrt(products.diagonal())
    found = np.round(np.clip(products / np.outer(spread, spread), -1, 1), 5)
    np.fill_diagonal(found, np.nan)  # NaN sorts last
    units, correlations = np.full((n_units, k), NONE, np.int64), np.full((n_units, k), np.nan)
    if len(usable) > 1:
        order = np.argsort(-found, axis=1, kind="stable")[:, : min(k, len(usable) - 1)]
        units[usable[:, None], np.arange(order.shape[1])] = usable[order]
        correlations[usable[:, None], np.arange(order.shape[1])] = np.take_along_axis(found, order, 1)
    return Correlated(units, correlations)
