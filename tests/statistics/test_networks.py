"""Means over networks, with intervals."""

import numpy as np
import pytest
from scipy import stats

from census.statistics.networks import mean_with_interval, side_of_mean

RANDOM = np.random.default_rng(0)


def test_the_interval_is_that_of_a_t_test():
    values = RANDOM.normal(size=6)
    test = stats.ttest_1samp(values, 0)
    interval = test.confidence_interval(0.95)
    assert mean_with_interval(values) == pytest.approx((values.mean(), interval.low, interval.high))
    assert side_of_mean(values)[1] == pytest.approx(
        stats.ttest_1samp(values, 0, alternative="greater").pvalue
    )


@pytest.mark.parametrize("values", [[], [0.3], [0.3, 0.4], [0.3, 0.3, 0.3], [0.1 + 0.2, 0.3, 0.3]])
def test_without_spread_or_three_values_there_is_no_interval(values):
    _, low, high = mean_with_interval(values)
    assert np.isnan([low, high]).all()


@pytest.mark.parametrize(
    ("values", "side"),
    [
        ([0.8, 0.9, 1.0], 1),
        ([-0.8, -0.9, -1.0], -1),
        ([-0.5, 0.6, 0.4], 0),
        # without spread, the sign decides if there are enough networks
        ([-1] * 4, 0),
        ([-1] * 5, -1),
        ([1] * 5, 1),
        ([0] * 9, 0),
    ],
)
def test_sides(values, side):
    assert side_of_mean(values)[0] == side


@pytest.mark.parametrize(
    ("values", "side"),
    [([1.5, 2.5, 3.5], 1), ([1.4, 2.4, 3.4], 0), ([-1.4, -2.4, -3.4], 0), ([-1.5, -2.5, -3.5], -1)],
)
def test_a_side_is_significant_where_the_interval_excludes_0(values, side):
    # the mean is 4.33 or 4.16 standard errors from 0, and t of 2 degrees of freedom allows 4.30
    _, low, high = mean_with_interval(values)
    assert side_of_mean(values)[0] == side == (low > 0) - (high < 0)


@pytest.mark.parametrize(("value", "p"), [(1, 1 / 32), (0.3, 1 / 32), (0, 1), (-0.3, 1), (-1, 1)])
def test_p_of_values_without_spread_is_that_of_their_sign(value, p):
    assert side_of_mean([value] * 5)[1] == p


@pytest.mark.parametrize(("values", "mean"), [([], np.nan), ([0.3], 0.3), ([0.3, 0.4], 0.35)])
def test_fewer_than_three_values_have_a_mean_and_none_has_not(values, mean):
    assert mean_with_interval(values)[0] == pytest.approx(mean, nan_ok=True)


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_the_interval_scales_with_the_values(scale):
    expected = scale * np.array(mean_with_interval([1, 2, 3]))
    np.testing.assert_allclose(mean_with_interval([scale, 2 * scale, 3 * scale]), expected)


def test_values_of_pairs_have_the_interval_of_the_jackknife():
    n = 5
    pairs = RANDOM.normal(size=(n, n))
    pairs = np.where(np.eye(n, dtype=bool), np.nan, pairs + pairs.T)
    values = np.nanmean(pairs, axis=1)
    without = np.array([np.nanmean(np.delete(np.delete(pairs, each, 0), each, 1)) for each in range(n)])
    error = np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    mean, low, high = mean_with_interval(values, pairs=True)
    assert high - mean == pytest.approx(error * stats.t.ppf(0.975, n - 1))
    assert mean - low == pytest.approx(high - mean)


@pytest.mark.parametrize(("pairs", "n"), [(False, 3), (False, 5), (True, 5)])
def test_a_null_mean_is_rarely_significant(pairs, n):
    simulations = 1500
    random = np.random.default_rng(1)
    above = 0
    for _ in range(simulations):
        if pairs:
            of_pairs = random.normal(size=(n, n))
            values = np.nanmean(np.where(np.eye(n, dtype=bool), np.nan, of_pairs + of_pairs.T), axis=1)
        else:
            values = random.normal(size=n)
        above += side_of_mean(values, pairs=pairs)[0] > 0
    # one-sided level 2.5 %, and what chance adds in one of 1,000 tests
    assert above <= stats.binom.ppf(0.999, simulations, 0.025)
