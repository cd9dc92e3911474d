"""Networks of timm and transformers, shrunk: each is built in a fraction of a second."""

from dataclasses import dataclass
from typing import Any

import pytest

# by name: height and width of its images, and arguments that shrink it; for their kinds' peculiarities
TIMM = {
    "test_resnet": (32, {}),
    "test_convnext": (32, {}),
    "test_nfnet": (32, {}),  # weights are standardized in each forward pass
    "test_mambaout": (32, {}),
    "mobilenetv3_small_050": (32, {}),  # hard swish
    "ghostnet_050": (32, {}),
    "hrnet_w18_small": (32, {}),  # modules return lists
    "efficientvim_m1": (64, {}),
    "test_vit": (32, {"img_size": 32}),  # forward(x, attn_mask=None, is_causal=False)
    "deit_tiny_distilled_patch16_224": (
        32,
        {"img_size": 32, "patch_size": 8, "depth": 2, "embed_dim": 24, "num_heads": 2},
    ),
    "eva02_tiny_patch14_224": (28, {"img_size": 28, "depth": 2, "embed_dim": 48, "num_heads": 2}),
    "xcit_nano_12_p16_224": (32, {"img_size": 32, "depth": 2, "embed_dim": 48, "num_heads": 2}),
    "swin_tiny_patch4_window7_224": (
        32,
        {"img_size": 32, "window_size": 4, "embed_dim": 16, "depths": (2, 2), "num_heads": (1, 2)},
    ),
    "coat_lite_tiny": (
        32,
        {"img_size": 32, "serial_depths": (1, 1, 1, 1), "embed_dims": (16, 32, 32, 32)},
    ),
    "tnt_s_legacy_patch16_224": (
        32,
        {
            "img_size": 32,
            "depth": 2,
            "embed_dim": 48,
            "num_heads_outer": 2,
            "inner_dim": 12,
            "num_heads_inner": 2,
        },
    ),
    "mixer_s32_224": (32, {"img_size": 32}),
}
_TRANSFORMER = {
    "image_size": 32,
    "patch_size": 8,
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
}
# by name of the class, its configuration; all return objects
TRANSFORMERS = {
    "ViTForImageClassification": _TRANSFORMER,
    "DeiTForImageClassificationWithTeacher": _TRANSFORMER,  # three sorts of logits
    "BeitForImageClassification": _TRANSFORMER,
    "ConvNextV2ForImageClassification": {
        "image_size": 32,
        "hidden_sizes": [8, 16, 24, 32],
        "depths": [1, 1, 2, 1],
    },
    "SwinForImageClassification": {
        "image_size": 32,
        "patch_size": 2,
        "embed_dim": 12,
        "depths": [2, 2],
        "num_heads": [1, 2],
        "window_size": 4,
    },
    "SegformerForImageClassification": {
        "image_size": 32,
        "depths": [1, 1, 1, 1],
        "hidden_sizes": [8, 16, 16, 32],
        "num_attention_heads": [1, 1, 2, 2],
    },
    "ResNetForImageClassification": {
        "image_size": 32,
        "embedding_size": 8,
        "hidden_sizes": [8, 16],
        "depths": [1, 1],
        "layer_type": "basic",
    },
    "PoolFormerForImageClassification": {
        "image_size": 32,
        "hidden_sizes": [8, 8, 16, 16],
        "depths": [1, 1, 1, 1],
    },
}
CLASSES = 10


@dataclass
class HubNetwork:
    """A network as the study builds it, with random weights of which none are zero."""

    name: str
    network: Any
    size: int
    entry: dict[str, Any]


def _entry(architecture: str, size: int, arguments: dict[str, Any]) -> dict[str, Any]:
    image = {"size": size, "color": "RGB"}
    return {
        "architecture": architecture,
        "arguments": arguments,
        "classes": CLASSES,
        "weights": "random",
        "input": image,
    }


@pytest.fixture(scope="session")
def saved_configuration(tmp_path_factory):
    """A function that writes a shrunk configuration of transformers into a folder, and returns it."""

    def save(name: str):
        transformers = pytest.importorskip("transformers")
        folder = tmp_path_factory.mktemp(name)
        kind = getattr(transformers, name).config_class
        kind(**TRANSFORMERS[name], architectures=[name], num_labels=CLASSES).save_pretrained(folder)
        return folder

    return save


@pytest.fixture(params=[*TIMM, *TRANSFORMERS])
def hub_network(request, saved_configuration):
    """Each of these networks, built as the study does."""
    import torch

    from census.networks.build import build
    from census.networks.operators import torchvision_ready

    torchvision_ready()
    name = request.param
    if name in TIMM:
        pytest.importorskip("timm")
        size, arguments = TIMM[name]
        entry = _entry(f"timm:{name}", size, arguments)
    else:
        entry = _entry(f"transformers:{saved_configuration(name)}", TRANSFORMERS[name]["image_size"], {})
    network = build(entry, seed=0, key=name)
    with torch.no_grad():
        for parameter in network.parameters():  # some start as zeros, and logits then say nothing
            parameter += 0.02 * torch.randn_like(parameter)
    return HubNetwork(name, network, entry["input"]["size"], entry)
