"""Rules and jobs of declared figures: every run has a rule for exactly its figures."""

import errno
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from census.drawing import rules
from census.drawing.inputs import read_images, read_table
from census.drawing.job import draw
from census.drawing.page import Page
from census.drawing.rules import drawings
from census.errors import StudyError
from census.figures import figure_families
from census.figures.declaration import Family, View, sheets_of
from census.figures.sections import SECTIONS
from census.figures.style import HEADING, HEIGHT, RIDGE
from census.measures.declaration import Tables
from census.networks.layers import Layer
from census.planning.config import read_config
from census.planning.digest import modules_of
from census.planning.plan import Plan

ROOT = Path(__file__).parents[2]
FAMILIES = list(figure_families().values())

SQUEEZE = [
    Layer("input", "input", (1, 28, 28), 0, "x"),
    Layer("relu", "nonlinearity", (4, 28, 28), 1, "relu"),
    Layer("output", "output", (10, 1, 1), 2, "output"),
]
LAYERS = {"cnn": [SQUEEZE[0], replace(SQUEEZE[1], branch_of="block"), SQUEEZE[2]], "squeeze": SQUEEZE}


def plan(**measures):
    """Return a plan of runs: trained, with branches; the final network alone; without nonlinear layers."""
    network = {
        "architecture": "cnn",
        "classes": 10,
        "input": {"size": 28, "color": "gray", "mean": [0], "std": [1]},
    }
    training = {"weights": "train", "training": {"dataset": "digits", "checkpoints": [0, 10]}}
    config = {
        "datasets": {name: {"source": "fashion-mnist"} for name in ("digits", "photos")},
        "networks": {"cnn": {**network, **training}, "squeeze": network},
        "runs": [
            {"network": "cnn", "dataset": "digits", "n_map_images": 10, "checkpoints": "all"},
            {"network": "squeeze", "dataset": "digits", "n_map_images": 10},
            {"network": "squeeze", "dataset": "photos", "n_map_images": 10, "layers": ["input", "output"]},
        ],
        "measures": measures,
    }
    return Plan.of(read_config(config), LAYERS)


PLAN = plan()
RUNS = PLAN.runs
TRAINED, FINAL_ONLY, WITHOUT_UNITS = RUNS


def test_every_input_of_a_job_has_files():
    for drawing in drawings(RUNS):
        assert all(drawing.inputs(PLAN, "claims.tsv", "{network}.parquet").values())


def test_the_digest_of_a_job_covers_its_drawing_functions():
    assert {"census.drawing.page", "census.drawing.inputs", "census.figures.style"} <= modules_of(
        ROOT / "scripts/figures.py"
    )
    assert "census.figures.similarity" in modules_of(ROOT / "scripts/census/figures/learning.py")


def test_every_run_has_one_rule_for_its_figures_of_a_section():
    drawn = list(drawings(RUNS))
    assert len({drawing.name for drawing in drawn}) == len(drawn)
    for section in SECTIONS:
        for run in RUNS:
            figures = [
                (family, name)
                for family in FAMILIES
                if family.section == section.name
                for name in family.names(run)
            ]
            own = [drawing for drawing in drawn if drawing.section is section and run in drawing.runs]
            assert [list(drawing.figures) for drawing in own] == ([figures] if figures else [])
            for drawing in drawn:
                path = f"{run.network}/{run.dataset}/depth"
                assert (run in drawing.runs) == bool(re.match(drawing.networks, path))


def test_names_of_rules_list_missing_views_and_families():
    names = {drawing.section.name: [] for drawing in drawings(RUNS)}
    for drawing in drawings(RUNS):
        names[drawing.section.name].append(drawing.name.removeprefix("figures_"))
    assert names == {
        "sparsity": ["sparsity", "sparsity_without_learning_0_10"],
        "decorrelation": ["decorrelation", "decorrelation_without_matrices-0_learning_branches"],
        "concepts": ["concepts"],
        "substitution": [
            "substitution",
            "substitution_without_learning",
            "substitution_without_ablation_importance_path_check_learning_substitution",
        ],
        "directions": ["directions", "directions_without_clusters_families"],
        "agreement": ["agreement"],
        "specifications": ["specifications"],
        "claims": ["claims"],
    }
    assert next(drawings([FINAL_ONLY])).name == "figures_sparsity"


