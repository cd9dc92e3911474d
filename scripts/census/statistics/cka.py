"""Debiased linear CKA: similarity between layers from their Gram matrices."""

import numpy as np
from numpy.typing import NDArray

from census.statistics.gram import RESOLUTION

Floats = NDArray[np.float64]


def debiased_cka(products: Floats, counts: Floats) -> Floats:
    """Return ``HSIC₁(K, L) / √(HSIC₁(K, K) · HSIC₁(L, L))`` for all pairs of layers.

    HSIC₁ is the unbiased estimator, the mean over four different images (i, j, q, r) of
    ``K_ij L_ij + K_ij L_qr − 2 K_ij L_iq``. Its expected value for independent layers is 0 for any number of
    neurons.

    Parameters
    ----------
    products : array of float64, shape (L, N, N), inner products of the vectors of the same N images. An image
        with a NaN in either of two layers is left out of their comparison.
    counts : array of float64, shape (n_resamples, N), count of each image in each sample; ones for the data.
        All indices are of different images: repeated draws of an image form no pairs. Each of the three terms
        is a mean over the sample.

    Returns
    -------
    array of float64, shape (n_resamples, L, L); 1 on the diagonal, NaN if a self-term is not positive or
    there are fewer than four different images.

    References
    ----------
    Song et al. (2012), Feature selection via dependence maximization, JMLR 13, eq. 5 (HSIC₁).
    Nguyen, Raghu & Kornblith (2021), Do wide and deep networks learn the same things?, ICLR, eq. 3.
    """
    # non-finite values of an image make its diagonal entry NaN
    defined = np.isfinite(np.diagonal(products, axis1=1, axis2=2))
    centred = [_centred(*pair) for pair in zip(products, defined, strict=True)]
    # terms that depend on one layer and on the images compared
    rows: dict[tuple[int, bytes], Floats] = {}
    self_terms: dict[tuple[int, bytes], Floats] = {}
    result = np.full((len(counts), len(products), len(products)), np.nan)
    for one in range(len(products)):
        for other in range(one, len(products)):
            images = defined[one] & defined[other]
            chosen = np.where(images, counts, 0)
            keys = [(layer, images.tobytes()) for layer in (one, other)]
            for key in keys:
                if key not in rows:
                    matrix = centred[key[0]]
                    rows[key] = chosen @ matrix
                    self_terms[key] = _hsic1(matrix**2, rows[key], rows[key], chosen)
            cross = _hsic1(centred[one] * centred[other], rows[keys[0]], rows[keys[1]], chosen)
            terms = [self_terms[key] for key in keys]
            with np.errstate(invalid="ignore"):
                scale = np.sqrt(np.where((terms[0] > 0) & (terms[1] > 0), terms[0] * terms[1], np.nan))
            result[:, one, other] = result[:, other, one] = cross / scale
    return result


def _centred(products: Floats, defined: NDArray[np.bool_]) -> Floats:
    """Return a centered Gram matrix with a zero diagonal, scaled to a maximum of 1.

    HSIC₁ of the data is invariant to centering, but large means of rows and columns would cost precision.
    That of a resample, in which images count differently, is invariant to shifts of the vectors only if
    centered.
    """
    centred = np.zeros(products.shape)
    if defined.any():
        kept = products[np.ix_(defined, defined)]
        mean = kept.mean(0)
        kept = kept - mean - mean[:, None] + mean.mean()
        np.fill_diagonal(kept, 0)
        largest = np.abs(kept).max()
        # equal vectors differ only by rounding: the matrix stays zero, and CKA is undefined
        if largest > RESOLUTION * np.abs(products[np.ix_(defined, defined)]).max():
            centred[np.ix_(defined, defined)] = kept / largest
    return centred


def _hsic1(joint: Floats, rows_one: Floats, rows_other: Floats, counts: Floats) -> Floats:
    """Return the unbiased estimate of the Hilbert–Schmidt independence criterion, HSIC₁.

    Parameters
    ----------
    joint : array of float64, shape (N, N), elementwise product of two Gram matrices with zero diagonals.
    rows_one, rows_other : array of float64, shape (resamples, N), row sums of each matrix over each sample.
    counts : array of float64, shape (resamples, N), see :func:`debiased_cka`.

    Returns
    -------
    array of float64, shape (resamples,); NaN if a sample has fewer than four different images.
    """
    squared = counts**2
    joint_rows, joint_squares = counts @ joint, squared @ joint
    # sums over different images: terms with equal indices are subtracted
    two = np.einsum("rn,rn->r", joint_rows, counts)
    three = np.einsum("rn,rn,rn->r", counts, rows_one, rows_other) - np.einsum(
        "rn,rn->r", joint_rows, squared
    )
    shared = np.einsum("rn,rn,rn->r", squared, rows_one, rows_other)
    both = np.einsum("rn,rn->r", joint_squares, squared)
    total_one, total_other = (np.einsum("rn,rn->r", rows, counts) for rows in (rows_one, rows_other))
    four = total_one * total_other - 4 * (shared - both) - 2 * both
    # numbers of pairs, triples and quadruples: elementary symmetric sums from power sums
    p1, p2 = counts.sum(1), squared.sum(1)
    p3, p4 = (np.einsum("rn,rn->r", squared, each) for each in (counts, squared))
    pairs = p1**2 - p2
    triples = p1**3 - 3 * p1 * p2 + 2 * p3
    quadruples = p1**4 - 6 * p1**2 * p2 + 3 * p2**2 + 8 * p1 * p3 - 6 * p4
    with np.errstate(invalid="ignore", divide="ignore"):
        estimate = two / pairs + four / quadruples - 2 * three / triples
    return np.where(quadruples > 0, estimate, np.nan)
