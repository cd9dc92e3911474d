"""Unusual networks: recorded as plain torch computes them, or refused with the right message."""

import collections
import contextlib
import dataclasses
import functools
import re
import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from census.errors import StudyError
from census.networks import verification
from census.networks.prepared import prepare

INPUT = {"size": 16, "resize": None, "color": "RGB", "range": 1, "mean": [0.5] * 3, "std": [0.25] * 3}
ENTRY = {"input": INPUT, "classes": 3}
PIXELS = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)


class Base(nn.Module):
    """Two convolutions with nonlinearities, the first one in place; what stands between is a subclass's."""

    def __init__(self, between=None, **parts):
        super().__init__()
        self.conv1, self.relu1 = nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(inplace=True)
        self.conv2, self.relu2 = nn.Conv2d(4, 6, 3, padding=1), nn.ReLU()
        self.fc = nn.Linear(6, 3)
        self._between = between
        for name, part in parts.items():
            setattr(self, name, part)

    def between(self, values):
        return values if self._between is None else self._between(self, values)

    def head(self, values):
        return self.fc(self.relu2(self.conv2(values)).mean((2, 3)))

    def forward(self, images):
        return self.head(self.relu1(self.between(self.conv1(images))))


# --- writes that a second program would lose


def writes_a_slice(self, values):
    first, second = values[:, :2], values[:, 2:]
    first.mul_(second)
    return values


def writes_a_part(self, values):
    first, _ = values.chunk(2, 1)
    self.relu1(first)
    return values


def writes_by_another_name(self, values):
    kept = values
    values += 1
    return values + kept


def writes_data(self, values):
    values.data.clamp_(max=0.1)
    return values


def writes_what_is_detached(self, values):
    values.detach().mul_(2)
    return values


def writes_items(self, values):
    values[:, :2] = 0
    return values


def writes_chosen_items(self, values):
    values[values > 0.2] = 0.2
    return values


def writes_an_output(self, values):
    torch.add(values, 1, out=values)
    return values


def writes_a_transposed_view(self, values):
    values.transpose(2, 3)[:, :, 0] += 1
    return values


def writes_through_numpy(self, values):
    values.detach().cpu().numpy()[:, 0] = 0
    return values


WRITES = {
    function.__name__: functools.partial(Base, function)
    for function in (
        *(writes_a_slice, writes_a_part, writes_by_another_name, writes_data, writes_what_is_detached),
        *(
            writes_items,
            writes_chosen_items,
            writes_an_output,
            writes_a_transposed_view,
            writes_through_numpy,
        ),
    )
}

# --- arguments with defaults, branches that do not depend on values, calls outside of forward


class HasAScale(Base):
    def forward(self, images, scale=1.5):
        return super().forward(images * scale)


class HasAMask(Base):
    def forward(self, images, mask=None, *, features=False):
        values = self.conv1(images if mask is None else images * mask)
        return values if features else self.head(self.relu1(values))


HALF = torch.tensor(0.5)


class HasAnOptionalTensor(Base):
    def forward(self, images, shift=HALF):
        return super().forward(images + shift)


class AsksForTensors(Base):
    def forward(self, images):
        images = (
            images if isinstance(images, torch.Tensor) and not isinstance(images, nn.Parameter) else -images
        )
        return super().forward(images if torch.is_grad_enabled() else images * 2)


class HasAHook(Base):
    def __init__(self):
        super().__init__()
        self.register_forward_hook(lambda module, inputs, output: output * 3)
        self.conv2.register_forward_pre_hook(lambda module, inputs: (inputs[0] + 1,))


class HasACall(Base):
    def __call__(self, images):
        return super().__call__(images) - 1


class CastsInside(Base):
    def forward(self, images):
        with torch.autocast("cpu", torch.bfloat16):
            values = self.conv1(images)
        return self.head(self.relu1(values.float()))


def makes_tensors(self, values):
    ramp = torch.arange(values.size(3), device=values.device).float() / 100
    return values + ramp + torch.zeros(len(values), 1, 1, 1) + torch.linspace(0, 1, values.shape[2])[:, None]


def asserts_and_loops(self, values):
    assert values.shape[-1] == 16, "16 pixels"
    return torch.stack([values[:, unit] * (unit + 1) for unit in range(values.shape[1])], 1)


def ends_early(self, values):
    for number in range(10):
        if number > 1:
            break
        values = values * 1.5
    return values


