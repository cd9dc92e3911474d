"""Declared tables as Arrow tables."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from census.measures.columns import ENDINGS, Table
from census.statistics.bootstrap import Estimate
from census.tables.keys import CENSUS_KEYS, KEYS, TYPES


def schema(table: type[Table], parameters: Mapping[str, Any] | None = None) -> pa.Schema:
    """Return the Arrow schema of a table, key columns first."""
    own = [
        (each.name.format(**parameters or {}) + ending, TYPES[each.type])
        for each in table.columns()
        for ending in (ENDINGS if each.has_interval else ENDINGS[:1])
    ]
    keys = [(name, CENSUS_KEYS[name]) for name in table.keys or KEYS]
    return pa.schema([*keys, *([("unit", pa.int64())] if _is_numbered(table) else []), *own])


def _is_numbered(table: type[Table]) -> bool:
    """Return whether rows are all units of a layer in order, without a column ``unit`` of their own."""
    return table.per == "unit" and not any(each.name == "unit" for each in table.columns())


def arrow(table: Table, parameters: Mapping[str, Any] | None = None) -> pa.Table:
    """Return a table as an Arrow table, key columns first."""
    values: list[Any] = []
    for column in table.columns():
        value = getattr(table, column.field)
        if column.has_interval:
            values += (None,) * len(ENDINGS) if value is None else value
        else:
            values.append(value)
    n_rows = max((len(value) for value in values if _is_column(value)), default=1)
    units = [np.arange(n_rows)] if _is_numbered(type(table)) else []
    rest = [*units, *(value if _is_column(value) else [_plain(value)] * n_rows for value in values)]
    whole = schema(type(table), parameters)
    keys = [[table.of[name]] * n_rows for name in table.keys or KEYS]
    columns = [array(each, dtype) for each, dtype in zip([*keys, *rest], whole.types, strict=True)]
    return pa.table(columns, schema=whole)


def merged(table: type[Table], parts: Iterable[pa.Table], parameters: Mapping[str, Any]) -> pa.Table:
    """Concatenate tables of one kind; without any, return a table with no rows."""
    return pa.concat_tables([pa.Table.from_batches([], schema(table, parameters)), *parts])


def array(values: Any, dtype: pa.DataType) -> pa.Array:
    """Return values as an Arrow array; NaN stays NaN, None and masked values become null.

    ``pa.array`` would import pandas, which takes 0.4 s of CPU time; most jobs of measures take 0.7 s.

    Parameters
    ----------
    values : a column of numbers, booleans or text.
    dtype : ``string``, ``bool``, or a numeric type that can represent all values.
    """
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values.cast(dtype)
    if isinstance(values, np.ndarray) and values.dtype != object:
        known, values = ~np.ma.getmaskarray(values), np.ma.getdata(values)
    else:
        known = np.array([value is not None for value in values], bool)
    validity = None if known.all() else pa.py_buffer(np.packbits(known, bitorder="little"))
    if dtype == pa.string():
        texts = [value.encode() if is_known else b"" for value, is_known in zip(values, known, strict=True)]
        ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
        return pa.StringArray.from_buffers(
            len(texts), pa.py_buffer(ends), pa.py_buffer(b"".join(texts)), validity
        )
    if not isinstance(values, np.ndarray) or values.dtype == object:
        values = np.array([value if is_known else 0 for value, is_known in zip(values, known, strict=True)])
    content = np.packbits(values, bitorder="little") if values.dtype == bool else np.ascontiguousarray(values)
    return pa.Array.from_buffers(
        pa.from_numpy_dtype(values.dtype), len(values), [validity, pa.py_buffer(content)]
    ).cast(dtype)


def _is_column(value: Any) -> bool:
    return not isinstance(value, str) and hasattr(value, "__len__") and np.ndim(value) > 0


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.ndarray | np.generic) else value


def single_row(table: Table, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the values of a one-row table, without ends of intervals; None for other tables."""
    values = {column.name.format(**parameters): getattr(table, column.field) for column in table.columns()}
    single = {name: each.value if isinstance(each, Estimate) else each for name, each in values.items()}
    if any(map(_is_column, single.values())):
        return None
    return {name: _plain(each) for name, each in single.items()}
