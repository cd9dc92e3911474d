"""The profiles for clusters, on a machine that has none."""

import subprocess
from pathlib import Path

import pytest
import yaml

PROFILES = Path(__file__).parents[2] / "workflow/profiles"

# what PBS has, as far as the profile knows: jobs run at once, unless they are killed, and leave their status
QSUB = """\
#!/bin/sh
echo "$@" >> {folder}/asked
job=$(wc -l < {folder}/asked)
for script; do :; done
if [ -e {folder}/killed$job ]; then
    echo -29 > {folder}/$job.status
else
    (sh "$script" > {folder}/$job.log 2>&1; echo $? > {folder}/$job.status) < /dev/null > /dev/null 2>&1 &
fi
echo $job.here
"""
QSTAT = """\
#!/bin/sh
[ "$1 $2" = "-x -f" ] || exit 1
status={folder}/${{3%.here}}.status
echo "Job Id: $3"
if [ -s $status ]; then
    echo "    job_state = F"
    echo "    Exit_status = $(cat $status)"
else
    echo "    job_state = R"
fi
"""


def settings(profile: str) -> dict:
    return yaml.safe_load((PROFILES / profile / "config.yaml").read_text())


@pytest.fixture
def pbs(tmp_path, monkeypatch):
    """A folder with commands that stand in for those of PBS, and what they were asked for."""
    folder = tmp_path / "pbs"
    folder.mkdir()
    for name, text in {"qsub": QSUB, "qstat": QSTAT}.items():
        (folder / name).write_text(text.format(folder=folder))
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return folder


@pytest.mark.parametrize("profile", ["generic", "slurm"])
def test_a_cluster_does_what_the_default_profile_does(profile):
    assert settings("default").items() <= settings(profile).items()


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("job_state = Q", "running"),
        ("job_state = R", "running"),
        ("job_state = F\n    Exit_status = 0", "success"),
        ("job_state = F\n    Exit_status = 1", "failed"),
        # killed for its memory
        ("job_state = F\n    Exit_status = -29", "failed"),
        # removed before it began
        ("job_state = F", "failed"),
        # no response
        (None, "running"),
    ],
)
def test_what_pbs_says_of_a_job_is_understood(answer, status, pbs):
    said = "exit 1" if answer is None else f"cat << END\nJob Id: 7.here\n    {answer}\nEND"
    (pbs / "qstat").write_text(f"#!/bin/sh\n{said}\n")
    script = PROFILES / "generic/status.sh"
    assert subprocess.check_output(["sh", script, "7.here"], text=True) == f"{status}\n"


@pytest.mark.slow
def test_a_job_is_submitted_by_command_and_again_with_more_memory_where_it_was_killed(study, pbs):
    pytest.importorskip("snakemake_executor_plugin_cluster_generic")
    command = f"sh {PROFILES / 'generic/status.sh'}"
    arguments = ("--workflow-profile", str(PROFILES / "generic"), "--cluster-generic-status-cmd", command)
    store = "results/data/tiny/test.zarr"
    (pbs / "killed1").touch()
    assert study.succeed(store, *arguments).jobs == {"dataset/tiny/test"}
    asked = (pbs / "asked").read_text().splitlines()
    # memory as the rule states it, as often as the job was tried, and that of the Snakemake in the job
    for line, memory in zip(asked, (3500, 6500), strict=True):
        assert "-N dataset " in line
        assert f" select=1:ncpus=2:mem={memory}mb:ngpus=0 " in line
        assert " walltime=240:00 " in line
    assert study.succeed(store).nothing_to_do
