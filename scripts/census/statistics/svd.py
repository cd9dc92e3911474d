"""Singular values and singular vectors of a layer's activation vectors, from their correlations.

Φ is the matrix of vectors, neurons by images, each column normalized to mean 0 and variance 1. Then
``ΦᵀΦ = D·r``, with D neurons and r the correlation matrix of the images. The squared singular values σ² are D
times the eigenvalues of r, and the right singular vectors are its eigenvectors. The eigenvalues of N images
add up to N for any number of neurons. All functions therefore need only images × images matrices.

References
----------
Zhang (2015), Visualizing neuron role with dimensionality reduction of feature space, section 3.3.
Schölkopf, Smola & Müller (1998), Nonlinear component analysis as a kernel eigenvalue problem, Neural
Computation 10: directions, and projections on them, from inner products alone.
"""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from census.statistics.correlation import mean_correlation
from census.statistics.signs import with_signs
from census.statistics.streams import stream

Floats = NDArray[np.float64]
# up to this number of images, all eigenvalues are computed; above, only the largest
MOST_IN_FULL = 2000
# eigenvalues below this share of their sum are rounding errors of the Gram matrix
RESOLUTION = 1e-6


class Decomposition(NamedTuple):
    """Eigenvalues and right singular vectors, the largest first; empty if no image has a vector.

    Attributes
    ----------
    eigenvalues : array of float64, shape (k,), σ² / D.
    vectors : array of float64, shape (N, k), orthonormal columns, see
        :func:`census.statistics.signs.with_signs`.
    """

    eigenvalues: Floats
    vectors: Floats


def decompose(correlation: Floats, n_neurons: int, n_components: int) -> Decomposition:
    """Decompose the vectors of a layer.

    Parameters
    ----------
    correlation : array of float64, shape (N, N), correlations of the vectors, without undefined ones.
    n_neurons : D; there are at most D − 1 components, because each vector has mean 0.
    n_components : number of components to compute for more than :data:`MOST_IN_FULL` images; for fewer
        images, all are computed.

    Returns
    -------
    the computed components whose eigenvalues exceed rounding errors.
    """
    n_images = len(correlation)
    if n_images <= MOST_IN_FULL:
        eigenvalues, eigenvectors = np.linalg.eigh(correlation)
    else:
        eigenvalues, eigenvectors = _largest(correlation, n_components)
    return _above_rounding(eigenvalues[::-1], eigenvectors[:, ::-1], n_neurons)


def randomized(vectors: NDArray[np.float32], n_components: int, seed: int) -> Decomposition:
    """Decompose vectors by random projections, for too many images for an images × images matrix.

    Parameters
    ----------
    vectors : array of float32, shape (N, D), each of mean 0 and variance 1; may be memory-mapped.
    n_components : number of components to compute.
    seed : seed of the projections.

    Returns
    -------
    an approximation of the result of :func:`decompose`.

    References
    ----------
    Halko, Martinsson & Tropp (2011), Finding structure with randomness, SIAM Review 53, as implemented in
    scikit-learn.
    """
    from sklearn.utils.extmath import randomized_svd

    n_images, n_neurons = vectors.shape
    wanted = min(n_components, n_images, n_neurons)
    left, values, _ = randomized_svd(vectors, wanted, random_state=seed % 2**32)
    return _above_rounding(values.astype(np.float64) ** 2 / n_neurons, left, n_neurons)


def _largest(matrix: Floats, n_components: int, **options: Any) -> Any:
    """Return the largest eigenvalues of a symmetric matrix, and their vectors, see scipy's ``eigsh``."""
    from scipy.sparse.linalg import eigsh

    # a fixed start makes results reproducible; the tolerance gives vectors accurate to about 10⁻⁴
    start = np.random.default_rng(0).standard_normal(len(matrix))
    return eigsh(matrix, min(n_components, len(matrix) - 1), tol=1e-4, v0=start, **options)


def _above_rounding(eigenvalues: Floats, vectors: NDArray[np.floating], n_neurons: int) -> Decomposition:
    """Return the components whose eigenvalues exceed rounding errors, given all, the largest first."""
    kept = min(int((eigenvalues > RESOLUTION * len(vectors)).sum()), n_neurons - 1)
    of_kept = vectors[:, :kept].astype(np.float64, copy=False)
    return Decomposition(eigenvalues[:kept].copy(), with_signs(of_kept.T).T)


def singular_values(eigenvalues: Floats, n_neurons: int) -> Floats:
    """Return the singular values σ = √(D·eigenvalue)."""
    return np.sqrt(n_neurons * eigenvalues)


