"""Pretrained networks: fetched, converted, and accurate on labeled photographs."""

import logging

import pytest
import torch

from census.data.convert import convert
from census.data.downloads import FETCHED_WEIGHTS
from census.data.fetch import fetch
from census.data.store import open_dataset
from census.networks.build import build
from census.networks.preprocess import Preprocess
from census.networks.weights import CONVERTERS, fetched_state, fit_state

LOG = logging.getLogger("census")
# by the weights' name: the network's input, and how many of the 20 images it names first
KNOWN = {
    "squeezenet1_1-caffe": (
        {"size": 227, "color": "BGR", "range": 255, "mean": [104, 117, 123], "std": [1, 1, 1]},
        13,
    ),
    "efficientnet-lite0-tensorflow": (
        {"size": 224, "color": "RGB", "range": 255, "mean": [127, 127, 127], "std": [128, 128, 128]},
        17,
    ),
}


def test_all_fetched_weights_are_known_here():
    assert KNOWN.keys() == CONVERTERS.keys() == FETCHED_WEIGHTS.keys()


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    fetch("imagenet-samples", folder / "fetched", LOG)
    return folder


@pytest.mark.network
@pytest.mark.parametrize("weights", KNOWN)
def test_they_know_imagenets_classes(weights, samples, tmp_path):
    settings, n_right = KNOWN[weights]
    settings = {"resize": None, **settings}
    form = {"size": settings["size"], "fit": "crop", "background": [255, 255, 255], "unreadable": "fail"}
    paths = [tmp_path / name for name in ("all.zarr", "all.parquet", "all.tsv")]
    entry = {"source": "imagenet-samples", **form}
    convert("images", entry, "all", samples / "fetched", *paths, threads=1, log=LOG)
    images = open_dataset(paths[0])
    fetch(weights, tmp_path / weights, LOG)
    (tmp_path / weights / ".snakemake_timestamp").touch()
    entry = {"architecture": FETCHED_WEIGHTS[weights], "arguments": {}, "classes": 1000}
    network = build({**entry, "weights": weights, "input": settings}, seed=0)
    fit_state(network, fetched_state(weights, tmp_path / weights), "test")
    with torch.inference_mode():
        best = network(Preprocess(settings)(images.pixels[:])).topk(5).indices.numpy()
    assert len(images.classes) == 1000
    assert (best[:, 0] == images.labels).sum() == n_right
    assert (best == images.labels[:, None]).any(1).sum() == 20
