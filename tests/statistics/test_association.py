"""Spearman's ρ, Kendall's τ and Pearson's r."""

import numpy as np
import pytest
from scipy import stats

from census.statistics.association import correlate, scores

SCIPY = {"Spearman": stats.spearmanr, "Kendall": stats.kendalltau, "Pearson": stats.pearsonr}


@pytest.mark.parametrize("correlation", SCIPY)
def test_scipy_has_the_same(correlation):
    random = np.random.default_rng(0)
    first, second = np.round(random.normal(size=(2, 4, 9)), 1)
    second[:, 3] = second[:, 5]  # ties
    expected = [SCIPY[correlation](*pair).statistic for pair in zip(first, second, strict=True)]
    assert correlate(first, second, correlation) == pytest.approx(expected)


def test_by_hand():
    x, y = np.array([1.0, 2, 3, 4]), np.array([1.0, 3, 2, 10])
    # one of six pairs is in the other order; one exchange of neighbors; deviations −3, −1, −2, 6
    assert correlate(x, y, "Kendall") == pytest.approx(4 / 6)
    assert correlate(x, y, "Spearman") == pytest.approx(0.8)
    assert correlate(x, y, "Pearson") == pytest.approx((4.5 + 0.5 - 1 + 9) / np.sqrt(5 * 50))


@pytest.mark.parametrize("correlation", SCIPY)
def test_equal_values_have_no_correlation(correlation):
    assert np.isnan(correlate(np.full(5, 0.1), np.arange(5.0), correlation))
    assert np.isnan(scores(np.full(5, 0.1), correlation)).all()


@pytest.mark.parametrize("correlation", SCIPY)
def test_each_row_has_scores_of_its_own_whatever_its_scale(correlation):
    rows = np.random.default_rng(1).normal(size=(2, 3, 6))
    rows[0] *= np.array([1e-14, 1, 1e20])[:, None]
    rows[1, 1] = 0.1
    found = scores(rows, correlation)
    assert found.shape == (2, 3, 15 if correlation == "Kendall" else 6)
    assert np.isnan(found).all(-1).tolist() == [[False] * 3, [False, True, False]]
    for one, other in ((rows[0, 0], rows[0, 1]), (rows[0, 1], rows[0, 2])):
        products = scores(np.stack([one, other]), correlation).prod(0)
        assert products.sum() == pytest.approx(SCIPY[correlation](one, other).statistic)
    np.testing.assert_allclose(found[0, 0], scores(rows[0, 0], correlation))


def test_a_correlation_is_that_of_ranks_unless_another_is_asked_for():
    x, y = np.array([1.0, 2, 3, 4]), np.array([1.0, 3, 2, 10])
    assert correlate(x, y) == pytest.approx(0.8)
