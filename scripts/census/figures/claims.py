"""Verdicts on all claims: one page, a row per claim and a column per network and data set."""

from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from census.claims.verdict import CONTRADICTED, INCONCLUSIVE, NOT_LEARNED, SUPPORTED, over_seeds
from census.figures.agreement import with_names
from census.figures.declaration import Family, Verdicts, View
from census.figures.style import BLUE, GRAY, INK, ORANGE, PREDICTED, VERMILION, two_digits, with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from census.drawing.page import Page
    from census.planning.runs import Run

COLORS = {SUPPORTED: BLUE, NOT_LEARNED: ORANGE, CONTRADICTED: VERMILION, INCONCLUSIVE: GRAY}
MARKS = {SUPPORTED: "o", NOT_LEARNED: "^", CONTRADICTED: "s", INCONCLUSIVE: "D"}
ROW, CLAIM, COLUMN = 0.5, 2.55, 1.5  # inches
BESIDE = 0.13  # inches, between two columns
CLAIM_AT = 0.14  # of the width of the first column, where claims begin after their ids
LEFT, WORDS_AT, RIGHT = -1.1, 1.3, 6.1  # ends of a network's column, and where words begin right of the marks
# of all claims below each other, so that each fits on a page; networks beside each other
PARTS, NETWORKS = 3, 3


