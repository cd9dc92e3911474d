"""Networks that are ready to run."""

from dataclasses import replace

import numpy as np
import pytest
from torch import nn

from census.networks import prepared as module
from census.networks.prepared import prepare_with
from census.networks.preprocess import Preprocess

SIDE, UNITS = 12, 6
PLAIN = {"size": SIDE, "resize": None, "crop": None, "color": "gray", "range": 1, "mean": [0.5], "std": [0.5]}


@pytest.fixture
def prepared():
    network = nn.Sequential(nn.Conv2d(1, UNITS, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3))
    pixels = np.random.default_rng(0).integers(0, 256, (4, SIDE, SIDE, 1), np.uint8)
    return prepare_with(network.eval(), Preprocess(PLAIN), pixels)


@pytest.mark.parametrize(
    ("layer", "kilobytes", "at_once"),
    [
        ("input", 6, 10),  # 12 · 12 values of 4 bytes
        ("0", 40, 11),  # six times as many
        ("output", 40, 11),  # the largest upstream counts
        ("output", 1000, 96),
        ("0", 1, 4),
    ],
)
def test_activations_of_all_images_at_once_fit_into_the_cache(
    prepared, monkeypatch, layer, kilobytes, at_once
):
    monkeypatch.setattr(module, "CACHE_BYTES", 1000 * kilobytes)
    (layer,) = prepared.select([layer])
    assert prepared.images_at_once(96, until=layer) == at_once
    assert replace(prepared, device="cuda").images_at_once(96, until=layer) == 96


def test_only_layers_that_run_count(prepared, monkeypatch):
    monkeypatch.setattr(module, "CACHE_BYTES", 40_000)
    convolution, logits = prepared.select(["0", "output"])
    assert prepared.images_at_once(96, since=convolution) == 11
    assert prepared.images_at_once(96) == 11
    assert prepared.images_at_once(96, since=logits) == 96
