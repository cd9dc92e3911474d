"""Specification curves: the effect of each claim under all defensible choices, a page per paper."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from census.figures.agreement import NAMES as MEASURE_NAMES
from census.figures.declaration import Family, Specifications, View
from census.figures.families import FAMILIES
from census.figures.sections import SECTIONS
from census.figures.style import BLUE, GRAY, INK, PREDICTED, VERMILION
from census.statistics.significance import LEVEL

if TYPE_CHECKING:
    import pandas as pd

    from census.drawing.page import Page
    from census.planning.runs import Run

# inches: columns of a page, and from top to bottom of a claim
COLUMNS, LABELS, MARGIN = 3, 1.02, 0.06
LINE, WORDS, CURVE, BETWEEN, ROW, BELOW = 0.12, 0.2, 0.7, 0.05, 0.083, 0.24
ABOVE, LEGEND = 0.3, 0.34
SIZE = 6  # points, of a claim
# choices among unit measures, and what other values are called
OF_MEASURES = ("substitution", "selectivity", "effect", "measure")
LABELS_OF = {
    **{("dictionary", name): FAMILIES[name][1] for name in ("nmf", "sae")},
    ("dictionary", "both"): "both dictionaries",
    **{
        ("parts", str(number)): f"{part} of the layers"
        for number, part in {2: "halves", 3: "thirds", 4: "quarters"}.items()
    },
    ("given", "mean_activation"): "given mean activation",
    ("measure", "code_gini"): "Gini index of codes",
    ("measure", "code_hoyer"): "Hoyer of codes",
    ("measure", "code_kurtosis"): "kurtosis of codes",
}
# values that say nothing without their choice
WITH_CHOICE = (
    *("both", "top", "bottom", "all", "best", "equal", "nothing", "units", "classes", "mean", "median"),
)


def draw_curves(page: "Page", specifications: "pd.DataFrame", papers: tuple[str, ...]) -> None:
    """Draw the specification curves of the claims whose ids begin with those of papers."""
    here = specifications[specifications["id"].str.startswith(papers)]
    defined = here.groupby("id")["effect"].transform("count") > 0
    claims = page.share(list(here[defined].groupby("id", sort=False)))
    if not claims:
        page.nothing("no claim has an effect under any choice")
        return
    rows = [claims[first : first + COLUMNS] for first in range(0, len(claims), COLUMNS)]
    tables = {id: _choices(table) for id, table in claims}
    width = page.width / COLUMNS
    headings = {
        id: page.broken(f"{id} {table['claim'].iloc[0]}", width - 2 * MARGIN, size=SIZE, weight="bold")
        for id, table in claims
    }
    words = [LINE * max(len(headings[id]) for id, _ in row) + WORDS for row in rows]
    choices = [ROW * max(len(tables[id]) for id, _ in row) for row in rows]
    heights = [each + CURVE + BETWEEN + rest + BELOW for each, rest in zip(words, choices, strict=True)]
    undefined = here.loc[~defined, "id"].unique()
    page.placed(ABOVE + sum(heights), LEGEND)
    for row, top, above in zip(rows, ABOVE + np.cumsum([0, *heights[:-1]]), words, strict=True):
        for column, (id, table) in enumerate(row):
            left = width * column
            _write_heading(page, headings[id], table, left + MARGIN, top)
            _draw_claim(page, table, tables[id], left, top + above, width)
    shown = here[defined & here["id"].isin([id for id, _ in claims]) & here["effect"].notna()]
    agrees = shown["agrees"].fillna(False).astype(bool)
    if agrees.any():
        page.line("agrees with the claim", BLUE, marker="|", linestyle="")
    if not agrees.all():
        page.line("does not agree", VERMILION, marker="|", linestyle="")
    if (shown["specification"] == 0).any():
        page.line("the claim's own choices", marker="o", markerfacecolor="none", linestyle="")
    page.line("null", linewidth=0.8)
    page.area("predicted side", PREDICTED)
    if len(undefined):
        page.words(f"undefined here: {', '.join(undefined)}")


def _choices(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return which specification has which value of a choice: a row per choice and value, as labels."""
    import pandas as pd

    from census.claims.specifications import read

    chosen = pd.DataFrame(map(read, table["choices"]), index=table.index)
    several = [name for name in chosen if chosen[name].nunique() > 1]
    found = {
        (name, _label(name, value)): chosen[name] == value
        for name in several
        for value in chosen[name].unique()
    }
    return pd.DataFrame(found).T


def _label(choice: str, value: str) -> str:
    """Return the label of a value: its name, or the value, with the choice if the value is not clear."""
    if choice in OF_MEASURES and value in MEASURE_NAMES:
        # ablation is in the name of the claim
        return MEASURE_NAMES[value].rpartition(": ")[2]
    if (choice, value) in LABELS_OF:
        return LABELS_OF[choice, value]
    clear = value not in WITH_CHOICE and not value.replace(".", "").isdecimal()
    words = value if clear else f"{choice} {value}"
    return words.replace("_", " ")


