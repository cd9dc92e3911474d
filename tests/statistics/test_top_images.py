"""Top images, against sorting all images, for any blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from census.statistics.top_images import NONE, top_by_value, top_images

RANDOM = np.random.default_rng(0)
N_IMAGES, N_UNITS = 40, 6
IMAGES = RANDOM.permutation(1000)[:N_IMAGES]
# few different values, so that there are ties; a unit that is inactive on most images, and one on all
VALUES = RANDOM.integers(-2, 5, (N_IMAGES, N_UNITS)).astype(np.float32)
VALUES[3:, 4], VALUES[:, 5] = 0, -1
VALUES[7, 0] = np.nan
POSITIONS = RANDOM.integers(0, 100, (N_IMAGES, N_UNITS))


def blocks(order, *ends):
    return [
        (IMAGES[part], VALUES[part], POSITIONS[part]) for part in np.split(np.asarray(order), sorted(ends))
    ]


def expected(k, of=range(N_IMAGES)):
    images, values, positions = (np.full((N_UNITS, k), fill, float) for fill in (NONE, np.nan, NONE))
    for unit in range(N_UNITS):
        order = sorted(
            (i for i in of if VALUES[i, unit] > 0),
            key=lambda i: (-VALUES[i, unit], IMAGES[i] * 0x9E3779B1 % 2**32),
        )
        chosen = order[:k]
        images[unit, : len(chosen)] = IMAGES[chosen]
        values[unit, : len(chosen)] = VALUES[chosen, unit]
        positions[unit, : len(chosen)] = POSITIONS[chosen, unit]
    return images, values, positions


def assert_equal(found, wanted):
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


@given(st.integers(1, 50), st.permutations(range(N_IMAGES)), st.lists(st.integers(0, N_IMAGES), max_size=5))
def test_neither_order_nor_blocks_matter(k, order, ends):
    assert_equal(top_images(blocks(order, *ends), N_UNITS, k), expected(k))


def test_types_and_inactive_units():
    found = top_images(blocks(range(N_IMAGES)), N_UNITS, 5)
    assert [each.dtype for each in found] == [np.int64, np.float32, np.int32]
    assert (found.images[5] == NONE).all()
    assert np.isnan(found.values[5]).all()
    assert (found.positions[5] == NONE).all()


def test_no_images():
    found = top_images([], 2, 3)
    assert (found.images == NONE).all()
    assert found.images.shape == (2, 3)


def test_a_clipped_unit_prefers_no_class():
    # images by class, as data sets have them; ReLU6 gives 6 on two thirds of each class
    labels = np.repeat(np.arange(10), 90)
    values = np.tile([6, 6, 1], 300).astype(np.float32)[:, None]
    images = np.arange(len(labels))
    found = top_images([(images, values, np.zeros(values.shape, int))], 1, 100)
    assert (found.values == 6).all()
    counts = np.bincount(labels[found.images[0]], minlength=10)
    assert counts.min() >= 8
    assert counts.max() <= 12


@pytest.mark.parametrize("k", [1, 2, 9, 300])
def test_of_many_images_in_one_block_none_is_missed(k):
    values = np.random.default_rng(1).permuted(
        np.arange(1, 5001, dtype=np.float32)[:, None].repeat(4, 1), axis=0
    )
    found = top_by_value([(np.arange(5000), values)], 4, k)
    np.testing.assert_array_equal(found.images, np.argsort(-values, axis=0)[:k].T)
    np.testing.assert_array_equal(found.values, np.tile(5000 - np.arange(k), (4, 1)))
