"""Networks that give nothing to measure go through the whole study, with what is undefined counted."""

import numpy as np
import pandas as pd
import pytest

from census.study import Study

pytestmark = pytest.mark.slow

MY_NETWORKS = """
from torch import nn


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


@pytest.fixture(scope="module")
def finished(begin, tmp_path_factory):
    study = begin(tmp_path_factory.mktemp("undefined") / "study")
    (study.folder / "my_undefined.py").write_text(MY_NETWORKS)
    entry, layers = study.config["networks"]["random"], ["relu", "relu2"]
    names = {"inactive": "inactive", "nan": "not_a_number"}
    study.config["networks"] = {
        name: {**entry, "architecture": f"my_undefined:{function}"} for name, function in names.items()
    }
    study.config["runs"] = [
        {"network": name, "dataset": "tiny", "layers": layers, "unit_layers": layers, "maps": 6}
        for name in names
    ]
    study.config["measures"] = {"ascent": {"steps": 2, "seeds": 1}}
    study.succeed()
    return study


def test_what_is_undefined_is_no_number(finished):
    units = pd.read_parquet(finished.folder / "results/census/units.parquet").set_index(["network", "layer"])
    inactive, nan = units.loc[("inactive", "relu")], units.loc[("nan", "relu2")]
    assert (inactive["active_fraction"] == 0).all()
    for column in ("selectivity", "mf_degree", "auroc", "rs_natural", "rs_iam"):
        assert inactive[column].isna().all(), column
        assert nan[column].isna().all(), column
    assert nan[["mean_activation", "lifetime_sparseness", "active_fraction"]].isna().all(axis=None)
    # without a unit, the network's answers are as undefined as with it
    assert units.loc["nan", "ablation_loss"].isna().all()
    # what comes before it is measured
    assert units.loc[("nan", "relu"), "mean_activation"].notna().all()


def test_what_is_undefined_is_counted(finished):
    layers = pd.read_parquet(finished.folder / "results/census/layers.parquet").set_index(
        ["network", "layer"]
    )
    assert layers.loc[("inactive", "relu"), "n_silent_units"] == 4
    assert np.isnan(layers.loc[("nan", "relu2"), "active_fraction"])
    claims = Study(finished.folder / "results").claims
    assert set(claims["network"]) == {"inactive", "nan"}
    undefined = claims[claims["effect"].isna()]
    assert set(undefined["verdict"]) == {"undecided"}
    assert set(undefined["remark"]) == {"not measured, or undefined"}
    assert len(undefined) > len(claims) / 2
    tables = finished.folder.glob("results/measures/substitution/nan/tiny/relu2.layer.parquet")
    (substitution,) = map(pd.read_parquet, tables)
    assert substitution["n_failed_ascents_iam"].tolist() == [6]
    assert substitution["share_rs_iam_zero"].isna().all()


def test_figures_and_atlas_have_both(finished):
    figures = finished.folder / "results/figures"
    drawn = {
        name: {path.parent.parent.parent.name for path in figures.glob(f"*/{name}/tiny/*.png")}
        for name in ("inactive", "nan")
    }
    assert drawn["inactive"] == drawn["nan"]
    assert {"importance", "agreement", "alignment", "directions", "substitution", "clusters"} <= drawn["nan"]
    assert np.all([path.stat().st_size > 1000 for path in figures.rglob("*.png")])
    data = finished.folder / "results/atlas/data"
    assert {path.parent.parent.name for path in data.glob("*/tiny/run.js")} == {"inactive", "nan"}
