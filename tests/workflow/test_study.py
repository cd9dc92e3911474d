"""A whole study: the results of its first run, and those recomputed by later runs."""

import math
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars
import pyarrow.parquet as pq
import pytest
import xarray as xr
from PIL import Image
from safetensors.numpy import load_file
from zarr.storage import ZipStore

import census
from census.atlas.site import read_data
from census.claims.declared import CLAIMS
from census.claims.evidence import Evidence
from census.claims.files import Files
from census.claims.verdict import VERDICTS, read_verdicts
from census.figures.style import HEIGHT, WIDTHS
from census.measures import DECLARED, declared
from census.statistics.subset import choose_images
from census.tables.dictionary import columns_of

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow

# measures whose jobs work on blocks, by kind of block
MEASURES = {
    kind: [name for name in DECLARED if declared(name).jobs == kind]
    for kind in ("layers", "units", "facets", "dictionaries")
}

PASSES = {
    "extract/extract_random_final_tiny",
    "extract/extract_small_0_tiny",
    "extract/extract_small_1_tiny",
    "extract/extract_small_final_tiny",
}
LAYERS = {"random": ("relu1", "output"), "small": ("relu", "output")}
# all layers of a network, recorded or not, are one block
BLOCKS = {"random": "0000-0019", "small": "0000-0004"}
# figures that the run of each network has
VIEWS = {
    "random": {
        *(f"sparsity/{view}" for view in ("depth", "lifetime")),
        "histogram/final",
        *(f"correlation/{view}" for view in ("decorrelation", "matrices-final")),
        *(f"similarity/{view}" for view in ("pearson", "spearman", "deconfounded", "cka")),
        *(f"multifacetedness/{view}" for view in ("density", "degree", "counts", "similarity", "heatmaps")),
        *(f"facets/{view}" for view in ("single", "multi")),
        *(f"selectivity/{view}" for view in ("depth", "detection")),
        *(f"substitution/{view}" for view in ("images", "substitutes")),
        *(f"ablation/{view}" for view in ("units", "cumulative")),
        "path_check/depth",
        *(f"importance/{view}" for view in ("substitution", "depth", "ablation", "relations")),
        *(f"directions/{view}" for view in ("spectrum", "depth", "redundancy", "class_entropy", "variance")),
        *(f"directions/{view}" for view in ("components", "neurons", "projections")),
        *(f"families/{view}" for view in ("depth", "patches")),
        "alignment/depth",
        *(f"clusters/{view}" for view in ("depth", "dendrograms")),
        *(f"agreement/{view}" for view in ("unit_measures", "depth")),
        *(f"specifications/{view}" for view in ("rupprecht2017", "rupprecht2018", "sadeghi2018", "chen2018")),
        *(f"specifications/{view}" for view in ("zhang2015", "unit_measures", "unit_measures-2")),
        "specifications/networks_and_directions",
    }
}
VIEWS["small"] = {
    *VIEWS["random"],
    # of a network that was trained here
    *(f"{figure}/learning" for figure in ("sparsity", "selectivity", "alignment")),
    *(f"learning/{view}" for view in ("steps", "checkpoints")),
    *(f"histogram/{checkpoint}" for checkpoint in ("0", "1")),
    "correlation/matrices-0",
}
SECTIONS = (
    *("sparsity", "decorrelation", "concepts", "substitution", "directions", "agreement"),
    "specifications",
)
# rules downstream of the census, which all networks share
OF_CENSUS = (
    *("tables", "agreement", "figures_agreement"),
    *("claims_run", "specifications", "figures_specifications"),
    *("verdicts", "figures_claims", "overview", "atlas_run", "atlas"),
)


def of_network(network, *rules):
    """Return the jobs of rules for a network as a whole."""
    return {f"{rule}/{network}/tiny" for rule in rules}


def of_block(network, *rules):
    """Return the jobs of rules for the block of a network's layers."""
    return {f"{rule}/{network}/tiny/{BLOCKS[network]}" for rule in rules}


def of_rule(jobs, *rules):
    return {job for job in jobs if job.partition("/")[0] in rules}


def figures(network, *sections):
    """Return the jobs that draw sections of the report for a network."""
    return of_network(network, *(f"figures_{section}" for section in sections))


@pytest.fixture
def found(first):
    """What the study has found."""
    study, _ = first
    return census.open_study(study.folder / "results")


