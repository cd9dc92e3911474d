"""Ablation gives the results of full forward passes with a hook that ablates the units."""

import numpy as np
import pytest
import torch
from torch import nn

from census.interventions.ablation import Ablation
from census.measures.ablation import compare
from census.networks.prepared import prepare
from census.networks.preprocess import Preprocess

INPUT = {"size": 8, "resize": None, "color": "gray", "range": 1, "mean": [0.5], "std": [0.5]}
N_IMAGES, UNITS = 7, 5
PIXELS = np.random.default_rng(0).integers(0, 256, (N_IMAGES, 8, 8, 1), dtype=np.uint8)
LABELS = np.arange(N_IMAGES, dtype=np.int32) % 3
CHANGED = np.array([[True, False, False, False, False], [False, True, False, True, True], [False] * UNITS])


@pytest.fixture
def network():
    network = nn.Sequential(
        nn.Conv2d(1, UNITS, 3), nn.ReLU(), nn.Conv2d(UNITS, 4, 3), nn.Flatten(), nn.Linear(64, 3)
    )
    return network.eval()


def ablation(network, labels=LABELS, batch=3):
    prepared = prepare(network, {"input": INPUT, "classes": 3}, pixels=PIXELS)
    return Ablation(prepared, *prepared.select(["1"]), PIXELS, labels, batch=batch, seed=0)


def logits_of(network, take_out=None):
    """Return the logits of all images, with a hook on the activation function."""
    handle = network[1].register_forward_hook(lambda _, __, maps: take_out(maps) if take_out else None)
    with torch.inference_mode():
        logits = network(Preprocess(INPUT)(PIXELS)).numpy()
    handle.remove()
    return logits


def without(units, by):
    def take_out(maps):
        maps = maps.clone()
        maps[:, units] = by[:, units]
        return maps

    return take_out


@pytest.mark.parametrize("labels", [LABELS, None])
@pytest.mark.parametrize("mode", ["zero", "mean"])
@pytest.mark.parametrize("batch", [3, 64])
def test_zero_and_mean(network, labels, mode, batch):
    average = np.linspace(0.1, 0.5, UNITS)
    found = ablation(network, labels, batch).outcomes(CHANGED, mode, average)
    by = torch.from_numpy(average if mode == "mean" else np.zeros(UNITS)).float()[None, :, None, None]
    by = by.expand(N_IMAGES, UNITS, 6, 6)
    intact = logits_of(network)
    for number, units in enumerate(CHANGED):
        expected = compare(logits_of(network, without(torch.from_numpy(units), by)), intact, labels)
        np.testing.assert_allclose(found.changed.loss[number], expected.loss, atol=1e-5)
        np.testing.assert_array_equal(found.changed.accuracy[number], expected.accuracy)
    np.testing.assert_array_equal(found.changed.loss[2], found.intact.loss)
    np.testing.assert_array_equal(found.classes, intact.argmax(1) if labels is None else labels)


def test_a_map_of_another_image(network):
    """What stands in for an image's map is that of exactly one other, and each image's is used once."""
    found = ablation(network).outcomes(np.ones((1, UNITS), bool), "resampled", np.zeros(UNITS))
    intact = logits_of(network)
    # with all maps replaced, an image has the logits of the other image
    losses = np.stack([compare(np.roll(intact, by, 0), intact, LABELS).loss for by in range(N_IMAGES)])
    donors = [
        [(image - by) % N_IMAGES for by in range(N_IMAGES) if abs(losses[by, image] - loss) < 1e-5]
        for image, loss in enumerate(found.changed.loss[0])
    ]
    assert all(len(each) == 1 for each in donors)
    donors = [donor for (donor,) in donors]
    assert sorted(donors) == list(range(N_IMAGES))
    assert all(donor != image for image, donor in enumerate(donors))


def test_means_over_other_images(network):
    others = np.random.default_rng(1).integers(0, 256, (10, 8, 8, 1), dtype=np.uint8)
    with torch.inference_mode():
        expected = network[:2](Preprocess(INPUT)(others)).mean((0, 2, 3)).numpy()
    np.testing.assert_allclose(ablation(network).mean_over(others), expected, rtol=1e-5)
