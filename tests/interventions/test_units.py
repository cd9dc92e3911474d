"""Samples of units."""

import numpy as np
import pytest

from census.interventions.units import sample_units


def test_a_smaller_sample_lies_within_a_larger_one():
    smaller, larger = (sample_units(100, wanted, 0, "relu1") for wanted in (10, 40))
    assert len(smaller) == 10
    assert len(larger) == 40
    assert set(smaller) < set(larger) <= set(range(100))
    assert (np.diff(larger) > 0).all()


@pytest.mark.parametrize("wanted", ["all", 64, 1000])
def test_all_units_are_the_most_there_are(wanted):
    np.testing.assert_array_equal(sample_units(64, wanted, 0, "relu1"), np.arange(64))


def test_layers_and_seeds_have_samples_of_their_own():
    first = sample_units(1000, 100, 0, "relu1")
    np.testing.assert_array_equal(first, sample_units(1000, 100, 0, "relu1"))
    assert not np.array_equal(first, sample_units(1000, 100, 0, "relu2"))
    assert not np.array_equal(first, sample_units(1000, 100, 1, "relu1"))
