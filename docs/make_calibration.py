"""Write docs/explanation/calibration.md, with table and figure: how often claims are supported by chance.

Called by ``make calibration``; takes about 15 minutes of one core. The page can be written anew from the
table alone, with ``--page``.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from planted import CONFOUNDED, FAMILIES, Family, most_false, simulate

from census.claims.verdict import CONTRADICTED, INCONCLUSIVE, NOT_LEARNED, SUPPORTED
from census.drawing.page import in_style, new_figure, save
from census.figures.style import BLUE, GRAY, INK, SKY, VERMILION, WIDTHS, shortened
from census.statistics.proportion import clopper_pearson
from census.statistics.streams import stream

DOCS = Path(__file__).parent
PAGE = DOCS / "explanation" / "calibration.md"
TABLE = DOCS / "reference" / "calibration.tsv"
FIGURE = DOCS / "explanation" / "images" / "calibration.png"
RESAMPLES = 200
MANY = 5  # claims of one family, above which fewer networks are simulated
DPI = 110
# worlds: without structure, with it, beside an untrained network that has it too, and with another structure
NONE, PLANTED, ALIKE, OTHER = "none", "planted", "planted, untrained alike", "other"
COUNTS = {
    SUPPORTED: "supported",
    NOT_LEARNED: "not_learned",
    CONTRADICTED: "contradicted",
    INCONCLUSIVE: "inconclusive",
}

HEAD = """\
# Calibration of the claims

<!-- Made by `make calibration`; do not edit. -->

How often is a claim supported in networks without the structure that it asserts, and how often in networks
with it? This page answers for each claim, by simulation. Read it before you rely on a [verdict](verdicts.md),
and to choose how many layers, units and images a study needs.

- **False rate**: share of simulated networks *without* the structure in which the claim is `supported`.
  It should be at most 5 %. A test in the repository checks this, with an allowance for the number of
  simulations.
- **Power**: share of simulated networks *with* the structure in which the claim is `supported`.

Each simulated network goes through the study's own code: the evidence of a claim is planted, and
`scripts/census/claims/` tests and judges it. None is compared with an untrained network unless the text
says so.

- **Planted activations**, measured by the study's functions: active fraction, Gini index, flatness, MF
  degree, class selectivity, lifetime sparseness and the reliability of the last three; axis alignment.
- **Planted class counts**: S2.3, and S2.4 with random top images.
- **Planted correlation matrices** of images: S0.2, S1.1 to S1.4, and the participation ratio of S4.1.
  Similarities of layers are computed from them.
- **Planted columns**: RS and ablation effects; class selectivity in S3.3a; number of significant
  components, redundancy and class entropy. Errors of these measures themselves, such as those of
  optimized images, are not simulated.

Intervals have {resamples} resamples here. A study has 1,000.

![False rate and power of each claim](images/calibration.png)

*Left: share of networks without structure in which a claim is supported (blue) or contradicted (red), of
the middle size, with the exact 95 % interval. Gray line: 5 %. Right: share of networks with the planted
structure in which the claim is supported, for the smallest (light), middle and largest size (dark).
Corresponds to no figure of a paper.*

## False rate and power

Rates of verdicts in %. Several numbers in a cell are for the sizes in the column "sizes", in that order.
The false rate is that of the middle size.
Without structure, {none} networks were simulated; with it, {planted} of each size; for X.1, half as many.
By chance, a test with a rate of 5 % has up to {allowed} false verdicts in {none} networks.
The counts: [calibration.tsv](../reference/calibration.tsv).
"""

WORLDS = """\
## Simulated networks

"""

READING = """\
## How to read the table

- **The false rate of an interval is about 2.5 %**, because its 95 % are two-sided and the prediction is
  one-sided. Intervals of alignment and of similarities (S0.3, S1.2, S1.4) are cautious: their false rate is
  close to 0. That of S1.1, S0.4 and of trends is at most 5 %, exactly, because all orders of layers are
  equally likely. Rates above 5 % in the table are within the allowance.
- **Comparisons with the most extreme of the other layers** (S1.3, S3.3a) are corrected for the number of
  layers. Of equal layers, one is the most extreme by chance: without the correction, the claims were
  contradicted in 22 % of networks.
- **Power of a trend depends on layers, not on units.** More units or images make the value of each layer
  more exact, but layers differ among themselves. With five layers, only nearly monotonic trends are
  supported: a change of 3 standard deviations of layers is found in about one of three networks.
