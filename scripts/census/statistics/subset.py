"""Which images a pass sees, and in which order; and which positions of a layer's maps stand for all."""

import numpy as np

from census.statistics.streams import stream


def choose_images(available: int, images: int | None, maps: int, seed: int) -> tuple[np.ndarray, int]:
    """Choose a seeded random subset of a data set's images; those whose activation maps are kept come first.

    The choice is a prefix of one permutation, so that a smaller subset lies within a larger one and the maps
    are of the same images whatever ``images`` is. Both parts are in ascending order, which reads fastest.

    Parameters
    ----------
    available : number of images in the data set.
    images : number of images wanted; None for all. More than there are means all.
    maps : number of images whose activation maps are kept; more than ``images`` means all of them.
    seed : seed of the permutation.

    Returns
    -------
    indices : array of int64, shape (n,), indices in the data set.
    n_maps : how many of the first ones have activation maps.
    """
    order = stream(seed, "images").permutation(available)
    chosen = order[: available if images is None else images]
    n_maps = min(maps, len(chosen))
    return np.concatenate([np.sort(chosen[:n_maps]), np.sort(chosen[n_maps:])]).astype(np.int64), n_maps


def choose_positions(height: int, width: int, positions: int, seed: int, layer: str) -> np.ndarray:
    """Choose a seeded random sample of the positions of a layer's maps.

    The choice is a prefix of one permutation, so that a smaller sample lies within a larger one. Layers have
    permutations of their own.

    Parameters
    ----------
    height, width : of the maps.
    positions : number of positions wanted; more than there are means all.
    seed : seed of the permutation.
    layer : the layer's name.

    Returns
    -------
    array of int32, shape (n, 2), y and x of each, in the order in which they lie in the map.
    """
    order = stream(seed, "positions", layer).permutation(height * width)
    chosen = np.sort(order[:positions])
    return np.stack([chosen // width, chosen % width], axis=1).astype(np.int32)
