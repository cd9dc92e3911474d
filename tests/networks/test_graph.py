"""The forward graph: names, kinds, and values that nothing overwrites."""

import weakref
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from census.errors import StudyError
from census.networks.build import build
from census.networks.graph import layers_of
from census.networks.layers import select
from census.networks.maps import as_maps, from_maps, unit_shape
from census.networks.recorder import Recorder
from census.networks.watch import Watch


class InPlace(nn.Module):
    """Every way in which a network overwrites its own tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
        self.conv3 = nn.Conv2d(4, 4, 3, padding=1)
        self.conv4 = nn.Conv2d(4, 4, 3, padding=1)
        self.conv5 = nn.Conv2d(4, 4, 3, padding=1)
        self.classifier = nn.Linear(4, 5)

    def forward(self, x):
        x = self.relu1(self.conv1(x))
        x = F.relu(self.conv2(x), inplace=True)
        y = self.conv3(x)
        y += x
        y = torch.relu_(self.conv4(y))
        y = self.conv5(y).relu_()
        return self.classifier(y.mean((2, 3)))


def torchvision_entry(name, size=64, **changes):
    return {
        "architecture": name,
        "arguments": {},
        "classes": 10,
        "weights": "random",
        "input": {"size": size, "color": "RGB"},
        **changes,
    }


def _names(layer):
    return layer.name, *layer.aliases


def list_layers(network, size=64, channels=3):
    return layers_of(network, torch.randn(2, channels, size, size)).layers


def record(network, images, names=None):
    """Values of layers, each cloned while they are handed out."""
    layers = layers_of(network, images).layers
    nodes = {layer.name: layer.node for layer in layers if names is None or layer.name in names}
    values = {}
    with torch.inference_mode():
        Recorder(network, nodes)(
            images.clone(), lambda name, tensor: values.__setitem__(name, tensor.clone())
        )
    return values


def clones_by_hook(network, images):
    """What each call of a module returned, cloned at once, before anything can overwrite it."""
    clones, calls = {}, Counter()

    def keep(name):
        def hook(module, inputs, output):
            clones[name if not calls[name] else f"{name}_{calls[name]}"] = output.clone()
            calls[name] += 1

        return hook

    handles = [module.register_forward_hook(keep(name)) for name, module in network.named_modules() if name]
    with torch.inference_mode():
        network(images.clone())
    for handle in handles:
        handle.remove()
    return clones


@pytest.mark.parametrize("name", ["squeezenet1_1", "resnet18", "alexnet", "mobilenet_v2"])
def test_recorded_values_are_what_each_module_gave(name):
    network = build(torchvision_entry(name), seed=0)
    images = torch.randn(2, 3, 64, 64)
    recorded, clones = record(network, images), clones_by_hook(network, images)
    compared = 0
    for layer, values in recorded.items():
        if layer in clones:
            torch.testing.assert_close(values, clones[layer], rtol=0, atol=0)
            compared += 1
    assert compared >= 20


@pytest.mark.parametrize("name", ["squeezenet1_1", "resnet18", "googlenet"])
def test_layers_have_the_names_that_torchvision_gives_them(name):
    network = build(torchvision_entry(name), seed=0)  # makes torchvision ready
    from torchvision.models.feature_extraction import get_graph_node_names

    _, expected = get_graph_node_names(network)
    assert list(layers_of(network, torch.randn(2, 3, 64, 64)).steps) == expected[1:]


KNOWN = [line.split("\t") for line in Path(__file__).with_name("layers.tsv").read_text().splitlines()[1:]]


@pytest.mark.parametrize("name", sorted({network for network, *_ in KNOWN}))
def test_layers_keep_their_names(name):
    arguments = {"init_weights": False, "aux_logits": False} if name == "googlenet" else {}
    found = [
        [
            *(layer.name, layer.kind, "×".join(map(str, layer.shape)), layer.branch_of),
            " ".join(sorted(layer.aliases)),
        ]
        for layer in list_layers(build(torchvision_entry(name, arguments=arguments), seed=0))
    ]
    assert found == [known for network, *known in KNOWN if network == name]


class Names(nn.Module):
    """Modules with names of operations, of others' second calls, and of the image and the logits."""

    def __init__(self):
        super().__init__()
        self.input, self.add, self.relu, self.relu_1 = nn.Conv2d(3, 4, 3), nn.ReLU(), nn.ReLU(), nn.GELU()
        self.output = nn.Linear(4, 5)
        self.block = nn.Sequential(nn.Conv2d(4, 4, 1))
        self.again = self.block

    def forward(self, images):
        values = self.relu(self.input(images))
        values = self.relu_1(values) + self.relu(values) + self.add(values).relu()
        values = self.block(self.block(values))
        return F.log_softmax(self.output(torch.relu_(values).mean((2, 3))), 1)


