"""Studies that are no paper's, planned: all of ImageNet; two networks on two sets of images."""

import re
import time
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.slow
STUDIES = Path(__file__).parents[2] / "studies"


def jobs_in(planned: str) -> dict[str, int]:
    return {rule: int(number) for rule, number in re.findall(r"^(\S+) +(\d+)$", planned, re.MULTILINE)}


def test_all_of_imagenet_is_planned_in_few_jobs_and_little_time(study):
    study.config = yaml.safe_load((STUDIES / "imagenet.yaml").read_text())
    for number in range(20):
        (study.folder / f"data/imagenet/n{number:08}").mkdir(parents=True)
    start = time.monotonic()
    planned = study.succeed("--dry-run", "--quiet", "rules").output
    assert time.monotonic() - start < 60
    jobs = jobs_in(planned)
    for network in ("vgg16", "googlenet", "resnet50"):
        for checkpoint in ("0", "final"):
            assert jobs[f"extract_{network}_{checkpoint}_imagenet"] == 64
            assert jobs[f"gather_{network}_{checkpoint}_imagenet"] == 1
    # jobs are of layers and of parts of them, none of an image or a unit
    assert 1000 < jobs["total"] < 5000


def test_two_networks_on_two_sets_of_images_are_planned(study):
    study.overlay, study.config = STUDIES / "imagenet-networks.yaml", {}
    jobs = jobs_in(study.succeed("--dry-run", "--quiet", "rules").output)
    for network in ("squeezenet1_1", "efficientnet-lite0"):
        for dataset in ("stamps", "clipart"):
            for checkpoint in ("0", "final"):
                assert jobs[f"extract_{network}_{checkpoint}_{dataset}"] == 1
    # both images and both weights
    assert jobs["fetch"] == 4
    # 28 layers of the one network and 20 of the other, 5 of each with units that are looked at one by one
    assert (jobs["sparsity"], jobs["substitution"]) == (2 * (28 + 20), 4 * 5)
