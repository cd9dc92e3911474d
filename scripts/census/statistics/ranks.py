"""Ranks with ties. scipy.stats has them, too, and takes half a second to import."""

import numpy as np
from numpy.typing import NDArray


def average_ranks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the ranks of values along the last axis, from 1; tied values have the mean of their ranks.

    Parameters
    ----------
    values : array of float, shape (…, n), without NaN.

    Returns
    -------
    array of float64, shape (…, n).

    Examples
    --------
    >>> average_ranks(np.array([0.3, 0.1, 0.3])).tolist()
    [2.5, 1.0, 2.5]
    """
    n = values.shape[-1]
    order = values.argsort(-1)
    ascending = np.take_along_axis(values, order, -1)
    differs = ascending[..., 1:] != ascending[..., :-1]
    ends = np.ones((*values.shape[:-1], 1), bool)
    # places of the first and the last of the values that each is tied with
    first = np.maximum.accumulate(np.where(np.concatenate([ends, differs], -1), np.arange(n), 0), -1)
    last = np.where(np.concatenate([differs, ends], -1), np.arange(n), n)
    last = np.minimum.accumulate(last[..., ::-1], -1)[..., ::-1]
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, (first + last) / 2 + 1, -1)
    return ranks
