"""The table of the studies' figures: each has a rule, and a file that the rule makes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from census.claims.declared import CLAIMS

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (S\d) \| (.+) \| `(\w+)` \| `(results/\S+)` \|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs/figures.md").read_text())
# what networks without branches have not
OF_BRANCHES = "submodules.png"


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
    lines = [line for line in (ROOT / "docs/figures.md").read_text().splitlines() if line.startswith("| S")]
    assert len(lines) == len(ROWS)
    assert {study for study, *_ in ROWS} == {"S0", "S1", "S2", "S3", "S4"}


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
    pattern = re.compile(rf"results/figures/{family}/\w+/\w+/{view}\.png")
    assert any(pattern.fullmatch(path) for path in planned)
