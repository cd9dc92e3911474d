"""Permutation tests."""

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import kendalltau, pearsonr, permutation_test, spearmanr

from census.statistics import permutation
from census.statistics.permutation import DRAWN, mantel, orders, tails, trend


def random(seed=0):
    return np.random.default_rng(seed)


def test_all_orders_of_few_items_and_samples_of_many():
    few, many = orders(7, random()), orders(20, random())
    assert len({tuple(order) for order in few}) == len(few) == 5040
    assert many.shape == (1 + DRAWN, 20)
    np.testing.assert_array_equal(np.sort(many, axis=1), np.tile(np.arange(20), (1 + DRAWN, 1)))
    for each in (few, many):
        np.testing.assert_array_equal(each[0], np.arange(each.shape[1]))


@pytest.mark.parametrize("n", [4, 6])
@pytest.mark.parametrize(
    ("correlation", "of_scipy"), [("Spearman", spearmanr), ("Kendall", kendalltau), ("Pearson", pearsonr)]
)
def test_a_trend_has_scipy_s_exact_p(n, correlation, of_scipy):
    values = np.round(random(n).normal(size=n), 1)
    values[-1] = values[0]  # a tie
    for side, alternative in (("above", "greater"), ("below", "less")):
        expected = permutation_test(
            (values,),
            lambda drawn: of_scipy(np.arange(n), drawn).statistic,
            permutation_type="pairings",
            alternative=alternative,
            n_resamples=np.inf,
            vectorized=False,
        ).pvalue
        found = trend(np.arange(float(n)), values, random(), correlation)
        assert getattr(found, side) == pytest.approx(expected)


def test_three_layers_cannot_be_significant_and_four_can():
    for n, attainable in ((3, 1 / 6), (4, 1 / 24)):
        found = trend(np.arange(float(n)), np.arange(float(n)), random())
        assert found.above == found.attainable == pytest.approx(attainable)


def test_equal_values_have_no_trend():
    assert trend(np.arange(5.0), np.ones(5), random()) == (1, 1, 1)


def test_a_planted_matrix_is_found_and_a_random_one_is_not():
    n = 12
    distances = np.abs(np.subtract.outer(np.arange(n), np.arange(n))).astype(float)
    noise = random().normal(size=(n, n))
    assert mantel(distances, -distances + 0.1 * (noise + noise.T), random()).below < 0.001
    assert 0.05 < mantel(distances, noise + noise.T, random()).below < 0.95


@pytest.mark.parametrize("at_once", [1, 300, 1 << 20])
@pytest.mark.parametrize(
    ("correlation", "of_scipy"), [((), spearmanr), (("Spearman",), spearmanr), (("Pearson",), pearsonr)]
)
def test_matrices_are_compared_under_all_orders_of_layers(monkeypatch, correlation, of_scipy, at_once):
    monkeypatch.setattr(permutation, "VALUES_AT_ONCE", at_once)
    n, noise = 5, random(3).normal(size=(2, 5, 5)) ** 3
    distances, similarities = noise + noise.transpose(0, 2, 1)
    pairs = np.triu_indices(n, 1)
    found = np.array(
        [
            of_scipy(distances[pairs], similarities[np.ix_(order, order)][pairs]).statistic
            for order in permutations(range(n))
        ]
    )
    expected = np.mean(found >= found[0] - 1e-9), np.mean(found <= found[0] + 1e-9)
    assert min(expected) > 0.05
    tested = mantel(distances, similarities, random(), *correlation)
    assert (tested.above, tested.below) == pytest.approx(expected)


def test_a_trend_is_that_of_ranks_unless_another_is_asked_for():
    values = np.array([1.0, 3, 2, 4, 100])
    ranked, linear = (trend(np.arange(5.0), values, random(), each) for each in ("Spearman", "Pearson"))
    assert trend(np.arange(5.0), values, random()) == ranked != linear


def test_a_trend_of_kendall_s_is_the_same_in_several_blocks(monkeypatch):
    values = random(1).normal(size=6)
    expected = trend(np.arange(6.0), values, random(), "Kendall")
    monkeypatch.setattr(permutation, "VALUES_AT_ONCE", 100)
    assert trend(np.arange(6.0), values, random(), "Kendall") == expected


@pytest.mark.parametrize("n", [4, 5, 9, 15])
def test_without_a_trend_at_most_one_in_twenty_is_significant(n):
    draw = random(n)
    false = [trend(np.arange(float(n)), draw.normal(size=n), draw).above <= 0.05 for _ in range(400)]
    # three standard deviations of a binomial share
    assert np.mean(false) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(false))


def test_pairs_of_layers_do_not_count_as_independent():
    # similarities of layers that each have an offset of their own: pairs go together, without any trend
    n, draw = 7, random()
    distances = np.abs(np.subtract.outer(np.arange(n), np.arange(n))).astype(float)
    false = []
    for _ in range(200):
        own = draw.normal(size=n)
        false.append(mantel(distances, np.add.outer(own, own), draw).below <= 0.05)
    assert np.mean(false) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(false))


def test_the_data_s_own_order_is_included():
    assert tails(np.array([5.0, 1, 2, 3])) == (0.25, 1, 0.25)
