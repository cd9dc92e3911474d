"""The order of values as whole numbers, and that of images on which a unit has the same value.

Images are stored class by class. If the lower index went first, a unit whose activations are clipped, as by
ReLU6, or that is active on few images would seem to prefer the first classes. So tied images are taken from
all of the data set, evenly: multiples of the golden ratio, modulo 1, are spread over the unit interval as
evenly as numbers can be that are added one by one.

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
    """Return numbers below 2³², no two the same, by which tied images are ordered, the least first.

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
    """Return whole numbers that ascend with values, above 2³¹ for those above 0; −0 is 0."""
    # the bits of a float ascend with it once those of negative ones are turned over
    bits = (np.ascontiguousarray(values) + np.float32(0)).view(np.uint32)
    return bits ^ np.where(bits >> 31, np.uint32(0xFFFFFFFF), np.uint32(0x80000000))


def of_bits(bits: NDArray[np.uint32]) -> NDArray[np.float32]:
    """Return the values of which these are the numbers, see :func:`as_bits`."""
    return (bits ^ np.where(bits >> 31, np.uint32(0x80000000), np.uint32(0xFFFFFFFF))).view(np.float32)
