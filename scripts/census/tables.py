"""The columns by which rows of all tables are told apart."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

# a network that was not trained here has no step: null, in a column of integers all the same
KEYS = {
    "network": pa.string(),
    "checkpoint": pa.string(),
    "step": pa.int64(),
    "dataset": pa.string(),
    "layer": pa.string(),
    "depth": pa.int64(),
    "kind": pa.string(),
}


def key_columns(attributes: Mapping[str, Any], rows: int) -> dict[str, pa.Array]:
    """Return the key columns of a table about one layer.

    Parameters
    ----------
    attributes : the attributes of the layer's store.
    rows : number of rows.
    """
    return {name: pa.array([attributes[name]] * rows, dtype) for name, dtype in KEYS.items()}
