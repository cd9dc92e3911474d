"""A study of all of ImageNet, planned."""

import re
import time
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.slow
STUDIES = Path(__file__).parents[2] / "studies"


def test_all_of_imagenet_is_planned_in_few_jobs_and_little_time(study):
    study.config = yaml.safe_load((STUDIES / "imagenet.yaml").read_text())
    for number in range(20):
        (study.folder / f"data/imagenet/n{number:08}").mkdir(parents=True)
    start = time.monotonic()
    planned = study.succeed("--dry-run", "--quiet", "rules").output
    assert time.monotonic() - start < 60
    jobs = {rule: int(number) for rule, number in re.findall(r"^(\w+) +(\d+)$", planned, re.MULTILINE)}
    for network in ("vgg16", "googlenet", "resnet50"):
        for checkpoint in ("0", "final"):
            assert jobs[f"extract_{network}_{checkpoint}_imagenet"] == 64
            assert jobs[f"gather_{network}_{checkpoint}_imagenet"] == 1
    # jobs are of layers and of parts of them, none of an image or a unit
    assert 1000 < jobs["total"] < 5000
