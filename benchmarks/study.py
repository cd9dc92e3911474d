"""What the study cost when it was last run: a summary of what Snakemake's ``benchmark:`` wrote."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from benchmarks import ROOT
from benchmarks.common import Options, Row

TARGET = 4
MEASURED = ROOT / "results/benchmarks"


def jobs(folder: Path) -> pd.DataFrame:
    """Return one row per job: rule, seconds, and peak memory in GiB, NaN where it was too short to say."""
    found = []
    for path in sorted(folder.glob("*/**/*.tsv")):
        table = pd.read_csv(path, sep="\t", na_values=["-", "NA"])
        if {"s", "max_rss"} <= set(table):
            rule, gib = path.relative_to(folder).parts[0], table["max_rss"].astype(float) / 2**10
            found.append(pd.DataFrame({"rule": rule, "s": table["s"], "gib": gib}))
    return pd.concat(found) if found else pd.DataFrame(columns=["rule", "s", "gib"])


def rows(options: Options) -> Iterator[Row]:
    """Summarize."""
    table = jobs(MEASURED)
    if table.empty:
        yield Row("skipped: results/benchmarks has no job's figures; run the study first")
        return
    for rule, group in table.groupby("rule"):
        yield Row(f"{rule}: wall time of a job ({len(group)} jobs)", list(group["s"]), "s")
        memory = list(group["gib"].dropna())
        if memory:
            yield Row(f"{rule}: peak memory of a job", memory, "GiB")
    yield Row(f"wall time, sum of {len(table)} jobs", [table["s"].sum()], "s")
    if table["gib"].notna().any():
        largest = table.loc[table["gib"] == table["gib"].max(), "rule"].iloc[0]
        yield Row(f"largest peak memory of a job ({largest})", [table["gib"].max()], "GiB", TARGET)
