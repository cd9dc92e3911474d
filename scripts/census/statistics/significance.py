"""Significance of many units at once."""

import numpy as np
from numpy.typing import NDArray


def benjamini_hochberg(p_values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return q-values: to call all units up to a q significant makes at most that share of them false.

    As :func:`scipy.stats.false_discovery_control`, without what importing ``scipy.stats`` costs each job, and
    for p-values of which some are undefined.

    Parameters
    ----------
    p_values : float (n,); NaN are no tests, and do not count as such.

    Returns
    -------
    float64 (n,); NaN where p is.

    References
    ----------
    Benjamini & Hochberg (1995), Controlling the false discovery rate: a practical and powerful approach to
    multiple testing, Journal of the Royal Statistical Society B 57.
    """
    order = np.argsort(p_values)[: np.count_nonzero(~np.isnan(p_values))]  # NaN come last
    raised = p_values[order] * len(order) / np.arange(1, len(order) + 1)
    q_values = np.full(len(p_values), np.nan)
    q_values[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1)
    return q_values
