"""The files that the rules' scripts write for synthetic stores."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from PIL import Image

from census.atlas.site import read_data


@pytest.fixture
def run(atlas):
    return read_data(atlas / "data/net/set/run.js")


def units(atlas, layer):
    return read_data(atlas / f"data/net/set/units/{layer}.js")


def indices(run, places):
    return [[run["images"]["index"][place] if place >= 0 else None for place in row] for row in places]


def test_a_run_says_what_its_layers_and_images_are(run, plan):
    assert [(layer["name"], layer["shape"]) for layer in run["layers"]] == [
        ("early", [3, 4, 4]),
        ("wide", [plan.wide, 1, 1]),
    ]
    assert run["layers"][0]["field"] == {"size": [5, 5], "stride": [4, 4], "offset": [-1, -1]}
    assert run["layers"][1]["field"] is None
    assert (run["step"], run["split"], run["n_images"], run["size"]) == (7, "all", plan.n_images, plan.size)
    assert run["classes"] == plan.classes
    assert run["class_images"] == np.bincount(plan.labels).tolist()
    assert [plan.labels[image] for image in run["images"]["index"]] == run["images"]["label"]


def test_images_at_both_ends_are_those_of_the_stored_values(atlas, run, plan):
    early = units(atlas, "early")
    top = indices(run, early["top"]["image"])
    assert top == [[39, 38, 37, 36, 35, 34], [None] * 6, [11, 13, 12, 10, 14, None]]
    assert early["top"]["value"][0] == [40, 39, 38, 37, 36, 35]
    assert early["top"]["value"][1] == ["NaN"] * 6
    assert early["top"]["position"][2] == [6] * 5 + [-1]
    bottom = early["bottom"]
    assert indices(run, bottom["image"])[0] == [0, 1, 2, 3, 4, 5]
    assert bottom["tied"] == [1, plan.n_images, plan.n_images - 5]
    assert bottom["value"][2] == [0] * 6
    assert not {*indices(run, bottom["image"])[2]} & {*range(10, 15)}
    wide, values = units(atlas, "wide"), plan.responses()["wide"][0]
    assert indices(run, wide["bottom"]["image"])[7] == np.argsort(values[:, 7])[:6].tolist()
    assert wide["bottom"]["tied"][7] == 1
    assert wide["bottom"]["value"][7] == pytest.approx(np.sort(values[:, 7])[:6].tolist(), rel=1e-3)


def test_classes_and_neighbors_are_those_of_the_units(atlas):
    early = units(atlas, "early")
    # of the twenty with the largest values, and of the five that are not 0
    assert early["classes"] == [[[0, 7], [2, 7], [1, 6]], [], [[1, 2], [2, 2], [0, 1]]]
    wide = units(atlas, "wide")
    assert (wide["near"][0][0], wide["near_r"][0][0]) == (1, 1)
    assert (wide["near"][1][0], wide["near_r"][1][0]) == (0, 1)
    assert early["near"][1] == [-1] * 4


def test_tiles_of_sheets_are_the_images(atlas, run, plan):
    images = run["images"]
    assert images["side"] == plan.size
    ((name, n),) = images["sheets"]
    assert n == len(images["index"])
    pixels = np.asarray(Image.open(atlas / "data/net/set" / name))
    columns = min(n, images["columns"])
    for place, image in enumerate(images["index"]):
        y, x = plan.size * (place // columns), plan.size * (place % columns)
        assert (pixels[y : y + plan.size, x : x + plan.size] == [5 * image, 128, 128]).all()


def test_distributions_have_the_ends_of_all_images(atlas):
    assert units(atlas, "early")["levels"]["ends"] == [[1, 40], [0, 0], [0, 9]]


def test_images_that_need_several_sheets_are_shrunk_into_them(planted, tmp_path, monkeypatch, plan):
    monkeypatch.setattr("census.atlas.sprites.SHEET", 24)
    folder = plan.make_atlas(planted, tmp_path / "atlas", thumbnail=8)
    images = read_data(folder / "data/net/set/run.js")["images"]
    assert (images["side"], images["columns"]) == (8, 3)
    assert sum(n for _, n in images["sheets"]) == len(images["index"])
    assert [n for _, n in images["sheets"][:-1]] == [9] * (len(images["sheets"]) - 1)
    name, _ = images["sheets"][1]
    pixels = np.asarray(Image.open(folder / "data/net/set" / name)).astype(int)
    for place, image in enumerate(images["index"][9:18]):
        y, x = divmod(place, 3)
        assert np.abs(pixels[8 * y + 4, 8 * x + 4] - [5 * image, 128, 128]).max() < 12  # lossy


def test_columns_hold_what_was_measured(atlas, run, plan):
    early, wide = (
        read_data(atlas / f"data/net/set/layers/{name}.js")["columns"] for name in ("early", "wide")
    )
    assert early["gini"] == [0.25, "NaN", 0.75]
    assert early["mf_degree"] == [0.5, "NaN", "Infinity"]
    assert early["rs_iam"] == [0, None, 0.5]
    assert early["top_class_1"] == [plan.classes[0], None, "Bag"]
    assert len(wide["gini"]) == plan.wide  # of the final checkpoint only
    assert "rs_iam" not in wide
    assert "never" not in early
    assert not {"network", "checkpoint", "layer"} & set(run["columns"])
    assert run["layers"][0]["summary"]["gini"] == [2, 1, 0.275, 0.375, 0.5, 0.625, 0.725]


def test_checkpoints_before_the_final_one_have_files_of_their_own(atlas, run, plan):
    assert run["checkpoints"] == [{"name": name, "layers": ["early", "wide"]} for name in ("0", "5")]
    found, later = (read_data(atlas / f"data/net/set/checkpoints/{name}/early.js") for name in ("0", "5"))
    assert later["columns"]["gini"] == [0.2, "NaN", 0.625]
    assert found["columns"]["gini"] == [0.125, "NaN", 0.5]
    assert not {"top_class_1", "gini_chance", "ablation_loss_low"} & set(found["columns"])
    # its images come in reverse order
    assert indices(run, found["top"]["image"])[0] == [0, 1, 2, 3, 4, 5]
    assert found["top"]["value"][0] == [40, 39, 38, 37, 36, 35]


def test_a_run_of_the_final_checkpoint_alone_has_no_such_files(planted, tmp_path, plan):
    beside = Path(planted["units"]).parent
    for name in ("dictionary.tsv", "claims.tsv"):
        shutil.copy(beside / name, tmp_path)
    table = pq.read_table(planted["units"])
    pq.write_table(table.filter(pc.equal(table["checkpoint"], "final")), tmp_path / "units.parquet")
    folder = plan.make_atlas(planted | {"units": str(tmp_path / "units.parquet")}, tmp_path / "atlas")
    assert read_data(folder / "data/net/set/run.js")["checkpoints"] == []
    assert not (folder / "data/net/set/checkpoints").exists()


def test_units_have_their_own_images(atlas):
    early, folder = units(atlas, "early"), atlas / "data/net/set"
    assert early["facets"]["0"] == {
        "extreme": "SF",
        "reason": None,
        "made": {"gray": 2, "color": 2, "patches": 3},
    }
    assert early["facets"]["2"] == {"extreme": "MF", "reason": "too few patches", "made": {"patches": 3}}
    patches = np.asarray(Image.open(folder / "facets/early/0-patches.webp"))
    assert patches.shape == (5, 3 * 5 + 2 * 2, 3)
    assert patches[:, 0, 0].tolist() == [225, 9, 9, 9, 9]  # the first row lies outside
    assert {path.name for path in (folder / "activation_maximization/early").iterdir()} == {
        f"{unit}-{objective}.webp" for unit in (0, 2) for objective in ("iam", "am")
    }
    # counted on along objective, seed, unit and other unit: 2 is the second of those that were chosen
    assert early["activation_maximization"]["2"] == {"iam": [5, 11, 17], "am": [23, 29, 35]}
    assert units(atlas, "wide")["activation_maximization"] == {}
    assert early["feature_visualization"] == {"0": 12.5, "2": "NaN"}
    shown = np.asarray(Image.open(folder / "feature_visualization/early/2.webp"))
    assert shown.shape == (16, 16, 3)
    assert np.unique(shown[..., 0]).tolist() == [45]  # that of the second unit
    assert units(atlas, "wide")["feature_visualization"] == {}


def test_the_same_input_gives_the_same_bytes(planted, atlas, tmp_path, plan):
    def contents(folder):
        return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    again = contents(plan.make_atlas(planted, tmp_path / "atlas"))
    assert again == contents(atlas)
    assert len(again) > 10
