"""How many units answer, and how unequally: active fraction, population and lifetime sparseness.

A pattern is the vector of a layer's D neurons on one image. Sparseness is 0 where all values are equal and
1 − 1/D (Treves–Rolls) or 1 (Hoyer) where a single one is not 0.

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


class PatternSums(NamedTuple):
    """What the sparseness of a pattern follows from, each float64 (images,).

    Attributes
    ----------
    total : sum of the values.
    absolute : sum of their absolute values, the L1 norm.
    squares : sum of their squares, the squared L2 norm.
    """

    total: Floats
    absolute: Floats
    squares: Floats


def pattern_sums(blocks: Iterable[tuple[slice, NDArray[np.floating]]], n_images: int) -> PatternSums:
    """Add up patterns that come in blocks.

    Parameters
    ----------
    blocks : pairs of the images that a block holds and its values (images, …), in any order; each neuron of
        each image comes once.
    n_images : number of images.

    Returns
    -------
    the sums over all neurons of each image.
    """
    sums = PatternSums(*(np.zeros(n_images) for _ in PatternSums._fields))
    for images, block in blocks:
        values = block.reshape(len(block), -1).astype(np.float64)
        sums.total[images] += values.sum(1)
        sums.absolute[images] += np.abs(values).sum(1)
        sums.squares[images] += np.einsum("ij,ij->i", values, values)
    return sums


def treves_rolls(total: ArrayLike, absolute: ArrayLike, squares: ArrayLike, count: int) -> Floats:
    """Return the Treves–Rolls sparseness 1 − (mean a)² / mean a².

    It is made for rates, which are never negative. Values of both signs cancel in the mean: logits would come
    out as almost perfectly sparse. There it is undefined.

    Parameters
    ----------
    total, absolute, squares : sum of the values a, of their absolute values, and of their squares, of any
        shape.
    count : number of values in each sum.

    Returns
    -------
    float64 of the same shape; NaN where all values are 0, and where any is negative.
    """
    total, absolute, squares = (np.asarray(each, np.float64) for each in (total, absolute, squares))
    with np.errstate(invalid="ignore"):
        sparseness = 1 - total**2 / (count * squares)
    return np.where((squares > 0) & ~is_signed(total, absolute), sparseness, np.nan)


def is_signed(total: ArrayLike, absolute: ArrayLike) -> NDArray[np.bool_]:
    """Return whether values of which these are the sum and the sum of absolute values include negative ones.

    Both sums are taken in the same order, so that without negative values they agree to the last bit.
    """
    return np.asarray(absolute) > np.asarray(total)


def hoyer(absolute: ArrayLike, squares: ArrayLike, count: int) -> Floats:
    """Return the Hoyer sparseness (√D − L1/L2) / (√D − 1).

    Parameters
    ----------
    absolute, squares : L1 norm and squared L2 norm, of any shape.
    count : number D of values in each.

    Returns
    -------
    float64 of the same shape; NaN where all values are 0, and where there is only one.
    """
    absolute, squares = np.asarray(absolute, np.float64), np.asarray(squares, np.float64)
    if count == 1:
        return np.full(absolute.shape, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        sparseness = (np.sqrt(count) - absolute / np.sqrt(squares)) / (np.sqrt(count) - 1)
    return np.where(squares > 0, sparseness, np.nan)


def active_fraction(nonzero: NDArray[np.integer], positions: int, axis: int | None = None) -> Floats:
    """Return the share of values that are not 0.

    Parameters
    ----------
    nonzero : integer (images, units), positions of each unit's map whose value is not 0.
    positions : positions in a map.
    axis : 0 for one number per unit, 1 for one per image, None for one over all.
    """
    return np.asarray(np.mean(nonzero, axis=axis, dtype=np.float64) / positions)


def lifetime_sparseness(mean: NDArray[np.floating]) -> Floats:
    """Return the Treves–Rolls sparseness of each unit's mean activation over images.

    Parameters
    ----------
    mean : float (images, units), each unit's mean over its map.

    Returns
    -------
    float64 (units,); NaN for a unit that is silent on all images, or negative on any.
    """
    values = mean.astype(np.float64)
    return treves_rolls(values.sum(0), np.abs(values).sum(0), np.square(values).sum(0), len(values))
