"""Bottom images: smallest values, random order of ties, and independence of blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from census.statistics.top_images import NONE, bottom_images


def blocks(values, size, images=None):
    images = np.arange(len(values)) if images is None else images
    positions = 100 * images[:, None] + np.arange(values.shape[1])
    for first in range(0, len(values), size):
        part = slice(first, first + size)
        yield images[part], values[part].astype(np.float32), positions[part]


def test_the_smallest_come_first_with_their_values_and_positions():
    values = np.array([[3, -1], [1, -5], [2, 0], [7, 4]])
    found = bottom_images(blocks(values, 3), 2, 3, 4, 0)
    assert found.images.tolist() == [[1, 2, 0], [1, 0, 2]]
    assert found.values.tolist() == [[1, 2, 3], [-5, -1, 0]]
    assert found.positions.tolist() == [[100, 200, 0], [101, 1, 201]]
    assert found.tied.tolist() == [1, 1]


def test_tied_images_are_sampled_at_random():
    values = np.zeros((1000, 1))
    values[5] = 1
    found = bottom_images(blocks(values, 64), 1, 8, 1000, 0)
    assert found.tied.tolist() == [999]
    assert (found.values == 0).all()
    assert 5 not in found.images
    assert found.images.max() > 100  # not the first eight
    other = bottom_images(blocks(values, 64), 1, 8, 1000, 1)
    assert set(found.images[0]) != set(other.images[0])


def test_minus_zero_is_zero():
    values = np.array([[-0.0], [0.0], [1.0]])
    assert bottom_images(blocks(values, 2), 1, 2, 3, 0).tied.tolist() == [2]


def test_undefined_values_are_left_out():
    values = np.array([[np.nan, np.nan], [2, np.nan], [1, np.nan]])
    found = bottom_images(blocks(values, 1), 2, 3, 3, 0)
    assert found.images.tolist() == [[2, 1, NONE], [NONE] * 3]
    assert found.tied[0] == 1
    np.testing.assert_array_equal(found.values, [[1, 2, np.nan], [np.nan] * 3])
    assert found.positions.tolist() == [[200, 100, NONE], [NONE] * 3]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(data=st.data())
def test_blocks_and_their_order_make_no_difference(dtype, data):
    n = data.draw(st.integers(1, 12))
    draw = st.lists(st.sampled_from([-2.5, -1, 0, 0.5, 3]), min_size=n, max_size=n)
    values = np.array([data.draw(draw), data.draw(draw)], dtype).T
    images = np.random.default_rng(0).permutation(50)[:n]
    k = data.draw(st.integers(1, n))
    whole = bottom_images(blocks(values, n, images), 2, k, 50, 3)
    order = data.draw(st.permutations(range(n)))
    parts = bottom_images(
        blocks(values[list(order)], data.draw(st.integers(1, n)), images[list(order)]), 2, k, 50, 3
    )
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one, other)
    # sorted values are those of a plain sort, and belong to their images
    for unit in range(2):
        assert whole.values[unit].tolist() == sorted(values[:, unit].tolist())[:k]
        of_image = dict(zip(images.tolist(), values[:, unit].tolist(), strict=True))
        assert [of_image[image] for image in whole.images[unit].tolist()] == whole.values[unit].tolist()
        assert whole.tied[unit] == (values[:, unit] == values[:, unit].min()).sum()
