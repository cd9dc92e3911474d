"""Architectures of the study, of torchvision, and of the user."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.overrides import BaseTorchFunctionMode

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


def test_the_cnn_has_the_widths_asked_for():
    network = shallow_cnn(1, 28, 10, units=[4, 8, 12, 16], neurons=20)
    assert widths(network, nn.Conv2d) == [4, 8, 12, 16]
    assert widths(network, nn.Linear) == [20, 10]


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
    assert (
        "networks.n.architecture: 'my_faults' cannot be imported (ZeroDivisionError: division by zero; "
        in message
    )
    assert "my_faults.py:1)" in message


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (entry("sqeezenet1_1"), "no network 'sqeezenet1_1'; did you mean 'squeezenet1_1'"),
        (entry("cnn", input={"size": 4, "color": "gray"}), "cannot be built: .*4 pixels are too few"),
        (entry("cnn", arguments={"units": [8, 8]}), "cannot be built: .*four convolutions, not 2"),
        (entry("squeezenet1_1", arguments={"widht": 3}), "cannot be built: .*widht"),
    ],
)
def test_what_cannot_be_built_is_said(wrong, message):
    with pytest.raises(StudyError, match=r"networks\.n.*" + message):
        build(wrong, seed=0, key="n")


# what is around a network, or in it


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 4, 3), nn.Linear(4, 3)

    def forward(self, x):
        return self.fc(self.conv(x).relu().mean((2, 3)))


class Decorated(Net):
    forward = torch.compile(Net.forward)


def _inside():
    network = Net()
    network.conv, network.fc = torch.compile(network.conv), nn.DataParallel(network.fc)
    network.compile()
    return network


def _shared_and_nested():
    part = torch.compile(nn.Sequential(nn.DataParallel(nn.Conv2d(3, 3, 1)), nn.ReLU()))
    return nn.Sequential(part, nn.DataParallel(part), nn.Flatten())


def _partly_scripted():
    network = Net()
    network.conv = torch.jit.script(network.conv)
    return network


def _lazy():
    return nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3))


def _never_called():
    network = Net()
    network.other = nn.LazyLinear(2)
    return network


def _on_meta():
    with torch.device("meta"):
        return Net()


EXAMPLE = (torch.zeros(2, 3, 8, 8),)
GIVEN = {
    "compiled": lambda: torch.compile(nn.DataParallel(torch.compile(Net()))),
    "inside": _inside,
    "shared_and_nested": _shared_and_nested,
    "decorated": Decorated,
    "double": lambda: Net().double(),
    "half": lambda: Net().half(),
    "bfloat16": lambda: nn.DataParallel(Net().bfloat16()),
    "scripted": lambda: torch.jit.script(Net()),
    "traced": lambda: torch.jit.trace(Net(), EXAMPLE),
    "partly_scripted": _partly_scripted,
    "exported": lambda: torch.export.export(Net(), EXAMPLE),
    "exported_module": lambda: torch.export.export(Net(), EXAMPLE).module(),
    "quantized": lambda: torch.ao.quantization.quantize_dynamic(Net(), {nn.Linear}),
    "lazy": _lazy,
    "lazy_double": lambda: _lazy().double(),
    "too_small": lambda: nn.Sequential(nn.LazyConv2d(4, 50), nn.Flatten(), nn.Linear(4, 3)),
    "never_called": _never_called,
    "on_meta": _on_meta,
    "number": lambda: 3,
}


@pytest.fixture
def given(tmp_path, monkeypatch):
    """A function that builds one of these as a network of the user's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setitem(sys.modules, "given_networks", SimpleNamespace(**GIVEN))
    return lambda name: build(entry(f"given_networks:{name}"), seed=0, key="n")


@pytest.mark.parametrize("name", ["compiled", "inside", "decorated"])
def test_wrappers_are_taken_off(given, name):
    network = given(name)
    assert list(dict(network.named_modules())) == ["", "conv", "fc"]
    images, plain = torch.randn(2, 3, 8, 8), Net()
    plain.load_state_dict(network.state_dict())
    with BaseTorchFunctionMode():  # which torch.compile would not run under
        assert torch.equal(network(images), plain(images))


def test_wrappers_within_each_other_and_in_several_places_are_taken_off(given):
    network = given("shared_and_nested")
    assert [type(each).__name__ for each in network[0]] == ["Conv2d", "ReLU"]
    assert network[0] is network[1]


@pytest.mark.parametrize(
    ("name", "precision"), [("double", "float64"), ("half", "float16"), ("bfloat16", "bfloat16")]
)
def test_other_precisions_become_float32_and_the_log_says_so(given, name, precision, caplog):
    with caplog.at_level("INFO", logger="census"):
        network = given(name)
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}
    (line,) = caplog.messages
    assert line == (
        f"networks.n.architecture: 'given_networks:{name}': converted torch.{precision} weights to float32"
    )


@pytest.mark.parametrize("name", ["lazy", "lazy_double"])
def test_lazy_modules_get_their_shapes_from_an_image(given, name):
    first, second = given(name), given(name)
    assert first[0].weight.shape == (4, 3, 3, 3)
    assert first[4].in_features == 4 * 30 * 30
    assert {parameter.dtype for parameter in first.parameters()} == {torch.float32}
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.filterwarnings("ignore")  # some kinds are on their way out of torch
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("scripted", "'given_networks:scripted' is a TorchScript module"),
        ("traced", "'given_networks:traced' is a TorchScript module"),
        ("partly_scripted", "module 'conv' of 'given_networks:partly_scripted' is a TorchScript module"),
        ("exported", "'given_networks:exported' is an exported program"),
        ("exported_module", "'given_networks:exported_module' is an exported program"),
        ("quantized", "module 'fc' of 'given_networks:quantized' is a quantized module"),
        (
            "too_small",
            "lazy modules, and cannot be run on an image of 3×32×32 .* RuntimeError: .*Kernel size",
        ),
        ("never_called", "lazy modules that its forward does not call: 'other.weight'"),
        ("on_meta", "weights on the meta device"),
        ("number", "gave no torch.nn.Module, but int"),
    ],
)
def test_what_cannot_be_watched_is_refused_by_name(given, name, message):
    with pytest.raises(StudyError, match=r"networks\.n\.architecture: .*" + message):
        given(name)
