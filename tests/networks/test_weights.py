"""Reading weights from anywhere, without running code."""

import pickle

import numpy as np
import pytest
import torch
from torch import nn

from census.errors import StudyError
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


@pytest.mark.parametrize(
    "wrap", [lambda s: s, lambda s: {"state_dict": s}, lambda s: {"model": s, "epoch": 3}]
)
@pytest.mark.parametrize("prefix", ["", "module."])
def test_wrapped_checkpoints_are_read(tmp_path, wrap, prefix):
    state = network().state_dict()
    torch.save(wrap({prefix + name: value for name, value in state.items()}), tmp_path / "w.pth")
    read = read_state(tmp_path / "w.pth")
    assert read.keys() == state.keys()
    assert torch.equal(read["0.weight"], state["0.weight"])


def test_pickled_code_is_not_run(tmp_path):
    torch.save({"0.weight": Code(tmp_path / "ran")}, tmp_path / "evil.pth")
    with pytest.raises(StudyError, match=r"evil\.pth holds more than tensors"):
        read_state(tmp_path / "evil.pth")
    (tmp_path / "evil.pkl").write_bytes(pickle.dumps({"conv1": Code(tmp_path / "ran")}))
    with pytest.raises(StudyError, match="is not an array"):
        squeezenet_state(tmp_path / "evil.pkl")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
def test_damaged_files_are_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"not weights at all")
    with pytest.raises(StudyError, match=name):
        read_state(tmp_path / name)


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
