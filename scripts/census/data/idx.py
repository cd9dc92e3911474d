"""The IDX format of MNIST and similar data sets: a header of big-endian numbers, then the array."""

import math
from pathlib import Path

import numpy as np

from census.errors import StudyError

_UBYTE = 0x08


def read_idx(path: Path, n_dimensions: int) -> np.ndarray:
    """Memory-map the array in an IDX file of bytes.

    Parameters
    ----------
    path : uncompressed file.
    n_dimensions : expected number of dimensions.

    Returns
    -------
    array of uint8, read-only.

    Raises
    ------
    StudyError : the file is missing, truncated or of another format.

    References
    ----------
    Y. LeCun, C. Cortes and C. J. C. Burges: The MNIST database of handwritten digits. 1998. The first two
    bytes are 0, the third is the data type, the fourth the number of dimensions; their lengths follow.
    """
    offset = 4 + 4 * n_dimensions
    try:
        with path.open("rb") as file:
            header = file.read(offset)
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise StudyError(f"{path} is missing; delete its folder and run again") from error
    shape = tuple(int(length) for length in np.frombuffer(header[4 : len(header) // 4 * 4], dtype=">u4"))
    if header[:4] != bytes([0, 0, _UBYTE, n_dimensions]):
        raise StudyError(f"{path} is not an IDX file of bytes in {n_dimensions} dimensions")
    if len(shape) != n_dimensions or size != offset + math.prod(shape):
        raise StudyError(f"{path} is not as long as its header says; delete its folder and run again")
    # a plain array, because slicing a memmap is slow
    return np.asarray(np.memmap(path, dtype=np.uint8, mode="r", offset=offset, shape=shape))
