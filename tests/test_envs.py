"""The requirement files agree with each other, and the lock with what is installed."""

import runpy
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ENVS = Path(__file__).parents[1] / "envs"
CONDA = runpy.run_path(str(ENVS / "conda.py"))
LOCK = runpy.run_path(str(ENVS / "lock.py"))


def requirements(name: str) -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in (ENVS / name).read_text().splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-r ")]


def closure(roots: list[Requirement]) -> Iterator[tuple[str, Version]]:
    """Yield name and version of each installed package that the roots need, themselves included."""
    pending, met = list(roots), set()
    while pending:
        root = pending.pop()
        key = (canonicalize_name(root.name), frozenset(root.extras))
        if key in met:
            continue
        met.add(key)
        found = distribution(root.name)
        yield key[0], Version(found.version)
        for needed in map(Requirement, found.requires or []):
            marker = needed.marker
            wanted = marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *root.extras))
            if wanted and not LOCK["platform_specific"](root.name, needed):
                pending.append(needed)


def test_the_conda_environment_is_up_to_date():
    assert (ENVS / "study.yaml").read_text() == CONDA["environment"](), "run `make envs`"


@pytest.mark.parametrize("name", ["study.txt", "cluster.txt", "dev.txt"])
def test_direct_requirements_are_sorted_and_pinned_as_in_the_lock(name):
    found = requirements(name)
    pins = CONDA["pins"](ENVS / "lock.txt")
    assert [each.name.lower() for each in found] == sorted(each.name.lower() for each in found)
    for each in found:
        assert str(each.specifier) == f"=={pins[canonicalize_name(each.name)]}", "run `make lock`"


def test_the_lock_fits_every_platform():
    for each in requirements("lock.txt"):
        (pin,) = each.specifier
        assert str(each) == f"{each.name}=={pin.version}"
        assert Version(pin.version).local is None
        assert not each.name.startswith(("nvidia", "cuda", "triton"))


@pytest.mark.parametrize("name", ["study.txt", "cluster.txt", "dev.txt"])
def test_the_lock_covers_what_is_installed(name):
    pins = CONDA["pins"](ENVS / "lock.txt")
    try:
        installed = dict(closure(requirements(name)))
    except PackageNotFoundError as missing:
        if name == "study.txt":
            raise
        pytest.skip(f"{missing.name} is not installed")
    assert {package: version.public for package, version in installed.items()} == {
        package: pins.get(package) for package in installed
    }, "run `make lock`"


def test_the_lock_leaves_out_what_torch_needs_on_one_platform_only():
    def package(name: str, *requires: str, version: str = "1.0") -> dict:
        metadata = {"name": name, "version": version, "requires_dist": list(requires)}
        return {"metadata": metadata, "requested": name == "torch"}

    on_linux = '; platform_system == "Linux"'
    report = {
        "environment": {"python_version": "3.11"},
        "install": [
            package("torch", "Sympy>=1", f"nvidia-cudnn==9{on_linux}", version="2.13.0+cpu"),
            package("sympy", "mpmath"),
            package("mpmath"),
            package("nvidia-cudnn", "nvidia-cublas"),
            package("nvidia-cublas"),
        ],
    }
    pins = [line for line in LOCK["lock"](report).splitlines() if not line.startswith("#")]
    assert pins == ["mpmath==1.0", "sympy==1.0", "torch==2.13.0"]


def test_a_requirement_without_an_exact_version_is_refused(tmp_path):
    path = tmp_path / "study.txt"
    path.write_text("numpy>=2\n")
    with pytest.raises(ValueError, match="exact version"):
        CONDA["pins"](path)
