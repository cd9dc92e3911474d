"""The stores of facets: the group of a layer, filled unit by unit.

==========  =============================  =======  ==========================================================
array       dimensions                     dtype    content
==========  =============================  =======  ==========================================================
unit        unit                           int32    index of the unit in its layer
gray        unit, component, y, x          float32  facets in gray; NaN if there are none
gray_8bit   unit, component, y, x          uint8    ``gray``, each facet scaled to its own range
color       unit, component, y, x, channel float32  facets in red, green and blue; not for gray images
color_8bit  unit, component, y, x, channel uint8    ``color`` in 8 bits; not for gray images
patches     unit, rank, y, x, channel      uint8    the first patches, as cut from the images
inside      unit, rank, y, x               bool     whether the image covers the pixel
image       unit, rank                     int64    image of each patch, index in the data set; -1 for none
==========  =============================  =======  ==========================================================

The attributes are those of the layer's store of activations, and ``extremes``: ``SF``, ``MF`` or ``chosen``
for each unit.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from census.measures.facets import Facets, to_8bit
from census.measures.patches import Patches
from census.stores.groups import create_array
from census.stores.matrices import MatrixWriter


class FacetWriter:
    """Write a layer's facets, with one unit in memory at a time.

    Parameters
    ----------
    store : store of several layers.
    attributes : attributes of the layer's store of activations, including ``layer`` and ``checkpoint``.
    extremes : extreme of each unit, see :func:`census.measures.facets.choose_units`.
    components : number of facets per unit.
    ranks : number of stored patches per unit.
    shape : height, width and channels of a patch.
    """

    def __init__(
        self,
        store: MatrixWriter,
        attributes: Mapping[str, Any],
        extremes: Mapping[int, str],
        components: int,
        ranks: int,
        shape: tuple[int, int, int],
    ) -> None:
        self._store = store
        self._places = {unit: place for place, unit in enumerate(extremes)}
        self._group = store.create_group({**attributes, "extremes": list(extremes.values())})
        # reopened arrays would not write chunks without values
        self._arrays: dict[str, zarr.Array] = {}
        height, width, channels = shape
        self._create("gray", "float32", {"component": components, "y": height, "x": width}, np.nan)
        self._create("gray_8bit", "uint8", {"component": components, "y": height, "x": width}, 0)
        if channels == 3:
            colored = {"component": components, "y": height, "x": width, "channel": channels}
            self._create("color", "float32", colored, np.nan)
            self._create("color_8bit", "uint8", colored, 0)
        self._create("patches", "uint8", {"rank": ranks, "y": height, "x": width, "channel": channels}, 0)
        self._create("inside", "bool", {"rank": ranks, "y": height, "x": width}, False)
        self._create("image", "int64", {"rank": ranks}, -1)
        self._create("unit", "int32", {}, -1)
        self._arrays["unit"][:] = np.array(list(extremes), np.int32)

    def _create(self, name: str, dtype: str, sizes: Mapping[str, int], fill_value: float) -> None:
        """Create an array with a chunk per unit."""
        shape, chunks = (len(self._places), *sizes.values()), (1, *sizes.values())
        self._arrays[name] = create_array(
            self._group, name, shape, dtype, ("unit", *sizes), chunks, fill_value=fill_value, checksum=False
        )

    def write(self, unit: int, facets: Facets, patches: Patches, images: NDArray[np.integer]) -> None:
        """Write a unit's facets, and its first patches with their images."""
        place = self._places[unit]
        values: dict[str, np.ndarray] = {
            "gray": facets.gray,
            "gray_8bit": to_8bit(facets.gray),
            "patches": patches.pixels,
            "inside": patches.inside,
            "image": images,
        }
        if facets.color is not None:
            values |= {"color": facets.color, "color_8bit": to_8bit(facets.color)}
        for name, found in values.items():
            array = self._arrays[name]
            whole = np.full(array.shape[1:], array.fill_value, array.dtype)
            kept = min(len(found), len(whole))
            whole[:kept] = found[:kept]
            array[place] = whole
        self._store.flush()
