"""Studies that are killed, that fail, or whose config is wrong."""

import copy
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import xarray as xr
import yaml
from safetensors.numpy import load_file
from zarr.storage import ZipStore

pytestmark = pytest.mark.slow

STORES = [f"results/activations/small/final/many/{layer}.zarr.zip" for layer in ("relu", "output")]
WEIGHTS = "results/networks/small/final.safetensors"
# statistics are written, and images counted as done, after 512 of them
BATCH, BATCHES, BATCHES_DONE = 64, 10, 8
# all layers of a network are one block
BLOCKS = {"random": "0000-0019", "small": "0000-0004"}
GRAM = {
    network: f"results/measures/gram/{network}/tiny/{block}.zarr.zip" for network, block in BLOCKS.items()
}
PAIRS = "results/measures/similarity/{}/tiny/pairs.parquet"


def batches(study) -> int:
    """Return how many batches the network has seen since the count was last begun."""
    count = study.folder / "batches"
    return count.stat().st_size if count.exists() else 0


@pytest.fixture(scope="module")
def with_many_images(begin, tmp_path_factory):
    """A study with a forward pass over many images, which has not run yet; its inputs exist."""
    study = begin(tmp_path_factory.mktemp("many") / "study")
    tests = study.folder / "images/test"
    for folder in tests.iterdir():
        for path in [*folder.iterdir()]:
            for number in range(24):
                shutil.copy(path, folder / f"{path.stem}_{number}.png")
    study.config["datasets"]["many"] = {"source": "folder", "path": "images/test"}
    study.config["networks"]["small"] = {
        "architecture": "my_networks:small",
        "classes": 3,
        "input": study.config["networks"]["random"]["input"],
    }
    study.config["runs"] = [
        {"network": "small", "dataset": "many", "layers": ["relu", "output"], "n_map_images": 560}
    ]
    study.config["activations"] = {"batch": BATCH}
    study.succeed("results/data/many/all.zarr", WEIGHTS)
    return study


@pytest.fixture(scope="module")
def undisturbed(with_many_images, tmp_path_factory):
    """The stores of an uninterrupted forward pass."""
    study = with_many_images.copy(tmp_path_factory.mktemp("undisturbed") / "study")
    ended = study.succeed(*STORES, BATCHES=study.folder / "batches")
    assert ended.jobs == {"extract/extract_small_final_many"}
    assert batches(study) == BATCHES
    return [xr.open_zarr(f"zip::{study.folder / store}").load() for store in STORES]


def assert_resumed(study, undisturbed):
    """Resume an interrupted forward pass, and compare its stores with those of an uninterrupted one."""
    assert not any((study.folder / store).exists() for store in STORES)
    (study.folder / "batches").unlink()
    ended = study.succeed(*STORES, BATCHES=study.folder / "batches")
    assert ended.jobs == {"extract/extract_small_final_many"}
    assert batches(study) == BATCHES - BATCHES_DONE
    for store, expected in zip(STORES, undisturbed, strict=True):
        found = xr.open_zarr(f"zip::{study.folder / store}").load()
        xr.testing.assert_identical(found, expected)
        assert found["mean"].values.any(1).all(), "each image has been seen"
    assert not list((study.folder / "results/activations").rglob("unfinished"))


def test_a_killed_pass_goes_on_and_gives_the_same(with_many_images, undisturbed, tmp_path):
    study = with_many_images.copy(tmp_path / "study")
    count = {"BATCHES": study.folder / "batches"}
    study.kill(study.start(*STORES, **count, HALT_AT=BATCHES), when=lambda: batches(study) == BATCHES)
    assert_resumed(study, undisturbed)


