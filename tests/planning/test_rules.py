"""Rules of declared measures."""

from types import SimpleNamespace

import pytest

from census.errors import StudyError
from census.measures import DECLARED, declared
from census.planning.digest import code_digest
from census.planning.rules import (
    blocks_of_layers,
    census_columns,
    files_of_study,
    measure_rules,
    store_path,
    stores_of_run,
    table_path,
    tables_of_run,
)

from .test_plan import planned


def test_every_measure_has_a_rule_with_its_tables():
    rules = {rule.name: rule for rule in measure_rules(planned())}
    assert list(rules) == [name for name in DECLARED if declared(name).compute]
    for name, rule in rules.items():
        stores = {"store"} if declared(name).has_arrays else set()
        assert set(rule.outputs) == {table or "table" for table in declared(name).tables} | stores
        assert rule.inputs.keys() == declared(name).reads.keys()
        assert rule.params["seed"] == 0


def test_columns_with_a_source_are_of_the_census():
    found = set(census_columns(planned()))
    assert {"sparsity.hoyer", "sparsity.lifetime_sparseness", "sparsity.n_inactive_vectors"} <= found
    assert not {"sparsity.resamples", "sparsity.n_signed_vectors"} & found


def test_a_rule_has_the_parameters_of_the_config():
    plan = planned(measures={"sparsity": {"resamples": 200}})
    rule = next(rule for rule in measure_rules(plan) if rule.name == "sparsity")
    assert rule.params["resamples"] == 200


def test_the_code_of_parts_is_that_of_the_measure_that_merges_them():
    (gram,) = (rule for rule in measure_rules(planned()) if rule.name == "gram")
    assert code_digest("gram_part.py") in gram.params["code"]


def test_a_block_reads_the_stores_of_its_layers():
    plan = planned()
    rule = next(rule for rule in measure_rules(plan) if rule.name == "sparsity")
    (block,) = plan.runs[0].blocks["layers"]
    stores = rule.inputs["layer"](SimpleNamespace(network="cnn", dataset="clothes", block=block))
    assert stores == plan.runs[0].stores(plan.runs[0].layers, plan.runs[0].checkpoints)


def test_files_of_a_run_are_those_of_its_blocks():
    plan = planned()
    (block,) = plan.runs[0].blocks["layers"]
    place = SimpleNamespace(network="cnn", dataset="clothes")
    file = f"results/measures/sparsity/cnn/clothes/{block}.units.parquet"
    assert tables_of_run(plan, "sparsity.units")(place) == [file]
    assert files_of_study(plan, "sparsity.units") == [file]


def test_a_run_has_files_only_of_its_measures():
    place, file = (
        SimpleNamespace(network="cnn", dataset="clothes"),
        "results/measures/performance/cnn/clothes",
    )
    plan = planned()
    assert tables_of_run(plan, "performance")(place) == [f"{file}.parquet"]
    without_logits = planned({"layers": ["relu1"]})
    assert tables_of_run(without_logits, "performance")(place) == []
    assert files_of_study(without_logits, "performance") == []


def test_an_input_is_read_if_the_run_has_it():
    def inputs(run, **measures):
        plan = planned(run, measures=measures)
        rule = next(rule for rule in measure_rules(plan) if rule.name == "directions")
        (block,) = plan.runs[0].blocks["layers"]
        place = SimpleNamespace(network="cnn", dataset="clothes", block=block)
        return [rule.inputs[name](place) for name in ("gram", "logits")], block

    (gram, logits), block = inputs({})
    assert gram == [f"results/measures/gram/cnn/clothes/{block}.zarr.zip"]
    assert logits == []
    (gram, logits), _ = inputs({"correct_only": True, "n_map_images": 9}, directions={"gram_images": 3})
    assert gram == []
    assert logits == ["results/activations/cnn/final/clothes/output.zarr.zip"]


def test_memory_may_follow_from_the_run():
    rules = {rule.name: rule for rule in measure_rules(planned({"n_map_images": 1000, "n_images": 1000}))}
    place = SimpleNamespace(network="cnn", dataset="clothes")
    assert rules["similarity"].memory(place, 1) > rules["correlation"].memory(place, 1)


