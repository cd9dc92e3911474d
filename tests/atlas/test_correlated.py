"""Most correlated units, compared with numpy's correlation of whole matrices."""

import numpy as np
import pytest

from census.atlas.correlated import NONE, most_correlated


def in_blocks(values, size):
    return [values[first : first + size] for first in range(0, len(values), size)]


@pytest.mark.parametrize("size", [7, 100, 300])
def test_they_are_those_of_numpy(size):
    random = np.random.default_rng(0)
    values = (random.normal(size=(300, 3)) @ random.normal(size=(3, 12)) + 50).astype(np.float32)
    found = most_correlated(in_blocks(values, size), 4)
    expected = np.corrcoef(values.astype(np.float64).T)
    np.fill_diagonal(expected, -2)
    order = np.argsort(-expected, axis=1)[:, :4]
    assert found.units.tolist() == order.tolist()
    np.testing.assert_allclose(found.correlations, np.take_along_axis(expected, order, 1), atol=2e-5)


def test_one_that_answers_to_a_single_image_is_no_less_exact():
    values = np.zeros((10_000, 3), np.float32)
    values[0, :2] = 1000, 1e-6
    values[1, 2] = 1
    found = most_correlated(in_blocks(values, 512), 2)
    assert found.units[0].tolist() == [1, 2]
    assert found.correlations[0].tolist() == pytest.approx([1, -1e-4], abs=1e-5)


def test_constant_and_infinite_units_are_none_and_have_none():
    values = np.random.default_rng(0).normal(size=(20, 5)).astype(np.float32)
    values[:, 1] = 0.1
    values[3, 2] = np.inf
    found = most_correlated(in_blocks(values, 8), 4)
    assert (found.units[[1, 2]] == NONE).all()
    assert np.isnan(found.correlations[[1, 2]]).all()
    assert {*found.units[0].tolist()} == {3, 4, NONE}
    assert np.isfinite(found.correlations[0, :2]).all()
    assert np.isnan(found.correlations[0, 2:]).all()


def test_equal_ones_come_in_order_of_their_numbers():
    values = np.repeat(np.random.default_rng(0).normal(size=(30, 1)), 4, 1).astype(np.float32)
    found = most_correlated(in_blocks(values, 30), 3)
    assert found.units.tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]
    assert (found.correlations == 1).all()


@pytest.mark.parametrize("units", [1, 2])
def test_layers_with_hardly_any_units(units):
    values = np.random.default_rng(0).normal(size=(9, units)).astype(np.float32)
    found = most_correlated(in_blocks(values, 4), 3)
    assert found.units.shape == found.correlations.shape == (units, 3)
    assert found.units[0].tolist() == ([1, NONE, NONE] if units == 2 else [NONE] * 3)