def reconstruction_error(eigenvalues: Floats, n_images: int) -> Floats:
    """Return ``‖U S Vᵀ − Φ‖ / ‖Φ‖`` (Frobenius) with the first 1, 2, 3 … components, float64 (k,).

    This is the square root of the remaining components' share of the sum of eigenvalues, N. Multiply by
    ``‖Φ‖ = √(D·N)`` for the absolute error that Zhang (2015) reports.
    """
    return np.sqrt(np.maximum(1 - np.cumsum(eigenvalues) / n_images, 0))


def held_out_error(correlation: Floats, n_neurons: int, n_components: int, seed: int) -> Floats:
    """Return the reconstruction error of held-out images, by two-fold cross-validation.

    Images are split into random halves. The directions of half A are ``u = Φ_A v / σ``. Images B of the other
    half have the projections ``uᵀΦ_B = σ·(r_BA v)ᵀ / λ`` on them, which need correlations only. The halves
    are then exchanged, and the squared errors of all images are added up.

    Parameters
    ----------
    correlation, n_neurons, n_components : see :func:`decompose`.
    seed : seed of the halves.

    Returns
    -------
    array of float64, shape (N // 2,), relative error with the first 1, 2, 3 … directions. It stays constant
    beyond the last direction of a half, and is NaN beyond the computed directions. Empty for fewer than two
    images.
    """
    n_images = len(correlation)
    order, half = stream(seed, "held out").permutation(n_images), n_images // 2
    explained = np.zeros(half)
    for found, others in ((order[:half], order[half:]), (order[half:], order[:half])):
        if not len(found):
            continue
        parts = decompose(correlation[np.ix_(found, found)], n_neurons, n_components)
        # squared projections in units of D, summed over images
        projections = (correlation[np.ix_(others, found)] @ parts.vectors) ** 2
        gains = (projections.sum(0) / parts.eigenvalues)[:half]
        so_far = np.full(half, gains.sum())
        so_far[: len(gains)] = np.cumsum(gains)
        if len(found) > MOST_IN_FULL:
            so_far[len(gains) :] = np.nan
        explained += so_far
    return np.sqrt(np.maximum(1 - explained / n_images, 0))


def mean_square(correlation: Floats, counts: Floats) -> Floats:
    """Return q, the mean squared correlation between different images.

    Parameters
    ----------
    correlation : array of float64, shape (N, N), correlations of vectors, without undefined ones.
    counts : array of float64, shape (n_resamples, N), count of each image in each sample; pairs of an image
        with itself are left out.

    Returns
    -------
    array of float64, shape (n_resamples,); NaN for fewer than two different images.
    """
    return mean_correlation(correlation**2, counts)


def participation_ratio(squares: Floats, n_images: float) -> Floats:
    """Return the participation ratio ``(Σσ²)² / Σσ⁴``, a dimensionality, for a given number of images.

    Because the diagonal of r is 1, the ratio is ``n / (1 + (n − 1) q)`` for n images. This is exact for all N
    images. For other n, the denominator is averaged over all choices of n images. The ratio grows with the
    number of images, so layers are compared at the same number.

    Parameters
    ----------
    squares : array of float64, q of :func:`mean_square`.
    n_images : number n of images.

    References
    ----------
    Gao et al. (2017), A theory of multineuronal dimensionality, dynamics and measurement, bioRxiv 214262.
    """
    return n_images / (1 + (n_images - 1) * squares)


