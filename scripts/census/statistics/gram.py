"""Inner products of the vectors of a layer, from which correlation, CKA and the SVD follow."""

import itertools
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
    """Inner products and sums of the vectors of a layer: N images, D neurons.

    Attributes
    ----------
    products : array of float64, shape (N, N), G = X Xᵀ.
    sums : array of float64, shape (N,), s = X·1.
    deviations : array of float64, shape (N,), G_nn − s_n²/D, the sum of the vector's squared deviations from
        its mean; exactly 0 where all values are the same.
    n_neurons : D.

    All are NaN where a vector with values that are not finite has its row, column or place.
    """

    products: Floats
    sums: Floats
    deviations: Floats
    n_neurons: int


class Products(NamedTuple):
    """Inner products and sums of shifted vectors over some neurons, which :func:`combine` adds up.

    Attributes
    ----------
    products : array of float64, shape (N, N), of the vectors less their shift.
    sums : array of float64, shape (N,), of the vectors less their shift.
    shift : array of float32, shape (N,), what was taken from each vector's values; the same for all parts of
        a layer.
    n_neurons : of this part.
    """

    products: Floats
    sums: Floats
    shift: NDArray[np.float32]
    n_neurons: int


def shift_of(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return about the mean of each vector, float32 (N,): its mean over a block (N, neurons)."""
    with np.errstate(invalid="ignore", over="ignore"):
        return block.mean(1, dtype=np.float64).astype(np.float32)


def multiply(blocks: Iterable[NDArray[np.float32]], shift: NDArray[np.float32]) -> Products:
    """Multiply vectors with each other over some of a layer's neurons, a block of them at a time.

    Products are float32 within a few thousand neurons and added up in float64. Each vector is first shifted
    by about its mean: else that mean would cost the digits in which vectors differ.

    Parameters
    ----------
    blocks : arrays of float32, shape (N, n_neurons), in any order; each neuron comes once. They are
        overwritten.
    shift : array of float32, shape (N,), see :func:`shift_of`.

    References
    ----------
    Higham (2002), Accuracy and Stability of Numerical Algorithms, chapters 1.9 (shifted data) and 3 (blocked
    inner products).
    """
    products, sums, n_neurons = np.zeros((len(shift), len(shift))), np.zeros(len(shift)), 0
    with np.errstate(invalid="ignore", over="ignore"):
        for block in blocks:
            block -= shift[:, None]
            n_neurons += block.shape[1]
            for first in range(0, block.shape[1], NEURONS_AT_ONCE):
                part = block[:, first : first + NEURONS_AT_ONCE]
                products += part @ part.T
                sums += part @ np.ones(part.shape[1], np.float32)
    return Products(products, sums, shift, n_neurons)


def combine(parts: Iterable[Products]) -> Gram:
    """Add up what was found over parts of a layer's neurons, and take the shift back.

    Where neurons are cut into parts matters to the last digits of float64 only.

    Parameters
    ----------
    parts : of the same vectors, with the same shift; each neuron is in one of them.

    Raises
    ------
    ValueError : there is no neuron.
    """
    first, *others = parts
    products, sums, n_neurons = first.products.copy(), first.sums.copy(), first.n_neurons
    with np.errstate(invalid="ignore", over="ignore"):
        for part in others:
            products += part.products
            sums += part.sums
            n_neurons += part.n_neurons
        if not n_neurons:
            raise ValueError("there is no neuron")
        deviations = np.diag(products) - sums**2 / n_neurons
        means = first.shift.astype(np.float64)
        cross = np.outer(means, sums)
        products += cross + cross.T + n_neurons * np.outer(means, means)
        sums += n_neurons * means
    spoilt = ~np.isfinite(deviations)
    products[spoilt] = products[:, spoilt] = sums[spoilt] = np.nan
    return Gram(products, sums, np.where(spoilt, np.nan, np.maximum(deviations, 0)), n_neurons)


def gram(blocks: Iterable[NDArray[np.float32]]) -> Gram:
    """Multiply the vectors of a layer with each other, a block of neurons at a time.

    Parameters
    ----------
    blocks : as for :func:`multiply`, all of the layer's.

    Raises
    ------
    ValueError : there is no block.
    """
    blocks = iter(blocks)
    first = next(blocks, None)
    if first is None:
        raise ValueError("there is no block of neurons")
    return combine([multiply(itertools.chain([first], blocks), shift_of(first))])
