"""The pretrained network, for real: fetched, converted, and right about labelled photographs."""

import logging

import pytest
import torch

from census.data.convert import convert
from census.data.fetch import fetch
from census.data.store import open_dataset
from census.networks.build import build
from census.networks.preprocess import Preprocess
from census.networks.weights import fit_state, squeezenet_state

LOG = logging.getLogger("census")
INPUT = {
    "size": 227,
    "resize": None,
    "color": "BGR",
    "range": 255,
    "mean": [104, 117, 123],
    "std": [1, 1, 1],
}
PICTURES = {
    "source": "imagenet-samples",
    "size": 227,
    "fit": "crop",
    "background": [255, 255, 255],
    "unreadable": "fail",
}


@pytest.mark.network
def test_it_knows_imagenets_classes(tmp_path):
    for source in ("squeezenet1_1-caffe", "imagenet-samples"):
        fetch(source, tmp_path / source, LOG)
    paths = [tmp_path / name for name in ("all.zarr", "all.parquet", "all.tsv")]
    convert("pictures", PICTURES, "all", tmp_path / "imagenet-samples", *paths, threads=1, log=LOG)
    pictures = open_dataset(paths[0])
    entry = {
        "architecture": "squeezenet1_1",
        "arguments": {},
        "classes": 1000,
        "weights": "squeezenet1_1-caffe",
        "input": INPUT,
    }
    network = build(entry, seed=0)
    pickled = tmp_path / "squeezenet1_1-caffe" / "squeezenet_weights.pkl"
    fit_state(network, squeezenet_state(pickled), "test")
    with torch.inference_mode():
        best = network(Preprocess(INPUT)(pictures.pixels[:])).topk(5).indices.numpy()
    assert len(pictures.classes) == 1000
    assert (best[:, 0] == pictures.labels).sum() >= 13
    assert (best == pictures.labels[:, None]).any(1).sum() == 20
