"""Intervals of proportions."""

import pytest
from scipy.stats import binomtest

from census.statistics.proportion import binomial_tail, clopper_pearson


@pytest.mark.parametrize(("successes", "n"), [(0, 5), (5, 5), (1, 1), (3, 32), (31, 32)])
def test_intervals_are_scipy_s(successes, n):
    expected = binomtest(successes, n).proportion_ci(method="exact")
    assert clopper_pearson(successes, n) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(("successes", "n"), [(0, 4), (3, 3), (6, 6), (5, 12), (40, 64)])
def test_the_tail_is_scipy_s(successes, n):
    expected = binomtest(successes, n, 0.5, alternative="greater").pvalue
    assert binomial_tail(successes, n) == pytest.approx(expected)
