"""Merging of the tables of several measures."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from census.tables.merging import beside, read_tables


def test_files_of_pandas_and_arrow_are_read_as_one_table(tmp_path):
    pd.DataFrame({"layer": ["a", "b"], "value": [1.0, np.nan]}).to_parquet(tmp_path / "1", index=False)
    pq.write_table(pa.table({"layer": ["c", "d"], "value": [2.0, None]}), tmp_path / "2")
    table = read_tables([tmp_path / "1", tmp_path / "2"])
    assert table.schema.field("layer").type == pa.string()
    assert table["layer"].to_pylist() == ["a", "b", "c", "d"]
    # pandas writes what is undefined as Arrow writes what was not measured
    assert np.isnan(table["value"][1].as_py())
    assert table["value"][3].as_py() is None
    assert table["value"].null_count == 1


def test_unmeasured_values_are_null_and_undefined_ones_nan():
    units = pa.table({"unit": [0, 1, 2]})
    measured = pa.table({"unit": [2, 0], "rs": [0.5, float("nan")], "more": [1, 2]})
    found = beside(units, measured, ["unit"], {"rs": pa.float64()}).sort_by("unit")
    assert found.column_names == ["unit", "rs"]
    assert np.isnan(found["rs"][0].as_py())
    assert found["rs"].to_pylist()[1:] == [None, 0.5]


def test_without_a_table_all_values_are_null():
    found = beside(pa.table({"unit": [0, 1]}), None, ["unit"], {"rs": pa.float64(), "name": pa.string()})
    assert found["rs"].to_pylist() == [None, None]
    assert found.schema.field("name").type == pa.string()
