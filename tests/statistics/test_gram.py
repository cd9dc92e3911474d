"""Gram matrices, against the product of whole matrices, for any blocks."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from census.statistics import gram as module
from census.statistics.gram import combine, gram, multiply, shift_of

RANDOM = np.random.default_rng(0)
VECTORS = RANDOM.normal(size=(7, 60)).astype(np.float32)


def blocks(vectors, *ends):
    """Cut vectors into blocks of neurons, each in memory of its own."""
    return [part.copy() for part in np.split(vectors, sorted(ends), axis=1) if part.size]


def test_by_hand():
    found = gram([np.array([[1, 2], [3, 0]], np.float32), np.array([[2], [0]], np.float32)])
    np.testing.assert_allclose(found.products, [[9, 3], [3, 9]])
    np.testing.assert_allclose(found.sums, [5, 3])
    # 9 − 25/3, 9 − 9/3
    np.testing.assert_allclose(found.deviations, [2 / 3, 6])
    assert found.n_neurons == 3


@given(st.lists(st.integers(0, 60), max_size=6), st.integers(1, 70))
def test_blocks_do_not_matter(ends, at_once):
    exact = VECTORS.astype(float)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "NEURONS_AT_ONCE", at_once)
        found = gram(blocks(VECTORS, *ends))
    np.testing.assert_allclose(found.products, exact @ exact.T, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(found.sums, exact.sum(1), rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(found.deviations, 60 * exact.var(1), rtol=1e-4)
    assert found.n_neurons == 60


def test_a_large_mean_costs_no_precision():
    exact = RANDOM.normal(size=(5, 3000)) + 1e4
    vectors = exact.astype(np.float32)
    found = gram(blocks(vectors, 1000))
    # in float32 the products alone, of 3·10¹¹, would be known to 10⁴ only
    np.testing.assert_allclose(found.deviations, 3000 * vectors.astype(float).var(1), rtol=1e-4)


def test_a_constant_vector_has_exactly_zero_deviation():
    vectors = VECTORS.copy()
    vectors[2], vectors[4] = 0, 0.1
    found = gram(blocks(vectors, 13, 50))
    assert (found.deviations == 0).tolist() == [False, False, True, False, True, False, False]


def test_non_finite_values_affect_only_their_own_vector():
    vectors = VECTORS.copy()
    vectors[1, 7], vectors[3, 40] = np.nan, np.inf
    found = gram(blocks(vectors, 30))
    spoilt = np.isin(np.arange(7), (1, 3))
    np.testing.assert_array_equal(np.isnan(found.products), spoilt[:, None] | spoilt)
    np.testing.assert_array_equal(np.isnan(found.deviations), spoilt)


def test_no_block_is_an_error():
    with pytest.raises(ValueError, match="no block"):
        gram([])


@given(st.lists(st.integers(0, 12), max_size=5), st.randoms(use_true_random=False))
def test_the_same_blocks_in_parts_add_up_to_the_whole_in_any_order(ends, random):
    vectors = VECTORS + np.float32(100)
    vectors[2], vectors[4, 9] = 0.1, np.nan
    pieces = blocks(vectors, *range(5, 60, 5))
    cuts = [0, *sorted(ends), len(pieces)]
    shift = shift_of(pieces[0])
    parts = [
        multiply([piece.copy() for piece in pieces[first:last]], shift)
        for first, last in itertools.pairwise(cuts)
    ]
    random.shuffle(parts)
    found, whole = combine(parts), gram(pieces)
    for name, values in whole._asdict().items():
        np.testing.assert_allclose(getattr(found, name), values, rtol=1e-13, err_msg=name)
    assert found.deviations[2] == 0


def test_combining_does_not_modify_its_parts():
    shift = np.ones(7, np.float32)
    parts = [multiply([block], shift) for block in blocks(VECTORS, 30)]
    assert combine(parts).products.tolist() == combine(parts).products.tolist()


def test_parts_without_neurons_are_an_error():
    with pytest.raises(ValueError, match="no neuron"):
        combine([multiply([], np.zeros(7, np.float32))])
