"""Effect of bfloat16 and float16 on each measure: forward passes in bfloat16, activation maps in float16."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.metrics import adjusted_rand_score

from census.measures.reliability import MEASURES
from census.notebooks.study import Study

pytestmark = [pytest.mark.slow, pytest.mark.very_slow]

NETWORK = """
from torch import nn


def network():
    return nn.Sequential(
        nn.Conv2d(3, 16, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 4 * 4, 4),
    )
"""


class Bound(NamedTuple):
    """How far a column may move.

    Attributes
    ----------
    most : the largest difference. Undefined in one of the two only counts as more than that.
    share : of the rows in which it is no larger.
    relative : whether it is a part of the largest value that the column has in the layer.
    """

    most: float
    share: float = 1
    relative: bool = False


def same(share: float) -> Bound:
    """Return the bound of a column that names something: in which share of the rows it names the same."""
    return Bound(0, share)


KEYS = {
    "network",
    "seed",
    "checkpoint",
    "step",
    "dataset",
    "layer",
    "depth",
    "kind",
    "branch_of",
    "receptive_field",
}
KEYS |= {"other_layer", "other_depth", "other_branch_of", "unit", "first", "second", "n", "resamples"}
KEYS |= {"n_units", "n_neurons", "n_images", "n_map_images", "n_networks"}

# docs/explanation/limits.md has these numbers, too; intervals (…_low, …_high) have the bound of their column
UNITS = {
    "active_fraction": Bound(0.005, 0.95),
    "lifetime_sparseness": Bound(0.005),
    "mean_activation": Bound(0.02, relative=True),
    "max_activation": Bound(0.02, relative=True),
    "variance": Bound(0.02, relative=True),
    "n_top_images": Bound(1, 0.95),
    "n_top_classes": Bound(1, 0.95),
    "gini": Bound(0.05, 0.95),
    "gini_chance": Bound(0.05, 0.95),
    "gini_p": Bound(0.05, 0.95),
    "gini_corrected": Bound(0.05, 0.95),
    "flatness": Bound(0.06, 0.95),
    "flatness_chance": Bound(0.06, 0.95),
    "mf_degree": Bound(0.1, 0.95),
    "mf_chance": Bound(0.1, 0.95),
    "mf_normalized": Bound(0.1, 0.95),
    "faceted": same(0.95),
    "mf_p_normal": Bound(0.1, 0.95),
    "mf_p_rank": Bound(0.2, 0.95),
    "mf_q": Bound(0.1, 0.95),
    "top_class_1": same(0.95),
    "top_count_1": Bound(2, 0.95),
    "top_class_2": same(0.9),
    "top_count_2": Bound(2, 0.95),
    "top_class_3": same(0.85),
    "top_count_3": Bound(2, 0.95),
    "selectivity": Bound(0.005, 0.95),
    "selectivity_chance": Bound(0.005, 0.95),
    "selectivity_p": Bound(0.05, 0.95),
    "selectivity_q": Bound(0.05, 0.95),
    "selectivity_corrected": Bound(0.005, 0.95),
    "selective_class": same(0.95),
    "auroc": Bound(0.005),
    "auroc_class": same(0.95),
    "informedness": Bound(0.02),
    "informedness_class": same(0.95),
    "precision_top_k": Bound(0.05, 0.95),
    "cluster": Bound(0.9),  # the adjusted Rand index of the clusters of each layer is no smaller
    "cluster_size": Bound(2, 0.9),
    "rs_natural": Bound(0.01, 0.95),
    "natural_image": same(0.95),
    "natural_maximum": Bound(0.02, relative=True),
    # an optimized image has failed below the natural maximum, which moves
    "iam_over_natural": Bound(0.02, 0.9, relative=True),
    "am_over_natural": Bound(0.02, 0.9, relative=True),
    **dict.fromkeys(("universality", "universality_rotated", "universality_assigned"), Bound(0.02)),
    "universality_mutual": Bound(0.25),
    "rs_iam": Bound(0.01, 0.9),
    "rs_am": Bound(0.01, 0.9),
    **{f"path_{name}": Bound(0.3, 0.9) for name in ("iam", "am", "natural")},
    "rs_iam_failed": Bound(0, 0.9),
    "rs_am_failed": Bound(0, 0.9),
}
LAYERS = {
    "n_inactive_units": Bound(1),
    "n_inactive_vectors": Bound(1),
    "active_fraction": Bound(0.005),
    "population_sparseness": Bound(0.005),
    "hoyer": Bound(0.005),
    "image_correlation": Bound(0.005),
    "adjacent_similarity": Bound(0.005),
    "similarity_to_input": Bound(0.005),
    "similarity_to_output": Bound(0.005),
    "cka_to_input": Bound(0.005),
    "cka_to_output": Bound(0.005),
    **dict.fromkeys(("universality_mean", "universality_permuted", "universality_rotated"), Bound(0.02)),
    **dict.fromkeys(("universality_assigned_mean", "universality_assigned_rotated"), Bound(0.02)),
    **dict.fromkeys(("universality_mutual_mean", "universality_mutual_rotated"), Bound(0.05)),
    "gini_mean": Bound(0.01),
    "flatness_mean": Bound(0.01),
    "mf_mean": Bound(0.02),
    "mf_max": Bound(0.5),
    "mf_min": Bound(0.05),
    "share_sf": Bound(0.05),
    "share_sf_significant": Bound(0.05),
    "share_mf": Bound(0.05),
    "share_mf_significant": Bound(0.05),
    "unit_similarity": Bound(0.01),
    "unit_similarity_chance": Bound(0.01),
    "unit_dissimilarity": Bound(0.02, relative=True),
    "unit_dissimilarity_chance": Bound(0.02, relative=True),
    "selectivity_median": Bound(0.005),
    "selectivity_chance_median": Bound(0.005),
    "share_selective": Bound(0.05),
    "share_selective_bh": Bound(0.05),
    "auroc_median": Bound(0.005),
    "alignment_kurtosis": Bound(0.02),
    "alignment_z": Bound(0.05, relative=True),
    "alignment_kurtosis_pre": Bound(0.02),
    "alignment_z_pre": Bound(0.05, relative=True),
    "participation_ratio": Bound(0.02, relative=True),
    "n_significant_components": Bound(1),
    "n_significant_components_matched": Bound(1),
    "reconstruction_error_8": Bound(0.005),
    "held_out_error_8": Bound(0.005),
    "redundancy_svd": Bound(0.02),
    "redundancy_variance": Bound(0.02),
    "redundancy_random": Bound(0.02),
    "redundancy_difference": Bound(0.02),
    "rho_entropy_sigma": Bound(0.15),
    # fits that start alike may settle on other directions
    "dictionary_reconstruction": Bound(0.1),
    "dictionary_peakedness": Bound(0.1),
    "dictionary_class_entropy": Bound(0.5),
    "dictionary_stability": Bound(0.3),
    "dictionary_ablation": Bound(0.3),
    "n_clusters": Bound(3),
    "n_clusters_chance": Bound(3),
    "rho_rs_selectivity": Bound(0.3),
    "rho_rs_ablation": Bound(0.3),
    "rho_rs_loss": Bound(0.3),
    "rho_selectivity_loss": Bound(0.1),
    **{f"path_{name}": Bound(0.1) for name in ("iam", "am", "natural")},
    **{f"share_off_path_{name}": Bound(0.1) for name in ("iam", "am")},
    "share_rs_iam_zero": Bound(0.1),
    "share_rs_am_zero": Bound(0.1),
    **{f"reliability_{name}": Bound(0.1) for name in MEASURES},
    "rho_selectivity_ablation": Bound(0.1),
    "rho_rs_ablation_partial": Bound(0.3),
    "rho_selectivity_ablation_partial": Bound(0.1),
    "ablation_auc_mean_activation": Bound(0.05),
    "ablation_auc_selectivity": Bound(0.05),
    "ablation_auc_rs": Bound(0.05),
}
AGREEMENT = {"rho": Bound(0.1, 0.9)}
PAIRS = dict.fromkeys(("similarity", "similarity_spearman", "similarity_deconfounded", "cka"), Bound(0.005))
PERFORMANCE = {"accuracy": Bound(0.01), "loss": Bound(0.01)}
# activation maximization and ablation run in float32, independent of the precision of forward passes
UNTOUCHED = {
    *("redundancy_chance", "share_unconverged_iam", "share_unconverged_am"),
    *("reliability_rs_iam", "reliability_rs_am"),
    *(f"reliability_ablation_{name}" for name in ("kl", "changed", "loss", "accuracy")),
    *("ablation_most_affected", "most_affected_class"),
    *(
        f"{name}{end}"
        for name in (
            "ablation_kl",
            "ablation_changed",
            "ablation_loss",
            "ablation_accuracy",
            "ablation_auc_random",
            "ablation_constant",
        )
        for end in ("", "_low", "_high")
    ),
}
TABLES = {
    "census/units": UNITS,
    "census/layers": LAYERS,
    "census/agreement": AGREEMENT,
    "measures/similarity/{network}/{dataset}/pairs": PAIRS,
    "measures/performance/{network}/{dataset}": PERFORMANCE,
}


MAPS = {"census/layers", "measures/similarity/{network}/{dataset}/pairs"}


def stem(column: str) -> str:
    """Return what an interval is about; other columns are about themselves."""
    return column.removesuffix("_low").removesuffix("_high")


def bound_of(column: str, bounds: dict[str, Bound]) -> Bound | None:
    """Return the bound of a column; None for one that must not move, or that has no bound."""
    return None if column in KEYS | UNTOUCHED else bounds.get(column, bounds.get(stem(column)))


def differences(exact: pd.DataFrame, rough: pd.DataFrame, column: str, bound: Bound) -> np.ndarray:
    """Return by how much a column moves in each row that has a value: 0 or 1 where it is one of names."""
    defined = (exact[column].notna() | rough[column].notna()).to_numpy()
    if column != "natural_image" and pd.api.types.is_numeric_dtype(exact[column]):
        distance = (exact[column] - rough[column]).abs().fillna(np.inf)
        if bound.relative:
            scale = exact[column].abs().groupby([exact[key] for key in ("network", "layer")]).transform("max")
            # a layer's only value may be 0
            distance = distance / scale.where(scale > 0, 1)
        return distance.to_numpy()[defined]
    return (exact[column] != rough[column]).to_numpy()[defined].astype(float)


def faults(exact: pd.DataFrame, rough: pd.DataFrame, bounds: dict[str, Bound]) -> list[str]:
    """Return which columns moved too far, and which have no bound."""
    found = []
    for column in exact.columns:
        bound = bound_of(column, bounds)
        if column in KEYS | UNTOUCHED:
            if not exact[column].equals(rough[column]):
                found.append(f"{column} is another")
        elif bound is None:
            found.append(f"{column} has no bound here: say how far bfloat16 and float16 may move it")
        elif column == "cluster":
            for layer, rows in exact[exact[column].notna()].groupby("layer"):
                index = adjusted_rand_score(rows[column], rough.loc[rows.index, column])
                if index < bound.most:
                    found.append(f"{column}: the adjusted Rand index in {layer} is {index}")
        else:
            moved = differences(exact, rough, column, bound)
            if len(moved) and (moved <= bound.most).mean() < bound.share:
                found.append(f"{column} moved by up to {moved.max()}; 95 %: {np.quantile(moved, 0.95)}")
    return found


def draw_gratings(folder: Path, per_class: int, seed: int) -> None:
    """Draw four classes of colored, noisy gratings, told apart by their direction."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:16, :16]
    for number in range(4):
        (folder / f"{45 * number}°").mkdir(parents=True)
        for place in range(per_class):
            angle = np.pi * number / 4 + random.normal(0, 0.2)
            frequency, phase = random.uniform(0.8, 1.6), random.uniform(0, 2 * np.pi)
            wave = np.cos(frequency * (x * np.cos(angle) + y * np.sin(angle)) + phase)
            pixels = (
                128 + 45 * wave[..., None] * random.uniform(0.3, 1, 3) + random.normal(0, 30, (16, 16, 3))
            )
            image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
            image.save(folder / f"{45 * number}°" / f"{place:03}.png")


