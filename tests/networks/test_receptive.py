"""Receptive fields, against the pixels on which a position's value depends, and against published ones."""

import dataclasses
import itertools

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from census.networks.build import build
from census.networks.fields import ReceptiveField, read_field
from census.networks.graph import layers_of
from census.networks.operations import NONLINEARITIES
from census.networks.recorder import Recorder

Box = tuple[tuple[int, int], tuple[int, int]]


class Windows(nn.Module):
    """The sums over the windows of a max pooling: the gradient of a maximum has one pixel only."""

    def __init__(self, pooling: nn.MaxPool2d) -> None:
        super().__init__()
        self.pooling = pooling

    def forward(self, values):
        height, width = self.pooling(values).shape[-2:]
        names = ("kernel_size", "stride", "padding", "dilation")
        given = (getattr(self.pooling, name) for name in names)
        kernel, stride, padding, dilation = (
            (each, each) if isinstance(each, int) else each for each in given
        )
        beyond = [own + step for own, step in zip(padding, stride, strict=True)]  # for rounding up
        values = F.pad(values, (padding[1], beyond[1], padding[0], beyond[0]))
        ones = torch.ones(values.shape[1], 1, *kernel)
        sums = F.conv2d(values, ones, stride=stride, dilation=dilation, groups=len(ones))
        return sums[:, :, :height, :width]


def positive(network: nn.Module) -> nn.Module:
    """Give a network weights under which no nonlinearity or cancellation hides a pixel from a gradient."""
    torch.manual_seed(0)
    for name, weights in network.named_parameters():
        # of about the same sum for each unit, so that values neither vanish nor saturate
        scale = weights[0].numel() if weights.ndim > 1 else 10 if name.endswith("bias") else 1
        weights.data.uniform_(0.5, 1.5).div_(scale)
    return network


