"""Inner products of a layer's activation vectors, the basis of correlation, CKA and SVD."""

import itertools
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# float32 products lose differences smaller than this factor times the largest values
RESOLUTION = 1e-6
# neurons in one product: enough for full speed, few enough for sums in float32
NEURONS_AT_ONCE = 4096


class Gram(NamedTuple):
    """Inner products and sums of the vectors of a layer: N images, D neurons.

    Attributes
    ----------
    products : array of float64, shape (N, N), G = X Xᵀ.
    sums : array of float64, shape (N,), s = X·1.
    deviations : array of float64, shape (N,), G_nn − s_n²/D, the sum of the vector's squared deviations from
        its mean; exactly 0 for a constant vector.
    n_neurons : D.

    Entries, rows and columns of vectors with non-finite values are NaN.
    """

    products: Floats
    sums: Floats
    deviations: Floats
    n_neurons: int


class Products(NamedTuple):
    """Inner products and sums of shifted vectors over some of the neurons; :func:`combine` adds them up.

    Attributes
    ----------
    products : array of float64, shape (N, N), inner products of the shifted vectors.
    sums : array of float64, shape (N,), sums of the shifted vectors.
    shift : array of float32, shape (N,), value subtracted from each vector; equal for all parts of a layer.
    n_neurons : number of neurons in this part.
    """

    products: Floats
    sums: Floats
    shift: NDArray[np.float32]
    n_neurons: int


def shift_of(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the approximate mean of each vector, float32 (N,), from one block (N, neurons)."""
    with np.errstate(invalid="ignore", over="ignore"):
        return block.mean(1, dtype=np.float64).astype(np.float32)


def multiply(blocks: Iterable[NDArray[np.float32]], shift: NDArray[np.float32]) -> Products:
    """Compute inner products of vectors over some of a layer's neurons, one block at a time.

    Products are float32 within a few thousand neurons and added up in float64. Each vector is first shifted
    by approximately its mean, because a large mean would cost the digits in which vectors differ.

    Parameters
    ----------
    blocks : arrays of float32, shape (N, n_neurons), in any order; each neuron occurs once. They are
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
    """Add up products over parts of a layer's neurons, and undo the shift.

    The division into parts affects only the last digits of float64.

    Parameters
    ----------
    parts : products of the same vectors, with the same shift; each neuron is in exactly one part.

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
    """Compute the inner products of a layer's vectors, one block of neurons at a time.

    Parameters
    ----------
    blocks : blocks of all neurons of the layer, see :func:`multiply`.

    Raises
    ------
    ValueError : there is no block.
    """
    blocks = iter(blocks)
    first = next(blocks, None)
    if first is None:
        raise ValueError("there is no block of neurons")
    return combine([multiply(itertools.chain([first], blocks), shift_of(first))])