def test_measures_that_share_a_section_get_only_their_own_parameters():
    plan = planned(measures={"similarity": {"resamples": 210}})
    rules = {rule.name: rule.params for rule in measure_rules(plan)}
    assert [rules[name]["resamples"] for name in ("correlation", "similarity")] == [210, 210]
    families = planned(measures={"dictionaries": {"top": 7, "vectors": 500}})
    (params,) = (rule.params for rule in measure_rules(families) if rule.name == "families")
    assert (params["top"], params["vectors"]) == (7, 500)
    assert "autoencoder_steps" not in params


@pytest.mark.parametrize(
    ("run", "families", "n_blocks"),
    [
        ({"layers": ["input"]}, ["units"], 0),
        ({"layers": ["relu1"]}, ["units"], 1),
        ({"layers": ["relu1"]}, [], 0),
    ],
    ids=["no per-unit analyses", "one layer", "turned off"],
)
def test_families_of_directions_are_of_layers_with_per_unit_analyses(run, families, n_blocks):
    plan = planned(run, measures={"dictionaries": {"families": families}})
    assert len(plan.runs[0].blocks["dictionaries"]) == n_blocks
    place = SimpleNamespace(network="cnn", dataset="clothes")
    for table in ("families.layer", "families.directions", "dictionaries.fits", "dictionaries.effects"):
        files = tables_of_run(plan, table)(place)
        assert files == files_of_study(plan, table)
        assert len(files) == n_blocks


@pytest.mark.parametrize(
    ("reference", "file"),
    [
        ("sparsity.layer", "sparsity/cnn/clothes/{}.layer.parquet"),
        ("histogram", "histogram/cnn/clothes/{}.parquet"),
        ("directions.spectrum", "directions/cnn/clothes/{}.spectrum.parquet"),
        ("similarity.pairs", "similarity/cnn/clothes/pairs.parquet"),
    ],
)
def test_tables_of_a_run(reference, file):
    plan = planned()
    (block,) = plan.runs[0].blocks["layers"]
    place = SimpleNamespace(network="cnn", dataset="clothes")
    assert tables_of_run(plan, reference)(place) == [f"results/measures/{file.format(block)}"]


@pytest.mark.parametrize("measure", ["concepts", "gram"])
def test_stores_of_a_run(measure):
    plan = planned()
    (block,) = plan.runs[0].blocks["layers"]
    place = SimpleNamespace(network="cnn", dataset="clothes")
    assert stores_of_run(plan, measure)(place) == [f"results/measures/{measure}/cnn/clothes/{block}.zarr.zip"]


@pytest.mark.parametrize("units", [3, 0])
def test_feature_visualizations_are_of_all_layers_of_a_run(units):
    plan = planned({"layers": ["relu1"]}, measures={"feature_visualization": {"units_per_layer": units}})
    place = SimpleNamespace(network="cnn", dataset="clothes")
    file = "results/measures/feature_visualization/cnn/clothes.zarr.zip"
    assert stores_of_run(plan, "feature_visualization")(place) == ([file] if units else [])


def test_tables_of_the_study_are_available_to_each_run():
    assert tables_of_run(planned(), "agreement.agreement") == "results/census/agreement.parquet"


def test_named_tables_must_be_requested_by_name():
    with pytest.raises(TypeError, match=r"there is no table 'sparsity'.*sparsity\.units"):
        tables_of_run(planned(), "sparsity")


def test_an_unknown_input_is_reported_with_the_nearest_name():
    with pytest.raises(TypeError, match=r"there is no table 'sparsity\.unit'.*sparsity\.units"):
        table_path("sparsity.unit")
    with pytest.raises(StudyError, match=r"measure .sparsty.: there is no measure.*sparsity"):
        store_path("sparsty")


def test_the_index_has_the_block_of_each_layer():
    plan = planned({"layers": ["input", "relu1"]})
    index = {(measure, layer): block for measure, _, _, layer, block in blocks_of_layers(plan)}
    assert index["gram", "input"] == "0000-0005"
    assert index["activation_maximization", "relu1"] in plan.runs[0].blocks["units"]
    assert ("activation_maximization", "input") not in index
    assert ("clusters", "input") not in index
    assert index["families", "relu1"] == index["dictionaries", "relu1"]
    assert ("families", "input") not in index
