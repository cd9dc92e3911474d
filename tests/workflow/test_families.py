"""A residual network and a transformer go through the whole study."""

import numpy as np
import pandas as pd
import pytest

from census.notebooks.study import Study
from census.stores.reading import open_store

pytestmark = pytest.mark.slow

# torchvision's parts, smaller. The head of its transformer is zero until it is trained: all logits would be.
# Its forward takes masks, asks for a size and returns an object, as those of other libraries do. torch.fx
# cannot trace it.
MY_FAMILIES = """
from dataclasses import dataclass

import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, ResNet
from torchvision.models.vision_transformer import VisionTransformer


def residual():
    network = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=3)
    # the last two stages are wide, and add nothing new
    network.layer3 = network.layer4 = nn.Identity()
    network.fc = nn.Linear(128, 3)
    return network


@dataclass
class Answer:
    logits: torch.Tensor
    loss: float | None = None


class Transformer(VisionTransformer):
    def forward(self, images, attention_mask=None, is_causal=False):
        if images.shape[-1] != self.image_size or is_causal:
            raise ValueError("it takes images of another size")
        return Answer(super().forward(images if attention_mask is None else images * attention_mask))


def transformer():
    network = Transformer(32, 8, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=32, num_classes=3)
    nn.init.normal_(network.heads.head.weight)
    return network
"""
BLOCK = "encoder.layers.encoder_layer_1"
# layers of each: what the config calls them, their name, kind, shape, branch
LAYERS = {
    "residual": [
        ("relu", "relu", "nonlinearity", (64, 16, 16), ""),
        ("layer2.0.downsample", "layer2.0.downsample.1", "module", (128, 4, 4), "layer2.0"),
        ("layer2", "layer2.0.relu_1", "nonlinearity", (128, 4, 4), ""),
        ("output", "output", "output", (3, 1, 1), ""),
    ],
    # 16 patches and the token that the class is read from
    "transformer": [
        ("conv_proj", "conv_proj", "other", (16, 4, 4), ""),
        (f"{BLOCK}.mlp.1", f"{BLOCK}.mlp.1", "nonlinearity", (32, 17, 1), BLOCK),
        ("output", "output", "output", (3, 1, 1), ""),
    ],
}
# by hand: 7 pixels in steps of 2, pooled over 3; then 3×3 kernels in steps of 4, and of 8 in the second block
FIELDS = {
    "relu": ([7, 7], [2, 2], [-3, -3]),
    # 11 pixels after the pooling, 27 after the first block: past the second one, every other position of it
    "layer2.0.downsample.1": ([27, 27], [8, 8], [-13, -13]),
    # the sum sees what the longer path does: 35 after its first kernel
    "layer2.0.relu_1": ([51, 51], [8, 8], [-25, -25]),
    "conv_proj": ([8, 8], [8, 8], [0, 0]),
    # the whole image
    f"{BLOCK}.mlp.1": None,
    "output": None,
}
UNIT_LAYERS = {"residual": ["layer2"], "transformer": [f"{BLOCK}.mlp.1"]}


def attributes(store):
    return open_store(store).attrs


@pytest.fixture(scope="module")
def finished(begin, tmp_path_factory):
    """A finished study of both families."""
    study = begin(tmp_path_factory.mktemp("families") / "study")
    (study.folder / "my_families.py").write_text(MY_FAMILIES)
    study.config["networks"] = {
        name: {
            "architecture": f"my_families:{name}",
            "classes": 3,
            "input": {"size": 32, "mean": [0.5] * 3, "std": [0.25] * 3},
        }
        for name in LAYERS
    }
    study.config["runs"] = [
        {
            "network": name,
            "dataset": "tiny",
            "layers": [asked for asked, *_ in layers],
            "n_map_images": 8,
            "units_per_layer": 3,
            "per_unit_layers": UNIT_LAYERS[name],
            "n_ablation_images": 6,
        }
        for name, layers in LAYERS.items()
    ]
    study.config["measures"] = {"activation_maximization": {"steps": 4, "seeds": 2}}
    study.succeed()
    return study


@pytest.mark.parametrize("network", LAYERS)
def test_layers_and_fields_are_as_by_hand(finished, network):
    for _, name, kind, shape, branch in LAYERS[network]:
        found = attributes(finished.store(network, "final", name))
        assert (found["kind"], tuple(found["shape"]), found["branch_of"]) == (kind, shape, branch)
        field = found["receptive_field"]
        assert (field and (field["size"], field["stride"], field["offset"])) == FIELDS[name]


