"""Which images a pass sees."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from census.activations.subset import choose_images


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


def test_maps_are_of_the_same_images_whatever_else_is_seen():
    few, n_few = choose_images(1000, 100, 30, seed=0)
    many, n_many = choose_images(1000, None, 30, seed=0)
    assert n_few == n_many == 30
    np.testing.assert_array_equal(few[:30], many[:30])
    assert set(few) <= set(many)


def test_the_seed_decides():
    assert not np.array_equal(choose_images(1000, 100, 0, 0)[0], choose_images(1000, 100, 0, 1)[0])
