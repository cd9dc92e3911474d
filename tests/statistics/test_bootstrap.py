"""The bootstrap interval of a mean, against scipy."""

import numpy as np
import pytest
from scipy import stats

from census.statistics import bootstrap
from census.statistics.bootstrap import (
    drawn_counts,
    drawn_places,
    estimate,
    mean_estimate,
    percentile_interval,
    resample_counts,
)

VALUES = np.random.default_rng(0).gamma(2, size=300)


def test_it_agrees_with_scipy():
    theirs = stats.bootstrap(
        (VALUES,), np.mean, n_resamples=20_000, method="percentile", rng=1
    ).confidence_interval
    value, *ours = mean_estimate(VALUES, 20_000, seed=2)
    assert value == VALUES.mean()
    # the ends of such intervals vary by about a hundredth of their width
    np.testing.assert_allclose(ours, tuple(theirs), atol=0.04 * (theirs.high - theirs.low))


def test_the_interval_has_nominal_coverage_of_the_mean():
    random = np.random.default_rng(3)
    covered = 0
    for seed in range(300):
        _, low, high = mean_estimate(random.standard_normal(60), 400, seed)
        covered += low <= 0 <= high
    assert covered == pytest.approx(0.95 * 300, abs=3 * np.sqrt(300 * 0.95 * 0.05))


def test_the_seed_decides():
    assert mean_estimate(VALUES, 100, 0) == mean_estimate(VALUES, 100, 0) != mean_estimate(VALUES, 100, 1)


def test_undefined_values_are_left_out():
    with_nan = np.concatenate([VALUES, [np.nan] * 50])
    assert mean_estimate(with_nan, 100, 0) == mean_estimate(VALUES, 100, 0)
    np.testing.assert_array_equal(mean_estimate(np.array([1.0, np.nan]), 100, 0), (1, np.nan, np.nan))
    assert np.isnan(mean_estimate(np.array([np.nan]), 100, 0)).all()


def test_two_values_have_an_interval():
    # each mean of two is the lower value in one of four resamples, and the higher one in another
    assert mean_estimate(np.array([1.0, np.nan, 3]), 400, 0) == (2, 1, 3)


@pytest.mark.parametrize("at_once", [1, 100, 1000])
def test_samples_do_not_depend_on_how_many_are_drawn_at_once(monkeypatch, at_once):
    (expected,) = drawn_places(40, 23, seed=5)
    monkeypatch.setattr(bootstrap, "VALUES_AT_ONCE", at_once)
    found = list(drawn_places(40, 23, seed=5))
    assert len(found) == {1: 23, 100: 12, 1000: 1}[at_once]
    assert expected.shape == (23, 40)
    np.testing.assert_array_equal(np.concatenate(found), expected)


def test_an_item_alone_is_always_drawn_and_no_item_never():
    assert drawn_counts(1, 3, np.random.default_rng(0)).tolist() == [[1], [1], [1]]
    assert drawn_counts(0, 3, np.random.default_rng(0)).shape == (3, 0)


def test_intervals_hold_the_middle_of_the_estimates():
    estimates = np.arange(1001.0)[:, None] * [1, 2]
    low, high = percentile_interval(estimates)
    np.testing.assert_allclose(low, [25, 50])
    np.testing.assert_allclose(high, [975, 1950])


def test_resamples_without_an_estimate_are_left_out():
    estimates = np.stack([np.arange(101.0), np.full(101, np.nan)], axis=1)
    estimates[::2, 0] = np.nan
    low, high = percentile_interval(estimates, level=0.8)
    expected = np.quantile(np.arange(1.0, 101, 2), [0.1, 0.9])
    np.testing.assert_allclose([low[0], high[0]], expected)
    assert np.isnan([low[1], high[1]]).all()
    assert np.isnan(percentile_interval(np.full((9, 2, 3), np.nan))).all()


def test_resamples_draw_as_many_images_as_there_are():
    counts = resample_counts(40, 2000, seed=0)
    assert (counts.sum(1) == 40).all()
    # as often as drawing with replacement leaves an image out
    assert (counts == 0).mean() == pytest.approx((1 - 1 / 40) ** 40, abs=0.01)
    np.testing.assert_array_equal(counts, resample_counts(40, 2000, seed=0))
    assert (counts != resample_counts(40, 2000, seed=1)).any()


def test_an_estimate_comes_with_its_interval():
    values = VALUES[:50]
    found = estimate(lambda counts: counts @ values / counts.sum(1), resample_counts(50, 5000, seed=0))
    assert found.value == pytest.approx(values.mean())
    np.testing.assert_allclose(found, mean_estimate(values, 5000, 1), rtol=0.02)
