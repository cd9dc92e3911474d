"""Variance of neurons, against numpy, for any blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from census.statistics.variance import neurons, normalized, unit_variance

N, D = 12, 40
RANDOM = np.random.default_rng(0)
VECTORS = np.maximum(RANDOM.normal(size=(N, D)), 0).astype(np.float32)
VECTORS[:, [3, 17]] = 0  # inactive
VECTORS[:, 29] = 0.7  # constant
CONSTANT = np.isin(np.arange(D), (3, 17, 29))


def blocks(vectors, ends, images=None):
    """Return normalized blocks of vectors of which some images count."""
    images = np.arange(len(vectors)) if images is None else images
    exact = vectors[images].astype(np.float64)
    parts = [part.copy() for part in np.split(vectors, sorted(set(ends)), axis=1)]
    return normalized(parts, images, exact.mean(1), exact.std(1))


def exact(vectors):
    vectors = vectors.astype(np.float64)
    return (vectors - vectors.mean(1, keepdims=True)) / vectors.std(1, keepdims=True)


def test_vectors_are_normalized_and_constant_neurons_marked():
    images = np.array([1, 4, 5, 9])
    found = list(blocks(VECTORS, [7, 20], images))
    values = np.concatenate([each for each, _ in found], axis=1)
    np.testing.assert_allclose(values, exact(VECTORS[images]), atol=1e-5)
    constant = np.concatenate([each for _, each in found])
    np.testing.assert_array_equal(constant, np.ptp(VECTORS[images], axis=0) == 0)
    assert constant[CONSTANT].all()


@given(st.lists(st.integers(1, D - 1), max_size=5))
def test_variance_and_choices_do_not_depend_on_blocks(ends):
    found = neurons(blocks(VECTORS, ends), D, 6, 4, 10, seed=2)
    values = exact(VECTORS)
    expected = np.where(CONSTANT, np.nan, values.var(0))
    np.testing.assert_allclose(found.variance, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(found.top, np.argsort(-np.nan_to_num(expected), kind="stable")[:6])
    np.testing.assert_allclose(found.top_values, values[:, found.top].T, atol=1e-5)
    whole = neurons(blocks(VECTORS, []), D, 6, 4, 10, seed=2)
    for one, other in zip(found, whole, strict=True):
        np.testing.assert_array_equal(one, other)


def test_variance_far_from_0_is_precise():
    values = RANDOM.normal([[10, 5, -300]], [[0.003, 1e-4, 0.1]], (500, 3)).astype(np.float32)
    found = neurons([(values, np.zeros(3, bool))], 3, 1, 1, 1, seed=0)
    np.testing.assert_allclose(found.variance, values.astype(np.float64).var(0), rtol=1e-4)


def test_neurons_chosen_at_random_vary_and_follow_the_seed():
    chosen = set()
    for seed in range(60):
        found = neurons(blocks(VECTORS, [13]), D, 2, 5, D, seed)
        assert len(set(found.chosen)) == 5
        assert not CONSTANT[found.chosen].any()
        np.testing.assert_allclose(found.chosen_values, exact(VECTORS)[:, found.chosen].T, atol=1e-5)
        assert found.sample.shape == (D, N)  # all of them, constant ones included
        chosen.update(found.chosen)
    assert chosen == set(np.flatnonzero(~CONSTANT))


def test_equal_variances_are_in_order_of_neurons():
    twins = np.tile(VECTORS[:, :10], 4)
    for ends in ([], [5, 22], [10, 20, 30]):
        found = neurons(blocks(twins, ends), D, 4, 1, 1, seed=0)
        best = found.top[0] % 10
        assert found.top.tolist() == [best, best + 10, best + 20, best + 30]


def test_fewer_neurons_than_requested():
    vectors = np.random.default_rng(1).random((N, 4), np.float32)
    vectors[:, 1] = 0.5
    found = neurons(blocks(vectors, [2]), 4, 8, 8, 8, seed=0)
    assert len(found.top) == len(found.chosen) == 3  # one is constant
    assert found.sample.shape == (4, N)


def test_all_neurons_are_constant_over_a_single_image():
    ((values, constant),) = blocks(VECTORS, [], np.array([4]))
    np.testing.assert_allclose(values, exact(VECTORS[[4]]), atol=1e-5)
    assert constant.tolist() == [True] * D


@pytest.mark.parametrize(("n_top", "n_chosen"), [(0, 3), (1, 1), (37, 37), (38, 0)])
def test_as_many_neurons_as_requested_for_any_blocks(n_top, n_chosen):
    expected = np.argsort(np.where(CONSTANT, np.inf, -exact(VECTORS).var(0)), kind="stable")
    for ends in ([], [13], [3, 4, 30]):
        found = neurons(blocks(VECTORS, ends), D, n_top, n_chosen, 0, seed=0)
        np.testing.assert_array_equal(found.top, expected[: min(n_top, D - 3)])
        assert len(found.chosen) == n_chosen
        assert found.top_values.shape == (min(n_top, D - 3), N)


def test_a_unit_s_variance_is_the_mean_of_its_neurons():
    # two positions, three units
    variance = np.array([1.0, np.nan, 3.0, 2.0, np.nan, np.nan])
    np.testing.assert_allclose(unit_variance(variance, 3), [1.5, np.nan, 3.0])


def test_no_block_is_an_error():
    with pytest.raises((AssertionError, ValueError)):
        neurons([], D, 1, 1, 1, 0)
