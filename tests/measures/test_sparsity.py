"""Sparsity, by hand and by definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from census.measures.sparsity import active_counts
from census.statistics.sparseness import hoyer, sums_over_images, sums_over_neurons, treves_rolls

VECTORS = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.integers(2, 30)),
    elements=st.sampled_from([0.0, 0.5, 1.0, 3.0, -2.0]),
)


def of_vector(values):
    values = np.asarray(values, float)
    total, absolute, squares = values.sum(), np.abs(values).sum(), np.square(values).sum()
    return treves_rolls(total, absolute, squares, values.size), hoyer(absolute, squares, values.size)


def test_by_hand():
    assert of_vector([1, 1, 1, 1]) == (0, 0)
    assert of_vector([0, 0, 0, 5]) == (0.75, 1)  # 1 − 1/D, and 1
    # mean 1, mean square 10/4; L1 = 4, L2 = √10
    treves, by_hoyer = of_vector([3, 1, 0, 0])
    assert treves == pytest.approx(1 - 1 / 2.5)
    assert by_hoyer == pytest.approx((2 - 4 / np.sqrt(10)) / 1)


def test_an_inactive_vector_has_no_sparseness():
    assert np.isnan(of_vector([0, 0, 0])).all()


def test_values_of_both_signs_have_no_sparseness_of_rates():
    treves, by_hoyer = of_vector([3, -3, 1, -1])
    assert np.isnan(treves)
    assert by_hoyer == pytest.approx((2 - 8 / np.sqrt(20)) / 1)


def test_one_neuron_has_no_hoyer_sparseness():
    assert np.isnan(hoyer(3.0, 9.0, 1))
    assert treves_rolls(3.0, 3.0, 9.0, 1) == 0


@given(VECTORS)
def test_sums_equal_the_definition(vectors):
    sums = sums_over_neurons([(slice(0, len(vectors)), vectors)], len(vectors))
    found = treves_rolls(*sums, vectors.shape[1])
    exact = vectors.astype(float)
    with np.errstate(invalid="ignore"):
        expected = 1 - exact.mean(1) ** 2 / (exact**2).mean(1)
    expected[(exact < 0).any(1)] = np.nan
    np.testing.assert_allclose(found, expected, atol=1e-12)


@given(VECTORS, st.floats(0.01, 100), st.randoms(use_true_random=False))
def test_neither_scale_nor_order_of_neurons_matters(vectors, scale, random):
    order = list(range(vectors.shape[1]))
    random.shuffle(order)
    for vector in vectors.astype(float):
        np.testing.assert_allclose(of_vector(vector[order] * scale), of_vector(vector), atol=1e-9)


@given(VECTORS.map(np.abs))
def test_ranges_of_rates(vectors):
    for vector in vectors:
        treves, by_hoyer = of_vector(vector)
        if vector.any():
            assert -1e-12 <= treves <= 1 - 1 / vector.size + 1e-12
            assert -1e-12 <= by_hoyer <= 1 + 1e-12


def test_blocks_in_any_order_give_the_same_sums():
    values = np.random.default_rng(0).standard_normal((7, 4, 3, 5)).astype("f4")
    blocks = [(slice(i, i + 3), values[i : i + 3, j : j + 2]) for i in (0, 3, 6) for j in (0, 2)]
    whole = sums_over_neurons([(slice(0, 7), values)], 7)
    parts = sums_over_neurons(reversed(blocks), 7)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_large_layers_lose_no_precision():
    values = np.full((1, 1_000_000), 1 + 2**-12, "f4")
    sums = sums_over_neurons([(slice(0, 1), values)], 1)
    assert abs(treves_rolls(*sums, 1_000_000)[0]) < 1e-12


@pytest.mark.parametrize("cuts", [[], [1], [1, 2]])
def test_active_counts_by_hand(cuts):
    nonzero = np.array([[4, 0], [2, 1], [0, 0]], "i4")  # three images, two units
    of_images, of_units = active_counts(np.split(nonzero, cuts), 2)
    assert of_images.tolist() == [4, 3, 0]
    assert of_units.tolist() == [6, 1]


@pytest.mark.parametrize("cuts", [[], [1], [2, 3]])
def test_lifetime_sparseness_by_hand(cuts):
    mean = np.array([[1, 0, 0, 1], [1, 0, 0, -1], [1, 0, 0, 1], [1, 8, 0, 1]], "f4")
    sums = sums_over_images(np.split(mean, cuts), 4)
    np.testing.assert_array_equal(treves_rolls(*sums, 4), [0, 0.75, np.nan, np.nan])
