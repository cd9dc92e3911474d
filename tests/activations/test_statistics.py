"""The four summaries, against numpy."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from census.activations import statistics as module
from census.activations.statistics import statistics


def by_numpy(values):
    images, height, width, units = values.shape
    flat = values.reshape(images, height * width, units)
    return flat.mean(1, dtype=np.float64), flat.max(1), flat.argmax(1), (flat != 0).sum(1)


def compare(values):
    found, expected = statistics(torch.from_numpy(values)), by_numpy(values)
    np.testing.assert_allclose(found.mean.numpy(), expected[0], rtol=1e-5, atol=1e-6)
    for name, answer in zip(("max", "argmax", "nonzero"), expected[1:], strict=True):
        np.testing.assert_array_equal(getattr(found, name).numpy(), answer, err_msg=name)


def test_by_hand():
    values = np.zeros((1, 2, 3, 2), "f4")
    values[0, 1, 2, 0] = 6
    values[0, 0, 1, 0] = 3
    values[0, :, :, 1] = -1
    found = statistics(torch.from_numpy(values))
    assert found.mean.tolist() == [[1.5, -1]]
    assert found.max.tolist() == [[6, -1]]
    assert found.argmax.tolist() == [[5, 0]]  # y · width + x; the first of equals
    assert found.nonzero.tolist() == [[2, 6]]
    assert [summary.dtype for summary in found] == [torch.float32, torch.float32, torch.int32, torch.int32]


@given(
    shape=st.tuples(*(st.integers(1, 6) for _ in range(4))),
    seed=st.integers(0, 2**16),
    levels=st.integers(1, 4),  # few levels make many ties, zero among them
)
def test_any_shape_with_ties(shape, seed, levels):
    compare(np.random.default_rng(seed).integers(-1, levels, shape).astype("f4"))


@pytest.mark.parametrize("slice_bytes", [1, 3000, 1 << 30])
def test_slices_change_nothing(monkeypatch, slice_bytes):
    monkeypatch.setattr(module, "SLICE_BYTES", slice_bytes)
    compare(np.random.default_rng(0).standard_normal((7, 5, 4, 9)).astype("f4").clip(0))


def test_nan_is_kept():
    values = torch.zeros(1, 2, 2, 2)
    values[0, 1, 0, 1] = torch.nan
    found = statistics(values)
    assert found.mean.isnan().tolist() == [[False, True]]
    assert found.max.isnan().tolist() == [[False, True]]
    assert found.nonzero.tolist() == [[0, 1]]
