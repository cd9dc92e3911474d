"""Random networks: recording, changes and gradients agree with plain torch and immediate clones."""

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from census.interventions.maximization import Maximization, Settings
from census.interventions.suffix import downstream_of
from census.networks.maps import as_maps, from_maps
from census.networks.prepared import prepare
from census.networks.verification import difference

INPUT = {"size": 8, "resize": None, "color": "RGB", "range": 1, "mean": [0.5] * 3, "std": [0.25] * 3}
PIXELS = np.random.default_rng(1).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
UNITS = 4


def _join(values, other):
    return torch.cat([values[:, : UNITS // 2], other[:, UNITS // 2 :]], 1)


def _write_slice(values, other):
    values[:, :1].mul_(other[:, 1:2])
    return values


def _write_items(values, other):
    values[:, 2] = other[:, 0]
    return values


def _write_part(values, other):
    first, _ = values.chunk(2, 1)
    first.sigmoid_()
    return values


def _add_to(values, other):
    values += other.clone()
    return values


FUNCTIONS = {
    "add": torch.add,
    "multiply": lambda values, other: values * other.tanh(),
    "add to": _add_to,
    "join": _join,
    "write a slice": _write_slice,
    "write items": _write_items,
    "write a part": _write_part,
    "relu": lambda values, other: F.relu(values),
    "relu_": lambda values, other: torch.relu_(values),
    "turned": lambda values, other: values.transpose(2, 3).flatten(2).reshape(values.shape),
    "pooled": lambda values, other: F.max_pool2d(values, 3, 1, 1) - other,
}
MODULES = ("conv", "norm", "rectify", "gelu", "block")


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.rectify = nn.Conv2d(UNITS, UNITS, 3, padding=1), nn.ReLU(inplace=True)

    def forward(self, values):
        return values + self.rectify(self.conv(values))


class Random(nn.Module):
    """Runs a program: each step takes two of the values so far, by their place from the last."""

    def __init__(self, program):
        super().__init__()
        self.program = program
        self.stem = nn.Conv2d(3, UNITS, 3, padding=1)
        self.conv, self.norm = nn.Conv2d(UNITS, UNITS, 3, padding=1), nn.BatchNorm2d(UNITS)
        self.rectify, self.gelu, self.block = nn.ReLU(inplace=True), nn.GELU(), Block()
        self.fc = nn.Linear(UNITS, 3)

    def forward(self, images):
        values = [self.stem(images)]
        for name, one, other in self.program:
            first, second = values[-1 - one % len(values)], values[-1 - other % len(values)]
            if name in MODULES:
                values.append(getattr(self, name)(first))
            else:
                values.append(FUNCTIONS[name](first, second))
        return self.fc(sum(values).mean((2, 3)))


PROGRAMS = st.lists(
    st.tuples(st.sampled_from([*FUNCTIONS, *MODULES]), st.integers(0, 3), st.integers(0, 3)),
    min_size=1,
    max_size=7,
)


def hooked(network, images, change=None, keep=False):
    """Run a network; keep clones of the first output of each module, or write zeros to one's first unit."""
    clones, done = {}, set()

    def hook_of(name):
        def hook(module, inputs, output):
            if name in done:
                return
            done.add(name)
            if keep:
                clones[name] = output.clone()
            if name == change:
                output[:, 0] = 0

        return hook

    handles = [
        module.register_forward_hook(hook_of(name)) for name, module in network.named_modules() if name
    ]
    logits = network(images)
    for handle in handles:
        handle.remove()
    return logits, clones


@given(PROGRAMS)
@settings(max_examples=40)
def test_a_random_network_is_recorded_changed_and_differentiated_as_plain_torch_does_it(program):
    torch.manual_seed(0)
    network = Random(program).eval().requires_grad_(False)
    prepared = prepare(network, {"input": INPUT, "classes": 3}, pixels=PIXELS)
    prepared.verify()
    images = prepared.preprocess(PIXELS)
    layers = {each: layer for layer in prepared.listing.layers for each in (layer.name, *layer.aliases)}
    with torch.inference_mode():
        _, clones = hooked(network, images.clone(), keep=True)
        values = {}
        record = prepared.recorder({name: layers[name].node for name in clones if name in layers})
        record(images.clone(), lambda name, tensor: values.setdefault(name, tensor.clone()))
        assert values.keys() == clones.keys()
        for name, clone in clones.items():
            assert difference(values[name], clone) < 1e-5, name
        for name in clones:
            if name in ("block", "fc"):
                continue  # their output is another step's, or the logits
            layer = layers[name]
            downstream = downstream_of(prepared, layer)
            crossing = downstream.cross(images.clone())
            maps = as_maps(crossing[layer.node]).clone()
            maps[..., 0] = 0
            crossing[layer.node] = from_maps(maps, 4)
            expected, _ = hooked(network, images.clone(), change=name)
            assert difference(downstream(crossing), expected) < 1e-4, name
    layer = layers[next(reversed([name for name in clones if name not in ("block", "fc")]))]
    _differentiate(network, prepared, layer, images)


def _differentiate(network, prepared, layer, images):
    """Compare the gradient of a unit with that of plain torch, unless writes in place forbid it one."""
    name = next(each for each in (layer.name, *layer.aliases) if each in dict(network.named_modules()))
    plain = images.clone().requires_grad_()
    try:
        _, clones = hooked(network, plain, keep=True)
        (expected,) = torch.autograd.grad(clones[name][:, 1].mean(), plain)
    except RuntimeError:  # a tensor that the gradient needs was written to
        return
    maximization = Maximization(prepared, layer, Settings(1, 0.1, "pixels", 0, 0))
    ours = images.clone().requires_grad_()
    with maximization._autograd():
        _, behind = maximization._read(ours, torch.ones(len(images), dtype=torch.long))
        (gradient,) = torch.autograd.grad(behind[:, 1].mean(), ours)
    torch.testing.assert_close(gradient, expected, rtol=1e-5, atol=1e-8)


def test_programs_reach_each_way_downstream():
    """Some random networks can be traced, some cannot: both ways are tested above."""
    ways = set()
    for program in ([("gelu", 0, 0)], [("write a part", 0, 0)], [("write items", 0, 0)]):
        torch.manual_seed(0)
        prepared = prepare(Random(program).eval(), {"input": INPUT, "classes": 3}, pixels=PIXELS)
        ways.add(type(downstream_of(prepared, *prepared.select(["stem"]))).__name__)
    assert ways == {"Suffix", "WholePass"}