WANTED = [
    *(f"results/{table.format(network='trained', dataset='gratings')}.parquet" for table in TABLES),
    # needs histograms
    "results/figures/histogram/trained/gratings/final.png",
]


@pytest.fixture(scope="module")
def exact(begin, tmp_path_factory):
    """A study of a trained network, in float32."""
    exact = begin(tmp_path_factory.mktemp("precision") / "float32")
    (exact.folder / "gratings_network.py").write_text(NETWORK)
    for seed, (split, per_class) in enumerate({"train": 60, "test": 40}.items()):
        draw_gratings(exact.folder / "gratings" / split, per_class, seed)
    exact.config["datasets"] = {
        "gratings": {"source": "folder", "path": {"train": "gratings/train", "test": "gratings/test"}}
    }
    exact.config["networks"] = {
        "trained": {
            "architecture": "gratings_network:network",
            "classes": 4,
            "weights": "train",
            "input": exact.config["networks"]["small"]["input"],
            "training": {
                "dataset": "gratings",
                "epochs": 8,
                "batch": 24,
                "learning_rate": 0.05,
                "precision": "float32",
                "checkpoints": [],
            },
        }
    }
    exact.config["runs"] = [
        {
            "network": "trained",
            "dataset": "gratings",
            "layers": ["4", "output"],
            "checkpoints": "final",
            "n_map_images": 100,
            "per_unit_layers": ["4"],
            "units_per_layer": 16,
            "n_ablation_images": 40,
        }
    ]
    exact.config["activations"] = {"batch": 32}
    exact.config["measures"] = {
        "activation_maximization": {"steps": 8, "seeds": 1},
        "concepts": {"top": 20},
        "selectivity": {"top": 20},
    }
    exact.succeed(*WANTED)
    return exact


