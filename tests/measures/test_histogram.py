"""Histograms, by hand and against numpy."""

import numpy as np
import pytest

from census.measures.histogram import histogram


def test_by_hand():
    found = histogram([np.array([0, 0, 1, 2, 4.0]), np.array([[0.5], [4]])], bins=4)
    assert found.edges.tolist() == [0, 1, 2, 3, 4]
    assert found.counts.tolist() == [1, 1, 1, 2]  # 4 lies in the last bin, which is closed
    assert (found.zeros, found.not_finite) == (2, 0)


def test_signed_values_have_bins_on_both_sides():
    found = histogram([np.array([-2.0, 0, 2])], bins=4)
    assert found.edges.tolist() == [-2, -1, 0, 1, 2]
    assert found.counts.tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize("seed", range(3))
def test_neither_order_nor_blocks_matter(seed):
    random = np.random.default_rng(seed)
    values = random.standard_normal(5000).astype("f4").clip(0)
    expected = np.histogram(values[values != 0], 60, range=(0, values.max()))
    shuffled = random.permutation(values)
    for blocks in ([values], np.array_split(shuffled, 17)):
        found = histogram(blocks, bins=60)
        np.testing.assert_array_equal(found.counts, expected[0])
        np.testing.assert_allclose(found.edges, expected[1])
        assert found.counts.sum() + found.zeros == 5000


def test_an_inactive_layer_has_empty_bins():
    found = histogram([np.zeros(9)], bins=3)
    assert found.counts.sum() == 0
    assert found.zeros == 9
    assert found.edges[0] == 0
    assert found.edges[-1] == 1


def test_no_values_at_all():
    assert histogram([], bins=3).counts.tolist() == [0, 0, 0]


def test_non_finite_values_are_counted_separately():
    found = histogram([np.array([np.nan, np.inf, -np.inf, 0, 3])], bins=3)
    assert (found.not_finite, found.zeros, found.counts.sum()) == (3, 1, 1)
    assert found.edges[-1] == 3
