"""Record and measure without a study."""

import doctest
import gc
import importlib
import re
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import census
from census.errors import StudyError
from census.measures import DECLARED, declared
from census.measures.declaration import Recordings

SINGLE = [
    name
    for name in DECLARED
    if declared(name).compute is not None
    and [type(reads) for reads in declared(name).reads.values()] == [Recordings]
    and not any(reads.all_seeds for reads in declared(name).reads.values())
]
N_IMAGES, UNITS = 30, 2


def make() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, UNITS, 3), nn.ReLU(), nn.Flatten(), nn.Linear(UNITS * 24, 2))


@pytest.fixture(scope="module")
def images():
    # neither square nor in color
    return np.random.default_rng(0).normal(size=(N_IMAGES, 1, 6, 8)).astype(np.float32)


@pytest.fixture(scope="module")
def labels():
    return np.arange(N_IMAGES) % 2


@pytest.fixture(scope="module")
def recorded(images, labels):
    return census.record(make(), images, labels, layers="all", classes=["even", "odd"])


@pytest.fixture(scope="module")
def named(images, labels):
    names = ("conv1", "relu1", "flatten", "fc")
    network = nn.Sequential(OrderedDict(zip(names, make().children(), strict=True)))
    return census.record(network, images, labels, layers="all")


@pytest.mark.parametrize("name", SINGLE)
def test_the_examples_of_measures_run(name, named):
    failed, tried = doctest.testmod(getattr(census.measures, name), extraglobs={"recorded": named})
    assert tried > 1
    assert not failed


@pytest.mark.parametrize("name", ["record", "measure"])
def test_the_examples_run(name):
    module = importlib.import_module(f"census.notebooks.{name}")
    failed, tried = doctest.testmod(module)
    assert tried > 2
    assert not failed


def test_the_example_of_the_documentation_runs(capsys):
    page = Path(__file__).parents[2] / "docs" / "howto" / "notebook.md"
    (block,) = re.findall(
        r"<!-- runnable without a study -->\n```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE
    )
    exec(block, {})
    assert "<Recorded input, 1, 2, output in " in capsys.readouterr().out


def test_recordings_are_the_values_of_the_network(recorded, images, labels):
    network = make()
    with torch.inference_mode():
        expected = network[:2](torch.from_numpy(images)).permute(0, 2, 3, 1).numpy()
    assert list(recorded) == ["input", "1", "output"]
    layer = recorded["1"]
    np.testing.assert_array_equal(layer.images, np.arange(N_IMAGES))
    np.testing.assert_array_equal(layer.labels, labels)
    np.testing.assert_allclose(np.concatenate([each.copy() for _, each in layer.maps()]), expected, atol=1e-6)
    np.testing.assert_array_equal(
        np.concatenate([each.copy() for _, each in recorded["input"].maps()]), np.moveaxis(images, 1, -1)
    )
    assert layer.classes == ["even", "odd"]
    assert recorded.verification["n_images"] == 3


def test_the_network_stays_as_it_was(images):
    network = make().double().train()
    network[0].weight.requires_grad_(False)
    before = {name: each.clone() for name, each in network.state_dict().items()}
    strides = network[0].weight.stride()
    census.record(network, torch.from_numpy(images).requires_grad_(), n_map_images=3)
    assert network.training
    assert network[0].weight.stride() == strides
    for name, each in network.state_dict().items():
        assert each.dtype == torch.float64
        assert torch.equal(each, before[name])


def test_maps_are_of_as_many_images_as_asked_for(images, labels, tmp_path):
    kept = census.record(
        make(), images, labels, layers=["1"], n_map_images=5, store=tmp_path / "stores", seed=1
    )["1"]
    assert kept.n_map_images == 5
    assert sorted(kept.images) == list(range(N_IMAGES))
    np.testing.assert_array_equal(kept.labels, labels[kept.images])
    with torch.inference_mode():
        expected = make()[:2](torch.from_numpy(images[kept.images[:5]])).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(next(kept.maps())[1], expected, atol=1e-6)
    assert [path.name for path in (tmp_path / "stores").iterdir()] == ["1.zarr.zip"]
    # a second call replaces the store
    again = census.record(make(), images, labels, layers=["1"], n_map_images=4, store=tmp_path / "stores")[
        "1"
    ]
    assert again.n_map_images == 4