- **S0.4 needs 20 layers.** With 15, no order of layers reaches p < 0.05.
- **Sizes of S1.1** do not count the input and the logits, which it compares as well.
- **S2.4 compares with random top images**, in networks of any number of layers. Its earlier test, an
  interval over layers, was supported in 22 % of networks of four layers and 50 classes without structure.
"""

LIMITS_HEAD = """\
## What a supported claim does not exclude

Some structures make a claim `supported` although they are not what the claim asserts. Rates in %, by
sizes.

| id | statistic | structure | sizes | supported | contradicted |
|---|---|---|---|---|---|
"""

LIMITS = """
- **Smooth curves along depth.** Permutation tests treat layers as exchangeable. A quantity that drifts
  from layer to layer, in no direction, has trends by chance. With layers that resemble their neighbors,
  read p as a lower bound.
- **Sparseness.** Units that respond to few images have a higher selectivity by chance, without any
  preference for classes. X.1e on selectivity and lifetime sparseness is then supported more often than in
  5 % of networks. The reliability of measures protects the pairs with MF degree, and this pair in part.
  Compare with `selectivity_corrected`, which subtracts the [chance level](controls.md).
- **Branches.** S1.4 resamples images, not modules. Its verdict is about the branches of this network.
  If branches differ at random, whatever their kernels, the claim is supported or contradicted as soon as
  there are enough images.
"""

LEARNED_HEAD = """\
## Learned, or not

Here a trained and an untrained network are simulated with the same planted structure, each with layers, units
and images of its own. A claim should then be `supported, not learned`. Rates in %, of the middle size.

| id | statistic | supported | supported, not learned |
|---|---|---|---|
"""

LEARNED = """
Trends of both networks are compared on resamples of units or images. How much layers differ by chance is
not resampled, so that a stronger trend of the trained network can be chance. Read `control` beside
`effect`: two strong trends in the same direction say little about learning.
"""

CODE = """\
Code: `docs/planted.py` plants the networks, `docs/make_calibration.py` simulates them.
"""


def tasks(simulations: int) -> Iterator[tuple[str, Family, int, float, int, str]]:
    """Yield what to simulate: name of the worlds, family, size, strength, number, structure."""
    for name, family in FAMILIES.items():
        number = simulations // (2 if len(family.claims) > MANY else 1)
        yield name, family, family.reference, 0, number, NONE
        for size in family.sizes:
            yield name, family, size, family.strength, number // 4, PLANTED
    for name, family in CONFOUNDED.items():
        for size in family.sizes:
            yield name, family, size, family.strength, simulations // 4, OTHER
    for name, family in FAMILIES.items():
        yield name, family, family.reference, family.strength, simulations // 8, ALIKE


def simulated(simulations: int) -> Iterator[dict[str, object]]:
    """Yield the rows of the table."""
    for name, family, size, strength, number, structure in tasks(simulations):
        found = simulate(family, size, strength, number, RESAMPLES, alike=structure == ALIKE)
        example = family.plant(size, strength, RESAMPLES, stream(0, "example")).evidence()
        for claim in family.claims:
            yield {
                "world": name,
                "id": claim.id,
                "statistic": claim.statistic,
                "test": claim.test(example).test,
                "varied": family.vary,
                "size": size,
                "structure": structure,
                "simulations": number,
                **{column: found[claim.statistic][state] for state, column in COUNTS.items()},
            }
        print(name, size, structure, flush=True)


def page(table: pd.DataFrame) -> str:
    """Return the text of the page."""
    numbers = table.groupby("structure")["simulations"].max()
    parts = [
        HEAD.format(
            resamples=RESAMPLES,
            none=numbers[NONE],
            planted=numbers[PLANTED],
            allowed=most_false(int(numbers[NONE])),
        ),
        "| id | statistic | decided by | sizes | false rate | contradicted | power |",
        "|---|---|---|---|---|---|---|",
    ]
    for statistic, here in _claims(table[table["structure"].isin([NONE, PLANTED])]):
        none, planted = (here[here["structure"] == structure] for structure in (NONE, PLANTED))
        cells = (
            here["id"].iloc[0],
            statistic,
            here["test"].iloc[0],
            f"{', '.join(map(str, planted['size']))} {here['varied'].iloc[0]}",
            _rates(none, "supported"),
            _rates(none, "contradicted"),
            _rates(planted, "supported"),
        )
        parts.append("| " + " | ".join(cells) + " |")
    parts += ["", WORLDS.rstrip(), "", "| claims | without structure | with it |", "|---|---|---|"]
    for family in FAMILIES.values():
        ids = ", ".join(dict.fromkeys(claim.id for claim in family.claims))
        parts.append(f"| {ids} | {family.none} | {family.planted} |")
    parts += ["", READING.rstrip()]
    if OTHER in numbers:
        parts += ["", LIMITS_HEAD.rstrip()]
    for name, family in CONFOUNDED.items():
        for statistic, here in _claims(table[(table["world"] == name) & (table["structure"] == OTHER)]):
            sizes = f"{', '.join(map(str, here['size']))} {family.vary}"
            rates = _rates(here, "supported"), _rates(here, "contradicted")
            parts.append(
                f"| {here['id'].iloc[0]} | {statistic} | {family.none} | {sizes} | {' | '.join(rates)} |"
            )
    if OTHER in numbers:
        parts.append(LIMITS.rstrip())
    if ALIKE in numbers:
        parts += ["", LEARNED_HEAD.rstrip()]
    for statistic, here in _claims(table[table["structure"] == ALIKE]):
        rates = _rates(here, "supported"), _rates(here, "not_learned")
        parts.append(f"| {here['id'].iloc[0]} | {statistic} | {' | '.join(rates)} |")
    if ALIKE in numbers:
        parts.append(LEARNED.rstrip())
    return "\n".join([*parts, "", CODE]).rstrip() + "\n"


def _claims(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield each claim's statistic and rows, by id, and by size."""
    ordered = table.sort_values(["id", "size"], kind="stable")
    yield from ((str(statistic), here) for statistic, here in ordered.groupby("statistic", sort=False))


