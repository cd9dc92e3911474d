"""Reading weights from anywhere, without running code."""

import argparse
import collections
import dataclasses
import datetime
import enum
import gzip
import io
import pathlib
import pickle
import re
import tarfile
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save, save_file
from torch import nn
from torch.nn.utils import prune

from census.errors import StudyError
from census.networks.checkpoints import read_checkpoint
from census.networks.operators import torchvision_ready
from census.networks.weights import (
    FIRE_MODULES,
    digest_of_weights,
    fit_state,
    load_weights,
    read_state,
    squeezenet_state,
    step_of_weights,
    torchvision_state,
    write_weights,
)


class Code:
    """What a malicious pickle is: a call that runs while it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


def test_weights_survive_their_file(tmp_path):
    path, first, second = tmp_path / "folder" / "10.safetensors", network(0), network(1)
    write_weights(first.state_dict(), path, {"step": "10"})
    load_weights(second, path)
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name])
    assert step_of_weights(path) == 10
    assert [file.name for file in path.parent.iterdir()] == ["10.safetensors"]


def test_the_digest_follows_the_content(tmp_path):
    for seed, name in ((0, "a"), (0, "b"), (1, "c")):
        write_weights(network(seed).state_dict(), tmp_path / f"{name}.safetensors", {})
    a, b, c = (digest_of_weights(tmp_path / f"{name}.safetensors") for name in "abc")
    assert a == b != c


def averaged(state):
    """The same names, with other values."""
    return {name: value + 1 for name, value in state.items()}


def prefixed(prefix, state):
    return {prefix + name: value for name, value in state.items()}


@dataclasses.dataclass
class Options:
    rate: float = 0.1


class Kind(enum.Enum):
    PLAIN = 1


class EasyDict(dict):
    """As several packages of configuration have it."""


class Items(list):
    """A list of a class of its own."""


def besides():
    """What training scripts save beside the weights."""
    return {
        "args": argparse.Namespace(rate=0.1, out=pathlib.Path("runs")),
        "best": np.float32(0.5),
        "history": [np.float64(1), np.arange(3)],
        "when": datetime.datetime(2024, 1, 1),
        "options": Options(),
        "kind": Kind.PLAIN,
        "config": EasyDict(model=EasyDict(depth=18)),
        "counts": collections.defaultdict(list, {"a": [1]}),
        "last": collections.deque([1]),
        "items": Items([1]),
        "size": torch.Size([1, 2]),
        "random": torch.get_rng_state(),
        "loss": torch.nn.functional.cross_entropy,
        "text": (b"bytes", {1, 2}, frozenset([3]), 1j, slice(2)),
    }


CHECKPOINTS = {
    # wrapped, under any key
    "plain": lambda s: s,
    "state_dict": lambda s: {"state_dict": s},
    "model": lambda s: {"model": s, "epoch": 3},
    "model_state_dict": lambda s: {"model_state_dict": s},
    "params": lambda s: {"params": s, "params_ema": averaged(s)},
    "ema alone": lambda s: {"ema": s},
    "deep": lambda s: {"a": [{"weights": {"b": s}}]},
    "DeepSpeed": lambda s: {"module": s, "ds_version": "0.1"},
    "beside": lambda s: {**s, "epoch": 3, "optimizer": {"state": {0: {"exp_avg": torch.zeros(4, 3)}}}},
    # with a prefix
    "module.": lambda s: prefixed("module.", s),
    "_orig_mod.": lambda s: prefixed("_orig_mod.", s),
    "module._orig_mod.": lambda s: prefixed("module._orig_mod.", s),
    "model.": lambda s: prefixed("model.", s),
    "backbone.": lambda s: {"state_dict": prefixed("backbone.", s)},
    "net.encoder.": lambda s: prefixed("net.encoder.", s),
    "compiled part": lambda s: {name.replace("0.", "0._orig_mod.", 1): value for name, value in s.items()},
    # with more besides
    "torchvision": lambda s: {
        "model": s,
        "optimizer": {"state": {}, "param_groups": [{"lr": 0.1}]},
        "model_ema": {"n_averaged": torch.tensor(3), **prefixed("module.", averaged(s))},
        **besides(),
    },
    "Lightning": lambda s: {
        "state_dict": {**prefixed("model.", s), "loss.weight": torch.ones(3)},
        "hyper_parameters": besides(),
    },
    "MoCo": lambda s: {"encoder_q": s, "encoder_k": averaged(s)},
    "twice the same": lambda s: {"model": s, "best": s},
    "counter": lambda s: {name: value for name, value in s.items() if "num_batches" not in name},
}


@pytest.mark.parametrize("protocol", [2, 5])
@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("kind", CHECKPOINTS)
def test_a_network_s_weights_are_found_in_checkpoints(tmp_path, kind, zipped, protocol):
    trained, loaded, path = network(0), network(1), tmp_path / "best.pth.tar"
    checkpoint = CHECKPOINTS[kind](trained.state_dict())
    torch.save(checkpoint, path, _use_new_zipfile_serialization=zipped, pickle_protocol=protocol)
    fit_state(loaded, read_state(path, loaded), "best.pth.tar")
    for name, value in trained.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name])


@pytest.mark.parametrize("wrapped", [nn.Identity(), nn.DataParallel(nn.Identity())])
def test_a_module_that_was_saved_whole_gives_its_weights(tmp_path, wrapped):
    trained, loaded = network(0), network(1)
    trained.register_buffer("passing", torch.zeros(3), persistent=False)
    whole = nn.DataParallel(trained) if isinstance(wrapped, nn.DataParallel) else trained
    torch.save({"model": whole, "ema": None}, tmp_path / "w.pt")
    fit_state(loaded, read_state(tmp_path / "w.pt", loaded), "w.pt")
    assert torch.equal(trained[0].weight, loaded[0].weight)


class Node:
    """An object that refers to others, as trainers do."""


def test_objects_that_refer_to_each_other_are_looked_into_once(tmp_path):
    nodes = [Node() for _ in range(40)]
    for node in nodes:
        node.others = nodes
    state = network(0).state_dict()
    loop = []
    loop.append(loop)
    torch.save({"trainer": nodes, "model": state, "loop": loop}, tmp_path / "w.pt")
    assert read_state(tmp_path / "w.pt", network(1)).keys() == state.keys()


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "backbone."])
def test_prefixes_are_taken_off_in_safetensors_too(tmp_path, prefix, caplog):
    trained, loaded = network(0), network(1)
    save_file(prefixed(prefix, trained.state_dict()), tmp_path / "w.safetensors")
    with caplog.at_level("INFO", "census"):
        fit_state(loaded, read_state(tmp_path / "w.safetensors", loaded), "w")
    assert torch.equal(trained[0].weight, loaded[0].weight)
    assert f"names are matched as '{prefix}0.weight' to the network's '0.weight'" in caplog.text


def test_weights_of_the_network_within_are_taken(tmp_path):
    trained, within = network(0), network(1)
    torch.save(trained.state_dict(), tmp_path / "w.pt")
    wrapper = nn.ModuleDict({"model": within})
    fit_state(wrapper, read_state(tmp_path / "w.pt", wrapper), "w.pt")
    assert torch.equal(trained[0].weight, within[0].weight)


def test_the_log_says_which_weights_were_taken(tmp_path, caplog):
    torch.save(CHECKPOINTS["torchvision"](network().state_dict()), tmp_path / "w.pth")
    with caplog.at_level("INFO", "census"):
        read_state(tmp_path / "w.pth", network())
    assert "weights are taken from 'model'; those at 'model_ema.module' fit, too" in caplog.text
    assert "not restored from the checkpoint, because this would run code: " in caplog.text
    assert "argparse.Namespace" in caplog.text


@pytest.mark.parametrize(
    ("checkpoint", "message"),
    [
        (
            lambda s: {"a": s, "b": averaged(s)},
            "holds 2 sets of weights that fit the network, such as those at 'a'",
        ),
        (lambda s: {**s, "2.weight": s["0.weight"]}, "the network has no tensor '2.weight'"),
        (
            lambda s: prefixed("model.", {**s, "2.weight": s["0.weight"]}),
            "the network has no tensor '2.weight'",
        ),
        (lambda s: {"state_dict": {"0.weight": s["0.weight"]}}, "the first is '0.bias'"),
        (lambda s: {**s, **prefixed("module.", averaged(s))}, "holds 2 sets of weights"),
        (
            lambda s: {**prefixed("head.", s), **{f"body.{i}": torch.zeros(1) for i in range(9)}},
            "holds 7 tensors that fit the network, at 'head', but 9 others next to them, such as 'body.0'",
        ),
        (
            lambda s: {name.replace("0.", "2.", 1): value for name, value in s.items()},
            "the first is '0.weight'",
        ),
        (
            lambda s: {**s, "0.weight": s["0.weight"][:, :2]},
            "'0.weight' has the shape (4, 2), the network's (4, 3)",
        ),
        (
            lambda s: {**s, "0.weight": s["0.weight"].to_sparse()},
            "'0.weight' is no plain tensor, but an object that",
        ),
        (
            lambda s: {**s, "0.weight": (s["0.weight"] * 99).to(torch.int8)},
            "'0.weight' is of torch.int8, the netwo",
        ),
        (
            lambda s: {**s, "0.weight": torch.quantize_per_tensor(s["0.weight"], 1, 0, torch.qint8)},
            "is quantized",
        ),
        (
            lambda s: {**s, "1.num_batches_tracked": torch.tensor(0.5)},
            "has values that torch.int64 cannot hold",
        ),
        (lambda s: {"epoch": 3, "args": [1]}, "holds no tensors by name: it has the keys 'epoch', 'args'"),
        (lambda s: s["0.weight"], "holds no tensors by name: it is of type Tensor"),
        (
            lambda s: np.float32(1),
            "holds no tensors by name: it is an object that numpy._core.multiarray.scalar",
        ),
    ],
)
def test_what_is_not_the_network_s_is_never_taken(tmp_path, checkpoint, message):
    torch.save(checkpoint(network().state_dict()), tmp_path / "w.pt")
    with pytest.raises(StudyError, match=re.escape(message)):
        fit_state(network(), read_state(tmp_path / "w.pt", network()), "w.pt")


def test_other_precisions_are_brought_to_the_network_s(caplog):
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        trained, loaded = network(0), network(1)
        with caplog.at_level("INFO", "census"):
            fit_state(loaded, {name: value.to(dtype) for name, value in trained.state_dict().items()}, "w.pt")
        assert f"{dtype} to torch.float32" in caplog.text
        assert loaded[0].weight.dtype == torch.float32
        assert torch.equal(loaded[0].weight, trained[0].weight.to(dtype).float())


def test_pickled_code_is_not_run(tmp_path):
    state = network().state_dict()
    for name, checkpoint in {
        "value": {**state, "0.weight": Code(tmp_path / "ran")},
        "beside": {"model": state, "args": Code(tmp_path / "ran")},
        "key": {"model": state, Code(tmp_path / "ran"): 1},
    }.items():
        for zipped in (True, False):
            torch.save(checkpoint, tmp_path / f"{name}.pth", _use_new_zipfile_serialization=zipped)
            if name == "value":
                with pytest.raises(
                    StudyError, match=r"'0\.weight' is no plain tensor, but an object that io\.open"
                ):
                    fit_state(network(), read_state(tmp_path / "value.pth", network()), "value.pth")
            else:
                fit_state(network(), read_state(tmp_path / f"{name}.pth", network()), name)
    (tmp_path / "evil.pkl").write_bytes(pickle.dumps({"conv1": Code(tmp_path / "ran")}))
    with pytest.raises(StudyError, match="is not an array"):
        squeezenet_state(tmp_path / "evil.pkl")
    assert not (tmp_path / "ran").exists()


def saved(state, **options):
    file = io.BytesIO()
    torch.save(state, file, **options)
    return file.getvalue()


def zipped(**files):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred():
    file = io.BytesIO()
    tarfile.open(fileobj=file, mode="w").close()
    return file.getvalue()


def scripted():
    file = io.BytesIO()
    torch.jit.save(torch.jit.script(nn.Linear(1, 1)), file)
    return file.getvalue()


def with_a_flipped_bit(content):
    place = content.find(network().state_dict()["0.weight"].numpy().tobytes())
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            lambda s: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
            "a Git LFS pointer, not",
        ),
        (lambda s: b"<!DOCTYPE html><title>Sign in</title>", "a web page"),
        (lambda s: b"\n<html>", "a web page"),
        (lambda s: b'<?xml version="1.0"?><Error>AccessDenied', "a web page"),
        (lambda s: b"Entry not found", "a text that begins with 'Entry not found'"),
        (lambda s: b'{"error": 404}', "a text that begins with"),
        (lambda s: b'{"weight_map": {"a": "1.bin", "b": "2.bin"}}', "the index of weights in 2 files"),
        (lambda s: b"", "empty"),
        (lambda s: gzip.compress(saved(s)), "compressed by gzip; unpack it"),
        (lambda s: tarred(), "a tar archive; unpack it"),
        (lambda s: zipped(**{"a/best.pt": "x"}), "a zip archive of 'a/best.pt'; unpack it"),
        (lambda s: zipped(**{"config.json": "", "model.weights.h5": ""}), "a model of Keras"),
        (lambda s: zipped(**{"net/archive_format": "pt2"}), "a program of torch.export"),
        (lambda s: scripted(), "a TorchScript program; save its weights alone"),
        (lambda s: b"\x89HDF\r\n", "an HDF5 file, as Keras writes them"),
        (lambda s: b"\x08\x07\x12\x07pytorch", "a model of ONNX"),
        (lambda s: b"\x1c\0\0\0TFL3", "a model of TensorFlow Lite"),
        (lambda s: pickle.dumps({"a": 1}), "a pickle that torch.save has not written"),
        (lambda s: b"\0\1\2\xff" * 50, "neither safetensors nor written by torch.save"),
        (lambda s: saved(s)[:-99], "truncated or damaged"),
        (lambda s: saved(s, _use_new_zipfile_serialization=False)[:-9], "truncated or damaged"),
        (lambda s: saved(s, _use_new_zipfile_serialization=False)[:99], "truncated or damaged"),
        (lambda s: with_a_flipped_bit(saved(s)), "truncated or damaged"),
        (lambda s: save(s)[:-9], "truncated or damaged"),
        (lambda s: save(s)[:99], "truncated within its header"),
    ],
)
def test_files_that_are_no_weights_are_called_what_they_are(tmp_path, content, message):
    path = tmp_path / "last.ckpt"
    path.write_bytes(content(network().state_dict()))
    with pytest.raises(StudyError, match=f"last.ckpt is {re.escape(message)}"):
        read_state(path, network())


def test_paths_that_are_no_files_are_named(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model/w.bin").touch()
    with pytest.raises(StudyError, match=r"model is a folder; .* such as '.*model/w\.bin'"):
        read_state(tmp_path / "model", network())
    (tmp_path / "link.pt").symlink_to("/nowhere/w.pt")
    with pytest.raises(
        StudyError, match=r"no file '.*link\.pt', a link to '/nowhere/w\.pt', which is missing"
    ):
        read_state(tmp_path / "link.pt", network())


def test_a_file_without_checksums_is_read(tmp_path):
    torch.serialization.set_crc32_options(False)
    try:
        torch.save(network(0).state_dict(), tmp_path / "w.pt")
    finally:
        torch.serialization.set_crc32_options(True)
    assert torch.equal(read_state(tmp_path / "w.pt", network(1))["0.weight"], network(0)[0].weight)


@pytest.mark.parametrize("zipped", [True, False])
def test_tensors_are_read_as_torch_reads_them(tmp_path, zipped):
    base = torch.arange(24.0).reshape(4, 6)
    tensors = {
        "transposed": base.T,
        "part": base[1:3, ::2],
        "same": base,
        "expanded": base[:, :1].expand(4, 5),
        "none": torch.empty(0, 3),
        "scalar": torch.tensor(3),
        "bool": base > 3,
        "parameter": nn.Parameter(base + 1),
        "labeled": torch.rand(2, dtype=torch.complex64),
        "small": base.to(torch.float8_e4m3fn),
        "unsigned": torch.tensor([1, 60_000], dtype=torch.uint16),
    }
    tensors["parameter"].note = "an attribute of its own"
    torch.save(tensors, tmp_path / "w.pt", _use_new_zipfile_serialization=zipped)
    read = read_checkpoint(tmp_path / "w.pt")
    assert read.keys() == tensors.keys()
    for name, value in tensors.items():
        assert (read[name].dtype, read[name].shape) == (value.dtype, value.shape)
        assert torch.equal(read[name].to(torch.complex64), value.to(torch.complex64)), name


class Tied(nn.Module):
    """Two names for one parameter."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)
        self.second.weight = self.first.weight


