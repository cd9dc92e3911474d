"""Declared figure families: each can be drawn, and every run has a rule for exactly its views."""

import errno
import re
import subprocess
import sys
import types
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from census.errors import StudyError
from census.figures.drawing import draw
from census.figures.drawings import drawings
from census.figures.families import SECTIONS, Family, Section
from census.figures.inputs import Inputs
from census.figures.style import new_figure
from census.networks.layers import Layer
from census.planning.config import read_config
from census.planning.digest import modules_of
from census.planning.plan import Plan
from census.planning.rules import results_of_run

ROOT = Path(__file__).parents[2]
FAMILIES = [family for section in SECTIONS for family in section.families]

SQUEEZE = [
    Layer("input", "input", (1, 28, 28), 0, "x"),
    Layer("relu", "rectifier", (4, 28, 28), 1, "relu"),
    Layer("output", "output", (10, 1, 1), 2, "output"),
]
LAYERS = {"cnn": [SQUEEZE[0], replace(SQUEEZE[1], branch_of="block"), SQUEEZE[2]], "squeeze": SQUEEZE}


def plan(**measures):
    """Return a plan of runs: trained, with branches; the final network alone; without rectified layers."""
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
            {"network": "cnn", "dataset": "digits", "maps": 10, "checkpoints": "all"},
            {"network": "squeeze", "dataset": "digits", "maps": 10},
            {"network": "squeeze", "dataset": "photos", "maps": 10, "layers": ["input", "output"]},
        ],
        "measures": measures,
    }
    return Plan.of(read_config(config), LAYERS)


PLAN = plan()
RUNS = PLAN.runs
TRAINED, FINAL_ONLY, WITHOUT_UNITS = RUNS


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_each_family_has_a_module_a_caption_and_inputs(family):
    assert callable(import_module(f"census.figures.{family.name}").views)
    assert (ROOT / f"workflow/report/{family.name}.rst").is_file()
    mapped = set(re.findall(r'^    "([\w.]+)": ', (ROOT / "workflow/rules/figures.smk").read_text(), re.M))
    for key in set(family.reads) - mapped:
        assert results_of_run(PLAN, key)  # a TypeError says that there are no such results


def test_names_of_families_and_sections_are_unique():
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
    assert len({section.name for section in SECTIONS}) == len(SECTIONS)


def test_no_family_imports_torch():
    imports = "; ".join(f"import census.figures.{family.name}" for family in FAMILIES)
    program = f"import sys; {imports}; print('torch' in sys.modules)"
    found = subprocess.check_output(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(ROOT / "scripts")}, text=True
    )
    assert found == "False\n"


def test_the_digest_of_a_family_covers_its_drawing_functions():
    modules = modules_of(ROOT / "scripts/census/figures/learning.py")
    assert {"census.figures.similarity", "census.figures.style", "census.figures.inputs"} <= modules


def test_every_run_has_one_rule_for_its_views_of_a_section():
    drawn = list(drawings(RUNS))
    assert len({drawing.name for drawing in drawn}) == len(drawn)
    for section in SECTIONS:
        for run in RUNS:
            views = [(family, view) for family in section.families for view in family.views(run)]
            own = [drawing for drawing in drawn if drawing.section is section and run in drawing.runs]
            assert [list(drawing.views) for drawing in own] == ([views] if views else [])
            for drawing in drawn:
                path = f"{run.network}/{run.dataset}/depth"
                assert (run in drawing.runs) == bool(re.match(drawing.networks, path))


def test_names_of_rules_list_missing_views_and_families():
    names = {drawing.section.name: [] for drawing in drawings(RUNS)}
    for drawing in drawings(RUNS):
        names[drawing.section.name].append(drawing.name.removeprefix("figures_"))
    assert names == {
        "sparsity": ["sparsity", "sparsity_without_learning_0_10"],
        "decorrelation": ["decorrelation", "decorrelation_without_matrices-0_submodules_learning"],
        "concepts": ["concepts"],
        "substitution": [
            "substitution",
            "substitution_without_learning",
            "substitution_without_learning_substitution_ablation_importance",
        ],
        "directions": ["directions", "directions_without_clusters"],
        "agreement": ["agreement"],
        "claims": ["claims"],
    }
    assert next(drawings([FINAL_ONLY])).name == "figures_sparsity"


