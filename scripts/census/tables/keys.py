"""The columns by which rows of all tables are told apart."""

from collections.abc import Mapping, Sequence
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
    "branch_of": pa.string(),
}


def key_columns(attributes: Mapping[str, Any], rows: int) -> dict[str, pa.Array]:
    """Return the key columns of a table about one layer.

    Parameters
    ----------
    attributes : the attributes of the layer's store.
    rows : number of rows.
    """
    return {name: pa.array([attributes[name]] * rows, dtype) for name, dtype in KEYS.items()}


def key_values(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of one row, see :func:`key_columns`."""
    return {name: attributes[name] for name in KEYS}


def table_of(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return rows with the same columns as a table, in which keys have their types even where all are null.

    Parameters
    ----------
    rows : at least one; ``other_layer`` and the like are keys, too.
    """
    types = {name: KEYS.get(name.removeprefix("other_")) for name in rows[0]}
    return pa.table({name: pa.array([row[name] for row in rows], types[name]) for name in rows[0]})