def test_names_of_modules_are_no_names_of_operations():
    layers = {layer.name: layer for layer in list_layers(Names(), 8)}
    kinds = {name: layer.kind for name, layer in layers.items()}
    assert kinds == {
        **{
            "input": "input",
            "input_1": "other",
            "relu": "nonlinearity",
            "relu_1": "nonlinearity",
            "relu_2": "nonlinearity",
        },
        **{"add": "nonlinearity", "add_1": "other", "relu_3": "nonlinearity", "add_2": "other"},
        **{"block.0": "module", "block.0_1": "module", "relu_": "nonlinearity", "mean": "other"},
        **{"output_1": "other", "output": "output"},
    }
    assert layers["block.0"].aliases == ("block", "again.0", "again")
    assert layers["block.0_1"].aliases == ("block_1",)
    assert layers["relu_"].preactivation == "block.0_1"
    assert "images" in layers["input"].aliases


class Returned(nn.Module):
    """Returns another tensor than the one that it computes last."""

    def forward(self, values):
        returned = values * 2
        self.kept = values - 1
        return returned


def test_a_module_s_name_means_the_tensor_that_it_returns():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), Returned(), nn.Flatten(), nn.Linear(144, 5))
    layers = {each: layer for layer in list_layers(network, 8) for each in _names(layer)}
    assert layers["1"].name == "1.mul"


