"""Agreement of measures in the order of units."""

import numpy as np
import pytest
from scipy.stats import binom, spearmanr

from census.statistics import agreement
from census.statistics.agreement import pair_counts, pooled, rank_correlations, resampled_units

RANDOM = np.random.default_rng(0)
VALUES = np.round(RANDOM.normal(size=(4, 60)), 1)  # with ties
VALUES[1] += VALUES[0]
VALUES[2, :20] = np.nan
VALUES[3, 5] = np.inf
COUNTS = resampled_units(60, 400, 0, 3)


def test_each_pair_is_compared_over_units_defined_for_both():
    found = rank_correlations(VALUES, COUNTS)[0]
    for one in range(4):
        for other in range(4):
            known = ~np.isnan(VALUES[[one, other]]).any(0)
            expected = spearmanr(VALUES[one, known], VALUES[other, known]).statistic
            assert found[one, other] == pytest.approx(expected)


def test_samples_are_ranked_anew():
    values = np.array([[1.0, 2, 3, 4], [2.0, 1, 4, 3]])
    counts = np.array([[1.0, 1, 1, 1], [2.0, 1, 1, 0]])
    drawn = [0, 0, 1, 2]
    expected = spearmanr(*values[:, drawn]).statistic
    assert rank_correlations(values, counts)[:, 0, 1] == pytest.approx([0.6, expected])


def test_samples_with_ties_agree_with_scipy():
    found = rank_correlations(VALUES, COUNTS)
    for sample in range(1, 20):
        drawn = VALUES[:, np.repeat(np.arange(60), COUNTS[sample].astype(int))]
        known = ~np.isnan(drawn[[0, 2]]).any(0)
        expected = spearmanr(*drawn[[0, 2]][:, known]).statistic
        assert found[sample, 0, 2] == pytest.approx(expected)


def test_intervals_of_unrelated_measures_exclude_0_as_often_as_they_should():
    random = np.random.default_rng(2)
    excluded, simulations = 0, 300
    for _ in range(simulations):
        counts = resampled_units(32, 300, int(random.integers(1 << 30)), 0)
        rho = rank_correlations(random.normal(size=(2, 32)), counts)[1:, 0, 1]
        low, high = np.quantile(rho, [0.025, 0.975])
        excluded += low > 0 or high < 0
    assert excluded <= binom.ppf(0.999, simulations, 0.05)


def test_the_interval_is_that_of_fisher_s_z():
    random = np.random.default_rng(1)
    first = random.normal(size=400)
    values = np.stack([first, first + random.normal(size=400)])
    rho = rank_correlations(values, resampled_units(400, 1000, 0, 0))[:, 0, 1]
    low, high = np.quantile(rho[1:], [0.025, 0.975])
    z, error = np.arctanh(rho[0]), 1.06**0.5 / np.sqrt(400 - 3)
    assert low == pytest.approx(np.tanh(z - 1.96 * error), abs=0.02)
    assert high == pytest.approx(np.tanh(z + 1.96 * error), abs=0.02)


@pytest.mark.parametrize(
    "second", [[1.0, 1, 1, 1], [np.nan, np.nan, 1, 2]], ids=["all the same", "two units"]
)
def test_undefined_is_no_number(second):
    found = rank_correlations(np.array([[1.0, 2, 3, 4], second]), np.ones((1, 4)))
    assert np.isnan(found[0, 0, 1])
    assert found[0, 0, 0] == pytest.approx(1)


def test_three_shared_units_are_enough():
    values = np.array([[1.0, 2, 3, 4, 5], [np.nan, np.nan, 1, 3, 2]])
    assert rank_correlations(values, np.ones((1, 5)))[0] == pytest.approx(np.array([[1, 0.5], [0.5, 1]]))


def test_a_measure_without_units_leaves_the_others_defined():
    found = rank_correlations(np.stack([np.full(60, np.nan), *VALUES[:2]]), COUNTS)
    assert np.isnan(found[:, 0]).all()
    np.testing.assert_array_equal(found[:, 1:, 1:], rank_correlations(VALUES[:2], COUNTS))


@pytest.mark.parametrize("at_once", [1, 1000, 10_000])
def test_samples_do_not_depend_on_how_many_are_ranked_at_once(monkeypatch, at_once):
    expected = rank_correlations(VALUES, COUNTS)
    monkeypatch.setattr(agreement, "VALUES_AT_ONCE", at_once)
    np.testing.assert_allclose(rank_correlations(VALUES, COUNTS), expected, rtol=1e-12)


def test_units_are_resampled_independently_in_each_layer():
    assert (COUNTS.sum(1) == 60).all()
    assert (COUNTS[0] == 1).all()
    assert not np.array_equal(COUNTS, resampled_units(60, 400, 0, 4))
    assert np.array_equal(COUNTS, resampled_units(60, 400, 0, 3))


def test_layers_are_weighted_by_their_units():
    one, other = np.full((1, 2, 2), 0.5), np.full((1, 2, 2), -1.0)
    other[0, 0, 1] = np.nan
    numbers = [np.full((2, 2), 30), np.full((2, 2), 10)]
    assert pooled([one, other], numbers)[0] == pytest.approx(np.array([[0.125, 0.5], [0.125, 0.125]]))


def test_common_trends_along_depth_are_not_agreement():
    layers = [RANDOM.normal(size=(2, 200)) + 10 * depth for depth in range(3)]
    found = [rank_correlations(values, np.ones((1, 200))) for values in layers]
    assert abs(pooled(found, [pair_counts(values) for values in layers])[0, 0, 1]) < 0.15
    assert rank_correlations(np.concatenate(layers, axis=1), np.ones((1, 600)))[0, 0, 1] > 0.8
