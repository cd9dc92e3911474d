"""What the columns of the census mean: the data dictionary of its two tables.

It is declared by the measures, or in ``dictionary.yaml`` beside this file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from census.measures import declared as measure_named

DECLARED = Path(__file__).with_name("dictionary.yaml")
TABLES = ("units", "layers")
TYPES = {"number": pa.float64(), "integer": pa.int64(), "text": pa.string()}
# numbers in names of columns, unless a study is configured otherwise
DEFAULTS = {"components": 8}


@dataclass(frozen=True)
class Column:
    """A column of the census.

    Attributes
    ----------
    table : ``units`` or ``layers``.
    name : as in the table.
    measure : the measure whose own table it is taken from; empty for keys.
    type : ``number``, ``integer`` or ``text``.
    unit : of its values; empty for plain numbers and text.
    least, greatest : bounds of its values; None where there is none.
    definition : what it is, in a sentence.
    source : the study, or whom it follows.
    has_interval : whether the ends of its interval stand behind it.
    is_end : whether it is such an end.
    """

    table: str
    name: str
    measure: str
    type: str
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
    table : ``units`` or ``layers``.
    numbers : those that stand in names, such as ``components``, for ``reconstruction_error_8``.
    """
    declared = _declared()
    found = list(_expanded(table, "", declared["keys"], DEFAULTS | numbers))
    for measure, entries in declared[table].items():
        if entries is None:
            found.extend(_of_measure(table, measure, DEFAULTS | numbers))
        else:
            found.extend(_expanded(table, measure, entries, DEFAULTS | numbers))
    return found


def dictionary(**numbers: int) -> pa.Table:
    """Return the dictionary as a table: a row per column of either table, see :func:`columns_of`."""
    found = [column for table in TABLES for column in columns_of(table, **numbers)]
    names = ("table", "name", "type", "unit", "range", "definition", "source")
    return pa.table({name: [getattr(column, name) for column in found] for name in names})


@cache
def _declared() -> Any:
    return yaml.safe_load(DECLARED.read_text(encoding="utf-8"))


def _of_measure(table: str, name: str, numbers: Mapping[str, int]) -> Iterator[Column]:
    """Yield the columns that a measure declares, and the ends of their intervals."""
    for each in measure_named(name).census_columns(table.removesuffix("s")):
        entry = {
            "type": each.type,
            "unit": each.unit,
            "range": each.range,
            "definition": each.definition,
            "source": each.source,
            "interval": each.has_interval,
        }
        yield from _expanded(table, name, {each.name: entry}, numbers)


def _expanded(
    table: str, measure: str, entries: Mapping[str, Mapping[str, Any]], numbers: Mapping[str, int]
) -> Iterator[Column]:
    """Yield a measure's columns, and the ends of their intervals."""
    for pattern, entry in entries.items():
        name = pattern.format(**numbers)
        least, greatest = entry.get("range", (None, None))
        definition = entry["definition"].format(**numbers)
        rest = (measure, entry.get("type", "number"), entry.get("unit", ""), least, greatest)
        has_interval = entry.get("interval", False)
        yield Column(table, name, *rest, definition, entry["source"], has_interval)
        for side, word in (("low", "lower"), ("high", "upper")) if has_interval else ():
            of = f"{word} end of the 95 % interval of `{name}`"
            yield Column(table, f"{name}_{side}", *rest, of, entry["source"], is_end=True)