@pytest.fixture(scope="module", params=[("precision", "bfloat16"), ("dtype", "float16")], ids="=".join)
def studies(exact, request):
    """Results of two studies of one network: in float32, and with another precision."""
    rough = exact.copy(exact.folder.with_name(request.param[1]))
    rough.config["activations"].update([request.param])
    again = rough.succeed(*WANTED).jobs
    assert "extract/extract_trained_final_gratings" in again
    assert not [job for job in again if job.startswith(("train", "activation_maximization", "dataset"))]
    return exact.folder / "results", rough.folder / "results"


def both(studies, path: str) -> list[pd.DataFrame]:
    """Return a table of both studies."""
    place = path.format(network="trained", dataset="gratings")
    return [pd.read_parquet(results / f"{place}.parquet") for results in studies]


def test_the_network_has_learned(studies):
    exact, _ = both(studies, "measures/performance/{network}/{dataset}")
    assert exact["accuracy"].item() > 0.9


@pytest.mark.parametrize("table", TABLES)
def test_no_column_of_a_table_moves_too_far(studies, table):
    exact, rough = both(studies, table)
    assert faults(exact, rough, TABLES[table]) == []
    # what does not depend on maps, float16 leaves as it is
    assert not exact.equals(rough) or (table not in MAPS and studies[1].parent.name == "float16")
    columns = {name for column in exact.columns for name in (column, stem(column))}
    assert not TABLES[table].keys() - columns, "there are bounds of what is not in the table"