def test_a_killed_shard_is_repeated_alone_and_shards_change_nothing(with_many_images, undisturbed, tmp_path):
    study = with_many_images.copy(tmp_path / "study")
    study.config["runs"][0]["shards"] = 2
    count = {"BATCHES": study.folder / "batches"}
    # one chunk of images each, of 8 and of 2 batches; in either order, the ninth batch is of the second shard
    process = study.start(*STORES, "--cores", "1", **count, HALT_AT=9)
    study.kill(process, when=lambda: batches(study) == 9)
    (finished,) = (study.folder / "results/activations/small/final/many").glob("*.shard")
    assert not any((study.folder / store).exists() for store in STORES)

    (study.folder / "batches").unlink()
    ended = study.succeed(*STORES, **count)
    left, of_left = {"0": ("1", 2), "1": ("0", 8)}[finished.name.split(".")[1]]
    assert ended.jobs == {f"extract/extract_small_final_many.{left}", "merge/merge_small_final_many"}
    assert batches(study) == of_left
    for store, expected in zip(STORES, undisturbed, strict=True):
        found = xr.open_zarr(f"zip::{study.folder / store}").load()
        assert (found.attrs.pop("shards"), expected.attrs["shards"]) == (2, 1)
        xr.testing.assert_identical(found.assign_attrs(shards=1), expected)
    assert not list((study.folder / "results/activations").rglob("*.shard"))
    assert not list((study.folder / "results/activations").rglob("unfinished"))

    # finished forward passes are kept; a layer added later has its own one, in as many shards
    study.config["runs"][0]["shards"] = 1
    assert study.succeed(*STORES).nothing_to_do
    study.config["runs"][0]["shards"] = 3
    study.config["runs"][0]["layers"].append("conv")
    ended = study.succeed(*STORES, str(STORES[0]).replace("relu", "conv"))
    new = {f"extract/extract_small_final_many.{shard}" for shard in range(3)}
    assert ended.jobs == new | {"merge/merge_small_final_many"}


def test_a_killed_optimization_costs_its_own_block_only(finished):
    finished.config["runs"][1] |= {"per_unit_layers": ["relu", "output"], "units_per_layer": 2}
    finished.config["measures"] = {"activation_maximization": {"steps": 6}}
    # a block for each layer
    finished.config["jobs"] = {"minutes": 1e-5}
    done, killed = (
        f"results/measures/activation_maximization/small/tiny/{block}.zarr.zip"
        for block in ("0002-0002", "0004-0004")
    )
    finished.succeed(done)
    count = {"BATCHES": finished.folder / "batches"}
    process = finished.start(killed, **count, HALT_AT=4)
    finished.kill(process, when=lambda: batches(finished) == 4)
    assert not (finished.folder / killed).exists()
    assert finished.succeed(done, killed).jobs == {"activation_maximization/small/tiny/0004-0004"}
    store = ZipStore(finished.folder / killed, read_only=True)
    assert xr.open_zarr(store, group="output/final")["trajectory"].shape == (2, 3, 2, 7)


def test_a_pass_that_raises_leaves_no_store_and_goes_on_later(with_many_images, undisturbed, tmp_path):
    study = with_many_images.copy(tmp_path / "study")
    ended = study.run(*STORES, BATCHES=study.folder / "batches", FAIL_AT=BATCHES)
    assert ended.status == 1
    log = "logs/extract/extract_small_final_many.log"
    place = rf"fails at {re.escape(str(study.folder))}/my_networks\.py:\d+"
    assert re.search(
        rf"Error: networks\.small: .* {place} \(RuntimeError: no luck with batch {BATCHES}\)", ended.output
    )
    assert "Traceback" in (study.folder / log).read_text()
    assert_resumed(study, undisturbed)


def test_a_killed_training_goes_on_and_gives_the_same_weights(study, tmp_path):
    # an epoch has two steps, and the test images are one more batch
    study.config["networks"]["small"]["training"]["epochs"] = 3
    study.succeed(WEIGHTS, BATCHES=study.folder / "batches")
    assert batches(study) == 9

    # once more with the same data, as far as into the third epoch
    other = study.copy(tmp_path / "other")
    shutil.rmtree(other.folder / "results/networks")
    count = {"BATCHES": other.folder / "batches"}
    count["BATCHES"].unlink()
    other.kill(other.start(WEIGHTS, **count, HALT_AT=8), when=lambda: batches(other) == 8)
    assert not (other.folder / WEIGHTS).exists()
    # of a checkpoint that the config no longer asks for
    (other.folder / "results/networks/small/unfinished/2.safetensors").touch()
    count["BATCHES"].unlink()
    ended = other.succeed(WEIGHTS, **count)
    assert ended.jobs == {"train/small"}
    assert batches(other) == 3
    for name in ("0", "1", "final"):
        path = f"results/networks/small/{name}.safetensors"
        expected, found = load_file(study.folder / path), load_file(other.folder / path)
        assert expected.keys() == found.keys()
        for tensor in expected:
            np.testing.assert_array_equal(found[tensor], expected[tensor])
    history = "results/networks/small/history.tsv"
    assert (other.folder / history).read_text() == (study.folder / history).read_text()
    assert not (other.folder / "results/networks/small/unfinished").exists()


def contents(study, *results: str) -> dict[str, bytes]:
    """Return what is in some results, files or folders, by path."""
    files = [
        path
        for result in results
        for path in (
            [study.folder / result]
            if (study.folder / result).is_file()
            else (study.folder / result).rglob("*")
        )
    ]
    return {
        path.relative_to(study.folder).as_posix(): path.read_bytes()
        for path in files
        if path.is_file() and path.name != ".snakemake_timestamp"
    }


