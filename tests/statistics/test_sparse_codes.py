"""Sparse codes, by hand and against scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import orthogonal_mp

from census.statistics.sparse_codes import sparse_codes


@pytest.fixture
def random():
    return np.random.default_rng(0)


def directions_of(random, count, n_units):
    rows = random.standard_normal((count, n_units))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("active", [1, 3, 6])
@pytest.mark.parametrize("count", [6, 20])
def test_it_agrees_with_scikit_learn(random, count, active):
    directions, vectors = directions_of(random, count, 12), random.standard_normal((40, 12))
    found = sparse_codes(vectors, directions, active)
    expected = orthogonal_mp(directions.T, vectors.T, n_nonzero_coefs=active).T
    np.testing.assert_allclose(found.values, expected, atol=1e-8)
    errors = ((vectors - found.values @ directions) ** 2).sum(1)
    np.testing.assert_allclose(found.errors, errors, atol=1e-8)


@pytest.mark.parametrize("scale", [1e-7, 1e7])
def test_codes_scale_with_the_vectors(random, scale):
    directions, vectors = directions_of(random, 20, 12), random.standard_normal((40, 12))
    expected, found = sparse_codes(vectors, directions, 5), sparse_codes(scale * vectors, directions, 5)
    np.testing.assert_allclose(found.values, scale * expected.values, rtol=1e-7)
    np.testing.assert_allclose(found.errors, scale**2 * expected.errors, rtol=1e-7)


def test_no_error_is_negative(random):
    found = sparse_codes(random.standard_normal((200, 6)), directions_of(random, 6, 6), 6)
    assert (found.errors >= 0).all()
    assert found.errors.max() < 1e-9


def test_of_orthonormal_directions_those_of_the_largest_projections_are_active(random):
    vectors, basis = random.standard_normal((30, 8)), np.linalg.qr(random.standard_normal((8, 8)))[0]
    projections = vectors @ basis.T
    least = np.sort(np.abs(projections), axis=1)[:, [-3]]
    expected = np.where(np.abs(projections) >= least, projections, 0)
    np.testing.assert_allclose(sparse_codes(vectors, basis, 3).values, expected, atol=1e-9)


def test_what_is_rebuilt_needs_no_more_directions(random):
    directions = directions_of(random, 9, 12)
    vectors = np.stack([np.zeros(12), 3 * directions[4], directions[2] - 2 * directions[7]])
    found = sparse_codes(vectors, directions, 6)
    assert (found.values != 0).sum(1).tolist()[:2] == [0, 1]
    assert found.values[1, 4] == pytest.approx(3)
    np.testing.assert_allclose(found.errors, 0, atol=1e-9)


def test_the_same_direction_twice_is_no_fault(random):
    directions = directions_of(random, 4, 6)
    found = sparse_codes(random.standard_normal((50, 6)), np.concatenate([directions, directions]), 8)
    assert ((found.values != 0).sum(1) <= 4).all()
    assert np.isfinite(found.values).all()
