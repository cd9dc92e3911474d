"""Channel vectors in random bases: rotations, and peakedness of vectors over the axes of a basis."""

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
    """Return three statistics of the peakedness of each vector over its axes.

    Parameters
    ----------
    values : array of float, shape (n_vectors, n_axes), at least two axes; fourth powers must be finite.
    signed : whether the signs of axes are meaningful. If not, no statistic depends on them.

    Returns
    -------
    array of the type of ``values``, shape (3, n_vectors): kurtosis m4 / m2², with moments about the vector's
    mean, or about 0 if not signed; Gini index and Hoyer sparseness of absolute values. NaN for a vector of
    zeros; kurtosis is NaN for any constant vector.
    """
    ascending, squares = np.sort(np.abs(values), axis=-1), np.einsum("pc,pc->p", values, values)
    by_hoyer = hoyer(ascending.sum(-1), squares, values.shape[-1])
    return np.stack([kurtosis(values, about_zero=not signed), gini_of_sorted(ascending), by_hoyer])


def random_frames(n_directions: int, n_units: int, count: int, seed: int) -> Singles:
    """Draw the first rows of Haar-distributed random rotations (including reflections).

    Gaussian vectors have no preferred direction. Orthonormalized one after the other, with fixed signs, they
    are distributed like the rows of such a rotation.

    Parameters
    ----------
    n_directions : number of rows of each rotation, at most ``n_units``.
    n_units : size of the rotations.
    count, seed : number of rotations, and their seed.

    Returns
    -------
    array of float32, shape (count, n_directions, n_units), orthonormal rows; a larger ``n_directions``
    appends rows to the same ones.

    References
    ----------
    Mezzadri (2007), How to generate random matrices from the classical compact groups, Notices of the AMS 54.
    """
    from scipy.linalg import qr

    frames = np.empty((count, n_directions, n_units), np.float32)
    random = [stream(seed, "rotation", number) for number in range(count)]
    for frame, generator in zip(frames, random, strict=True):
        rows = generator.standard_normal((n_directions, n_units))
        if 2 * n_directions <= n_units:
            # faster, and accurate because few random rows are far from dependent
            frame[:] = np.linalg.inv(np.linalg.cholesky(rows @ rows.T)) @ rows
        else:
            # scipy computes in single precision, numpy in double at half the speed
            columns, upper = qr(
                rows.T.astype(np.float32), overwrite_a=True, mode="economic", check_finite=False
            )
            frame[:] = (columns * np.sign(np.diag(upper))).T
    return frames


def coordinates(vectors: Floats) -> Singles:
    """Return coordinates of vectors in an orthonormal basis of their span, if they are fewer than units.

    Within the span, a random rotation of the units acts through as many of its rows as there are vectors.
    Rotated vectors are therefore distributed as under the whole rotation, at a fraction of the cost.

    Parameters
    ----------
    vectors : array of float64, shape (n_vectors, n_units).

    Returns
    -------
    array of float32, shape (n_vectors, min(n_vectors, n_units)), with the same inner products; the vectors
    themselves if there are at least as many as units.
    """
    if len(vectors) < vectors.shape[1]:
        vectors = np.asarray(np.linalg.qr(vectors.T, mode="r")).T
    return vectors.astype(np.float32)


def rotated(places: Singles, frame: Singles) -> Iterator[tuple[slice, Singles]]:
    """Yield vectors in a rotated basis in blocks: a slice of vectors, and float32 (vectors, axes)."""
    at_once = max(1, VALUES_AT_ONCE // frame.shape[1])
    for first in range(0, len(places), at_once):
        block = slice(first, first + at_once)
        yield block, places[block] @ frame[: places.shape[1]]


class ChannelVectors(NamedTuple):
    """Channel vectors, and whether their peakedness is defined.

    Attributes
    ----------
    vectors : array of float64, shape (n_images · n_positions, n_units), each scaled to a mean square of 1 so
        that no power overflows; zeros if peakedness is undefined.
    defined : array of bool, shape (3, n_images · n_positions), for each of :data:`STATISTICS`.
    n_inactive, n_constant, n_not_finite : number of vectors of zeros; of constant nonzero vectors, whose
        kurtosis is undefined; and of vectors with non-finite values.
    """

    vectors: Floats
    defined: NDArray[np.bool_]
    n_inactive: int
    n_constant: int
    n_not_finite: int


def sort_out(vectors: NDArray[np.floating]) -> ChannelVectors:
    """Scale vectors, float (images, positions, units), and mark those whose statistics are defined."""
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
    """Return a function from samples of images to mean statistics over the vectors of these images.

    Parameters
    ----------
    statistics : array of float64, shape (n_bases, 3, n_images · n_positions).
    defined : array of bool, shape (3, n_images · n_positions), the vectors to include.

    Returns
    -------
    function from counts of images, array of float64, shape (n_samples, n_images), to means, array of float64,
    shape (n_samples, n_bases, 3); NaN if no vector is included.
    """
    n_bases, positions = len(statistics), defined.shape[1] // max(1, n_images)
    sums = np.where(defined, statistics, 0).reshape(n_bases, 3, n_images, positions).sum(-1)
    numbers = defined.reshape(3, n_images, positions).sum(-1)

    def means(counts: Floats) -> Floats:
        totals = (counts @ sums.reshape(-1, n_images).T).reshape(len(counts), n_bases, 3)
        with np.errstate(invalid="ignore"):
            return totals / (counts @ numbers.T)[:, None]

    return means
