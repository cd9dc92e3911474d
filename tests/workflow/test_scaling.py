"""Studies that are no paper's, planned: all of ImageNet; two networks on two sets of images."""

import re
import resource
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
STUDIES = ROOT / "studies"


def cpu_seconds() -> float:
    """Return the CPU time of the processes that were started here and have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def jobs_in(planned: str) -> dict[str, int]:
    return {rule: int(number) for rule, number in re.findall(r"^(\S+) +(\d+)$", planned, re.MULTILINE)}


def test_all_of_imagenet_is_planned_in_few_jobs_and_little_time(study):
    study.config = yaml.safe_load((STUDIES / "imagenet.yaml").read_text())
    for number in range(20):
        (study.folder / f"data/imagenet/n{number:08}").mkdir(parents=True)
    before = cpu_seconds()
    jobs = jobs_in(study.succeed("--dry-run", "--quiet", "rules").output)
    assert cpu_seconds() - before < 60
    for network in ("vgg16", "googlenet", "resnet50"):
        for checkpoint in ("0", "final"):
            assert jobs[f"extract_{network}_{checkpoint}_imagenet"] == 64
            assert jobs[f"gather_{network}_{checkpoint}_imagenet"] == 1
    # of 124 layers
    assert jobs["sparsity"] == 27
    assert f"The study has {jobs['total']:,} jobs" in (ROOT / "docs/howto/budget.md").read_text()


def test_two_networks_on_two_sets_of_images_are_planned(study):
    study.overlay, study.config = STUDIES / "imagenet-networks.yaml", {}
    jobs = jobs_in(study.succeed("--dry-run", "--quiet", "rules").output)
    for network in ("squeezenet1_1", "efficientnet-lite0"):
        for dataset in ("stamps", "clipart"):
            for checkpoint in ("0", "final"):
                assert jobs[f"extract_{network}_{checkpoint}_{dataset}"] == 1
    # both images and both weights
    assert jobs["fetch"] == 4
    # layers in two blocks for each network and data set; per-unit analyses of five layers, each a block
    assert (jobs["sparsity"], jobs["substitution"]) == (4 * 2, 4 * 5)
