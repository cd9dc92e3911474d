"""The plan of a study: runs, blocks, and the files of its jobs."""

from types import MappingProxyType, SimpleNamespace

import pytest

from census.errors import StudyError
from census.measures.declaration import Recordings
from census.networks.failures import record_failure
from census.networks.layers import Layer
from census.planning.blocks import UNITS
from census.planning.config import read_config
from census.planning.passes import passes
from census.planning.plan import Plan
from census.planning.replicas import failed_trainings, training_of

LAYERS = {
    "cnn": [
        Layer("input", "input", (1, 28, 28), 0, "x"),
        Layer("conv1", "other", (64, 28, 28), 1, "conv1"),
        Layer("relu1", "nonlinearity", (64, 28, 28), 2, "relu", aliases=("block1",)),
        Layer("conv2", "other", (512, 28, 28), 3, "conv2"),
        Layer("relu2", "nonlinearity", (512, 28, 28), 4, "relu", branch_of="block2"),
        Layer("output", "output", (10, 1, 1), 5, "output"),
    ]
}


def planned(run=None, layers=LAYERS, failed=MappingProxyType({}), **config):
    """Return the plan of a study with one run."""
    return Plan.of(
        read_config(
            {
                "datasets": {"clothes": {"source": "fashion-mnist"}},
                "networks": {
                    "cnn": {
                        "architecture": "cnn",
                        "classes": 10,
                        "weights": "train",
                        "input": {"size": 28, "color": "gray", "mean": [0], "std": [1]},
                        "training": {"dataset": "clothes", "checkpoints": [0, 3]},
                    }
                },
                "runs": [
                    {
                        "network": "cnn",
                        "dataset": "clothes",
                        "n_map_images": 10,
                        "n_images": 100,
                        **(run or {}),
                    }
                ],
                **config,
            }
        ),
        layers,
        failed,
    )


def job(block, network="cnn"):
    return SimpleNamespace(network=network, dataset="clothes", block=block)


def trained_from(seeds, failed=(), **config):
    """Return the plan of a study whose network is trained from some seeds, from a few in vain."""
    network = {
        "architecture": "cnn",
        "classes": 10,
        "weights": "train",
        "input": {"size": 28, "color": "gray", "mean": [0], "std": [1]},
        "training": {"dataset": "clothes", "checkpoints": [0, 3], "seeds": seeds},
    }
    return planned(networks={"cnn": network}, failed={"cnn": failed}, **config)


# networks that are trained from several seeds


def test_each_seed_has_its_own_network_and_run():
    plan = trained_from([0, 1, 5])
    assert list(plan.replicas) == ["cnn", "cnn@1", "cnn@5"]
    assert [run.network for run in plan.runs] == ["cnn", "cnn@1", "cnn@5"]
    assert plan.runs[1].key == {"network": "cnn", "seed": 1, "dataset": "clothes"}
    assert plan.runs[1].title == "cnn, seed 1 on clothes"
    assert [run.stands_for_seeds for run in plan.runs] == [True, False, False]
    assert plan.replicas["cnn@5"].seed == 5
    assert plan.runs[2].unit_weights == ["results/networks/cnn@5/final.safetensors"]


def test_failed_networks_are_left_out():
    plan = trained_from([0, 1, 5], failed=[0])
    assert list(plan.replicas) == ["cnn@1", "cnn@5"]
    assert [run.stands_for_seeds for run in plan.runs] == [True, False]
    assert plan.runs[0].seeds == ["cnn@1", "cnn@5"]


def test_a_training_has_failed_if_it_is_recorded_so_with_its_settings(tmp_path):
    plan = trained_from([0, 1])
    for name in plan.replicas:
        (tmp_path / name).mkdir()
    assert failed_trainings(plan.config, tmp_path) == {}
    training = training_of(plan.replicas["cnn@1"], plan.config)
    for change in ({"code": "other"}, {"images": {**training["images"], "size": 20}}, {"settings": {}}):
        record_failure(tmp_path / "cnn@1", {**training, **change}, "the loss is nan")
        assert failed_trainings(plan.config, tmp_path) == {}
    record_failure(tmp_path / "cnn@1", training, "the loss is nan")
    assert failed_trainings(plan.config, tmp_path) == {"cnn": [1]}
    # with no network left, training has to be tried again
    record_failure(tmp_path / "cnn", training_of(plan.replicas["cnn"], plan.config), "the loss is nan")
    assert failed_trainings(plan.config, tmp_path) == {}


@pytest.mark.parametrize("seeds", [None, [0]])
def test_a_single_seed_adds_no_suffix(seeds):
    (run,) = trained_from(seeds).runs
    assert (run.network, run.title, run.seeds, run.stands_for_seeds) == ("cnn", "cnn on clothes", [], False)


