"""Whole studies with unusual names, and with networks without measurable units."""

import numpy as np
import pytest
from PIL import Image

from census.atlas.site import read_data
from census.notebooks.study import Study
from census.stores.paths import path_name
from census.stores.reading import open_store

pytestmark = pytest.mark.slow

LONG = "a/b::c " * 40
MY_NETWORKS = f"""
from collections import OrderedDict

from torch import nn


def odd():
    parts = {{
        "conv-1": nn.Conv2d(3, 4, 3, padding=1),
        "_größe $x$": nn.ReLU(),
        "low": nn.Conv2d(4, 40, 3, padding=1),
        "{LONG}": nn.ReLU(),
        "pool": nn.AdaptiveAvgPool2d(1),
        "flat": nn.Flatten(),
        "head[0]": nn.Linear(40, 3),
    }}
    return nn.Sequential(OrderedDict(parts))


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.relu = nn.Conv2d(3, 4, 3, padding=1), nn.ReLU()
        self.conv2, self.relu2, self.fc = nn.Conv2d(4, 6, 3, padding=1), nn.ReLU(), nn.Linear(6, 3)

    def forward(self, x):
        return self.fc(self.relu2(self.conv2(self.relu(self.conv(x)))).mean((2, 3)))


def inactive():
    network = Base()
    nn.init.zeros_(network.conv.weight)
    nn.init.constant_(network.conv.bias, -1.0)
    return network


def not_a_number():
    network = Base()
    nn.init.constant_(network.conv2.weight, float("nan"))
    return network
"""
# networks by name in the config
FUNCTIONS = {"odd": "odd", "inactive": "inactive", "nan": "not_a_number"}
LAYERS = ["_größe $x$", LONG, "output"]
CLASSES = [
    *("$^$", "%s &amp;", "<img src=x onerror=alert(1)>", "US$ and AU$", "_underscore"),
    *("x" * 200, "{braces}", "{{ x }}", "日本語"),
]


@pytest.fixture(scope="module")
def finished(begin, tmp_path_factory):
    study = begin(tmp_path_factory.mktemp("odd") / "study")
    (study.folder / "my_networks.py").write_text(MY_NETWORKS)
    random = np.random.default_rng(0)
    for name in CLASSES:
        folder = study.folder / "odd" / name
        folder.mkdir(parents=True)
        for number in range(2):
            pixels = random.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    study.config["datasets"]["tiny"] = {"source": "folder", "path": "odd"}
    entry = study.config["networks"]["random"]
    study.config["networks"] = {
        name: {**entry, "architecture": f"my_networks:{function}"} for name, function in FUNCTIONS.items()
    }
    run, of_base = {"dataset": "tiny", "n_map_images": 6}, ["relu", "relu2"]
    study.config["runs"] = [
        {
            **{**run, "network": "odd", "layers": LAYERS, "per_unit_layers": [LONG]},
            **{"units_per_layer": "all", "n_ablation_images": 4, "shards": 2},
        },
        {**run, "network": "inactive", "layers": of_base, "per_unit_layers": of_base},
        {**run, "network": "nan", "layers": of_base, "per_unit_layers": of_base},
    ]
    study.config["measures"] = {
        "activation_maximization": {"steps": 2, "seeds": 1},
        "directions": {"loadings": {"odd": [LAYERS[0]]}},
        "facets": {"units": {"odd": {LONG: [3]}}},
    }
    study.succeed()
    return study


# names