def remove(study, *results: str) -> None:
    """Remove some results, files or folders."""
    for path in (study.folder / result for result in results):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize("killed", ["everything", "the job"])
def test_a_measure_killed_while_it_writes_leaves_nothing_that_counts(finished, killed):
    gram, pairs = GRAM["small"], PAIRS.format("small")
    expected = contents(finished, gram, pairs)
    remove(finished, gram, pairs)
    unfinished = (finished.folder / gram).with_name(f".{Path(gram).name}.unfinished")
    # all is written by then, and not renamed
    with finished.halted(gram, pairs) as (process, job):
        assert contents(finished, gram) == {}
        if killed == "everything":
            finished.kill(process, when=lambda: True)
            assert unfinished.read_bytes() == expected[gram], "something could be taken for a result"
        else:
            # as the system does where memory runs out
            os.kill(job, signal.SIGKILL)
            output, _ = process.communicate(timeout=60)
            assert process.returncode == 1
            assert "died with <Signals.SIGKILL: 9>" in output
            assert not (finished.folder / gram).exists()
    assert finished.succeed(pairs).jobs == {f"gram/small/tiny/{BLOCKS['small']}", "similarity/small/tiny"}
    assert contents(finished, gram, pairs) == expected
    assert not unfinished.exists()


@pytest.fixture
def small_disk(finished) -> Iterator[Callable[[int], None]]:
    """A disk of its own for the finished study's results; a function that sets how many kB are left on it."""
    results, aside = finished.folder / "results", finished.folder / "aside"
    results.rename(aside)
    results.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", results],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")

    def leave(kilobytes: int) -> None:
        usage = shutil.disk_usage(results)
        size = f"remount,size={usage.used // 1024 + kilobytes}k"
        subprocess.run(["mount", "-o", size, results], check=True)

    try:
        shutil.copytree(aside, results, dirs_exist_ok=True, symlinks=True)
        yield leave
    finally:
        subprocess.run(["umount", "--lazy", results], check=True)


def test_a_full_disk_costs_no_finished_result_and_is_told(finished, small_disk):
    lost = {
        "extract/extract_random_final_tiny": "results/activations/random/final/tiny/relu1.zarr.zip",
        f"gram/small/tiny/{BLOCKS['small']}": GRAM["small"],
        "performance/small/tiny": "results/measures/performance/small/tiny.parquet",
        "figures_sparsity/small/tiny": "results/figures/histogram/small/tiny",
    }
    drawn_with_it = [f"results/figures/{family}/small/tiny" for family in ("sparsity", "alignment")]
    targets = [f"{path}/final.png" if "figures" in path else path for path in lost.values()]
    maps = finished.activations("random", "final", "relu1").load()
    expected = contents(finished, *lost.values(), *drawn_with_it)
    remove(finished, *lost.values(), *drawn_with_it)
    there = contents(finished, "results")
    small_disk(0)
    ended = finished.run("--keep-going", *targets)
    assert ended.status == 1
    for job, path in lost.items():
        message = re.search(rf"^Error: (.+) \(traceback in logs/{job}\.log\)$", ended.output, re.MULTILINE)
        assert message is not None, ended.output
        written, _, why = message[1].partition(" cannot be written: ")
        assert path.startswith(written)
        assert why == "no space is left on the device or in your quota; free some and run again"
        assert contents(finished, path) == {}
    assert contents(finished, "results").items() >= there.items()

    small_disk(10_000)
    assert finished.succeed(*targets).jobs == lost.keys()
    found = contents(finished, *lost.values(), *drawn_with_it)
    # the forward pass ran for that layer alone, according to its attributes
    relu1 = lost["extract/extract_random_final_tiny"]
    assert [path for path in expected if found[path] != expected[path]] == [relu1]
    xr.testing.assert_equal(finished.activations("random", "final", "relu1").load(), maps)
    assert not list((finished.folder / "results/activations").rglob("unfinished"))


def test_a_second_run_beside_the_first_ends_at_once(finished):
    gram, pairs = GRAM["small"], PAIRS.format("small")
    expected = contents(finished, gram, pairs)
    remove(finished, gram, pairs)
    with finished.halted(gram, pairs) as (process, _):
        second = finished.run(pairs)
        assert (second.status, second.jobs) == (1, set())
        assert "Directory cannot be locked" in second.output
        assert str(finished.folder) in second.output
        assert "--unlock" in second.output
        assert process.poll() is None
        finished.go_on()
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert contents(finished, gram, pairs) == expected
    assert finished.run(pairs).nothing_to_do


