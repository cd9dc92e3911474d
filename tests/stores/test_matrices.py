"""Stores of measures' arrays."""

import json
import resource
import warnings
import zipfile

import numpy as np
import pytest
import xarray as xr
import zarr
from zarr.storage import ZipStore

from census.errors import StudyError
from census.stores import groups
from census.stores.matrices import layers_in, merge_checkpoints, new_store
from census.stores.recording import matrices_in

FINAL = {"layer": "relu/1", "checkpoint": "final"}
# of zeros, which zarr would leave out
ARRAYS = {"x": (("unit",), np.zeros(500)), "y": (("unit",), np.arange(500.0))}


def write(path, *written):
    """Write a store of pairs of arrays and attributes."""
    with new_store(path) as store:
        for arrays, attributes in written:
            store.write(arrays, attributes)


def opened(path, checkpoint="final"):
    """Return the group of the one layer of a store."""
    (layer,) = layers_in([path]).values()
    return layer.at(checkpoint)


@pytest.fixture
def path(tmp_path):
    """A store of one layer at one checkpoint."""
    write(tmp_path / "block.zarr.zip", (ARRAYS, FINAL))
    return tmp_path / "block.zarr.zip"


def test_a_store_is_a_file_with_layers_and_checkpoints(tmp_path):
    first, second = tmp_path / "first.zarr.zip", tmp_path / "second.zarr.zip"
    for path, *written in (
        (first, ("relu/2", "10", 1.0), ("relu/2", "final", 2.0), ("relu/2", "2", 0.0), ("in", "final", 3.0)),
        (second, ("output", "final", 4.0)),
    ):
        write(
            path,
            *(
                ({"x": (("unit",), np.full(3, value))}, {"layer": layer, "checkpoint": checkpoint})
                for layer, checkpoint, value in written
            ),
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.zarr.zip", "second.zarr.zip"]
    layers = layers_in([first, second])
    assert list(layers) == ["relu/2", "in", "output"]
    assert list(layers["relu/2"].groups) == ["10", "final", "2"]
    group = layers["relu/2"].at("final")
    assert dict(group.attrs) == {"layer": "relu/2", "checkpoint": "final"}
    assert group["x"].metadata.dimension_names == ("unit",)
    assert "y" not in group
    np.testing.assert_array_equal(group["x"][:], [2, 2, 2])
    np.testing.assert_array_equal(layers["output"].at("final")["x"][:], [4, 4, 4])
    # in order of steps
    of_first = [(each.attributes["checkpoint"], each["x"][0]) for each in matrices_in([first])]
    assert of_first == [("2", 0), ("10", 1), ("final", 2), ("final", 3)]


def test_zarr_and_xarray_open_it_without_a_warning(tmp_path):
    path = tmp_path / "block.zarr.zip"
    places = [
        {"layer": layer, "checkpoint": each} for each in ("0", "final") for layer in ("relu/1", "relu/")
    ]
    write(path, *((ARRAYS, place) for place in places))
    with warnings.catch_warnings(), ZipStore(path, read_only=True) as store:
        warnings.simplefilter("error")
        tree = zarr.open_group(store, mode="r")
        assert tree.attrs["layers"] == {"relu/1": ["0", "final"], "relu/": ["0", "final"]}
        np.testing.assert_array_equal(tree["relu~2F1/final/y"][:], np.arange(500))
        data = xr.open_zarr(store, group="relu~2F1/final")
        assert data.sizes == {"unit": 500}
        assert data.attrs == FINAL
        np.testing.assert_array_equal(data["y"], np.arange(500))


@pytest.mark.parametrize(
    ("shape", "chunks"),
    [((4, 5), (4, 5)), ((40, 10), (10, 10)), ((3, 500), (1, 100)), ((0, 7), (0, 7)), ((), ())],
    ids=["small", "many rows", "long rows", "empty", "a number"],
)
def test_chunks_are_cut_along_the_first_dimensions(tmp_path, monkeypatch, shape, chunks):
    monkeypatch.setattr(groups, "CHUNK_BYTES", 100)
    values = np.arange(np.prod(shape, dtype=int), dtype=np.uint8).reshape(shape)
    write(tmp_path / "block.zarr.zip", ({"x": (tuple("abc"[: len(shape)]), values)}, FINAL))
    array = opened(tmp_path / "block.zarr.zip")["x"]
    assert array.chunks == chunks
    np.testing.assert_array_equal(array[...], values)


def test_the_same_arrays_give_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(groups, "CHUNK_BYTES", 100)
    for name in ("one", "other"):
        write(tmp_path / name, (ARRAYS, FINAL), (ARRAYS, FINAL | {"checkpoint": "0"}))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_a_matrix_is_read_alone(path, alter):
    group = opened(path)
    alter(path, "relu~2F1/final/x/c/0")
    np.testing.assert_array_equal(group["y"][:], np.arange(500))
    with pytest.raises(StudyError, match="final/x/c/0"):
        group["x"][:]


def test_no_file_stays_open(path):
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    layers = [opened(path) for _ in range(200)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, limits[1]))
    try:
        assert all(group["y"][499] == 499 for group in layers)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def flipped(content, place):
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


