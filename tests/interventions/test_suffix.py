"""Downstream parts of networks give the logits of full forward passes, for any cut."""

import copy
import re

import numpy as np
import pytest
import torch
from torch import nn

from census.errors import StudyError
from census.interventions.suffix import Suffix, WholePass, downstream_of, run_changes, run_intact
from census.networks.build import build
from census.networks.maps import as_maps, from_maps

# of sums of thousands of float32, as a share of the largest logit; processors add up in different orders
ROUNDING = 5e-6


class Residual(nn.Module):
    """Sums past a layer, concatenation, a size that is handed on, activation functions in place."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 3, padding=1)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(6, 6, 3, padding=1)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv3 = nn.Conv2d(12, 4, 3, padding=1)
        self.relu3 = nn.ReLU(inplace=True)
        self.classifier = nn.Linear(4, 5)
        self.shift = nn.Parameter(torch.linspace(0, 1, 2))

    def forward(self, images):
        count = images.size(0)
        first = self.relu1(self.conv1(images))
        second = self.relu2(self.conv2(first))
        second = second + first
        joined = self.relu3(self.conv3(torch.cat([second, first], dim=1)))
        joined += images[:, :1]
        return self.classifier(joined.mean((2, 3)).reshape(count, -1)) + self.shift.sum()


class Tokens(nn.Module):
    """A sequence of tokens, with one of the network's own beside those of the image."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 4, stride=4)
        self.own = nn.Parameter(torch.ones(1, 1, 6))
        self.norm = nn.LayerNorm(6)
        self.linear = nn.Linear(6, 8)
        self.gelu = nn.GELU()
        self.classifier = nn.Linear(8, 5)

    def forward(self, images):
        count = images.shape[0]
        values = self.conv(images).reshape(count, 6, -1).permute(0, 2, 1)
        values = torch.cat([self.own.expand(count, -1, -1), values], dim=1)
        values = self.gelu(self.linear(self.norm(values)))
        return self.classifier(values[:, 0] + values.mean(1))


class UnitsLast(nn.Module):
    """A residual block that has its units last between two permutations, as ConvNeXt's."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, padding=1)
        self.norm = nn.LayerNorm(6)
        self.linear = nn.Linear(6, 8)
        self.gelu = nn.GELU()
        self.back = nn.Linear(8, 6)
        self.classifier = nn.Linear(6, 5)

    def forward(self, images):
        values = self.conv(images)
        inner = self.gelu(self.linear(self.norm(values.permute(0, 2, 3, 1))))
        values = values + self.back(inner).permute(0, 3, 1, 2)
        return self.classifier(values.mean((2, 3)))


def transformer():
    """Torchvision's, small; the weights of its head are zero until it is trained."""
    torchvision_network("alexnet")  # makes torchvision ready
    from torchvision.models import VisionTransformer

    network = VisionTransformer(32, 16, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=32, num_classes=5)
    nn.init.normal_(network.heads.head.weight)
    return network


def torchvision_network(name, **arguments):
    image = {"size": 64, "color": "RGB"}
    entry = {"architecture": name, "arguments": arguments, "classes": 10, "weights": "random", "input": image}
    return build(entry, seed=0), 3, 64


def own_network(name):
    entry = {"architecture": name, "arguments": {}, "classes": 10, "input": {"size": 28, "color": "gray"}}
    return build(entry, seed=0), 1, 28


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def seeded(make):
    torch.manual_seed(0)
    return make().eval()


NETWORKS = {
    "chain": lambda: own_network("cnn"),
    "vectors": lambda: own_network("mlp"),
    "sums": lambda: (seeded(Residual), 3, 8),
    "residual": lambda: torchvision_network("resnet18"),
    "branches": lambda: torchvision_network("squeezenet1_1"),
    "modules": lambda: torchvision_network("googlenet", init_weights=False, aux_logits=False),
    "tokens": lambda: (seeded(Tokens), 3, 8),
    "units last": lambda: (seeded(UnitsLast), 3, 8),
    "transformer": lambda: (seeded(transformer), 3, 32),
}
CASES = [
    *(("chain", layer) for layer in ("input", "relu1", "pool2", "relu4", "flatten", "relu5", "output")),
    *(("vectors", layer) for layer in ("relu1", "relu4")),
    *(("sums", layer) for layer in ("conv1", "relu1", "relu2", "add", "cat", "relu3", "output")),
    *(("residual", layer) for layer in ("layer1.0.relu", "layer2.0.downsample.1", "layer4.1.add")),
    *(("branches", f"features.3.{layer}") for layer in ("squeeze_activation", "expand1x1_activation", "cat")),
    *(("modules", layer) for layer in ("inception4c.branch2.0.relu",)),
    *(("tokens", layer) for layer in ("conv", "reshape", "norm", "gelu")),
    *(("units last", layer) for layer in ("conv", "permute", "gelu", "back", "add")),
    *(("transformer", f"encoder.layers.encoder_layer_0.{layer}") for layer in ("getitem", "mlp.1", "add_1")),
]


