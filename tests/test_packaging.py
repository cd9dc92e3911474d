"""What the project says about itself agrees, wherever it is said."""

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import census

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


def test_licence_is_one(citation):
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
