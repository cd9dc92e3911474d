"""The store of facets: round trip, and missing values."""

import numpy as np
import pytest
import xarray as xr
from zarr.storage import ZipStore

from census.measures.facets import facets, to_8bit
from census.measures.patches import Patches, neutral_outside
from census.stores.facets import FacetWriter
from census.stores.matrices import layers_in, new_store

SIDE, COMPONENTS, RANKS = 6, 3, 4
RELU = {"layer": "relu", "checkpoint": "final"}


def patches(n_patches, channels):
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (n_patches, SIDE, SIDE, channels), dtype=np.uint8)
    return Patches(pixels, np.ones((n_patches, SIDE, SIDE), bool))


@pytest.mark.parametrize("channels", [1, 3])
def test_units_are_written_one_by_one(tmp_path, channels):
    path = tmp_path / "block.zarr.zip"
    many, few = patches(40, channels), patches(2, channels)
    found = {unit: facets(neutral_outside(each), COMPONENTS, 0) for unit, each in ((7, many), (2, few))}
    with new_store(path) as store:
        writer = FacetWriter(store, RELU, {7: "SF", 2: "MF"}, COMPONENTS, RANKS, (SIDE, SIDE, channels))
        writer.write(2, found[2], few, np.array([5, 9]))
        writer.write(7, found[7], many, np.arange(40))

    read = xr.open_zarr(ZipStore(path, read_only=True), group="relu/final").load()
    assert read.attrs == RELU | {"extremes": ["SF", "MF"]}
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
    with new_store(tmp_path / "block.zarr.zip") as store:
        FacetWriter(store, RELU, {}, COMPONENTS, RANKS, (SIDE, SIDE, 3))
    group = layers_in([tmp_path / "block.zarr.zip"])["relu"].at("final")
    assert group["color"].shape == (0, COMPONENTS, SIDE, SIDE, 3)
    assert group.attrs["extremes"] == []