CALLS = {
    **{kind.__name__: kind for kind in (HasAScale, HasAMask, HasAnOptionalTensor, AsksForTensors)},
    **{kind.__name__: kind for kind in (HasAHook, HasACall, CastsInside)},
    **{
        each.__name__: functools.partial(Base, each)
        for each in (makes_tensors, asserts_and_loops, ends_early)
    },
}

# --- layouts, shapes, operations out of sight


class Views(Base):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(6 * 256, 3)

    def head(self, values):
        values = self.relu2(self.conv2(values))
        return self.fc(values.view(values.size(0), -1))


def strides(self, values):
    return values.as_strided(values.shape, (1024, 256, 16, 1)).clone()


def has_five_axes(self, values):
    return values + self.table[0].sum()


class Doubles(torch.autograd.Function):
    @staticmethod
    def forward(context, values):
        return values * 2

    @staticmethod
    def backward(context, gradient):
        return gradient * 2


def has_a_function_of_its_own(self, values):
    return Doubles.apply(values)


def goes_by_numpy(self, values):
    return torch.from_numpy(values.detach().cpu().numpy() * 2)


def is_scripted_inside(self, values):
    return self.scripted(values)


def is_in_another_space(self, values):
    return torch.fft.ifft2(torch.fft.fft2(values)).real


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.fc = nn.LSTM(48, 8, batch_first=True), nn.Linear(8, 3)

    def forward(self, images):
        values, _ = self.lstm(images.permute(0, 2, 1, 3).flatten(2))
        return self.fc(values[:, -1])


def encoder():
    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True, dropout=0)

    class Encoded(nn.Module):
        def __init__(self):
            super().__init__()
            self.patches = nn.Conv2d(3, 16, 4, 4)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.encoder, self.fc = nn.TransformerEncoder(layer, 2), nn.Linear(16, 3)

        def forward(self, images):
            return self.fc(self.encoder(self.patches(images).flatten(2).transpose(1, 2)).mean(1))

    return Encoded()


SHAPES = {
    "Views": Views,
    "strides": functools.partial(Base, strides),
    "has_five_axes": lambda: Base(has_five_axes, table=nn.Parameter(torch.randn(2, 3, 1, 1, 2))),
    "has_a_function_of_its_own": functools.partial(Base, has_a_function_of_its_own),
    "goes_by_numpy": functools.partial(Base, goes_by_numpy),
    "is_scripted_inside": lambda: Base(is_scripted_inside, scripted=torch.jit.script(nn.Softplus())),
    "is_in_another_space": functools.partial(Base, is_in_another_space),
    "Recurrent": Recurrent,
    "encoder": encoder,
}

# --- what is returned

Pair = collections.namedtuple("Pair", "logits hidden")


@dataclasses.dataclass
class Answer:
    logits: torch.Tensor
    loss: float | None = None


class Hidden:
    def __init__(self, scores, maps):
        self.scores, self.maps = scores, maps


class Returns(Base):
    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def head(self, values):
        return self.answer(super().head(values), values)


RETURNS = {
    "pair": lambda: Returns(Pair),
    "object": lambda: Returns(lambda logits, maps: Answer(logits)),
    "tuple": lambda: Returns(lambda logits, maps: (maps, logits)),
    "twice": lambda: Returns(lambda logits, maps: [logits, logits]),
    "mapping": lambda: Returns(lambda logits, maps: {"logits": logits, "aux": logits * 2}),
    "other names": lambda: Returns(Hidden),
}

# --- nothing to measure

NOTHING = {
    "inactive": lambda: _with(Base(), lambda network: nn.init.constant_(network.conv1.bias, -100)),
    "nan": lambda: _with(Base(), lambda network: nn.init.constant_(network.conv2.weight, torch.nan)),
    "infinite": lambda: _with(Base(), lambda network: nn.init.constant_(network.conv2.bias, torch.inf)),
    "detached": lambda: Base(lambda self, values: values.detach()),
}


def _with(network, change):
    change(network)
    return network


def seeded(make):
    torch.manual_seed(0)
    return make().eval()


def clones_by_hook(network, images):
    """What the first call of each module returned, cloned at once."""
    clones = {}

    def keep(name):
        def hook(module, inputs, output):
            if isinstance(output, torch.Tensor) and name not in clones:
                clones[name] = output.clone()

        return hook

    handles = [
        module.register_forward_hook(keep(name))
        for name, module in network.named_modules()
        if name and not isinstance(module, torch.jit.ScriptModule)
    ]
    with torch.inference_mode():
        answer = network(images.clone())
    for handle in handles:
        handle.remove()
    return answer, clones


