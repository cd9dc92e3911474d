"""Sparse codes: vectors as sums of a few directions, chosen greedily."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ROUNDING = 1e-6  # what is left of a vector, as a share of its length, that counts as nothing


class Codes(NamedTuple):
    """Codes of vectors, and what they leave of these.

    Attributes
    ----------
    values : array of float64, shape (n_vectors, n_directions), at most ``active`` of a row not 0.
    errors : array of float64, shape (n_vectors,), squared length of the vector minus its reconstruction.
    """

    values: Floats
    errors: Floats


def sparse_codes(vectors: NDArray[np.floating], directions: NDArray[np.floating], active: int) -> Codes:
    """Return each vector as a sum of few directions, by orthogonal matching pursuit.

    The direction along which most is left of the vector joins those that are active, and their weights are
    fitted anew by least squares. Of orthonormal directions, those with the largest projections are active,
    and no choice of as many leaves less.

    Parameters
    ----------
    vectors : array of float, shape (n_vectors, n_units), finite.
    directions : array of float, shape (n_directions, n_units), each of length 1; they may be more than units,
        and dependent.
    active : directions that a vector may have, at most ``n_directions``. A vector that is rebuilt to rounding
        has fewer.

    References
    ----------
    Pati, Rezaiifar & Krishnaprasad (1993), Orthogonal matching pursuit: recursive function approximation with
    applications to wavelet decomposition, Asilomar Conference on Signals, Systems and Computers.

    Examples
    --------
    >>> sparse_codes(np.array([[3.0, 1, 2]]), np.eye(3), 2)
    Codes(values=array([[3., 0., 2.]]), errors=array([1.]))
    """
    directions = directions.astype(np.float64)
    vectors = vectors.astype(np.float64)
    products, gram = vectors @ directions.T, directions @ directions.T
    squares = np.einsum("vu,vu->v", vectors, vectors)
    values, errors = np.zeros_like(products), squares.copy()
    chosen = np.empty((len(vectors), active), np.int64)
    going = np.flatnonzero(squares > 0)
    for count in range(active):
        left = products[going] - values[going] @ gram
        # those that are active are left nothing, but for rounding
        np.put_along_axis(left, chosen[going, :count], 0, axis=1)
        best = np.abs(left).argmax(1)
        has_more = np.abs(left[np.arange(len(going)), best]) > ROUNDING * np.sqrt(squares[going])
        going, best = going[has_more], best[has_more]
        if not len(going):
            break
        chosen[going, count] = best
        places = chosen[going, : count + 1]
        right = np.take_along_axis(products[going], places, axis=1)
        weights = np.linalg.solve(gram[places[:, :, None], places[:, None, :]], right[..., None])[..., 0]
        values[going[:, None], places] = weights
        errors[going] = squares[going] - np.einsum("vk,vk->v", weights, right)
    return Codes(values, errors.clip(0))
