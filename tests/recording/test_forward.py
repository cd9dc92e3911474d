"""Forward passes: their stores, and resuming after an interruption at any point."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray
import zarr
from torch import nn

from census.errors import StudyError
from census.networks.maps import as_maps
from census.networks.prepared import prepare
from census.networks.preprocess import Preprocess
from census.recording import forward
from census.recording.forward import Images, Pass
from census.recording.passes import shard_name
from census.recording.shards import merge_shards
from census.statistics.subset import choose_images, choose_positions
from census.stores import activations as store
from census.stores.reading import (
    image_blocks,
    images_and_labels,
    map_blocks,
    neuron_blocks,
    open_store,
    preactivations,
    rows_at,
    statistic_blocks,
    values_at_positions,
)
from census.stores.recording import Recording

INPUT = {"size": 12, "resize": None, "color": "RGB", "range": 1, "mean": [0.5] * 3, "std": [0.5] * 3}
N_IMAGES, N_MAPS = 70, 20


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(store, "IMAGES_PER_CHUNK", 16)
    monkeypatch.setattr(store, "IMAGE_BYTES", 500)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(216, 5)
    ).eval()


@pytest.fixture
def images(tmp_path):
    random = np.random.default_rng(0)
    pixels = zarr.create_array(
        tmp_path / "pixels.zarr",
        data=random.integers(0, 256, (90, 12, 12, 3), dtype=np.uint8),
        chunks=(13, 12, 12, 3),
    )
    indices, n_maps = choose_images(90, N_IMAGES, N_MAPS, seed=0)
    return Images(pixels, random.integers(0, 5, 90).astype("i4"), indices, n_maps)


# the folder of a forward pass
PASS = "pass"


def make(network, images, folder: Path, batch=8, names=None, identity="a", **options):
    prepared = prepare(network, {"input": INPUT, "classes": 5}, pixels=next(images.batches(3)))
    layers = [layer for layer in prepared.listing.layers if names is None or layer.name in names]
    options = {"compression": "none", **options}
    shard = options.get("shard", 0)
    name = PASS if names is None else "-".join(sorted(names))
    place = folder / "unfinished" / name / str(shard)
    this = Pass(prepared, layers, images, place, identity, batch=batch, **options)
    return this, layers


def run(network, images, folder: Path, **options):
    this, layers = make(network, images, folder, **options)
    this.run()
    places = {layer.name: folder / f"{layer.name}.zarr.zip" for layer in layers}
    this.finish({"key": "k", "pass": "p"}, places)
    return {name: open_store(path) for name, path in places.items()}


def everything(group):
    names = ["mean", "max", "argmax", "nonzero", "maps", "image", "label", "position_y", "position_x"]
    return {
        name: group[name][:] for name in [*names, *(["preactivation"] if "preactivation" in group else [])]
    }


def test_stores_hold_what_the_network_gives(network, images, tmp_path):
    stores = run(network, images, tmp_path)
    x = Preprocess(INPUT)(images.pixels[:][images.indices])
    with torch.inference_mode():
        preactivation = network[0](x)
        expected = {"input": x, "0": preactivation.clone(), "1": preactivation.relu(), "output": network(x)}
    for name, values in expected.items():
        maps = as_maps(values).numpy()
        found = everything(stores[name])
        flat = maps.reshape(N_IMAGES, -1, maps.shape[-1])
        np.testing.assert_allclose(found["maps"], maps[:N_MAPS], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(found["mean"], flat.mean(1), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(found["max"], flat.max(1), rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(found["nonzero"], (flat != 0).sum(1))
        np.testing.assert_array_equal(found["image"], images.indices)
        np.testing.assert_array_equal(found["label"], images.labels[images.indices])
    assert stores["0"]["maps"][:].min() < 0 <= stores["1"]["maps"][:].min()


@pytest.mark.parametrize("options", [{"positions": 7, "seed": 3}, {"positions": 500, "compression": "lz4"}])
@pytest.mark.parametrize("batch", [3, 8, 64])
def test_preactivations_are_kept_at_a_few_positions(network, images, tmp_path, options, batch):
    stores = run(network, images, tmp_path, batch=batch, **options)
    taken = []
    network[1].register_forward_pre_hook(lambda _, inputs: taken.append(inputs[0].clone()))
    with torch.inference_mode():
        network(Preprocess(INPUT)(images.pixels[:][images.indices[:N_MAPS]]))
    y, x = choose_positions(12, 12, options["positions"], options.get("seed", 0), "1").T
    np.testing.assert_array_equal(stores["1"]["position_y"][:], y)
    np.testing.assert_array_equal(stores["1"]["position_x"][:], x)
    preactivation, after = preactivations(stores["1"]), values_at_positions(stores["1"])
    np.testing.assert_allclose(preactivation, as_maps(taken[0]).numpy()[:, y, x], rtol=1e-5, atol=1e-6)
    assert (preactivation < 0).any()
    # of the same images and positions, to the last bit
    np.testing.assert_array_equal(after, preactivation.clip(0))
    for name in stores:
        assert (preactivations(stores[name]) is None) == (name != "1")
        y, x = stores[name]["position_y"][:], stores[name]["position_x"][:]
        np.testing.assert_array_equal(values_at_positions(stores[name]), stores[name]["maps"][:][:, y, x])


@pytest.mark.filterwarnings("error")
def test_xarray_opens_a_store_with_names(network, images, tmp_path):
    run(network, images, tmp_path)
    data = xarray.open_zarr(f"zip::{tmp_path}/2.zarr.zip")
    assert data["maps"].dims == ("map_image", "y", "x", "unit")
    assert data["mean"].dims == ("image", "unit")
    preactivation = xarray.open_zarr(f"zip::{tmp_path}/1.zarr.zip")["preactivation"]
    assert preactivation.dims == ("map_image", "position", "unit")
    assert {"position_y", "position_x", "map_label"} <= set(preactivation.coords)
    assert data.attrs["shape"] == [6, 6, 6]
    assert (data.attrs["layer"], data.attrs["kind"], data.attrs["pass"]) == ("2", "pooling", "p")
    unit = data["max"].sel(image=int(images.indices[3]), unit=4)
    assert float(unit) == pytest.approx(
        float(data["maps"].sel(map_image=int(images.indices[3]), unit=4).max())
    )


@pytest.mark.parametrize(
    "options", [{"batch": 3}, {"batch": 64}, {"compression": "lz4"}, {"compression": "zstd"}]
)
def test_batch_and_compression_change_no_result(network, images, tmp_path, options):
    reference, other = run(network, images, tmp_path / "a"), run(network, images, tmp_path / "b", **options)
    for name in reference:
        expected, found = everything(reference[name]), everything(other[name])
        for array, values in expected.items():
            np.testing.assert_allclose(found[array], values, rtol=1e-5, atol=1e-6, err_msg=f"{name} {array}")


class Killed(BaseException):
    """As a signal: nothing catches it."""


@pytest.mark.parametrize("batch_of_death", [0, 1, 3, 8])
def test_a_killed_pass_goes_on_and_ends_the_same(network, images, tmp_path, monkeypatch, batch_of_death):
    whole = run(network, images, tmp_path / "whole")
    ran, summarize = [], forward.statistics

    def dying(values):
        if len(ran) == batch_of_death * 6 + 2:  # between the layers of a batch
            raise Killed
        ran.append(len(values))
        return summarize(values)

    monkeypatch.setattr(forward, "statistics", dying)
    with pytest.raises(Killed):
        run(network, images, tmp_path / "killed")
    assert not list((tmp_path / "killed").glob("*.zarr.zip"))  # nothing that a reader would trust
    resumed = []
    monkeypatch.setattr(
        forward, "statistics", lambda values: resumed.append(len(values)) or summarize(values)
    )
    again = run(network, images, tmp_path / "killed")
    finished_chunks = batch_of_death // 2  # of two batches each
    assert sum(resumed) == 6 * (N_IMAGES - 16 * finished_chunks)
    for name in whole:
        expected, found = everything(whole[name]), everything(again[name])
        for array, values in expected.items():
            np.testing.assert_array_equal(found[array], values, err_msg=f"{name} {array}")


@pytest.mark.parametrize("options", [{"identity": "b"}, {"names": {"0", "1"}}])
def test_a_killed_pass_of_another_identity_or_with_other_layers_is_removed(
    network, images, tmp_path, monkeypatch, options
):
    def dying(*_):
        raise Killed

    monkeypatch.setattr(Pass, "finish", dying)
    with pytest.raises(Killed):
        run(network, images, tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(store, "IMAGE_BYTES", 1000)  # stores that are made anew show it
    again = run(network, images, tmp_path, **options)
    assert again["1"]["maps"].chunks[1] == 3
    assert not (tmp_path / "unfinished").exists()


@pytest.mark.parametrize("place", [store, store.shutil], ids=["writing", "removing"])
def test_a_pass_killed_while_stores_are_finished_only_finishes_the_rest(
    network, images, tmp_path, monkeypatch, place
):
    whole, function = run(network, images, tmp_path / "whole"), "archive" if place is store else "rmtree"
    original, finished = getattr(place, function), []

    def dying(*arguments, **options):
        if len(finished) == 2:
            raise Killed
        finished.append(arguments)
        original(*arguments, **options)

    monkeypatch.setattr(place, function, dying)
    with pytest.raises(Killed):
        run(network, images, tmp_path / "killed")
    monkeypatch.setattr(place, function, original)
    monkeypatch.setattr(forward, "statistics", None)  # no batch runs again
    again = run(network, images, tmp_path / "killed")
    for name in whole:
        for array, values in everything(whole[name]).items():
            np.testing.assert_array_equal(everything(again[name])[array], values)


def test_a_pass_killed_while_it_is_moved_into_place_starts_anew(network, images, tmp_path, monkeypatch):
    whole, replace = run(network, images, tmp_path / "whole"), Path.replace

    def dying(path, destination):
        if Path(destination) == tmp_path / "killed/1.zarr.zip":
            raise Killed
        return replace(path, destination)

    monkeypatch.setattr(Path, "replace", dying)
    with pytest.raises(Killed):
        run(network, images, tmp_path / "killed")
    monkeypatch.setattr(Path, "replace", replace)
    again = run(network, images, tmp_path / "killed")
    assert sorted(path.name for path in (tmp_path / "killed").iterdir()) == sorted(
        f"{name}.zarr.zip" for name in whole
    )
    np.testing.assert_array_equal(again["0"]["maps"][:], whole["0"]["maps"][:])


def merged(network, images, folder, shards, **options):
    """Run a forward pass in shards, the last one first, and merge them."""
    folders = [folder / shard_name(PASS, shard) for shard in range(shards)]
    for shard in reversed(range(shards)):
        this, layers = make(network, images, folder, shard=shard, shards=shards, **options)
        this.run()
        this.finish_shard({"key": "k", "pass": "p"}, folders[shard])
    places = {layer.name: folder / f"{layer.name}.zarr.zip" for layer in layers}
    merge_shards(folders, folder / "unfinished" / PASS / "whole", places)
    return {name: open_store(path) for name, path in places.items()}


def test_shards_give_the_same_as_one_pass(network, images, tmp_path):
    def files(folder):
        return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    run(network, images, tmp_path / "whole", compression="lz4")
    # of five chunks of 16 images, the last one of 6; with more shards than that, some have no image
    for shards in (2, 3, 5, 7):
        folder = tmp_path / str(shards)
        merged(network, images, folder, shards, compression="lz4")
        for shard in folder.glob("*.shard"):
            shutil.rmtree(shard)
        # to the last bit
        assert files(folder) == files(tmp_path / "whole")


def test_a_killed_shard_goes_on_where_it_was(network, images, tmp_path, monkeypatch):
    expected = {name: everything(group) for name, group in run(network, images, tmp_path / "whole").items()}
    record, seen = Pass._record, []

    def dying(self, pixels, take):
        if len(seen) == 7:  # of 3 chunks, each of 2 batches, the last one of 1
            raise Killed
        seen.append(len(pixels))
        return record(self, pixels, take)

    monkeypatch.setattr(Pass, "_record", dying)
    with pytest.raises(Killed):
        merged(network, images, tmp_path, 2)

    def counting(self, pixels, take):
        seen.append(len(pixels))
        return record(self, pixels, take)

    monkeypatch.setattr(Pass, "_record", counting)
    assert sum(seen) == 32 + 8 * 3  # shard 1 wholly, then 3 batches of shard 0, one of which is not counted
    del seen[:]
    folders = [tmp_path / shard_name(PASS, shard) for shard in range(2)]
    this, layers = make(network, images, tmp_path, shard=0, shards=2)
    this.run()
    this.finish_shard({"key": "k", "pass": "p"}, folders[0])
    assert sum(seen) == this.n_images - 16
    places = {layer.name: tmp_path / f"{layer.name}.zarr.zip" for layer in layers}
    merge_shards(folders, tmp_path / "unfinished" / PASS / "whole", places)
    for name, arrays in expected.items():
        found = everything(open_store(tmp_path / f"{name}.zarr.zip"))
        for array, values_of_array in arrays.items():
            np.testing.assert_array_equal(found[array], values_of_array, err_msg=f"{name} {array}")


def test_what_is_written_by_other_threads_is_the_same(network, images, tmp_path):
    expected = run(network, images, tmp_path / "a")
    stores = run(network, images, tmp_path / "b", writers=3)
    for name, group in stores.items():
        for array, values in everything(group).items():
            np.testing.assert_array_equal(
                values, everything(expected[name])[array], err_msg=f"{name} {array}"
            )


def test_no_maps_at_all(network, images, tmp_path):
    stores = run(network, Images(images.pixels, images.labels, images.indices, 0), tmp_path)
    assert stores["1"]["maps"].shape == (0, 12, 12, 6)
    assert stores["1"]["mean"].shape == (N_IMAGES, 6)
    assert preactivations(stores["1"]).shape == values_at_positions(stores["1"]).shape == (0, 8, 6)
    assert list(map_blocks(stores["1"])) == []
    assert sum(block.size for block in neuron_blocks(stores["1"])) == 0


def test_blocks_cover_the_statistics_once(network, images, tmp_path):
    group = run(network, images, tmp_path, names={"0"})["0"]
    blocks = list(statistic_blocks(group, "argmax"))
    assert [len(block) for block in blocks] == [16, 16, 16, 16, 6]
    np.testing.assert_array_equal(np.concatenate(blocks), group["argmax"][:])
    images, labels = images_and_labels(group)
    np.testing.assert_array_equal(labels, group["label"][:])
    together = zip(*image_blocks(group, images, "max", "argmax", "mean"), strict=True)
    for name, parts in zip(("image", "max", "argmax", "mean"), together, strict=True):
        np.testing.assert_array_equal(np.concatenate(parts), group[name][:])


def test_blocks_cover_the_maps_once(network, images, tmp_path):
    group = run(network, images, tmp_path, names={"0"})["0"]
    seen = np.zeros((N_MAPS, 12, 12, 6))
    rows = dict.fromkeys(range(0, N_MAPS, 8), 0)
    for chosen, block in map_blocks(group):
        first = rows[chosen.start]
        seen[chosen, first : first + block.shape[1]] += block
        rows[chosen.start] += block.shape[1]
        assert block.nbytes <= 4000
    np.testing.assert_array_equal(seen, group["maps"][:])


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
def test_blocks_of_neurons_are_whole_vectors(network, images, tmp_path, compression):
    for name, group in run(network, images, tmp_path, compression=compression).items():
        maps = group["maps"][:]
        first = 0
        for block in neuron_blocks(group):
            rows = block.shape[1] // maps[0, 0].size
            expected = maps[:, first : first + rows].reshape(N_MAPS, -1)
            np.testing.assert_array_equal(block, expected, err_msg=name)
            first += rows
        assert first == maps.shape[1]


def test_rows_are_taken_from_their_blocks(network, images, tmp_path):
    group = run(network, images, tmp_path, names={"0"})["0"]
    for places in ([], [0], [3, 4, 15, 16, 47, 69], range(N_IMAGES)):
        found = rows_at(statistic_blocks(group, "mean"), np.array(places, int), 6)
        np.testing.assert_array_equal(found, group["mean"][:][list(places)])
    # in any order, and more than once
    (recorded,) = map(Recording, tmp_path.rglob("0.zarr.zip"))
    np.testing.assert_array_equal(
        recorded.on_images("mean", np.array([9, 2, 9])), group["mean"][:][[9, 2, 9]]
    )


def test_neurons_in_parts_are_all_neurons(network, images, tmp_path):
    group = run(network, images, tmp_path, names={"0"})["0"]
    blocks = [block.copy() for block in neuron_blocks(group)]
    for parts in (1, 2, 3, 20):
        found = [block.copy() for part in range(parts) for block in neuron_blocks(group, part, parts)]
        assert len(found) == len(blocks)
        for block, expected in zip(found, blocks, strict=True):
            np.testing.assert_array_equal(block, expected)
    assert list(neuron_blocks(group, 0, 20)) == []


@pytest.mark.parametrize("compression", ["none", "lz4"])
def test_a_damaged_chunk_is_named(network, images, tmp_path, compression, alter):
    group = run(network, images, tmp_path, names={"1"}, compression=compression)["1"]
    path = tmp_path / "1.zarr.zip"

    def damaged(chunk):
        fault = rf"the checksum of {chunk} does not match"
        return pytest.raises(StudyError, match=rf"{path} cannot be read \({fault}\); delete {path} and run")

    alter(path, "maps/c.0.0.0.0")
    for blocks in (map_blocks, neuron_blocks):
        with damaged("maps/c.0.0.0.0"):
            list(blocks(group))
    # by whoever reads it
    with damaged("maps/c.0.0.0.0"):
        group["maps"][:]
    images, _ = images_and_labels(group)
    alter(path, "argmax/c.0.0")
    for blocks in (image_blocks(group, images, "max", "argmax"), statistic_blocks(group, "argmax")):
        with damaged("argmax/c.0.0"):
            list(blocks)
    alter(path, "preactivation/c.0.0.0")
    with damaged("preactivation/c.0.0.0"):
        preactivations(group)


def test_a_harmed_store_is_named(network, images, tmp_path, harm):
    run(network, images, tmp_path, names={"1"})
    path = tmp_path / "1.zarr.zip"
    harm(path)
    with pytest.raises(StudyError, match=f"{path}.* run the workflow again"):
        list(map_blocks(open_store(path)))


def test_bfloat16_stays_near_float32(network, images, tmp_path):
    exact = run(network, images, tmp_path / "a")["1"]["mean"][:]
    rough = run(network, images, tmp_path / "b", precision="bfloat16")["1"]["mean"][:]
    assert 0 < np.abs(rough - exact).max() < 0.02 * np.abs(exact).max()


@pytest.mark.parametrize("compression", ["none", "lz4"])
def test_maps_in_float16_are_rounded_and_read_as_float32(network, images, tmp_path, compression):
    exact = run(network, images, tmp_path / "a")["1"]
    rough = run(network, images, tmp_path / "b", dtype="float16", compression=compression)["1"]
    maps = exact["maps"][:].astype(np.float16)
    assert rough["maps"].dtype == maps.dtype
    np.testing.assert_array_equal(rough["maps"][:], maps)
    assert all(np.array_equal(rough[name][:], exact[name][:]) for name in store.STATISTICS)
    blocks = [block.copy() for _, block in map_blocks(rough)]
    assert {block.dtype for block in blocks} == {np.dtype(np.float32)}
    positions = np.array([[3, 4], [11, 0]])
    for stored in (rough, exact):
        at = maps if stored is rough else exact["maps"][:]
        np.testing.assert_array_equal(values_at_positions(stored, positions), at[:, *positions.T])
        vectors = np.concatenate([block.copy() for block in neuron_blocks(stored)], 1)
        np.testing.assert_array_equal(vectors, at.reshape(len(at), -1).astype(np.float32))


@pytest.mark.parametrize("sign", [1, -1])
def test_values_beyond_float16_are_refused_by_layer(network, images, tmp_path, sign):
    with torch.no_grad():
        network[0].weight *= 1e6 * sign
        network[0].bias[0] = torch.nan
    with pytest.raises(StudyError, match=r"^0: activations of .* set activations.dtype: float32"):
        run(network, images, tmp_path, dtype="float16")


def test_what_is_no_finished_store_is_named(tmp_path):
    zarr.create_group(tmp_path / "folder.zarr")
    for name in ("folder.zarr", "nowhere.zarr.zip"):
        with pytest.raises(StudyError, match=name):
            open_store(tmp_path / name)


def test_images_come_in_the_order_of_the_pass(images):
    batches = list(images.batches(9))
    assert [len(batch) for batch in batches] == [9] * 7 + [7]
    np.testing.assert_array_equal(np.concatenate(batches), images.pixels[:][images.indices])
    np.testing.assert_array_equal(
        np.concatenate(list(images.batches(9, range(18, N_IMAGES, 9)))), np.concatenate(batches[2:])
    )