def recorded(prepared, images):
    values = {}
    record = prepared.recorder({layer.name: layer.node for layer in prepared.listing.layers})
    with torch.inference_mode():
        logits = record(images.clone(), lambda name, tensor: values.setdefault(name, tensor.clone()))
    return logits, values


RECORDED = {**WRITES, **CALLS, **SHAPES, **RETURNS, **NOTHING}


@pytest.mark.parametrize("name", RECORDED)
def test_it_is_recorded_as_plain_torch_computes_it(name):
    network = seeded(RECORDED[name])
    prepared = prepare(network, ENTRY, pixels=PIXELS)
    assert prepared.verify().n_modules >= 1
    images = prepared.preprocess(PIXELS)
    logits, values = recorded(prepared, images)
    answer, clones = clones_by_hook(network, images)
    for candidate in ("logits", "scores"):
        answer = getattr(answer, candidate, answer)
    if isinstance(answer, dict):
        answer = answer["logits"]
    elif isinstance(answer, (tuple, list)):
        answer = answer[1]
    same = functools.partial(torch.testing.assert_close, rtol=1e-5, atol=1e-6, equal_nan=True)
    same(logits, answer)
    same(values["output"], answer)
    names = {each: layer.name for layer in prepared.listing.layers for each in (layer.name, *layer.aliases)}
    compared = [module for module in clones if module in names]
    for module in compared:
        same(values[names[module]], clones[module], msg=lambda text, module=module: f"{module}: {text}")
    assert len(compared) >= len(clones) - 1, clones.keys() - names.keys()


class Steps(Base):
    """Takes other steps for other images."""

    def forward(self, images):
        images = images.tanh() if images[-1, 0, 0, 0] != images[0, 0, 0, 0] else images
        return super().forward(images)


def each_image_by_itself(self, values):
    return torch.stack([image * 2 for image in values])


def _other_dropout(self, values):
    return values * (torch.rand_like(values) > 0.5)


def attends_over_the_batch(self, values):
    rows = values.flatten(1)
    return ((rows @ rows.mT).softmax(-1) @ rows).view_as(values)


def multiplies_rounding(self, values):
    # out of torch's sight: nothing but rounding depends on the number of images
    shift = len(values) / 3
    return (torch.from_numpy(values.detach().cpu().numpy() + shift - shift) * 1e5).sin()


def multiplies_rounding_and_mixes_images(self, values):
    values = multiplies_rounding(self, values)
    return values + 0.01 * values.mean(0, keepdim=True)


def multiplies_rounding_in_float32(self, values):
    return multiplies_rounding(self, values) @ self.tables[0]


REFUSED = {
    "dropout": (
        lambda: Base(lambda self, values: F.dropout(values, 0.5)),
        "layer 'dropout' differs between two runs",
    ),
    "noise": (lambda: Base(_other_dropout), "layer 'rand_like' differs between two runs"),
    "module in training": (
        lambda: _with(
            Base(lambda self, values: self.drop.train()(values), drop=nn.Dropout()), lambda _: None
        ),
        "layer 'drop' differs between two runs",
    ),
    "mean of the batch": (
        lambda: Base(lambda self, values: values - values.mean(0, keepdim=True)),
        "layer 'sub' depends on the other images in the batch",
    ),
    "statistics of the batch": (
        lambda: Base(
            lambda self, values: self.norm(values), norm=nn.BatchNorm2d(4, track_running_stats=False)
        ),
        "layer 'norm' depends on the other images in the batch",
    ),
    "attention over the batch": (
        lambda: Base(lambda self, values: values * values.flatten(1).std(1).softmax(0)[:, None, None, None]),
        "layer '(softmax|getitem)' depends on the other images in the batch",
    ),
    "attention over the batch, a row for each image": (
        lambda: Base(attends_over_the_batch),
        r"layer 'matmul' depends on the other images in the batch: an image alone has values of shape \(1,\) "
        r"there, one of 3 images \(3,\)",
    ),
    "mean of the batch after rounding": (
        lambda: Base(multiplies_rounding_and_mixes_images),
        "layer 'add' depends on the other images in the batch, by",
    ),
    "rounding in a network that needs float32": (
        lambda: Base(multiplies_rounding_in_float32, tables=[torch.eye(16)]),
        "layer 'sin' depends on the other images in the batch, by",
    ),
    "branches": (Steps, rf"takes step '(tanh|conv1)' on some images .* at {re.escape(__file__)}:\d+"),
    "loops over images": (lambda: Base(each_image_by_itself), r"takes step .* for any number of them"),
    "maps": (
        lambda: Returns(lambda logits, maps: maps),
        r"returns float32 \(3, 4, 16, 16\) for 3 images, no logits of shape \(images, classes\)",
    ),
    "one value": (lambda: Returns(lambda logits, maps: logits[:, 0]), r"returns float32 \(3,\) .* no logits"),
    "classes": (lambda: Returns(lambda logits, maps: logits.argmax(1)), r"returns int64 \(3,\) .* no logits"),
    "several": (
        lambda: Returns(lambda logits, maps: (logits, logits * 2)),
        r"returns tuple \(0: float32 \(3, 3\), 1: .*several tensors may be logits; .*networks\.mine\.logits",
    ),
    "nothing": (lambda: Returns(lambda logits, maps: None), "returns NoneType .* no tensor may be logits"),
    "other classes": (
        lambda: Returns(lambda logits, maps: logits[:, :2]),
        "networks.mine.classes: is 3, but the network returns 2 logits; set it to 2",
    ),
    "error": (
        lambda: Base(lambda self, values: values @ values[:, 0, :3]),
        rf"fails at {re.escape(__file__)}:\d+ \(RuntimeError: .*check networks\.mine\.input",
    ),
    "error of a module": (
        lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(7, 3)),
        r"fails in module '2' \(RuntimeError: mat1 and mat2 shapes",
    ),
}


