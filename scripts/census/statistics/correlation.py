"""Correlations between the activation vectors of images, from their inner products."""

import numpy as np
from numpy.typing import NDArray

from census.statistics.bootstrap import pair_sums
from census.statistics.gram import Gram

Floats = NDArray[np.float64]


def image_correlation(gram: Gram) -> Floats:
    """Return Pearson's r between the vectors of all pairs of images, from their inner products.

    ``r_ij = (G_ij − s_i s_j / D) / √((G_ii − s_i²/D)(G_jj − s_j²/D))``

    Parameters
    ----------
    gram : inner products of the vectors of N images.

    Returns
    -------
    array of float64, shape (N, N); NaN in row and column of a vector that is constant or not finite, and
    everywhere if vectors have only one neuron.

    References
    ----------
    Rupprecht (2018): the correlation coefficient between the activations of each pair of images.
    """
    varies = (gram.deviations > 0) & np.isfinite(gram.deviations)
    with np.errstate(invalid="ignore"):
        scale = 1 / np.sqrt(np.where(varies, gram.deviations, np.nan))
        covariance = gram.products - np.outer(gram.sums, gram.sums) / gram.n_neurons
    correlation = np.clip(covariance * np.outer(scale, scale), -1, 1)
    np.fill_diagonal(correlation, np.where(varies, 1, np.nan))
    return correlation


def is_defined(correlation: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return whether each image of a correlation matrix (N, N) is defined, array of bool, shape (N,)."""
    return ~np.isnan(np.diag(correlation))


def mean_correlation(correlation: NDArray[np.floating], counts: Floats) -> Floats:
    """Return the mean correlation between different images; lower means *decorrelate* a representation.

    Parameters
    ----------
    correlation : array of float, shape (N, N); undefined pairs (NaN) are left out.
    counts : array of float64, shape (n_resamples, N), count of each image in each sample. Pairs of an image
        with itself are left out.

    Returns
    -------
    array of float64, shape (n_resamples,); NaN if no pair is left.
    """
    defined = is_defined(correlation)
    counts = np.where(defined, counts, 0.0)
    values = np.where(np.outer(defined, defined), correlation, 0).astype(np.float64)
    np.fill_diagonal(values, 0)
    pairs = counts.sum(1) ** 2 - (counts**2).sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(pairs > 0, pair_sums(values, counts) / pairs, np.nan)
