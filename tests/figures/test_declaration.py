"""Declarations of figures: found by their module, light to import, and refused in one line if wrong."""

import json
import subprocess
import sys
import types
from dataclasses import replace
from pathlib import Path

import pytest

import census.figures
from census.figures import figure_families
from census.figures.declaration import Family, View
from census.figures.sections import SECTIONS
from census.measures.declaration import Matrices, Tables

ROOT = Path(__file__).parents[2]


def draw(page, layers):
    pass


def draw_nothing(page):
    pass


VIEW = View("depth", draw, "A title", caption="Layers of {network}.")
FAMILY = Family("sparsity", "sparsity", {"layers": Tables("sparsity.layer")}, [VIEW])


def test_every_module_of_the_folder_declares_a_family_of_a_section():
    files = {path.stem for path in (ROOT / "scripts/census/figures").glob("*.py")} - {"__init__"}
    assert figure_families().keys() == files - census.figures.COMMON
    assert {family.section for family in figure_families().values()} == {section.name for section in SECTIONS}


def test_planning_imports_no_library_that_draws():
    program = (
        "import json, sys; from census.drawing.rules import drawings;"
        "from census.figures import figure_families; figure_families(); print(json.dumps(list(sys.modules)))"
    )
    environment = {"PYTHONPATH": str(ROOT / "scripts")}
    printed = subprocess.check_output([sys.executable, "-c", program], env=environment, text=True)
    assert not {"matplotlib", "pandas", "zarr", "scipy", "torch"} & set(json.loads(printed))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"section": "sparsty"}, "there is no section 'sparsty'; did you mean 'sparsity'?"),
        (
            {"reads": {"layers": Tables("sparsity.layers")}},
            "input 'layers': there is no table 'sparsity.layers'; did you mean 'sparsity.layer'?",
        ),
        (
            {"reads": {"layers": Matrices("grams")}},
            "input 'layers': there are no arrays of 'grams'; did you mean 'gram'?",
        ),
        ({"views": []}, "it has no view"),
        ({"views": [VIEW, VIEW]}, "view 'depth': there are two views of this name"),
        (
            {"reads": {"layer": Tables("sparsity.layer")}},
            "view 'depth': there is no input 'layers'; did you mean 'layer'?",
        ),
        ({"views": [replace(VIEW, draw=draw_nothing)]}, "view 'depth': it takes no input"),
        ({"views": [replace(VIEW, caption=" ")]}, "view 'depth': it has no caption"),
        (
            {"views": [replace(VIEW, caption="{netwrok}")]},
            "view 'depth': its caption has no {netwrok} to name; did you mean 'network'?",
        ),
        (
            {"views": [replace(VIEW, checkpoints="all")]},
            "view 'depth': a name with {checkpoint} needs checkpoints, and checkpoints need such a name",
        ),
        (
            {"section": "agreement", "views": [replace(VIEW, corresponds="Figure 1")]},
            "view 'depth': section 'agreement' has no paper to which it could correspond",
        ),
        (
            {"reads": {**FAMILY.reads, "units": Tables("sparsity.units")}},
            "no view takes 'units'",
        ),
        (
            {"name": "directions", "parameters": ["component"]},
            "measure 'directions' has no parameter 'component'; did you mean 'components'?",
        ),
    ],
)
def test_a_wrong_declaration_is_refused_in_one_line(changes, fault):
    with pytest.raises(TypeError) as error:
        replace(FAMILY, **changes)
    assert str(error.value) == f"figure {changes.get('name', 'sparsity')}: {fault}"


@pytest.mark.parametrize(
    ("module", "fault"),
    [
        ({}, "figure sparsity: its module declares no family"),
        (
            {"family": replace(FAMILY, name="other")},
            "figure sparsity: its module declares the family 'other'",
        ),
    ],
)
def test_a_module_declares_the_family_of_its_name(monkeypatch, module, fault):
    monkeypatch.setitem(sys.modules, "census.figures.sparsity", types.SimpleNamespace(**module))
    figure_families.cache_clear()
    with pytest.raises(TypeError) as error:
        figure_families()
    figure_families.cache_clear()
    assert str(error.value) == fault


def test_figures_of_checkpoints_have_distinct_names():
    histogram, correlation = figure_families()["histogram"], figure_families()["correlation"]
    assert histogram.view_of("10") == (histogram.views[0], "10")
    assert correlation.view_of("matrices-0")[1] == "0"
    assert correlation.view_of("decorrelation")[1] == ""
    with pytest.raises(KeyError, match="correlation has no figure 'matrices'"):
        correlation.view_of("matrices")


def test_captions_cite_the_paper_of_their_section():
    caption = figure_families()["multifacetedness"].caption("degree")
    assert caption.endswith("Corresponds to Figure 2 of Sadeghi (2018).")
    assert "  " not in caption
