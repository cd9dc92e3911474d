"""The order of values as integers, and the order of images on which a unit has equal values.

Images are stored class by class. If ties went to the lower index, units with clipped activations (ReLU6) or
few active images would seem to prefer the first classes. Tied images are therefore spread evenly over the
data set: multiples of the golden ratio, modulo 1, fill the unit interval evenly at any length.

References
----------
Knuth (1998), The art of computer programming 3, section 6.4, on Fibonacci hashing.
"""

import numpy as np
from numpy.typing import NDArray

_GOLDEN = 0x9E3779B1  # 2³² over the golden ratio, odd
_INVERSE = pow(_GOLDEN, -1, 1 << 32)
_MASK = np.uint64(0xFFFFFFFF)


def tie_ranks(images: NDArray[np.integer]) -> NDArray[np.uint64]:
    """Return distinct numbers below 2³² by which tied images are ordered, in ascending order.

    Parameters
    ----------
    images : array of int, indices of images in the data set, below 2³².

    Examples
    --------
    >>> tie_ranks(np.arange(5)).argsort().tolist()
    [0, 2, 4, 1, 3]
    """
    return (images.astype(np.uint64) * np.uint64(_GOLDEN)) & _MASK


def images_of(ranks: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the images that have these ranks, see :func:`tie_ranks`."""
    return ((ranks * np.uint64(_INVERSE)) & _MASK).astype(np.int64)


def as_bits(values: NDArray[np.float32]) -> NDArray[np.uint32]:
    """Return integers in the same order as the values, above 2³¹ for positive values; −0 equals 0."""
    # bits of floats are in the order of their values once those of negative floats are inverted
    bits = (np.ascontiguousarray(values) + np.float32(0)).view(np.uint32)
    return bits ^ np.where(bits >> 31, np.uint32(0xFFFFFFFF), np.uint32(0x80000000))


def of_bits(bits: NDArray[np.uint32]) -> NDArray[np.float32]:
    """Return the values of integers from :func:`as_bits`."""
    return (bits ^ np.where(bits >> 31, np.uint32(0x80000000), np.uint32(0xFFFFFFFF))).view(np.float32)
