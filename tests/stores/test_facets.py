"""The store of facets: round trip, and missing values."""

import numpy as np
import pytest
import xarray as xr

from census.measures.facets import facets, to_8bit
from census.measures.patches import Patches, neutral_outside
from census.stores.facets import FacetWriter
from census.stores.groups import open_group

SIDE, COMPONENTS, RANKS = 6, 3, 4


def patches(n_patches, channels):
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (n_patches, SIDE, SIDE, channels), dtype=np.uint8)
    return Patches(pixels, np.ones((n_patches, SIDE, SIDE), bool))


@pytest.mark.parametrize("channels", [1, 3])
def test_units_are_written_one_by_one(tmp_path, channels):
    path = tmp_path / "layer.zarr"
    writer = FacetWriter(
        path, {"layer": "relu"}, {7: "SF", 2: "MF"}, COMPONENTS, RANKS, (SIDE, SIDE, channels)
    )
    many, few = patches(40, channels), patches(2, channels)
    found = {unit: facets(neutral_outside(each), COMPONENTS, 0) for unit, each in ((7, many), (2, few))}
    writer.write(2, found[2], few, np.array([5, 9]))
    writer.write(7, found[7], many, np.arange(40))
    writer.finish()

    store = open_group(path)
    assert store.attrs["extremes"] == ["SF", "MF"]
    assert store.attrs["layer"] == "relu"
    read = xr.open_zarr(path).load()
    np.testing.assert_array_equal(read["unit"], [7, 2])
    np.testing.assert_array_equal(read["image"], [[0, 1, 2, 3], [5, 9, -1, -1]])
    np.testing.assert_array_equal(read["gray"][0], found[7].gray)
    np.testing.assert_array_equal(read["gray_8bit"][0], to_8bit(found[7].gray))
    assert np.isnan(read["gray"][1]).all()
    np.testing.assert_array_equal(read["patches"][0], many.pixels[:RANKS])
    np.testing.assert_array_equal(read["patches"][1, :2], few.pixels)
    np.testing.assert_array_equal(read["inside"][1].any(("y", "x")), [True, True, False, False])
    assert read["patches"].dims == ("unit", "rank", "y", "x", "channel")
    if channels == 3:
        np.testing.assert_array_equal(read["color"][0], found[7].color)
        np.testing.assert_array_equal(read["color_8bit"][0], to_8bit(found[7].color))
    else:
        assert "color" not in read
        assert "color_8bit" not in read


def test_a_layer_without_units_has_a_store(tmp_path):
    FacetWriter(tmp_path / "layer.zarr", {}, {}, COMPONENTS, RANKS, (SIDE, SIDE, 3)).finish()
    store = open_group(tmp_path / "layer.zarr")
    assert store["color"].shape == (0, COMPONENTS, SIDE, SIDE, 3)
    assert store.attrs["extremes"] == []
