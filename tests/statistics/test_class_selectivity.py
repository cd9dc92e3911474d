"""Class selectivity from class means, by hand."""

import numpy as np
import pytest

from census.statistics.class_selectivity import class_selectivity, index_of

# (4 − 1) / (4 + 1), (5 − 2) / (5 + 2), equal means
MEANS = np.array([[4.0, 1, 2], [0, 5, 2], [2, 3, 2]])
SELECTIVITY = [3 / 5, 3 / 7, 0]


def test_by_hand():
    np.testing.assert_allclose(class_selectivity(MEANS), SELECTIVITY)


@pytest.mark.parametrize("least", [[0.5, 1, 2], [-0.5, -3, 0]], ids=["above 0", "below 0"])
def test_means_above_the_least_have_the_selectivity_of_the_means(least):
    least = np.array(least)
    drawn = np.stack([MEANS - least, MEANS[::-1] - least])
    np.testing.assert_allclose(index_of(drawn.max(1), drawn.sum(1), 3, least), [SELECTIVITY, SELECTIVITY])


def test_two_classes_are_enough():
    means = np.array([[3.0, 0, 2, 0], [np.nan] * 4, [1.0, 2, 2, 0]])
    np.testing.assert_allclose(class_selectivity(means), [1 / 2, 1, 0, np.nan])


@pytest.mark.parametrize("n_classes", [0, 1])
def test_fewer_than_two_classes_leave_each_unit_undefined(n_classes):
    means = np.full((3, 4), np.nan)
    means[:n_classes] = 1
    found = class_selectivity(means)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, np.full(4, np.nan))
