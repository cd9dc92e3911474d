"""Ranks with ties."""

import numpy as np
import pytest
from scipy import stats
from scipy.stats import rankdata

from census.statistics.bootstrap import resample_counts
from census.statistics.ranks import average_ranks, rank_correlation

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(0,), (1,), (2, 1), (3, 0), (400,), (2, 3, 50)], ids=str)
@pytest.mark.parametrize("values", [1, 5, 1000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_they_are_scipy_s(shape, values, dtype):
    drawn = RANDOM.integers(values, size=shape).astype(dtype)
    drawn[drawn == 3] = np.inf
    drawn[drawn == 4] = -np.inf
    np.testing.assert_array_equal(average_ranks(drawn), rankdata(drawn, axis=-1))


def test_rank_correlation_against_scipy():
    x, y = RANDOM.integers(0, 5, 20).astype(float), RANDOM.normal(size=20)
    counts = resample_counts(20, 25, seed=0)
    found = rank_correlation(x, y, np.concatenate([np.ones((1, 20)), counts]))
    assert found[0] == pytest.approx(stats.spearmanr(x, y).statistic)
    for value, row in zip(found[1:], counts.astype(int), strict=True):
        drawn = np.repeat(np.arange(20), row)
        assert value == pytest.approx(stats.spearmanr(x[drawn], y[drawn]).statistic)


def test_rank_correlation_of_constant_values_is_undefined():
    ones = np.ones((1, 4))
    assert np.isnan(rank_correlation(np.arange(4.0), np.ones(4), ones)).all()
    for n in (0, 1, 2):
        assert np.isnan(rank_correlation(np.arange(float(n)), np.arange(float(n)), np.ones((3, n)))).all()
    assert rank_correlation(np.arange(4.0), -np.arange(4.0), ones)[0] == pytest.approx(-1)
    all_the_same = np.array([[4.0, 0, 0, 0]])
    assert np.isnan(rank_correlation(np.arange(4.0), np.arange(4.0), all_the_same)).all()
