"""The four summaries, against numpy, and their two implementations against each other."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from census.recording import kernel
from census.recording.statistics import _by_kernel, _by_torch

every_implementation = pytest.mark.parametrize("statistics", [_by_kernel, _by_torch])


def by_numpy(values):
    images, height, width, units = values.shape
    flat = values.reshape(images, height * width, units)
    return flat.mean(1, dtype=np.float64), flat.max(1), flat.argmax(1), (flat != 0).sum(1)


def compare(statistics, values):
    found, expected = statistics(torch.from_numpy(values)), by_numpy(values)
    np.testing.assert_allclose(found.mean.numpy(), expected[0], rtol=1e-5, atol=1e-6)
    for name, answer in zip(("max", "argmax", "nonzero"), expected[1:], strict=True):
        np.testing.assert_array_equal(getattr(found, name).numpy(), answer, err_msg=name)


@every_implementation
def test_by_hand(statistics):
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


# around the kernel's blocks: fewer units than lanes, as many, more; positions that fill no block, and many
SHAPES = st.tuples(
    st.integers(1, 3), st.integers(1, 9), st.integers(1, 9), st.integers(1, 9) | st.sampled_from([31, 64, 70])
)


@every_implementation
@given(shape=SHAPES, seed=st.integers(0, 2**16), levels=st.integers(1, 4))
def test_any_shape_with_ties(statistics, shape, seed, levels):
    # few levels make many ties, zero among them
    compare(statistics, np.random.default_rng(seed).integers(-1, levels, shape).astype("f4"))


@given(
    shape=SHAPES,
    seed=st.integers(0, 2**16),
    odd=st.lists(st.sampled_from([np.nan, np.inf, -np.inf, -0.0, 1e-42]), max_size=4),
)
def test_both_implementations_agree_whatever_the_values(shape, seed, odd):
    random = np.random.default_rng(seed)
    values = random.standard_normal(shape).astype("f4")
    for value in odd:
        values[random.random(shape) < 0.05] = value
    ours, theirs = (by(torch.from_numpy(values)) for by in (_by_kernel, _by_torch))
    for name in ("max", "argmax", "nonzero"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)
    np.testing.assert_allclose(ours.mean, theirs.mean, rtol=1e-5, atol=1e-6)


def test_the_kernel_adds_up_at_least_as_exactly_as_torch():
    values = np.random.default_rng(0).standard_normal((8, 57, 57, 64)).astype("f4").clip(0)
    exact = values.mean((1, 2), dtype="f8")
    worst = [
        np.abs(by(torch.from_numpy(values)).mean.numpy() - exact).max() for by in (_by_kernel, _by_torch)
    ]
    assert worst[0] <= worst[1]


@every_implementation
def test_values_that_lie_in_another_order(statistics):
    values = np.random.default_rng(0).standard_normal((3, 6, 5, 4)).astype("f4")
    other_order = torch.from_numpy(np.ascontiguousarray(values.transpose(0, 3, 1, 2))).permute(0, 2, 3, 1)
    for found, expected in zip(statistics(other_order), statistics(torch.from_numpy(values)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@every_implementation
def test_nan_is_kept(statistics):
    values = torch.zeros(1, 2, 3, 2)
    values[0, 0, 0, 1] = torch.inf
    values[0, 1, 1:, 1] = torch.nan
    found = statistics(values)
    assert found.mean.isnan().tolist() == [[False, True]]
    assert found.max.isnan().tolist() == [[False, True]]
    assert found.argmax.tolist() == [[0, 4]]
    assert found.nonzero.tolist() == [[0, 3]]


@pytest.mark.parametrize("cache", ["beside the code", "the user's", "none"])
def test_the_kernel_runs_wherever_its_code_can_be_kept(tmp_path, cache):
    module = shutil.copy(Path(kernel.__file__), tmp_path / "kernel.py")
    if cache != "beside the code":
        (tmp_path / "__pycache__").touch()  # where the folder would be: so that not even root can write there
    user = tmp_path / "user" if cache == "the user's" else Path(os.devnull)
    program = (
        "import numpy as np, kernel\n"
        "found = [np.empty((1, 1), dtype) for dtype in ('f4', 'f4', 'i4', 'i4')]\n"
        "kernel.summarize(np.full((1, 5, 1), 2, 'f4'), *found)\n"
        "assert [each.item() for each in found] == [2, 2, 0, 5]\n"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(user), "PYTHONPATH": str(Path(module).parent)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    kept = {path.parent.name for path in tmp_path.rglob("*.nbc")}
    if cache == "beside the code":
        assert kept == {"__pycache__"}
    else:
        assert len(kept) == (cache == "the user's")