def test_stores_have_escaped_names_and_say_the_names_themselves(finished):
    stores = sorted((finished.folder / "results/activations/odd/final/tiny").glob("*.zarr.zip"))
    assert {store.name for store in stores} == {f"{path_name(name)}.zarr.zip" for name in LAYERS}
    attributes = [open_store(store).attrs for store in stores]
    assert {each["layer"] for each in attributes} == set(LAYERS)
    assert attributes[0]["classes"] == CLASSES
    study = Study(finished.folder / "results")
    assert set(study.layers.query("network == 'odd'")["layer"]) == set(LAYERS)
    assert study.activations("odd", "tiny", LONG).sizes["unit"] == 40
    assert "loadings" in study.matrices("directions", "odd", "tiny", LAYERS[0])
    assert 3 in study.table("facets", "odd", "tiny", LONG)["unit"].tolist()
    assert len(study.table("ablation", "odd", "tiny", f"{LONG}.units")) == 40
    assert set(study.units["top_class_1"].dropna()) <= set(CLASSES)
    # nothing was planned twice, or under another name
    assert finished.run("--dry-run").nothing_to_do


def test_the_atlas_finds_the_files_of_every_layer(finished):
    folder = finished.folder / "results/atlas/data/odd/tiny"
    run = read_data(folder / "run.js")
    assert run["classes"] == CLASSES
    assert [layer["name"] for layer in run["layers"]] == LAYERS
    for layer in run["layers"]:
        for part in ("layers", "units"):
            file = folder / part / f"{layer['path']}.js"
            assert file.read_text().startswith(f'ATLAS["odd/tiny/{part}/{layer["path"]}"] = ')
        for unit, found in read_data(folder / "units" / f"{layer['path']}.js")["facets"].items():
            for part in found["made"]:
                assert (folder / "facets" / layer["path"] / f"{unit}-{part}.webp").is_file()
    assert len([*(folder / "activation_maximization" / path_name(LONG)).iterdir()]) == 80


def test_no_figure_misses_a_glyph_or_meets_a_formula(finished):
    logs = {path: path.read_text() for path in (finished.folder / "logs").rglob("*.log")}
    assert [path for path, log in logs.items() if "missing from font" in log or "mathtext" in log] == []


# undefined measures


def test_what_is_undefined_is_no_number(finished):
    units = Study(finished.folder / "results").units.set_index(["network", "layer"]).sort_index()
    inactive, nan = units.loc[("inactive", "relu")], units.loc[("nan", "relu2")]
    assert (inactive["active_fraction"] == 0).all()
    for column in ("selectivity", "mf_degree", "auroc", "rs_natural", "rs_iam"):
        assert inactive[column].isna().all(), column
        assert nan[column].isna().all(), column
    assert nan[["mean_activation", "lifetime_sparseness", "active_fraction"]].isna().all(axis=None)
    # without a unit, the network's logits are as undefined as with it
    assert units.loc["nan", "ablation_loss"].isna().all()
    # what comes before it is measured
    assert units.loc[("nan", "relu"), "mean_activation"].notna().all()


def test_what_is_undefined_is_counted(finished):
    study = Study(finished.folder / "results")
    layers = study.layers.set_index(["network", "layer"]).sort_index()
    assert layers.loc[("inactive", "relu"), "n_inactive_units"].item() == 4
    assert np.isnan(layers.loc[("nan", "relu2"), "active_fraction"].item())
    claims = study.claims
    assert set(claims["network"]) == set(FUNCTIONS)
    undefined = claims[claims["effect"].isna()]
    assert set(undefined["verdict"]) == {"inconclusive"}
    assert (undefined["reason"] != "").all()
    substitution = study.table("substitution", "nan", "tiny", "relu2.layer")
    assert substitution["n_failed_images_iam"].tolist() == [6]
    assert substitution["share_rs_iam_zero"].isna().all()


def test_figures_and_atlas_have_all_networks(finished):
    drawn = {
        name: {
            "/".join(path.parts[-4::3])
            for path in finished.folder.glob(f"results/figures/*/{name}/tiny/*.png")
        }
        for name in FUNCTIONS
    }
    assert drawn["inactive"] == drawn["nan"] == drawn["odd"]
    assert {"importance/ablation.png", "alignment/depth.png", "clusters/depth.png"} <= drawn["nan"]
    data = finished.folder / "results/atlas/data"
    assert {path.parent.parent.name for path in data.glob("*/tiny/run.js")} == set(FUNCTIONS)
