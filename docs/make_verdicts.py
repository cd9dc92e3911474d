"""Write the verdicts of finished studies into their pages and the README.

Arguments are the study, ``replication`` or ``imagenet-networks``, and the folder with its results, by default
``results``. Tables stand between two marks in the pages.
"""

import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import pandas as pd
from make_images import save
from PIL import Image

from census.claims.verdict import read_verdicts
from census.figures.sections import SECTIONS
from census.figures.style import two_digits, with_interval

if TYPE_CHECKING:
    from collections.abc import Iterable

DOCS = Path(__file__).parent
README = DOCS.parent / "README.md"
NETWORKS = {
    "cnn": "CNN",
    "mlp": "MLP",
    "squeezenet1_1": "SqueezeNet",
    "efficientnet-lite0": "EfficientNet-Lite0",
}
PAPERS = {section.paper.code: section.paper.short for section in SECTIONS if section.paper} | {"X.": "ours"}
# of the MLP, in the README
EXCERPT = ("S0.1", "S1.1", "S2.2a", "S3.3b", "S3.5b", "S4.1a")


def table(head: "Iterable[str]", rows: "Iterable[Iterable[str]]") -> str:
    """Return a table in Markdown."""
    lines = [[*head], ["---"] * len([*head]), *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def put(path: Path, name: str, text: str) -> None:
    """Replace what stands between the marks of a table in a page."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    page, count = re.subn(
        rf"({re.escape(begin)}\n).*?(\n{re.escape(end)})",
        lambda marks: f"{marks[1]}{text}{marks[2]}",
        path.read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    if count != 1:
        raise SystemExit(f"{path}: {begin} and {end} must stand there once, but are there {count} times")
    path.write_text(page, encoding="utf-8")


def interval(row: "pd.Series[Any]") -> str:
    """Return an effect with its interval."""
    return with_interval(row["effect"], row["low"], row["high"])


def verdict(row: "pd.Series[Any]") -> str:
    """Return a verdict with its reason."""
    return ": ".join(filter(None, [row["verdict"], row["reason"]]))


def agreeing(row: "pd.Series[Any]") -> str:
    """Return in how many networks the effect is on the predicted side."""
    return f"{row['n_agreeing']} of {row['n_networks']}"


def cell(row: "pd.Series[Any]") -> str:
    """Return an effect, that of untrained networks, and how many networks agree."""
    if pd.isna(row["effect"]):
        return "–"
    return f"{effect(row)}; {agreeing(row)}"


def universality(layers: pd.DataFrame) -> str:
    """Return the table of universality by layer: trained and untrained networks, units and rotations."""
    layers = layers[layers["checkpoint"].isin(["final", "0"]) & (layers["kind"] == "nonlinearity")]
    columns = ["universality_mean", "universality_rotated"]
    means = layers.groupby(["network", "depth", "layer", "checkpoint"])[columns].mean().dropna()
    rows = [
        [
            network.upper(),
            f"`{layer}`",
            *(two_digits(number) for number in here.loc[["final", "0"]].to_numpy().ravel()),
        ]
        for (network, _, layer), here in (
            (key, group.droplevel([0, 1, 2])) for key, group in means.groupby(["network", "depth", "layer"])
        )
    ]
    return table(["network", "layer", "trained", "rotated", "untrained", "rotated"], rows)


def sheets(first: Path) -> Image.Image:
    """Return all sheets of a figure, one below the other."""
    further = sorted(first.parent.glob(f"{first.stem}-*.png"))
    images = [Image.open(path).convert("RGB") for path in (first, *further)]
    whole = Image.new("RGB", (images[0].width, sum(image.height for image in images)))
    top = 0
    for image in images:
        whole.paste(image, (0, top))
        top += image.height
    return whole


def replication(results: Path) -> None:
    """Write tables and figure of ``studies/replication.yaml``, and the excerpt in the README."""
    page = DOCS / "studies/replication.md"
    claims = read_verdicts(results / "census/claims.tsv")
    shutil.copyfile(results / "census/claims.tsv", DOCS / "reference/replication.tsv")
    save(sheets(results / "figures/claims.png"), DOCS / "studies/images/replication.png")
    over = claims[claims["seed"].isna()].set_index(["id", "network"])
    rows = [
        [
            f"{PAPERS[id[:2]]} ({id})",
            over.at[(id, "cnn"), "claim"],
            *(words(over.loc[(id, network)]) for network in ("cnn", "mlp") for words in (cell, verdict)),
        ]
        for id in over.index.unique("id")
    ]
    counts = {
        network: f"{NETWORKS[network]}, {claims.loc[claims['network'] == network, 'seed'].nunique()} networks"
        for network in ("cnn", "mlp")
    }
    head = ["paper (id)", "claim", counts["cnn"], "verdict", counts["mlp"], "verdict"]
    put(page, "verdicts", table(head, rows))
    put(page, "universality", universality(pd.read_parquet(results / "census/layers.parquet")))
    excerpt = (over.loc[(id, "mlp")] for id in EXCERPT)
    rows = [
        [
            PAPERS[id[:2]],
            row["claim"],
            row["statistic"],
            interval(row),
            two_digits(row["control"]),
            agreeing(row),
            row["verdict"],
        ]
        for id, row in zip(EXCERPT, excerpt, strict=True)
    ]
    head = ["paper", "claim", "statistic", "effect [95 % interval]", "untrained", "networks", "verdict"]
    put(README, "verdicts", table(head, rows))


def imagenet_networks(results: Path) -> None:
    """Write the table of ``studies/imagenet-networks.yaml``: a column for each network and data set."""
    claims = read_verdicts(results / "census/claims.tsv").set_index(["id", "network", "dataset"])
    runs = claims.index.droplevel("id").unique()
    rows = []
    for id in claims.index.unique("id"):
        here = claims.loc[id]
        verdicts = (
            "<br>".join(filter(None, [effect(here.loc[run]), verdict(here.loc[run])])) for run in runs
        )
        rows.append([f"{PAPERS[id[:2]]} ({id})", here["claim"].iloc[0], *verdicts])
    head = ["paper (id)", "claim", *(f"{NETWORKS[network]}, {dataset}" for network, dataset in runs)]
    put(DOCS / "studies/imagenet-networks.md", "verdicts", table(head, rows))


def effect(row: "pd.Series[Any]") -> str:
    """Return an effect with its interval, and that of the untrained network."""
    if pd.isna(row["effect"]):
        return ""
    return interval(row) if pd.isna(row["control"]) else f"{interval(row)}; {two_digits(row['control'])}"


STUDIES = {"replication": replication, "imagenet-networks": imagenet_networks}

if __name__ == "__main__":
    STUDIES[sys.argv[1]](Path(sys.argv[2] if len(sys.argv) > 2 else "results"))
