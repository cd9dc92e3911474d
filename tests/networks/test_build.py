"""Architectures: the study's own, torchvision's, the user's."""

import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from census.errors import StudyError
from census.networks.architectures import mlp, shallow_cnn, vgg16_small
from census.networks.build import build


def entry(architecture, **changes):
    return {
        "architecture": architecture,
        "arguments": {},
        "classes": 10,
        "weights": "random",
        "input": {"size": 32, "color": "RGB"},
        **changes,
    }


def widths(network, kind):
    return [
        module.out_channels if kind is nn.Conv2d else module.out_features
        for module in network.modules()
        if isinstance(module, kind)
    ]


def test_the_cnn_has_the_papers_widths():
    network = shallow_cnn(1, 28, 10)
    convolutions = [module for module in network if isinstance(module, nn.Conv2d)]
    assert widths(network, nn.Conv2d) == [64, 64, 128, 128]
    assert all(module.kernel_size == (3, 3) and module.stride == (1, 1) for module in convolutions)
    assert widths(network, nn.Linear) == [512, 10]  # one hidden layer before the classifier
    assert network(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


def test_the_mlp_has_the_papers_widths():
    network = mlp(3, 32, 10)
    assert widths(network, nn.Linear) == [128, 512, 2048, 2048, 10]
    assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


@pytest.mark.parametrize("size", [16, 28, 32, 64])
def test_vgg16_has_13_convolutions_and_takes_small_images(size):
    network = vgg16_small(3, size, 7).eval()
    assert widths(network, nn.Conv2d) == [64] * 2 + [128] * 2 + [256] * 3 + [512] * 6
    assert network(torch.zeros(2, 3, size, size)).shape == (2, 7)


def test_weights_follow_from_the_seed_alone():
    torch.manual_seed(1)
    first, before = build(entry("mlp"), seed=3), torch.rand(1)
    torch.manual_seed(1)
    assert torch.equal(before, torch.rand(1))  # the caller's random numbers are left alone
    second, other = build(entry("mlp"), seed=3), build(entry("mlp"), seed=4)
    assert torch.equal(first.fc1.weight, second.fc1.weight)
    assert not torch.equal(first.fc1.weight, other.fc1.weight)


def test_torchvisions_networks_take_arguments_and_classes():
    network = build(entry("vit_b_16", arguments={"image_size": 32}), seed=0)
    assert network(torch.zeros(1, 3, 32, 32)).shape == (1, 10)


def test_googlenet_transforms_its_input_only_for_torchvisions_weights():
    light = {"init_weights": False, "aux_logits": False}
    assert not build(entry("googlenet", arguments=light), seed=0).transform_input
    assert build(entry("googlenet", arguments=light, weights="torchvision:DEFAULT"), seed=0).transform_input


def test_a_network_of_the_users_own(tmp_path, monkeypatch):
    (tmp_path / "my_networks.py").write_text(
        "from torch import nn\n"
        "def small(width):\n    return nn.Sequential(nn.Flatten(), nn.Linear(3072, width))\n"
        "def none():\n    return 3\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    network = build(entry("my_networks:small", arguments={"width": 4}), seed=0)
    assert network(torch.zeros(1, 3, 32, 32)).shape == (1, 4)
    with pytest.raises(
        StudyError, match=r"networks\.n\.architecture: my_networks has no 'smal'; did you mean 'small'"
    ):
        build(entry("my_networks:smal"), seed=0, key="n")
    with pytest.raises(StudyError, match=r"gave no torch\.nn\.Module"):
        build(entry("my_networks:none"), seed=0)
    with pytest.raises(StudyError, match="'no_such_module' cannot be imported"):
        build(entry("no_such_module:small"), seed=0)


def test_a_network_of_the_users_own_from_parts_of_torchvision(tmp_path):
    (tmp_path / "my_parts.py").write_text(
        "from torchvision.models.resnet import BasicBlock, ResNet\n"
        "def small():\n    return ResNet(BasicBlock, [1, 1, 1, 1], num_classes=3)\n"
    )
    (tmp_path / "my_faults.py").write_text("1 / 0\n")
    # of its own process, as the import of torchvision is what is tried
    program = (
        "from census.errors import StudyError\n"
        "from census.networks.build import build\n"
        f"entry = {entry('my_parts:small')!r}\n"
        "print(len(build(entry, seed=0).layer4))\n"
        "try:\n    build(entry | {'architecture': 'my_faults:small'}, seed=0, key='n')\n"
        "except StudyError as error:\n    print(error)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    blocks, message = ended.stdout.splitlines()
    assert blocks == "1"
    assert "networks.n.architecture: 'my_faults' cannot be imported (division by zero)" in message


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (entry("sqeezenet1_1"), "no network 'sqeezenet1_1'; did you mean 'squeezenet1_1'"),
        (entry("cnn", input={"size": 4, "color": "gray"}), "cannot be built: .*4 pixels are too few"),
        (entry("squeezenet1_1", arguments={"widht": 3}), "cannot be built: .*widht"),
    ],
)
def test_what_cannot_be_built_is_said(wrong, message):
    with pytest.raises(StudyError, match=r"networks\.n.*" + message):
        build(wrong, seed=0, key="n")
