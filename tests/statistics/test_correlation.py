"""Correlation between vectors, against numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from census.statistics.bootstrap import resample_counts
from census.statistics.correlation import image_correlation, is_defined, mean_correlation
from census.statistics.gram import gram

RANDOM = np.random.default_rng(0)
VECTORS = RANDOM.normal(size=(8, 50)).astype(np.float32)
ONES = np.ones((1, 8))


def correlation(vectors):
    return image_correlation(gram([np.array(vectors, np.float32)]))


def test_it_agrees_with_numpy():
    np.testing.assert_allclose(correlation(VECTORS), np.corrcoef(VECTORS.astype(float)), atol=1e-6)


def test_it_agrees_with_rsatoolbox():
    from rsatoolbox.data import Dataset
    from rsatoolbox.rdm import calc_rdm

    # its distance is 1 − r
    theirs = calc_rdm(Dataset(VECTORS.astype(float)), method="correlation").get_matrices()[0]
    np.testing.assert_allclose(correlation(VECTORS), 1 - theirs, atol=1e-6)


@given(
    st.permutations(range(50)),
    st.permutations(range(8)),
    st.lists(st.floats(0.1, 100), min_size=8, max_size=8),
    st.lists(st.floats(-100, 100), min_size=8, max_size=8),
)
def test_correlation_is_invariant_to_scale_and_shift(neurons, images, scales, shifts):
    found = correlation(VECTORS)
    np.testing.assert_allclose(correlation(VECTORS[:, neurons]), found, atol=1e-6)
    np.testing.assert_allclose(correlation(VECTORS[images]), found[np.ix_(images, images)], atol=1e-6)
    # a value of 100 is known to 10⁻⁵ in float32
    scaled = VECTORS * np.array(scales)[:, None] + np.array(shifts)[:, None]
    np.testing.assert_allclose(correlation(scaled), found, atol=1e-3)


def test_equal_and_opposite_vectors():
    found = correlation([[1, 2, 3], [10, 20, 30], [3, 2, 1]])
    np.testing.assert_allclose(found, [[1, 1, -1], [1, 1, -1], [-1, -1, 1]])


def test_a_constant_vector_has_no_correlations():
    vectors = VECTORS.copy()
    vectors[3], vectors[5, 0] = 0.7, np.nan
    found = correlation(vectors)
    assert is_defined(found).tolist() == [True, True, True, False, True, False, True, True]
    assert np.isnan(found[[3, 5]]).all()
    assert np.isnan(found[:, [3, 5]]).all()
    kept = [0, 1, 2, 4, 6, 7]
    others = np.corrcoef(VECTORS[kept].astype(float))
    np.testing.assert_allclose(found[np.ix_(kept, kept)], others, atol=1e-6)
    # and is left out of the mean
    expected = others[np.triu_indices(6, 1)].mean()
    np.testing.assert_allclose(mean_correlation(found, ONES), [expected], atol=1e-6)


def test_one_neuron_has_no_correlation():
    assert np.isnan(correlation(VECTORS[:, :1])).all()
    assert np.isnan(mean_correlation(correlation(VECTORS[:, :1]), ONES)).all()


def test_the_mean_of_resamples_drops_pairs_of_an_image_with_itself():
    matrix, counts = np.corrcoef(VECTORS), resample_counts(8, 20, seed=1)
    found = mean_correlation(matrix, counts)
    for value, row in zip(found, counts.astype(int), strict=True):
        drawn = np.repeat(np.arange(8), row)
        pairs = [matrix[i, j] for i in drawn for j in drawn if i != j]
        assert value == pytest.approx(np.mean(pairs))
    all_the_same = np.array([[8.0, 0, 0, 0, 0, 0, 0, 0]])
    assert np.isnan(mean_correlation(matrix, all_the_same)).all()
