"""Split-half reliability."""

import numpy as np
import pytest

from census.statistics.reliability import halves, of_seeds, split_half, stepped_up


@pytest.fixture
def random():
    return np.random.default_rng(0)


def test_halves_have_equal_sizes_and_class_counts(random):
    labels = random.permutation(np.repeat([0, 1, 4], [10, 5, 4]))
    split = halves(labels, 50, random)
    assert set(split.sum(1)) <= {9, 10}
    of_classes = np.stack([split[:, labels == label].sum(1) for label in (0, 1, 4)], axis=1)
    assert (np.abs(2 * of_classes - [10, 5, 4]) <= 1).all()
    assert len({row.tobytes() for row in split}) == 50


def test_images_with_a_class_of_their_own_are_split_at_random(random):
    split = halves(np.arange(16), 200, random)
    assert set(split.sum(1)) == {8}
    together = (split[:, :, None] == split[:, None, :]).mean(0)[~np.eye(16, dtype=bool)]
    assert together.mean() == pytest.approx(7 / 15)
    assert np.abs(together - 7 / 15).max() < 0.16  # 4.5 standard deviations


def test_splits_in_which_a_measure_is_equal_for_all_units_are_left_out():
    first = np.arange(10.0)
    assert split_half([(first, np.ones(10)), (first, first)]) == pytest.approx(1)


def test_known_reliabilities():
    first = np.arange(10.0)
    assert split_half([(first, first), (first, 2 * first)]) == pytest.approx(1)
    # ρ = 0.5 of both halves is 2/3 of all images
    assert split_half([(np.array([1.0, 2, 3]), np.array([1.0, 3, 2]))]) == pytest.approx(2 / 3)
    assert np.isnan(split_half([(first[:2], first[:2])]))
    assert np.isnan(split_half([(first, np.ones(10))]))
    assert stepped_up(0.5, 3) == pytest.approx(0.75)
    assert stepped_up(-0.9, 2) == -0.9
    assert np.isnan(stepped_up(np.nan, 2))


def test_a_unit_that_is_undefined_in_a_half_is_left_out():
    first, second = np.array([1.0, np.nan, 2, 3, 4]), np.array([2.0, 9, 3, np.nan, 5])
    assert split_half([(first, second)]) == pytest.approx(1)


def test_halves_give_the_reliability_of_the_whole(random):
    # a measure is a mean over images of the unit's own value and noise: the reliability of the mean is known
    n_units, n_images, noise = 4000, 50, 5.0
    values = random.normal(size=(n_units, 1)) + noise * random.normal(size=(n_units, n_images))
    labels = np.zeros(n_images, int)
    parts = [(values[:, first].mean(1), values[:, ~first].mean(1)) for first in halves(labels, 20, random)]
    assert split_half(parts) == pytest.approx(1 / (1 + noise**2 / n_images), abs=0.04)


def test_seeds_give_the_reliability_of_their_mean(random):
    values = random.normal(size=(1, 4000)) + random.normal(size=(3, 4000))
    assert of_seeds(values) == pytest.approx(3 / 4, abs=0.04)
    assert np.isnan(of_seeds(values[:1]))
    values[0, :3] = np.nan
    assert of_seeds(values) == pytest.approx(3 / 4, abs=0.04)


def test_all_pairs_of_seeds_count():
    # ρ of 0.8, 0.8 and 0.4: a mean of 2/3, of three seeds 3 · 2/3 / (1 + 2 · 2/3)
    values = np.array([[1.0, 2, 3, 4], [1, 2, 4, 3], [1, 3, 2, 4]])
    for order in ([0, 1, 2], [1, 0, 2], [1, 2, 0]):
        assert of_seeds(values[order]) == pytest.approx(6 / 7)
