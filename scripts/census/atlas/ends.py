"""The images at the lower end of each unit: those with its least responses, found in a stream of images."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NONE = -1  # in place of an image or a position, where there are fewer images


class BottomImages(NamedTuple):
    """The images with the least responses of each unit, the least first; the first three (units, k).

    Attributes
    ----------
    images : int64, index of the image; :data:`NONE` where there are fewer than k.
    values : float32, the unit's largest value on that image; NaN where there is none.
    positions : int32, where in the unit's map it is; :data:`NONE` where there is none.
    tied : int64 (units,), how many images have the least value of all. Where these are more than k, the
        images are a seeded random sample of them.
    """

    images: NDArray[np.int64]
    values: NDArray[np.float32]
    positions: NDArray[np.int32]
    tied: NDArray[np.int64]


def bottom_images(
    blocks: Iterable[tuple[NDArray[np.integer], NDArray[np.float32], NDArray[np.integer]]],
    units: int,
    k: int,
    n_images: int,
    seed: int,
) -> BottomImages:
    """Find the k images with the least of the largest values of each unit's map.

    Behind a rectifier most images may have the same least value, 0. Which of them are shown is up to one
    random order of all images, so the answer does not depend on how images are cut into blocks, and units
    that are silent on most images do not all show the first ones of the data set.

    Parameters
    ----------
    blocks : images int (n,), their indices; values float32 (n, units), the largest of each unit's map;
        positions int (n, units), where it is. Each image comes once. Values that are NaN are left out.
    units : number of units.
    k : number of images wanted.
    n_images : more than any index of an image, below 2³².
    seed : of the random order.
    """
    order = np.random.default_rng([seed, 0xB0770]).permutation(n_images).astype(np.uint64)
    image_at = np.argsort(order)
    # A key orders by value first, then by the image's place in the random order. The bits of a float ascend
    # with it once those of negative ones are turned over; the largest key stands for no image.
    none = np.uint64(0xFFFFFFFFFFFFFFFF)
    keys: NDArray[np.uint64] = np.full((units, k), none)
    positions: NDArray[np.int32] = np.full((units, k), NONE, np.int32)
    least, tied = np.full(units, np.inf, np.float32), np.zeros(units, np.int64)
    for images, values, places in blocks:
        values = values.T + np.float32(0)  # -0 is 0
        bits = np.ascontiguousarray(values).view(np.uint32)
        ascending = bits ^ np.where(bits >> 31, np.uint32(0xFFFFFFFF), np.uint32(0x80000000))
        found = (ascending.astype(np.uint64) << np.uint64(32)) | order[images]
        undefined = np.isnan(values)
        found[undefined] = none

        here = np.where(undefined, np.inf, values).min(1)
        count = (values == here[:, None]).sum(1)
        tied = np.where(here < least, count, tied + count * (here == least))
        least = np.minimum(least, here)

        keys = np.concatenate([keys, found], axis=1)
        positions = np.concatenate([positions, places.T.astype(np.int32)], axis=1)
        chosen = np.argpartition(keys, k - 1, axis=1)[:, :k]
        keys, positions = np.take_along_axis(keys, chosen, 1), np.take_along_axis(positions, chosen, 1)

    by_key = np.argsort(keys, axis=1)
    keys, positions = np.take_along_axis(keys, by_key, 1), np.take_along_axis(positions, by_key, 1)
    missing = keys == none
    bits = (keys >> np.uint64(32)).astype(np.uint32)
    bits = bits ^ np.where(bits >> 31, np.uint32(0x80000000), np.uint32(0xFFFFFFFF))
    places = np.where(missing, 0, keys & np.uint64(0xFFFFFFFF)).astype(np.int64)
    return BottomImages(
        np.where(missing, NONE, image_at[places]).astype(np.int64),
        np.where(missing, np.float32(np.nan), bits.view(np.float32)),
        np.where(missing, np.int32(NONE), positions),
        tied,
    )