def test_adding_seeds_leaves_existing_networks_unchanged():
    few, many = trained_from([0]), trained_from([3, 0, 1])
    assert few.replicas["cnn"].settings == many.replicas["cnn"].settings
    one, other = few.runs[0], next(run for run in many.runs if run.network == "cnn")
    assert (one.built_from, one.key, one.final_stores) == (other.built_from, other.key, other.final_stores)
    keys = [[each.key for each in passes(plan, "code") if each.run.network == "cnn"] for plan in (few, many)]
    assert keys[0] == keys[1]


def test_the_study_seed_adds_no_suffix():
    assert list(trained_from([1, 2]).replicas) == ["cnn@1", "cnn@2"]
    assert list(trained_from([1, 2], seed=2).replicas) == ["cnn@1", "cnn"]


def test_a_job_may_read_recordings_of_all_seeds():
    plan = trained_from([0, 1])
    stores = plan.recordings(job("", "cnn"), "run", Recordings(checkpoints="final", all_seeds=True))
    path = "results/activations/{}/final/clothes/{}.zarr.zip"
    assert stores[:4] == [path.format(*each) for each in product_of(("input", "relu1"), ("cnn", "cnn@1"))]


def product_of(layers, networks):
    return [(network, layer) for layer in layers for network in networks]


def test_units_named_in_the_config_apply_to_every_seed():
    plan = trained_from([0, 1], measures={"facets": {"units": {"cnn": {"relu1": [3]}}}})
    (block,) = plan.runs[1].blocks["facets"]
    assert plan.units_with_facets(job(block, "cnn@1")) == {"relu1": [3]}


@pytest.mark.parametrize(
    ("seeds", "message"),
    [
        ([], "networks.cnn.training.seeds: [] should be non-empty"),
        ([1, 1], "networks.cnn.training.seeds: [1, 1] holds something twice"),
        ([-1], "networks.cnn.training.seeds[0]: must be at least 0, not -1"),
        (3, "networks.cnn.training.seeds: must be of type list or null, not 3"),
    ],
)
def test_seeds_are_a_list_of_numbers(seeds, message):
    with pytest.raises(StudyError) as raised:
        trained_from(seeds)
    assert str(raised.value) == f"config: {message}"


# names of layers and units


def test_layers_of_a_run_have_canonical_names():
    assert planned().runs[0].layers == ("input", "relu1", "relu2", "output")
    assert planned({"layers": ["block1", "input"]}).runs[0].layers == ("input", "relu1")


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ({}, ("relu1", "relu2")),
        ({"layers": ["input", "relu2"]}, ("relu2",)),
        ({"layers": ["input"]}, ()),
        ({"per_unit_layers": ["block1", "input"]}, ("input", "relu1")),
    ],
    ids=["all", "recorded", "none", "named"],
)
def test_per_unit_layers_must_be_recorded(run, expected):
    assert planned(run).runs[0].per_unit_layers == expected


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ({"layers": ["relu11"]}, "layers: the network has no layer 'relu11'; did you mean 'relu1'?"),
        (
            {"layers": ["input"], "per_unit_layers": ["block1"]},
            "per_unit_layers: 'relu1' is not among this run's layers",
        ),
        ({"layers": ["input"], "correct_only": True}, "correct_only: needs the layer 'output' among layers"),
    ],
    ids=["unknown", "not recorded", "no logits"],
)
def test_faults_of_a_run_name_their_key(run, message):
    with pytest.raises(StudyError) as raised:
        planned(run)
    assert str(raised.value) == f"config: runs[0].{message}"


def test_units_with_facets_have_canonical_layer_names():
    asked = {"cnn": {"block1": [63], "input": [0], "relu1": [2]}}
    plan = planned(measures={"facets": {"units": asked}})
    assert plan.facet_units == {"cnn": {"relu1": [63, 2], "input": [0]}}
    (block,) = plan.runs[0].blocks["facets"]
    assert plan.units_with_facets(job(block)) == {"input": [0], "relu1": [63, 2]}
    assert planned().facet_units == {}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"cmn": {"relu1": [0]}}, "units: no run has a network 'cmn'; did you mean 'cnn'?"),
        ({"cnn": {"relu3": [0]}}, "units.cnn: no run of it records a layer 'relu3'; did you mean 'relu1'?"),
        ({"cnn": {"relu2": [0]}}, "units.cnn: no run of it records a layer 'relu2'; did you mean 'relu1'?"),
        ({"cnn": {"block1": [3, 64]}}, "units.cnn.block1: there is no unit 64; the last is 63"),
    ],
    ids=["network", "layer", "not recorded", "unit"],
)
def test_missing_units_are_reported(asked, message):
    with pytest.raises(StudyError) as raised:
        planned({"layers": ["input", "relu1"]}, measures={"facets": {"units": asked}})
    assert str(raised.value) == f"config: measures.facets.{message}"


