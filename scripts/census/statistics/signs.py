"""A sign convention for vectors of arbitrary sign, such as principal directions."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value", bound=np.floating)


def with_signs(rows: NDArray[Value]) -> NDArray[Value]:
    """Flip the signs of rows (n, …) so that the first entry of largest magnitude is positive."""
    if not rows.size:
        return rows.copy()
    flat = rows.reshape(len(rows), -1)
    largest = flat[np.arange(len(flat)), np.abs(flat).argmax(1)]
    signs: NDArray[Value] = np.where(largest < 0, -1, 1).astype(rows.dtype)
    return rows * signs.reshape(-1, *[1] * (rows.ndim - 1))