def whole_passes(network, step, images, changed, replacement, units_axis):
    """Return logits of plain torch for each change, (changes, images, classes)."""
    logits = []
    for mask in torch.from_numpy(changed):

        class Changing(torch.fx.Interpreter):
            def run_node(self, current, mask=mask):
                value = super().run_node(current)
                if current.name != step:
                    return value
                maps = torch.where(mask, replacement, as_maps(value, units_axis))
                return from_maps(maps.contiguous(), value.ndim, units_axis)

        logits.append(Changing(out_of_place(network)).run(images))
    return torch.stack(logits).numpy()


def out_of_place(network):
    """Trace a copy of a network in which no module writes in place."""
    network = copy.deepcopy(network)
    for module in network.modules():
        if hasattr(module, "inplace"):
            module.inplace = False
    return torch.fx.symbolic_trace(network)


def changes_of(units):
    """Return each of three units alone, some together, all of them, and none."""
    changed = np.zeros((6, units), bool)
    for row, unit in enumerate((0, units // 2, units - 1)):
        changed[row, unit] = True
    changed[3, ::2] = changed[4] = True
    return changed


def logits_of(suffix, crossing, changed, replacement, batch):
    """Return the logits of all changes (changes, images, classes), and of none, and how many rows ran."""
    intact = run_intact(suffix, crossing, batch)
    logits, ran = np.tile(intact, (len(changed), 1, 1)), 0
    for change, image, found in run_changes(suffix, crossing, changed, replacement, batch):
        logits[change, image] = found
        ran += len(found)
    return logits, intact, ran


def named(prepared, name):
    return next(each for each in prepared.listing.layers if name in (each.name, *each.aliases))


@pytest.mark.parametrize(("network", "layer"), CASES)
@pytest.mark.parametrize("way", [Suffix, WholePass])
def test_it_gives_what_plain_torch_gives(network, layer, way, prepared_on):
    network, channels, size = NETWORKS[network]()
    images = torch.randn(5, channels, size, size).contiguous(memory_format=torch.channels_last)
    network = network.to(memory_format=torch.channels_last)
    prepared = prepared_on(network, images[:3])
    layer = named(prepared, layer)
    with torch.inference_mode():
        downstream = way(prepared, layer)
        crossing = downstream.cross(images.clone())
        maps = as_maps(crossing[layer.node], layer.units_axis)
        assert maps.shape[3] == layer.shape[0]
        changed = changes_of(maps.shape[3])
        node = node_of(network, images, crossing[layer.node], layer)
        for replacement in (torch.zeros(1, 1, 1, 1), maps.mean((0, 1, 2), keepdim=True), maps.flip(0)):
            expected = whole_passes(network, node, images, changed, replacement, layer.units_axis)
            logits, intact, _ = logits_of(downstream, crossing, changed, replacement, batch=7)
            scale = np.abs(expected).max()
            np.testing.assert_allclose(logits, expected, rtol=0, atol=ROUNDING * scale)
            np.testing.assert_allclose(intact, network(images.clone()).numpy(), rtol=0, atol=ROUNDING * scale)
            np.testing.assert_array_equal(logits[5], intact)
            for other in (1, 64):
                again, _, _ = logits_of(downstream, crossing, changed, replacement, batch=other)
                np.testing.assert_allclose(again, logits, rtol=0, atol=ROUNDING * scale)


def node_of(network, images, values, layer):
    """Return the node of a graph without writes in place that has a layer's values; of several, the first."""
    found = []

    class Finding(torch.fx.Interpreter):
        def run_node(self, current):
            value = super().run_node(current)
            same = isinstance(value, torch.Tensor) and value.shape == values.shape
            if same and torch.allclose(value, values, rtol=1e-4, atol=1e-5):
                found.append(current.name)
            return value

    Finding(out_of_place(network)).run(images)
    return found[-1] if layer.kind == "output" else found[0]


def test_a_unit_that_nothing_reads_makes_no_difference_to_the_last_bit(prepared_on):
    network, channels, size = NETWORKS["chain"]()
    with torch.no_grad():
        network.conv2.weight[:, 5] = 0
    images = torch.randn(11, channels, size, size).contiguous(memory_format=torch.channels_last)
    prepared = prepared_on(network.to(memory_format=torch.channels_last), images[:3])
    changed = np.zeros((2, 64), bool)
    changed[0, 5] = changed[1, 6] = True
    with torch.inference_mode():
        suffix = Suffix(prepared, named(prepared, "relu1"))
        crossing = suffix.cross(images)
        for batch in (3, 8, 16):
            logits, intact, ran = logits_of(suffix, crossing, changed, torch.zeros(1, 1, 1, 1), batch)
            assert ran == 22
            np.testing.assert_array_equal(logits[0], intact)
            assert (logits[1] != intact).any(1).all()


def test_images_on_which_nothing_changes_are_not_run(prepared_on):
    network, channels, size = NETWORKS["chain"]()
    with torch.no_grad():
        network.norm3.bias[2] = -1e6  # is inactive after its activation function
    images = torch.randn(5, channels, size, size)
    prepared = prepared_on(network.to(memory_format=torch.channels_last), images[:3])
    changed = np.eye(128, dtype=bool)[:4]
    with torch.inference_mode():
        suffix = Suffix(prepared, named(prepared, "relu3"))
        crossing = suffix.cross(images)
        logits, intact, ran = logits_of(suffix, crossing, changed, torch.zeros(1, 1, 1, 1), 8)
        assert ran == 15
        np.testing.assert_array_equal(logits[2], intact)
        # its mean is 0 as well, but another image's map may not be
        assert not np.array_equal(logits[1], intact)


def test_only_what_lies_downstream_of_the_layer_is_run_for_a_change(prepared_on):
    network, channels, size = NETWORKS["branches"]()
    images = torch.randn(3, channels, size, size)
    prepared = prepared_on(network, images)
    layer = named(prepared, "features.4.expand1x1_activation")
    with torch.inference_mode():
        suffix = downstream_of(prepared, layer)
        crossing = suffix.cross(images)
        # its sibling, which the concatenation needs, too
        assert [*crossing] == [layer.node, "%features_4_expand3x3_activation"]
        ran = []
        for name, module in network.named_modules():
            module.register_forward_hook(lambda *_, name=name: ran.append(name))
        changed = np.eye(64, dtype=bool)[:1]
        list(run_changes(suffix, crossing, changed, torch.zeros(1, 1, 1, 1), 4))
    assert ran[0] == "features.5"
    assert len(ran) == len(set(ran))


class Halves(nn.Module):
    """Writes to half of its units through a view, which a graph of torch.fx leaves out."""

    def __init__(self):
        super().__init__()
        self.conv, self.relu, self.linear = nn.Conv2d(3, 6, 3), nn.ReLU(inplace=True), nn.Linear(6, 5)

    def forward(self, images):
        values = self.conv(images)
        first, _ = values.chunk(2, 1)
        first += 1
        return self.linear(self.relu(values).mean((2, 3)))


class Branching(Halves):
    def forward(self, images):
        return super().forward(images) if images.isfinite().all() else images.mean((2, 3))


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(Halves, "logits of the traced part differ by .* no change"), (Branching, "cannot trace")],
)
def test_a_network_whose_graph_differs_is_changed_by_whole_passes(kind, reason, prepared_on, caplog):
    network = seeded(kind)
    images = torch.randn(3, 3, 8, 8)
    prepared = prepared_on(network, images)
    layer = named(prepared, "conv")
    with caplog.at_level("INFO", "census"), torch.inference_mode():
        downstream = downstream_of(prepared, layer)
        assert isinstance(downstream, WholePass)
        crossing = downstream.cross(images)
        changed = np.array([[False, True, False, False, True, False]])
        logits, intact, _ = logits_of(downstream, crossing, changed, torch.zeros(1, 1, 1, 1), 4)
        np.testing.assert_allclose(intact, network(images), rtol=1e-6)
        values = network.conv(images)
        values[:, [1, 4]] = 0
        values[:, :3] += 1
        np.testing.assert_allclose(logits[0], network.linear(values.relu().mean((2, 3))), rtol=1e-5)
    assert re.search(reason, caplog.text)


def test_a_layer_that_is_written_through_cannot_be_changed(prepared_on):
    """Half of the units are a view; what stands in for it is none, and a write to it is lost."""
    prepared = prepared_on(seeded(Halves), torch.randn(3, 3, 8, 8))
    with pytest.raises(
        StudyError, match=r"networks\.network: layer 'getitem' cannot be changed: .* choose another"
    ):
        downstream_of(prepared, named(prepared, "getitem"))


@pytest.mark.gpu
def test_it_is_the_same_on_a_gpu(prepared_on):
    network, channels, size = NETWORKS["sums"]()
    images, changed = torch.randn(5, channels, size, size), changes_of(6)
    found = []
    for device in ("cpu", "cuda"):
        prepared = prepared_on(network.to(device, memory_format=torch.channels_last), images[:3].to(device))
        with torch.inference_mode():
            suffix = Suffix(prepared, named(prepared, "relu2"))
            crossing = suffix.cross(images.to(device))
            found.append(logits_of(suffix, crossing, changed, torch.zeros(1, 1, 1, 1, device=device), 4)[0])
    np.testing.assert_allclose(*found, rtol=1e-3, atol=1e-3)
