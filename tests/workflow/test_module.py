"""The workflow as a module of another workflow, deployed in a folder that has its config."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

pytestmark = pytest.mark.slow

SNAKEFILE = """
configfile: "config/config.yaml"

module census:
    snakefile: "{snakefile}"
    config: config

use rule * from census as {name}
"""
TRIGGERS = ("--rerun-triggers", "mtime", "params", "input", "software-env")


def deploy(study, snakefile: str, name: str = "*") -> None:
    """Write a workflow that uses this one into the folder of a study, and the whole config of the study."""
    config = yaml.safe_load((study.checkout / "config.yaml").read_text())
    update_config(config, study.config)
    for path, text in {
        "config/config.yaml": yaml.safe_dump(config),
        "workflow/Snakefile": SNAKEFILE.format(snakefile=snakefile, name=name),
    }.items():
        file = study.folder / path
        file.parent.mkdir()
        file.write_text(text)


def call(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", *arguments, *TRIGGERS],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_module_plans_what_the_workflow_itself_plans(finished):
    deploy(finished, str(finished.checkout / "Snakefile"))
    planned = call(finished.folder, "--dry-run")
    assert "Nothing to be done" in planned.stdout, planned.stdout


def test_a_module_runs_in_a_folder_of_its_own(study):
    deploy(study, str(study.checkout / "Snakefile"), "census_*")
    planned = call(study.folder, "--dry-run")
    for rule in ("census_dataset", "census_train_small", "census_figures_sparsity", "census_atlas"):
        assert f"\n{rule} " in planned.stdout, planned.stdout
    data = "results/data/tiny/test.zarr"
    ended = call(study.folder, data)
    assert ended.returncode == 0, ended.stdout
    assert (study.folder / data).is_dir()


def test_a_remote_module_is_refused(study, tmp_path):
    # one level down: Snakemake does not find what a Snakefile at the top of a git repository includes
    clone = tmp_path / "clone"
    shutil.copytree(study.checkout, clone / "census", symlinks=True)
    committed = ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "--message", "a"]
    for command in (["init", "--quiet", "--initial-branch", "main"], ["add", "."], committed):
        subprocess.run(["git", *command], cwd=clone, check=True)
    deploy(study, f"git+file://{clone}/census/Snakefile@main")
    refused = call(study.folder, "--dry-run")
    assert refused.returncode == 1
    assert "clone the repository and name the Snakefile in the clone" in refused.stdout
    assert "Traceback" not in refused.stdout