def test_settings_of_measures_may_leave_views_out():
    run, *_ = plan(facets={"units_per_extreme": 0}, clusters={"dendrograms": 0}).runs
    paths = [path for drawing in drawings([run]) for path in drawing.paths(["png"])]
    assert not [path for path in paths if "/facets/" in path or path.endswith("dendrograms.png")]
    assert "results/figures/clusters/cnn/digits/depth.png" in paths


def test_paths_and_labels():
    of_section = {drawing.section.name: drawing for drawing in drawings([TRAINED])}
    (claims, view), (_, further), *_ = of_section["claims"].figures
    assert of_section["claims"].paths(["png"])[:2] == [
        "results/figures/claims.png",
        "results/figures/claims-2.png",
    ]
    assert of_section["claims"].labels(claims, view) == {"shows": "Which claims are supported here?"}
    assert of_section["claims"].labels(claims, further)["shows"].endswith(", sheet 2")
    paths = [
        f"results/figures/agreement/cnn/digits/{name}"
        for name in ("unit_measures.png", "unit_measures.svg", "depth.png", "depth.svg")
    ]
    assert of_section["agreement"].paths(["png", "svg"]) == paths
    images = [path for path in of_section["concepts"].paths(["png", "svg"]) if "/facets/" in path]
    assert images
    assert all(path.endswith(".png") for path in images)
    (family,) = (each for each in FAMILIES if each.name == "multifacetedness")
    assert of_section["concepts"].labels(family, "density-2") == {
        "figure": "Fig. 1",
        "shows": "Gini index and flatness of class counts, sheet 2",
        "network": "{network}",
        "data set": "{dataset}",
    }
    (family,) = (each for each in FAMILIES if each.name == "correlation")
    assert (
        of_section["decorrelation"].labels(family, "matrices-0")["shows"]
        == "Correlation of images, untrained"
    )


def test_figures_of_papers_are_named_so_that_they_sort():
    names = {
        "Figures 3b and 6b": "Fig. 3b, 6b",
        "Figures 6 to 13": "Fig. 6–13",
        "Figure 4, table 2 and appendix B": "Fig. 4",
        "Figure 1 and appendices A1 and A2": "Fig. 1",
        "appendix C": "Fig. in appendix C",
        "the matrix of layers": "text",
        "": "without counterpart",
    }
    assert [view("depth", corresponds=each).counterpart for each in names] == list(names.values())


def test_what_does_not_fit_on_a_page_has_further_sheets():
    run = replace(TRAINED, layers=tuple(f"f.{n}" for n in range(100)))
    (family,) = (each for each in FAMILIES if each.name == "multifacetedness")
    (density,) = (each for each in family.views if each.name == "density")
    sheets = density.names(run)
    assert sheets == ["density", *(f"density-{n}" for n in range(2, len(sheets) + 1))]
    assert [family.sheet_of(each) for each in sheets] == list(range(1, len(sheets) + 1))
    assert family.view_of(sheets[-1]) == (density, "")
    shown = [Page("", sheet=(n, len(sheets))).share(run.layers) for n in range(len(sheets))]
    assert [name for share in shown for name in share] == list(run.layers)
    assert max(map(len, shown)) * RIDGE + HEADING <= HEIGHT
    # panels beside each other: fewer in a column of a page
    histogram = sheets_of(lambda run: run.layers, inches=1.2, columns=5)
    assert histogram(run, "page") < histogram(run, "column")


@pytest.mark.parametrize(
    ("modes", "sheets"),
    [
        (["zero"], ["cumulative"]),
        (["zero", "mean"], ["cumulative", "cumulative-2"]),
        (["optimal", "zero"], ["cumulative"]),
    ],
)
def test_the_best_constants_have_no_sheet_of_curves(modes, sheets):
    measures = TRAINED.config.measures
    ablation = measures.ablation.model_copy(update={"modes": modes})
    changed = {"measures": measures.model_copy(update={"ablation": ablation})}
    run = replace(TRAINED, config=TRAINED.config.model_copy(update=changed))
    (family,) = (each for each in FAMILIES if each.name == "ablation")
    (cumulative,) = (each for each in family.views if each.name == "cumulative")
    assert cumulative.names(run) == sheets


