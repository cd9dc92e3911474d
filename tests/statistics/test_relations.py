"""Relations between measures of the same units."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata, spearmanr

from census.statistics.relations import relation

RANDOM = np.random.default_rng(0)
FIRST = RANDOM.normal(size=60)
SECOND = np.round(FIRST + RANDOM.normal(size=60))  # with ties
THIRD = FIRST + 0.5 * RANDOM.normal(size=60)


def test_rho_agrees_with_scipy():
    found = relation(FIRST, SECOND, 200, 0)
    assert found.rho == pytest.approx(spearmanr(FIRST, SECOND).statistic)
    assert found.n == 60
    assert -1 <= found.low < found.rho < found.high <= 1


def test_by_hand():
    # ranks 1 2 3 4 and 1 3 2 4: 1 - 6 · 2 / (4 · 15)
    assert relation(np.array([1.0, 5, 7, 9]), np.array([0.0, 2, 1, 8]), 100, 0).rho == pytest.approx(0.8)


def test_three_units_are_enough():
    found = relation(np.array([1.0, 2, np.nan, 3]), np.array([1.0, 3, 9, 2]), 100, 0)
    assert found.rho == pytest.approx(0.5)
    assert found.n == 3
    assert -1 <= found.low < found.high <= 1


def test_partial_rho_is_the_correlation_of_residuals():
    ranks = [rankdata(values) for values in (FIRST, SECOND, THIRD)]
    fit = np.stack([np.ones(60), ranks[2]], 1)
    left = [rank - fit @ np.linalg.lstsq(fit, rank, rcond=None)[0] for rank in ranks[:2]]
    expected = np.corrcoef(*left)[0, 1]
    assert relation(FIRST, SECOND, 100, 0, THIRD).rho == pytest.approx(expected)


def test_partial_rho_removes_a_common_cause():
    common = RANDOM.normal(size=2000)
    first, second = (common + 0.3 * RANDOM.normal(size=2000) for _ in range(2))
    assert relation(first, second, 100, 0).rho > 0.8
    partial = relation(first, second, 200, 0, common)
    assert partial.low < 0.05
    assert partial.high > -0.05


def test_units_with_nan_are_left_out():
    second = SECOND.copy()
    second[:10] = np.nan
    found = relation(FIRST, second, 100, 0)
    assert found.n == 50
    assert found == relation(FIRST[10:], second[10:], 100, 0)
    # columns of tables may hold missing values of their own kind
    assert relation(pd.Series(FIRST), pd.Series(second), 100, 0) == found


@pytest.mark.parametrize(
    ("first", "second", "n"),
    [([1.0, 2], [2.0, 1], 2), ([1.0, 1, 1, 1], [1.0, 2, 3, 4], 4), ([np.nan] * 5, [1.0] * 5, 0)],
    ids=["two units", "all the same", "no numbers"],
)
def test_undefined_is_no_number(first, second, n):
    found = relation(np.array(first), np.array(second), 100, 0)
    assert np.isnan([found.rho, found.low, found.high]).all()
    assert found.n == n


def test_a_measure_determined_by_the_third_has_no_partial_rho():
    assert np.isnan(relation(FIRST, SECOND, 100, 0, 2 * FIRST).rho)


def test_the_interval_has_nominal_coverage():
    # a bootstrap of 50 pairs of normal numbers with ρ of about 0.48
    covered = 0
    for seed in range(200):
        random = np.random.default_rng([1, seed])
        first = random.normal(size=50)
        second = 0.5 * first + np.sqrt(0.75) * random.normal(size=50)
        found = relation(first, second, 200, seed)
        covered += found.low <= 6 / np.pi * np.arcsin(0.25) <= found.high
    assert 170 <= covered <= 199


def test_the_same_seed_gives_the_same_interval():
    assert relation(FIRST, SECOND, 100, 3) == relation(FIRST, SECOND, 100, 3)
    assert relation(FIRST, SECOND, 100, 3) != relation(FIRST, SECOND, 100, 4)