def test_tied_weights_survive_their_file(tmp_path):
    first, second = Tied(), Tied()
    write_weights(first.state_dict(), tmp_path / "w.safetensors", {})
    load_weights(second, tmp_path / "w.safetensors")
    assert torch.equal(second.second.weight, first.first.weight)
    assert second.second.weight is second.first.weight
    # a part of another tensor, too
    views = {"whole": torch.arange(4.0), "part": torch.arange(4.0)}
    views["part"] = views["whole"][1:3]
    write_weights(views, tmp_path / "views.safetensors", {})
    assert read_checkpoint(tmp_path / "views.safetensors")["part"].tolist() == [1, 2]


def test_tied_weights_may_be_given_once_and_never_differ(tmp_path):
    state = Tied().state_dict()
    for left_out in ("first.weight", "second.weight"):
        loaded = Tied()
        torch.save({"model": {k: v for k, v in state.items() if k != left_out}}, tmp_path / "w.pt")
        fit_state(loaded, read_state(tmp_path / "w.pt", loaded), "w.pt")
        assert torch.equal(loaded.first.weight, state["first.weight"])
    with pytest.raises(
        StudyError, match=r"'first\.weight' and 'second\.weight' are one tensor in the network, and d"
    ):
        fit_state(Tied(), {**state, "second.weight": torch.zeros(3, 3)}, "w.pt")


