"""The order of images on which a unit has the same value.

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
