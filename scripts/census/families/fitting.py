"""Families of directions, fitted to channel vectors: each gives as many directions of length 1.

References
----------
Lee & Seung (1999), Learning the parts of objects by non-negative matrix factorization, Nature 401. Hyvärinen
& Oja (2000), Independent component analysis: algorithms and applications, Neural Networks 13. Cichocki & Phan
(2009), Fast local algorithms for large scale nonnegative matrix and tensor factorizations, IEICE Transactions
E92-A, for the coordinate descent of scikit-learn's NMF.
"""

import math
import warnings
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from census.statistics.rotations import random_frames
from census.statistics.signs import with_signs
from census.statistics.streams import seed_of

Floats = NDArray[np.float64]
VECTORS_PER_DIRECTION = 10  # fewer are no sample to learn as many directions from
# of scikit-learn's NMF; with its default of 1e-4, layers use all of 200 iterations, for an R² that is higher
# by less than 0.001
NMF_TOLERANCE = 2e-3


class Settings(NamedTuple):
    """How families are fitted.

    Attributes
    ----------
    active : directions of a vector's code that an autoencoder allows.
    iterations : most iterations of independent component analysis and of matrix factorization.
    steps, learning_rate : of an autoencoder.
    """

    active: int
    iterations: int
    steps: int
    learning_rate: float


class Fit(NamedTuple):
    """The directions of a family.

    Attributes
    ----------
    directions : array of float32, shape (n, n_units), of length 1, the strongest first; none if refused.
    n_dead : directions that no vector of the fit used; they are not among `directions`.
    n_iterations : iterations or steps of a search; None for a family without one.
    converged : whether the search converged; None for one that always takes all of its steps.
    reason : why there are no directions; else empty.
    """

    directions: NDArray[np.float32]
    n_dead: int = 0
    n_iterations: int | None = None
    converged: bool | None = None
    reason: str = ""


class Refused(Exception):
    """A family cannot be fitted; the message says why."""


class Sample:
    """Channel vectors, with what several families need of them, computed once.

    Parameters
    ----------
    vectors : array of float, shape (n_vectors, n_units), finite.
    count : number of leading directions that are asked for; None for as many as units.

    Attributes
    ----------
    values : array of float64, the vectors.
    """

    def __init__(self, vectors: NDArray[np.floating], count: int | None = None) -> None:
        self.values = vectors.astype(np.float64)
        self._count = min(count or self.values.shape[1], self.values.shape[1])

    @cached_property
    def singular(self) -> Floats:
        """The leading right singular vectors, about 0, (n, n_units)."""
        return _leading(self._products, self._count)[1]

    @cached_property
    def principal(self) -> tuple[Floats, Floats]:
        """The leading principal directions along which vectors differ, and standard deviations along them."""
        if len(self.values) < 2:
            return np.empty((0, self.values.shape[1])), np.empty(0)
        mean = self.values.mean(0)
        squares, directions = _leading(self._products - len(self.values) * np.outer(mean, mean), self._count)
        # eigenvalues are exact to rounding of the largest
        kept = squares > np.trace(self._products) * 1e-12 * max(self.values.shape)
        return directions[kept], np.sqrt(squares[kept] / len(self.values))

    @cached_property
    def _products(self) -> Floats:
        return self.values.T @ self.values


def _leading(matrix: Floats, count: int) -> tuple[Floats, Floats]:
    """Return the largest eigenvalues of a symmetric matrix, descending, and their eigenvectors as rows."""
    from scipy.linalg import eigh

    size = len(matrix)
    values, vectors = eigh(matrix, subset_by_index=[size - count, size - 1])
    return values[::-1], vectors[:, ::-1].T


def fit(family: str, sample: Sample, count: int, settings: Settings, seed: int) -> Fit:
    """Fit a family of directions; a family that cannot be fitted gives none, with the reason.

    Parameters
    ----------
    family : key of :data:`FAMILIES`.
    sample : channel vectors, with at least ``count`` leading directions.
    count : number of directions.
    settings : see :class:`Settings`.
    seed : of whatever is drawn.

    Examples
    --------
    >>> vectors = np.abs(np.random.default_rng(0).standard_normal((200, 6)))
    >>> fit("nmf", Sample(vectors), 4, Settings(2, 200, 500, 0.01), seed=0).directions.shape
    (4, 6)
    >>> fit("nmf", Sample(-vectors), 4, Settings(2, 200, 500, 0.01), seed=0).reason
    'values are negative, down to −3.2'
    """
    try:
        return FAMILIES[family](sample, count, settings, seed)
    except Refused as refused:
        return Fit(np.empty((0, sample.values.shape[1]), np.float32), reason=str(refused))


def _units(sample: Sample, count: int, settings: Settings, seed: int) -> Fit:
    """Return the units of the largest mean square."""
    vectors = sample.values
    chosen = np.argsort(-np.einsum("vu,vu->u", vectors, vectors), kind="stable")[:count]
    return Fit(np.eye(vectors.shape[1], dtype=np.float32)[chosen])


