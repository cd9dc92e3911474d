"""Requests for layers."""

import pytest

from census.errors import StudyError
from census.networks.fields import ReceptiveField
from census.networks.layers import Layer, read_layers, select, write_layers

LAYERS = [
    Layer("input", "input", (3, 8, 8), 0, "x", ("x",)),
    Layer("conv", "other", (4, 8, 8), 1, "conv", receptive_field=ReceptiveField((3, 5), (1, 2), (-1, 0))),
    Layer("relu", "nonlinearity", (4, 8, 8), 2, "relu", preactivation="conv"),
    Layer("block.cat", "module", (8, 8, 8), 3, "cat", ("block",)),
    Layer("output", "output", (10, 1, 1), 4, "fc", ("fc",)),
]


def names(request):
    return [layer.name for layer in select(LAYERS, request, "runs[0].layers")]


def test_all_leaves_out_other_steps():
    assert names("all") == ["input", "relu", "block.cat", "output"]


def test_nonlinear_ones_are_taken_by_a_word():
    assert names("nonlinear") == ["relu"]
    assert names(["nonlinear", "input"]) == ["input", "relu"]


def test_names_and_aliases_mean_one_layer_each_in_order_of_depth():
    assert names(["fc", "block", "output", "conv"]) == ["conv", "block.cat", "output"]
    assert names(["all", "conv"]) == ["input", "conv", "relu", "block.cat", "output"]


def test_an_unknown_layer_is_named_with_the_nearest_one():
    with pytest.raises(StudyError, match=r"runs\[0\]\.layers: .*no layer 'rellu'; did you mean 'relu'"):
        names(["rellu"])


def test_layers_survive_their_file(tmp_path):
    write_layers(LAYERS, tmp_path / "folder" / "layers.json")
    assert read_layers(tmp_path / "folder" / "layers.json") == LAYERS
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["layers.json"]


def test_neurons():
    assert LAYERS[3].n_neurons == 512
