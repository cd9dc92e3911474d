"""EfficientNet-Lite0: its shape, its padding, and the names of a released checkpoint."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from census.errors import StudyError
from census.networks.efficientnet import efficientnet_lite0, efficientnet_names
from census.networks.weights import efficientnet_state, fit_state
from census.planning.config import read_config
from census.planning.listing import list_layers


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return efficientnet_lite0(3, 224, 1000).eval()


def test_it_has_the_papers_size(network):
    # 4.7 million, says the page of its release
    assert sum(value.numel() for value in network.parameters()) == 4_652_008
    # of the table: a stem, 16 blocks of which the first does not expand, a head
    assert sum(isinstance(module, nn.Conv2d) for module in network.modules()) == 1 + 3 * 16 - 1 + 1


@pytest.mark.parametrize("size", [64, 75, 224])
def test_maps_are_padded_as_tensorflow_does(size):
    torch.manual_seed(0)
    network = efficientnet_lite0(3, size, 7).eval()
    convolutions = [name for name, module in network.named_modules() if isinstance(module, nn.Conv2d)]
    inputs = {}

    def keep(name):
        return lambda _, arguments, output: inputs.update({name: (arguments[0], output)})

    padded = {name for name in convolutions if f"{name}_pad" in dict(network.named_modules())}
    assert len(padded) == (5 if size % 32 == 0 else 2)
    for name in [*convolutions, *(f"{name}_pad" for name in padded)]:
        network.get_submodule(name).register_forward_hook(keep(name))
    network(torch.randn(1, 3, size, size))
    for name in convolutions:
        module, (values, output) = network.get_submodule(name), inputs[name]
        values = inputs[f"{name}_pad"][0] if name in padded else values
        side, kernel, stride = values.shape[-1], module.kernel_size[0], module.stride[0]
        wanted = -(-side // stride)  # ceil
        total = max((wanted - 1) * stride + kernel - side, 0)
        before, after = total // 2, total - total // 2
        same = F.conv2d(
            F.pad(values, (before, after, before, after)), module.weight, stride=stride, groups=module.groups
        )
        assert output.shape[-1] == wanted
        torch.testing.assert_close(output, same)


def test_random_weights_tell_images_apart(network):
    """As a control they have to: values neither vanish nor stand at the clip of 6."""
    values = {}
    hooks = [
        module.register_forward_hook(lambda _, inputs, output, name=name: values.update({name: output}))
        for name, module in network.named_modules()
        if isinstance(module, nn.ReLU6)
    ]
    with torch.inference_mode():
        logits = network(torch.randn(4, 3, 224, 224))
    for hook in hooks:
        hook.remove()
    assert logits.std(0).mean() > 0.01
    for name, value in values.items():
        assert 0.05 < value.mean() < 3, name
        assert (value == 6).float().mean() < 0.3, name


def test_layers_have_their_blocks_names(tmp_path):
    config = read_config(
        {
            "datasets": {"any": {"source": "openclipart"}},
            "networks": {"lite": {"architecture": "efficientnet-lite0"}},
            "runs": [{"network": "lite", "dataset": "any"}],
        }
    )
    entry = config.plain()["networks"]["lite"]
    layers = {layer.name: layer for layer in list_layers("lite", entry, tmp_path)}
    assert layers["block3_2.depthwise_relu"].kind == "nonlinearity"
    assert layers["block3_2.depthwise_relu"].shape == (240, 28, 28)
    assert layers["block3_2.add"].shape == (40, 28, 28)
    assert layers["block3_2.add"].aliases == ("block3_2",)
    # nothing is added to the output of a block that halves the map
    assert layers["block3_1.project_norm"].aliases == ("block3_1",)
    assert sum(layer.kind == "nonlinearity" for layer in layers.values()) == 1 + 2 * 16 - 1 + 1
    assert layers["head_relu"].branch_of == layers["block4_1.expand_relu"].branch_of == ""
    assert layers["block3_2.expand_relu"].branch_of == "block3_2"


def test_a_checkpoints_names_are_ours(network, tmp_path):
    theirs = {ours: name for name, ours in efficientnet_names().items()}
    state, renamed = network.state_dict(), {}
    for name, value in state.items():
        module, _, kind = name.rpartition(".")
        renamed[f"{theirs[module]}.{kind}"] = value
    assert {"_conv_stem.weight", "_blocks.0._bn1.running_var", "_blocks.15._bn2.bias"} <= renamed.keys()
    torch.save(renamed, tmp_path / "w.pth")
    torch.manual_seed(1)
    other = efficientnet_lite0(3, 224, 1000)
    fit_state(other, efficientnet_state(tmp_path / "w.pth"), "test")
    assert all(torch.equal(value, state[name]) for name, value in other.state_dict().items())

    torch.save({**renamed, "_blocks.16._bn0.weight": torch.zeros(1)}, tmp_path / "w.pth")
    with pytest.raises(StudyError, match=r"w\.pth: '_blocks\.16\._bn0\.weight' is no tensor of"):
        efficientnet_state(tmp_path / "w.pth")
