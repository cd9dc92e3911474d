"""Read and merge tables of several measures."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def read_tables(paths: Iterable[str | Path], **only: str) -> pa.Table:
    """Read Parquet files with the same columns, written by pandas or Arrow, as one table.

    Nulls that pandas wrote are undefined values and become NaN, because pandas does not distinguish them.
    Nulls that Arrow wrote were not measured and stay null. All text has the type ``string``.

    Parameters
    ----------
    paths : paths of the files.
    only : values of columns; only rows with these values are read, such as ``checkpoint="final"``.
    """
    filters = [(name, "=", value) for name, value in only.items()] or None
    tables = (_as_arrow(pq.read_table(path, filters=filters)) for path in paths)
    return pa.concat_tables(tables, promote_options="permissive")


def _as_arrow(table: pa.Table) -> pa.Table:
    by_pandas = b"pandas" in (table.schema.metadata or {})
    for place, field in enumerate(table.schema):
        column = table[field.name]
        if pa.types.is_floating(field.type) and by_pandas:
            table = table.set_column(place, field.name, pc.fill_null(column, float("nan")))
        elif pa.types.is_large_string(field.type):
            table = table.set_column(place, field.name, column.cast(pa.string()))
    return table.replace_schema_metadata()


def beside(
    table: pa.Table, other: pa.Table | None, same: Sequence[str], types: Mapping[str, pa.DataType]
) -> pa.Table:
    """Return a table with columns of another table added; null for rows that the other lacks.

    Parameters
    ----------
    table : table whose rows are kept, in any order.
    other : table to join; None fills its columns with nulls.
    same : columns to join on.
    types : columns to add, with their types.
    """
    if other is None:
        for name, dtype in types.items():
            table = table.append_column(name, pa.nulls(len(table), dtype))
        return table
    columns = {name: other[name].cast(dtype) for name, dtype in types.items()}
    chosen = pa.table({**{name: other[name] for name in same}, **columns})
    return table.join(chosen, list(same), join_type="left outer")
