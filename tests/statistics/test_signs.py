"""Sign convention of vectors with arbitrary sign."""

import numpy as np

from census.statistics.signs import with_signs


def test_signs_follow_the_largest_entry_and_are_idempotent():
    vectors = np.array([[0.6, -0.8, 0.0], [-0.1, -0.2, 0.1]])
    np.testing.assert_allclose(with_signs(vectors), [[-0.6, 0.8, 0.0], [0.1, 0.2, -0.1]])
    np.testing.assert_array_equal(with_signs(-vectors), with_signs(vectors))
    # of equal ones the first
    np.testing.assert_array_equal(with_signs(np.array([[-0.5, 0.5]])), [[0.5, -0.5]])


def test_all_axes_but_the_first_belong_to_an_entry():
    vectors = np.array([[[1, -2], [0, 1]], [[3, 0], [0, -1]]], np.float32)
    found = with_signs(vectors)
    np.testing.assert_array_equal(found, [-vectors[0], vectors[1]])
    assert found.dtype == np.float32
    assert with_signs(np.empty((0, 3))).shape == (0, 3)