def test_runs_that_differ_in_sheets_only_have_numbered_rules(monkeypatch):
    many = replace(FINAL_ONLY, layers=tuple(f"f.{n}" for n in range(100)))
    histogram = {"histogram": figure_families()["histogram"]}
    monkeypatch.setattr(rules, "figure_families", lambda: histogram)
    names = [drawing.name for drawing in drawings([FINAL_ONLY, many])]
    assert names == ["figures_sparsity", "figures_sparsity_2"]


def draw_good(page, layers):
    page.panels(2, 1)


def view(name, **changes):
    return View(name, draw_good, "A title", caption="What it shows.", **changes)


def family(name, *views):
    return Family(name, "sparsity", {"layers": Tables("sparsity.layer")}, views)


def test_figures_of_one_condition_are_named_once(monkeypatch):
    views = view("depth"), view("learning", where=lambda run: run.has_learning)
    families = {name: family(name, *views) for name in "ab"}
    monkeypatch.setattr(rules, "figure_families", lambda: families)
    names = [drawing.name for drawing in drawings(RUNS)]
    assert names == ["figures_sparsity", "figures_sparsity_without_learning"]


def test_captions_name_network_and_data_set(tmp_path):
    for drawing in drawings([TRAINED]):
        drawing.write_captions(tmp_path)
    histogram = (tmp_path / "histogram.0.rst").read_text()
    assert "of the untrained network {{ snakemake.wildcards.network }} on images of" in histogram
    assert (
        (tmp_path / "substitution.substitutes.rst").read_text().endswith("Figure 2 of Chen et al. (2018).\n")
    )
    assert "snakemake" not in (tmp_path / "claims.claims.rst").read_text()


@pytest.fixture
def failing(monkeypatch, tmp_path):
    """A family of two views, of which ``bad`` raises the exceptions in a list, and its only input."""
    raised, table = [], tmp_path / "layers.parquet"
    pd.DataFrame({"layer": ["relu"]}).to_parquet(table)

    def draw_bad(page, layers):
        raise raised[0]

    bad = replace(view("bad"), draw=draw_bad)
    monkeypatch.setattr(
        "census.drawing.job.figure_families", lambda: {"failing": family("failing", view("good"), bad)}
    )
    return raised, {"sparsity.layer": str(table)}


@pytest.mark.parametrize("error", [ValueError("no layers"), StudyError("no layers")], ids=["bug", "fault"])
def test_an_error_names_family_and_view(failing, error, tmp_path):
    raised, inputs = failing
    raised.append(error)
    outputs = {f"failing.{view}": [tmp_path / f"{view}.png"] for view in ("good", "bad")}
    expected = StudyError if isinstance(error, StudyError) else RuntimeError
    with pytest.raises(expected, match=r"^figure failing, view bad: (ValueError: )?no layers$"):
        draw(inputs, outputs, {"failing": {}}, {"network": "cnn", "title": "cnn on digits"}, 50)
    assert (tmp_path / "good.png").is_file()


def test_a_full_disk_is_told_as_such(failing, tmp_path):
    raised, inputs = failing
    raised.append(OSError(errno.ENOSPC, "no space"))
    with pytest.raises(OSError, match="no space"):
        draw(inputs, {"failing.bad": [tmp_path / "bad.png"]}, {"failing": {}}, {}, 50)


def test_an_input_that_cannot_be_read_names_the_family(tmp_path):
    with pytest.raises(RuntimeError, match=r"^figures of agreement: FileNotFoundError"):
        draw({"agreement.agreement": str(tmp_path / "none.parquet")}, {}, {"agreement": {}}, {}, 50)


def test_a_table_is_read_whole_however_many_layers_a_file_holds(tmp_path):
    rows = pd.DataFrame({"layer": ["a", "a", "b", "c"], "unit": [0, 1, 0, 0]})
    rows.to_parquet(tmp_path / "all.parquet")
    for name, table in rows.groupby("layer"):
        table.to_parquet(tmp_path / f"{name}.parquet")
    files = {"one": [tmp_path / "all.parquet"], "three": [tmp_path / f"{name}.parquet" for name in "abc"]}
    pd.testing.assert_frame_equal(*map(read_table, files.values()))


def test_no_images_are_no_images():
    assert read_images("none", np.array([])) == {}
