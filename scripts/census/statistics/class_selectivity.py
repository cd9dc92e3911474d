"""Class selectivity of units, from their means over the images of each class.

References
----------
Chen et al. (2018), Understanding the importance of single directions via representative substitution.
Morcos, Barrett, Rabinowitz & Botvinick (2018), On the importance of single directions for generalization,
ICLR.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
UNITS_AT_ONCE = 64


def present(labels: NDArray[np.integer]) -> tuple[NDArray[np.integer], NDArray[np.int32], NDArray[np.int64]]:
    """Return the classes that have images, each image's index among them, and their numbers of images."""
    classes, places, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    return classes, places.astype(np.int32), sizes


def class_means(values: NDArray[np.floating], labels: NDArray[np.integer], n_classes: int) -> Floats:
    """Return the mean of each unit over the images of each class.

    Parameters
    ----------
    values : array of float, shape (n_images, n_units).
    labels : array of int, shape (n_images,), classes.
    n_classes : number of classes.

    Returns
    -------
    array of float64, shape (n_classes, n_units); NaN for a class without images.
    """
    means = np.full((n_classes, values.shape[1]), np.nan)
    classes, places, sizes = present(labels)
    order = np.argsort(places, kind="stable")
    starts = np.cumsum(sizes) - sizes
    for units in slices(values.shape[1]):
        sums = np.add.reduceat(values[order, units], starts, axis=0, dtype=np.float64)
        means[classes, units] = sums / sizes[:, None]
    return means


def is_signed(values: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return whether each unit has a negative value on any image, array of bool, shape (n_units,)."""
    return np.any(values < 0, axis=0)


def class_selectivity(means: NDArray[np.floating]) -> Floats:
    """Return class selectivity: 1 for a unit that responds to a single class, 0 for equal class means.

    ``(m_max − m_rest) / (m_max + m_rest)``, with m_max the largest class mean and m_rest the mean of the
    other class means. All classes have equal weight, independent of their numbers of images.

    Parameters
    ----------
    means : array of float, shape (n_classes, n_units), see :func:`class_means`; classes without images (NaN)
        are left out. Must not be negative: with means of both signs the ratio is unbounded, see
        :func:`is_signed`.

    Returns
    -------
    array of float64, shape (n_units,); NaN for an inactive unit, and if fewer than two classes have images.

    References
    ----------
    Chen et al. (2018), eq. 1; Morcos et al. (2018).
    """
    with_images = means[~np.isnan(means).all(1)].astype(np.float64)
    if len(with_images) < 2:
        return np.full(means.shape[1], np.nan)
    return index_of(with_images.max(0), with_images.sum(0), len(with_images))


def selectivity_and_means(
    values: NDArray[np.float32], labels: NDArray[np.integer], n_classes: int
) -> tuple[Floats, Floats]:
    """Return class selectivity and class means of units, both NaN if selectivity is undefined.

    Parameters
    ----------
    values : array of float32, shape (n_images, n_units).
    labels, n_classes : see :func:`class_means`.

    Returns
    -------
    selectivity : array of float64, shape (n_units,), see :func:`class_selectivity`; NaN also for units with
        values of both signs, see :func:`is_signed`, or with values that are not finite.
    means : array of float, shape (n_classes, n_units).
    """
    is_finite = np.all(np.isfinite(values), axis=0)
    means = class_means(np.where(is_finite, values, np.float32(0)), labels, n_classes)
    selectivity = np.where(is_signed(values) | ~is_finite, np.nan, class_selectivity(means))
    means[:, np.isnan(selectivity)] = np.nan
    return selectivity, means


def index_of(
    largest: NDArray[np.floating],
    total: NDArray[np.floating],
    n_classes: int | NDArray[np.integer],
    least: NDArray[np.floating] | float = 0,
) -> NDArray[Any]:
    """Return class selectivity from the largest and the sum of ``n_classes`` class means minus ``least``."""
    with np.errstate(invalid="ignore", divide="ignore"):
        rest = (total - largest) / (n_classes - 1)
        # equal means may differ by rounding
        return np.maximum(largest - rest, 0) / (largest + rest + 2 * least)


def slices(units: int) -> Iterator[slice]:
    """Yield slices of units that are small enough for a processor's cache."""
    for first in range(0, units, UNITS_AT_ONCE):
        yield slice(first, first + UNITS_AT_ONCE)
