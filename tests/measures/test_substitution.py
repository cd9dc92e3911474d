"""Representative substitution of units."""

import numpy as np
import pytest

from census.measures.substitution import over_seeds, representative_substitution, unconverged_optimizations

# responses of four units to three images, which are those of units 0, 2 and 3
RESPONSES = np.array([[2.0, 1.0, 3.0, 2.0], [5.0, 0.0, 5.0, 1.0], [0.0, 1.0, 2.0, 4.0]], np.float32)
UNITS = np.array([0, 2, 3])


def test_only_strictly_stronger_responses_count():
    np.testing.assert_array_equal(representative_substitution(RESPONSES, UNITS), [0.25, 0, 0])


def test_the_share_is_of_all_units_of_the_layer():
    # all other units respond more strongly: the largest possible share
    responses = np.array([[1.0, 2, 3, 4, 5]])
    assert representative_substitution(responses, np.array([0])) == 4 / 5


def test_it_equals_a_count_in_a_loop():
    random = np.random.default_rng(0)
    responses, units = random.normal(0.5, 1, (2, 3, 30, 50)), random.integers(50, size=30)
    found = representative_substitution(responses, units)
    for place in np.ndindex(2, 3, 30):
        row, own = responses[place], responses[(*place, units[place[-1]])]
        expected = sum(value > own for value in row) / 50 if own > 0 else np.nan
        np.testing.assert_equal(found[place], expected)


@pytest.mark.parametrize("own", [0.0, -1.0, np.nan])
def test_an_image_on_which_its_unit_is_inactive_fails(own):
    responses = np.array([[own, 1.0], [1.0, 2.0]])
    np.testing.assert_array_equal(representative_substitution(responses, np.array([0, 1])), [np.nan, 0])


def test_a_non_finite_response_has_no_share():
    responses = np.array([[1.0, np.nan], [1.0, np.inf]])
    assert np.isnan(representative_substitution(responses, np.array([0, 0]))).all()


def test_seeds_that_failed_do_not_count():
    found = over_seeds(np.array([[0.5, np.nan, np.nan], [0.1, 0.2, np.nan]]))
    np.testing.assert_allclose(found.mean, [0.3, 0.2, np.nan])
    np.testing.assert_array_equal(found.least, [0.1, 0.2, np.nan])
    np.testing.assert_array_equal(found.largest, [0.5, 0.2, np.nan])


def test_an_optimization_is_unconverged_while_it_gains_a_hundredth_over_its_last_sixth():
    steps = np.arange(25.0)
    trajectories = np.stack(
        [np.full(25, 2.0), steps, np.minimum(steps, 19), -steps[::-1] - 100, np.full(25, np.nan)]
    )
    # the last sixth of 24 steps is 4: 104 to 100 is a gain of 4 %
    np.testing.assert_array_equal(unconverged_optimizations(trajectories), [0, 1, 0, 1, np.nan])
    # fewer steps are too few
    few = unconverged_optimizations(trajectories[:, :24])
    np.testing.assert_array_equal(few, [1, 1, 1, 1, np.nan])