def test_a_temporary_folder_stays_as_long_as_a_recording(images):
    recorded = census.record(make(), images)
    folder, layer = recorded.folder, recorded["1"]
    del recorded
    gc.collect()
    assert len(next(layer.statistic("mean"))) == N_IMAGES
    del layer
    gc.collect()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": np.zeros((6, 8))}, r"images: must be numbers of shape \(images, channels"),
        ({"images": np.zeros((3, 2, 6, 8))}, "network: the forward pass on images of 2×6×8 fails"),
        ({"labels": [0, 1]}, "labels: must be 30 integers"),
        ({"labels": np.full(N_IMAGES, 0.5)}, "labels: must be 30 integers"),
        ({"labels": np.arange(N_IMAGES) - 1}, "labels: must be at least 0, not -1"),
        ({"labels": np.arange(N_IMAGES), "classes": ["a"]}, "classes: has 1 names, but labels go up to 29"),
        ({"layers": "nonlinera"}, "layers: the network has no layer 'nonlinera'; did you mean 'nonlinear'"),
        ({"layers": []}, "layers: the network has none of"),
        ({"network": nn.Flatten(0)}, "network: the network returns float32"),
        ({"network": nn.Conv2d}, "network: 'type' gave no torch.nn.Module"),
        ({"network": torch.jit.script(nn.ReLU())}, "network: .* is a TorchScript module"),
        ({"network": nn.Sequential(nn.Flatten(), nn.Linear(48, 2))}, "layers: the network has none of"),
        ({"batch": 0}, "^batch: must be a whole number of at least 1, not 0$"),
        ({"batch": 1.5}, r"^batch: must be a whole number of at least 1, not 1\.5$"),
        ({"n_map_images": -1}, "^n_map_images: must be a whole number of at least 1, not -1$"),
        # alignment compares channel vectors of maps
        ({"n_map_images": 0}, "^n_map_images: must be a whole number of at least 1, not 0$"),
        ({"device": "gpu"}, "^device: must be 'auto', 'cpu' or 'cuda', not 'gpu'$"),
        ({"images": np.full((4, 1, 6, 8), np.nan)}, "^images: 4 of 4 have values that are NaN, infinite"),
        ({"images": np.pad(np.full((1, 1, 6, 8), 1e39), [(3, 0), *[(0, 0)] * 3])}, "^images: 1 of 4 have"),
        ({"images": [[0, 1], [2]]}, "^images: must be an array, not lists of different lengths$"),
        ({"labels": [[0, 1], [2]]}, "^labels: must be an array, not lists of different lengths$"),
    ],
)
def test_faults_name_the_argument(images, change, message):
    with pytest.raises(StudyError, match=message) as error:
        census.record(**{"network": make(), "images": images, **change})
    assert "networks." not in str(error.value)


def test_a_network_whose_recorded_values_would_not_be_its_own_is_refused(images):
    noisy = nn.Sequential(nn.Flatten(), nn.Linear(48, 4), nn.ReLU(), nn.Linear(4, 2))
    noisy[2].register_forward_hook(lambda module, inputs, output: output + torch.rand_like(output))
    with pytest.raises(StudyError, match="network: layer '2' differs between two runs"):
        census.record(noisy, images)


