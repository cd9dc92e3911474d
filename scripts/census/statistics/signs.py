"""The signs of vectors that have none of their own, such as principal directions."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value", bound=np.floating)


def with_signs(rows: NDArray[Value]) -> NDArray[Value]:
    """Return rows (n, …) with signs that make the entry of largest size positive, the first of equal ones."""
    if not rows.size:
        return rows.copy()
    flat = rows.reshape(len(rows), -1)
    largest = flat[np.arange(len(flat)), np.abs(flat).argmax(1)]
    signs: NDArray[Value] = np.where(largest < 0, -1, 1).astype(rows.dtype)
    return rows * signs.reshape(-1, *[1] * (rows.ndim - 1))
