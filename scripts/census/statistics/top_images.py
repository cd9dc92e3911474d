"""The images that drive each unit most, and least, found in a stream of images."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from census.statistics.streams import stream
from census.statistics.ties import as_bits, images_of, of_bits, tie_ranks

NONE = -1  # in place of an image or a position, where a unit answers to fewer images

# A key orders by value first, then by image: the upper half are the bits of the value, the lower half is the
# image's rank among ties. The largest key stands for no image; all other keys differ.
_NO_KEY = np.uint64(0xFFFFFFFFFFFFFFFF)
_LOWER = np.uint64(0xFFFFFFFF)
_Keys = NDArray[np.uint64]
_Block = tuple[np.ndarray, ...]


class TopImages(NamedTuple):
    """The images with the largest values of each unit, the largest first; all of shape (units, k).

    Attributes
    ----------
    images : int64, index of the image; :data:`NONE` where the unit answers to fewer than k images.
    values : float32, the unit's largest value on that image; NaN where there is none.
    positions : int32, where in the unit's map it is; :data:`NONE` where there is none.
    """

    images: NDArray[np.int64]
    values: NDArray[np.float32]
    positions: NDArray[np.int32]


class BottomImages(NamedTuple):
    """The images with the least responses of each unit, the least first; the first three (units, k).

    Attributes
    ----------
    images, values, positions : see :class:`TopImages`.
    tied : array of int64, shape (n_units,), how many images have the least value of all. Where these are more
        than k, the images are a seeded random sample of them.
    """

    images: NDArray[np.int64]
    values: NDArray[np.float32]
    positions: NDArray[np.int32]
    tied: NDArray[np.int64]


def top_images(blocks: Iterable[_Block], units: int, k: int) -> TopImages:
    """Find the k images with the largest values of each unit.

    Tied images come in the order of :mod:`census.statistics.ties`, so the answer depends neither on the order
    of images nor on how they are cut into blocks. An image on which a unit is inactive (its largest value
    is not above 0) is none of its top images.

    Parameters
    ----------
    blocks : images arrays of int, shape (n,), their indices, below 2³²; values arrays of float32, shape (n,
        n_units), the largest of each unit's map; positions arrays of int, shape (n, n_units), where it is.
        Each image comes once.
    units : number of units.
    k : number of images wanted.
    """

    def keyed() -> Iterator[tuple[_Keys, NDArray[np.integer]]]:
        for images, values, positions in blocks:
            keys = _keys(~as_bits(values.T), tie_ranks(images))
            keys[~(values.T > 0)] = _NO_KEY
            yield keys, positions.T

    keys, positions = _least(keyed(), units, k)
    images, values = images_of(keys & _LOWER), of_bits(~_upper(keys))
    return TopImages(*_without_none(keys, images, values, positions))


def bottom_images(blocks: Iterable[_Block], units: int, k: int, n_images: int, seed: int) -> BottomImages:
    """Find the k images with the least of the largest values of each unit's map.

    Behind an activation function most images may have the same least value, 0. Which of them are shown is up
    to one random order of all images, so the answer does not depend on how images are cut into blocks, and
    units that are inactive on most images do not all show the first ones of the data set.

    Parameters
    ----------
    blocks, units, k : see :func:`top_images`. Values that are NaN are left out.
    n_images : more than any index of an image, below 2³².
    seed : of the random order.
    """
    order = stream(seed, "ties").permutation(n_images).astype(np.uint64)
    least, tied = np.full(units, np.inf, np.float32), np.zeros(units, np.int64)

    def keyed() -> Iterator[tuple[_Keys, NDArray[np.integer]]]:
        nonlocal least, tied
        for images, values, positions in blocks:
            undefined = np.isnan(values.T)
            here = np.where(undefined, np.inf, values.T).min(1)
            count = (here[:, None] == values.T).sum(1)
            tied = np.where(here < least, count, tied + count * (here == least))
            least = np.minimum(least, here)
            keys = _keys(as_bits(values.T), order[images])
            keys[undefined] = _NO_KEY
            yield keys, positions.T

    keys, positions = _least(keyed(), units, k)
    places = np.where(keys == _NO_KEY, 0, keys & _LOWER).astype(np.int64)
    images, values = np.argsort(order)[places], of_bits(_upper(keys))
    return BottomImages(*_without_none(keys, images, values, positions), tied)


def _keys(bits: NDArray[np.uint32], ranks: NDArray[np.uint64]) -> _Keys:
    return (bits.astype(np.uint64) << np.uint64(32)) | ranks


def _upper(keys: _Keys) -> NDArray[np.uint32]:
    return (keys >> np.uint64(32)).astype(np.uint32)


def _least(
    blocks: Iterable[tuple[_Keys, NDArray[np.integer]]], units: int, k: int
) -> tuple[_Keys, NDArray[np.int32]]:
    """Return the k least keys of each unit, in ascending order, with their positions, (units, k) both."""
    keys: _Keys = np.full((units, k), _NO_KEY)
    positions: NDArray[np.int32] = np.full((units, k), NONE, np.int32)

    for added, at in blocks:
        if added.shape[1] < k or (keys != _NO_KEY).any():
            added, at = np.concatenate([keys, added], axis=1), np.concatenate([positions, at], axis=1)
        # else nothing was found before, and to look at that again would take as long as to look at the block
        chosen = np.argpartition(added, k - 1, axis=1)[:, :k]
        keys, positions = _taken(added, at, chosen)
    return _taken(keys, positions, np.argsort(keys, axis=1))


def _taken(
    keys: _Keys, positions: NDArray[np.integer], places: NDArray[np.integer]
) -> tuple[_Keys, NDArray[np.int32]]:
    return np.take_along_axis(keys, places, 1), np.take_along_axis(positions, places, 1).astype(np.int32)


def _without_none(
    keys: _Keys, images: NDArray[np.int64], values: NDArray[np.float32], positions: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int32]]:
    """Return images, values and positions, with marks in place of those that no image has."""
    none = keys == _NO_KEY
    return (
        np.where(none, NONE, images),
        np.where(none, np.float32(np.nan), values),
        np.where(none, np.int32(NONE), positions),
    )
