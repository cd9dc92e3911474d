"""Columns of Arrow, made without pandas."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from census.tables.arrow import array

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2, 3], pa.int64()),
        ([1, None, 3], pa.int64()),
        ([None, None], pa.float64()),
        ([0.5, None, float("inf")], pa.float64()),
        ((1, 2), pa.float64()),
        ([], pa.int64()),
        ([], pa.string()),
        (["a", None, "größe", ""], pa.string()),
        (np.array(["a", "bc"]), pa.string()),
        (np.array(["a", None], object), pa.string()),
        ([True, None, False], pa.bool_()),
        (np.arange(20) % 3 == 0, pa.bool_()),
        (np.arange(9, dtype=np.int32), pa.int64()),
        (np.arange(9)[::2], pa.int64()),
        (np.array([0.5, 1.5], np.float32), pa.float64()),
        (np.array([1, None], object), pa.int64()),
        (np.ma.masked_equal([3, -1, 5], -1), pa.int64()),
        (np.ma.MaskedArray([0.5, 1.5], [True, False]), pa.float64()),
        (pa.array([1, None]), pa.float64()),
    ],
)
def test_arrays_equal_those_of_arrow(values, dtype):
    found = array(values, dtype)
    found.validate(full=True)
    assert found == (values.cast(dtype) if isinstance(values, pa.Array) else pa.array(values, dtype))


def test_nan_is_not_null():
    found = array([float("nan"), None], pa.float64())
    assert found.is_null().to_pylist() == [False, True]
    assert np.isnan(found[0].as_py())


@pytest.mark.parametrize("values", [[0.5], np.array([0.5]), np.array([2**63], np.uint64)])
def test_non_integers_are_refused(values):
    with pytest.raises(pa.ArrowInvalid):
        array(values, pa.int64())


PROGRAM = """
import sys
import numpy as np
import pyarrow.parquet as pq
from census.measures.histogram import Bins
from census.tables.arrow import arrow, merged

of = {**dict.fromkeys(["network", "checkpoint", "dataset", "layer", "kind", "branch_of"], "a"), "depth": 1}
edges, numbers = np.arange(4.0), dict.fromkeys(["zeros", "not_finite", "n_map_images"], 1)
bins = Bins(of={**of, "step": None}, left=edges[:-1], right=edges[1:], counts=np.arange(3), **numbers)
pq.write_table(merged(Bins, [arrow(bins)], {}), sys.argv[1])
assert "pandas" not in sys.modules
"""


def test_a_table_is_written_without_pandas(tmp_path):
    arguments = [sys.executable, "-c", PROGRAM, str(tmp_path / "table")]
    subprocess.run(arguments, env={**os.environ, "PYTHONPATH": str(SCRIPTS)}, check=True)
