"""Grouping of layers into blocks, and of a large layer's units into parts."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from census.planning.blocks import UNITS, parts_of, stretches, units_of_part

seconds = st.lists(st.floats(0.01, 100), min_size=1, max_size=40)
limits = st.floats(0.1, 200)


@given(seconds, limits)
def test_stretches_hold_each_item_once_and_keep_to_the_limit(expected, limit):
    found = stretches(expected, limit)
    assert [place for stretch in found for place in stretch] == list(range(len(expected)))
    for stretch in found:
        assert len(stretch) == 1 or sum(expected[place] for place in stretch) <= limit
    # none could have taken the first item of the next one, too
    for stretch, following in pairwise(found):
        assert sum(expected[place] for place in stretch) + expected[following[0]] > limit


def test_an_item_longer_than_the_limit_has_its_own_stretch():
    assert stretches([1, 5, 1, 1], limit=2) == [range(1), range(1, 2), range(2, 4)]


@given(st.integers(1, 5000), st.floats(0.01, 1e5), limits)
def test_parts_hold_each_unit_once_in_whole_multiples(n_units, expected, limit):
    parts = parts_of(n_units, expected, limit)
    slices = [units_of_part(n_units, part, parts) for part in range(parts)]
    units = list(range(n_units))
    assert [unit for some in slices for unit in units[some]] == units
    assert all(some.start % UNITS == 0 and units[some] for some in slices)
    if parts > 1:
        longest = max(len(units[some]) for some in slices)
        # as many units as the limit allows, but no less than one multiple
        assert longest == UNITS or longest * expected / n_units <= limit * 1.5
