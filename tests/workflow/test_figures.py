"""The table of figures and the targets by paper: each figure has a rule, and a file that the rule makes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from census.claims.declared import CLAIMS
from census.figures.sections import SECTIONS

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| ([A-Z][\w. ]+ \d{4}) \| (.+) \| `(\w+)` \| `(results/\S+)` \|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs/reference/figures.md").read_text())
# for the figures of each paper, the rules of measures that run
MEASURES = {
    "S0": {"sparsity", "histogram", "alignment"},
    "S1": {"sparsity", "gram", "correlation", "similarity", "learning", "performance"},
    "S2": {"concepts", "multifacetedness", "facets"},
    "S3": {
        *("sparsity", "selectivity", "activation_maximization", "substitution", "path_check", "ablation"),
        *("importance", "feature_visualization"),
    },
    "S4": {"gram", "directions", "dictionaries", "families", "clusters"},
}
# what comes before any measure
RECORDED = {"dataset", "weights", "train_small", "extract_random_final_tiny"} | {
    f"extract_small_{checkpoint}_tiny" for checkpoint in ("0", "1", "final")
}
JOB = re.compile(r"^([A-Za-z]\w*) +\d+$", re.MULTILINE)
# what networks without branches have not
OF_BRANCHES = "branches.png"


@pytest.fixture(scope="module")
def planned(checkout, tmp_path_factory):
    """The rule of each file of the default study."""
    listed = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "-s", str(checkout / "Snakefile"), "--summary"),
            *("--directory", str(tmp_path_factory.mktemp("planned"))),
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    lines = [line.split("\t") for line in listed.splitlines()[1:]]
    return {line[0]: line[2] for line in lines}


def test_the_table_has_all_five_studies_and_no_row_that_is_not_read():
    _, *lines = re.findall(r"^\| .*", (ROOT / "docs/reference/figures.md").read_text(), re.MULTILINE)
    assert len(lines) == len(ROWS)
    assert {paper for paper, *_ in ROWS} == {section.paper.short for section in SECTIONS if section.paper}


@pytest.mark.parametrize(("study", "figure", "rule", "file"), ROWS, ids=[" ".join(row[:2]) for row in ROWS])
def test_each_figure_is_made(study, figure, rule, file, first, planned):
    finished, _ = first
    if not file.endswith(OF_BRANCHES):
        assert (finished.folder / file.format(network="small", dataset="tiny")).is_file()
    pattern = re.compile(re.escape(file).replace(r"\{network\}", r"\w+").replace(r"\{dataset\}", r"\w+"))
    # rules have a longer name where some views are missing
    assert any(pattern.fullmatch(path) and made.startswith(rule) for path, made in planned.items())


@pytest.mark.parametrize("figure", sorted({claim.figure for claim in CLAIMS}), ids="/".join)
def test_each_figure_that_shows_a_claim_is_made(figure, planned):
    family, view = figure
    if family == "universality":  # of networks that are trained from several seeds; see test_seeds.py
        return
    pattern = re.compile(rf"results/figures/{family}/\w+/\w+/{view}\.png")
    assert any(pattern.fullmatch(path) for path in planned)


@pytest.mark.parametrize(
    "section", [section for section in SECTIONS if section.paper], ids=lambda each: each.paper.code
)
def test_a_papers_target_runs_what_its_figures_need_and_nothing_else(section, study):
    paper, code = section.paper, section.paper.code
    ended = study.succeed(code, paper.target, "--dry-run", "--quiet", "rules")
    rules = set(JOB.findall(ended.output)) - {"total"}
    drawn = {rule for rule in rules if rule.startswith(f"figures_{section.name}")}
    assert drawn
    assert rules - drawn == RECORDED | MEASURES[code] | {code, paper.target}


def test_all_figures_and_all_verdicts_are_targets(study):
    ended = study.succeed("figures", "claims", "--dry-run", "--quiet", "rules")
    rules = set(JOB.findall(ended.output)) - {"total"}
    assert {"figures", "claims", "verdicts", "figures_claims", *set().union(*MEASURES.values())} <= rules
    assert rules.isdisjoint({"all", "atlas_run", "atlas", "software", "overview"})
