"""Which pass fills which store."""

import json

from census.activations.passes import NEW, digest, pass_id, plan, read_stamp


def finish(store, key, layers):
    store.mkdir(parents=True)
    (store / "zarr.json").write_text(json.dumps({"attributes": {"key": key, "pass": pass_id(key, layers)}}))


def stores(folder, *layers):
    return {layer: folder / f"{layer}.zarr" for layer in layers}


def test_all_layers_share_the_first_pass(tmp_path):
    assert plan(stores(tmp_path, "a", "b"), "k") == {NEW: ["a", "b"]}


def test_finished_layers_stay_with_their_pass(tmp_path):
    wanted = stores(tmp_path, "a", "b", "c")
    for layer in ("a", "b"):
        finish(wanted[layer], "k", ["a", "b"])
    assert plan(wanted, "k") == {pass_id("k", ["a", "b"]): ["a", "b"], NEW: ["c"]}


def test_outdated_unstamped_and_damaged_stores_share_the_new_pass(tmp_path):
    wanted = stores(tmp_path, "a", "b", "c", "d")
    finish(wanted["a"], "old", ["a"])
    wanted["b"].mkdir()
    wanted["c"].mkdir()
    (wanted["c"] / "zarr.json").write_text("{half")
    finish(wanted["d"], "k", ["d"])
    assert plan(wanted, "k") == {NEW: ["a", "b", "c"], pass_id("k", ["d"]): ["d"]}


def test_an_unstamped_group_has_no_stamp(tmp_path):
    (tmp_path / "zarr.json").write_text(json.dumps({"attributes": {"key": "k"}}))
    assert read_stamp(tmp_path) is None
    assert read_stamp(tmp_path / "nowhere") is None


def test_digests_depend_on_content_not_on_order():
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1}) != digest({"a": 1, "b": [2, 1]})
    assert pass_id("k", ["a", "b"]) == pass_id("k", ["b", "a"]) != pass_id("k", ["a"])
