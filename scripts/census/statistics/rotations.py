"""ChannelVectors in random bases: rotations, and how peaked vectors are over the axes of a basis."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from census.statistics.sparseness import gini_of_sorted, hoyer, kurtosis
from census.statistics.streams import stream

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
STATISTICS = ("kurtosis", "gini", "hoyer")
VALUES_AT_ONCE = 1 << 17  # few enough to stay in a processor's cache between one operation and the next


def peakedness(values: NDArray[np.floating], *, signed: bool = True) -> NDArray[np.floating]:
    """Return how peaked each vector is over its axes, by three statistics.

    Parameters
    ----------
    values : array of float, shape (n_vectors, n_axes), at least two axes; not of a size whose fourth power is
        no finite number.
    signed : whether the signs of axes have a meaning. If not, no statistic depends on them.

    Returns
    -------
    (3, vectors), of the type of ``values``: kurtosis m4 / m2², with moments about the vector's mean, or
    about 0 without signs; Gini index and Hoyer sparseness of absolute values. NaN for a vector of zeros;
    kurtosis also where all values are the same.
    """
    ascending, squares = np.sort(np.abs(values), axis=-1), np.einsum("pc,pc->p", values, values)
    by_hoyer = hoyer(ascending.sum(-1), squares, values.shape[-1])
    return np.stack([kurtosis(values, about_zero=not signed), gini_of_sorted(ascending), by_hoyer])


def random_frames(n_directions: int, n_units: int, count: int, seed: int) -> Singles:
    """Draw the first rows of rotations from the Haar measure, under which all rotations are alike.

    Gaussian vectors have no preferred direction; made orthonormal one after the other, the signs fixed, they
    are distributed as the rows of such a rotation (with reflections).

    Parameters
    ----------
    n_directions : rows of each rotation, at most ``n_units``.
    n_units : size of the rotations.
    count, seed : how many, and the seed.

    Returns
    -------
    array of float32, shape (count, n_directions, n_units), rows orthonormal; the first rows of more are the
    same rows.

    References
    ----------
    Mezzadri (2007), How to generate random matrices from the classical compact groups, Notices of the AMS 54.
    """
    frames = np.empty((count, n_directions, n_units), np.float32)
    random = [stream(seed, "rotation", number) for number in range(count)]
    for frame, generator in zip(frames, random, strict=True):
        rows = generator.standard_normal((n_directions, n_units))
        if 2 * n_directions <= n_units:
            # faster, and exact where rows are far from dependent
            frame[:] = np.linalg.inv(np.linalg.cholesky(rows @ rows.T)) @ rows
        else:
            columns, upper = np.linalg.qr(rows.T.astype(np.float32))
            frame[:] = (columns * np.sign(np.diag(upper))).T
    return frames


def coordinates(vectors: Floats) -> Singles:
    """Return vectors in an orthonormal basis of the space that they span, where they are fewer than units.

    A random rotation of the units, seen from that space, is as many rows of one: what the vectors become is
    distributed as if the whole rotation were drawn, at the cost of a part.

    Parameters
    ----------
    vectors : array of float64, shape (n_vectors, n_units).

    Returns
    -------
    array of float32, shape (n_vectors, min(n_vectors, n_units)), with the same inner products; the vectors
    themselves where there are no fewer than units.
    """
    if len(vectors) < vectors.shape[1]:
        vectors = np.asarray(np.linalg.qr(vectors.T, mode="r")).T
    return vectors.astype(np.float32)


def rotated(places: Singles, frame: Singles) -> Iterator[tuple[slice, Singles]]:
    """Yield vectors in a rotated basis, in blocks: which vectors, and float32 (vectors, axes)."""
    at_once = max(1, VALUES_AT_ONCE // frame.shape[1])
    for first in range(0, len(places), at_once):
        block = slice(first, first + at_once)
        yield block, places[block] @ frame[: places.shape[1]]


class ChannelVectors(NamedTuple):
    """Channel vectors, and which of them have a spread that can be told.

    Attributes
    ----------
    vectors : array of float64, shape (n_images · n_positions, n_units), each of a mean square of 1, so that
        no power overflows; zeros where the spread is undefined.
    defined : array of bool, shape (3, n_images · n_positions), for each of :data:`STATISTICS`.
    n_inactive, n_constant, n_not_finite : vectors of zeros; of a single other value, for which kurtosis is
        undefined; with values that are not finite.
    """

    vectors: Floats
    defined: NDArray[np.bool_]
    n_inactive: int
    n_constant: int
    n_not_finite: int


def sort_out(vectors: NDArray[np.floating]) -> ChannelVectors:
    """Tell apart vectors, float (images, positions, units), for which statistics are and are not defined."""
    flat = vectors.reshape(-1, vectors.shape[-1]).astype(np.float64)
    finite = np.isfinite(flat).all(1)
    flat[~finite] = 0
    largest = np.abs(flat).max(1, initial=0)
    inactive = finite & (largest == 0)
    constant = finite & ~inactive & (np.ptp(flat, axis=1) == 0)
    known = finite & ~inactive & (flat.shape[1] > 1)
    flat[known] /= largest[known, None]
    flat[known] /= np.sqrt(np.mean(flat[known] ** 2, axis=1, keepdims=True))
    flat[~known] = 0
    defined = np.stack([known & ~constant, known, known])
    return ChannelVectors(flat, defined, int(inactive.sum()), int(constant.sum()), int((~finite).sum()))


def means_over_vectors(
    statistics: Floats, defined: NDArray[np.bool_], n_images: int
) -> Callable[[Floats], Floats]:
    """Return a function from samples of images to the means of statistics over the vectors of these.

    Parameters
    ----------
    statistics : array of float64, shape (n_bases, 3, n_images · n_positions).
    defined : array of bool, shape (3, n_images · n_positions), the vectors that count.

    Returns
    -------
    from arrays of float64, shape (n_samples, n_images), how often each image counts, to arrays of float64,
    shape (n_samples, n_bases, 3); NaN where no vector counts.
    """
    n_bases, positions = len(statistics), defined.shape[1] // max(1, n_images)
    sums = np.where(defined, statistics, 0).reshape(n_bases, 3, n_images, positions).sum(-1)
    numbers = defined.reshape(3, n_images, positions).sum(-1)

    def means(counts: Floats) -> Floats:
        totals = (counts @ sums.reshape(-1, n_images).T).reshape(len(counts), n_bases, 3)
        with np.errstate(invalid="ignore"):
            return totals / (counts @ numbers.T)[:, None]

    return means
