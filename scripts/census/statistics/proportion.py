"""Intervals and tests of proportions."""

import math

import numpy as np

COVERAGE = 0.95  # at least


def clopper_pearson(successes: int, n: int) -> tuple[float, float]:
    """Return the exact 95 % binomial interval of a proportion.

    Parameters
    ----------
    successes, n : number of successes and of trials, n at least 1.

    References
    ----------
    Clopper & Pearson (1934), The use of confidence or fiducial limits illustrated in the case of the
    binomial, Biometrika 26.

    Examples
    --------
    >>> [round(end, 3) for end in clopper_pearson(10, 10)]
    [0.692, 1.0]
    """
    from scipy.special import betaincinv

    tail = (1 - COVERAGE) / 2
    low = betaincinv(successes, n - successes + 1, tail) if successes else 0.0
    high = betaincinv(successes + 1, n - successes, 1 - tail) if successes < n else 1.0
    return float(np.asarray(low)), float(np.asarray(high))


def binomial_tail(successes: int, n: int) -> float:
    """Return the probability of at least as many successes in trials that succeed as often as not.

    Parameters
    ----------
    successes, n : number of successes and of trials.

    Examples
    --------
    >>> binomial_tail(2, 3)
    0.5
    """
    return sum(math.comb(n, each) for each in range(successes, n + 1)) / 2**n
