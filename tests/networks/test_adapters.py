"""Networks of transformers that take patches or colors take images, with equal logits."""

import numpy as np
import pytest
import torch
from PIL import Image

from census.errors import StudyError
from census.interventions.maximization import Maximization, Settings
from census.interventions.suffix import WholePass, downstream_of
from census.networks.adapters import image_of, nearest_colors, patches_of, processed
from census.networks.build import build
from census.networks.operators import torchvision_ready
from census.networks.prepared import prepare
from census.planning.config import read_config

torchvision_ready()
transformers = pytest.importorskip("transformers")

SMALL = {
    "Siglip2": {
        "vision_config": {
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "patch_size": 8,
            "num_patches": 16,
        },
    },
    "ImageGPT": {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 64, "vocab_size": 12},
}
PALETTE = np.random.default_rng(0).uniform(-1, 1, (11, 3)).tolist()
PROCESSORS = {
    "Siglip2": {"patch_size": 8, "max_num_patches": 16},
    "ImageGPT": {"size": {"height": 8, "width": 8}, "clusters": PALETTE},
}
SIZES = {"Siglip2": 32, "ImageGPT": 8}


def saved(folder, kind, **processor):
    """Write a small network's configuration and preprocessing into a folder, and return its architecture."""
    getattr(transformers, f"{kind}Config")(
        **SMALL[kind], architectures=[f"{kind}ForImageClassification"], num_labels=10
    ).save_pretrained(folder)
    getattr(transformers, f"{kind}ImageProcessor")(**(PROCESSORS[kind] | processor)).save_pretrained(folder)
    return f"transformers:{folder}"


def complete(architecture):
    """Return the entry of a network in the config as the study reads it."""
    study = {
        "datasets": {"clothes": {"source": "fashion-mnist"}},
        "networks": {"n": {"architecture": architecture}},
        "runs": [{"network": "n", "dataset": "clothes"}],
    }
    return read_config(study).plain()["networks"]["n"]


def noise(side):
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (side, side, 3), dtype=np.uint8))


@pytest.mark.parametrize("kind", SMALL)
def test_an_image_gives_the_logits_of_its_patches_or_colors(tmp_path, kind):
    network = build(complete(saved(tmp_path, kind)), seed=0)
    processor = transformers.AutoImageProcessor.from_pretrained(tmp_path)
    images = torch.stack([processed(processor, noise(side)) for side in (SIZES[kind], 50)])
    theirs = processor(images=[noise(side) for side in (SIZES[kind], 50)], return_tensors="pt")
    with torch.inference_mode():
        ours = network(images).logits
        network._forward_pre_hooks.clear()
        assert torch.allclose(ours, network(**theirs).logits, atol=1e-6)
    assert (ours[0] - ours[1]).abs().max() > 1e-4


@pytest.mark.parametrize("kind", SMALL)
def test_layers_are_recorded_proven_and_ablated(tmp_path, kind):
    entry = complete(saved(tmp_path, kind))
    prepared = prepare(build(entry, seed=0), entry, "n")
    assert prepared.verify().n_modules > 20
    names = [layer.name for layer in prepared.listing.layers]
    # cutting an image into patches, or finding its colors, is no layer
    assert names[1].startswith(("vision_model.", "transformer."))
    assert isinstance(downstream_of(prepared, prepared.listing.layers[5]), WholePass)


@pytest.mark.parametrize("kind", SMALL)
def test_their_preprocessing_is_found(tmp_path, kind):
    found = complete(saved(tmp_path, kind))["input"]
    size = SIZES[kind]
    assert found | {"size": size, "resize": size, "mean": [0.5] * 3, "std": [0.5] * 3} == found


def test_no_image_is_found_where_colors_hide_the_gradient(tmp_path):
    entry = complete(saved(tmp_path, "ImageGPT"))
    prepared = prepare(build(entry, seed=0).requires_grad_(False), entry, "n")
    layer = prepared.select(["transformer.h.1.mlp.act.mul_1"])[0]
    first = np.zeros(1, np.int64)
    found = Maximization(prepared, layer, Settings(2, 0.1, "pixels", 0, 0)).optimize(first, first, "am")
    assert np.isnan(found.trajectory).all()


def test_patches_are_those_of_the_processor():
    images = torch.randn(2, 3, 16, 24)
    made = patches_of(images, 8)
    cut = transformers.models.siglip2.image_processing_siglip2.convert_image_to_patches
    assert torch.equal(made["pixel_values"], torch.stack([cut(image, 8) for image in images]))
    assert made["spatial_shapes"].tolist() == [[2, 3], [2, 3]]
    padded = torch.cat([made["pixel_values"][1], torch.zeros(4, 192)])
    assert torch.equal(image_of(padded, 2, 3), images[1])


def test_the_nearest_color_of_each_pixel():
    colors = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 1]])
    image = torch.tensor([[[0.1, 0.9]], [[0.2, 0.1]], [[0.0, 0.2]]])[None]
    assert nearest_colors(image, colors).tolist() == [[0, 1]]


def test_without_preprocessing_the_size_follows_from_the_number_of_patches(tmp_path):
    architecture = saved(tmp_path, "Siglip2")
    for file in tmp_path.glob("*processor*.json"):
        file.unlink()
    assert complete(architecture)["input"]["size"] == 32


def test_without_a_palette_the_network_is_refused(tmp_path):
    architecture = saved(tmp_path, "ImageGPT", clusters=None)
    with pytest.raises(StudyError, match=r"architecture: the palette of .* is missing; add 'clusters' to"):
        build(complete(architecture), seed=0, key="n")
    (tmp_path / "preprocessor_config.json").unlink()
    with pytest.raises(StudyError, match=r"networks\.n\.architecture: the palette of .* cannot be had"):
        build(complete(architecture), seed=0, key="n")
