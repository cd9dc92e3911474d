"""Legends of all figure families, of a finished study: no entry without a mark, no mark without an entry."""

import re
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
import yaml
from matplotlib.figure import Figure

from census.drawing.inputs import inputs_of
from census.drawing.job import drawn
from census.drawing.page import in_style
from census.drawing.rules import drawings
from census.figures import figure_families
from census.planning.config import read_config
from census.planning.plan import Plan, read_layers
from tests.figures.legends import faults, legends
from tests.workflow.conftest import ROOT, Study

pytestmark = pytest.mark.slow
VERDICTS = "results/census/claims.tsv"
SPECIFICATIONS = "results/measures/claims/{network}/{dataset}.specifications.parquet"
# of networks that are trained from several seeds: see test_replication.py
ELSEWHERE = {"replication", "universality"}
# matrices of more than two checkpoints have no intervals; dots in the matrix of measures stand for them
WITHOUT_BARS = ("/checkpoints", "/unit_measures")
INTERVAL = re.compile(r"\[−?\d.*, −?\d.*\]|ρ undefined|not measured")


class Drawn(NamedTuple):
    """A figure of a finished study."""

    name: str
    family: str
    caption: str
    figure: Figure


def figures_of(study: Study) -> Iterator[Drawn]:
    """Draw all figures of a study whose folder is the current one."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config |= {key: study.config[key] for key in ("datasets", "networks", "runs", "figures")}
    checked = read_config(config, study.folder / "results/layers/inputs")
    plan = Plan.of(checked, read_layers(checked, study.folder / "results/layers"))
    for drawing in drawings(plan.runs):
        for run in drawing.runs[:1] if drawing.section.of_study else drawing.runs:
            place = SimpleNamespace(network=run.network, dataset=run.dataset)
            files = {}
            for name, read in drawing.inputs(plan, VERDICTS, SPECIFICATIONS).items():
                found = read(place) if callable(read) else read.format(**vars(place))
                files[name] = [found] if isinstance(found, str) else found
            params = drawing.params(plan)
            key = params["run"](place) if params["run"] else None
            for family in drawing.families:
                given = {**inputs_of(family, files), **params["settings"][family.name]}
                names = [name for each, name in drawing.figures if each is family]
                n_sheets = Counter(map(family.view_of, names))
                for name in names:
                    with in_style():
                        figure = drawn(
                            family, name, given, key, params["width"], n_sheets[family.view_of(name)]
                        )
                    path = f"{family.name}/{run.network}/{name}"
                    yield Drawn(path, family.name, family.caption(name), figure)


@pytest.fixture(scope="module")
def figures(first):
    study, _ = first
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(study.folder)
        return list(figures_of(study))


def test_every_family_is_drawn(figures):
    assert {each.family for each in figures} == set(figure_families()) - ELSEWHERE


def test_entries_have_marks_and_marks_have_entries(figures):
    assert {each.name: found for each in figures if (found := faults(each.figure))} == {}


def _has_undefined_curves_only(figure):
    curves = [line for axes in figure.axes for line in axes.lines if line.get_marker() == "o"]
    return bool(curves) and all(np.isnan(np.asarray(line.get_ydata(), float)).all() for line in curves)


def test_intervals_are_where_a_caption_promises_them(figures):
    for each in figures:
        labels = [text.get_text() for legend in legends(each.figure) for text in legend.get_texts()]
        words = [text.get_text() for axes in each.figure.axes for text in axes.texts]
        shown = [label for label in labels if "95 %" in label] + list(filter(INTERVAL.search, words))
        exempt = each.name.endswith(WITHOUT_BARS) or _has_undefined_curves_only(each.figure)
        assert ("95 %" in each.caption) == bool(shown) or exempt, each.name
