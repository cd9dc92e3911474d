"""Tables of several measures, brought together."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def read_tables(paths: Iterable[str | Path], **only: str) -> pa.Table:
    """Return Parquet files with the same columns as one table, whether pandas or Arrow wrote them.

    Only rows with certain values of some columns are read, ``checkpoint="final"``.

    What pandas wrote as null is undefined, and becomes NaN: pandas knows no other missing number. What Arrow
    wrote as null was not measured, and stays so. Text is of one type, ``string``.
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
    """Return a table with columns of another one beside its own; null where the other has no such row.

    Parameters
    ----------
    table : its rows are kept, in no order.
    other : None where there is none: all of its columns are null then.
    same : the columns by which rows of both are told to be about the same.
    types : the columns to take, and what they become.
    """
    if other is None:
        for name, dtype in types.items():
            table = table.append_column(name, pa.nulls(len(table), dtype))
        return table
    columns = {name: other[name].cast(dtype) for name, dtype in types.items()}
    chosen = pa.table({**{name: other[name] for name in same}, **columns})
    return table.join(chosen, list(same), join_type="left outer")
