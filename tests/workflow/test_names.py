"""Layers and classes of any name go through the whole study, and are shown under their names."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from census.atlas.site import read_data
from census.paths import path_name
from census.study import Study

pytestmark = pytest.mark.slow

LONG = "a/b::c " * 40
MY_NAMES = f"""
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
"""
LAYERS = ["_größe $x$", LONG, "output"]
CLASSES = [
    *("$^$", "%s &amp;", "<img src=x onerror=alert(1)>", "US$ and AU$", "_underscore"),
    *("x" * 200, "{braces}", "{{ x }}", "日本語"),
]


@pytest.fixture(scope="module")
def finished(begin, tmp_path_factory):
    study = begin(tmp_path_factory.mktemp("names") / "study")
    (study.folder / "my_names.py").write_text(MY_NAMES)
    random = np.random.default_rng(0)
    for name in CLASSES:
        folder = study.folder / "odd" / name
        folder.mkdir(parents=True)
        for number in range(2):
            pixels = random.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    study.config["datasets"]["tiny"] = {"source": "folder", "path": "odd"}
    entry = study.config["networks"]["random"]
    study.config["networks"] = {"odd": {**entry, "architecture": "my_names:odd"}}
    # a layer that is divided into parts, and a pass that is divided into shards
    study.config["runs"] = [
        {
            "network": "odd",
            "dataset": "tiny",
            "layers": LAYERS,
            "maps": 6,
            "unit_layers": [LONG],
            "units": "all",
            "ablation_images": 4,
            "shards": 2,
        }
    ]
    study.config["measures"] = {
        "ascent": {"steps": 2, "seeds": 1},
        "directions": {"loadings": {"odd": [LAYERS[0]]}},
        "facets": {"units": {"odd": {LONG: [3]}}},
    }
    study.config["jobs"] = {"units": 32}
    study.succeed()
    return study


def test_stores_have_escaped_names_and_say_the_names_themselves(finished):
    stores = sorted((finished.folder / "results/activations/odd/final/tiny").glob("*.zarr"))
    assert {store.name for store in stores} == {f"{path_name(name)}.zarr" for name in LAYERS}
    attributes = [json.loads((store / "zarr.json").read_text())["attributes"] for store in stores]
    assert {each["layer"] for each in attributes} == set(LAYERS)
    assert attributes[0]["classes"] == CLASSES
    study = Study(finished.folder / "results")
    assert set(study.layers["layer"]) == set(LAYERS)
    assert "unit" in study.activations("odd", "tiny", LONG)
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
    assert len([*(folder / "ascent" / path_name(LONG)).iterdir()]) == 80


def test_no_figure_misses_a_glyph_or_meets_a_formula(finished):
    logs = {path: path.read_text() for path in (finished.folder / "logs").rglob("*.log")}
    assert [path for path, log in logs.items() if "missing from font" in log or "mathtext" in log] == []
    assert pd.read_csv(finished.folder / "results/census/claims.tsv", sep="\t")["network"].eq("odd").all()
