"""Convert tables of units to the atlas's form: columns of a layer, and their summaries along depth."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from census.statistics.reliability import PREFIX
from census.tables.dictionary import columns_of
from census.tables.keys import CENSUS_KEYS

# endings of columns about another measure, which pages fold, and do not show of earlier checkpoints
COMPANIONS = ("_low", "_high", "_p", "_q", "_chance", "_corrected")
REPEATED = ("input", "pooling")  # kinds of layers whose units are pixels, or repeat those of another layer
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
DIGITS = 5  # significant digits of numbers


def rounded(value: float, digits: int = DIGITS) -> float | int | str:
    """Return a rounded number, whole numbers as integers, NaN and infinities as strings.

    JSON cannot represent the latter. The atlas reads the strings ``NaN``, ``Infinity`` and ``-Infinity`` as
    JavaScript's values.
    """
    if value != value:
        return "NaN"
    if value in (np.inf, -np.inf):
        return "Infinity" if value > 0 else "-Infinity"
    if value == int(value) and abs(value) < 1e15:
        return int(value)
    return float(f"{value:.{digits}g}")


def kinds_of_columns(table: pa.Table) -> dict[str, str]:
    """Return the kind of each column that is no key of a layer: ``number`` or ``text``."""
    found = {}
    for field in table.schema:
        if field.name in CENSUS_KEYS:
            continue
        is_number = pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean
        found[field.name] = "number" if any(test(field.type) for test in is_number) else "text"
    return found


def columns_of_layer(table: pa.Table, kinds: Mapping[str, str]) -> dict[str, list[Any]]:
    """Return the columns of a layer's units, without columns that have no measured value.

    Parameters
    ----------
    table : a row per unit.
    kinds : see :func:`kinds_of_columns`.

    Returns
    -------
    columns by name; None for values that were not measured, the string ``NaN`` for undefined ones.
    """
    found: dict[str, list[Any]] = {}
    for name, kind in kinds.items():
        column = table[name]
        if column.null_count == len(column):
            continue
        values = column.to_pylist()
        if kind == "number":
            found[name] = [None if value is None else rounded(float(value)) for value in values]
        else:
            found[name] = [None if value is None else str(value) for value in values]
    return found


def summaries(table: pa.Table, kinds: Mapping[str, str]) -> dict[str, list[Any]]:
    """Return quantiles of numeric columns over a layer's units, for plots along depth.

    Returns
    -------
    by column: the number of units with a finite value, the number with an undefined or infinite value, and
    the :data:`QUANTILES`, None without finite values. Columns without a measured value are dropped.
    """
    found: dict[str, list[Any]] = {}
    for name, kind in kinds.items():
        column = table[name]
        if kind != "number" or name == "unit" or column.null_count == len(column):
            continue
        values = np.array([float(value) for value in column.drop_null().to_pylist()])
        finite = values[np.isfinite(values)]
        quantiles = np.quantile(finite, QUANTILES).tolist() if len(finite) else [None] * len(QUANTILES)
        found[name] = [
            len(finite),
            len(values) - len(finite),
            *(None if value is None else rounded(value) for value in quantiles),
        ]
    return found


def reliabilities(table: pa.Table) -> dict[str, float | int]:
    """Return the reliability of each measure in a layer, by measure, without unknown ones.

    Parameters
    ----------
    table : the layer's row in the census of layers.
    """
    found = {}
    for name in table.column_names:
        for value in table[name].to_pylist():
            if name.startswith(PREFIX) and value is not None and value == value:
                found[name.removeprefix(PREFIX)] = float(f"{value:.2f}")
    return found


def sparse_rows(counts: Sequence[Sequence[int]]) -> list[list[list[int]]]:
    """Return rows of counts as pairs of index and count, in descending order, without zeros."""
    return [
        sorted(
            ([place, int(count)] for place, count in enumerate(row) if count),
            key=lambda pair: (-pair[1], pair[0]),
        )
        for row in counts
    ]


def papers_of_columns(papers: Mapping[str, str]) -> dict[str, str]:
    """Return the code of the paper to which each column of the table of units belongs, by column.

    Parameters
    ----------
    papers : see :func:`census.atlas.papers.papers_of_measures`. Columns of other measures are left out.
    """
    return {column.name: papers[column.measure] for column in columns_of("units") if column.measure in papers}
