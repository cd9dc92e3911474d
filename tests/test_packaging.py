"""Version, license and description agree in all files."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import census
from census.figures.sections import SECTIONS

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LIBRARY = ROOT / "scripts" / "census"


@pytest.fixture(scope="module")
def citation() -> dict:
    return yaml.safe_load((ROOT / "CITATION.cff").read_text())


def imported(path: Path) -> set[str]:
    """Return the top-level names of what a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def test_version_is_one(citation):
    assert PROJECT["dynamic"] == ["version"]
    assert citation["version"] == census.__version__
    assert f"\n## [{census.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_papers_are_cited_as_they_are_named(citation):
    def cited(reference):
        authors = [author["family-names"] for author in reference["authors"]]
        year = reference.get("year") or reference["date-published"].year
        return reference["title"], f"{authors[0]}{' et al.' if len(authors) > 2 else ''} {year}"

    assert [cited(each) for each in citation["references"]] == [
        (section.paper.title, section.paper.short) for section in SECTIONS if section.paper
    ]


def test_license_is_one(citation):
    assert PROJECT["license"] == citation["license"] == "MIT"
    text = (ROOT / "LICENSE").read_text()
    assert text.startswith("MIT License\n")
    assert PROJECT["authors"][0]["name"] in text


def test_the_pinned_versions_are_within_the_bounds():
    lines = [
        line for name in ("study", "dev") for line in (ROOT / f"envs/{name}.txt").read_text().splitlines()
    ]
    pinned = {
        canonicalize_name(each.name): next(iter(each.specifier)).version
        for each in map(Requirement, (line for line in lines if not line.startswith(("#", "-r"))))
    }
    for bound in map(Requirement, [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["hubs"]]):
        assert bound.specifier.contains(pinned[canonicalize_name(bound.name)]), bound


def test_the_dependencies_cover_what_the_library_imports():
    names = set().union(*map(imported, LIBRARY.rglob("*.py"))) - sys.stdlib_module_names - {"census"}
    distributions = packages_distributions()
    used = {canonicalize_name(distributions[name][0]) for name in names}
    lines = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["hubs"]]
    assert used <= {canonicalize_name(Requirement(line).name) for line in lines}


# a call that needs everything: types, data files, the config's models, torch
PROGRAM = """
from pathlib import Path
import census, torch
folder = Path(census.__file__).parent
assert folder.parent == Path.cwd() / "installed", folder
assert (folder / "py.typed").is_file()
layers = torch.nn.Flatten(), torch.nn.Linear(12, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2)
network = torch.nn.Sequential(*layers)
recorded = census.record(network, torch.rand(20, 3, 2, 2), [0, 1] * 10)
assert len(census.measure("sparsity", recorded["2"], resamples=100)["units"]) == 4
import census.tables.dictionary, census.planning.config
"""


@pytest.mark.slow
def test_the_installed_library_records_and_measures(tmp_path):
    source = tmp_path / "source"  # setuptools writes into it
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "scripts", source / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    install = ["pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index", "--no-compile"]
    subprocess.run(
        [sys.executable, "-m", *install, "--target", "installed", "./source"], cwd=tmp_path, check=True
    )
    installed = {
        path.relative_to(tmp_path / "installed") for path in (tmp_path / "installed/census").rglob("*.*")
    }
    wanted = {path.relative_to(ROOT / "scripts") for path in LIBRARY.rglob("*.*")}
    assert {path for path in wanted - installed if "__pycache__" not in path.parts} == set()
    environment = {**os.environ, "PYTHONPATH": "installed"}
    subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, env=environment, check=True)
