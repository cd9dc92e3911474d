"""Split-half reliability: the consistency of a measure of units across images or seeds.

The square root of a measure's reliability bounds its correlations. If an unreliable measure correlates with
nothing, it may have been measured too coarsely; this is no evidence against a relation.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from census.statistics.defined import mean_over
from census.statistics.ranks import spearman

Floats = NDArray[np.float64]
FEWEST = 4  # images per class, so that each half has two
RELIABLE = 0.5  # minimum for comparing the order of units
PREFIX = "reliability_"  # of the column of a measure's reliability, in tables of layers


def halves(labels: NDArray[np.integer], splits: int, random: np.random.Generator) -> NDArray[np.bool_]:
    """Split images into random halves, dividing each class as evenly as possible.

    Parameters
    ----------
    labels : array of int, shape (n_images,), the class of each image.
    splits : number of splits.

    Returns
    -------
    array of bool, shape (splits, n_images), whether an image is in the first half.

    Examples
    --------
    >>> halves(np.array([0, 0, 1, 1]), 1, np.random.default_rng(0)).reshape(2, 2).sum(1).tolist()
    [1, 1]
    """
    split = np.empty((splits, len(labels)), bool)
    classes, class_of = np.unique(labels, return_inverse=True)
    for first in split:
        # take every other image in random order, sorted by class; classes are in random order, because those
        # before a class decide where its odd image goes
        order = random.permutation(len(labels))
        place = random.permutation(len(classes))[class_of]
        order = order[np.argsort(place[order], kind="stable")]
        first[order] = np.arange(len(order)) % 2 == random.integers(2)
    return split


def stepped_up(rho: float, factor: float) -> float:
    """Return the reliability of a whole measure from the correlation of its parts (Spearman–Brown).

    Parameters
    ----------
    rho : mean correlation between two parts. Negative values, which show no reliability, are returned
        unchanged.
    factor : size of the whole relative to a part: 2 for halves.

    References
    ----------
    Spearman (1910), Correlation calculated from faulty data, British Journal of Psychology 3; Brown (1910),
    Some experimental results in the correlation of mental abilities, ibid.

    Examples
    --------
    >>> stepped_up(0.5, 2)
    0.6666666666666666
    """
    return float(factor * rho / (1 + (factor - 1) * rho)) if rho > 0 else float(rho)


def split_half(parts: Sequence[tuple[Floats, Floats]]) -> float:
    """Return the split-half reliability of a measure of units.

    Parameters
    ----------
    parts : the measure on both halves of each split, arrays of float, shape (n_units,). Units with NaN in a
        half are left out of that split.

    Returns
    -------
    Spearman's ρ between halves over units, averaged over the splits in which it is defined, and stepped up to
    all images. NaN if it is defined in none, for example because of fewer than three units.
    """
    return stepped_up(_mean_of_defined([_rho(first, second) for first, second in parts]), 2)


def of_seeds(values: Floats) -> float:
    """Return the reliability of a mean over seeds: mean ρ between seeds over units, stepped up to all seeds.

    Parameters
    ----------
    values : array of float, shape (n_seeds, n_units), NaN if a seed failed.
    """
    n_seeds = len(values)
    rhos = [_rho(*values[[*pair]]) for pair in zip(*np.triu_indices(n_seeds, 1), strict=True)]
    return stepped_up(_mean_of_defined(rhos), n_seeds)


def _mean_of_defined(rhos: list[float]) -> float:
    """Return the mean of the correlations that are defined; NaN without any."""
    return float(mean_over(np.array(rhos)))


def _rho(one: Floats, other: Floats) -> float:
    """Return Spearman's ρ over the units that are known in both; NaN for fewer than three."""
    both = np.stack([one, other])
    both = both[:, ~np.isnan(both).any(0)]
    return float(spearman(both[:, None])[0]) if both.shape[1] >= 3 else math.nan