def test_a_study_that_was_moved_is_finished(finished, tmp_path):
    before = str(finished.folder)
    finished.folder = finished.folder.rename(tmp_path / "elsewhere")
    # and without what Snakemake has noted beside the results
    shutil.rmtree(finished.folder / ".snakemake")
    assert finished.run().nothing_to_do
    for path, content in contents(finished, "results").items():
        assert before.encode() not in content, path
        if path.endswith(".parquet"):
            assert before not in str(pq.read_table(finished.folder / path).to_pydict()), path


def test_a_config_edited_during_a_pass_counts_from_the_next_run_on(finished, tmp_path):
    gram, pairs = GRAM["random"], PAIRS.format("random")
    expected = contents(finished, gram, pairs)
    stores = "results/activations/random/final/tiny"
    remove(finished, gram, pairs, *(f"{stores}/{layer}.zarr.zip" for layer in ("relu1", "output")))
    other = finished.copy(tmp_path / "other")
    with finished.halted(stores, pairs) as (process, _):
        for study in (finished, other):
            study.config["measures"] = {"similarity": {"resamples": 100}}
            study.config["activations"]["precision"] = "bfloat16"
        (finished.folder / "study.yaml").write_text(yaml.safe_dump(finished.config))
        finished.go_on()
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert contents(finished, gram, pairs) == expected

    assert finished.succeed(pairs).jobs == {
        "extract/extract_random_final_tiny",
        f"gram/random/tiny/{BLOCKS['random']}",
        "similarity/random/tiny",
    }
    other.succeed(pairs)
    found = contents(finished, gram, pairs)
    assert found == contents(other, gram, pairs)
    assert found[pairs] != expected[pairs]
    assert finished.activations("random", "final", "relu1").attrs["precision"] == "bfloat16"


def test_jobs_of_a_cluster_do_not_see_a_config_edited_during_the_run(finished):
    pytest.importorskip("snakemake_executor_plugin_cluster_generic")
    gram, pairs = GRAM["random"], PAIRS.format("random")
    expected = contents(finished, gram, pairs)
    remove(finished, gram, pairs)
    submit = finished.folder / "submit.sh"
    submit.write_text('bash "$1" > /dev/null 2>&1 &\necho $!\n')
    options = ("--executor", "cluster-generic", "--cluster-generic-submit-cmd", f"sh {submit}", "--jobs", "1")
    with finished.halted(gram, pairs, *options, "--seconds-between-status-checks", "0") as (process, _):
        finished.config["measures"] = {"similarity": {"resamples": 100}}
        (finished.folder / "study.yaml").write_text(yaml.safe_dump(finished.config))
        finished.go_on()
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert contents(finished, gram, pairs) == expected
    # the next run does
    assert finished.succeed(pairs).jobs == {"similarity/random/tiny"}


def made_by_jobs(folder: Path) -> list[str]:
    """Return what lies in a study's folder beside its input, Snakemake's own notes and lists of layers."""
    there = {"images", "my_networks.py", "study.yaml", ".snakemake", "__pycache__"}
    results = folder / "results"
    return [
        *(path.name for path in folder.iterdir() if path.name not in {*there, "results"}),
        *(path.name for path in results.glob("*") if path.name != "layers"),
    ]


def test_faults_of_a_config_are_told_in_a_line_each_before_anything_runs(study):
    def told(change: Callable[[dict], None]) -> list[str]:
        sound = copy.deepcopy(study.config)
        change(study.config)
        ended = study.run()
        study.config = sound
        assert ended.status == 1
        assert "Traceback" not in ended.output
        assert made_by_jobs(study.folder) == []
        # Snakemake itself adds in which of its files that was found
        return re.findall(r"^(?:config: |networks\.).*", ended.output, re.MULTILINE)

    def misspell(config):
        config["sead"] = 1
        config["activations"]["batch"] = "4"
        config["runs"][0]["n_map_images"] = 2

    # what all of its values say; what its parts say of each other; what its networks say
    assert sorted(told(misspell)) == [
        "config: activations.batch: must be of type integer, not '4'; write 4, without quotes",
        "config: runs[0].n_map_images: must be at least 3, not 2",
        "config: unknown key 'sead'; did you mean 'seed'?",
    ]
    assert told(lambda config: config["runs"][1].update(dataset="tinny")) == [
        "config: runs[1].dataset: there is no dataset 'tinny'; did you mean 'tiny'?"
    ]
    assert told(lambda config: config["runs"][0].update(layers=["relu1", "puul1"])) == [
        "config: runs[0].layers: the network has no layer 'puul1'; did you mean 'pool1'?"
    ]
    assert told(lambda config: config["networks"]["small"].update(architecture="my_network:small")) == [
        "networks.small.architecture: 'my_network' cannot be imported (ModuleNotFoundError: No module "
        "named 'my_network'); correct it, put it into the working folder, or install its package"
    ]


