"""Stores of measures."""

import numpy as np
import pytest
import zarr

from census.errors import StudyError
from census.stores import groups as stores
from census.stores.groups import layers_in, merge_checkpoints, open_checkpoint, write_checkpoint

FINAL = {"layer": "relu/1", "checkpoint": "final"}


def opened(store, checkpoint="final"):
    """Return the group of the one layer of a store."""
    (layer,) = layers_in([store]).values()
    return open_checkpoint(layer, checkpoint)


def test_a_store_holds_layers_and_checkpoints(tmp_path):
    first, second = tmp_path / "first.zarr", tmp_path / "second.zarr"
    for store, layer, checkpoint, value in (
        (first, "relu/2", "0", 1.0),
        (first, "relu/2", "final", 2.0),
        (first, "relu/10", "final", 3.0),
        (second, "output", "final", 4.0),
    ):
        attributes = {"layer": layer, "checkpoint": checkpoint}
        write_checkpoint(store, {"x": (("unit",), np.full(3, value))}, attributes)
    layers = layers_in([first, second])
    assert list(layers) == ["relu/2", "relu/10", "output"]
    group = open_checkpoint(layers["relu/2"], "final")
    assert dict(group.attrs) == {"layer": "relu/2", "checkpoint": "final"}
    assert group["x"].metadata.dimension_names == ("unit",)
    np.testing.assert_array_equal(group["x"][:], [2, 2, 2])
    np.testing.assert_array_equal(open_checkpoint(layers["relu/2"], "0")["x"][:], [1, 1, 1])
    np.testing.assert_array_equal(open_checkpoint(layers["output"], "final")["x"][:], [4, 4, 4])
    # to zarr it is a tree of groups
    tree = zarr.open_group(first, mode="r")
    assert tree["relu~2F10/final/x"].shape == (3,)


@pytest.mark.parametrize(
    ("shape", "chunks"),
    [((4, 5), (4, 5)), ((40, 10), (10, 10)), ((3, 500), (1, 100)), ((0, 7), (0, 7)), ((), ())],
    ids=["small", "many rows", "long rows", "empty", "a number"],
)
def test_chunks_are_cut_along_the_first_dimensions(tmp_path, monkeypatch, shape, chunks):
    monkeypatch.setattr(stores, "CHUNK_BYTES", 100)
    values = np.arange(np.prod(shape, dtype=int), dtype=np.uint8).reshape(shape)
    dimensions = tuple("abc"[: len(shape)])
    write_checkpoint(tmp_path / "block.zarr", {"x": (dimensions, values)}, FINAL)
    array = opened(tmp_path / "block.zarr")["x"]
    assert array.chunks == chunks
    np.testing.assert_array_equal(array[...], values)


def test_every_reader_names_a_damaged_chunk(tmp_path, harm):
    path = tmp_path / "block.zarr"
    # of zeros, which zarr would leave out
    arrays = {"x": (("unit",), np.zeros(500)), "y": (("unit",), np.arange(500.0))}
    write_checkpoint(path, arrays, FINAL)
    group = opened(path)
    for name, (_, values) in arrays.items():
        np.testing.assert_array_equal(group[name][:], values)
        chunk = path / "relu~2F1/final" / name / "c/0"
        harm(chunk)
        with pytest.raises(StudyError, match=f"{chunk} cannot be read .*delete {path} and run the workflow"):
            group[name][:]


@pytest.mark.parametrize("bound", [1 << 25, 100])
def test_merged_parts_equal_the_whole(tmp_path, monkeypatch, bound):
    monkeypatch.setattr(stores, "CHUNK_BYTES", bound)
    random = np.random.default_rng(0)

    def write(path, units):
        for checkpoint, values in whole.items():
            arrays = {
                "unit": (("unit",), np.arange(7)[units]),
                "image": (("seed", "unit", "y"), values[:, units]),
            }
            write_checkpoint(path, arrays, {"layer": "relu", "checkpoint": checkpoint})

    whole = {name: random.integers(0, 99, (2, 7, 9), dtype=np.uint8) for name in ("0", "final")}
    write(tmp_path / "whole.zarr", slice(None))
    places = [slice(0, 3), slice(3, 6), slice(6, 7)]
    parts = [tmp_path / f"{each.start}.zarr" for each in places]
    for path, units in zip(parts, places, strict=True):
        write(path, units)
    merged = tmp_path / "merged.zarr"
    merged.mkdir()
    (merged / ".a-file-of-snakemake").touch()
    merge_checkpoints(merged, parts, "unit")
    for name, values in whole.items():
        expected, found = (opened(path, name) for path in (tmp_path / "whole.zarr", merged))
        assert dict(found.attrs) == {"layer": "relu", "checkpoint": name}
        assert {each for each, _ in found.arrays()} == {"unit", "image"}
        for each, array in found.arrays():
            assert array.metadata == expected[each].metadata
        np.testing.assert_array_equal(found["unit"][:], np.arange(7))
        np.testing.assert_array_equal(found["image"][:], values)
