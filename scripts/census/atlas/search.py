"""Write what a search reads: a file per column, with the values of all units of a run.

Searches read few columns of many layers; pages of layers read many columns of one. Numbers are rounded and
texts repeat, so that a column has few distinct values. Its file has each of them once, and for each unit the
place of its value among them, as bytes: a browser reads these faster than a list.
"""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from census.atlas.site import write_data
from census.atlas.tables import rounded

BYTES = (1, 2, 4)  # of a place


def write_search(folder: Path, key: str, table: pa.Table, kinds: Mapping[str, str]) -> list[str]:
    """Write the columns with a measured value to ``folder/key/COLUMN.js``; return their names.

    Parameters
    ----------
    folder, key : see :func:`census.atlas.site.write_data`.
    table : a row per unit, layer by layer.
    kinds : see :func:`census.atlas.tables.kinds_of_columns`. The number of the unit itself is left out.
    """
    names = [name for name in kinds if name != "unit" and table[name].null_count < len(table)]
    for name in names:
        values, places = _distinct(table[name].combine_chunks(), kinds[name])
        size = next(size for size in BYTES if len(values) < 256**size)
        found: dict[str, Any] = {"places": _base64(places, f"u{size}"), "bytes": size}
        found |= {"numbers": _base64(values, "f8")} if kinds[name] == "number" else {"texts": values}
        write_data(folder, f"{key}/{name}", found)
    return names


def _distinct(column: pa.Array, kind: str) -> tuple[list[Any], NDArray[np.int64]]:
    """Return the distinct values of a column, rounded as those of layers, and the place of each row's value.

    Missing values have the place after the last.
    """
    encoded = column.dictionary_encode()
    found = encoded.dictionary.to_pylist()
    place_of: dict[Any, int] = {}
    places = [
        place_of.setdefault(rounded(float(value)) if kind == "number" else str(value), len(place_of))
        for value in found
    ]
    rows = encoded.indices.fill_null(len(found)).to_numpy(zero_copy_only=False)
    return list(place_of), np.array([*places, len(place_of)])[rows]


def _base64(values: ArrayLike, dtype: str) -> str:
    """Return numbers as bytes, the lowest first, in Base64."""
    return base64.b64encode(np.asarray(values, f"<{dtype}").tobytes()).decode()
