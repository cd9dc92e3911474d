"""Values that are defined."""

import numpy as np

from census.statistics.defined import varying


def test_columns_that_are_constant_or_not_finite_are_left_out():
    values = np.array([[0, 1, np.nan, 2, np.inf, 3], [0, 2, 1, 2, 1, 3 + 1e-6]], np.float32)
    assert varying(values).tolist() == [1, 5]
    assert varying(values[:1]).tolist() == []
    assert varying(values[:, :0]).tolist() == []
