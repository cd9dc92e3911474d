"""Networks of timm and transformers are built by name, with weights and preprocessing of their own."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from census.errors import StudyError
from census.networks.build import build
from census.networks.hubs import (
    digest_of_folder,
    files_of_weights,
    hub_of,
    local_folder,
    own_entry,
    published_state,
)
from census.networks.operators import torchvision_ready
from census.networks.preprocess import Preprocess
from census.networks.weights import fit_state
from census.planning.config import read_config

torchvision_ready()
timm, transformers = pytest.importorskip("timm"), pytest.importorskip("transformers")

SCRIPTS = Path(__file__).parents[2] / "scripts"
VIT = "ViTForImageClassification"


def entry(architecture, **changes):
    return {
        "architecture": architecture,
        "arguments": {},
        "classes": 10,
        "weights": "random",
        "input": {"size": 32, "color": "RGB"},
        **changes,
    }


def complete(network, cache=None):
    """Return a network's entry in the config as the study reads it."""
    study = {
        "datasets": {"clothes": {"source": "fashion-mnist"}},
        "networks": {"n": network},
        "runs": [{"network": "n", "dataset": "clothes"}],
    }
    return read_config(study, cache).plain()["networks"]["n"]


@pytest.fixture(scope="module")
def folder(saved_configuration):
    """A small transformer with weights and preprocessing, as transformers saves them."""
    folder = saved_configuration(VIT)
    configuration = transformers.AutoConfig.from_pretrained(folder)
    transformers.ViTForImageClassification(configuration).save_pretrained(folder)
    transformers.ViTImageProcessor(
        size={"height": 32, "width": 32}, image_mean=[0.4, 0.5, 0.6], image_std=[0.2, 0.3, 0.4], resample=3
    ).save_pretrained(folder)
    return folder


