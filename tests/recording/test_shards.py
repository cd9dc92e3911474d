"""Merging the shards of a forward pass."""

import json
import shutil

import numpy as np
import pytest

from census.errors import StudyError
from census.recording.passes import pass_folder, shard_name
from census.recording.shards import merge_shards, remove_others
from census.stores.activations import StoreWriter, create_store, set_attributes
from census.stores.reading import open_store

SHARDS, CHUNK, BATCH, N_IMAGES, N_MAPS = 3, 512, 512, 1100, 700


@pytest.fixture
def shards(tmp_path):
    """Three shards of a forward pass that fills one layer; the last one has 76 images of 1100."""
    values = np.arange(N_IMAGES * 2, dtype="f4").reshape(N_IMAGES, 2)
    folders = []
    for shard in range(SHARDS):
        folder = tmp_path / shard_name("pass", shard)
        folder.mkdir()
        store = folder / "a.zarr"
        images = np.arange(N_IMAGES)
        create_store(store, (2, 1, 1), images, images % 3, N_MAPS, BATCH, "lz4")
        writer, first = StoreWriter(store), shard * CHUNK
        here = values[first : first + CHUNK]
        writer.write_statistics(first, [here] * 4)
        if first < N_MAPS:
            writer.write_maps(first, values[first : min(first + BATCH, N_MAPS), None, None])
        set_attributes(store, {"key": "k", "pass": "p", "shards": SHARDS})
        folders.append(folder)
    return folders


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_merged_stores_are_whole_and_shards_are_left_as_they_are(shards, tmp_path):
    before = [files(shard) for shard in shards]
    place = tmp_path / "a.zarr.zip"
    merge_shards(shards, tmp_path / "unfinished/pass/whole", {"a": place})
    assert [files(shard) for shard in shards] == before
    merged = open_store(place)
    assert dict(merged.attrs)["shards"] == SHARDS
    for name in ("mean", "argmax"):
        np.testing.assert_array_equal(merged[name][:], np.arange(N_IMAGES * 2).reshape(N_IMAGES, 2))
    np.testing.assert_array_equal(merged["maps"][:, 0, 0], np.arange(N_MAPS * 2).reshape(N_MAPS, 2))
    assert not (tmp_path / "unfinished").exists()


def test_what_a_killed_merge_left_is_replaced(shards, tmp_path):
    left = tmp_path / "unfinished/pass/whole/.a.zarr.zip.unfinished"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    (tmp_path / "a.zarr.zip").write_bytes(b"old")
    merge_shards(shards, tmp_path / "unfinished/pass/whole", {"a": tmp_path / "a.zarr.zip"})
    assert open_store(tmp_path / "a.zarr.zip")["maps"][:].any()
    assert not (tmp_path / "unfinished").exists()


@pytest.mark.parametrize("chunk", ["mean/c.1.0", "maps/c.1.0.0.0", "label/c.0"])
def test_a_missing_chunk_is_named_and_nothing_gets_its_place(shards, tmp_path, chunk):
    for shard in shards:
        (shard / "a.zarr" / chunk).unlink(missing_ok=True)
    with pytest.raises(StudyError, match=rf"^a.zarr/{chunk} is missing; delete {shards[0]} and {shards[1]}"):
        merge_shards(shards, tmp_path / "unfinished/pass/whole", {"a": tmp_path / "a.zarr.zip"})
    assert not (tmp_path / "a.zarr.zip").exists()


def test_shards_of_different_passes_are_not_mixed(shards, tmp_path):
    metadata = shards[1] / "a.zarr/zarr.json"
    group = json.loads(metadata.read_text())
    group["attributes"]["weights_digest"] = "another"
    metadata.write_text(json.dumps(group))
    with pytest.raises(StudyError, match=f"{shards[1]}/a.zarr and {shards[0]}/a.zarr are not of the same"):
        merge_shards(shards, tmp_path / "unfinished/pass/whole", {"a": tmp_path / "a.zarr.zip"})
    shutil.rmtree(shards[1])
    with pytest.raises(StudyError, match=f"{shards[1]}/a.zarr/zarr.json cannot be read"):
        merge_shards(shards, tmp_path / "unfinished/pass/whole", {"a": tmp_path / "a.zarr.zip"})


def test_only_what_other_passes_left_for_the_same_layers_is_removed(tmp_path):
    own, other, third = (pass_folder(tmp_path, each) for each in ("ab", "bc", "d"))
    kept = [
        own / "0/a.zarr",
        tmp_path / shard_name(own.name, 1) / "a.zarr",
        third / "0/d.zarr",
        tmp_path / shard_name(third.name, 0) / "d.zarr",
        tmp_path / "a.zarr.zip",
    ]
    killed = pass_folder(tmp_path, "e")
    removed = [
        other / "1/b.zarr",
        tmp_path / shard_name(other.name, 0) / "b.zarr",
        # while they were finished, and while they were merged
        killed / "a.zarr.zip",
        pass_folder(tmp_path, "f") / "whole/b.zarr.zip",
    ]
    for path in [*kept, *removed]:
        path.mkdir(parents=True)
    remove_others(own, ["a", "b"])
    assert all(path.exists() for path in kept)
    assert not any(path.exists() for path in removed)
