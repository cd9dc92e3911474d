"""Blocks of units, and jobs that make them."""

import pytest

from census.parts import BLOCK, batches, blocks_of, places_of


@pytest.mark.parametrize(("n_units", "blocks"), [(1, [0]), (32, [0]), (33, [0, 32]), (96, [0, 32, 64])])
def test_blocks_are_named_by_their_first_unit(n_units, blocks):
    assert blocks_of(n_units) == blocks


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (1, {(0,): ["b", "c"], (32,): ["b", "c"], (64,): ["c"], (96,): ["c"]}),
        (32, {(0,): ["b", "c"], (32,): ["b", "c"], (64,): ["c"], (96,): ["c"]}),
        (33, {(0, 32): ["b", "c"], (64, 96): ["c"]}),
        (96, {(0, 32): ["b"], (0, 32, 64): ["c"], (96,): ["c"]}),
        (None, {(0, 32): ["b"], (0, 32, 64, 96): ["c"]}),
    ],
)
def test_small_layers_are_not_divided_and_jobs_make_whole_blocks(wanted, expected):
    assert batches({"a": BLOCK, "b": BLOCK + 1, "c": 4 * BLOCK}, wanted) == expected


@pytest.mark.parametrize("wanted", [1, 40, 100, None])
@pytest.mark.parametrize("n_units", [33, 64, 100, 512])
def test_each_block_is_made_by_one_job(n_units, wanted):
    made = [block for blocks in batches({"a": n_units}, wanted) for block in blocks]
    assert made == blocks_of(n_units)
    units = range(n_units)
    assert [unit for places in places_of(f"x/{each}.zarr" for each in made) for unit in units[places]] == [
        *units
    ]


def test_places_are_those_of_the_files_name():
    assert places_of(["net.1/0.units.parquet", "net.1/64.zarr"]) == [slice(0, 32), slice(64, 96)]
