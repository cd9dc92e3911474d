"""Stores are written as zarr itself would write them."""

import json
import shutil
import zipfile

import numpy as np
import pytest
import zarr
from zarr.storage import ZipStore

from census.errors import StudyError
from census.stores import activations as store
from census.stores.activations import STATISTICS, StoreWriter, create_store, finish_store
from census.stores.reading import open_store

UNITS, HEIGHT, WIDTH = 3, 5, 4
N_IMAGES, N_MAPS, BATCH = 14, 10, 4
POSITIONS = np.array([[0, 3], [2, 1], [4, 0]], dtype="i4")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(store, "IMAGES_PER_CHUNK", 8)
    monkeypatch.setattr(store, "IMAGE_BYTES", 2 * WIDTH * UNITS * 4)  # two rows


@pytest.fixture
def maps():
    maps = np.random.default_rng(0).standard_normal((N_MAPS, HEIGHT, WIDTH, UNITS)).astype("f4").clip(0)
    maps[4:8, 2:4] = 0  # a chunk of zeros, which zarr writes as it does others
    return maps


@pytest.fixture
def statistics():
    random = np.random.default_rng(1)
    return {
        name: random.integers(0, 20, (N_IMAGES, UNITS)).astype(dtype) for name, dtype in STATISTICS.items()
    }


def create(path, compression, n_maps=N_MAPS, dtype="float32"):
    images = np.arange(N_IMAGES) * 7
    shape, labels = (UNITS, HEIGHT, WIDTH), images % 5
    create_store(
        path, shape, images, labels, n_maps, BATCH, compression, POSITIONS, dtype=dtype, preactivations=True
    )


def files(path):
    return {each.relative_to(path): each.read_bytes() for each in path.rglob("*") if each.is_file()}


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_every_file_equals_that_of_zarr(tmp_path, maps, statistics, compression, dtype):
    maps = maps.astype(dtype)
    preactivation = maps[:, *POSITIONS.T] - 1
    create(tmp_path / "ours", compression, dtype=dtype)
    shutil.copytree(tmp_path / "ours", tmp_path / "zarr")
    fill(tmp_path / "ours", maps, statistics)  # the last batch has two images, the last rows are one
    with zarr.config.set({"array.write_empty_chunks": True}):
        group = zarr.open_group(tmp_path / "zarr", mode="r+")
        for name, values in {**statistics, "maps": maps, "preactivation": preactivation}.items():
            assert group[name].nchunks > 1
            group[name][:] = values
        for name in (
            "image",
            "label",
            "map_image",
            "map_label",
            "position_y",
            "position_x",
        ):
            group[name][:] = group[name][:]
    assert files(tmp_path / "ours") == files(tmp_path / "zarr")
    group = zarr.open_group(tmp_path / "ours", mode="r")
    for name, values in {**statistics, "maps": maps, "preactivation": preactivation}.items():
        np.testing.assert_array_equal(group[name][:], values)


def fill(path, maps, statistics, n_maps=N_MAPS):
    writer = StoreWriter(path)
    for first in range(0, n_maps, BATCH):
        writer.write_maps(first, maps[first : first + BATCH])
        writer.write_preactivations(first, maps[first : first + BATCH, *POSITIONS.T] - 1)
    for first in range(0, N_IMAGES, 8):
        writer.write_statistics(first, [statistics[name][first : first + 8] for name in STATISTICS])


@pytest.mark.parametrize("compression", ["none", "lz4"])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_finished_store_is_one_file_with_all_values(tmp_path, maps, statistics, compression, dtype):
    create(tmp_path / "unfinished", compression, dtype=dtype)
    maps = maps.astype(dtype)
    fill(tmp_path / "unfinished", maps, statistics)
    finish_store(tmp_path / "unfinished", {"key": "k"}, tmp_path / "layer.zarr.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["layer.zarr.zip"]
    with ZipStore(tmp_path / "layer.zarr.zip", read_only=True) as file:
        for group in (open_store(tmp_path / "layer.zarr.zip"), zarr.open_group(file, mode="r")):
            preactivation = maps[:, *POSITIONS.T] - 1
            for name, values in {**statistics, "maps": maps, "preactivation": preactivation}.items():
                np.testing.assert_array_equal(group[name][:], values)
                some = tuple(slice(1, 1 + size) for size in group[name].chunks)
                np.testing.assert_array_equal(group[name][some], values[some])


def test_equal_values_give_equal_files(tmp_path, maps, statistics):
    for name in ("one", "other"):
        create(tmp_path / name, "lz4")
        fill(tmp_path / name, maps, statistics)
        finish_store(tmp_path / name, {"key": "k"}, tmp_path / f"{name}.zarr.zip")
    assert (tmp_path / "one.zarr.zip").read_bytes() == (tmp_path / "other.zarr.zip").read_bytes()


@pytest.mark.parametrize("name", ["maps/c.1.2.0.0", "mean/c.0.0", "label/c.0"])
def test_a_store_with_a_damaged_chunk_is_not_finished(tmp_path, maps, statistics, harm, name):
    create(tmp_path / "layer.zarr", "lz4")
    fill(tmp_path / "layer.zarr", maps, statistics)
    harm(tmp_path / "layer.zarr" / name)
    with pytest.raises(StudyError, match=f"layer.zarr/{name} .*; delete .* run the workflow again"):
        finish_store(tmp_path / "layer.zarr", {"key": "k"}, tmp_path / "layer.zarr.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["layer.zarr"]


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
@pytest.mark.parametrize("n_maps", [0, N_MAPS])
@pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part")
def test_the_metadata_equal_those_of_zarr(tmp_path, maps, statistics, compression, n_maps):
    create(tmp_path / "unfinished", compression, n_maps)
    fill(tmp_path / "unfinished", maps, statistics, n_maps)
    attributes = {"key": "k", "pass": "p", "step": None}
    finish_store(tmp_path / "unfinished", attributes, tmp_path / "layer.zarr.zip")
    with zipfile.ZipFile(tmp_path / "layer.zarr.zip") as file:
        file.extractall(tmp_path / "folder")
    ours = json.loads((tmp_path / "folder/zarr.json").read_text())
    zarr.consolidate_metadata(tmp_path / "folder", zarr_format=3)
    assert ours == json.loads((tmp_path / "folder/zarr.json").read_text())
    group = open_store(tmp_path / "layer.zarr.zip")
    assert dict(group.attrs) == {
        "key": "k",
        "pass": "p",
        "step": None,
        "coordinates": "label map_label position_y position_x",
    }
    assert group["preactivation"].shape == (n_maps, len(POSITIONS), UNITS)
    np.testing.assert_array_equal(np.stack([group["position_y"][:], group["position_x"][:]], 1), POSITIONS)
    assert group["maps"].shape == (n_maps, HEIGHT, WIDTH, UNITS)
    assert group["map_image"].shape == (n_maps,)
    np.testing.assert_array_equal(group["image"][:], np.arange(N_IMAGES) * 7)
    np.testing.assert_array_equal(group["map_label"][:], np.arange(n_maps) * 7 % 5)


def test_a_rewritten_chunk_replaces_that_of_a_killed_process(tmp_path, maps):
    create(tmp_path / "store", "lz4")
    writer = StoreWriter(tmp_path / "store")
    writer.write_maps(0, maps[:BATCH])
    whole = files(tmp_path / "store")
    chunk = tmp_path / "store" / "maps" / "c.0.1.0.0"
    chunk.write_bytes(chunk.read_bytes()[:7] + bytes(10_000))
    writer.write_maps(0, maps[:BATCH])
    assert files(tmp_path / "store") == whole
