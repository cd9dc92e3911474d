"""A finished study in a notebook."""

import pandas as pd
import pytest
import xarray as xr

import census
from census.errors import StudyError
from census.paths import path_name
from census.stores import write_checkpoint


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results" / "census"
    folder.mkdir(parents=True)
    run = {"network": ["cnn", "mlp"], "dataset": ["clothes", "clothes"]}
    pd.DataFrame(run | {"gini": [0.5, 0.7]}).to_parquet(folder / "units.parquet")
    pd.DataFrame(run).to_parquet(folder / "layers.parquet")
    claims = {"id": ["S0.1"], "network": ["nan"], "remark": [""], "effect": [float("nan")]}
    pd.DataFrame(claims).to_csv(folder / "claims.tsv", sep="\t", index=False)
    store = tmp_path / "results/measures/gram/cnn/clothes/relu1.zarr"
    store.parent.mkdir(parents=True)
    write_checkpoint(store, "0", {"sums": (("image",), pd.Series([1.0, 2.0]).to_numpy())}, {"n_neurons": 3})
    return tmp_path / "results"


def test_tables_are_data_frames(results):
    study = census.open(results)
    assert list(study.units["gini"]) == [0.5, 0.7]
    assert repr(study) == f"<Study {results}: cnn on clothes, mlp on clothes>"
    assert list(study.claims["remark"]) == [""]
    assert list(study.claims["network"]) == ["nan"]
    assert study.claims["effect"].isna().all()


def test_stores_are_data_sets(results):
    opened = census.open(results).matrices("gram", "cnn", "clothes", "relu1", 0)
    assert isinstance(opened, xr.Dataset)
    assert opened["sums"].dims == ("image",)
    assert opened.attrs["n_neurons"] == 3


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda study: study.matrices("gram", "cn", "clothes", "relu1"), "no 'cn'; did you mean 'cnn'"),
        (lambda study: study.matrices("gram", "cnn", "clothes", "relu9"), "no 'relu9.zarr'; did you mean"),
        (lambda study: study.matrices("gram", "cnn", "clothes", "relu1"), "no 'final'; valid: 0"),
        (lambda study: study.agreement, "no 'agreement.parquet'"),
        (lambda study: study.activations("cnn", "clothes", "relu1"), "no 'cnn'; there are none"),
    ],
    ids=["network", "layer", "checkpoint", "table", "stores"],
)
def test_of_what_is_not_there_it_says_what_is(results, ask, message):
    with pytest.raises(StudyError, match=message):
        ask(census.open(results))


@pytest.mark.parametrize("layer", ["a/b::c", "x" * 200], ids=["odd", "long"])
def test_layers_are_asked_for_by_their_own_names(results, layer):
    write_checkpoint(
        results / f"measures/gram/cnn/clothes/{path_name(layer)}.zarr",
        "final",
        {"sums": (("image",), pd.Series([3.0]).to_numpy())},
        {},
    )
    study, folder = census.open(results), results / "measures/gram/cnn/clothes"
    pd.DataFrame({"unit": [7]}).to_parquet(folder / f"{path_name(layer)}.units.parquet")
    pd.DataFrame({"unit": [8]}).to_parquet(folder / f"{path_name(layer)}.parquet")
    assert list(study.matrices("gram", "cnn", "clothes", layer)["sums"]) == [3]
    assert list(study.table("gram", "cnn", "clothes", f"{layer}.units")["unit"]) == [7]
    assert list(study.table("gram", "cnn", "clothes", layer)["unit"]) == [8]
    with pytest.raises(StudyError, match=r"no 'a/b::d\.zarr'"):
        study.matrices("gram", "cnn", "clothes", "a/b::d")


def test_a_folder_without_a_study_is_refused(tmp_path):
    with pytest.raises(StudyError, match="holds no finished study"):
        census.open(tmp_path)
