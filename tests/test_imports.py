"""Processes import what they call: most jobs take a second, and some libraries take as long to import."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from census.measures import DECLARED

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "scripts"
LIBRARY = SCRIPTS / "census"

# CPU time to import, after numpy: torch 1 s; scipy.stats 0.6 s; pandas, scipy.cluster, zarr and numba 0.2 s;
# scipy.special, scipy.sparse and jsonschema 0.1 s; the others less
HEAVY = {
    *("jinja2", "jsonschema", "matplotlib", "numba", "numcodecs", "pandas", "PIL", "pyarrow", "pydantic"),
    *("safetensors", "scipy", "sklearn", "timm", "torch", "torchvision", "tqdm", "transformers", "xarray"),
    *("yaml", "zarr"),
}
STATISTICS = {"numcodecs", "zarr"}  # stores of activations, of which one array is read without zarr
MEASURE = {*STATISTICS, "pyarrow"}
FIGURE = {"matplotlib", "pandas", "PIL", "pyarrow", "zarr"}
# what a job imports as soon as it runs
OF_JOBS = {
    # where networks run
    "ablation.py": {*MEASURE, "safetensors", "torch"},
    "ascent.py": {"safetensors", "torch", "tqdm", "zarr"},
    "extract.py": {*STATISTICS, "numba", "safetensors", "torch", "tqdm"},
    "train.py": {"safetensors", "torch", "tqdm", "zarr"},
    "weights.py": {"safetensors", "torch"},
    # data
    "dataset.py": {"PIL", "pyarrow", "tqdm", "zarr"},
    "fetch.py": set(),
    # measures
    "ablation_merge.py": {"pyarrow"},
    "ascent_merge.py": {"zarr"},
    "facets.py": {"PIL", "pyarrow", "zarr"},
    "gather.py": STATISTICS,
    "gram_part.py": STATISTICS,
    "measure.py": MEASURE,
    # of the whole study
    "software.py": {"pandas"},
    "verdicts.py": {"pandas"},
    "claims.py": {"pandas", "zarr"},
    "tables.py": MEASURE,
    "atlas_run.py": {*MEASURE, "PIL"},
    "atlas.py": set(),
}
# what functions of the library import when they are called
WHEN_CALLED = {
    "atlas/site.py": {"jinja2"},
    "claims/verdict.py": {"pandas"},
    "data/convert.py": {"torchvision"},
    "data/torchvision_sets.py": {"torchvision"},
    "measures/agreement.py": {"pyarrow"},
    "measures/bases.py": {"sklearn"},
    "measures/clusters.py": {"scipy"},
    "measures/facets.py": {"scipy"},
    "measures/importance.py": {"pyarrow"},
    "measures/selectivity.py": {"scipy"},
    "networks/build.py": {"torchvision"},
    "networks/hubs.py": {"timm", "transformers"},
    "networks/operators.py": {"torch"},
    "networks/weights.py": {"torchvision"},
    "statistics/groups.py": {"pyarrow"},
    "statistics/svd.py": {"scipy", "sklearn"},
    "tables/study.py": {"pandas", "xarray"},
}


@cache
def imports(path: Path) -> tuple[set[str], set[str]]:
    """Return the full names that a file imports when it runs, and those that its functions import."""
    at_once: set[str] = set()
    when_called: set[str] = set()

    def visit(node: ast.AST, found: set[str]) -> None:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
        for child in ast.iter_child_nodes(node):
            visit(child, when_called if isinstance(node, ast.FunctionDef) else found)

    visit(ast.parse(path.read_text()), at_once)
    return at_once, when_called


def heavy(names: Iterable[str]) -> set[str]:
    return {name.partition(".")[0] for name in names} & HEAVY


def imported_by(path: Path) -> set[str]:
    """Return the heavy libraries that a file imports, and the library's modules that it imports."""
    names: set[str] = set()
    pending = list(imports(path)[0])
    while pending:
        name = pending.pop()
        if name not in names:
            names.add(name)
            place = SCRIPTS.joinpath(*name.split("."))
            for file in (place.with_suffix(".py"), place / "__init__.py"):
                pending += imports(file)[0] if file.is_file() else ()
    return heavy(names)


@pytest.mark.parametrize("script", sorted(path.name for path in SCRIPTS.glob("*.py")))
def test_a_job_imports_no_more_than_it_calls(script):
    found = imported_by(SCRIPTS / script)
    if script.startswith("figure"):
        assert found <= FIGURE
    else:
        assert found == OF_JOBS[script]


@pytest.mark.parametrize("measure", DECLARED)
def test_a_measure_imports_what_is_heavy_when_it_is_called(measure):
    assert not imported_by(LIBRARY / "measures" / f"{measure}.py")


def test_functions_that_import_are_known():
    found = {
        str(path.relative_to(LIBRARY)): heavy(imports(path)[1])
        for path in LIBRARY.rglob("*.py")
        if heavy(imports(path)[1])
    }
    assert found == WHEN_CALLED


def test_scipy_stats_is_imported_nowhere():
    # ranks and the normal distribution take a few lines
    importing = [
        path
        for path in SCRIPTS.rglob("*.py")
        if any(name.startswith("scipy.stats") for names in imports(path) for name in names)
    ]
    assert importing == []


def test_the_snakefile_imports_nothing_heavy_but_what_reads_the_config():
    rules = [ROOT / "Snakefile", *(ROOT / "workflow" / "rules").glob("*.smk")]
    lines = {
        line for path in rules for line in path.read_text().splitlines() if line.startswith("from census")
    }
    program = "\n".join([*sorted(lines), "import sys", "print(*sys.modules)"])
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    printed = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    loaded = set(printed.stdout.split())
    assert "census.planning.config" in loaded
    # declarations of measures import numpy, which Snakemake has imported by then
    assert loaded & HEAVY <= {"pydantic", "yaml"}
