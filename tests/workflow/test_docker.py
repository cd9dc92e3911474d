"""The Dockerfile, without Docker: its lines run in a folder that stands in for the image."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
INSTRUCTIONS = [
    tuple(line.split(maxsplit=1))
    for line in (ROOT / "Dockerfile").read_text().splitlines()
    if line and not line.startswith("#")
]


def arguments_of(instruction: str) -> list[str]:
    """Return the arguments of each line with an instruction."""
    return [rest for name, rest in INSTRUCTIONS if name == instruction]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """What is in the image after its build."""
    root = tmp_path_factory.mktemp("image")
    place = root
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        # all that the image installs is installed here, in the versions that it asks for
        **{"PIP_NO_INDEX": "1", "PIP_DRY_RUN": "1"},
        **dict(default.split("=") for default in arguments_of("ARG")),
    }
    for name, rest in INSTRUCTIONS:
        match name:
            case "WORKDIR":
                place = root / rest.lstrip("/")
                place.mkdir()
            case "COPY":
                *sources, target = rest.split()
                for source in sources:
                    if (ROOT / source).is_dir():
                        shutil.copytree(ROOT / source, place / target)
                    else:
                        shutil.copy(ROOT / source, place / target)
            case "RUN":
                ended = subprocess.run(
                    rest, shell=True, cwd=place, env=environment, capture_output=True, text=True
                )
                assert ended.returncode == 0, ended.stderr
                assert "Would install" not in ended.stdout, ended.stdout
    return root


def test_python_is_that_of_the_lock():
    (base,) = arguments_of("FROM")
    lock = (ROOT / "envs/lock.txt").read_text()
    assert re.match(r"python:([\d.]+)-", base)[1] == re.search(r"Resolved with Python ([\d.]+)\. ", lock)[1]


def test_what_is_copied_is_sent_to_the_builder():
    sent = (ROOT / ".dockerignore").read_text().splitlines()
    sources = [source for rest in arguments_of("COPY") for source in rest.split()[:-1]]
    for source in sources:
        assert any(line.startswith(f"!{source.rstrip('/')}") for line in sent), source


def test_the_image_plans_a_study(image, study):
    (study.folder / "study.yaml").write_text(yaml.safe_dump(study.config))
    (command,) = arguments_of("ENTRYPOINT")
    command = [part.replace("/census", str(image / "census")) for part in json.loads(command)]
    command[0] = sys.executable
    planned = subprocess.run(
        [*command, "--cores", "all", "--configfile", "study.yaml", "--dry-run"],
        cwd=study.folder,
        capture_output=True,
        text=True,
    )
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert f"{image}/census/workflow/profiles/default" in planned.stderr
    assert "\ntrain_small " in planned.stdout
