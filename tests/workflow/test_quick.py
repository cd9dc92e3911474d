"""The study of `make quick`: everything of the default study, for one network."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from census.figures.sections import SECTIONS
from census.measures import DECLARED

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def jobs(checkout, tmp_path_factory):
    """The number of jobs of each rule."""
    quick = ["--configfile", str(ROOT / "studies/quick.yaml"), "--dry-run", "--quiet", "rules"]
    folder = ["-s", str(checkout / "Snakefile"), "--directory", str(tmp_path_factory.mktemp("quick"))]
    planned = subprocess.run(
        [sys.executable, "-m", "snakemake", *folder, *quick], capture_output=True, text=True, check=True
    ).stdout
    return {rule: int(count) for rule, count in re.findall(r"^(\w[\w-]*) +(\d+)$", planned, re.MULTILINE)}


def test_it_has_every_measure_section_of_figures_and_the_atlas(jobs):
    figures = {f"figures_{section.name}" for section in SECTIONS}
    # of networks that are trained from several seeds
    replication = {"universality", "figures_replication"}
    others = {
        "claims_run",
        "specifications",
        "verdicts",
        "tables",
        "software",
        "overview",
        "atlas_run",
        "atlas",
    }
    assert {*DECLARED, *figures, *others} - set(jobs) == replication


def test_it_is_of_one_network_in_few_jobs(jobs):
    assert [rule for rule in jobs if rule.startswith("train_")] == ["train_cnn-small"]
    # a process takes a second or more to start
    assert jobs["total"] < 50