class Scaled(nn.Linear):
    """A module whose output depends on its extra state."""

    def __init__(self, scale):
        super().__init__(2, 2)
        self.scale = scale

    def get_extra_state(self):
        return self.scale

    def set_extra_state(self, state):
        self.scale = state


@pytest.mark.parametrize("scale", [3, [1.5, "a", None, True], {"a": 1}, torch.tensor([2.0])], ids=str)
def test_extra_state_survives_its_file(tmp_path, scale):
    first, second = nn.Sequential(Scaled(scale)), nn.Sequential(Scaled(0))
    write_weights(first.state_dict(), tmp_path / "w.safetensors", {"step": "3"})
    load_weights(second, tmp_path / "w.safetensors")
    assert str(second[0].scale) == str(scale)
    assert step_of_weights(tmp_path / "w.safetensors") == 3
    # and a checkpoint of the user's
    torch.save({"model": prefixed("module.", first.state_dict())}, tmp_path / "w.pt")
    second = nn.Sequential(Scaled(0))
    fit_state(second, read_state(tmp_path / "w.pt", second), "w.pt")
    assert str(second[0].scale) == str(scale)


@pytest.mark.parametrize("scale", [{1: 2}, (1, 2), Kind.PLAIN, b"bytes"], ids=str)
def test_extra_state_that_would_be_lost_is_refused_by_name(tmp_path, scale):
    with pytest.raises(
        StudyError, match=r"extra state '0\._extra_state' is of type .*let get_extra_state return"
    ):
        write_weights(nn.Sequential(Scaled(scale)).state_dict(), tmp_path / "w.safetensors", {})


