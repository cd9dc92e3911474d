"""Ranks with ties."""

import numpy as np
import pytest
from scipy.stats import rankdata

from census.statistics.ranks import average_ranks

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(0,), (1,), (2, 1), (3, 0), (400,), (2, 3, 50)], ids=str)
@pytest.mark.parametrize("values", [1, 5, 1000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_they_are_scipy_s(shape, values, dtype):
    drawn = RANDOM.integers(values, size=shape).astype(dtype)
    drawn[drawn == 3] = np.inf
    drawn[drawn == 4] = -np.inf
    np.testing.assert_array_equal(average_ranks(drawn), rankdata(drawn, axis=-1))
