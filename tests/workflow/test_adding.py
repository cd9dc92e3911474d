"""The measure and the figure of docs/howto/add-measure.md, added to a copy of the checkout."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import census

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# the first line of a new file, and of a change to a file
NEW_FILE = re.compile(r"(?:#|\.\.) (\S+/\S+\.\w+)\n\n?")
CHANGE = re.compile(r"--- a/(\S+)\n\+\+\+ b/\1\n@@\n")
NETWORKS = ("random", "small")

# what the library says of the measure
TOLD = """
import json
from census.planning.config import Config
from census.tables.dictionary import columns_of

schema = Config.model_json_schema()
print(json.dumps({
    "section": schema["$defs"]["Kurtosis"],
    "columns": {table: [column.name for column in columns_of(table)] for table in ("units", "layers")},
}))
"""


def add(page: str, checkout: Path) -> list[str]:
    """Follow a page in a checkout: write its new files, make its changes; return the names of new files."""
    new = []
    for language, block in BLOCK.findall(page):
        if language == "diff":
            change(block, checkout)
        elif found := NEW_FILE.match(block):
            path = checkout / found[1]
            assert not path.exists(), path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block[found.end() :])
            new.append(found[1])
    return new


def change(block: str, checkout: Path) -> None:
    """Change a file in the one place that has the lines of a diff."""
    found = CHANGE.match(block)
    assert found, block
    path, lines = checkout / found[1], block[found.end() :].splitlines(keepends=True)
    old, new = ("".join(line[1:] for line in lines if line[0] != other) for other in "+-")
    text = path.read_text()
    assert text.count(old) == 1, f"{found[1]} has these lines {text.count(old)} times:\n{old}"
    path.write_text(text.replace(old, new))


@pytest.fixture(scope="module")
def added(checkout, tmp_path_factory):
    """A checkout to which the page's measure and figure have been added, and the names of new files."""
    folder = tmp_path_factory.mktemp("added") / "checkout"
    shutil.copytree(checkout, folder, symlinks=True)
    shutil.copy2(ROOT / "pyproject.toml", folder)
    return folder, add((ROOT / "docs/howto/add-measure.md").read_text(), folder)


def call(folder: Path, *arguments: str) -> str:
    """Call Python in a checkout, with its library, and return what it printed."""
    ended = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "scripts")},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_page_has_all_files(added):
    _, new = added
    assert new == [
        "scripts/census/measures/kurtosis.py",
        "tests/measures/test_kurtosis.py",
        "scripts/census/figures/kurtosis.py",
        "tests/figures/test_kurtosis.py",
    ]


def test_the_code_is_in_the_style_of_the_repository(added):
    folder, new = added
    code = [name for name in new if name.endswith(".py")]
    call(folder, "-m", "ruff", "check", "--no-cache", *code)
    call(folder, "-m", "ruff", "format", "--no-cache", "--check", *code)


def test_the_tests_of_the_page_pass(added):
    folder, new = added
    tests = [name for name in new if name.startswith("tests/")]
    printed = call(folder, "-m", "pytest", "-p", "no:cacheprovider", *tests)
    assert "....." in printed


def test_config_and_dictionary_have_the_measure(added):
    folder, _ = added
    told = json.loads(call(folder, "-c", TOLD))
    assert told["section"]["description"] == "Kurtosis of units over images."
    assert told["section"]["properties"]["resamples"]["default"] == 1000
    for columns in told["columns"].values():
        assert "kurtosis" in columns
    assert "kurtosis_low" in told["columns"]["layers"]


@pytest.mark.slow
def test_a_finished_study_gets_the_measure_and_its_figure(added, finished):
    finished.checkout, _ = added
    finished.config["measures"] = {"kurtosis": {"resamples": 200}}
    figures = [f"results/figures/kurtosis/{network}/tiny/depth.png" for network in NETWORKS]
    ended = finished.succeed("results/census/units.parquet", *figures)
    assert {"/".join(job.split("/")[:3]) for job in ended.jobs} == {
        "tables",
        *(f"{rule}/{network}/tiny" for rule in ("kurtosis", "figures_sparsity") for network in NETWORKS),
    }

    study = census.open_study(finished.folder / "results")
    layer = "network == 'random' and layer == 'relu1'"
    (row,) = study.layers.query(layer).itertuples()
    values = study.units.query(layer)["kurtosis"]
    assert values.notna().any()
    assert row.kurtosis == pytest.approx(values.mean())
    assert row.kurtosis_low < row.kurtosis < row.kurtosis_high
    assert set(study.table("kurtosis", "random", "tiny", "relu1.layer")["resamples"]) == {200}
    assert set(study.dictionary.query("name == 'kurtosis'")["table"]) == {"units", "layers"}
