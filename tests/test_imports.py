"""Processes import what they call."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_what_the_snakefile_imports_is_light():
    rules = [ROOT / "Snakefile", *(ROOT / "workflow" / "rules").glob("*.smk")]
    lines = {
        line for path in rules for line in path.read_text().splitlines() if line.startswith("from census")
    }
    program = "\n".join([*sorted(lines), "import sys", "print('census.config' in sys.modules, *sys.modules)"])
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    printed = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    asked, *loaded = printed.stdout.split()
    assert asked == "True"
    assert not {"torch", "numpy", "pandas", "zarr", "matplotlib", "sklearn", "scipy"} & set(loaded)
