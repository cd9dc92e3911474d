"""Zarr stores in folders."""

import numpy as np
import pytest
import zarr

from census.errors import StudyError
from census.stores.groups import consolidate, create_array, open_group


def test_every_reader_names_a_damaged_chunk(tmp_path, harm):
    path = tmp_path / "data.zarr"
    # of zeros, which zarr would leave out
    arrays = {"x": np.zeros(500), "y": np.arange(500.0)}
    group = zarr.create_group(path)
    for name, values in arrays.items():
        create_array(group, name, values.shape, values.dtype, ("unit",))[:] = values
    consolidate(path, {"complete": True})
    group = open_group(path)
    assert group.attrs["complete"]
    for name, values in arrays.items():
        np.testing.assert_array_equal(group[name][:], values)
        chunk = path / name / "c/0"
        harm(chunk)
        with pytest.raises(StudyError, match=f"{chunk} cannot be read .*delete {path} and run the workflow"):
            group[name][:]