def test_extra_state_is_never_dropped(tmp_path):
    loaded = nn.Sequential(Scaled(2))
    torch.save(nn.Sequential(Scaled(Kind.PLAIN)).state_dict(), tmp_path / "w.pt")
    with pytest.raises(
        StudyError, match=r"'0\._extra_state' holds an object that .*Kind makes, which only code can"
    ):
        fit_state(loaded, read_state(tmp_path / "w.pt", loaded), "w.pt")
    torch.save(nn.Sequential(nn.Linear(2, 2)).state_dict(), tmp_path / "w.pt")
    with pytest.raises(StudyError, match=r"the first is '0\._extra_state'"):
        fit_state(loaded, read_state(tmp_path / "w.pt", loaded), "w.pt")
    torch.save(nn.Sequential(Scaled(1)).state_dict(), tmp_path / "w.pt")
    loaded = nn.Sequential(nn.Linear(2, 2))
    with pytest.raises(StudyError, match=r"the network has no tensor '0\._extra_state'"):
        fit_state(loaded, read_state(tmp_path / "w.pt", loaded), "w.pt")


def old_weight_norm(seed):
    torch.manual_seed(seed)
    with pytest.warns(FutureWarning):
        return nn.Sequential(torch.nn.utils.weight_norm(nn.Linear(3, 2)))


