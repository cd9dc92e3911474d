"""Golden section against known minima, scipy, and its own limits."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from census.statistics.minimization import golden_section

CENTERS = np.array([[-3.0, 0.0, 0.2], [0.9, 5.0, 40.0]])


@pytest.mark.parametrize("power", [1.1, 2, 4])
def test_minima_inside_and_at_the_ends(power):
    points = np.stack([np.full(CENTERS.shape, each) for each in (0.0, 0.5, -1.0, 10.0)])
    found = golden_section(lambda x: np.abs(x - CENTERS) ** power, points, steps=40)
    np.testing.assert_allclose(found.point, np.clip(CENTERS, -1, 10), atol=1e-5)
    np.testing.assert_array_equal(found.value, np.abs(found.point - CENTERS) ** power)


def test_it_agrees_with_scipy():
    def function(x):
        return np.logaddexp(0, 3 * x) - x

    expected = minimize_scalar(lambda x: float(function(x)), bounds=(-4, 9), method="bounded").x
    found = golden_section(function, np.array([-4.0, 0.0, 9.0]), steps=40)
    assert found.point == pytest.approx(expected, abs=1e-4)


def test_it_is_never_worse_than_the_first_points():
    random = np.random.default_rng(0)
    phases, points = random.uniform(0, 6, 50), random.normal(size=(4, 50))
    values = []

    def function(x):
        values.append(np.sin(5 * x + phases) + np.sin(17 * x))
        return values[-1]

    found = golden_section(function, points, steps=7)
    assert len(values) == 4 + 7
    assert (found.value == np.min(values, axis=0)).all()
    assert ((found.point >= points.min(0)) & (found.point <= points.max(0))).all()


def test_of_equal_points_the_first_is_kept():
    points = np.array([[0.5, 2], [0, 2], [1, 2]])
    found = golden_section(np.zeros_like, points, steps=5)
    assert found.point.tolist() == [0.5, 2]


def test_undefined_functions():
    def function(x):
        with np.errstate(invalid="ignore"):
            return np.stack([np.full_like(x[0], np.nan), np.sqrt(x[1]), np.full_like(x[2], np.inf)])

    found = golden_section(function, np.array([[-1.0] * 3, [4.0] * 3]), steps=30)
    assert np.isnan(found.point).tolist() == np.isnan(found.value).tolist() == [True, False, True]
    # where a function is undefined on a part of the interval, the rest counts
    assert found.value[1] < 1e-2


def test_no_functions():
    assert golden_section(lambda x: x, np.empty((3, 2, 0)), steps=2).point.shape == (2, 0)