def test_settings_of_measures_may_leave_views_out():
    run, *_ = plan(facets={"units_per_end": 0}, clusters={"dendrograms": 0}).runs
    paths = [path for drawing in drawings([run]) for path in drawing.paths()]
    assert not [path for path in paths if "/facets/" in path or path.endswith("dendrograms")]
    assert "results/figures/clusters/cnn/digits/depth" in paths


def test_paths_and_labels():
    of_section = {drawing.section.name: drawing for drawing in drawings([TRAINED])}
    ((claims, view),) = of_section["claims"].views
    assert of_section["claims"].paths() == ["results/figures/claims"]
    assert of_section["claims"].labels(claims, view) == {"figure": "claims"}
    ((agreement, view),) = of_section["agreement"].views
    assert of_section["agreement"].paths() == ["results/figures/agreement/cnn/digits/notions"]
    assert of_section["agreement"].labels(agreement, view)["figure"] == "agreement"
    family, view = of_section["directions"].views[0]
    assert of_section["directions"].labels(family, view) == {
        "figure": "directions spectrum",
        "network": "{network}",
        "dataset": "{dataset}",
    }


def test_views_of_one_condition_are_named_once():
    family = Family("a", ("x",), lambda run: ("depth", *(["learning"] if run.has_learning else [])))
    section = Section("s", "S", (family, replace(family, name="b")))
    assert [drawing.name for drawing in drawings(RUNS, [section])] == [
        "figures_s",
        "figures_s_without_learning",
    ]


@pytest.fixture
def failing(monkeypatch):
    """A family of two views, of which ``bad`` raises the exceptions in a list."""
    raised = []

    def fail():
        raise raised[0]

    module = types.ModuleType("census.figures.failing")
    module.views = lambda inputs: {"good": lambda: new_figure(2, 1), "bad": fail}
    monkeypatch.setitem(sys.modules, "census.figures.failing", module)
    return raised


@pytest.mark.parametrize("error", [ValueError("no layers"), StudyError("no layers")], ids=["bug", "fault"])
def test_an_error_names_family_and_view(failing, error, tmp_path):
    failing.append(error)
    outputs = {f"failing.{view}": [tmp_path / f"{view}.png"] for view in ("good", "bad")}
    expected = StudyError if isinstance(error, StudyError) else RuntimeError
    with pytest.raises(expected, match=r"^figure failing, view bad: (ValueError: )?no layers$"):
        draw({}, outputs, {"failing": {}}, {"network": "cnn", "dataset": "digits"}, 50)
    assert (tmp_path / "good.png").is_file()


def test_a_full_disk_is_told_as_such(failing, tmp_path):
    failing.append(OSError(errno.ENOSPC, "no space"))
    with pytest.raises(OSError, match="no space"):
        draw({}, {"failing.bad": [tmp_path / "bad.png"]}, {"failing": {}}, {}, 50)


def test_an_input_that_cannot_be_read_names_the_family(tmp_path):
    with pytest.raises(RuntimeError, match=r"^figures of agreement: FileNotFoundError"):
        draw({"agreement.agreement": str(tmp_path / "none.parquet")}, {}, {"agreement": {}}, {}, 50)


def test_a_table_is_read_whole_however_many_layers_a_file_holds(tmp_path):
    rows = pd.DataFrame({"layer": ["a", "a", "b", "c"], "unit": [0, 1, 0, 0]})
    rows.to_parquet(tmp_path / "all.parquet")
    for name, table in rows.groupby("layer"):
        table.to_parquet(tmp_path / f"{name}.parquet")
    files = {"one": [tmp_path / "all.parquet"], "three": [tmp_path / f"{name}.parquet" for name in "abc"]}
    inputs = Inputs(files, {}, "cnn", "digits")
    pd.testing.assert_frame_equal(inputs.table("one"), inputs.table("three"))


def test_no_images_are_no_images():
    assert Inputs({"images": ["none"]}, {}).images(np.array([])) == {}