def _random(sample: Sample, count: int, settings: Settings, seed: int) -> Fit:
    """Return orthonormal directions that are drawn uniformly."""
    frames = random_frames(count, sample.values.shape[1], 1, seed_of(seed, "directions"))
    return Fit(_outward(frames[0], sample.values))


def _svd(sample: Sample, count: int, settings: Settings, seed: int) -> Fit:
    """Return the leading right singular vectors, about 0."""
    return Fit(_outward(with_signs(sample.singular[:count]), sample.values))


def _ica(sample: Sample, count: int, settings: Settings, seed: int) -> Fit:
    """Return what independent components add to a vector, by FastICA in the leading principal directions."""
    from sklearn.decomposition import FastICA
    from sklearn.exceptions import ConvergenceWarning

    vectors = sample.values
    _require(len(vectors), count)
    principal, deviations = (each[:count] for each in sample.principal)
    white = ((vectors - vectors.mean(0)) @ (principal / deviations[:, None]).T).astype(np.float32)
    ica = FastICA(whiten=False, max_iter=settings.iterations, random_state=seed_of(seed, "ica") % 2**32)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", ConvergenceWarning)
        ica.fit(white)
    # of white data, the filters are orthonormal, and so their own inverse
    mixing = ica.components_ @ (principal * deviations[:, None])
    sizes = np.linalg.norm(mixing, axis=1)
    directions = (mixing / sizes[:, None])[np.argsort(-sizes, kind="stable")]
    converged = not any(issubclass(each.category, ConvergenceWarning) for each in warned)
    return Fit(_outward(with_signs(directions), vectors), 0, ica.n_iter_, converged)


def _nmf(sample: Sample, count: int, settings: Settings, seed: int) -> Fit:
    """Return the parts of a non-negative matrix factorization."""
    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning

    vectors = sample.values
    if vectors.min() < 0:
        raise Refused(f"values are negative, down to {vectors.min():.2g}".replace("-", "−"))
    _require(len(vectors), count)
    seed = seed_of(seed, "nmf") % 2**32
    nmf = NMF(count, init="random", tol=NMF_TOLERANCE, max_iter=settings.iterations, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        # of the same scale in all layers: else the limit of convergence would depend on it
        codes = nmf.fit_transform((vectors / vectors.std()).astype(np.float32))  # in half the time
    energies = np.linalg.norm(codes, axis=0) * np.linalg.norm(nmf.components_, axis=1)
    return Fit(*_alive(nmf.components_, energies), nmf.n_iter_, nmf.n_iter_ < settings.iterations)


def _sae(sample: Sample, count: int, settings: Settings, seed: int) -> Fit:
    """Return the features of a top-k sparse autoencoder."""
    _require(len(sample.values), count)
    # the only one that needs torch, which takes seconds to be imported
    from census.families.autoencoder import fit_autoencoder

    found = fit_autoencoder(
        sample.values, count, min(settings.active, count), settings.steps, settings.learning_rate, seed
    )
    if not math.isfinite(found.loss) or not np.isfinite(found.directions).all():
        raise Refused("the autoencoder diverged; lower its learning rate")
    directions, n_dead = _alive(found.directions, found.energies)
    if 2 * n_dead > count:
        raise Refused(f"{n_dead} of the {count} features of the autoencoder are dead")
    return Fit(directions, n_dead, settings.steps)


FAMILIES: Mapping[str, Callable[[Sample, int, Settings, int], Fit]] = {
    "units": _units,
    "random": _random,
    "svd": _svd,
    "ica": _ica,
    "nmf": _nmf,
    "sae": _sae,
}
"""The families by name, in the order of tables and figures."""


def _require(n_vectors: int, count: int) -> None:
    """Refuse to learn directions from few vectors."""
    needed = VECTORS_PER_DIRECTION * count
    if n_vectors < needed:
        raise Refused(
            f"{count} directions need {needed} active channel vectors in each half of the images, "
            f"there are {n_vectors}; raise n_map_images or vectors, or lower directions"
        )


def _alive(directions: NDArray[np.floating], energies: Floats) -> tuple[NDArray[np.float32], int]:
    """Return the directions that are used, of length 1, the strongest first; and the number of the others."""
    order = np.argsort(-energies, kind="stable")
    order = order[energies[order] > 0]
    kept = directions[order].astype(np.float64)
    lengths = np.linalg.norm(kept, axis=1, keepdims=True)
    return (kept / lengths).astype(np.float32), len(directions) - len(order)


def _outward(directions: NDArray[np.floating], vectors: Floats) -> NDArray[np.float32]:
    """Return directions without a sign of their own such that they point to the longer tail of vectors."""
    cubes = ((vectors @ directions.T.astype(np.float64)) ** 3).sum(0)
    return (directions * np.where(cubes < 0, -1, 1)[:, None]).astype(np.float32)
