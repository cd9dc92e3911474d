"""Processes import what they call: most jobs take a second, and some libraries take as long to import."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# CPU time to import, after numpy: torch 2 s, torch._dynamo as long; scikit-learn 1 s; scipy.stats 0.6 s;
# matplotlib, numba and pandas 0.4 s; the others 0.1 s or more
HEAVY = {
    *("jinja2", "jsonschema", "matplotlib", "numba", "pandas", "PIL", "pydantic", "scipy", "scipy.stats"),
    *("sklearn", "timm", "torch", "torch._dynamo", "torchvision", "transformers", "xarray"),
}
# what jobs import of it, by the beginning of their rule; others import nothing
NEEDED = {
    # where networks run; numba looks for scipy, and optimizers of torch import torch._dynamo
    "ablation": {"pandas", "torch"},
    "activation_maximization": {"torch"},
    "feature_visualization": {"torch"},
    "path_check": {"torch"},
    "extract": {"numba", "scipy", "torch"},
    "train": {"torch", "torch._dynamo"},
    "weights": {"torch"},
    # pyarrow imports pandas where it reads tables
    **{rule: {"pandas"} for rule in ("agreement", "multifacetedness", "importance", "tables")},
    # scipy.special for exact intervals
    "claims": {"pandas", "scipy"},
    "specifications": {"pandas", "scipy"},
    **{rule: {"scipy"} for rule in ("alignment", "clusters", "correlation", "selectivity")},
    # where the sparse autoencoder is trained; optimizers of torch import torch._dynamo
    "dictionaries": {"pandas", "scipy", "scipy.stats", "sklearn", "torch", "torch._dynamo"},
    # the assignment of matched directions
    "families": {"scipy"},
    "facets": {"PIL", "pandas", "scipy", "scipy.stats", "sklearn"},
    "dataset": {"PIL", "pandas"},
    "figures": {"matplotlib", "pandas", "PIL"},
    # units of heat maps are ordered by clusters
    "figures_concepts": {"scipy"},
    "overview": {"pandas", "PIL"},
    "software": {"pandas"},
    "verdicts": {"pandas"},
    "atlas": {"jinja2", "pandas", "PIL"},
}


@pytest.mark.slow
def test_a_job_imports_no_more_than_it_calls(imported):
    found = {rule: names & HEAVY for rule, names in imported.items()}
    needless = {
        rule: names.difference(*(needed for start, needed in NEEDED.items() if rule.startswith(start)))
        for rule, names in found.items()
    }
    assert {rule: names for rule, names in needless.items() if names} == {}
    assert any("torch" in names for names in found.values())


def test_the_snakefile_imports_nothing_heavy_but_what_reads_the_config():
    rules = [ROOT / "Snakefile", *(ROOT / "workflow" / "rules").glob("*.smk")]
    lines = {
        line for path in rules for line in path.read_text().splitlines() if line.startswith("from census")
    }
    program = "\n".join([*sorted(lines), "import sys", "print(*sys.modules)"])
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    printed = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    loaded = set(printed.stdout.split())
    assert "census.measures.selectivity" in loaded
    # declarations of measures import numpy, which Snakemake has imported by then
    assert loaded & {*HEAVY, "pyarrow", "yaml", "zarr"} <= {"pydantic", "yaml"}
