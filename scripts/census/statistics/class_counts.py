"""Counts of classes in sets of images, and similarities between them."""

import numpy as np
from numpy.typing import NDArray

from census.statistics.association import scores
from census.statistics.defined import over_defined
from census.statistics.streams import stream
from census.statistics.top_images import NONE

Floats = NDArray[np.float64]


def class_counts(top: NDArray[np.integer], labels: NDArray[np.integer], n_classes: int) -> NDArray[np.int64]:
    """Count each unit's top images of each class: the co-occurrence matrix (CoF) of Sadeghi (2018).

    Parameters
    ----------
    top : array of int, shape (n_units, k), images as indices into ``labels``;
        :data:`~census.statistics.top_images.NONE` for units with fewer than k.
    labels : array of int, shape (n_images,), classes.
    n_classes : number of classes; one without images is a column of zeros.

    Returns
    -------
    array of int64, shape (n_units, n_classes).
    """
    units, ranks = np.nonzero(top != NONE)
    cells = units * n_classes + labels[top[units, ranks]]
    return np.bincount(cells, minlength=len(top) * n_classes).reshape(len(top), n_classes)


def chance_labels(labels: NDArray[np.integer], k: int, draws: int, seed: int) -> NDArray[np.int64]:
    """Draw the classes of k random images without replacement, as for a unit without class preference.

    Parameters
    ----------
    labels : array of int, shape (n_images,), the classes of all images.
    k : number of images in a draw; all images if there are fewer.
    draws, seed : number of draws, and their seed.

    Returns
    -------
    array of int64, shape (n_draws, min(k, n_images)); the first n of a draw are a draw of n images.
    """
    random = stream(seed, "random classes")
    k = min(k, len(labels))
    return np.stack([labels[random.choice(len(labels), k, replace=False)] for _ in range(draws)])


def chance_counts(drawn: NDArray[np.integer], n_images: int, n_classes: int) -> NDArray[np.int64]:
    """Count the classes of the first images of each draw, array of int64, shape (n_draws, n_classes)."""
    return class_counts(drawn[:, :n_images], np.arange(n_classes), n_classes)


def entropy(counts: NDArray[np.number]) -> Floats:
    """Return the entropy in bits of each row of counts, array of float64, shape (…,); NaN for a row of zeros.

    Parameters
    ----------
    counts : array of whole numbers, shape (…, n_classes).
    """
    with np.errstate(invalid="ignore"):
        shares = counts / counts.sum(-1, dtype=np.float64, keepdims=True)
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.abs(-(shares * logs).sum(-1))  # and no −0


def row_similarity(counts: NDArray[np.integer]) -> Floats:
    """Return Pearson's r between all rows, float64, shape (n_units, n_units); NaN for constant rows."""
    rows = scores(counts.astype(np.float64), "Pearson")
    return np.clip(rows @ rows.T, -1, 1)


def row_distance(counts: NDArray[np.integer]) -> Floats:
    """Return Euclidean distances between all rows, array of float64, shape (n_units, n_units)."""
    rows = counts.astype(np.float64)
    squares, products = (rows**2).sum(1), rows @ rows.T
    # counts are whole numbers, so the difference loses no precision
    return np.sqrt(np.maximum(squares[:, None] + squares - 2 * products, 0))


def mean_of_pairs(matrix: Floats) -> float:
    """Return the mean over pairs of different units that are not NaN; NaN if there are none."""
    return over_defined(np.mean, matrix[np.triu_indices(len(matrix), 1)])