def test_layers_with_loadings_have_canonical_names():
    plan = planned(measures={"directions": {"loadings": {"cnn": ["block1", "input"]}}})
    assert plan.layers_with_loadings(job("")) == ["relu1", "input"]
    with pytest.raises(StudyError, match=r"loadings\.cnn: no run of it records a layer 'relu3'"):
        planned(measures={"directions": {"loadings": {"cnn": ["relu3"]}}})


# blocks


def blocks(plan, kind="layers"):
    return {name: block.layers for name, block in plan.runs[0].blocks[kind].items()}


def test_small_layers_share_a_block():
    assert blocks(planned()) == {"0000-0005": ("input", "relu1", "relu2", "output")}
    alone = blocks(planned(jobs={"minutes": 1e-9}))
    assert alone == {
        "0000-0000": ("input",),
        "0002-0002": ("relu1",),
        "0004-0004": ("relu2",),
        "0005-0005": ("output",),
    }


@pytest.mark.parametrize("minutes", [1e-9, 0.005, 0.01, 1])
@pytest.mark.parametrize("kind", ["layers", "facets", "units"])
def test_adding_a_layer_changes_one_block_and_moves_none(kind, minutes):
    few = planned({"layers": ["input", "relu1"], "per_unit_layers": ["relu1"]}, jobs={"minutes": minutes})
    more = planned(
        {"layers": ["input", "relu1", "conv1"], "per_unit_layers": ["relu1", "conv1"]},
        jobs={"minutes": minutes},
    )
    before, after = blocks(few, kind), blocks(more, kind)
    assert before.keys() <= after.keys()
    assert sum(before.get(name) != layers for name, layers in after.items()) == 1


def test_units_of_a_layer_that_takes_long_are_split():
    run = {"units_per_layer": "all", "per_unit_layers": ["relu1", "relu2"]}
    plan = planned(run, jobs={"minutes": 0.5})
    of_units = plan.runs[0].blocks["units"]
    (name,) = (name for name, block in of_units.items() if block.layers == ("relu2",))
    # by its place alone, so that one wildcard tells split layers from all others
    assert name == "0004"
    parts = of_units[name].parts
    assert 1 < parts <= 512 / UNITS
    files = plan.parts_of_block("{block}/{part}")(job(name))
    assert files == [f"{name}/{part}" for part in range(parts)]
    assert planned(run, jobs={"minutes": 1000}).runs[0].blocks["units"]["0000-0005"].parts == 1


def test_neurons_of_large_layers_are_split():
    large = [*LAYERS["cnn"][:-1], Layer("wide", "nonlinearity", (64, 200, 200), 5, "relu"), LAYERS["cnn"][-1]]
    plan = planned(layers={"cnn": large}, jobs={"minutes": 1000})
    (block,) = plan.runs[0].blocks["layers"]
    folder = "results/parts/gram/cnn/clothes/wide"
    assert plan.parts_of_gram(job(block)) == [f"{folder}/{part}.zarr.zip" for part in range(3)]


def test_an_unknown_block_is_reported():
    with pytest.raises(StudyError, match="has no block '0000-0004' of layers; did you mean '0000-0005'"):
        planned().recordings(job("0000-0004"), "layers", Recordings())


# files


def test_stores_are_in_order_of_layers_and_steps():
    plan = planned(
        {"layers": ["input", "relu1"], "checkpoints": "all", "per_unit_checkpoints": "first_and_final"}
    )
    store = "results/activations/cnn/{}/clothes/{}.zarr.zip".format
    assert plan.recordings(job("0000-0005"), "layers", Recordings()) == [
        store(checkpoint, layer) for layer in ("input", "relu1") for checkpoint in ("0", "3", "final")
    ]
    (block,) = plan.runs[0].blocks["units"]
    assert plan.recordings(job(block), "units", Recordings(checkpoints="units")) == [
        store("0", "relu1"),
        store("final", "relu1"),
    ]
    assert plan.runs[0].unit_weights == [
        "results/networks/cnn/0.safetensors",
        "results/networks/cnn/final.safetensors",
    ]


def test_a_checkpoint_is_recorded_in_one_pass(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = list(passes(planned({"checkpoints": "all"}), "code"))
    assert [each.checkpoint for each in found] == ["0", "3", "final"]
    assert all(each.layers == ["input", "relu1", "relu2", "output"] for each in found)
    assert len({each.key for each in found if each.checkpoint != "final"}) == 1


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ({"n_images": 5000}, [1000, 1000, 5000]),
        ({"n_images": None}, [1000, 1000, None]),
        ({"n_images": 500}, [500, 500, 500]),
        ({"n_images": 500, "n_checkpoint_images": None}, [500, 500, 500]),
        ({"n_images": None, "n_checkpoint_images": None}, [None, None, None]),
    ],
)
def test_no_checkpoint_has_images_that_the_final_network_lacks(tmp_path, monkeypatch, run, expected):
    monkeypatch.chdir(tmp_path)
    found = passes(planned({"checkpoints": "all", **run}), "code")
    assert [each.settings["n_images"] for each in found] == expected
