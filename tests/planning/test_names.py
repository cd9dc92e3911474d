"""Layers and units that the config names are found in the networks by any of their names."""

import pytest

from census.errors import StudyError
from census.networks.layers import Layer
from census.planning.names import layers_of_networks, units_of_layers, with_names_of_layers

LAYERS = {
    "cnn": [
        Layer("input", "input", (1, 28, 28), 0, "x"),
        Layer("relu1", "rectifier", (64, 28, 28), 1, "relu", aliases=("block1",)),
        Layer("relu2", "rectifier", (64, 28, 28), 2, "relu"),
    ]
}
RECORDED = [{"network": "cnn", "layers": ["input", "relu1"]}]


def test_units_are_known_by_their_layer_s_one_name():
    assert units_of_layers(None, LAYERS, RECORDED) == {}
    asked = {"cnn": {"block1": [63], "input": [0], "relu1": [2]}}
    assert units_of_layers(asked, LAYERS, RECORDED) == {"cnn": {"relu1": [63, 2], "input": [0]}}


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
def test_units_that_there_are_not_are_named(asked, message):
    with pytest.raises(StudyError) as raised:
        units_of_layers(asked, LAYERS, RECORDED)
    assert str(raised.value) == f"config: measures.facets.{message}"


def named(**options):
    run = {"network": "cnn", "layers": "all", "unit_layers": "rectified", **options}
    return with_names_of_layers(run, LAYERS["cnn"], "config: runs[0]")


def test_layers_of_a_run_are_known_by_their_one_name():
    assert named()["layers"] == ["input", "relu1", "relu2"]
    assert named(layers=["block1", "input"])["layers"] == ["input", "relu1"]


def test_units_are_looked_at_in_rectified_layers_that_are_recorded():
    assert named()["unit_layers"] == ["relu1", "relu2"]
    assert named(layers=["input", "relu2"])["unit_layers"] == ["relu2"]
    assert named(layers=["input"])["unit_layers"] == []
    assert named(unit_layers=["block1", "input"])["unit_layers"] == ["input", "relu1"]


def test_units_of_a_layer_that_is_not_recorded_are_refused():
    with pytest.raises(StudyError) as raised:
        named(layers=["input"], unit_layers=["block1"])
    message = "config: runs[0].unit_layers: 'relu1' is not among this run's layers"
    assert str(raised.value) == message
    with pytest.raises(StudyError, match=r"runs\[0\]\.unit_layers: .*no layer 'relu3'; did you mean 'relu"):
        named(unit_layers=["relu3"])


def test_layers_are_known_by_their_one_name():
    assert layers_of_networks(None, LAYERS, RECORDED) == {}
    assert layers_of_networks({"cnn": ["block1", "input"]}, LAYERS, RECORDED) == {"cnn": ["relu1", "input"]}
    with pytest.raises(StudyError) as raised:
        layers_of_networks({"cnn": ["relu3"]}, LAYERS, RECORDED)
    message = "loadings.cnn: no run of it records a layer 'relu3'; did you mean 'relu1'?"
    assert str(raised.value) == f"config: measures.directions.{message}"
