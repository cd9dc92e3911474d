"""Tables of units as the atlas reads them: columns of a layer, and what they look like along depth."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

# what a layer's page says once; the rest are columns of its units
KEYS = ("network", "seed", "checkpoint", "step", "dataset", "layer", "depth", "kind", "branch_of")
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
DIGITS = 5  # that are kept of a number
RELIABILITY = "reliability_"  # how names of columns begin


def rounded(value: float, digits: int = DIGITS) -> float | int | str:
    """Return a number with few digits, a whole one without a point; NaN and infinities as words.

    JSON has no words for the latter: the atlas reads ``NaN``, ``Infinity`` and ``-Infinity`` as JavaScript's.
    """
    if value != value:
        return "NaN"
    if value in (np.inf, -np.inf):
        return "Infinity" if value > 0 else "-Infinity"
    if value == int(value) and abs(value) < 1e15:
        return int(value)
    return float(f"{value:.{digits}g}")


def kinds_of_columns(table: pa.Table) -> dict[str, str]:
    """Return for each column that is no key of a layer whether it holds a ``number`` or a ``text``."""
    found = {}
    for field in table.schema:
        if field.name in KEYS:
            continue
        is_number = pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean
        found[field.name] = "number" if any(test(field.type) for test in is_number) else "text"
    return found


def columns_of_layer(table: pa.Table, kinds: Mapping[str, str]) -> dict[str, list[Any]]:
    """Return the columns of a layer's units; those in which nothing was measured are left out.

    Parameters
    ----------
    table : a row per unit.
    kinds : what :func:`kinds_of_columns` returns.

    Returns
    -------
    by name; None where a value was not measured, the word ``NaN`` where it is undefined.
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
    """Return what numbers look like over a layer's units, for plots along depth.

    Returns
    -------
    by column: how many units have a finite value, for how many it is undefined (or infinite), then its
    :data:`QUANTILES`, None where there is no finite value. Columns without a measured value are left out.
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
    """Return the reliability of each measure in a layer, without those that are not known.

    Parameters
    ----------
    table : the layer's row in the census of layers.
    """
    found = {}
    for name in table.column_names:
        for value in table[name].to_pylist():
            if name.startswith(RELIABILITY) and value is not None and value == value:
                found[name.removeprefix(RELIABILITY)] = float(f"{value:.2f}")
    return found


def sparse_rows(counts: Sequence[Sequence[int]]) -> list[list[list[int]]]:
    """Return rows of counts as pairs of place and count, the highest first, without those that are 0."""
    return [
        sorted(
            ([place, int(count)] for place, count in enumerate(row) if count),
            key=lambda pair: (-pair[1], pair[0]),
        )
        for row in counts
    ]
