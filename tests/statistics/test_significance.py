"""Corrections for many tests, against scipy."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import false_discovery_control

from census.statistics.significance import benjamini_hochberg

P_VALUES = arrays.arrays(
    np.float64, st.integers(0, 30), elements=st.one_of(st.floats(0.001, 1), st.just(np.nan))
)


@given(P_VALUES)
def test_q_values_against_scipy(p_values):
    found, known = benjamini_hochberg(p_values), ~np.isnan(p_values)
    np.testing.assert_array_equal(np.isnan(found), ~known)
    np.testing.assert_allclose(found[known], false_discovery_control(p_values[known]))


def test_q_values_by_hand():
    # of three: 0.01 · 3/1, 0.04 · 3/2, and 0.05 · 3/3, which is less
    found = benjamini_hochberg(np.array([0.04, np.nan, 0.01, 0.05]))
    np.testing.assert_allclose(found, [0.05, np.nan, 0.03, 0.05])
