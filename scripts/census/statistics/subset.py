"""Subsets of the images of a forward pass, and random subsets of the positions of activation maps."""

import numpy as np
from numpy.typing import NDArray

from census.statistics.streams import stream


def choose_images(available: int, images: int | None, maps: int, seed: int) -> tuple[np.ndarray, int]:
    """Choose a seeded random subset of a data set's images, starting with those whose maps are stored.

    The choice is a prefix of one permutation. A smaller subset is therefore part of a larger one, and the
    images with maps do not depend on ``images``. Both parts are in ascending order, which reads fastest.

    Parameters
    ----------
    available : number of images in the data set.
    images : number of images to choose; None, or more than available, for all.
    maps : number of images whose activation maps are stored; more than ``images`` means all of them.
    seed : seed of the permutation.

    Returns
    -------
    indices : array of int64, shape (n,), indices in the data set.
    n_maps : number of images, from the first, whose activation maps are stored.
    """
    order = stream(seed, "images").permutation(available)
    chosen = order[: available if images is None else images]
    n_maps = min(maps, len(chosen))
    return np.concatenate([np.sort(chosen[:n_maps]), np.sort(chosen[n_maps:])]).astype(np.int64), n_maps


def places_of(some: NDArray[np.integer], images: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the position of some images among all images.

    Parameters
    ----------
    some : array of int, shape (n,), indices of images in the data set, all among ``images``.
    images : array of int, shape (n_images,), different indices in any order.

    Examples
    --------
    >>> places_of(np.array([7, 2, 7]), np.array([7, 9, 2])).tolist()
    [0, 2, 0]
    """
    order = np.argsort(images)
    return order[np.searchsorted(images, some, sorter=order)]


def choose_positions(height: int, width: int, positions: int, seed: int, layer: str) -> np.ndarray:
    """Choose a seeded random sample of the positions of a layer's activation maps.

    The choice is a prefix of one permutation, so a smaller sample is part of a larger one. Each layer has its
    own permutation.

    Parameters
    ----------
    height, width : size of the maps.
    positions : number of positions to choose; more than available means all.
    seed : seed of the permutation.
    layer : the layer's name.

    Returns
    -------
    array of int32, shape (n, 2), y and x of each position, in row-major order.
    """
    order = stream(seed, "positions", layer).permutation(height * width)
    chosen = np.sort(order[:positions])
    return np.stack([chosen // width, chosen % width], axis=1).astype(np.int32)
