"""The images that drive each unit most, found in a stream of images, and merged from several streams."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from census.statistics.ties import images_of, tie_ranks

NONE = -1  # in place of an image or a position, where a unit answers to fewer images


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


def top_images(blocks: Iterable[tuple[np.ndarray, ...]], units: int, k: int) -> TopImages:
    """Find the k images with the largest values of each unit.

    Tied images come in the order of :mod:`census.statistics.ties`, so the answer depends neither on the order
    of images nor on how they are cut into blocks. An image on which a unit is silent (its largest value
    is not above 0) is none of its top images.

    Parameters
    ----------
    blocks : images int (n,), their indices, below 2³²; values float32 (n, units), the largest of each unit's
        map; positions int (n, units), where it is. Each image comes once.
    units : number of units.
    k : number of images wanted.
    """
    best = _nothing(units, k)
    for images, values, positions in blocks:
        best = _largest(best, (_keys(images, values), positions.T), k)
    return _decoded(*best)


# A key orders by value first, then by image: the bits of a positive float ascend with it, and below them
# stands the image's rank among ties, counted from above. 0 stands for no image. All other keys differ.
_Best = tuple[NDArray[np.uint64], NDArray[np.int32]]


def _pack(images: NDArray[np.integer], values: NDArray[np.float32]) -> NDArray[np.uint64]:
    order = np.uint64(0xFFFFFFFF) - tie_ranks(images)
    return (np.ascontiguousarray(values).view(np.uint32).astype(np.uint64) << np.uint64(32)) | order


def _keys(images: NDArray[np.integer], values: NDArray[np.float32]) -> NDArray[np.uint64]:
    values = values.T
    return np.where(values > 0, _pack(images, values), np.uint64(0))


def _nothing(units: int, k: int) -> _Best:
    return np.zeros((units, k), np.uint64), np.full((units, k), NONE, np.int32)


def _largest(best: _Best, added: tuple[NDArray[np.uint64], NDArray[np.integer]], k: int) -> _Best:
    """Return the k largest keys of both, with their positions; both are (units, …)."""
    keys, positions = added
    if best[0].any() or keys.shape[1] < k:
        keys = np.concatenate([best[0], keys], axis=1)
        positions = np.concatenate([best[1], positions], axis=1)
    # else nothing was found before, and to look at that again would take as long as to look at the block
    chosen = np.argpartition(keys, keys.shape[1] - k, axis=1)[:, -k:]
    return np.take_along_axis(keys, chosen, 1), np.take_along_axis(positions, chosen, 1).astype(np.int32)


def _decoded(keys: NDArray[np.uint64], positions: NDArray[np.int32]) -> TopImages:
    order = np.argsort(keys, axis=1)[:, ::-1]
    keys, positions = np.take_along_axis(keys, order, 1), np.take_along_axis(positions, order, 1)
    images = images_of(np.uint64(0xFFFFFFFF) - (keys & np.uint64(0xFFFFFFFF)))
    values = (keys >> np.uint64(32)).astype(np.uint32).view(np.float32)
    none = keys == 0
    return TopImages(
        np.where(none, NONE, images),
        np.where(none, np.float32(np.nan), values),
        np.where(none, np.int32(NONE), positions),
    )
