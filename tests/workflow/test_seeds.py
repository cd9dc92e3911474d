"""A study of one network that is trained from several seeds."""

import json

import pandas as pd
import pytest

from census.claims.verdict import read_verdicts
from census.notebooks.study import open_study

pytestmark = pytest.mark.slow

# rules whose jobs read the census, or are about all networks together
TOGETHER = {
    *("tables", "agreement", "verdicts", "figures_claims", "atlas"),
    *("universality", "figures_replication", "overview"),
    *("claims_run", "specifications", "figures_agreement", "figures_specifications", "atlas_run"),
}


@pytest.fixture(scope="module")
def seeded(first, tmp_path_factory):
    """A finished study of a network from three seeds, and the jobs of two of them, which were added."""
    study = first[0].copy(tmp_path_factory.mktemp("seeds") / "study")
    study.config["runs"] = [run for run in study.config["runs"] if run["network"] == "small"]
    study.config["networks"]["small"]["training"]["seeds"] = [0, 1, 2]
    weights = (study.folder / "results/networks/small/final.safetensors").read_bytes()
    added = study.succeed().jobs
    assert (study.folder / "results/networks/small/final.safetensors").read_bytes() == weights
    return study, added


def test_another_seed_leaves_the_others_as_they_are(seeded):
    _, added = seeded
    assert {job.partition("/")[0] for job in added if "small@" not in job} <= TOGETHER
    assert {"train/small@2", "universality/small/tiny"} <= added


def test_the_census_has_a_row_per_seed(seeded):
    study, _ = seeded
    opened = open_study(study.folder / "results")
    for table in (opened.units, opened.layers):
        assert set(table["network"]) == {"small"}
        assert table.groupby("seed").size().nunique() == 1
        assert set(table["seed"]) == {0, 1, 2}
    assert set(opened.agreement["seed"]) == {0, 1, 2}
    assert str(opened).endswith("small on tiny, 3 seeds>")
    # networks of different seeds differ
    means = opened.units.query("checkpoint == 'final'").groupby("seed")["mean_activation"].sum()
    assert means.nunique() == 3


def test_units_are_compared_between_networks(seeded):
    study, _ = seeded
    layers = open_study(study.folder / "results").layers
    assert (layers.query("checkpoint != '1'")["n_networks"] == 3).all()
    final = layers.query("checkpoint == 'final' and layer == 'relu'")
    assert (final["universality_mean"] >= final["universality_assigned_mean"]).all()
    assert final["universality_mean"].between(0, 1).all()


def test_each_claim_has_a_verdict_over_networks(seeded):
    study, _ = seeded
    claims = read_verdicts(study.folder / "results/census/claims.tsv")
    over = claims[claims["seed"].isna()]
    assert len(claims) == 4 * len(over)
    for row in over.itertuples():
        each = claims[(claims["id"] == row.id) & claims["seed"].notna()]
        known = each["effect"].dropna()
        assert row.n_networks == len(known)
        assert row.effect == pytest.approx(known.mean(), rel=1e-5, nan_ok=True)
        if len(known) == 3 and known.nunique() > 1:
            assert row.low <= row.effect <= row.high
            assert row.low < row.high
    (universality,) = claims.query("id == 'X.2' and seed == 0").itertuples()
    assert universality.reason == "decided over networks"


def test_figures_and_atlas_show_the_seeds(seeded):
    study, _ = seeded
    figures = study.folder / "results/figures"
    for family in ("replication", "universality"):
        assert [path.parts[-3:] for path in figures.glob(f"{family}/*/*/*")] == [
            ("small", "tiny", "depth.png")
        ]
    linked = set(read_verdicts(study.folder / "results/census/claims.tsv")["figure"]) - {""}
    assert {figure for figure in linked if not (study.folder / "results" / figure).is_file()} == set()
    data = (study.folder / "results/atlas/data/small@1/tiny/run.js").read_text()
    run = json.loads(data[data.index("{") : data.rindex("}") + 1])
    assert run["title"] == "small, seed 1"
    assert run["seeds"] == ["small", "small@1", "small@2"]


def test_stores_are_found_by_network_and_seed(seeded):
    study, _ = seeded
    opened = open_study(study.folder / "results")
    assert opened.activations("small@2", "tiny", "relu").attrs["network"] == "small@2"
    assert isinstance(opened.table("sparsity", "small@2", "tiny", "relu.layer"), pd.DataFrame)


def test_it_has_nothing_to_do_afterwards(seeded):
    study, _ = seeded
    assert study.run().nothing_to_do


def test_without_a_network_whose_training_fails_the_others_are_reported(seeded, tmp_path):
    study = seeded[0].copy(tmp_path / "study")
    study.config["networks"]["small"]["training"]["seeds"] = [0, 1, 2, 3]
    failed = study.run(DIVERGE_FROM=3)
    record = "results/networks/small@3/failed.json"
    assert failed.status != 0
    way_out = f"the next run reports the other networks without this one, unless {record} is deleted"
    assert way_out in failed.output
    rest = study.succeed()
    assert {job.partition("/")[0] for job in rest.jobs} <= TOGETHER
    assert "small (3 seeds; training failed from seed 3) on tiny: " in rest.output
    claims = read_verdicts(study.folder / "results/census/claims.tsv")
    assert set(claims["seed"].dropna()) == {0, 1, 2}
    assert claims[claims["seed"].isna()]["reason"].str.endswith("training failed from seed 3").all()
    assert study.run().nothing_to_do
    # a change of its settings, or the deleted record, trains it again
    (study.folder / record).unlink()
    assert "train/small@3" in study.planned()
