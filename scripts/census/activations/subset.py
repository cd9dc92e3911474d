"""Which images a pass sees, and in which order."""

import numpy as np


def choose_images(available: int, images: int | None, maps: int, seed: int) -> tuple[np.ndarray, int]:
    """Choose a seeded random subset of a data set's images; those whose whole maps are kept come first.

    The choice is a prefix of one permutation, so that a smaller subset lies within a larger one and the maps
    are of the same images whatever ``images`` is. Both parts are in ascending order, which reads fastest.

    Parameters
    ----------
    available : number of images in the data set.
    images : number of images wanted; None for all. More than there are means all.
    maps : number of images whose whole maps are kept; more than ``images`` means all of them.
    seed : seed of the permutation.

    Returns
    -------
    indices : int64 (n,), indices in the data set.
    n_maps : how many of the first ones have whole maps.
    """
    order = np.random.default_rng([seed, 0x1A6E5]).permutation(available)
    chosen = order[: available if images is None else images]
    n_maps = min(maps, len(chosen))
    return np.concatenate([np.sort(chosen[:n_maps]), np.sort(chosen[n_maps:])]).astype(np.int64), n_maps
