"""Bootstrap intervals from resamples of images."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from census.statistics.streams import stream

VALUES_AT_ONCE = 1 << 20  # bounds memory, whatever the number of values and resamples

Floats = NDArray[np.float64]


class Estimate(NamedTuple):
    """A statistic with its bootstrap interval.

    Attributes
    ----------
    value : array of float64, any shape, the statistic on the data.
    low, high : array of float64, same shape, ends of the interval.
    """

    value: Floats
    low: Floats
    high: Floats

    @classmethod
    def of_samples(cls, samples: NDArray[np.floating]) -> Self:
        """Return the estimate from a statistic on the data and on resamples, shape (1 + n_resamples, …)."""
        return cls(np.asarray(samples[0], np.float64), *percentile_interval(samples[1:]))

    def at(self, *place: int | slice | Sequence[int] | NDArray[np.integer]) -> Self:
        """Return the estimate at an index of its arrays."""
        return type(self)(*(each[place] for each in self))


UNDEFINED = Estimate(*np.full(3, np.nan))


def mean_estimate(values: NDArray[np.floating], resamples: int, seed: int) -> Estimate:
    """Return a mean with its percentile bootstrap interval.

    Parameters
    ----------
    values : array of float, shape (n,), one per image; NaN are left out.
    resamples : number of resamples.
    seed : seed of the resamples.

    Returns
    -------
    NaN without values; the ends of the interval are NaN for fewer than two.

    References
    ----------
    Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.
    """
    values = values[~np.isnan(values)]
    if not len(values):
        return UNDEFINED
    if len(values) == 1:
        return UNDEFINED._replace(value=values.mean())
    means = np.concatenate([values[drawn].mean(1) for drawn in drawn_places(len(values), resamples, seed)])
    return Estimate(values.mean(), *percentile_interval(means))


def percentile_interval(estimates: NDArray[np.floating], level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the central percentile interval of estimates from resamples.

    Parameters
    ----------
    estimates : array of float, shape (n_resamples, …); NaN, from undefined resamples, are left out.
    level : coverage.

    Returns
    -------
    low, high : arrays of float64, shape (…); NaN if all resamples are NaN.
    """
    shares = [(1 - level) / 2, (1 + level) / 2]
    if not np.isnan(estimates).any():  # many times faster
        low, high = np.quantile(estimates, shares, axis=0)
        return low, high
    known = ~np.isnan(estimates).all(0)
    interval = np.full((2, *estimates.shape[1:]), np.nan)
    if known.any():
        interval[:, known] = np.nanquantile(estimates[:, known], shares, axis=0)
    return interval[0], interval[1]


def drawn_places(n: int, resamples: int, seed: int) -> Iterator[NDArray[np.int32]]:
    """Yield samples of n items drawn with replacement, in batches of samples.

    Yields
    ------
    array of int32, shape (n_samples, n), indices of the drawn items.
    """
    random, at_once = stream(seed, "drawn"), max(1, VALUES_AT_ONCE // n)
    for first in range(0, resamples, at_once):
        yield random.integers(n, size=(min(at_once, resamples - first), n), dtype=np.int32)


def drawn_counts(n: int, resamples: int, random: np.random.Generator) -> Floats:
    """Return the counts of n items in samples of size n drawn with replacement.

    Returns
    -------
    array of float64, shape (n_resamples, n), whole numbers; each row sums to n, which may be 0.
    """
    if n == 0:
        return np.zeros((resamples, 0))
    return random.multinomial(n, np.full(n, 1 / n), size=resamples).astype(np.float64)


@lru_cache(maxsize=2)  # layers and measures share resamples
def resample_counts(n_images: int, resamples: int, seed: int) -> Floats:
    """Return the count of each image in each bootstrap resample of the images.

    Counts suffice for statistics of pairs of images: a pair (i, j) of different images occurs
    ``count_i · count_j`` times in a resample. Pairs of an image with itself, from repeated draws, are
    dropped, because their similarity is always maximal.

    Returns
    -------
    array of float64, shape (n_resamples, n_images), whole numbers, read-only; each row sums to n_images.

    References
    ----------
    Schütt et al. (2023), Statistical inference on representational geometries, eLife 12, on bootstraps of
    similarity matrices.
    """
    counts = drawn_counts(n_images, resamples, stream(seed, "resamples"))
    counts.setflags(write=False)
    return counts


def with_data(counts: Floats) -> Floats:
    """Prepend a row of ones, the counts of the data, to counts of shape (n_resamples, n)."""
    return np.concatenate([np.ones((1, counts.shape[1])), counts])


def estimate(measure: Callable[[Floats], Floats], counts: Floats) -> Estimate:
    """Return a statistic of the images with its bootstrap interval.

    Parameters
    ----------
    measure : function from counts of images, array of float64, shape (n_samples, n_images), to the statistic
        of each sample, array of float64, shape (n_samples, …).
    counts : array of float64, shape (n_resamples, n_images), see :func:`resample_counts`.
    """
    (value,) = measure(np.ones((1, counts.shape[1])))
    return Estimate(value, *percentile_interval(measure(counts)))


def mean_of_rows(values: NDArray[np.floating], resamples: int, seed: int) -> Estimate:
    """Return the mean over images of each row, with intervals from shared resamples.

    Parameters
    ----------
    values : array of float, shape (n_rows, n_images).
    resamples, seed : see :func:`resample_counts`.

    Returns
    -------
    Estimate of shape (n_rows,); NaN for rows that contain NaN.
    """
    n_images = values.shape[1]
    return estimate(lambda counts: counts @ values.T / n_images, resample_counts(n_images, resamples, seed))


def pair_sums(values: Floats, counts: Floats) -> Floats:
    """Return Σ_ij count_i count_j values_ij for each sample.

    Parameters
    ----------
    values : array of float64, shape (N, N); set the diagonal to 0 to leave out pairs of an image with itself.
    counts : array of float64, shape (n_resamples, N).

    Returns
    -------
    array of float64, shape (n_resamples,).
    """
    return np.einsum("rn,rn->r", counts @ values, counts)