def edit(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(f"\n{text}\n")


def test_the_first_run_makes_everything_once(first):
    _, ended = first
    measures = [measure for of_kind in MEASURES.values() for measure in of_kind]
    of_layers = (
        "correlation",
        "similarity",
        "multifacetedness",
        "importance",
        "feature_visualization",
        "claims_run",
        "specifications",
        "atlas_run",
    )
    assert ended.jobs == {
        *("dataset/tiny/train", "dataset/tiny/test", "train/small", "weights/random"),
        *PASSES,
        *(job for network in LAYERS for job in of_block(network, *measures)),
        *(job for network in LAYERS for job in of_network(network, *of_layers)),
        *of_network("small", "learning", "performance"),
        *(job for network in LAYERS for job in figures(network, *SECTIONS)),
        *("tables", "agreement", "verdicts", "figures_claims", "software", "overview", "atlas"),
    }


@pytest.mark.parametrize("table", ["units", "layers", "directions"])
def test_the_census_is_what_its_dictionary_says(first, table):
    study, _ = first
    census = pq.read_table(study.folder / f"results/census/{table}.parquet")
    columns = columns_of(table)
    assert census.column_names == [column.name for column in columns]
    for column in columns:
        assert census.schema.field(column.name).type == column.dtype, column.name
        values = census[column.name].drop_null().to_pylist()
        # the tiny networks' input is not recorded, of their few classes none need lose, each has one seed,
        # and units are set to 0
        may_be_empty = column.measure == "universality" or column.name == "most_affected_class"
        may_be_empty |= column.name.startswith("ablation_constant")
        assert values or may_be_empty or "to_input" in column.name, column.name
        if column.type != "text":
            known = [value for value in values if not math.isnan(value)]
            assert all(column.least is None or value >= column.least for value in known), column.name
            assert all(column.greatest is None or value <= column.greatest for value in known), column.name
    rows = pd.read_csv(study.folder / "results/census/dictionary.tsv", sep="\t", keep_default_na=False)
    rows = rows[rows["table"] == table]
    assert list(rows["name"]) == census.column_names
    assert list(rows["range"]) == [column.range for column in columns]


def test_the_census_has_a_row_for_every_unit_and_opens_everywhere(first, found):
    study, _ = first
    path = study.folder / "results/census/units.parquet"
    units = pd.read_parquet(path)
    rows = [
        len(found.table("sparsity", network, "tiny", f"{layer}.units"))
        for network, layers in LAYERS.items()
        for layer in layers
    ]
    assert len(units) == sum(rows)
    assert not units.duplicated(["network", "checkpoint", "dataset", "layer", "unit"]).any()
    names = ["network", "dataset", "layer", "checkpoint", "unit"]
    own = found.table("selectivity", "small", "tiny", "relu.units")
    both = units.merge(own, on=names, suffixes=("", "_own"))
    assert len(both) == len(own)
    pd.testing.assert_series_equal(both["auroc"], both["auroc_own"], check_names=False)
    assert polars.read_parquet(path).shape == units.shape
    # pandas cannot tell what was not measured from what is undefined; others can
    sums = "count(*), count(rs_iam), sum(isnan(selectivity)::int)"
    summed = duckdb.sql(f"select {sums} from '{path}' where layer = 'output'").fetchall()[0]
    assert summed == (
        len(units.query("layer == 'output'")),
        0,
        units.query("layer == 'output'")["selectivity"].isna().sum(),
    )


# what claims read of a layer on the whole data, and the census's column that says the same
def pooled(evidence, layer, *measures):
    correlations, _ = evidence.pooled(measures, [layer])
    return correlations[:, 0, 1]


EVIDENCE = {
    "active_fraction": lambda evidence, layer: evidence.means("active_fraction", [layer]),
    "image_correlation": lambda evidence, layer: evidence.image_correlations([layer]),
    "similarity_to_output": lambda evidence, layer: evidence.similarities([layer, "output"])[:, 0, 1],
    "gini_mean": lambda evidence, layer: evidence.means("gini", [layer]),
    "flatness_mean": lambda evidence, layer: evidence.means("flatness", [layer]),
    "mf_mean": lambda evidence, layer: evidence.means("mf_degree", [layer]),
    "share_sf": lambda evidence, layer: evidence.means("is_single", [layer]),
    "unit_similarity": lambda evidence, layer: evidence.unit_pairs([layer], "similarity"),
    "unit_dissimilarity": lambda evidence, layer: evidence.unit_pairs([layer], "distance"),
    "selectivity_median": lambda evidence, layer: evidence.medians("selectivity", [layer]),
    "rho_rs_selectivity": lambda evidence, layer: pooled(evidence, layer, "rs_iam", "selectivity"),
    "rho_rs_ablation": lambda evidence, layer: pooled(evidence, layer, "rs_iam", "ablation_kl"),
    "rho_selectivity_ablation": lambda evidence, layer: pooled(evidence, layer, "selectivity", "ablation_kl"),
    "rho_selectivity_loss": lambda evidence, layer: pooled(evidence, layer, "selectivity", "ablation_loss"),
    "alignment_kurtosis": lambda evidence, layer: evidence.alignment([layer]),
    "alignment_kurtosis_pre": lambda evidence, layer: evidence.alignment([layer], preactivation=True),
    "participation_ratio": lambda evidence, layer: evidence.dimensions([layer], "participation_ratio"),
}


@pytest.mark.parametrize("column", EVIDENCE)
@pytest.mark.parametrize("checkpoint", ["0", "final"])
def test_claims_rest_on_what_the_census_says(first, found, column, checkpoint):
    study, _ = first
    measures = study.folder / "results/measures"
    files = {
        kind: sorted(map(str, (measures / kind / "small/tiny").glob(pattern)))
        for kind, pattern in (
            ("gram", "*.zarr.zip"),
            ("concepts", "*.zarr.zip"),
            ("directions", "*.directions.parquet"),
            ("alignment", "*.resamples.parquet"),
        )
    }
    layers, units = (
        table[(table["network"] == "small") & (table["checkpoint"] == checkpoint)]
        for table in (found.layers, found.units)
    )
    evidence = Evidence(layers, units, Files(files, checkpoint), resamples=100, seed=0)
    (expected,) = layers.query("layer == 'relu'")[column]
    value = np.ravel(EVIDENCE[column](evidence, "relu"))[0]
    # the matrices of correlations are stored as float32
    assert value == pytest.approx(expected, rel=1e-6, nan_ok=True)


def test_every_claim_has_a_verdict_for_every_network_and_a_figure_that_shows_it(first):
    study, _ = first
    claims = pd.read_csv(study.folder / "results/census/claims.tsv", sep="\t", keep_default_na=False)
    assert list(claims["network"]) == ["random", "small"] * len(CLAIMS)
    assert list(claims["statistic"][::2]) == [claim.statistic for claim in CLAIMS]
    assert set(claims["verdict"]) <= set(VERDICTS)
    measured = claims["effect"] != ""
    # of a single nonlinear layer, nothing changes with depth
    assert measured.sum() > 10
    for figure in claims.loc[measured, "figure"]:
        assert (study.folder / "results" / figure).is_file(), figure
    assert set(claims.loc[~measured, "figure"]) == {""}
    # nothing in random weights is learned
    random = claims[claims["network"] == "random"]
    assert "supported" not in set(random["verdict"])
    not_learned = random[random["verdict"] == "supported, not learned"]
    assert len(not_learned) > 0
    assert not_learned["reason"].str.startswith("the network has random weights").all()


def test_a_claim_is_its_first_specification(first):
    study, _ = first
    claims = read_verdicts(study.folder / "results/census/claims.tsv")
    table = pd.read_parquet(study.folder / "results/census/specifications.parquet")
    both = claims.merge(table[table["specification"] == 0], on=["id", "network"], suffixes=("", "_first"))
    assert len(both) == len(claims)
    np.testing.assert_allclose(both["effect_first"], both["effect"], rtol=1e-5)
    assert both["specifications"].sum() == len(table)
    assert both["specifications_undefined"].sum() == table["effect"].isna().sum()
    agreeing = (both["specifications"] * both["specifications_agree"]).sum()
    assert agreeing == pytest.approx(table["agrees"].sum(), abs=1e-3)


@pytest.mark.parametrize("checkpoint", ["0", "final"])
def test_classes_of_top_images_give_the_measures_of_the_census(first, found, checkpoint):
    study, _ = first
    measures = study.folder / "results/measures"
    files = {
        "concepts": sorted(map(str, (measures / "concepts/small/tiny").glob("*.zarr.zip"))),
        "images": [str(study.folder / "results/data/tiny/test.zarr")],
    }
    layers, units = (
        table[(table["network"] == "small") & (table["checkpoint"] == checkpoint)]
        for table in (found.layers, found.units)
    )
    evidence = Evidence(layers, units, Files(files, checkpoint), resamples=0, seed=0)
    # another threshold between units has measures computed anew from the same top images
    anew = evidence.variant(threshold="median")
    for layer in evidence.recorded:
        for column in ("gini", "flatness", "mf_degree"):
            values = [each.values(layer, [column])[0] for each in (evidence, anew)]
            np.testing.assert_allclose(*values, err_msg=f"{layer}, {column}")
        stored = evidence.numbers_of_top_images[0]
        counts = [each.class_counts(layer) for each in (evidence, anew)]
        np.testing.assert_array_equal(*counts)
        assert (evidence.variant(top_images=stored // 2).class_counts(layer).sum(1) <= stored // 2).all()


@pytest.mark.parametrize("page", ["README.md", "docs/howto/notebook.md"])
def test_the_blocks_of_the_documentation_run(first, page, tmp_path):
    study, _ = first
    (block,) = re.findall(
        r"<!-- runnable -->\n```python\n(.*?)^```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE
    )
    (tmp_path / "results").symlink_to(study.folder / "results")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts"), "MPLBACKEND": "agg"}
    # the tiny study's network in the place of the default one's
    program = block.replace("'cnn'", "'small'")
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, check=True)
    assert page == "README.md" or (tmp_path / "depth.png").stat().st_size > 5000


def test_figures_are_images_of_something(first):
    study, _ = first
    folder = study.folder / "results/figures"
    paths = sorted(folder.rglob("*.*"))
    assert set(paths) == {
        folder / figure / network / "tiny" / f"{view}.png"
        for network, views in VIEWS.items()
        for figure, view in (each.split("/") for each in views)
    } | {folder / f"claims{sheet}.png" for sheet in ("", "-2", "-3")}
    for path in paths:
        assert path.suffix == ".png"
        with Image.open(path) as image:
            pixels, dpi = np.asarray(image.convert("L")), image.info["dpi"][0]
        # of a page
        assert pixels.shape[1] / dpi == pytest.approx(WIDTHS["page"], abs=0.02), path
        assert 0.9 < pixels.shape[0] / dpi < HEIGHT + 0.02, path
        # lines and letters on white
        assert 0.005 < (pixels < 128).mean() < 0.5, path


def test_stores_open_with_named_dimensions(first):
    study, _ = first
    data = xr.open_zarr(study.folder / "results/data/tiny/test.zarr")
    assert data["pixels"].sizes == {"image": 24, "y": 16, "x": 16, "channel": 3}
    assert data.attrs["classes"] == ["blue-ish", "green-ish", "red-ish"]
    for network, checkpoint, layer, images, unit, side in (
        ("random", "final", "relu1", 24, 64, 16),
        ("small", "final", "relu", 24, 4, 8),
        ("small", "0", "relu", 10, 4, 8),
        ("small", "final", "output", 24, 3, 1),
    ):
        store = study.activations(network, checkpoint, layer)
        assert store["maps"].sizes == {"map_image": 6, "y": side, "x": side, "unit": unit}
        assert store["mean"].sizes == {"image": images, "unit": unit}
        assert store.attrs["layer"] == layer
        assert store.attrs["checkpoint"] == checkpoint
        assert store.attrs["data_digest"] == data.attrs["digest"]
        # statistics are those of the maps, and labels those of the images
        maps = store["maps"].values
        np.testing.assert_allclose(store["mean"].values[:6], maps.mean((1, 2)), rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(store["max"].values[:6], maps.max((1, 2)))
        np.testing.assert_array_equal(store["label"].values, data["label"].values[store["image"].values])
    every = study.activations("small", "final", "relu")["map_image"].values
    few = study.activations("small", "0", "relu")["map_image"].values
    np.testing.assert_array_equal(every, few)


def test_the_network_has_learned_between_its_checkpoints(first):
    study, _ = first
    history = pd.read_csv(study.folder / "results/networks/small/history.tsv", sep="\t")
    assert history["step"].tolist() == [2, 4, 6, 8]
    assert history["train_loss"].iloc[-1] < history["train_loss"].iloc[0]
    files = sorted(path.name for path in (study.folder / "results/networks/small").iterdir())
    assert files == ["0.safetensors", "1.safetensors", "final.safetensors", "history.tsv"]
    steps = {each: study.activations("small", each, "output").attrs["step"] for each in ("0", "1")}
    assert steps == {"0": 0, "1": 1}
    # random weights are those of no step
    assert study.activations("random", "final", "output").attrs["step"] == 0


def test_tables_have_a_row_for_each_thing_measured(found):
    layers = found.table("sparsity", "small", "tiny", "relu.layer")
    assert layers["checkpoint"].tolist() == ["0", "1", "final"]
    assert layers["n_images"].tolist() == [10, 10, 24]
    assert (layers["n_units"] == 4).all()
    assert layers["active_fraction"].between(0, 1, inclusive="neither").all()
    assert (layers["active_fraction_low"] <= layers["active_fraction"]).all()
    assert (layers["active_fraction"] <= layers["active_fraction_high"]).all()
    units = found.table("sparsity", "random", "tiny", "relu1.units")
    assert units["unit"].tolist() == list(range(64))
    bins = found.table("histogram", "small", "tiny", "relu")
    assert bins.groupby("checkpoint").size().to_dict() == {"0": 60, "1": 60, "final": 60}
    for checkpoint, table in bins.groupby("checkpoint"):
        maps = found.activations("small", "tiny", "relu", str(checkpoint))["maps"].values
        assert table["count"].sum() == (maps > 0).sum()
        assert (table["zeros"] == (maps == 0).sum()).all()


def test_tables_of_similarity_hold_every_pair(first, found):
    study, _ = first
    measures = study.folder / "results/measures"
    pairs = found.table("similarity", "small", "tiny", "pairs")
    assert len(pairs) == 3 * 2 * 2
    assert (pairs["n_map_images"] == 6).all()
    same = pairs["layer"] == pairs["other_layer"]
    np.testing.assert_allclose(pairs.loc[same, "similarity"], 1)
    adjacent = found.table("similarity", "small", "tiny", "adjacent")
    assert set(zip(adjacent["layer"], adjacent["other_layer"], strict=True)) == {("relu", "output")}
    learning = pd.read_parquet(measures / "learning/small/tiny.parquet")
    assert len(learning) == 2 * 3 * 3
    order = found.table("correlation", "small", "tiny", "orders").query("checkpoint == 'final'")
    assert order["layer"].unique().tolist() == ["relu", "output"]
    # all of it follows from vectors as they are stored
    for checkpoint in ("0", "1", "final"):
        matrices = {}
        for layer in ("relu", "output"):
            vectors = found.activations("small", "tiny", layer, checkpoint)["maps"].values.reshape(6, -1)
            matrices[layer] = np.corrcoef(vectors.astype(float))[np.triu_indices(6, 1)]
            layers = found.table("correlation", "small", "tiny", "layers")
            row = layers.query("checkpoint == @checkpoint and layer == @layer").iloc[0]
            assert row["image_correlation"] == pytest.approx(matrices[layer].mean(), abs=1e-6)
            assert row["image_correlation_low"] <= row["image_correlation"]
        row = adjacent[adjacent["checkpoint"] == checkpoint].iloc[0]
        expected = np.corrcoef(matrices["relu"], matrices["output"])[0, 1]
        assert row["similarity"] == pytest.approx(expected, abs=1e-5)
        grams = found.matrices("gram", "small", "tiny", "relu", checkpoint)
        assert grams["gram"].sizes == {"image": 6, "other_image": 6}
        assert grams.attrs["n_neurons"] == 256
    performance = pd.read_parquet(measures / "performance/small/tiny.parquet").set_index("checkpoint")
    history = pd.read_csv(study.folder / "results/networks/small/history.tsv", sep="\t")
    assert performance.loc["final", "accuracy"] == pytest.approx(history["test_accuracy"].iloc[-1], abs=0.05)


def test_concepts_are_of_the_top_images(first, found):
    study, _ = first
    data = xr.open_zarr(study.folder / "results/data/tiny/test.zarr")
    store = found.activations("random", "tiny", "relu1")
    largest, images = store["max"].values, store["image"].values
    concepts = found.matrices("concepts", "random", "tiny", "relu1")
    assert concepts["top_image"].sizes == {"unit": 64, "rank": 24}
    units = found.table("multifacetedness", "random", "tiny", "units").query("layer == 'relu1'")
    for unit in (0, 17, 63):
        order = sorted(range(24), key=lambda i: (-largest[i, unit], images[i]))
        top = images[[i for i in order if largest[i, unit] > 0]]
        np.testing.assert_array_equal(concepts["top_image"].values[unit, : len(top)], top)
        counts = np.bincount(data["label"].values[top], minlength=3)
        np.testing.assert_array_equal(concepts["class_count"].values[unit], counts)
        row = units[units["unit"] == unit].iloc[0]
        assert row["n_top_images"] == len(top)
        assert row["top_count_1"] == counts.max()
    assert (units["faceted"].isin(["multi", "single"]) == units["mf_degree"].notna()).all()
    layers = found.table("multifacetedness", "small", "tiny", "layers")
    assert layers["layer"].tolist() == ["relu", "output"] * 3
    assert (layers["share_sf"] + layers["share_mf"] <= 1).all()


def test_selectivity_is_that_of_the_stored_means(found):
    units = found.table("selectivity", "small", "tiny", "relu.units").query("checkpoint == 'final'")
    store = found.activations("small", "tiny", "relu")
    means = store["mean"].to_series().unstack().groupby(store["label"].values).mean().to_numpy()
    rest = (means.sum(0) - means.max(0)) / 2
    expected = (means.max(0) - rest) / (means.max(0) + rest)
    np.testing.assert_allclose(units["selectivity"], expected, rtol=1e-4, atol=1e-6)
    assert units["selectivity_p"].between(1 / 251, 1).all()
    assert (units["selectivity_q"] >= units["selectivity_p"]).all()
    layers = found.table("selectivity", "small", "tiny", "output.layer")
    assert layers["n_classes"].tolist() == [3, 3, 3]
    # logits are signed
    assert (layers["n_signed_units"] == 3).all()
    assert layers["selectivity_median"].isna().all()
    assert layers["auroc_median"].between(0.5, 1).all()


def test_measures_of_the_same_unit_stand_side_by_side(found):
    units = found.table("importance", "small", "tiny", "units")
    assert units.groupby("checkpoint").size().to_dict() == {"0": 4, "final": 4}
    for measure, column in (
        ("substitution", "rs_iam"),
        ("selectivity", "selectivity"),
        ("sparsity", "mean_activation"),
        ("ablation", "ablation_kl"),
    ):
        table = found.table(measure, "small", "tiny", "relu.units")
        both = units.merge(table, on=["checkpoint", "layer", "unit"], suffixes=("", "_there"))
        assert len(both) == 8
        np.testing.assert_array_equal(both[column], both[f"{column}_there"])
    relations = found.table("importance", "small", "tiny", "relations")
    # three with selectivity, and nine each with the divergence and with the loss
    assert len(relations) == 2 * 21
    chosen = relations.query("checkpoint == 'final' and first == 'mean_activation'").iloc[0]
    final = units.query("checkpoint == 'final'")
    expected = final["mean_activation"].corr(final["ablation_kl"], method="spearman")
    assert chosen["rho"] == pytest.approx(expected)


def test_substitution_is_of_the_stored_responses(finished):
    finished.config["runs"][0] |= {"per_unit_layers": ["relu1", "output"], "units_per_layer": 2}
    finished.config["measures"] = {
        "activation_maximization": {"seeds": 2, "steps": 3, "parametrization": "fourier", "jitter": 1}
    }
    folder, block = finished.folder / "results/measures", f"random/tiny/{BLOCKS['random']}"
    finished.succeed(f"results/measures/substitution/{block}.units.parquet")
    table = pd.read_parquet(folder / f"substitution/{block}.units.parquet")
    for layer, n_units in (("relu1", 64), ("output", 3)):
        store = ZipStore(folder / f"activation_maximization/{block}.zarr.zip", read_only=True)
        maximization = xr.open_zarr(store, group=f"{layer}/final")
        assert maximization["image"].shape == (2, 2, 2, 16, 16, 3)
        assert maximization["trajectory"].shape == (2, 2, 2, 4)
        units = table[table["layer"] == layer].reset_index(drop=True)
        assert len(units) == n_units
        sampled = units[units["rs_iam_failed"].notna()].set_index("unit")
        assert sampled.index.tolist() == maximization["unit"].values.tolist()
        means = finished.activations("random", "final", layer)["mean"].values
        for place, unit in enumerate(sampled.index):
            of_seeds = maximization["response"].values[0, :, place]
            # an image to which the unit responds less than to a natural one has failed
            made = [row for row in of_seeds if row[unit] > 0 and row[unit] >= means[:, unit].max()]
            expected = np.mean([(row > row[unit]).mean() for row in made]) if made else np.nan
            assert sampled.loc[unit, "rs_iam"] == pytest.approx(expected, nan_ok=True)
            assert sampled.loc[unit, "rs_iam_failed"] == len(of_seeds) - len(made)
        most = means[means.argmax(0)]
        natural = np.where(means.max(0) > 0, (most > means.max(0)[:, None]).mean(1), np.nan)
        np.testing.assert_allclose(units["rs_natural"], natural)
    warning = "output has no activation function: its own values are maximized"
    assert warning in (finished.folder / f"logs/activation_maximization/{block}.log").read_text()


def test_feature_visualizations_change_nothing_else(finished):
    results = finished.folder / "results"
    path = results / "measures/feature_visualization/small/tiny.zarr.zip"
    store = xr.open_zarr(ZipStore(path, read_only=True), group="relu/final")
    assert store["image"].shape == (3, 16, 16, 3)
    assert store["image"].dtype == np.uint8
    # the first units of those with plain images
    maximization = census.open_study(results)["small"]["relu"].matrices("activation_maximization")
    assert store["unit"].values.tolist() == maximization["unit"].values[:3].tolist()
    trajectory = store["trajectory"].values
    assert (trajectory[:, -1] > trajectory[:, 0]).all()
    np.testing.assert_array_equal(trajectory[:, -1], store["response"])

    shown = {
        *(job for network in LAYERS for job in figures(network, "substitution")),
        *(job for network in LAYERS for job in of_network(network, "atlas_run")),
        *("overview", "atlas"),
    }
    for units, jobs in ((0, ()), (2, ("feature_visualization",))):
        finished.config["measures"] = {"feature_visualization": {"units_per_layer": units}}
        made = {job for network in LAYERS for job in of_network(network, *jobs)}
        assert finished.planned() == shown | made
    del finished.config["measures"]
    before = path.read_bytes()
    ended = finished.succeed(str(path.relative_to(finished.folder)), "--forcerun", "feature_visualization")
    assert ended.jobs == of_network("small", "feature_visualization")
    assert path.read_bytes() == before


def test_ablation_is_of_the_network_with_a_unit_less(finished):
    modes = ["zero", "mean", "resampled", "optimal"]
    finished.config["measures"] = {"ablation": {"modes": modes, "resamples": 100}}
    finished.config["runs"][1]["n_ablation_images"] = 5
    planned = finished.planned()
    # directions are ablated on some of the same images
    of_ablation = ("ablation", "importance", "dictionaries", "families")
    of_ablation += ("figures_substitution", "figures_directions")
    # further modes have figures of their own
    drawn = {path for path in planned if path.startswith("results/figures/ablation/")}
    assert of_rule(planned, *of_ablation, *OF_CENSUS) == planned - drawn
    assert of_rule(planned, *of_ablation) >= {*of_block("random", "ablation"), *of_block("small", "ablation")}
    finished.succeed(f"results/measures/ablation/small/tiny/{BLOCKS['small']}.units.parquet")
    found = census.open_study(finished.folder / "results")
    units, curves, layers = (
        found.table("ablation", "small", "tiny", f"relu.{table}") for table in ("units", "curves", "layer")
    )
    assert units.groupby(["checkpoint", "mode"]).size().to_dict() == {
        (checkpoint, mode): 4 for checkpoint in ("0", "final") for mode in modes
    }
    optimal = units["mode"] == "optimal"
    assert units["ablation_constant"].notna().equals(optimal)
    fitted = units[optimal]
    halves = fitted["ablation_constant_low"], fitted["ablation_constant_high"]
    np.testing.assert_allclose(fitted["ablation_constant"], sum(halves) / 2)
    assert set(curves["mode"]) == set(layers.dropna(subset="ablation_auc_random")["mode"]) == set(modes[:3])
    assert layers["n_images"].unique().tolist() == [5]
    assert curves.groupby(["mode", "order"]).size().loc["zero"].to_dict() == {
        "random": 18,
        "mean_activation": 6,
        "selectivity": 6,
        "rs": 6,
    }
    # all of it follows from maps as they are stored, and the weights of the classifier
    data = finished.activations("small", "final", "relu")
    maps, labels = data["maps"].values, data["map_label"].values
    weights = load_file(finished.folder / "results/networks/small/final.safetensors")

    def loss_of(maps):
        logits = maps.transpose(0, 3, 1, 2).reshape(len(maps), -1) @ weights["classifier.weight"].T
        logits = logits + weights["classifier.bias"]
        return np.log(np.exp(logits).sum(1)) - logits[np.arange(len(maps)), labels]

    # of the six images with maps, some five
    some = np.isin(data["map_image"].values, choose_images(24, None, 5, 0)[0][:5])
    final = layers.query("checkpoint == 'final' and mode == 'zero'").iloc[0]
    assert final["loss"] == pytest.approx(loss_of(maps)[some].mean(), abs=1e-5)
    for unit in range(4):
        without = maps.copy()
        without[..., unit] = 0
        row = units.query("checkpoint == 'final' and mode == 'zero' and unit == @unit").iloc[0]
        expected = (loss_of(without) - loss_of(maps))[some].mean()
        assert row["ablation_loss"] == pytest.approx(expected, abs=1e-5)
        assert row["ablation_loss_low"] <= row["ablation_loss"] <= row["ablation_loss_high"]
    # the largest mean is removed first
    first = curves.query("mode == 'zero' and order == 'mean_activation' and n_ablated == 1").iloc[0]
    without = maps.copy()
    without[..., data["mean"].values.mean(0).argmax()] = 0
    assert first["loss"] == pytest.approx(loss_of(without)[some].mean(), abs=1e-5)
    # with all units ablated, in any order, all images have the same logits
    assert curves.query("mode == 'zero' and share == 1")["loss"].nunique() == 1


def test_directions_are_those_of_the_maps(found):
    spectra = found.table("directions", "small", "tiny", "relu.spectrum")
    for checkpoint in ("0", "1", "final"):
        vectors = found.activations("small", "tiny", "relu", checkpoint)["maps"].values.reshape(6, -1)
        phi = vectors.astype(float) - vectors.mean(1, keepdims=True)
        phi /= phi.std(1, keepdims=True)
        spectrum = spectra.query("checkpoint == @checkpoint")
        sigma = np.linalg.svd(phi, compute_uv=False)
        np.testing.assert_allclose(spectrum["singular_value"], sigma[: len(spectrum)], rtol=1e-3)
    layers = found.table("directions", "small", "tiny", "relu.layer").set_index("checkpoint")
    assert layers["n_components"].tolist() == [6, 6, 6]
    # 8 components of six images
    assert layers["reconstruction_error_8"].isna().all()
    assert layers["redundancy_svd"].isna().tolist() == [False, True, False]
    directions = found.matrices("directions", "small", "tiny", "relu")
    assert directions["variance"].sizes == {"y": 8, "x": 8, "unit": 4}
    assert set(directions["image"].values) == set(
        found.activations("small", "tiny", "relu")["map_image"].values
    )


def test_the_atlas_shows_every_unit(first):
    study, _ = first
    folder = study.folder / "results/atlas"
    units = pd.read_parquet(study.folder / "results/census/units.parquet").query("checkpoint == 'final'")
    runs = read_data(folder / "data.js")["runs"]
    assert [(run["network"], run["n_units"]) for run in runs] == [("random", 67), ("small", 7)]
    for network, layers in LAYERS.items():
        run = read_data(folder / f"data/{network}/tiny/run.js")
        assert tuple(layer["name"] for layer in run["layers"]) == layers
        for layer in layers:
            columns = read_data(folder / f"data/{network}/tiny/layers/{layer}.js")["columns"]
            expected = units[(units["network"] == network) & (units["layer"] == layer)]
            assert columns["unit"] == expected["unit"].tolist()
            gini = np.array([np.nan if value is None else float(value) for value in columns["gini"]])
            np.testing.assert_allclose(gini, expected["gini"], rtol=1e-4)
            images = read_data(folder / f"data/{network}/tiny/units/{layer}.js")
            assert len(images["top"]["image"]) == len(images["bottom"]["image"]) == len(expected)
            assert len(images["activation_maximization"]) == (
                0 if layer == "output" else min(len(expected), 32)
            )


def test_nothing_is_left_half_done(first):
    study, _ = first
    names = {path.name for path in (study.folder / "results").rglob("*")}
    assert "test.zarr" in names
    assert not [name for name in names if "unfinished" in name or name.endswith(".partial")]


def test_nothing_runs_without_a_cause(finished, tmp_path):
    # as a clone, a branch checked out and back, or a folder moved elsewhere leave them
    finished.checkout = shutil.copytree(finished.checkout, tmp_path / "moved", symlinks=True)
    for path in finished.checkout.rglob("*"):
        os.utime(path)
    finished.folder = finished.folder.rename(tmp_path / "elsewhere")
    scripts = finished.checkout / "scripts"
    edit(scripts / "census/jobs.py", "EDITED = True")
    for module in ("data/convert", "recording/forward", "planning/listing", "figures/style"):
        edit(scripts / f"census/{module}.py", "# a comment")
    edit(finished.folder / "my_networks.py", "# a comment")
    before = finished.made()
    assert finished.run().nothing_to_do
    assert finished.made() == before


def test_layers_come_and_go(finished):
    before, pairs = finished.made(), "results/measures/similarity/random/tiny/pairs.parquet"
    layers = finished.config["runs"][0]["layers"]

    def compared():
        return pd.read_parquet(finished.folder / pairs)["layer"].unique().tolist()

    finished.config["runs"][0]["layers"] = ["pool1", *layers]
    planned = finished.planned()
    # one block of each measure; there are no per-unit analyses of pool1, but it is on the path of others
    measures = {*MEASURES["layers"], *MEASURES["facets"], "path_check"} - {"clusters"}
    assert planned - of_rule(planned, *OF_CENSUS) == {
        "results/activations/random/final/tiny/pool1.zarr.zip",
        *of_block("random", *measures),
        *of_network("random", "correlation", "similarity", "multifacetedness", "importance"),
        *(figures("random", *SECTIONS) - of_rule(planned, *OF_CENSUS)),
    }
    assert of_rule(planned, "tables", "atlas_run", "atlas") >= {"tables", "atlas_run/random/tiny", "atlas"}
    follow = {*of_block("random", "gram"), *of_network("random", "similarity")}
    assert finished.succeed(pairs).jobs == {"extract/extract_random_final_tiny", *follow}
    made = finished.made()
    assert made.keys() - before.keys() == {"random/final/tiny/pool1.zarr.zip"}
    assert {store: made[store] for store in before} == before
    assert compared() == ["relu1", "pool1", "output"]

    finished.config["runs"][0]["layers"] = layers
    assert finished.succeed(pairs).jobs == follow
    assert compared() == ["relu1", "output"]

    # the store of a dropped layer is kept
    finished.config["runs"][0]["layers"] = ["pool1", *layers]
    assert finished.succeed(pairs).jobs == follow
    assert compared() == ["relu1", "pool1", "output"]
    assert finished.made() == made


def test_deleted_stores_and_tables_are_made_again_alone(finished):
    deleted = finished.store("random", "final", "relu1")
    values = xr.open_zarr(f"zip::{deleted}").load()
    before = finished.made()
    deleted.unlink()
    sparsity = finished.folder / f"results/measures/sparsity/small/tiny/{BLOCKS['small']}.units.parquet"
    rows = pd.read_parquet(sparsity)
    sparsity.unlink()
    planned = finished.planned()
    of_random = {job for job in planned - of_rule(planned, *OF_CENSUS) if "random" in job}
    # images are made by the network alone
    measures = {measure for of_kind in MEASURES.values() for measure in of_kind} - {"activation_maximization"}
    assert {job for job in of_random if not job.startswith("figures_")} == {
        "extract/extract_random_final_tiny",
        *of_block("random", *measures),
        *of_network("random", "correlation", "similarity", "multifacetedness", "importance"),
    }
    assert planned - of_rule(planned, *OF_CENSUS) - of_random == {
        *of_block("small", "sparsity"),
        *of_network("small", "importance"),
        *figures("small", "sparsity", "decorrelation", "substitution"),
    }

    census = [f"results/census/{table}.parquet" for table in ("units", "layers")]
    ended = finished.succeed(*census)
    assert ended.passes() == {"extract/extract_random_final_tiny"}
    assert {"tables", *of_block("random", "gram"), *of_block("small", "sparsity")} <= ended.jobs
    assert ended.jobs <= planned
    made = finished.made()
    assert {store for store in before if made[store] != before[store]} == {"random/final/tiny/relu1.zarr.zip"}
    xr.testing.assert_equal(xr.open_zarr(f"zip::{deleted}").load(), values)
    pd.testing.assert_frame_equal(pd.read_parquet(sparsity), rows)
    assert finished.run(*census).nothing_to_do


def test_a_changed_parameter_or_code_reruns_what_depends_on_it(finished, tmp_path):
    finished.checkout = shutil.copytree(finished.checkout, tmp_path / "edited", symlinks=True)
    scripts = finished.checkout / "scripts"
    before = finished.made()

    finished.config["measures"] = {"histogram": {"bins": 11}}
    edit(scripts / "census/figures/multifacetedness.py", "EDITED = True")
    edit(scripts / "census/measures/agreement.py", "EDITED = True")
    assert finished.planned() == {
        *("agreement", "overview"),
        *(job for network in LAYERS for job in of_block(network, "histogram")),
        *(job for network in LAYERS for job in figures(network, "sparsity", "concepts", "agreement")),
    }
    histogram = f"results/measures/histogram/random/tiny/{BLOCKS['random']}.parquet"
    assert finished.succeed(histogram).jobs == of_block("random", "histogram")
    bins = census.open_study(finished.folder / "results").table("histogram", "random", "tiny", "relu1")
    assert len(bins) == 11
    assert finished.made() == before

    edit(scripts / "census/recording/forward.py", "EDITED = True")
    stores = [finished.store("random", "final", layer) for layer in LAYERS["random"]]
    ended = finished.succeed(*(str(store.relative_to(finished.folder)) for store in stores))
    assert ended.jobs == {"extract/extract_random_final_tiny"}
    made = finished.made()
    assert {store for store in before if made[store] != before[store]} == {
        f"random/final/tiny/{layer}.zarr.zip" for layer in LAYERS["random"]
    }
    # the forward passes of the other network have not run yet
    planned = finished.planned()
    assert {job for job in planned if job.startswith("extract/")} == {job for job in PASSES if "small" in job}
    assert not of_rule(planned, "train", "dataset", "weights")
