"""Reading IDX files."""

import struct

import numpy as np
import pytest

from census.data.idx import read_idx
from census.errors import StudyError


def test_reads_bytes(tmp_path):
    path = tmp_path / "images"
    path.write_bytes(struct.pack(">BBBBIII", 0, 0, 8, 3, 2, 1, 3) + bytes([0, 1, 2, 253, 254, 255]))
    read = read_idx(path, 3)
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, [[[0, 1, 2]], [[253, 254, 255]]])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not an IDX file"),
        (b"\x1f\x8b\x08\x00" + bytes(20), "is not an IDX file"),
        (struct.pack(">BBBBI", 0, 0, 8, 1, 2) + bytes(2), "is not an IDX file"),  # one dimension
        (struct.pack(">BBBBIII", 0, 0, 13, 3, 1, 1, 1) + bytes(4), "is not an IDX file"),  # floats
        (struct.pack(">BBBBI", 0, 0, 8, 3, 2), "as long as its header says"),
        (struct.pack(">BBBBIII", 0, 0, 8, 3, 2, 2, 2) + bytes(7), "as long as its header says"),
        (struct.pack(">BBBBIII", 0, 0, 8, 3, 2, 2, 2) + bytes(9), "as long as its header says"),
        # lengths whose product overflows
        (struct.pack(">BBBBIII", 0, 0, 8, 3, 2**31, 2**31, 4), "as long as its header says"),
    ],
)
def test_refuses_anything_else(tmp_path, content, message):
    path = tmp_path / "images"
    path.write_bytes(content)
    with pytest.raises(StudyError, match=message):
        read_idx(path, 3)


def test_missing(tmp_path):
    with pytest.raises(StudyError, match=r"labels is missing; delete its folder"):
        read_idx(tmp_path / "labels", 1)
