"""Assignment of stores to forward passes."""

import json

from census.recording.passes import NEW, digest, pass_id, plan, read_cache_key
from census.stores.archives import new_archive


def write(store, attributes):
    with new_archive(store) as archive:
        archive.add("zarr.json", json.dumps({"attributes": attributes}).encode())


def finish(store, key, layers, shards=1):
    write(store, {"key": key, "pass": pass_id(key, layers), "shards": shards})


def stores(folder, *layers):
    return {layer: folder / f"{layer}.zarr.zip" for layer in layers}


def test_all_layers_share_the_first_pass(tmp_path):
    assert plan(stores(tmp_path, "a", "b"), "k", 4) == {NEW: (["a", "b"], 4)}


def test_finished_layers_stay_with_their_pass_and_its_shards(tmp_path):
    wanted = stores(tmp_path, "a", "b", "c")
    for layer in ("a", "b"):
        finish(wanted[layer], "k", ["a", "b"], shards=3)
    assert plan(wanted, "k", 2) == {pass_id("k", ["a", "b"]): (["a", "b"], 3), NEW: (["c"], 2)}


def test_outdated_unfinished_and_damaged_stores_share_the_new_pass(tmp_path):
    wanted = stores(tmp_path, "a", "b", "c", "d")
    finish(wanted["a"], "old", ["a"])
    wanted["b"].mkdir()
    finish(wanted["c"], "k", ["c"])
    wanted["c"].write_bytes(wanted["c"].read_bytes()[:70])
    finish(wanted["d"], "k", ["d"])
    assert plan(wanted, "k", 1) == {NEW: (["a", "b", "c"], 1), pass_id("k", ["d"]): (["d"], 1)}


def test_other_files_have_no_cache_key(tmp_path):
    store = tmp_path / "a.zarr.zip"
    assert read_cache_key(store) is None
    write(store, {"key": "k"})
    assert read_cache_key(store) is None
    store.write_bytes(b"")
    assert read_cache_key(store) is None


def test_digests_depend_on_content_not_on_order():
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1}) != digest({"a": 1, "b": [2, 1]})
    assert pass_id("k", ["a", "b"]) == pass_id("k", ["b", "a"]) != pass_id("k", ["a"])
