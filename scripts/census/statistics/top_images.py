"""Maximally and minimally activating images of each unit, from a stream of images."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from census.statistics.streams import stream
from census.statistics.ties import as_bits, images_of, of_bits, tie_ranks

NONE = -1  # in place of an image or a position, if a unit responds to fewer images

# Keys order by value, then by image: the upper half holds the bits of the value, the lower half the image's
# rank among ties. The largest key marks a missing image; all other keys differ.
_NO_KEY = np.uint64(0xFFFFFFFFFFFFFFFF)
_LOWER = np.uint64(0xFFFFFFFF)
_Keys = NDArray[np.uint64]
_Block = tuple[np.ndarray, ...]


class TopImages(NamedTuple):
    """The images with the largest values of each unit, the largest first; arrays of shape (n_units, k).

    Attributes
    ----------
    images : int64, index of the image; :data:`NONE` if the unit responds to fewer than k images.
    values : float32, the unit's largest value on that image; NaN if there is no image.
    positions : int32, position of that value in the unit's map; :data:`NONE` if there is no image.
    """

    images: NDArray[np.int64]
    values: NDArray[np.float32]
    positions: NDArray[np.int32]


class BottomImages(NamedTuple):
    """The images with the smallest responses of each unit, the smallest first.

    Attributes
    ----------
    images, values, positions : arrays of shape (n_units, k), see :class:`TopImages`.
    tied : array of int64, shape (n_units,), number of images with the smallest value. If it exceeds k, the
        images are a seeded random sample of them.
    """

    images: NDArray[np.int64]
    values: NDArray[np.float32]
    positions: NDArray[np.int32]
    tied: NDArray[np.int64]


def top_images(blocks: Iterable[_Block], units: int, k: int) -> TopImages:
    """Find the k images with the largest values of each unit.

    Tied images are in the order of :mod:`census.statistics.ties`, so the result depends neither on the order
    of images nor on their division into blocks. Images on which a unit is inactive (largest value not above
    0) are not top images.

    Parameters
    ----------
    blocks : triples (images, values, positions): array of int, shape (n,), indices of images, below 2³²;
        array of float32, shape (n, n_units), the largest value of each unit's map; array of int, shape (n,
        n_units), its position. Each image occurs once.
    units : number of units.
    k : number of images.
    """

    def keyed() -> Iterator[tuple[_Keys, NDArray[np.integer]]]:
        for images, values, positions in blocks:
            keys = _keys(~as_bits(values.T), tie_ranks(images))
            keys[~(values.T > 0)] = _NO_KEY
            yield keys, positions.T

    keys, positions = _least(keyed(), units, k)
    images, values = images_of(keys & _LOWER), of_bits(~_upper(keys))
    return TopImages(*_without_none(keys, images, values, positions))


def top_by_value(blocks: Iterable[_Block], units: int, k: int) -> TopImages:
    """Find the k images with the largest values of each unit, for values without a position.

    Parameters
    ----------
    blocks : pairs (images, values), see :func:`top_images`; all positions are 0.
    units, k : see :func:`top_images`.
    """
    at_origin = ((images, values, np.zeros(values.shape, np.int32)) for images, values in blocks)
    return top_images(at_origin, units, k)


def bottom_images(blocks: Iterable[_Block], units: int, k: int, n_images: int, seed: int) -> BottomImages:
    """Find the k images with the smallest responses (largest value of the map) of each unit.

    After an activation function, most images may share the smallest value, 0. One random order of all images
    breaks these ties. The result therefore does not depend on blocks, and units that are inactive on most
    images do not all show the first images of the data set.

    Parameters
    ----------
    blocks, units, k : see :func:`top_images`. NaN values are left out.
    n_images : number greater than all indices of images, below 2³².
    seed : seed of the random order.
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
    """Return the k smallest keys of each unit in ascending order, and their positions, both (n_units, k)."""
    keys: _Keys = np.full((units, k), _NO_KEY)
    positions: NDArray[np.int32] = np.full((units, k), NONE, np.int32)

    for added, at in blocks:
        if added.shape[1] < k or (keys != _NO_KEY).any():
            added, at = np.concatenate([keys, added], axis=1), np.concatenate([positions, at], axis=1)
        # else no image was found before; concatenating would double the time
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
    """Return images, values and positions, with missing images marked."""
    none = keys == _NO_KEY
    return (
        np.where(none, NONE, images),
        np.where(none, np.float32(np.nan), values),
        np.where(none, np.int32(NONE), positions),
    )