def test_a_column_without_a_bound_is_a_fault():
    rows = pd.DataFrame({"layer": ["a"], "gini": [0.5], "new_measure": [0.0]})
    moved = rows.assign(gini=0.56, layer="b")
    assert faults(rows, rows, UNITS) == [
        "new_measure has no bound here: say how far bfloat16 and float16 may move it"
    ]
    assert [line.split()[0] for line in faults(rows, moved, UNITS)] == ["layer", "gini", "new_measure"]
    assert faults(rows, rows.assign(gini=np.nan), UNITS)[0].startswith("gini moved by up to inf")


@pytest.mark.parametrize("layer", ["4", "output"])
def test_no_matrix_moves_too_far(studies, layer):
    place = "trained", "gratings", layer
    exact, rough = (Study(results).matrices("gram", *place).load() for results in studies)
    # correlations between images
    assert np.abs(exact["correlation"] - rough["correlation"]).max() < 0.01
    np.testing.assert_allclose(rough["gram"], exact["gram"], atol=0.01 * float(exact["gram"].max()))

    exact, rough = (Study(results).matrices("concepts", *place).load() for results in studies)
    # which images activate a unit most
    pairs = zip(exact["top_image"].values, rough["top_image"].values, strict=True)
    assert np.mean([len({*one} & {*other}) / len(one) for one, other in pairs]) > 0.98
    # of units, by the classes of these images
    assert np.abs(exact["similarity"] - rough["similarity"]).quantile(0.95) < 0.05

    exact, rough = (Study(results).matrices("directions", *place).load() for results in studies)
    # the leading ones; those of about the same singular value may turn in their plane
    cosines = np.abs((exact["singular_vectors"].values * rough["singular_vectors"].values).sum(0))
    assert cosines[:3].min() > 0.99
    name = f"{layer}.spectrum"
    spectrum, other = (Study(results).table("directions", "trained", "gratings", name) for results in studies)
    np.testing.assert_allclose(
        other["singular_value"], spectrum["singular_value"], atol=0.005 * spectrum["singular_value"].max()
    )


def test_no_histogram_moves_too_far(studies):
    tables = [Study(results).table("histogram", "trained", "gratings", "4") for results in studies]
    shares = [table["count"].cumsum() / table["count"].sum() for table in tables]
    assert (shares[0] - shares[1]).abs().max() < 0.01