@pytest.mark.parametrize(
    "harmed",
    [
        lambda content: flipped(content, content.index(b"final/x/c/0") + 20),
        # its name in the directory
        lambda content: flipped(content, content.rindex(b"final/x/c/0")),
        lambda content: content[:-5],
        lambda content: content[: len(content) // 2],
        lambda content: b"",
    ],
    ids=["chunk", "directory", "cut off", "half", "empty"],
)
def test_a_damaged_store_is_named(path, harmed):
    assert opened(path)["x"][0] == 0
    path.write_bytes(harmed(path.read_bytes()))
    with pytest.raises(StudyError, match=f"^{path} cannot be read .*delete {path} and run the workflow"):
        opened(path)["x"][:]


def test_a_missing_store_is_named(path):
    group = opened(path)
    path.unlink()
    for read in (lambda: group["x"][:], lambda: opened(path)):
        with pytest.raises(StudyError, match=f"^{path} cannot be read .*No such file"):
            read()


def test_a_flipped_bit_is_noticed_or_changes_nothing(tmp_path):
    path = tmp_path / "block.zarr.zip"
    write(path, ({"x": (("unit",), np.arange(3.0))}, FINAL))
    sound = path.read_bytes()
    places, unnoticed = range(0, len(sound), 5), 0
    for place in places:
        path.write_bytes(flipped(sound, place))
        try:
            found = opened(path)["x"][:]
        except StudyError:
            continue
        # a date, permissions, or metadata of a group that is not read
        unnoticed += 1
        np.testing.assert_array_equal(found, np.arange(3))
    assert 0 < unnoticed < len(places) / 2


@pytest.mark.parametrize("lost", ["x/c/0", "x/zarr.json", "zarr.json"])
def test_an_entry_that_is_missing_is_no_zeros_and_no_absent_array(path, tmp_path, lost):
    other = tmp_path / "other.zarr.zip"
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(other, "w") as part:
        for entry in whole.infolist():
            if entry.filename != f"relu~2F1/final/{lost}":
                part.writestr(entry, whole.read(entry))
    with pytest.raises(StudyError, match=f"{other} cannot be read .it has no .*delete {other}"):
        opened(other)["x"][:]


def test_only_a_finished_store_has_its_name(path):
    before = path.read_bytes()

    def fail():
        with new_store(path) as store:
            store.write(ARRAYS, FINAL)
            assert path.read_bytes() == before
            raise ValueError("no luck")

    with pytest.raises(ValueError, match="no luck"):
        fail()
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    # what a killed job left is no obstacle
    path.with_name(f".{path.name}.unfinished").write_bytes(b"half")
    write(path, ({}, FINAL))
    assert list(opened(path).array_keys()) == []
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("bound", [1 << 25, 100])
def test_merged_parts_equal_the_whole(tmp_path, monkeypatch, bound):
    monkeypatch.setattr(groups, "CHUNK_BYTES", bound)
    random = np.random.default_rng(0)
    whole = {name: random.integers(0, 99, (2, 7, 9), dtype=np.uint8) for name in ("0", "final")}

    def of_units(units):
        for checkpoint, values in whole.items():
            arrays = {
                "image": (("seed", "unit", "y"), values[:, units]),
                "unit": (("unit",), np.arange(7)[units]),
            }
            yield arrays, {"layer": "relu", "checkpoint": checkpoint}

    write(tmp_path / "whole", *of_units(slice(None)))
    places = [slice(0, 3), slice(3, 6), slice(6, 7)]
    parts = [tmp_path / f"{each.start}" for each in places]
    for part, units in zip(parts, places, strict=True):
        write(part, *of_units(units))
    merge_checkpoints(tmp_path / "merged", parts, "unit")
    assert (tmp_path / "merged").read_bytes() == (tmp_path / "whole").read_bytes()


def test_metadata_are_compact(path):
    with zipfile.ZipFile(path) as file:
        names = file.namelist()
        assert names[-1] == "zarr.json"
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert json.loads(file.read(names[-1]))["node_type"] == "group"
        assert file.testzip() is None
