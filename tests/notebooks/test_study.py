"""A finished study in a notebook."""

import doctest

import pandas as pd
import pytest
import xarray as xr

import census
from census.errors import StudyError
from census.notebooks import study as module
from census.stores.matrices import new_store


def place(results, layer, checkpoint, attributes):
    """Write a store of a block with one layer, and note it as the study does."""
    place = {"measure": "gram", "network": "cnn", "dataset": "clothes", "layer": layer, "block": "0000-0002"}
    pd.DataFrame([place]).to_csv(results / "census/blocks.tsv", sep="\t", index=False)
    store = results / "measures/gram/cnn/clothes/0000-0002.zarr.zip"
    store.parent.mkdir(parents=True, exist_ok=True)
    sums = {"sums": (("image",), pd.Series([1.0, 2.0]).to_numpy())}
    with new_store(store) as written:
        written.write(sums, {"layer": layer, "checkpoint": checkpoint, **attributes})


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results" / "census"
    folder.mkdir(parents=True)
    run = {"network": ["cnn", "mlp"], "seed": [0, 0], "dataset": ["clothes", "clothes"]}
    pd.DataFrame(run | {"gini": [0.5, 0.7]}).to_parquet(folder / "units.parquet")
    pd.DataFrame(run).to_parquet(folder / "layers.parquet")
    claims = {"id": ["S0.1"], "network": ["nan"], "remark": [""], "effect": [float("nan")]}
    pd.DataFrame(claims).to_csv(folder / "claims.tsv", sep="\t", index=False)
    place(tmp_path / "results", "relu1", "0", {"n_neurons": 3})
    return tmp_path / "results"


def test_tables_are_data_frames(results):
    study = census.open_study(results)
    assert list(study.units["gini"]) == [0.5, 0.7]
    assert repr(study) == f"<Study {results}: cnn on clothes; mlp on clothes>"
    assert list(study.claims["remark"]) == [""]
    assert list(study.claims["network"]) == ["nan"]
    assert study.claims["effect"].isna().all()


def test_stores_are_data_sets(results):
    opened = census.open_study(results).matrices("gram", "cnn", "clothes", "relu1", 0)
    assert isinstance(opened, xr.Dataset)
    assert opened["sums"].dims == ("image",)
    assert opened.attrs["n_neurons"] == 3


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda study: study.matrices("gram", "cn", "clothes", "relu1"), "no 'cn'; did you mean 'cnn'"),
        (lambda study: study.matrices("gram", "cnn", "clothes", "relu9"), "no layer 'relu9'; did you mean"),
        (lambda study: study.matrices("gram", "cnn", "clothes", "relu1"), "no checkpoint 'final'; valid: 0"),
        (lambda study: study.agreement, "no 'agreement.parquet'"),
        (lambda study: study.activations("cnn", "clothes", "relu1"), "no 'cnn'; there are none"),
    ],
    ids=["network", "layer", "checkpoint", "table", "stores"],
)
def test_of_what_is_not_there_it_says_what_is(results, ask, message):
    with pytest.raises(StudyError, match=message):
        ask(census.open_study(results))


@pytest.mark.parametrize("layer", ["a/b::c", "x" * 200], ids=["odd", "long"])
def test_layers_are_asked_for_by_their_own_names(results, layer):
    place(results, layer, "final", {})
    folder = results / "measures/gram/cnn/clothes"
    for ending, unit in (("units.parquet", 7), ("parquet", 8)):
        # of two layers in one block
        rows = {"layer": ["other", layer], "unit": [0, unit]}
        pd.DataFrame(rows).to_parquet(folder / f"0000-0002.{ending}")
    pd.DataFrame({"unit": [9]}).to_parquet(folder / "pairs.parquet")
    # left by a version that had a file for each layer
    for leftover in (layer, f"{layer}.units"):
        if "/" not in leftover:
            pd.DataFrame({"unit": [0]}).to_parquet(folder / f"{leftover}.parquet")
    study = census.open_study(results)
    assert list(study.matrices("gram", "cnn", "clothes", layer)["sums"]) == [1, 2]
    assert list(study.table("gram", "cnn", "clothes", f"{layer}.units")["unit"]) == [7]
    assert list(study.table("gram", "cnn", "clothes", layer)["unit"]) == [8]
    assert list(study.table("gram", "cnn", "clothes", "pairs")["unit"]) == [9]
    with pytest.raises(StudyError, match="no layer 'a/b::d'"):
        study.matrices("gram", "cnn", "clothes", "a/b::d")


def test_a_folder_without_a_study_is_refused(tmp_path):
    with pytest.raises(StudyError, match="holds no finished study"):
        census.open_study(tmp_path)


def test_the_examples_run(results, monkeypatch):
    monkeypatch.chdir(results.parent)
    failed, tried = doctest.testmod(module)
    assert tried > 3
    assert not failed