AT_ONCE = pytest.mark.parametrize("at_once", [verification.AT_ONCE, 1], ids=["at once", "layer by layer"])


@AT_ONCE
@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_for_the_true_reason(name, at_once, monkeypatch):
    monkeypatch.setattr(verification, "AT_ONCE", at_once)
    monkeypatch.setattr(verification, "LARGEST_AT_ONCE", 0)
    make, reason = REFUSED[name]
    with pytest.raises(StudyError, match=reason):
        prepare(seeded(make), ENTRY, "mine", pixels=PIXELS).verify()


def test_a_network_that_multiplies_rounding_is_recorded_and_says_so(caplog):
    network = seeded(lambda: Base(multiplies_rounding))
    proven = prepare(network, ENTRY, "mine", pixels=PIXELS).verify()
    assert proven.rounding > 10 * verification.TOLERANCE
    assert "networks.mine amplifies rounding: values of layer" in caplog.text
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}


def test_a_plain_network_says_that_it_does_not_multiply_rounding(caplog):
    proven = prepare(seeded(Base), ENTRY, "mine", pixels=PIXELS).verify()
    assert proven.rounding < verification.TOLERANCE / 10
    assert not caplog.text


def test_a_large_network_is_proven_in_parts(monkeypatch):
    prepared = prepare(seeded(Base), ENTRY, "mine", pixels=PIXELS)
    whole = prepared.verify()
    monkeypatch.setattr(verification, "AT_ONCE", 1)
    monkeypatch.setattr(verification, "LARGEST_AT_ONCE", 0)
    assert prepared.verify() == whole


@pytest.mark.parametrize(
    ("answer", "part", "factor"),
    [
        (lambda logits, maps: (logits, logits * 2), 1, 2),
        (lambda logits, maps: (logits, logits * 2), "0", 1),
        (lambda logits, maps: {"aux": {"second": logits * 2}, "first": logits}, "aux.second", 2),
        (lambda logits, maps: Hidden(logits, logits * 2), "maps", 2),
    ],
)
def test_the_config_names_the_part_that_are_logits(answer, part, factor):
    network = seeded(lambda: Returns(answer))
    prepared = prepare(network, {**ENTRY, "logits": part}, pixels=PIXELS)
    images = prepared.preprocess(PIXELS)
    logits, _ = recorded(prepared, images)
    with torch.inference_mode():
        torch.testing.assert_close(logits, factor * Base.head(network, network.relu1(network.conv1(images))))
    with pytest.raises(
        StudyError, match=r"networks\.mine\.logits: the network returns no part 'x'; its parts: "
    ):
        prepare(network, {**ENTRY, "logits": "x"}, "mine", pixels=PIXELS)


@pytest.mark.parametrize("catches", [False, True])
def test_what_fails_while_values_are_handed_out_is_no_fault_of_the_network(catches):
    def between(self, values):
        with contextlib.suppress(OSError) if catches else contextlib.nullcontext():
            return values * 2
        return values

    prepared = prepare(seeded(lambda: Base(between)), ENTRY, "mine", pixels=PIXELS)

    def take(name, values):
        raise OSError("no space is left")

    with pytest.raises(OSError, match="no space is left"), torch.inference_mode():
        prepared.recorder({"mul": "mul"})(prepared.images, take)


