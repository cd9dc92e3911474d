"""Sparseness and peakedness: Gini index, Hoyer and Treves–Rolls sparseness, kurtosis.

References
----------
Treves & Rolls (1991), What determines the capacity of autoassociative memories in the brain?, Network 2.
Hoyer (2004), Non-negative matrix factorization with sparseness constraints, JMLR 5, eq. in section 3.1.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Sums(NamedTuple):
    """Sums for sparseness, over the neurons of each vector or over the images of each unit.

    Attributes
    ----------
    total : float64, sum of the values.
    absolute : float64, sum of their absolute values, the L1 norm.
    squares : float64, sum of their squares, the squared L2 norm.
    """

    total: Floats
    absolute: Floats
    squares: Floats


def sums_over_neurons(blocks: Iterable[tuple[slice, NDArray[np.floating]]], n_images: int) -> Sums:
    """Add up the neurons of each vector.

    Parameters
    ----------
    blocks : pairs of a slice of images and their values (images, …), in any order; each neuron of each image
        occurs once.
    n_images : number of images.

    Returns
    -------
    sums of shape (n_images,).
    """
    sums = Sums(*(np.zeros(n_images) for _ in Sums._fields))
    for images, block in blocks:
        for kept, added in zip(sums, _sums(block.reshape(len(block), -1), axis=1), strict=True):
            kept[images] += added
    return sums


def sums_over_images(blocks: Iterable[NDArray[np.floating]], n_units: int) -> Sums:
    """Add up the images of each unit.

    Parameters
    ----------
    blocks : values (images, units), in any order; each image occurs once.
    n_units : number of units.

    Returns
    -------
    sums of shape (n_units,).
    """
    sums = Sums(*(np.zeros(n_units) for _ in Sums._fields))
    for block in blocks:
        for kept, added in zip(sums, _sums(block, axis=0), strict=True):
            kept += added
    return sums


def _sums(values: NDArray[np.floating], axis: int) -> Sums:
    values = values.astype(np.float64)
    return Sums(values.sum(axis), np.abs(values).sum(axis), np.square(values).sum(axis))


def treves_rolls(total: ArrayLike, absolute: ArrayLike, squares: ArrayLike, count: int) -> Floats:
    """Return the Treves–Rolls sparseness 1 − (mean a)² / mean a².

    It is defined for firing rates, which are never negative. Values of both signs cancel in the mean, so that
    logits would appear almost perfectly sparse; the result is NaN for them.

    Parameters
    ----------
    total, absolute, squares : arrays of any shape, sums of the values a, of their absolute values and of
        their squares.
    count : number of values in each sum.

    Returns
    -------
    array of float64 of the same shape; NaN if all values are 0 or any is negative.
    """
    total, absolute, squares = (np.asarray(each, np.float64) for each in (total, absolute, squares))
    with np.errstate(invalid="ignore"):
        sparseness = 1 - total**2 / (count * squares)
    return np.where((squares > 0) & ~is_signed(total, absolute), sparseness, np.nan)


def is_signed(total: ArrayLike, absolute: ArrayLike) -> NDArray[np.bool_]:
    """Return whether values include negative ones, from their sum and the sum of their absolute values.

    Both sums are taken in the same order, so without negative values they agree to the last bit.
    """
    return np.asarray(absolute) > np.asarray(total)


def hoyer(absolute: ArrayLike, squares: ArrayLike, count: int) -> NDArray[np.floating]:
    """Return the Hoyer sparseness (√D − L1/L2) / (√D − 1).

    Parameters
    ----------
    absolute, squares : arrays of any shape, L1 norms and squared L2 norms.
    count : number D of values in each norm.

    Returns
    -------
    array of the same shape and type; NaN if all values are 0 or there is only one.
    """
    absolute, squares = np.asarray(absolute), np.asarray(squares)
    root = np.sqrt(absolute.dtype.type(count))
    if count == 1:
        return np.full(absolute.shape, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        sparseness = (root - absolute / np.sqrt(squares)) / (root - 1)
    return np.where(squares > 0, sparseness, np.nan)


def gini(values: NDArray[np.number]) -> Floats:
    """Return the Gini index of each row: 0 if all values are equal, 1 − 1/K if only one is nonzero.

    ``1 − 2 Σ_j (c_(j) / Σc) · (K − j + ½) / K``, the row in ascending order, j = 1 … K.

    Parameters
    ----------
    values : array of numbers, shape (…, K), not negative.

    Returns
    -------
    array of float64, shape (…,), or of the type of ``values`` if they are floats; NaN for a row of zeros.

    References
    ----------
    Zonoobi, Kassim & Venkatesh (2011), Gini index as sparsity measure for signal reconstruction from
    compressive samples, IEEE Journal of Selected Topics in Signal Processing 5, eq. 1.
    Hurley & Rickard (2009), Comparing measures of sparsity, IEEE Transactions on Information Theory 55.
    """
    return gini_of_sorted(np.sort(values, axis=-1))


def gini_of_sorted(ascending: NDArray[np.number]) -> Floats:
    """Return the Gini index of each row of values in ascending order, see :func:`gini`."""
    n = ascending.shape[-1]
    weights = (2 * n - 2 * np.arange(1, n + 1) + 1) / n
    if ascending.dtype.kind == "f":
        weights = weights.astype(ascending.dtype)
    with np.errstate(invalid="ignore"):
        index = 1 - ascending @ weights / ascending.sum(-1)
    # equal values give 0 up to rounding, which must not become a divisor of flatness
    return np.where(np.abs(index) < 1e-12, 0, index)


def kurtosis(values: NDArray[np.floating], *, about_zero: bool = False) -> NDArray[np.floating]:
    """Return the kurtosis m4 / m2² of each row; NaN for constant rows.

    Parameters
    ----------
    values : array of float, shape (n_rows, n); fourth powers must be finite.
    about_zero : whether moments are about 0 instead of the row's mean, so that signs have no effect.

    Returns
    -------
    array of the type of ``values``, shape (n_rows,).
    """
    n = values.shape[-1]
    # means as products, because numpy adds up short rows at a fifth of the speed
    over_row = np.full(n, 1 / n, values.dtype)
    squares = values if about_zero else values - (values @ over_row)[:, None]
    squares = np.square(squares)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.einsum("pc,pc->p", squares, squares) / n / (squares @ over_row) ** 2
    # equal values may differ from their mean by rounding
    candidates = np.flatnonzero(values[:, 0] == values[:, -1])
    found[candidates[np.ptp(values[candidates], axis=-1) == 0]] = np.nan
    return found
