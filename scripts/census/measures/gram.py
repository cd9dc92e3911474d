"""Inner products of the patterns of a layer, from which correlation, CKA and the SVD follow."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# what is smaller than the largest values by this factor is lost in float32 products
RESOLUTION = 1e-6
# as many neurons in one product: enough for the product to run at full speed, few enough for sums in float32
NEURONS_AT_ONCE = 4096


class Gram(NamedTuple):
    """Inner products and sums of the patterns of a layer: N images, D neurons.

    Attributes
    ----------
    products : float64 (N, N), G = X Xᵀ.
    sums : float64 (N,), s = X·1.
    deviations : float64 (N,), G_nn − s_n²/D, the sum of the pattern's squared deviations from its mean;
        exactly 0 where all values are the same.
    n_neurons : D.

    All are NaN where a pattern with values that are not finite has its row, column or place.
    """

    products: Floats
    sums: Floats
    deviations: Floats
    n_neurons: int


def gram(blocks: Iterable[NDArray[np.float32]]) -> Gram:
    """Multiply the patterns of a layer with each other, a block of neurons at a time.

    Products are float32 within a few thousand neurons and added up in float64. Each pattern is first shifted
    by about its mean, which is taken back at the end: else that mean would cost the digits in which patterns
    differ.

    Parameters
    ----------
    blocks : float32 (N, neurons), in any order; each neuron comes once. They are overwritten.

    Returns
    -------
    the sums over all blocks.

    Raises
    ------
    ValueError : there is no block.

    References
    ----------
    Higham (2002), Accuracy and Stability of Numerical Algorithms, chapters 1.9 (shifted data) and 3 (blocked
    inner products).
    """
    shift: NDArray[np.float32] | None = None
    products, sums, n_neurons = np.zeros(0), np.zeros(0), 0
    with np.errstate(invalid="ignore", over="ignore"):
        for block in blocks:
            if shift is None:
                shift = block.mean(1, dtype=np.float64).astype(np.float32)
                products, sums = np.zeros((len(block), len(block))), np.zeros(len(block))
            block -= shift[:, None]
            n_neurons += block.shape[1]
            for first in range(0, block.shape[1], NEURONS_AT_ONCE):
                part = block[:, first : first + NEURONS_AT_ONCE]
                products += part @ part.T
                sums += part @ np.ones(part.shape[1], np.float32)
        if shift is None:
            raise ValueError("there is no block of neurons")
        deviations = np.diag(products) - sums**2 / n_neurons
        means = shift.astype(np.float64)
        cross = np.outer(means, sums)
        products += cross + cross.T + n_neurons * np.outer(means, means)
        sums += n_neurons * means
    spoilt = ~np.isfinite(deviations)
    products[spoilt] = products[:, spoilt] = sums[spoilt] = np.nan
    return Gram(products, sums, np.where(spoilt, np.nan, np.maximum(deviations, 0)), n_neurons)
