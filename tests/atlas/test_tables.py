"""Columns for the atlas: missing, undefined and infinite values are distinct, and digits suffice."""

import json

import numpy as np
import pyarrow as pa
import pytest

from census.atlas.tables import columns_of_layer, kinds_of_columns, rounded, sparse_rows, summaries

TABLE = pa.table(
    {
        "network": ["net"] * 4,
        "depth": [1] * 4,
        "unit": [0, 1, 2, 3],
        "name": pa.array(["a", None, "<b>", ""], pa.large_string()),
        "value": pa.array([1.0, None, np.nan, np.inf], pa.float64(), from_pandas=False),
        "whole": pa.array([1, None, 2, 3], pa.int64()),
        "flag": [True, False, True, None],
        "never": pa.array([None] * 4, pa.float64()),
        "undefined": [np.nan] * 4,
        "no_name": pa.array([None] * 4, pa.string()),
    }
)


def test_kinds_are_those_of_the_types():
    assert kinds_of_columns(TABLE) == {
        "unit": "number",
        "name": "text",
        "value": "number",
        "whole": "number",
        "flag": "number",
        "never": "number",
        "undefined": "number",
        "no_name": "text",
    }


def test_what_was_not_measured_is_null_and_what_is_undefined_a_word():
    columns = columns_of_layer(TABLE, kinds_of_columns(TABLE))
    assert columns == {
        "unit": [0, 1, 2, 3],
        "name": ["a", None, "<b>", ""],
        "value": [1, None, "NaN", "Infinity"],
        "whole": [1, None, 2, 3],
        "flag": [1, 0, 1, None],
        "undefined": ["NaN"] * 4,
    }
    json.dumps(columns, allow_nan=False)


def test_summaries_are_quantiles_of_finite_values():
    values = np.r_[np.arange(101), np.nan, np.nan, np.inf]
    table = pa.table({"unit": np.arange(104), "value": pa.array(values, from_pandas=False)})
    assert summaries(table, kinds_of_columns(table)) == {"value": [101, 3, 5, 25, 50, 75, 95]}
    found = summaries(TABLE, kinds_of_columns(TABLE))
    assert found["value"] == [1, 2, 1, 1, 1, 1, 1]
    assert found["undefined"] == [0, 4, None, None, None, None, None]
    assert not {"unit", "never", "name"} & set(found)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, 0),
        (-0.0, 0),
        (1 / 3, 0.33333),
        (-2.5, -2.5),
        (1e-12, 1e-12),
        (123456789.0, 123456789),
        (1e300, 1e300),
        (np.nan, "NaN"),
        (np.inf, "Infinity"),
        (-np.inf, "-Infinity"),
    ],
)
def test_numbers_are_short(value, expected):
    assert rounded(value) == expected
    assert json.loads(json.dumps(rounded(value), allow_nan=False)) == expected


def test_rows_of_counts_come_with_the_highest_first():
    assert sparse_rows([[0, 3, 1, 3], [0, 0, 0, 0]]) == [[[1, 3], [3, 3], [2, 1]], []]