def test_an_axis_that_is_as_long_as_there_are_images_by_chance_is_none_of_images():
    class Tables(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.table = nn.Conv2d(3, 2, 8), nn.Parameter(torch.randn(2, 5))

        def forward(self, images):
            values = self.conv(images).flatten(1)
            # two by two, from two images, too: units by units
            products = values.mean(0)[:, None] * torch.ones(2, 2)
            return values @ self.table + products.sum()

    names = {layer.name for layer in list_layers(Tables(), 8)}
    assert "flatten" in names
    assert "mul" not in names


def test_complex_layers_are_listed_and_refused_by_name():
    class Spectrum(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.fc = nn.Conv2d(3, 4, 3), nn.Linear(4, 5)

        def forward(self, images):
            return self.fc(torch.fft.fft2(self.conv(images)).abs().mean((2, 3)))

    layers = list_layers(Spectrum(), 8)
    assert {layer.kind for layer in layers if layer.name == "fft_fft2"} == {"complex"}
    with pytest.raises(StudyError, match=r"runs\[0\]: the values of layer 'fft_fft2' are complex"):
        select(layers, ["fft_fft2"], "runs[0]")
    assert [layer.name for layer in select(layers, "all", "runs[0]")] == ["input", "output"]


def test_pre_activations_keep_their_negative_values():
    network = build(torchvision_entry("squeezenet1_1"), seed=0)
    values = record(network, torch.randn(2, 3, 64, 64), {"features.0", "features.1"})
    assert (values["features.0"] < 0).any()
    assert torch.equal(values["features.0"].relu(), values["features.1"])


def test_values_are_kept_before_functions_and_operators_write_to_them():
    network, images = InPlace().eval(), torch.randn(2, 3, 8, 8)
    recorded, clones = record(network, images), clones_by_hook(network, images)
    for name in ("conv1", "conv2", "conv3", "conv4", "conv5"):
        assert (clones[name] < 0).any()
        assert torch.equal(recorded[name], clones[name]), name
    with torch.inference_mode():
        assert torch.equal(recorded["output"], network(images))


def test_values_do_not_depend_on_what_else_is_recorded():
    network, images = build(torchvision_entry("resnet18"), seed=0), torch.randn(2, 3, 64, 64)
    together = record(network, images)
    for name in ("input", "layer1.0.bn2", "layer1.0.relu_1", "layer4.1.add", "output"):
        assert torch.equal(record(network, images, {name})[name], together[name])


def test_the_network_is_run_only_as_far_as_needed():
    network = InPlace().eval()
    ran = []
    for name, module in network.named_modules():
        module.register_forward_hook(lambda *_, name=name: ran.append(name))
    with torch.inference_mode():
        logits = Recorder(network, {"conv2": "conv2"})(torch.randn(1, 3, 8, 8), lambda *_: None)
    assert ran == ["conv1", "relu1", "conv2"]
    assert logits is None


def test_listing_keeps_no_value_longer_than_the_network_does():
    made, alive = [], []

    class Chain(nn.Module):
        def forward(self, x):
            for _ in range(4):
                x = x * 2
                x += 1
                made.append(weakref.ref(x))
            alive.append([each() is not None for each in made[-4:]])
            return x.mean((2, 3))

    list_layers(Chain())
    assert alive == [[False, False, False, True]] * 2


def test_kinds_of_squeezenet():
    network = build(torchvision_entry("squeezenet1_1", 227), seed=0)
    layers = {layer.name: layer for layer in list_layers(network, 227)}
    assert layers["input"].kind == "input"
    assert layers["input"].shape == (3, 227, 227)
    assert layers["features.0"].kind == "other"
    assert layers["features.0"].shape == (64, 113, 113)
    assert layers["features.1"].kind == "nonlinearity"
    assert layers["features.1"].preactivation == layers["features.0"].node
    assert layers["features.2"].preactivation == ""
    assert layers["features.2"].kind == "pooling"
    assert layers["features.3.expand3x3_activation"].kind == "nonlinearity"
    assert layers["features.3.cat"].kind == "module"
    assert "features.3" in layers["features.3.cat"].aliases
    # the pooling before it holds the same numbers as the logits
    assert layers["classifier.3"].kind == "other"
    assert layers["output"].kind == "output"
    assert layers["output"].shape == (10, 1, 1)
    depths = [layer.depth for layer in layers.values()]
    assert depths == sorted(set(depths))
    assert depths[0] == 0


def test_branches_of_googlenet_are_layers():
    entry = torchvision_entry("googlenet", arguments={"init_weights": False, "aux_logits": False})
    layers = list_layers(build(entry, seed=0))
    names = {name for layer in layers for name in _names(layer)}
    assert {f"inception3a.branch{number}" for number in (1, 2, 3, 4)} <= names
    assert "inception3a" in names


class Alike(Watch):
    """Gives a step the same output on both images."""

    def __init__(self, network, step):
        super().__init__(network)
        self._step_name = step

    def _on_step(self, name, operation, given, output):
        return output[:1].expand_as(output).clone() if name == self._step_name else None


@pytest.mark.parametrize("name", ["squeezenet1_1", "googlenet", "resnet18", "mobilenet_v3_small", "vgg11"])
def test_the_image_reaches_the_logits_past_layers_in_branches_only(name):
    arguments = {"init_weights": False, "aux_logits": False} if name == "googlenet" else {}
    network = build(torchvision_entry(name, arguments=arguments), seed=0)
    for module in network.double().modules():  # an output that is replaced has to stay it
        if isinstance(module, nn.ReLU):
            module.inplace = False
    images = 10 * torch.randn(2, 3, 64, 64, dtype=torch.float64)
    for layer in list_layers(network.float())[1:-1:5]:
        with torch.inference_mode(), Alike(network.double(), layer.node):
            one, other = network(images.clone())
        assert torch.allclose(one, other, rtol=1e-10, atol=0) == (layer.branch_of == ""), layer


def test_branches_are_named_after_their_module():
    def branches(name, **arguments):
        network = build(torchvision_entry(name, arguments=arguments), seed=0)
        return {each: layer.branch_of for layer in list_layers(network) for each in _names(layer)}

    squeezenet = branches("squeezenet1_1")
    assert squeezenet["features.3.squeeze_activation"] == squeezenet["features.3.cat"] == ""
    assert squeezenet["features.3.expand1x1_activation"] == "features.3"
    assert squeezenet["features.4.expand3x3_activation"] == "features.4"
    googlenet = branches("googlenet", init_weights=False, aux_logits=False)
    assert googlenet["inception4c.branch1"] == googlenet["inception4c.branch4.0"] == "inception4c"
    assert googlenet["inception4c"] == ""


def test_branches_lead_through_what_returns_several_tensors():
    def branches(name, **arguments):
        network = build(torchvision_entry(name, 32, arguments=arguments), seed=0)
        return {layer.name: layer.branch_of for layer in list_layers(network, 32)}

    block = "encoder.layers.encoder_layer_3"
    vit = branches("vit_b_16", image_size=32)
    # what is added to the stream by attention, then by the perceptron; the stream itself
    attention = ("ln_1", "getitem", "dropout")
    assert {vit[f"{block}.{name}"] for name in attention} == {block}
    assert {vit[f"{block}.{name}"] for name in ("ln_2", "mlp.0", "mlp.1", "mlp.2", "mlp.4")} == {block}
    stream = ["input", "conv_proj", "encoder.add", f"{block}.add", f"{block}.add_1", "encoder.ln", "output"]
    assert {vit[name] for name in stream} == {""}
    # half of the units skip a block
    shuffled = branches("shufflenet_v2_x0_5")
    assert shuffled["stage2.1.branch2.2"] == shuffled["stage2.1.branch2.7"] == "stage2.1"
    assert shuffled["stage2.1.cat"] == ""


class Functions(nn.Module):
    """Branches that no module holds, and a size that is handed on past all layers."""

    def forward(self, images):
        size = images.size(0)
        values = images.relu()
        values = values.sin() + values.cos()
        return values.mean(1).reshape(size, -1)


def test_branches_outside_of_modules_are_named_after_the_layer_behind_them():
    layers = {layer.name: layer.branch_of for layer in list_layers(Functions(), 8)}
    behind = {"input": "", "relu": "", "sin": "add", "cos": "add", "add": "", "mean": "", "output": ""}
    assert layers == behind


def test_tokens_are_positions():
    entry = torchvision_entry("vit_b_16", 32, arguments={"image_size": 32})
    layers = {layer.name: layer for layer in list_layers(build(entry, seed=0), 32)}
    tokens = layers["encoder.layers.encoder_layer_0.ln_2"]
    assert tokens.shape == (768, 5, 1)
    assert as_maps(torch.zeros(2, 5, 768)).shape == (2, 5, 1, 768)


UNITS_LAST = {
    # units of maps after a convolution, a permutation, layer normalization, linear layers and sums
    "convnext_tiny": {
        "features.0.0": (96, 8, 8, None),
        "features.0.1.layer_norm": (96, 8, 8, 3),
        "features.1.0.block.0": (96, 8, 8, None),
        "features.1.0.block.4": (384, 8, 8, 3),
        "features.1.0": (96, 8, 8, None),
        "output": (10, 1, 1, None),
    },
    "swin_t": {
        "features.0.0": (96, 8, 8, None),
        "features.1.0.attn": (96, 8, 8, 3),
        "features.1.1.mlp.1": (384, 8, 8, 3),
        "features.3.1": (192, 4, 4, 3),
        "norm": (768, 1, 1, 3),
        "avgpool": (768, 1, 1, None),
    },
    # before they are turned, tokens come last
    "vit_b_16": {
        "conv_proj": (768, 2, 2, None),
        "reshape": (768, 4, 1, 1),
        "permute": (768, 4, 1, None),
        "cat": (768, 5, 1, None),
        "encoder.layers.encoder_layer_0.getitem": (768, 5, 1, None),
        "encoder.layers.encoder_layer_0.mlp.1": (3072, 5, 1, None),
        "encoder": (768, 5, 1, None),
        "output": (10, 1, 1, None),
    },
}


@pytest.mark.parametrize("name", UNITS_LAST)
def test_units_are_found_along_whichever_axis_they_lie(name):
    arguments = {"image_size": 32} if name == "vit_b_16" else {}
    layers = list_layers(build(torchvision_entry(name, 32, arguments=arguments), seed=0), 32)
    found = {each: (*layer.shape, layer.units_axis) for layer in layers for each in _names(layer)}
    expected = UNITS_LAST[name]
    assert {layer: found[layer] for layer in expected} == expected


@pytest.mark.parametrize("name", ["vgg11", "resnet18", "googlenet", "shufflenet_v2_x0_5", "efficientnet_b0"])
def test_units_of_convolutional_networks_lie_along_the_usual_axis(name):
    arguments = {"init_weights": False, "aux_logits": False} if name == "googlenet" else {}
    layers = list_layers(build(torchvision_entry(name, arguments=arguments), seed=0))
    # shufflenet takes the axis of units apart in five axes, which is no layer
    assert {layer.units_axis for layer in layers} == {None}


@pytest.mark.parametrize(("shape", "axis"), [((2, 5), None), ((2, 4, 5), None), ((2, 5, 4), 1)])
def test_vectors_and_tokens_are_maps(shape, axis):
    values = torch.arange(float(np.prod(shape))).reshape(shape)
    maps = as_maps(values, axis)
    assert maps.shape == (2, *unit_shape(shape[1:], axis)[1:], 5)
    expected = values.reshape(2, -1, 5) if axis is None else values.transpose(1, 2)
    torch.testing.assert_close(maps[:, :, 0], expected, rtol=0, atol=0)
    torch.testing.assert_close(from_maps(maps, len(shape), axis), values, rtol=0, atol=0)


@pytest.mark.parametrize(("axis", "order"), [(None, (0, 2, 3, 1)), (2, (0, 1, 3, 2)), (3, (0, 1, 2, 3))])
def test_maps_have_their_units_last(axis, order):
    values = torch.rand(2, 3, 4, 5)
    maps = as_maps(values, axis)
    torch.testing.assert_close(maps, values.permute(order), rtol=0, atol=0)
    units, height, width = unit_shape(values.shape[1:], axis)
    assert maps.shape == (2, height, width, units)
    torch.testing.assert_close(from_maps(maps, 4, axis), values, rtol=0, atol=0)