def _write_heading(page: "Page", words: list[str], table: "pd.DataFrame", left: float, top: float) -> None:
    """Write the lines of a claim, and below them how many of its specifications agree."""
    tested = table["p"].notna().any()
    significant = f", {(table['p'] <= LEVEL).sum()} with p ≤ {LEVEL}" if tested else ""
    counts = f"{table['agrees'].fillna(False).astype(bool).sum()} of {len(table)} agree{significant}"
    for place, line in enumerate(words):
        page.write(line, left, top + LINE * (place + 1), fontsize=SIZE, fontweight="bold")
    page.write(counts, left, top + LINE * (len(words) + 1), fontsize=6.5)


def _draw_claim(
    page: "Page", table: "pd.DataFrame", choices: "pd.DataFrame", left: float, top: float, width: float
) -> None:
    """Draw the curve of a claim, and below it which choices stand behind each effect.

    Parameters
    ----------
    table, choices : specifications of the claim, and their choices, see :func:`_choices`.
    left, top, width : inches, of the claim's part of the page below its heading.
    """
    table = table.sort_values("effect", kind="stable", na_position="last")
    choices = choices[table.index]
    agrees, n = table["agrees"].fillna(False).to_numpy(bool), len(table)
    effects = table["effect"].to_numpy(float)
    undefined = np.isnan(effects)
    first = table.iloc[0]
    inner = width - LABELS - MARGIN
    curve = page.axes_at(left + LABELS, top, inner, CURVE)
    places, null = np.arange(n), float(first["null"])
    colors = np.where(undefined, GRAY, np.where(agrees, BLUE, VERMILION))
    low, high = np.nanmin([*effects, null]), np.nanmax([*effects, null])
    reach = 0.08 * max(high - low, 1e-9)
    curve.set_ylim(low - reach, high + reach)
    side = (null, high + reach) if first["predicted"] == "above" else (low - reach, null)
    curve.axhspan(*side, color=PREDICTED, linewidth=0)
    curve.axhline(null, color=INK, linewidth=0.8)
    curve.scatter(places, effects, s=5, c=colors, linewidth=0)
    page.crosses(curve, places, effects, GRAY)
    own = int(np.flatnonzero(table["specification"] == 0)[0])
    if not undefined[own]:
        curve.plot(own, effects[own], "o", color=INK, markerfacecolor="none", markersize=5)
    curve.tick_params(labelsize=5.5, length=2, pad=1.5)
    curve.locator_params(axis="y", nbins=4)

    dots = page.axes_at(left + LABELS, top + CURVE + BETWEEN, inner, max(ROW * len(choices), ROW))
    dots.axvline(own, color="#BBBBBB", linewidth=0.8, zorder=0)
    for row, here in enumerate(choices.to_numpy(bool)):
        dots.scatter(places[here], np.full(here.sum(), row), s=9, c=colors[here], marker="|", linewidth=0.7)
    names = choices.index.get_level_values(0)
    for last in np.flatnonzero(names[1:] != names[:-1]):
        dots.axhline(last + 0.5, color="#DDDDDD", linewidth=0.6)
    labels = [label[:30] for label in choices.index.get_level_values(1)]
    dots.set_yticks(range(len(labels)), labels, fontsize=5.5)
    dots.set_ylim(len(labels) - 0.5, -0.5)
    dots.tick_params(length=0, pad=1.5)
    for axes in (curve, dots):
        axes.set_xlim(-1, n)
        axes.set_xticks([])
        axes.grid(visible=False)
    dots.spines[["left", "bottom"]].set_visible(False)


CAPTION = """
Each panel is a claim on {network} and {dataset} under all combinations of defensible choices. Upper part:
the effect, in ascending order; the line is the null, the predicted side is tinted, and a circle marks the
choices by which the claim is judged. Lower part: the choices behind each effect; a line leads down from the
circle. A specification agrees with the claim (blue) if its effect is on the predicted side. p is that of
the permutation of layers or of random draws, if one of them is the claim's test. If a row of the lower part
has one color and another row the other, the claim depends on that choice. Specifications share their data,
so the share that agrees is no p-value. The table is ``results/census/specifications.parquet``.
"""
# title, beginnings of ids, and number of sheets
PAGES = {
    **{
        section.paper.target: (
            f"Claims of {section.paper.short} under other choices",
            (section.paper.code,),
            1,
        )
        for section in SECTIONS
        if section.paper
    },
    # ten claims are too many for a page
    "unit_measures": ("Agreement of unit measures under other choices", ("X.1",), 2),
    "networks_and_directions": ("Universality and dictionaries under other choices", ("X.2", "X.3"), 1),
}


def _sheets(n_sheets: int, run: "Run", width: str) -> int:
    return n_sheets


family = Family(
    name="specifications",
    section="specifications",
    reads={"specifications": Specifications()},
    views=[
        View(
            *(name, partial(draw_curves, papers=papers), title, CAPTION),
            sheets=partial(_sheets, n_sheets),
            is_wide=True,
        )
        for name, (title, papers, n_sheets) in PAGES.items()
    ],
)