def corners_and_center(shape: tuple[int, int, int]) -> list[tuple[int, int]]:
    _, height, width = shape
    corners = itertools.product({0, height - 1}, {0, width - 1})
    return [*corners, (height // 2, width // 2)]


def boxes(values: Tensor, images: Tensor, positions: list[tuple[int, int]]) -> list[Box]:
    """Return the box around the pixels on which values depend at each position; each has its own image."""
    chosen = [values[copy, :, y, x].sum() for copy, (y, x) in enumerate(positions)]
    (gradients,) = torch.autograd.grad(sum(chosen), images, retain_graph=True)
    found = []
    for depends in (gradients != 0).any(1)[: len(positions)]:
        rows, columns = depends.any(1).nonzero().flatten(), depends.any(0).nonzero().flatten()
        if len(rows):
            found.append(((int(rows[0]), int(rows[-1]) + 1), (int(columns[0]), int(columns[-1]) + 1)))
        else:
            found.append(((0, 0), (0, 0)))
    return found


def clipped(box: Box, size: int) -> Box:
    (top, bottom), (left, right) = [(max(start, 0), min(stop, size)) for start, stop in box]
    return ((top, bottom), (left, right)) if top < bottom and left < right else ((0, 0), (0, 0))


def within(box: Box, outer: Box) -> bool:
    is_empty = box == ((0, 0), (0, 0))
    return is_empty or all(
        outer_start <= start and stop <= outer_stop
        for (start, stop), (outer_start, outer_stop) in zip(box, outer, strict=True)
    )


def recorded(network: nn.Module, size: int, channels: int = 3):
    """Yield each layer that is maps with its values, and the images that they depend on."""
    layers = {layer.name: layer for layer in list_layers(network, size, channels)}
    for name, module in list(network.named_modules()):
        if isinstance(module, nn.MaxPool2d):
            network.set_submodule(name, Windows(module))
    images = torch.rand(1, channels, size, size).repeat(5, 1, 1, 1).requires_grad_()
    kept = {}
    nodes = {name: layer.node for name, layer in layers.items()}
    record = Recorder(classifier(network, images), nodes)
    record(images, lambda name, values: kept.__setitem__(name, values.clone()))
    for name, values in kept.items():
        if values.ndim == 4:
            yield layers[name], values, images


def assert_seen_as_predicted(network: nn.Module, size: int) -> None:
    """Compare the corners and the center of maps; on images of this size no stride may leave pixels over."""
    # of layers with the same field the last
    by_field = {each[0].receptive_field: each for each in recorded(network, size)}
    by_field.pop(None, None)
    fields = list(by_field)
    assert len(fields) >= 5
    # each follows from those before it: the last, and as many of the others as there is time for
    for field in fields[:: -(-len(fields) // 8)] + fields[-1:]:
        layer, values, images = by_field[field]
        positions = corners_and_center(layer.shape)
        predicted = [clipped(field.pixels(*position), size) for position in positions]
        assert boxes(values, images, positions) == predicted, layer


def torchvision_network(name: str, **arguments: bool) -> nn.Module:
    entry = {"architecture": name, "arguments": arguments, "classes": 10, "weights": "random"}
    return build({**entry, "input": {"size": 64, "color": "RGB"}}, seed=0)


class Headed(nn.Module):
    """A network that returns maps, with logits added."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images):
        return self.network(images).flatten(1)[:, :2]


def classifier(network: nn.Module, images: Tensor) -> nn.Module:
    """Return a network that returns logits: itself, if it does so."""
    with torch.inference_mode():
        return network if network(images.clone()).ndim == 2 else Headed(network)


def list_layers(network: nn.Module, size: int, channels: int = 3):
    """Return the layers of a network with any return value, which is named "network"."""
    images = torch.rand(2, channels, size, size)
    return [
        dataclasses.replace(
            layer, name="network" if "network" in layer.aliases else layer.name.removeprefix("network.")
        )
        for layer in layers_of(classifier(network, images), images).layers
    ]


def field_of(network: nn.Module, size: int, channels: int = 3):
    """Return the receptive field of what a network returns."""
    (layer,) = (
        each
        for each in list_layers(nn.Sequential(network, nn.Identity()), size, channels)
        if each.name == "network"
    )
    return layer.receptive_field


# --- published values


def fields_by_size(name: str) -> dict[str, tuple[int, int, int]]:
    layers = list_layers(torchvision_network(name), 224)
    fields = {layer.name: layer.receptive_field for layer in layers}
    assert all(len(set(pair)) == 1 for field in fields.values() if field for pair in vars(field).values())
    return {
        name: (field.size[0], field.stride[0], -field.offset[0]) for name, field in fields.items() if field
    }


def test_alexnet_as_published():
    # size, stride and padding: the table beside Araujo, Norris & Sim (2019), for an AlexNet whose first
    # convolution is not padded; torchvision's is, by 2
    published = {
        "features.0": (11, 4, 0),
        "features.2": (19, 8, 0),
        "features.3": (51, 8, 16),
        "features.6": (99, 16, 32),
        "features.8": (131, 16, 48),
        "features.10": (163, 16, 64),
        "features.12": (195, 32, 64),
    }
    found = fields_by_size("alexnet")
    for layer, (size, stride, padding) in published.items():
        assert found[layer] == (size, stride, padding + 2)
    assert "flatten" not in found


def test_vgg16_as_published():
    # the last two: Araujo, Norris & Sim (2019); before them by hand: a 3×3 convolution adds two strides
    found = fields_by_size("vgg16")
    assert found["features.0"] == (3, 1, 1)
    assert found["features.2"] == (5, 1, 2)
    assert found["features.4"] == (6, 2, 2)
    assert found["features.9"] == (16, 4, 6)
    assert found["features.28"] == (196, 16, 90)
    assert found["features.30"] == found["avgpool"] == (212, 32, 90)


def test_inception_v3_as_published():
    arguments = {"init_weights": False, "aux_logits": False}
    layers = list_layers(torchvision_network("inception_v3", **arguments), 299)
    fields = {layer.name: layer.receptive_field for layer in layers}
    last = fields["Mixed_7c.cat_2"]
    assert (last.size, last.stride) == ((1311, 1311), (32, 32))


# --- gradients


@pytest.mark.parametrize(
    ("name", "size"),
    [("squeezenet1_1", 33), ("vgg11", 32), ("resnet18", 33), ("googlenet", 32), ("alexnet", 127)],
)
def test_torchvision_networks_see_what_is_predicted(name, size):
    arguments = {"init_weights": False, "aux_logits": False} if name == "googlenet" else {}
    assert_seen_as_predicted(positive(torchvision_network(name, **arguments)), size)


def test_squeeze_and_excitation_sees_the_whole_image():
    size = 64
    layers = list(recorded(positive(torchvision_network("mobilenet_v3_small")), size))
    fields = {layer.name: layer.receptive_field for layer, _, _ in layers}
    assert fields["features.1.block.0.2"].size == (7, 7)
    assert fields["features.1.block.1.avgpool"] is None
    for layer, values, images in layers:
        if layer.receptive_field is None and layer.kind == "module":
            positions = corners_and_center(layer.shape)
            everything = ((0, size), (0, size))
            assert set(boxes(values, images, positions)) == {everything}, layer


class Residual(nn.Module):
    """A sum of an odd window, a shifted even one, and the values themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.odd = nn.Conv2d(3, 3, (5, 1), padding=(2, 0))
        self.even = nn.Conv2d(3, 3, (1, 4), padding=(0, 3))

    def forward(self, values):
        return values + self.odd(values) + self.even(values)[..., :-3]


class Branches(nn.Module):
    """Two branches of the same stride, one of them dilated, and a pooled one."""

    def __init__(self) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(3, 2, 1, stride=2)
        self.wide = nn.Conv2d(3, 2, 3, stride=2, padding=2, dilation=2)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)

    def forward(self, values):
        return torch.cat([self.narrow(values), self.wide(values), self.pool(values)], 1)


def test_a_residual_sum_sees_the_union():
    network = Residual()
    assert field_of(network, 12) == ReceptiveField((5, 4), (1, 1), (-2, -3))
    network = nn.Sequential(nn.Conv2d(3, 3, 3, stride=2, padding=1), Residual(), Residual())
    assert field_of(network, 12) == ReceptiveField((3 + 2 * 8, 3 + 2 * 6), (2, 2), (-1 - 2 * 4, -1 - 2 * 6))
    assert_seen_as_predicted(positive(network), 12)


def test_concatenated_branches_see_the_union():
    network = nn.Sequential(Branches(), nn.Conv2d(7, 3, 3, groups=1, padding=1), Branches())
    assert field_of(Branches(), 13) == ReceptiveField((5, 5), (2, 2), (-2, -2))
    assert field_of(network, 13) == ReceptiveField((17, 17), (4, 4), (-8, -8))
    interior = {(y, x) for y in (2, 3) for x in (2, 4)}
    for layer, values, images in recorded(positive(network), 33):
        for position in interior:
            (box,) = boxes(values, images, [position])
            assert box == clipped(layer.receptive_field.pixels(*position), 33)


pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
steps = st.tuples(st.integers(1, 2), st.integers(1, 2))


@st.composite
def windows(draw) -> nn.Module:
    kind = draw(st.sampled_from(["convolution", "grouped", "transposed", "max", "average"]))
    kernel, stride, dilation = draw(pairs), draw(steps), draw(steps)
    if kind == "transposed":
        reach = [step * (width - 1) for step, width in zip(dilation, kernel, strict=True)]
        padding = tuple(draw(st.integers(0, most)) for most in reach)
        return nn.ConvTranspose2d(2, 2, kernel, padding=padding, dilation=dilation)
    if kind in ("convolution", "grouped"):
        padding = draw(st.tuples(st.integers(0, 3), st.integers(0, 3)))
        groups = 2 if kind == "grouped" else 1
        return nn.Conv2d(2, 2, kernel, stride, padding, dilation, groups)
    padding, ceil = tuple(draw(st.integers(0, width // 2)) for width in kernel), draw(st.booleans())
    if kind == "average":
        return nn.AvgPool2d(kernel, stride, padding, ceil)
    return nn.MaxPool2d(kernel, stride, padding, dilation, ceil_mode=ceil)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(windows(), min_size=1, max_size=4), st.integers(0, 3))
def test_chains_of_windows_see_what_is_predicted(chain, more):
    network = nn.Sequential(*chain)
    field = field_of(network, 128, channels=2)
    # room for boxes that lie within the image, and some pixels that may be left over
    size = max(2 * each for each in field.size) + max(field.stride) + more
    exact = 0
    for layer, values, images in recorded(positive(network), size, channels=2):
        if layer.kind == "other" or layer.name == "input":
            continue
        _, height, width = layer.shape
        positions = [*corners_and_center(layer.shape)[:-1], (height // 2, width // 2)]
        predicted = [layer.receptive_field.pixels(*position) for position in positions]
        for box, expected in zip(boxes(values, images, positions), predicted, strict=True):
            assert within(box, clipped(expected, size))
            if clipped(expected, size) == expected:
                assert box == expected
                exact += 1
    assert exact


# --- single operations, on maps of 8×8

SAME = ReceptiveField()


def shuffled(x, w):
    images, channels, height, width = x.shape
    groups = torch.cat([x, x], 1).view(images, 2, channels, height, width)
    return groups.transpose(1, 2).contiguous().view(images, -1, height, width)


def units_last(x, w):
    x = F.layer_norm(x.permute(0, 2, 3, 1), (3,))
    return F.linear(x, w.new_ones(4, 3)).permute(0, 3, 1, 2)


# functions of maps and of weights (3, 3, 3, 3), and what they see
OPERATIONS = {
    # the same place
    "relu": (lambda x, w: F.relu(x), SAME),
    "operators": (lambda x, w: (x * 2 - 1) / 3 + x**2, SAME),
    "hardswish": (lambda x, w: F.hardswish(x, inplace=True), SAME),
    "prelu": (lambda x, w: F.prelu(x, w[0, 0, 0]), SAME),
    "batch_norm": (lambda x, w: F.batch_norm(x, w[0, 0, 0], w[0, 0, 1]), SAME),
    "response_norm": (lambda x, w: F.local_response_norm(x, 3), SAME),
    "mean of units": (lambda x, w: x - x.mean(1, keepdim=True), SAME),
    "sum of units": (lambda x, w: x.sum(1).unsqueeze(1), SAME),
    "units": (lambda x, w: torch.cat([x[:, 2:], x[:, 0].unsqueeze(1)], 1), SAME),
    "one more axis": (lambda x, w: x.unsqueeze(4).squeeze(4) * 1, SAME),
    "softmax": (lambda x, w: F.softmax(x, 1), SAME),
    "chunks": (lambda x, w: torch.cat(x.chunk(3, dim=1)[1:], dim=1), SAME),
    "shuffled": (shuffled, SAME),
    "units last": (units_last, SAME),
    "no dropout": (lambda x, w: F.dropout(x, training=False), SAME),
    "a number for each unit": (lambda x, w: x * w[:, :1, :1, 0], SAME),
    # windows
    "conv2d": (
        lambda x, w: F.conv2d(x, w, stride=(1, 2), padding=1),
        ReceptiveField((3, 3), (1, 2), (-1, -1)),
    ),
    "conv2d same": (
        lambda x, w: F.conv2d(x, w, padding="same", dilation=(1, 2)),
        ReceptiveField((3, 5), (1, 1), (-1, -2)),
    ),
    "max_pool2d": (lambda x, w: F.max_pool2d(x, 3, 2, ceil_mode=True), ReceptiveField((3, 3), (2, 2))),
    "avg_pool2d": (lambda x, w: F.avg_pool2d(x, (2, 4)), ReceptiveField((2, 4), (2, 4))),
    "avg_pool2d of half": (lambda x, w: F.avg_pool2d(x, x.shape[-1] // 2, 1), ReceptiveField((4, 4))),
    "adaptive": (lambda x, w: F.adaptive_avg_pool2d(x, (4, 2)), ReceptiveField((2, 4), (2, 4))),
    "adaptive max": (lambda x, w: F.adaptive_max_pool2d(x, (8, 1)), ReceptiveField((1, 8), (1, 8))),
    "transposed": (
        lambda x, w: F.conv_transpose2d(x, w, padding=1),
        ReceptiveField((3, 3), (1, 1), (-1, -1)),
    ),
    "pad": (lambda x, w: F.pad(x, (2, 1, -1, 3)), ReceptiveField(offset=(1, -2))),
    "pad columns": (lambda x, w: F.pad(x, (2, 0)), ReceptiveField(offset=(0, -2))),
    "slice": (lambda x, w: x[:, :, 1::2, -5:] * 1, ReceptiveField(stride=(2, 1), offset=(1, 3))),
    # all of the image, or what is taken for it
    "mean": (lambda x, w: x.mean((2, 3), keepdim=True), None),
    "excitation": (lambda x, w: x * x.amax((2, 3), keepdim=True), None),
    "mean of all": (lambda x, w: x - x.mean(), None),
    "mean of rows": (lambda x, w: x - x.mean(2, keepdim=True), None),
    "one row": (lambda x, w: x - x[:, :, :1], None),
    "softmax of rows": (lambda x, w: F.softmax(x, 2), None),
    "linear": (lambda x, w: F.linear(x, w.new_ones(8, 8)), None),
    "layer_norm of maps": (lambda x, w: F.layer_norm(x, (3, 8, 8)), None),
    "instance_norm": (lambda x, w: F.instance_norm(x), None),
    "group_norm": (lambda x, w: F.group_norm(x, 1), None),
    "batch_norm of the batch": (lambda x, w: F.batch_norm(x, None, None, training=True), None),
    "adaptive uneven": (lambda x, w: F.adaptive_avg_pool2d(x, 3), None),
    "adaptive to one": (lambda x, w: F.adaptive_max_pool2d(x, 1), None),
    "transposed by strides": (lambda x, w: F.conv_transpose2d(x, w, stride=2), None),
    "interpolate": (lambda x, w: F.interpolate(x, scale_factor=2), None),
    "reflected": (lambda x, w: F.pad(x, (1, 1, 1, 1), mode="reflect"), None),
    "circular": (lambda x, w: F.pad(x, (1, 1, 1, 1), mode="circular"), None),
    "roll": (lambda x, w: x.roll(1, 3), None),
    "flip": (lambda x, w: x.flip(2), None),
    "rows as columns": (lambda x, w: x + x.transpose(2, 3), None),
    "conv2d of rows as columns": (lambda x, w: F.conv2d(x.mT, w), None),
    "cumsum": (lambda x, w: x.cumsum(2), None),
    "einsum": (lambda x, w: torch.einsum("nchw,nchv->ncwv", x, x), None),
    "stacked rows": (lambda x, w: torch.cat([x, x], 2), None),
    "another view": (lambda x, w: x.reshape(-1, 3, 4, 16), None),
    "filters from the image": (lambda x, w: F.conv2d(x, x[0].expand(3, 3, 8, 8), padding=4), None),
    "different strides": (lambda x, w: x[:, :, :4, :4] + x[:, :, ::2, ::2], None),
}


class Applied(nn.Module):
    def __init__(self, function) -> None:
        super().__init__()
        self.function = function
        self.register_buffer("weights", torch.rand(3, 3, 3, 3))

    def forward(self, x):
        return self.function(x, self.weights)


@pytest.mark.parametrize(("function", "expected"), OPERATIONS.values(), ids=OPERATIONS)
def test_operations(function, expected):
    network = nn.Sequential(nn.Conv2d(3, 3, 1), Applied(function))
    assert field_of(network, 8) == expected
    assert field_of(network, 8) == expected
    if expected is not None:
        *_, (layer, values, images) = recorded(network, 8)
        for position in corners_and_center(layer.shape):
            (box,) = boxes(values, images, [position])
            assert within(box, clipped(expected.pixels(*position), 8))


def in_memory_of_another(x, w):
    x = x * 1
    part = x[:, :2]
    part = part.add_(F.conv2d(x, w, padding=1)[:, :2])
    return torch.cat([x, part], 1)


def filled(x, w):
    whole = w.new_zeros(x.shape)
    part = whole[:, :, 1:].copy_(x[:, :, :-1])
    return torch.cat([whole[:, :, 1:], part], 1)


@pytest.mark.parametrize("function", [in_memory_of_another, filled])
def test_what_is_written_to_through_another_tensor_may_see_everything(function):
    assert field_of(Applied(function), 8) is None


@pytest.mark.parametrize("nonlinearity", NONLINEARITIES, ids=lambda module: module.__name__)
def test_activation_functions_see_the_same_place(nonlinearity):
    arguments = (0.1, 0) if nonlinearity is nn.Threshold else ()
    assert field_of(nn.Sequential(nn.Conv2d(3, 3, 1), nonlinearity(*arguments)), 8) == SAME


class Sum(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, values):
        values += self.conv(values)
        return values.relu_()


def test_sums_in_place_see_the_union():
    network = nn.Sequential(nn.Conv2d(3, 3, 3), nn.ReLU(inplace=True), Sum())
    expected = ReceptiveField((5, 5), (1, 1), (-1, -1))
    assert field_of(network, 8) == expected


def test_tokens_and_maps_that_lie_on_their_side_have_no_field():
    class Tokens(nn.Module):
        def forward(self, values):
            aside = values.transpose(2, 3) * 1
            return aside.flatten(2).transpose(1, 2) * 1

    layers = {layer.name: layer.receptive_field for layer in list_layers(Tokens(), 8)}
    assert layers.pop("input") == SAME
    assert set(layers.values()) == {None}


def test_maps_with_their_units_last_have_a_field():
    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 5, 3, stride=2)
            self.linear = nn.Linear(5, 6)

        def forward(self, values):
            return self.linear(self.conv(values).permute(0, 2, 3, 1)).mean((1, 2))

    layers = {layer.name: layer for layer in list_layers(Last(), 9)}
    for name, units in (("conv", 5), ("permute", 5), ("linear", 6)):
        assert layers[name].shape == (units, 4, 4)
        assert layers[name].receptive_field == ReceptiveField((3, 3), (2, 2))
    assert layers["output"].receptive_field is None


def test_a_transformer_sees_patches_then_everything():
    network = torchvision_network("vit_b_16", image_size=64)
    layers = {layer.name: layer for layer in list_layers(network, 64)}
    patches = layers.pop("conv_proj")
    assert patches.receptive_field == ReceptiveField((16, 16), (16, 16))
    assert patches.shape == (768, 4, 4)
    assert layers.pop("input").receptive_field == SAME
    assert {layer.receptive_field for layer in layers.values()} == {None}


# --- the object itself


def test_pixels_by_hand():
    field = ReceptiveField((7, 5), (4, 2), (-3, 0))
    assert field.pixels(0, 0) == ((-3, 4), (0, 5))
    assert field.pixels(2, 3) == ((5, 12), (6, 11))


def test_a_field_survives_attributes():
    field = ReceptiveField((7, 5), (4, 2), (-3, 0))
    assert field.attribute() == {"size": [7, 5], "stride": [4, 2], "offset": [-3, 0]}
    assert read_field(field.attribute()) == field
    assert read_field(None) is None
