"""The bootstrap interval of a mean, against scipy."""

import numpy as np
import pytest
from scipy import stats

from census.measures.bootstrap import mean_interval

VALUES = np.random.default_rng(0).gamma(2, size=300)


def test_it_agrees_with_scipy():
    theirs = stats.bootstrap(
        (VALUES,), np.mean, n_resamples=20_000, method="percentile", rng=1
    ).confidence_interval
    ours = mean_interval(VALUES, 20_000, seed=2)
    # the ends of such intervals vary by about a hundredth of their width
    np.testing.assert_allclose(ours, tuple(theirs), atol=0.04 * (theirs.high - theirs.low))


def test_it_covers_the_mean_as_often_as_it_says():
    random = np.random.default_rng(3)
    covered = 0
    for seed in range(300):
        low, high = mean_interval(random.standard_normal(60), 400, seed, level=0.8)
        covered += low <= 0 <= high
    assert covered == pytest.approx(0.8 * 300, abs=3 * np.sqrt(300 * 0.8 * 0.2))


def test_the_seed_decides():
    assert mean_interval(VALUES, 100, 0) == mean_interval(VALUES, 100, 0) != mean_interval(VALUES, 100, 1)


def test_undefined_values_are_left_out():
    with_nan = np.concatenate([VALUES, [np.nan] * 50])
    assert mean_interval(with_nan, 100, 0) == mean_interval(VALUES, 100, 0)
    assert np.isnan(mean_interval(np.array([1.0, np.nan]), 100, 0)).all()
