"""Singular values and singular vectors of a layer's activation vectors, from the correlations between them.

Φ is the matrix of vectors, neurons by images, each column brought to mean 0 and variance 1. Then ``ΦᵀΦ =
D·r``, with r the vector correlation of D neurons: the squares of the singular values σ are D times the
eigenvalues of r, and the right singular vectors its eigenvectors. Eigenvalues of N
images add up to N, whatever the number of neurons. So all that follows needs matrices of images by images
only.

References
----------
Zhang (2015), Visualizing neuron role with dimensionality reduction of feature space, section 3.3.
Schölkopf, Smola & Müller (1998), Nonlinear component analysis as a kernel eigenvalue problem, Neural
Computation 10: directions, and projections on them, from inner products alone.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from census.statistics.correlation import mean_correlation
from census.statistics.signs import with_signs
from census.statistics.streams import stream

Floats = NDArray[np.float64]
# up to so many images all eigenvalues are found, above only the largest
MOST_IN_FULL = 2000
# eigenvalues below this share of all are rounding of the Gram matrix
RESOLUTION = 1e-6


class Decomposition(NamedTuple):
    """Eigenvalues and right singular vectors, the largest first; none where no image has a vector.

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
    correlation : array of float64, shape (N, N), of the vectors, without undefined ones.
    n_neurons : D; there are no more than D − 1 components, as each vector has the mean 0.
    n_components : how many are wanted of more than :data:`MOST_IN_FULL` images; of fewer images, all are
        found.

    Returns
    -------
    all components whose eigenvalue is not lost in rounding, or the first of them.
    """
    n_images = len(correlation)
    if n_images <= MOST_IN_FULL:
        eigenvalues, eigenvectors = np.linalg.eigh(correlation)
    else:
        from scipy.sparse.linalg import eigsh

        # a start that is the same each time; the tolerance leaves vectors exact to about 10⁻⁴
        start = np.random.default_rng(0).standard_normal(n_images)
        eigenvalues, eigenvectors = eigsh(correlation, min(n_components, n_images - 1), tol=1e-4, v0=start)
    eigenvalues, eigenvectors = eigenvalues[::-1], eigenvectors[:, ::-1]
    kept = min(int((eigenvalues > RESOLUTION * n_images).sum()), n_neurons - 1)
    return Decomposition(eigenvalues[:kept].copy(), with_signs(eigenvectors[:, :kept].T).T)


def randomized(vectors: NDArray[np.float32], n_components: int, seed: int) -> Decomposition:
    """Decompose vectors of too many images for a matrix of images by images, by random projections.

    Parameters
    ----------
    vectors : array of float32, shape (N, D), each of mean 0 and variance 1; may be mapped into memory from a
        file.
    n_components : how many components are wanted.
    seed : of the projections.

    Returns
    -------
    about what :func:`decompose` returns.

    References
    ----------
    Halko, Martinsson & Tropp (2011), Finding structure with randomness, SIAM Review 53; scikit-learn's.
    """
    from sklearn.utils.extmath import randomized_svd

    n_images, n_neurons = vectors.shape
    wanted = min(n_components, n_images, n_neurons)
    left, values, _ = randomized_svd(vectors, wanted, random_state=seed % 2**32)
    eigenvalues = values.astype(np.float64) ** 2 / n_neurons
    kept = min(int((eigenvalues > RESOLUTION * n_images).sum()), n_neurons - 1)
    return Decomposition(eigenvalues[:kept], with_signs(left[:, :kept].astype(np.float64).T).T)


def singular_values(eigenvalues: Floats, n_neurons: int) -> Floats:
    """Return σ, the square root of D times each eigenvalue."""
    return np.sqrt(n_neurons * eigenvalues)


def reconstruction_error(eigenvalues: Floats, n_images: int) -> Floats:
    """Return ``‖U S Vᵀ − Φ‖ / ‖Φ‖`` (Frobenius) with the first 1, 2, 3 … components, float64 (k,).

    It is the root of the share of all eigenvalues, N, that the other components have. Times ``√(D·N)``, which
    is ``‖Φ‖``, it is the absolute error that Zhang (2015) reports.
    """
    return np.sqrt(np.maximum(1 - np.cumsum(eigenvalues) / n_images, 0))


def held_out_error(correlation: Floats, n_neurons: int, n_components: int, seed: int) -> Floats:
    """Return the reconstruction error of images that had no part in finding the directions.

    Images are split in halves at random. The directions ``u = Φ_A v / σ`` of one half A, on which the images
    B of the other have the projections ``uᵀΦ_B = σ·(r_BA v)ᵀ / λ``, follow from correlations alone; then the
    halves change places, and the squared errors of all images are added up.

    Parameters
    ----------
    correlation, n_neurons, n_components : see :func:`decompose`.
    seed : of the halves.

    Returns
    -------
    array of float64, shape (N // 2,), relative error with the first 1, 2, 3 … directions; it stays as it is
    where a half has no more of them, and is NaN where they have not been looked for. Empty for fewer than two
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
    """Return the mean square of the correlation between different images, q.

    Parameters
    ----------
    correlation : array of float64, shape (N, N), of vectors, without undefined ones.
    counts : array of float64, shape (n_resamples, N), how often each image is in a sample; pairs of an image
        with itself are left out.

    Returns
    -------
    array of float64, shape (n_resamples,); NaN where there are no two images.
    """
    return mean_correlation(correlation**2, counts)


def participation_ratio(squares: Floats, n_images: float) -> Floats:
    """Return ``(Σσ²)² / Σσ⁴``, over how many components vectors spread, for a given number of images.

    As the diagonal of r is 1, it is ``n / (1 + (n − 1) q)`` for n images: for all N of them the ratio itself;
    for another number, n² over the mean of the denominator over choices of n images. The ratio grows with the
    number of images, and layers are compared at the same one.

    Parameters
    ----------
    squares : float64, q of :func:`mean_square`.
    n_images : n.

    References
    ----------
    Gao et al. (2017), A theory of multineuronal dimensionality, dynamics and measurement, bioRxiv 214262.
    """
    return n_images / (1 + (n_images - 1) * squares)


def permuted_eigenvalues(
    sample: NDArray[np.float32],
    correlation: Floats,
    n_neurons: int,
    n_components: int,
    permutations: int,
    seed: int,
) -> Floats:
    """Return the eigenvalues that neurons would have which know nothing of each other.

    Each neuron's values are permuted over images, so that its mean and variance stay and what it has in
    common with others goes, but for what all images share: the mean vector. Horn's null is made of all
    neurons. Here d of them are permuted, as all would cost another Gram matrix for each permutation, and what
    they give is brought to the size that all D have: the mean over permutations is known exactly, as the sum
    of squares and the mean vector stay; the deviations from it are sums over independent neurons, and shrink
    with the root of their number. If all are permuted, nothing is shrunk: the null is Horn's.

    Parameters
    ----------
    sample : array of float32, shape (d, N), normalized values of neurons chosen at random.
    correlation : array of float64, shape (N, N), of the vectors of all D neurons.
    n_neurons, n_components : D; how many eigenvalues are wanted where there are more than
        :data:`MOST_IN_FULL` images.
    permutations, seed : how many, and their seed.

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
            from scipy.sparse.linalg import eigsh

            start = np.random.default_rng(0).standard_normal(n_images)
            eigenvalues = eigsh(
                products, min(n_components, n_images - 1), tol=1e-4, v0=start, return_eigenvectors=False
            )
        found.append(np.sort(eigenvalues)[::-1])
    return np.array(found)


def _exchangeable(trace: float, total: float, n: int) -> Floats:
    """Return the (n, n) matrix of that trace and sum which is the same for all images, and for all pairs."""
    between = (total - trace) / (n * (n - 1)) if n > 1 else 0.0
    matrix = np.full((n, n), between)
    np.fill_diagonal(matrix, trace / n)
    return matrix


def count_above(eigenvalues: Floats, permuted: Floats) -> int:
    """Return how many of the first components are each stronger than it is in any permutation."""
    n = min(len(eigenvalues), permuted.shape[1])
    above = eigenvalues[:n] > permuted[:, :n].max(0)
    return int(n if above.all() else above.argmin())


def significant_components(
    sample: NDArray[np.float32], n_neurons: int, permutations: int, seed: int
) -> float:
    """Return the number of significant components of some neurons of a layer, by parallel analysis.

    More neurons have more significant components, so layers are compared by as many neurons of each.

    Parameters
    ----------
    sample : array of float32, shape (d, N), normalized values of neurons chosen at random.
    n_neurons : number of neurons that are taken of these.
    permutations, seed : how many, and the seed of neurons and permutations.

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
    """Return the left singular vectors ``U = Φ V / σ``: what each neuron has to do with each component.

    Parameters
    ----------
    blocks : arrays of float32, shape (N, n_neurons), normalized vectors, in order of neurons; one is held at
        a time.
    decomposition : of these N images.
    n_neurons : D.

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