def effective_rank(correlation: Floats) -> float:
    """Return the effective rank, a dimensionality: the exponential of the entropy of the eigenvalues' shares.

    Parameters
    ----------
    correlation : array of float64, shape (N, N), without NaN.

    Returns
    -------
    float
        Between 1 and N; NaN for no image.

    References
    ----------
    Roy & Vetterli (2007), The effective rank: a measure of effective dimensionality, EUSIPCO 15.

    Examples
    --------
    >>> round(effective_rank(np.eye(3)), 6)
    3.0
    """
    if not len(correlation):
        return math.nan
    eigenvalues = np.linalg.eigvalsh(correlation).clip(0)  # rounding
    shares = eigenvalues[eigenvalues > 0] / eigenvalues.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def permuted_eigenvalues(
    sample: NDArray[np.float32],
    correlation: Floats,
    n_neurons: int,
    n_components: int,
    permutations: int,
    seed: int,
) -> Floats:
    """Return eigenvalues under the null hypothesis of independent neurons, for parallel analysis.

    Each neuron's values are permuted over images. This keeps its mean and variance and removes correlations
    between neurons, apart from the mean vector that all images share. Horn's null permutes all neurons, which
    would take another Gram matrix per permutation. Here d neurons are permuted and rescaled to all D. The
    mean over permutations is known exactly, because the sum of squares and the mean vector are unchanged.
    Deviations from it are sums over independent neurons and shrink with the square root of their number. If
    all neurons are permuted, the null is exactly Horn's.

    Parameters
    ----------
    sample : array of float32, shape (d, N), normalized values of neurons chosen at random.
    correlation : array of float64, shape (N, N), correlations of the vectors of all D neurons.
    n_neurons : number D of neurons.
    n_components : number of eigenvalues to compute for more than :data:`MOST_IN_FULL` images.
    permutations, seed : number of permutations, and their seed.

    Returns
    -------
    array of float64, shape (n_permutations, N), or fewer columns; the largest first.

    References
    ----------
    Horn (1965), A rationale and test for the number of factors in factor analysis, Psychometrika 30.
    Buja & Eyuboglu (1992), Remarks on parallel analysis, Multivariate Behavioral Research 27: permutations.
    """
    random, n_images = stream(seed, "permuted neurons"), len(correlation)
    shrink = np.sqrt(len(sample) / n_neurons)
    expected = _exchangeable(np.trace(correlation), correlation.sum(), n_images)
    of_sample = _exchangeable(
        np.sum(sample.astype(np.float64) ** 2) / len(sample),
        np.sum(sample.sum(1, dtype=np.float64) ** 2) / len(sample),
        n_images,
    )
    found = []
    for _ in range(permutations):
        permuted = random.permuted(sample, axis=1)
        products = (permuted.T @ permuted).astype(np.float64) / len(sample)
        products -= of_sample
        products *= shrink
        products += expected
        if n_images <= MOST_IN_FULL:
            eigenvalues = np.linalg.eigvalsh(products)
        else:
            eigenvalues = _largest(products, n_components, return_eigenvectors=False)
        found.append(np.sort(eigenvalues)[::-1])
    return np.array(found)


def _exchangeable(trace: float, total: float, n: int) -> Floats:
    """Return the (n, n) matrix with this trace and sum, constant on the diagonal and off it."""
    between = (total - trace) / (n * (n - 1)) if n > 1 else 0.0
    matrix = np.full((n, n), between)
    np.fill_diagonal(matrix, trace / n)
    return matrix


def count_above(eigenvalues: Floats, permuted: Floats) -> int:
    """Return the number of leading components whose eigenvalues exceed those of all permutations.

    Permutations keep the mean vector, and thereby nearly all of a first eigenvalue that stands for the mean.
    The first component therefore counts also if the second is above.
    """
    n = min(len(eigenvalues), permuted.shape[1])
    above = eigenvalues[:n] > permuted[:, :n].max(0)
    above[:1] |= above[1:2].any()
    return int(n if above.all() else above.argmin())


def significant_components(
    sample: NDArray[np.float32], n_neurons: int, permutations: int, seed: int
) -> float:
    """Return the number of significant components of a fixed number of neurons, by parallel analysis.

    More neurons have more significant components, so layers are compared at the same number of neurons.

    Parameters
    ----------
    sample : array of float32, shape (d, N), normalized values of neurons chosen at random.
    n_neurons : number of neurons to choose among these.
    permutations : number of permutations.
    seed : seed of neurons and permutations.

    Returns
    -------
    float
        NaN if there are fewer neurons.

    References
    ----------
    Horn (1965), A rationale and test for the number of factors in factor analysis, Psychometrika 30.
    """
    if len(sample) < n_neurons:
        return np.nan
    random = stream(seed, "matched neurons")
    values = sample[random.choice(len(sample), n_neurons, replace=False)].astype(np.float64)

    def eigenvalues(matrix: Floats) -> Floats:
        found: Floats = np.linalg.svd(matrix, compute_uv=False) ** 2 / n_neurons
        return found

    permuted = [eigenvalues(random.permuted(values, axis=1)) for _ in range(permutations)]
    return float(count_above(eigenvalues(values), np.array(permuted)))


def loadings(
    blocks: Iterable[NDArray[np.float32]], decomposition: Decomposition, n_neurons: int
) -> NDArray[np.float32]:
    """Return the left singular vectors ``U = Φ V / σ``, the loadings of neurons on components.

    Parameters
    ----------
    blocks : arrays of float32, shape (N, n_neurons), normalized vectors in order of neurons; one is in memory
        at a time.
    decomposition : decomposition of these N images.
    n_neurons : number D of neurons.

    Returns
    -------
    array of float32, shape (k, D), orthonormal rows.
    """
    scaled = (decomposition.vectors / singular_values(decomposition.eigenvalues, n_neurons)).astype(
        np.float32
    )
    found = np.empty((scaled.shape[1], n_neurons), np.float32)
    first = 0
    for block in blocks:
        found[:, first : first + block.shape[1]] = scaled.T @ block
        first += block.shape[1]
    return found