def parametrized(seed):
    torch.manual_seed(seed)
    return nn.Sequential(torch.nn.utils.parametrizations.weight_norm(nn.Linear(3, 2)))


def pruned(seed):
    torch.manual_seed(seed)
    module = nn.Linear(3, 2)
    prune.random_unstructured(module, "weight", amount=0.5)
    return nn.Sequential(module)


@pytest.mark.parametrize("make", [old_weight_norm, parametrized, pruned])
def test_weights_that_are_computed_survive_their_file(tmp_path, make):
    first, second, images = make(0), make(1), torch.rand(4, 3)
    write_weights(first.state_dict(), tmp_path / "w.safetensors", {})
    load_weights(second, tmp_path / "w.safetensors")
    assert torch.equal(first(images), second(images))


def test_modules_convert_the_names_of_their_earlier_versions():
    torchvision_ready()
    from torchvision.models.densenet import _DenseLayer
    from torchvision.models.mnasnet import MNASNet
    from torchvision.models.vision_transformer import MLPBlock

    # as in the file of vit_b_16
    first, second = MLPBlock(3, 4, 0.0), MLPBlock(3, 4, 0.0)
    names = {"0": "linear_1", "3": "linear_2"}
    old = {f"{names[name[0]]}{name[1:]}": value for name, value in first.state_dict().items()}
    fit_state(second, old, "w.pth")
    assert torch.equal(second[3].weight, first[3].weight)
    # as in that of weights with norm by the old hooks
    fit_state(second := parametrized(1), (first := old_weight_norm(0)).state_dict(), "w.pth")
    assert torch.allclose(second[0].weight, first[0].weight)
    # as in that of densenet121
    first, second = (nn.ModuleDict({"denselayer1": _DenseLayer(4, 4, 2, 0.0)}) for _ in range(2))
    old = {re.sub(r"(norm|conv)([12])", r"\1.\2", name): value for name, value in first.state_dict().items()}
    fit_state(second, old, "w.pth")
    assert torch.equal(second["denselayer1"].conv2.weight, first["denselayer1"].conv2.weight)
    # which asks for its version
    fit_state(MNASNet(0.5, num_classes=2), dict(MNASNet(0.5, num_classes=2).state_dict()), "w.pth")