@pytest.fixture
def offline(monkeypatch):
    """No hub can be reached, and none is asked for minutes."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def test_networks_of_many_kinds_are_built(hub_network):
    with torch.inference_mode():
        answer = hub_network.network(torch.randn(2, 3, hub_network.size, hub_network.size))
    logits = answer if isinstance(answer, Tensor) else answer.logits
    assert logits.shape == (2, 10)
    assert (logits[0] != logits[1]).all()
    assert not hub_network.network.training


@pytest.mark.parametrize(
    ("architecture", "hub", "local"),
    [
        ("timm:resnet18.a1_in1k", ("timm", "resnet18.a1_in1k"), None),
        ("timm:local-dir:a/b", ("timm", "local-dir:a/b"), "a/b"),
        ("timm:hf-hub:a/b", ("timm", "hf-hub:a/b"), None),
        ("transformers:google/vit", ("transformers", "google/vit"), None),
        ("transformers:./vit", ("transformers", "./vit"), "vit"),
        ("transformers:/vit", ("transformers", "/vit"), "/vit"),
        ("timm:", None, None),
        ("mine.transformers:vit", None, None),
        ("resnet18", None, None),
    ],
)
def test_what_an_architecture_names(architecture, hub, local):
    assert hub_of(architecture) == hub
    assert local_folder(architecture) == (local and Path(local))


def test_a_class_among_several_is_the_configuration_s(saved_configuration):
    name = "DeiTForImageClassificationWithTeacher"
    network = build(entry(f"transformers:{saved_configuration(name)}"), seed=0)
    assert type(network).__name__ == name


def test_gray_images_and_changes_of_the_configuration(folder):
    gray = {"size": 32, "color": "gray"}
    assert build(entry("timm:test_resnet", input=gray), seed=0)(torch.zeros(1, 1, 32, 32)).shape == (1, 10)
    changed = entry(f"transformers:{folder}", input=gray, classes=4, arguments={"num_hidden_layers": 1})
    network = build(changed, seed=0)
    assert network(torch.zeros(1, 1, 32, 32)).logits.shape == (1, 4)
    assert network.config.num_hidden_layers == 1


def test_weights_of_a_local_folder(folder):
    this = entry(f"transformers:{folder}", weights="pretrained")
    network = build(this, seed=1)
    expected = transformers.ViTForImageClassification.from_pretrained(folder).eval()
    images = torch.randn(2, 3, 32, 32)
    assert not torch.equal(network(images).logits, expected(images).logits)
    fit_state(network, published_state(this, 3, "n"), "folder")
    assert torch.equal(network(images).logits, expected(images).logits)
    assert str(folder / "model.safetensors") in files_of_weights(this["architecture"])


def test_weights_of_a_local_folder_of_timm(tmp_path):
    network = timm.create_model("test_resnet", num_classes=4).eval()
    importlib.import_module("timm.models._hub").save_for_hf(network, tmp_path)
    this = entry(f"timm:local-dir:{tmp_path}", weights="pretrained", classes=4)
    built, images = build(this, seed=0), torch.randn(2, 3, 32, 32)
    fit_state(built, published_state(this, 3, "n"), "folder")
    assert torch.equal(built(images), network(images))
    assert own_entry(this, "n")["classes"] == 4
    # timm reads them if there is no other file
    torch.save(network.state_dict(), tmp_path / "model.pth")
    assert str(tmp_path / "model.pth") in files_of_weights(this["architecture"])


def test_weights_for_other_classes_or_without_a_classifier_are_refused(folder, tmp_path):
    with pytest.raises(StudyError, match=r"networks\.n\.classes: .*are for 10 classes, not 4"):
        published_state(entry(f"transformers:{folder}", classes=4), 3, "n")
    transformers.ViTModel.from_pretrained(folder).save_pretrained(tmp_path)
    with pytest.raises(StudyError, match=r"networks\.n\.weights: .* lack 2 tensors, .*'classifier\.bias'"):
        published_state(entry(f"transformers:{tmp_path}"), 3, "n")


@pytest.mark.parametrize(
    ("architecture", "arguments", "message"),
    [
        ("timm:resnet81", {}, r"architecture: timm has no network 'resnet81'; did you mean 'resnet18'"),
        ("timm:resnet18.nope", {}, r"architecture: timm has no network 'resnet18\.nope'; did you mean"),
        ("timm:test_resnet", {"widht": 3}, r"'timm:test_resnet' cannot be built: TypeError: .*'widht'"),
        ("transformers:./nowhere", {}, r"architecture: .*there is no file 'nowhere/config\.json'"),
        (
            "transformers:nobody/nothing",
            {},
            r"architecture: .*cannot be had: .*check the name and the network",
        ),
        (
            "timm:hf-hub:nobody/nothing",
            {},
            r"architecture: .*cannot be had: .*check the name and the network",
        ),
        ("transformers:FOLDER", {"depth": 3}, r"arguments: .* has no setting 'depth'"),
        ("transformers:BERT", {}, r"architecture: .* is no image classifier, but a BertConfig"),
    ],
)
def test_what_cannot_be_built_is_said(folder, tmp_path, offline, architecture, arguments, message):
    transformers.BertConfig().save_pretrained(tmp_path)
    architecture = architecture.replace("FOLDER", str(folder)).replace("BERT", str(tmp_path))
    with pytest.raises(StudyError, match=r"networks\.n.*" + message):
        build(entry(architecture, arguments=arguments), seed=0, key="n")


@pytest.mark.parametrize(
    "architecture", ["timm:resnet18.a1_in1k", "transformers:google/vit-base-patch16-224"]
)
def test_weights_that_cannot_be_fetched_are_told_of(offline, architecture):
    with pytest.raises(StudyError, match=r"networks\.n\.\w+: .*cannot be had: .*or name a local folder"):
        published_state(entry(architecture, classes=1000), 3, "n")


def test_a_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(StudyError) as told:
        build(entry("timm:resnet18"), 0, "n")
    expected = "networks.n.architecture: 'timm:resnet18' needs the package timm; pip install timm"
    assert str(told.value) == expected


# preprocessing


def theirs(architecture):
    """Return a network's preprocessing, as its library does it."""
    hub, name = hub_of(architecture)
    if hub == "timm":
        data = timm.data.resolve_data_config(pretrained_cfg=timm.get_pretrained_cfg(name).to_dict())
        return timm.data.create_transform(**data)
    processor = transformers.AutoImageProcessor.from_pretrained(name)
    return lambda image: processor(images=image, return_tensors="pt")["pixel_values"][0]


def pixels_of(side):
    """Return a smooth image with edges, uint8 (1, side, side, 3)."""
    y, x = np.mgrid[:side, :side] / side
    waves = np.stack([np.sin(9 * x + 5 * y), np.cos(23 * y - x), np.sign(np.sin(31 * x * y))], -1)
    return (127 + 90 * waves).round().astype(np.uint8)[None]


@pytest.mark.parametrize(
    ("architecture", "size", "resize"),
    [
        ("timm:resnet18.a1_in1k", 224, 235),  # an odd margin
        ("timm:vit_base_patch16_224.augreg_in21k", 224, 248),
        ("timm:dla34.in1k", 224, 256),  # bilinear
        ("timm:tf_efficientnetv2_s.in1k", 300, 300),
        ("transformers:FOLDER", 32, 32),
    ],
)
def test_preprocessing_is_the_network_s_own(folder, architecture, size, resize):
    architecture = architecture.replace("FOLDER", str(folder))
    found = complete({"architecture": architecture})
    assert (found["input"]["size"], found["input"]["resize"]) == (size, resize)
    pixels = pixels_of(400)
    expected = theirs(architecture)(Image.fromarray(pixels[0]))
    difference = (Preprocess(found["input"])(pixels)[0] - expected).abs() * torch.tensor(
        found["input"]["std"]
    )[:, None, None]
    assert difference.max() * 255 < 3  # gray levels: they round after rows, and after columns
    assert difference.mean() * 255 < 0.4