# --- the proof itself: with an old way to record, it notices what goes wrong without a word


class Traced:
    """Records from a graph of torch.fx, in which arguments with defaults are given the image."""

    def __init__(self, network, layers, *, entering, steps, key, logits):
        self._graph = torch.fx.Tracer().trace(network)
        self._traced = torch.fx.GraphModule(network, self._graph)
        self._layers = layers

    def __call__(self, images, take):
        values = {}

        class Run(torch.fx.Interpreter):
            def placeholder(self, target, args, kwargs):
                return images

            def run_node(self, node):
                value = super().run_node(node)
                kept = value.clone() if isinstance(value, torch.Tensor) else value
                values[str(node.target) if node.op == "call_module" else node.name] = kept
                return value

        # dead code, such as a write through a view, is not run
        self._graph.eliminate_dead_code()
        logits = values["output"] = Run(self._traced).run(images)
        for name, step in self._layers.items():
            if step in values and name != "input":
                take(name, values[step])
        return logits


class Keeping(verification.Recorder):
    """Keep each tensor until the end of the forward pass, as a plain hook does."""

    def __call__(self, images, take):
        kept = {}
        logits = super().__call__(images, kept.__setitem__)
        for name, values in kept.items():
            take(name, values)
        return logits


class LastComputed(verification.Recorder):
    """Takes the tensor that was computed last within a module for what the module returns."""

    def __init__(self, network, layers, **options):
        last = {name: step.replace("block.mul", "block.sub") for name, step in layers.items()}
        super().__init__(network, last, **{**options, "steps": None})


class Block(nn.Module):
    def forward(self, values):
        returned = values * 2
        self.other = values - 1
        return returned


# without those of the networks above that cannot be traced
SILENT = {
    **{
        name: (WRITES[name], Traced)
        for name in (
            *("writes_a_slice", "writes_a_part", "writes_by_another_name", "writes_data"),
            *("writes_what_is_detached", "writes_an_output"),
        )
    },
    "HasAScale": (HasAScale, Traced),
    "HasAHook": (HasAHook, Traced),
    "HasACall": (HasACall, Traced),
    "AsksForTensors": (AsksForTensors, Traced),
    "CastsInside": (CastsInside, Traced),
    "in place": (Base, Keeping),
    "in place, by a function": (lambda: Base(lambda self, values: values.sigmoid_() - 1), Keeping),
    "last computed": (lambda: Base(lambda self, values: self.block(values), block=Block()), LastComputed),
}


@AT_ONCE
@pytest.mark.parametrize("name", SILENT)
def test_the_proof_notices_an_old_way_to_record(name, at_once, monkeypatch):
    monkeypatch.setattr(verification, "AT_ONCE", at_once)
    monkeypatch.setattr(verification, "LARGEST_AT_ONCE", 0)
    make, way = SILENT[name]
    prepared = prepare(seeded(make), ENTRY, "mine", pixels=PIXELS)
    prepared.verify()
    monkeypatch.setattr(verification, "Recorder", way)
    with pytest.raises(StudyError, match="differ from the network's own by"):
        prepared.verify()


def test_a_difference_is_measured_in_root_mean_squares():
    truth = torch.tensor([[3.0, -3.0], [3.0, 3.0]])
    assert verification.difference(truth, truth.clone()) == 0
    assert verification.difference(truth + torch.tensor([[0.3, 0], [0, 0]]), truth) == pytest.approx(0.1)
    undefined = torch.tensor([torch.nan, torch.inf, 1])
    assert verification.difference(undefined, undefined.clone()) == 0
    assert verification.difference(undefined, torch.tensor([0, torch.inf, 1])) == np.inf
    assert verification.difference(undefined, torch.tensor([torch.nan, -torch.inf, 1])) == np.inf
    assert verification.difference(undefined, torch.tensor([torch.nan, 3e38, 1])) == np.inf
    assert verification.difference(torch.zeros(2), torch.zeros(3)) == np.inf
    for scale in (1e-30, 1e30, 1e100):
        wide = truth.double() if scale == 1e100 else truth
        assert verification.difference(1.1 * scale * wide, scale * wide) == pytest.approx(0.1, rel=1e-4)
    assert verification.difference(torch.full((2,), 1e-20), torch.zeros(2)) == np.inf
    assert verification.difference(torch.tensor([True]), torch.tensor([False])) == np.inf
