"""Sampling of images and of positions."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from census.statistics.subset import choose_images, choose_positions


@given(
    available=st.integers(1, 300),
    images=st.none() | st.integers(1, 400),
    maps=st.integers(0, 400),
    seed=st.integers(0, 9),
)
def test_subsets(available, images, maps, seed):
    indices, n_maps = choose_images(available, images, maps, seed)
    assert len(set(indices.tolist())) == len(indices) == min(available, images or available)
    assert indices.min() >= 0
    assert indices.max() < available
    assert n_maps == min(maps, len(indices))
    for part in (indices[:n_maps], indices[n_maps:]):
        assert (np.diff(part) > 0).all()


def test_images_with_maps_do_not_depend_on_the_number_of_images():
    few, n_few = choose_images(1000, 100, 30, seed=0)
    many, n_many = choose_images(1000, None, 30, seed=0)
    assert n_few == n_many == 30
    np.testing.assert_array_equal(few[:30], many[:30])
    assert set(few) <= set(many)


def test_the_seed_decides():
    assert not np.array_equal(choose_images(1000, 100, 0, 0)[0], choose_images(1000, 100, 0, 1)[0])


def test_smaller_samples_of_positions_are_nested():
    few, many = choose_positions(5, 7, 6, 0, "a"), choose_positions(5, 7, 20, 0, "a")
    assert few.shape == (6, 2)
    assert few.dtype == np.int32
    assert (np.diff(few[:, 0] * 7 + few[:, 1]) > 0).all()
    assert set(map(tuple, few)) <= set(map(tuple, many))
    everywhere = [[y, x] for y in range(5) for x in range(7)]
    np.testing.assert_array_equal(choose_positions(5, 7, 99, 0, "a"), everywhere)
    np.testing.assert_array_equal(choose_positions(1, 1, 16, 0, "a"), [[0, 0]])


def test_seed_and_layer_decide_positions():
    chosen = [choose_positions(30, 30, 16, seed, layer) for seed, layer in ((0, "a"), (1, "a"), (0, "b"))]
    np.testing.assert_array_equal(chosen[0], choose_positions(30, 30, 16, 0, "a"))
    assert not any(np.array_equal(chosen[0], other) for other in chosen[1:])


def test_a_sample_of_a_store_is_seeded_ascending_and_of_all_its_parts():
    places = choose_images(1000, 300, 0, seed=0)[0]
    assert len(set(places.tolist())) == 300
    assert (np.diff(places) > 0).all()
    assert 100 < np.searchsorted(places, 500) < 200
    np.testing.assert_array_equal(places, choose_images(1000, 300, 0, seed=0)[0])
    assert (places != choose_images(1000, 300, 0, seed=1)[0]).any()
    for sample in (None, 1000, 1001):
        np.testing.assert_array_equal(choose_images(1000, sample, 0, seed=0)[0], np.arange(1000))
