"""The benchmark suite runs and writes its files; measured times are not tested."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
# the others have tests of their own
QUICK = [
    "ablation",
    "alignment",
    "activation_maximization",
    "atlas",
    "codecs",
    "concepts",
    "correctness",
    "directions",
    "extraction",
    "facets",
    "families",
    "gram",
    "growth",
    "memory",
    "profiles",
    "selectivity",
    "study",
    "universality",
]
COLUMNS = ["benchmark", "quantity", "median", "low", "high", "unit", "target", "met"]


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)


def benchmarks(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.very_slow
def test_quick_run_writes_a_tidy_table(tmp_path):
    done = benchmarks("--quick", "--only", *QUICK, "--folder", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["bench.tsv"]  # and nothing temporary
    table = pd.read_csv(tmp_path / "bench.tsv", sep="\t")
    assert list(table) == COLUMNS
    assert set(table["benchmark"]) == {*QUICK, "machine", "suite"}
    measured = table.dropna(subset="median")
    assert ((measured["low"] <= measured["median"]) & (measured["median"] <= measured["high"])).all()
    assert not table.duplicated(["benchmark", "quantity"]).any()
    for quantity in ("lz4: size / raw", "growth, extraction", "growth, sparsity of relu1"):
        assert quantity in set(measured["quantity"])
        assert quantity in done.stdout
    judged = measured.dropna(subset="target")
    assert ((judged["median"] <= judged["target"]) == (judged["met"] == "yes")).all()
    # what is not whole is not for the documentation
    assert "wrote" not in done.stdout
    # unlike the others, no matter of how fast the machine is
    answers = judged[judged["benchmark"] == "correctness"]
    assert len(answers)
    assert (answers["met"] == "yes").all()


@pytest.mark.parametrize("exponent", [0, 1, 2])
def test_the_exponent_of_growth(exponent):
    from benchmarks.growth import slope

    sizes = np.array([5, 10, 20, 40])
    assert slope(sizes, 3.0 * sizes**exponent) == pytest.approx(exponent, abs=1e-12)


def test_an_unknown_benchmark_is_named():
    done = benchmarks("--only", "everything")
    assert done.returncode == 2
    assert "everything" in done.stderr
    assert "extraction" in done.stderr


def test_jobs_of_the_study_are_summed_up(tmp_path, monkeypatch):
    from benchmarks import study
    from benchmarks.common import Options

    header = "s\th:m:s\tmax_rss\tmax_vms\n"
    for place, line in {
        "extract/a.tsv": "10.0\t0:00:10\t2048.0\t-\n",
        "extract/b/c.tsv": "30.0\t0:00:30\t5120.0\t-\n",
        "fetch/d.tsv": "0.1\t0:00:00\t-\t-\n",
    }.items():
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(header + line)
    (tmp_path / "bench.tsv").write_text("\t".join(COLUMNS) + "\n")
    monkeypatch.setattr(study, "MEASURED", tmp_path)
    cells = {row.quantity: row.cells("study")[2:] for row in study.rows(Options(True, tmp_path))}
    assert cells["extract: wall time of a job (2 jobs)"] == ("20", "10", "30", "s", "", "")
    assert cells["wall time, sum of 3 jobs"][0] == "40.1"
    assert cells["largest peak memory of a job (extract)"] == ("5", "5", "5", "GiB", "4", "no")
    assert "fetch: peak memory of a job" not in cells


def test_a_study_that_was_not_run_is_skipped(tmp_path, monkeypatch):
    from benchmarks import study
    from benchmarks.common import Options

    monkeypatch.setattr(study, "MEASURED", tmp_path)
    (row,) = study.rows(Options(True, tmp_path))
    assert row.quantity.startswith("skipped")
    assert row.cells("study")[2:] == ("",) * 6