@pytest.mark.parametrize("network", LAYERS)
def test_tokens_are_positions_and_channels_are_units(finished, network):
    for _, name, _, (units, height, width), _ in LAYERS[network]:
        store = finished.activations(network, "final", name).load()
        assert store["maps"].sizes == {"map_image": 8, "y": height, "x": width, "unit": units}
        maps = store["maps"].values
        np.testing.assert_allclose(store["mean"][:8], maps.mean((1, 2)), rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(store["max"][:8], maps.max((1, 2)))
        np.testing.assert_array_equal(store["argmax"][:8], maps.reshape(8, -1, units).argmax(1))


@pytest.mark.parametrize("network", LAYERS)
def test_each_store_says_that_it_was_compared_with_the_network(finished, network):
    for _, name, *_ in LAYERS[network]:
        compared = attributes(finished.store(network, "final", name))["verification"]
        assert compared["n_images"] == 3
        assert compared["n_modules"] >= 10


@pytest.mark.parametrize(("network", "whole"), [("residual", False), ("transformer", True)])
def test_a_network_that_cannot_be_traced_is_changed_by_whole_passes(finished, network, whole):
    logs = [path.read_text() for path in (finished.folder / f"logs/ablation/{network}/tiny").glob("*.log")]
    assert logs
    assert all(("are full forward passes: torch.fx cannot trace the network" in log) == whole for log in logs)


def test_the_sum_of_a_block_is_rectified(finished):
    """Only outputs of activation functions are never negative; the skip connection has none."""
    lowest = {
        name: float(finished.activations("residual", "final", name)["maps"].min())
        for _, name, *_ in LAYERS["residual"]
    }
    assert lowest["relu"] == lowest["layer2.0.relu_1"] == 0
    assert lowest["layer2.0.downsample.1"] < 0


@pytest.mark.parametrize("network", LAYERS)
def test_the_census_has_every_unit(finished, network):
    units = pd.read_parquet(finished.folder / "results/census/units.parquet")
    units = units[units["network"] == network]
    counts = units.groupby("layer", observed=True).size().to_dict()
    assert counts == {name: shape[0] for _, name, _, shape, _ in LAYERS[network]}
    looked_at = {name for asked, name, *_ in LAYERS[network] if asked in UNIT_LAYERS[network]}
    for measure in ("ablation_kl", "rs_iam_failed", "rs_natural"):
        known = units[units[measure].notna()]
        assert set(known["layer"]) == looked_at, measure
    # a few steps seldom make an image that activates a unit more than natural ones: then it has no RS
    assert set(units.loc[units["rs_iam"].notna(), "layer"]) <= looked_at
    for layer, of_layer in units.groupby("layer", observed=True):
        # undefined where a unit is inactive, and its selectivity where it is signed, too
        store = finished.activations(network, "final", layer).load()
        of_layer = of_layer.sort_values("unit")
        inactive = (store["max"] <= 0).all("image").values
        signed = (store["mean"] < 0).any("image").values
        zero = (store["nonzero"] == 0).all("image").values
        assert not inactive.all()
        np.testing.assert_array_equal(of_layer["mf_degree"].isna(), inactive)
        np.testing.assert_array_equal(of_layer["selectivity"].isna(), signed | zero)
        assert of_layer["ablation_kl"].notna().sum() == (3 if layer in looked_at else 0)


def test_the_tables_of_layers_say_what_is_undefined(finished):
    layers = pd.read_parquet(finished.folder / "results/census/layers.parquet")
    assert len(layers) == sum(map(len, LAYERS.values()))
    defined = ["active_fraction", "hoyer", "image_correlation"]
    assert layers[defined].notna().all(axis=None)
    layers = layers.set_index(["network", "layer"])
    # GELU gives no zeros, and negative values, for which this sparseness is not made
    gelu = layers.loc[("transformer", f"{BLOCK}.mlp.1")]
    assert gelu["active_fraction"] == pytest.approx(1, abs=1e-3)
    assert np.isnan(gelu["population_sparseness"])
    assert layers.loc[("residual", "layer2.0.relu_1"), "population_sparseness"] > 0
    # steps lead along what lies on all paths
    steps = layers["adjacent_similarity"].notna()
    assert not steps[layers["branch_of"] != ""].any()
    assert steps[("residual", "relu")]
    assert steps[("transformer", "conv_proj")]


@pytest.mark.parametrize("network", LAYERS)
def test_patches_are_of_what_a_position_sees(finished, network):
    for _, name, *_ in LAYERS[network]:
        facets = Study(finished.folder / "results").matrices("facets", network, "tiny", name)
        # the whole image where all of it is seen; 51 pixels are shown by 32
        size = 32 if FIELDS[name] is None else min(FIELDS[name][0][0], 32)
        assert facets["patches"].shape[2:] == (size, size, 3)
        # few of three logits are active at all
        assert facets["unit"].size == 2 or name == "output"
        if FIELDS[name] is None:
            chosen = facets["image"].values >= 0
            assert facets["inside"].values[chosen].all()


@pytest.mark.parametrize("network", LAYERS)
def test_figures_and_atlas_have_both(finished, network):
    figures = {path.parts[-4] for path in finished.folder.glob(f"results/figures/*/{network}/tiny/*.png")}
    assert {
        *("sparsity", "histogram", "correlation", "similarity", "multifacetedness", "facets", "selectivity"),
        *(
            "substitution",
            "path_check",
            "ablation",
            "importance",
            "directions",
            "alignment",
            "clusters",
            "agreement",
        ),
    } <= figures
    claims = pd.read_csv(finished.folder / "results/census/claims.tsv", sep="\t")
    assert network in set(claims["network"])
    pages = [path for path in (finished.folder / "results/atlas").rglob("*") if network in path.as_posix()]
    assert pages
