"""The declaration of a table, column by column: types, ranges, units, definitions and sources."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType
from typing import Any, ClassVar, Literal, dataclass_transform, get_args

import numpy as np
from numpy.typing import NDArray

from census.statistics.bootstrap import Estimate

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Texts = Sequence[str | None]
Flags = NDArray[np.bool_]

Type = Literal["number", "integer", "text", "flag"]
Bounds = tuple[float | None, float | None]
# type of a column, by the type of its field
_TYPES: Mapping[Any, Type] = {
    **dict.fromkeys((float, Floats, Estimate), "number"),
    **dict.fromkeys((int, Integers), "integer"),
    **dict.fromkeys((str, Texts), "text"),
    **dict.fromkeys((bool, Flags), "flag"),
}
ENDINGS = ("", "_low", "_high")
"""The ends of the names of a column with an interval, and of the columns that hold its ends."""
PER = ("unit", "layer", "direction")
"""The tables of the census, by the object of a row."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name : name in the table; may contain a parameter in braces: ``reconstruction_error_{components}``.
    field : name of the attribute that holds its values.
    type : ``number``, ``integer``, ``text`` or ``flag``.
    definition : definition in a sentence.
    source : publication that it follows, or ``ours``; None keeps the column out of the census.
    unit : unit of its values; empty for plain numbers and text.
    range : minimum and maximum; None for no bound.
    has_interval : whether the columns ``_low`` and ``_high`` hold the ends of its interval.
    """

    name: str
    field: str
    type: Type
    definition: str
    source: str | None
    unit: str
    range: Bounds
    has_interval: bool


def column(
    definition: str,
    source: str | None = None,
    *,
    unit: str = "",
    range: Bounds = (None, None),
    name: str | None = None,
) -> Any:
    """Declare a column of a :class:`Table`, see :class:`Column`; its name defaults to that of the field."""
    return field(
        metadata={"definition": definition, "source": source, "unit": unit, "range": range, "name": name}
    )


def share(definition: str, source: str | None = None) -> Any:
    """Declare a column of values from 0 to 1."""
    return column(definition, source, range=(0, 1))


def count(
    definition: str, unit: str, source: str | None = None, *, least: int = 0, name: str | None = None
) -> Any:
    """Declare a column that counts something."""
    return column(definition, source, unit=unit, range=(least, None), name=name)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(column, share, count))
@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows about one layer at one checkpoint. A subclass declares a table; its fields are the columns.

    A field holds one value per row, or a single value for all rows. NaN is an undefined number; None and
    masked entries are values that were not measured. A table with a row per unit begins with a column
    ``unit``.

    Attributes
    ----------
    of : values of the key columns: network, checkpoint, data set, layer, ….
    per : object of a row; tables per ``unit``, ``layer`` and ``direction`` go into the census, others do not.
    keys : names of the key columns; all by default.
    """

    of: Mapping[str, Any]
    per: ClassVar[str]
    keys: ClassVar[Sequence[str] | None]

    def __init_subclass__(cls, *, per: str, keys: Sequence[str] | None = None) -> None:
        cls.per, cls.keys = per, keys
        dataclass(frozen=True, kw_only=True)(cls)
        cls.columns()

    @classmethod
    def columns(cls) -> list[Column]:
        """Return the columns in order, without the keys.

        Raises
        ------
        TypeError : a field has a type that columns do not support.
        """
        return [_column(cls, each) for each in dataclasses.fields(cls) if each.metadata]


def _column(table: type[Table], declared: "dataclasses.Field[Any]") -> Column:
    forms = get_args(declared.type) if NoneType in get_args(declared.type) else (declared.type,)
    types = [_TYPES.get(form) for form in forms if form is not NoneType]
    if None in types or len(set(types)) != 1:
        raise TypeError(f"{table.__module__}.{table.__name__}.{declared.name}: no column has this type")
    return Column(
        field=declared.name,
        type=types[0] or "number",
        has_interval=Estimate in forms,
        **{**declared.metadata, "name": declared.metadata["name"] or declared.name},
    )
