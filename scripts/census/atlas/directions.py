"""Directions of families for the atlas: their measures, and their top images."""

from typing import Any

import numpy as np
import pyarrow as pa
import zarr

from census.atlas.tables import columns_of_layer, kinds_of_columns
from census.statistics.top_images import NONE


def directions_of_layer(table: pa.Table, order: pa.Table, store: zarr.Group, k: int) -> dict[str, Any] | None:
    """Return the directions of a layer with their top images, family by family.

    Parameters
    ----------
    table : the layer's rows of the census of directions.
    order : the layer's rows of the measure ``families``, in the order of its store.
    store : the measure's arrays of the layer.
    k : number of top images.

    Returns
    -------
    ``columns`` of the directions, see :func:`census.atlas.tables.columns_of_layer`; and ``top``, with
    ``image`` and ``position`` of shape (direction, rank). None if no family has directions.
    """
    if not table.num_rows:
        return None
    place_of = {key: place for place, key in enumerate(_keys(order))}
    places = [place_of[key] for key in _keys(table)]
    images, positions = (store[name][:][places, :k] for name in ("top_image", "top_position"))
    return {
        "columns": columns_of_layer(table, kinds_of_columns(table)),
        "top": {"image": images, "position": np.where(images == NONE, NONE, positions).tolist()},
    }


def _keys(table: pa.Table) -> list[tuple[str, int]]:
    """Return family and number of each direction."""
    return list(zip(table["family"].to_pylist(), table["direction"].to_pylist(), strict=True))
