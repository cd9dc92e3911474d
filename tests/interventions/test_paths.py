"""Activation vectors of natural and of made images are those of the network."""

import numpy as np
import pytest
import torch
from torch import nn

from census.interventions.paths import Paths
from census.networks.prepared import prepare
from census.networks.preprocess import Preprocess

INPUT = {"size": 8, "resize": 12, "color": "RGB", "range": 1, "mean": [0.5] * 3, "std": [0.25] * 3}
RANDOM = np.random.default_rng(0)
NATURAL = RANDOM.integers(0, 256, (5, 20, 20, 3), dtype=np.uint8)
MADE = RANDOM.integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(6, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3)
    ).eval()


def paths(network, neurons, batch=2, layers=("1", "3")):
    prepared = prepare(network, {"input": INPUT, "classes": 3})
    chosen = prepared.select(layers)
    return Paths(prepared, chosen, neurons=neurons, batch=batch, seed=0)


def expected(network, images):
    with torch.inference_mode():
        return {name: network[: int(name) + 1](images).flatten(1).numpy() for name in ("1", "3")}


def test_natural_images_are_preprocessed_and_made_ones_have_the_network_s_size(network):
    found = paths(network, 10_000)
    of_natural = expected(network, Preprocess(INPUT)(NATURAL))
    as_input = (torch.from_numpy(MADE).permute(0, 3, 1, 2) / 255 - 0.5) / 0.25
    of_made = expected(network, as_input)
    for name in ("1", "3"):
        np.testing.assert_allclose(found.natural(NATURAL)[name], of_natural[name], atol=1e-5)
        np.testing.assert_allclose(found.made(MADE)[name], of_made[name], atol=1e-5)


def test_neurons_are_sampled_alike_for_all_images_and_checkpoints(network):
    whole = paths(network, 10_000).natural(NATURAL)
    some = paths(network, 20, batch=64)
    found = some.natural(NATURAL)
    for name in ("1", "3"):
        assert found[name].shape == (5, 20)
        # each is one of the neurons, in order
        places = [
            np.flatnonzero((np.abs(whole[name] - column[:, None]) < 1e-5).all(0)) for column in found[name].T
        ]
        assert all(len(each) for each in places)
    again = nn.Sequential(*(type(each)(*_arguments(each)) for each in network)).eval()
    again.load_state_dict(network.state_dict())
    np.testing.assert_allclose(paths(again, 20).made(MADE)["3"], some.made(MADE)["3"], atol=1e-5)


def _arguments(module):
    match module:
        case nn.Conv2d():
            return module.in_channels, module.out_channels, 3
        case nn.Linear():
            return module.in_features, module.out_features
    return ()


def test_values_that_are_not_finite_give_zeros(network):
    with torch.no_grad():
        network[2].bias[0] = float("inf")
    found = paths(network, 10_000).natural(NATURAL)
    assert np.isfinite(found["3"]).all()
    assert (found["3"] == 0).all()
    assert found["1"].any()