def test_similarity_of_two_images_is_undefined_and_costs_no_other_result(study):
    for folder in (study.folder / "images/test").iterdir():
        for image in sorted(folder.iterdir())[0 if folder.name == "blue-ish" else 1 :]:
            image.unlink()
    study.config["runs"] = [{"network": "random", "dataset": "tiny", "layers": ["relu1", "output"]}]
    study.succeed("results/census/layers.parquet", "results/figures/similarity/random/tiny/cka.png")
    (log,) = (path.read_text() for path in (study.folder / "logs/gram/random/tiny").iterdir())
    assert (
        "relu1, checkpoint final has activation maps of 2 image(s), but similarity of layers needs at least 3"
        in log
    )
    layers = pd.read_parquet(study.folder / "results/census/layers.parquet")
    assert layers[["similarity_to_output", "cka_to_output", "adjacent_similarity"]].isna().all(axis=None)
    assert layers[["active_fraction", "image_correlation"]].notna().all(axis=None)


def test_a_layer_with_one_neuron_is_no_obstacle(study):
    study.config["networks"]["random"]["architecture"] = "my_networks:narrow"
    study.config["runs"] = [
        {"network": "random", "dataset": "tiny", "layers": ["input", "conv", "output"], "n_map_images": 6}
    ]
    study.succeed("results/figures/similarity/random/tiny/pearson.png")
    (log,) = (path.read_text() for path in (study.folder / "logs/gram/random/tiny").iterdir())
    assert "conv, checkpoint final has one neuron; correlations of vectors with one value are" in log
    pairs = pd.read_parquet(study.folder / "results/measures/similarity/random/tiny/pairs.parquet")
    with_conv = (pairs["layer"] == "conv") | (pairs["other_layer"] == "conv")
    assert pairs["similarity"].isna().tolist() == with_conv.tolist()


def test_a_file_that_cannot_be_read_is_named_and_can_be_skipped(study):
    store = "results/data/tiny/test.zarr"
    broken = study.folder / "images/test/red-ish/005.png"
    broken.write_bytes(broken.read_bytes()[:60])
    ended = study.run(store)
    assert ended.status == 1
    assert (
        "Error: datasets.tiny.unreadable: 1 of 24 files cannot be read: images/test/red-ish/005.png"
        in ended.output
    )
    assert not (study.folder / store).exists()

    study.config["datasets"]["tiny"]["unreadable"] = "skip"
    assert study.succeed(store).jobs == {"dataset/tiny/test"}
    assert xr.open_zarr(study.folder / store)["pixels"].sizes["image"] == 23
    listed = (study.folder / "results/data/tiny/test.unreadable.tsv").read_text().splitlines()
    assert [line.split("\t")[0] for line in listed] == ["source", "red-ish/005.png"]


def test_a_damaged_chunk_is_named_and_its_store_made_again(finished, alter):
    block = BLOCKS["random"]
    measures = {
        "gram": GRAM["random"],
        "selectivity": f"results/measures/selectivity/random/tiny/{block}.units.parquet",
        "alignment": f"results/measures/alignment/random/tiny/{block}.layer.parquet",
    }
    store = finished.store("random", "final", "relu1")
    sound = finished.activations("random", "final", "relu1").load()
    chunks = ["maps/c.0.0.0.0", "mean/c.0.0"]
    for chunk in chunks:
        alter(store, chunk)

    ended = finished.run(*measures.values(), "--forcerun", *measures, "--keep-going")
    assert ended.status == 1
    place = re.escape(str(store.relative_to(finished.folder)))
    for chunk in chunks:
        # with the way out
        fault = rf"the checksum of {re.escape(chunk)} does not match"
        message = rf"^Error: .*{place} cannot be read \({fault}\); delete {place} and run"
        assert re.search(message, ended.output, re.MULTILINE), ended.output
    # the layer is named, also where stores of all checkpoints are read together
    assert re.search(r"^Error: layer relu1: \S+ cannot be read", ended.output, re.MULTILINE), ended.output
    store.unlink()
    ended = finished.succeed(*measures.values())
    assert ended.jobs == {"extract/extract_random_final_tiny"} | {
        f"{name}/random/tiny/{block}" for name in measures
    }
    xr.testing.assert_equal(finished.activations("random", "final", "relu1").load(), sound)