def test_what_does_not_fit_is_named():
    state = network().state_dict()
    with pytest.raises(StudyError, match=r"file: 1 tensors .* missing, the first is '0\.bias'"):
        fit_state(network(), {name: value for name, value in state.items() if name != "0.bias"}, "file")
    with pytest.raises(StudyError, match=r"the network has no tensor '2\.weight'"):
        fit_state(network(), {**state, "2.weight": torch.zeros(1)}, "file")
    with pytest.raises(StudyError, match=r"'0\.bias' has the shape \(9,\), the network's \(4,\)"):
        fit_state(network(), {**state, "0.bias": torch.zeros(9)}, "file")


def test_unknown_weights_of_torchvision_are_named_with_the_nearest():
    with pytest.raises(
        StudyError, match=r"networks\.n\.weights: .*'IMAGENET1K_V3'.*did you mean 'IMAGENET1K_V1'"
    ):
        torchvision_state("alexnet", "IMAGENET1K_V3", "n")


def test_squeezenets_kernels_are_turned_to_torchs_layout(tmp_path):
    torchvision_ready()
    from torchvision.models import squeezenet1_1

    random = np.random.default_rng(0)
    network = squeezenet1_1().eval()
    names = {"features.0": "conv1", "classifier.1": "conv10"} | {
        f"features.{place}.{part.replace('squeeze1x1', 'squeeze')}": f"fire{fire}/{part}"
        for fire, place in FIRE_MODULES.items()
        for part in ("squeeze1x1", "expand1x1", "expand3x3")
    }
    arrays = {}
    for module, caffe in names.items():
        units, inputs, height, width = network.get_submodule(module).weight.shape
        kernel = random.standard_normal((height, width, inputs, units)).astype("f4")
        arrays[caffe] = (kernel, random.standard_normal(units).astype("f4"))
    (tmp_path / "w.pkl").write_bytes(pickle.dumps(arrays))
    fit_state(network, squeezenet_state(tmp_path / "w.pkl"), "test")
    kernel, bias = arrays["fire6/expand3x3"]
    layer = network.features[9].expand3x3
    assert layer.weight[7, 5, 0, 2].item() == kernel[0, 2, 5, 7]
    np.testing.assert_array_equal(layer.bias.detach().numpy(), bias)