PROCESSORS = {
    # another order of colors, an offset, a share that is cut off, a size of its own for small images
    "PPLCNetImageProcessor": {"color": "BGR", "resize": 256},
    "EfficientNetImageProcessor": {"mean": [0.5] * 3, "std": [0.25] * 3, "size": 346},
    "LevitImageProcessor": {"resize": 256, "size": 224},
    "PoolFormerImageProcessor": {"resize": 248, "size": 224},
}


@pytest.mark.parametrize("name", PROCESSORS)
def test_preprocessing_of_each_kind_is_found(folder, tmp_path, name):
    transformers.AutoConfig.from_pretrained(folder).save_pretrained(tmp_path)
    getattr(transformers, name)().save_pretrained(tmp_path)
    found = complete({"architecture": f"transformers:{tmp_path}"})["input"]
    assert found | PROCESSORS[name] == found


def test_preprocessing_that_the_config_cannot_give_is_refused(folder, tmp_path):
    transformers.AutoConfig.from_pretrained(folder).save_pretrained(tmp_path)
    transformers.ViTImageProcessor(size={"height": 32, "width": 48}).save_pretrained(tmp_path)
    with pytest.raises(StudyError, match=r"networks\.n\.input: .*32×48 pixels; only squares"):
        complete({"architecture": f"transformers:{tmp_path}"})


def test_without_preprocessing_the_size_is_the_configuration_s(saved_configuration):
    found = complete({"architecture": f"transformers:{saved_configuration(VIT)}"})
    assert found["input"] | {"size": 32, "mean": [0.485, 0.456, 0.406]} == found["input"]
    assert found["classes"] == 10


def test_what_the_config_gives_counts(folder):
    architecture = f"transformers:{folder}"
    found = complete({"architecture": architecture, "classes": 5, "input": {"mean": [0, 0, "1e-1"]}})
    assert found["classes"] == 5
    assert found["input"]["mean"] == [0, 0, 0.1]
    assert found["input"]["std"] == [0.2, 0.3, 0.4]
    # another size is the same share of the image
    assert complete({"architecture": "timm:test_resnet", "input": {"size": 80}})["input"]["resize"] == 84
    assert (
        complete({"architecture": "timm:vit_tiny_patch16_224", "arguments": {"img_size": 112}})["input"]
        | {
            "size": 112,
            "resize": 124,
        }
        == complete({"architecture": "timm:vit_tiny_patch16_224", "arguments": {"img_size": 112}})["input"]
    )


def test_a_second_reading_of_the_config_needs_no_torch(folder, tmp_path):
    cache, network = tmp_path / "inputs", {"architecture": f"transformers:{folder}"}
    first = complete(network, cache)
    program = (
        "import json, sys\nfrom pathlib import Path\nfrom census.planning.config import read_config\n"
        "study = json.loads(sys.argv[1])\n"
        "found = read_config(study, Path(sys.argv[2])).plain()['networks']['n']\n"
        "assert 'torch' not in sys.modules\nprint(json.dumps(found))"
    )
    study = {
        "datasets": {"clothes": {"source": "fashion-mnist"}},
        "networks": {"n": network},
        "runs": [{"network": "n", "dataset": "clothes"}],
    }
    printed = subprocess.run(
        [sys.executable, "-c", program, json.dumps(study), str(cache)],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(printed.stdout) == first


def test_an_edited_configuration_is_another(folder, tmp_path):
    architecture = f"transformers:{tmp_path}"
    transformers.AutoConfig.from_pretrained(folder).save_pretrained(tmp_path)
    before = digest_of_folder(architecture)
    settings = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(settings | {"num_hidden_layers": 1}))
    assert digest_of_folder(architecture) != before


def test_networks_that_no_run_names_are_not_asked(offline):
    study = {
        "datasets": {"clothes": {"source": "fashion-mnist"}},
        "networks": {
            "cnn": {"architecture": "cnn"},
            "other": {"architecture": "transformers:nobody/nothing"},
        },
        "runs": [{"network": "cnn", "dataset": "clothes"}],
    }
    assert read_config(study).networks["other"].input.size == 224