def draw_claims(page: "Page", claims: "pd.DataFrame") -> None:
    """Draw the effect of each claim with its interval, its null and the untrained network's, and the verdict.

    Each row has a scale of its own, the same for all networks: −1 to 1 for rank correlations, else up to the
    largest number in the row.
    """
    rows = claims.drop_duplicates("id").set_index("id")[["claim", "statistic"]]
    # each part of the claims with the first networks, then with further ones
    n_runs = len(claims.drop_duplicates(["network", "dataset"]))
    part, number = divmod(page.sheet[0], ceil(n_runs / NETWORKS))
    n_parts = max(1, page.sheet[1] // ceil(n_runs / NETWORKS))
    rows = rows.iloc[part * len(rows) // n_parts : (part + 1) * len(rows) // n_parts]
    claims = claims[claims["id"].isin(rows.index)]
    runs = list(claims.groupby(["network", "dataset"], sort=False))
    runs = runs[number * NETWORKS : (number + 1) * NETWORKS]
    ratios = [CLAIM, *[COLUMN] * len(runs)]
    height = 1.1 + ROW * len(rows)
    texts, *panels = page.panels(height, 1, 1 + len(runs), sharey=True, width_ratios=ratios)[0]
    widths = np.array(ratios) * page.width / sum(ratios) - BESIDE
    _write_claims(page, texts, rows, (1 - CLAIM_AT) * widths[0])
    room = (RIGHT - WORDS_AT) / (RIGHT - LEFT) * widths[-1]
    scales = {
        id: 1.0
        if rows.at[id, "statistic"].startswith("ρ")
        else max(here[["effect", "low", "high", "control"]].sub(here["null"], axis=0).abs().max().max(), 1e-9)
        for id, here in claims.groupby("id")
    }
    has_seeds, verdicts = False, set()
    for axes, ((network, dataset), here) in zip(panels, runs, strict=True):
        n_seeds = here["seed"].nunique()
        shown = over_seeds(here)
        verdicts |= set(shown["verdict"])
        _draw_run(page, axes, shown.set_index("id").loc[rows.index], scales, room)
        if n_seeds > 1:
            has_seeds = True
            _draw_seeds(axes, here[here["seed"].notna()], rows.index, scales)
        axes.set_title(
            f"{network}, {n_seeds} seeds\non {dataset}" if n_seeds > 1 else f"{network}\non {dataset}"
        )
    for axes in (texts, *panels):
        for words in axes.texts:
            words.set_in_layout(False)  # else panels would shrink until words stand within their share
    for verdict, color in COLORS.items():
        if verdict in verdicts:
            page.line(verdict, color, marker=MARKS[verdict], linestyle="")
    page.line("95 % interval", linewidth=2.6, alpha=0.5)
    page.line("untrained network", marker="o", markerfacecolor="white", linestyle="")
    if has_seeds:
        page.line("one seed", marker="|", linestyle="")
    page.line("null", linewidth=0.8)
    page.area("predicted side", PREDICTED)
    page.legend(below=True)


def _write_claims(page: "Page", axes: "Axes", rows: "pd.DataFrame", room: float) -> None:
    """Write each claim, and below it what is measured, in lines of at most ``room`` inches."""
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    for place, row in enumerate(rows.itertuples()):
        _stripe(axes, place)
        claim = "\n".join(page.broken(row.claim, room, size=6.6))
        axes.text(0, place - 0.46, row.Index, fontweight="bold", va="top", fontsize=6.6)
        axes.text(CLAIM_AT, place - 0.46, claim, va="top", fontsize=6.6, linespacing=1)
        statistic = "\n".join(page.broken(with_names(row.statistic), room, size=5.5))
        style: dict[str, Any] = {"fontsize": 5.5, "va": "bottom", "linespacing": 1, "color": "#555555"}
        axes.text(CLAIM_AT, place + 0.46, statistic, **style)


def _draw_run(
    page: "Page", axes: "Axes", found: "pd.DataFrame", scales: dict[str, float], room: float
) -> None:
    """Draw the verdicts on one network, a row per claim, with words in lines of at most ``room`` inches."""
    axes.set_axis_off()
    # words stand to the right of the marks
    axes.set_xlim(LEFT, RIGHT)
    for place, (id, row) in enumerate(found.iterrows()):
        _stripe(axes, place)
        scale = scales[str(id)]
        side = 1 if row["predicted"] == "above" else -1
        axes.fill_between([0, side], place - 0.36, place + 0.36, color=PREDICTED, linewidth=0)
        axes.vlines(0, place - 0.36, place + 0.36, color=INK, linewidth=0.8)
        values = (row[["effect", "low", "high", "control"]].astype(float) - row["null"]) / scale
        color = COLORS[row["verdict"]]
        axes.plot(values["control"], place, "o", color=INK, markerfacecolor="white", markersize=4)
        axes.hlines(place, values["low"], values["high"], color=color, linewidth=2.6, alpha=0.5)
        axes.plot(values["effect"], place, MARKS[row["verdict"]], color=color, markersize=4.5)
        axes.text(WORDS_AT, place - 0.46, _number(row), va="top", fontsize=5.6, linespacing=1)
        is_counted = not row.isna()["n_networks"] and row["n_networks"] > 0
        counts = f" ({row['n_agreeing']} of {row['n_networks']})" if is_counted else ""
        # the verdict says so already
        reason = row["reason"].replace("no stronger than untrained", "").strip(", ")
        words = ": ".join(filter(None, [row["verdict"] + counts, with_names(reason)]))
        words = "\n".join(page.broken(words, room, size=5.4, weight="bold"))
        style: dict[str, Any] = {"fontsize": 5.4, "va": "bottom", "fontweight": "bold", "linespacing": 1}
        axes.text(WORDS_AT, place + 0.46, words, color=color, **style)


def _draw_seeds(axes: "Axes", found: "pd.DataFrame", ids: "pd.Index[str]", scales: dict[str, float]) -> None:
    """Mark the effect in each of the networks that are trained from different seeds."""
    for row in found.itertuples():
        effect = (row.effect - row.null) / scales[row.id]
        axes.plot(effect, ids.get_loc(row.id) + 0.26, "|", color=INK, markersize=4, markeredgewidth=0.7)


def _stripe(axes: "Axes", place: int) -> None:
    """Set off every other row."""
    if place % 2:
        axes.axhspan(place - 0.5, place + 0.5, color="#F5F5F5", linewidth=0, zorder=0)


def _number(row: "pd.Series[float]") -> str:
    """Return effect and interval in words."""
    if np.isnan(row["effect"]):
        return "–"
    effect = with_interval(row["effect"], row["low"], row["high"])
    control = "" if np.isnan(row["control"]) else f";\nuntrained {two_digits(row['control'])}"
    return f"{effect}{control}"


def _n_sheets(run: "Run", width: str) -> int:
    return PARTS * ceil(len(run.config.runs) / NETWORKS)


family = Family(
    name="claims",
    section="claims",
    reads={"claims": Verdicts()},
    views=[
        View(
            "claims",
            draw_claims,
            "Which claims are supported here?",
            sheets=_n_sheets,
            is_wide=True,
            caption="""
            Every claim of the five papers as a test, a row per claim and a column per network and data set:
            the measured effect (mark) with its 95 % bootstrap interval (bar), the null, which is the value
            expected if the claim is false (black line), and the effect in the untrained network (hollow
            mark). A trend over layers is supported if a permutation test over layers excludes chance on the
            predicted, tinted side. The claim on significant MF degrees (S2.4) is supported if random top
            images seldom give as large an effect, and any other claim if its interval excludes the null. A
            claim is supported, but not learned, if its effect is no stronger than in the untrained network.
            Inconclusive verdicts give the reason. If a network is trained from several seeds, its column
            shows the mean over these networks with its 95 % t interval, the verdict by that interval, the
            effect in each network (fine strokes below the mark), and how many of them are on the predicted
            side. Each row has its own scale, the same for all networks. The table is
            ``results/census/claims.tsv``.
            """,
        ),
    ],
)
