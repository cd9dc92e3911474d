"""Groups of rows in an Arrow table."""

from collections.abc import Iterator
from functools import reduce
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def rows_with(table: "pa.Table", **values: Any) -> "pa.Table":
    """Return the rows in which columns have these values."""
    import pyarrow.compute as pc

    return table.filter(reduce(pc.and_, (pc.equal(table[key], value) for key, value in values.items())))


def groups(table: "pa.Table", *keys: str) -> Iterator[tuple[dict[str, Any], "pa.Table"]]:
    """Yield the values of key columns and the rows that have them, in order of first appearance."""
    for place in table.group_by(list(keys), use_threads=False).aggregate([]).to_pylist():
        yield place, rows_with(table, **place)
