"""The data dictionary: definitions of the census columns, from the declarations of the measures."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import pyarrow as pa

from census.measures import DECLARED, declared
from census.measures.columns import PER, Table, Type, column, count
from census.measures.columns import Column as Declared
from census.tables.keys import CENSUS, TYPES

TABLES = tuple(f"{per}s" for per in PER)
# default values of parameters in names of columns
DEFAULTS = {"components": 8}
FIELD = "field"


class Field(Table, per="unit"):
    """The unit of a row and its receptive field."""

    unit: int = count("index of the unit in its layer", "", "ours")
    receptive_field: int = column(
        "longer side of the receptive field, the box of input pixels on which one position of the unit "
        "depends; the box may extend beyond the image; the input's side if it covers the whole image",
        "Araujo et al. 2019",
        unit="pixels",
        range=(1, None),
    )


@dataclass(frozen=True)
class Column:
    """A column of the census.

    Attributes
    ----------
    table : ``units``, ``layers`` or ``directions``.
    name : name of the column.
    measure : measure whose table contains it; empty for keys.
    type : ``number``, ``integer`` or ``text``.
    unit : unit of its values; empty for plain numbers and text.
    least, greatest : bounds of its values; None for no bound.
    definition : definition in a sentence.
    source : publication that it follows.
    has_interval : whether the ends of its interval are the next columns.
    is_end : whether it is the end of an interval.
    """

    table: str
    name: str
    measure: str
    type: Type
    unit: str
    least: float | None
    greatest: float | None
    definition: str
    source: str
    has_interval: bool = False
    is_end: bool = False

    @property
    def dtype(self) -> pa.DataType:
        """The column's type in Arrow."""
        return TYPES[self.type]

    @property
    def range(self) -> str:
        """The bounds as an interval; empty for text."""
        if self.type == "text":
            return ""
        opened = "(-inf" if self.least is None else f"[{self.least:g}"
        closed = "inf)" if self.greatest is None else f"{self.greatest:g}]"
        return f"{opened}, {closed}"


def columns_of(table: str, **numbers: int) -> list[Column]:
    """Return the columns of a table, in order.

    Parameters
    ----------
    table : ``units``, ``layers`` or ``directions``.
    numbers : parameters in names: ``components=8`` for ``reconstruction_error_8``.
    """
    per = table.removesuffix("s")
    parts: list[tuple[str, Iterable[Declared]]] = [("", CENSUS)]
    if per == Field.per:
        parts.append((FIELD, Field.columns()))
    parts += [(name, declared(name).census_columns(per)) for name in DECLARED]
    return [
        each
        for measure, columns in parts
        for column in columns
        for each in _expanded(table, measure, column, DEFAULTS | numbers)
    ]


def dictionary(**numbers: int) -> pa.Table:
    """Return the dictionary as a table with one row per census column, see :func:`columns_of`."""
    found = [column for table in TABLES for column in columns_of(table, **numbers)]
    names = ("table", "name", "type", "unit", "range", "definition", "source")
    return pa.table({name: [getattr(column, name) for column in found] for name in names})


def _expanded(table: str, measure: str, column: Declared, numbers: Mapping[str, int]) -> Iterator[Column]:
    """Yield a column with parameters filled in, and the ends of its interval."""
    found = Column(
        table,
        column.name.format(**numbers),
        measure,
        column.type,
        column.unit,
        *column.range,
        column.definition.format(**numbers),
        column.source or "",
        column.has_interval,
    )
    yield found
    for side, word in (("low", "lower"), ("high", "upper")) if column.has_interval else ():
        definition = f"{word} end of the 95 % interval of `{found.name}`"
        name = f"{found.name}_{side}"
        yield replace(found, name=name, definition=definition, has_interval=False, is_end=True)
