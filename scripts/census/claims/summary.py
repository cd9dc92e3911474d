"""The console summary of a finished study."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from census.claims.verdict import VERDICTS
from census.jobs import duration
from census.networks.failures import failed_seeds


def summary(
    results: str | Path, seconds: float, failed: Mapping[str, Sequence[int]] = MappingProxyType({})
) -> str:
    """Return a summary of a finished study: its time, its verdicts, and paths of results.

    Parameters
    ----------
    results : folder that the workflow wrote.
    seconds : run time of Snakemake.
    failed : seeds from which training failed, by network.

    Returns
    -------
    str
        Several lines; without verdicts, only the time.
    """
    results = Path(results)
    claims = results / "census" / "claims.tsv"
    lines = [f"Finished in {duration(seconds)}."]
    if claims.is_file():
        with claims.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        runs: dict[tuple[str, str], list[dict[str, str]]] = {}
        for row in rows:
            runs.setdefault((row["network"], row["dataset"]), []).append(row)
        lines += [
            _verdicts(network, dataset, of_run, failed_seeds(failed.get(network, ())))
            for (network, dataset), of_run in runs.items()
        ]
        places = {
            "Claims": claims,
            "Figure": min((results / "figures").glob("claims.*"), default=results / "figures/claims"),
            "Atlas": results / "atlas/index.html",
        }
        lines += [f"{name}: {path}" for name, path in places.items() if path.is_file()]
        lines.append("Report: make report")
    return "\n".join(lines)


def _verdicts(network: str, dataset: str, rows: list[dict[str, str]], remark: str) -> str:
    """Count verdicts; for a network trained from several seeds, those over networks."""
    over_networks = [row for row in rows if not row["seed"]]
    seeds = {row["seed"] for row in rows if row["seed"]}
    counts = Counter(row["verdict"] for row in over_networks or rows)
    remarks = "; ".join(filter(None, [f"{len(seeds)} seeds" if over_networks else "", remark]))
    name = f"{network} ({remarks})" if remarks else network
    return f"{name} on {dataset}: " + "; ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS)