def _rates(rows: pd.DataFrame, verdict: str) -> str:
    """Return the rates of a verdict in words."""
    return ", ".join(f"{100 * rate:.0f}" for rate in rows[verdict] / rows["simulations"])


def figure_of(table: pd.DataFrame) -> Figure:
    """Draw false rate and power of each claim."""
    found = list(_claims(table[table["structure"].isin([NONE, PLANTED])]))
    figure = new_figure(1.5 * WIDTHS["page"], 1 + 0.21 * len(found))
    false, power = figure.subplots(1, 2, sharey=True)
    for place, (_, here) in enumerate(found):
        none, planted = (here[here["structure"] == structure] for structure in (NONE, PLANTED))
        middle = none.loc[none["simulations"].idxmax()]
        for verdict, color, offset in (("contradicted", VERMILION, 0.15), ("supported", BLUE, -0.15)):
            count, number = int(middle[verdict]), int(middle["simulations"])
            ends = [100 * end for end in clopper_pearson(count, number)]
            false.hlines(place + offset, *ends, color=color, linewidth=1)
            false.plot(100 * count / number, place + offset, "o", color=color, markersize=3.5)
        rates = 100 * planted["supported"] / planted["simulations"]
        power.hlines(place, rates.min(), rates.max(), color="#DDDDDD", linewidth=2, zorder=1)
        for rate, color, size in zip(rates, (SKY, BLUE, INK), (6, 4.5, 3), strict=True):
            power.plot(rate, place, "o", color=color, markersize=size)
    false.axvline(5, color=GRAY, linewidth=1)
    false.set_yticks(range(len(found)), [_label(statistic, here) for statistic, here in found], fontsize=7)
    false.set_ylim(len(found) - 0.5, -0.5)
    false.set_xlim(left=0)
    false.set_xlabel("networks without structure (%)")
    false.set_title("False verdicts")
    power.set_xlim(-3, 103)
    power.set_xlabel("networks with planted structure (%)")
    power.set_title("Power")
    handles = [
        *(false.plot([], [], "o", color=color, label=name)[0] for name, color in _EXPLAINED[:2]),
        *(power.plot([], [], "o", color=color, label=name)[0] for name, color in _EXPLAINED[2:]),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=5)
    return figure


_EXPLAINED = (
    *(("supported", BLUE), ("contradicted", VERMILION)),
    *(("smallest size", SKY), ("middle size", BLUE), ("largest size", INK)),
)


def _label(statistic: str, here: pd.DataFrame) -> str:
    return f"{here['id'].iloc[0]}  {shortened(statistic, 40, begin=True)}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate, and write table, figure and page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=160, help="networks of the middle size")
    parser.add_argument("--page", action="store_true", help="write page and figure from the table alone")
    options = parser.parse_args(arguments)
    if not options.page:
        rows = []
        for row in simulated(options.simulations):
            rows.append(row)
            pd.DataFrame(rows).to_csv(TABLE, sep="\t", index=False)
    table = pd.read_csv(TABLE, sep="\t", keep_default_na=False)
    PAGE.write_text(page(table), encoding="utf-8")
    with in_style():
        save(figure_of(table), [FIGURE], DPI)


if __name__ == "__main__":
    main()