@pytest.mark.parametrize("layer", ["1", "output"])
@pytest.mark.parametrize("name", SINGLE)
def test_measures_of_one_recording_are_called_by_name(recorded, name, layer):
    fewer = {"resamples": 100, "rotations": 20, "draws": 100, "shuffles": 100, "bins": 10}
    chosen = declared(name)
    found = census.measure(
        name,
        recorded[layer],
        seed=1,
        **{key: value for key, value in fewer.items() if key in chosen.parameter_names()},
    )
    assert set(found) == {table or "table" for table in chosen.tables} | (
        {"arrays"} if chosen.has_arrays else set()
    )
    for key, declaration in chosen.tables.items():
        table = found[key or "table"]
        assert isinstance(table, pd.DataFrame)
        assert set(table["layer"]) == {layer}
        assert set(table["network"]) == {"Sequential"}
        if declaration.per == "unit":
            assert list(table["unit"]) == list(range(UNITS))
    for array in found.get("arrays", {}).values():
        assert isinstance(array, np.ndarray)


def test_without_labels_all_images_are_of_one_class(images):
    layer = census.record(make(), images)["1"]
    assert layer.classes == ["0"]
    assert census.measure("selectivity", layer, top=5)["units"]["selectivity"].isna().all()
    assert len(census.measure("concepts", layer, draws=100)["units"]) == UNITS


def test_measures_are_given_without_a_name_too(recorded):
    by_name = census.measure("sparsity", recorded["1"], resamples=100)
    given = census.measure(census.measures.sparsity.measure, recorded["1"], resamples=100)
    for table in ("units", "layer"):
        pd.testing.assert_frame_equal(by_name[table], given[table])
    maps = np.concatenate([each.copy() for _, each in recorded["1"].maps()])
    assert by_name["layer"]["active_fraction"].item() == pytest.approx((maps != 0).mean())
    assert by_name["units"]["active_fraction"].tolist() == pytest.approx((maps != 0).mean((0, 1, 2)))


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("sparsty", {}, "measure 'sparsty': there is no measure of that name; did you mean 'sparsity'"),
        (
            "sparsity",
            {"resample": 200},
            "^measure 'sparsity': unknown key 'resample'; did you mean 'resamples'",
        ),
        ("sparsity", {"resamples": 5}, "^measure 'sparsity': resamples: must be at least 100, not 5"),
        ("similarity", {}, "measure 'similarity': reads more than one recording; run a study"),
        ("importance", {}, "measure 'importance': reads more than one recording"),
        ("universality", {}, "measure 'universality': reads more than one recording"),
    ],
)
def test_faults_of_a_measure_are_those_of_its_config(recorded, name, parameters, message):
    with pytest.raises(StudyError, match=message):
        census.measure(name, recorded["1"], **parameters)
    with pytest.raises(StudyError, match="recording: must be the recording of one layer, not Recorded"):
        census.measure("sparsity", recorded)


@pytest.mark.parametrize("name", SINGLE)
def test_a_recording_of_one_image_is_refused(images, name):
    one = census.record(make(), images[:1], [0], layers=["1"])["1"]
    assert len(next(one.maps())[1]) == 1
    with pytest.raises(StudyError, match=r"^recording: has a single image, .* at least two$"):
        census.measure(name, one)


def test_labels_beyond_the_logits_are_refused_where_they_are_compared(images):
    logits = census.record(make(), images, np.arange(N_IMAGES) % 3, layers=["output"])["output"]
    with pytest.raises(StudyError, match=r"^recording: labels go up to 2, but the layer has 2 units"):
        census.measure("performance", logits)
    # labels of another data set than that of the training have selectivities
    assert len(census.measure("selectivity", logits, top=5)["units"]) == UNITS


def test_names_are_listed_and_misspelt_ones_are_told():
    assert {"record", "measure", "open_study", "measures"} <= set(dir(census))
    assert set(DECLARED) <= set(dir(census.measures))
    with pytest.raises(AttributeError, match="no attribute 'recrod'"):
        _ = census.recrod
    with pytest.raises(AttributeError, match="no attribute 'sparsty'; did you mean 'sparsity'"):
        _ = census.measures.sparsty
