"""Relations between selectivity, substitution and importance of units, by layer and along depth."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from census.figures.declaration import Family, View, sheets_of
from census.figures.style import (
    BLUE,
    DASHED,
    FINAL,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    UNTRAINED,
    VERMILION,
    at,
    final_state,
    layers_of,
    states,
    with_interval,
    wrapped,
)
from census.measures.columns import ENDINGS
from census.measures.declaration import Tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from census.drawing.page import Page


class _Kind(NamedTuple):
    """Color, marker, name and unit of a measure; the unit is empty for shares."""

    color: str
    marker: str
    name: str
    unit: str = ""

    def look(self, line: Any, *, solid: bool) -> dict[str, Any]:
        """Return the style of its marks, hollow if not ``solid``, and of the line between them."""
        face = self.color if solid else "white"
        return {"color": self.color, "marker": self.marker, "markerfacecolor": face, "linestyle": line}


SUBSTITUTIONS = {
    "rs_iam": _Kind(BLUE, "o", "RS on IAM images"),
    "rs_am": _Kind(ORANGE, "^", "RS on AM images"),
    "rs_natural": _Kind(GREEN, "s", "RS on the unit's top image"),
}
MEASURES = {
    "selectivity": _Kind(PURPLE, "D", "class selectivity"),
    "rs_iam": _Kind(BLUE, "o", "RS (IAM)"),
    "mean_activation": _Kind(ORANGE, "^", "mean activation", "in the network's\nown units"),
}
SCATTER, EFFECTS = 2.5, 1.5  # inches, a row of panels
LINEAR = 0.01  # RS below which the axis is linear
SHIFT = 0.005  # of RS, within which marks of 0 are spread
GOLDEN = 0.618034  # multiples of the golden ratio's fraction spread evenly
EFFECT, EFFECT_NAME = "ablation_kl", "change of the output by ablation"


def _without_points(relations: "pd.DataFrame") -> "pd.DataFrame":
    """Return relations without intervals of width 0.

    Few units whose ranks agree agree in all resamples, too: such an interval looks like certainty.
    """
    is_point = np.isclose(relations["rho_low"], relations["rho_high"], atol=1e-6)
    ends = ["rho_low", "rho_high"]
    return relations.assign(**relations[ends].mask(np.broadcast_to(is_point[:, None], (len(is_point), 2))))


def _interval(row: "pd.Series[Any]") -> str:
    """Return a rank correlation in words, with its interval or the number of units, see _without_points."""
    if np.isnan(row["rho"]):
        return "ρ undefined"
    alone = f" ({row['n']:.0f} units)" if np.isnan(row["rho_low"]) else ""
    return f"ρ {with_interval(*(row[f'rho{end}'] for end in ENDINGS))}{alone}"


def _relation(relations: "pd.DataFrame", layer: str, first: str, second: str) -> "pd.Series[Any]":
    """Return the row of a relation in the final network, without a covariate."""
    here = relations[(relations["checkpoint"] == FINAL) & (relations["layer"] == layer)]
    chosen = here[(here["first"] == first) & (here["second"] == second) & here["covariate"].isna()]
    return chosen.iloc[0]


def draw_substitution(page: "Page", units: "pd.DataFrame", relations: "pd.DataFrame") -> None:
    """Draw RS against class selectivity of units, one panel per layer."""
    units, relations = at(units, FINAL), _without_points(relations)
    names, shown = layers_of(units), {"IAM": "rs_iam", "AM": "rs_am"}
    page.know(names)
    names = page.share(names)
    columns = page.columns_of(2.2)
    panels = page.grid(len(names), columns, row=SCATTER, others=0.5, sharex=True, sharey=True)
    for axes, name in zip(panels, names, strict=True):
        here = units[units["layer"] == name]
        # many units have an RS of 0: their marks would hide each other
        shift = ((here["unit"] * GOLDEN) % 1 - 0.5) * SHIFT
        lines = [f"{here['rs_iam_failed'].notna().sum()} of {len(here)} units"]
        for word, column in shown.items():
            values = here[column].mask(here[column] == 0, shift)
            _mark(axes, here["selectivity"], values, SUBSTITUTIONS[column], solid=word == "IAM")
            failed = (here[f"{column}_failed"].notna() & here[column].isna()).sum()
            n_zero = (here[column] == 0).sum()
            counts = f"{n_zero} with RS 0" + (f", {failed} failed" if failed else "")
            lines += [f"{word}: {_interval(_relation(relations, name, column, 'selectivity'))};", counts]
        axes.set_title(wrapped(page.name(name), 26), fontsize=7.5, pad=46)
        words = axes.text(0, 1.02, "\n".join(lines), transform=axes.transAxes, va="bottom", fontsize=6.2)
        words.set_in_layout(False)
    panels[0].set_yscale("symlog", linthresh=LINEAR, linscale=0.5)
    panels[0].set(xlim=(-0.03, 1.03), ylim=(-SHIFT, 1.2))
    panels[0].set_yticks([0, 0.01, 0.1, 1], ["0", "0.01", "0.1", "1"])
    panels[0].minorticks_off()
    for axes in panels[-columns:]:
        axes.tick_params(labelbottom=True)
        axes.set_xlabel("class selectivity")
    page.figure.supylabel("RS: share of units that respond more strongly")
    for word, column in shown.items():
        page.line(SUBSTITUTIONS[column].name, **SUBSTITUTIONS[column].look("", solid=word == "IAM"))
    page.legend(below=True)


def draw_depth(page: "Page", units: "pd.DataFrame", relations: "pd.DataFrame") -> None:
    """Draw the correlation of RS with selectivity, and the spread of RS over units, along depth."""
    relations = relations[relations["second"] == "selectivity"]
    above, below = page.along_depth(layers_of(relations), 5.2, 2)
    _draw_rho(page, above, relations, SUBSTITUTIONS)
    for number, (column, kind) in enumerate(SUBSTITUTIONS.items()):
        for checkpoint, rows in states(units):
            x, solid = _beside(page, number, checkpoint), checkpoint == FINAL
            values = rows.groupby("layer")[column]
            lower, median, upper = (
                values.quantile(share).reindex(list(page.places)) for share in (0.25, 0.5, 0.75)
            )
            page.bars(below, x, lower, upper, kind.color, linewidth=2.2 if solid else 1, alpha=0.5)
            _mark(below, x, median, kind, solid=solid)
            page.crosses(below, x, median, kind.color)
    above.set_ylabel("rank correlation ρ\nof RS and class selectivity")
    below.set_ylabel("RS: median and\nmiddle half of units")
    below.set_ylim(bottom=-0.02)
    _explain(page, SUBSTITUTIONS.values(), relations, "above: 95 % interval;\nbelow: half of the units")


def draw_ablation(page: "Page", units: "pd.DataFrame", relations: "pd.DataFrame") -> None:
    """Draw ablation effects of units against their other measures, one row of panels per layer."""
    units, relations = at(units, FINAL), _without_points(relations)
    n_units = units.groupby("layer").size()
    units = units[units[EFFECT].notna()]
    names = layers_of(units)
    if not names:
        page.nothing(f"{EFFECT_NAME} has no value for any unit.")
        return
    page.know(names)
    names = page.share(names)
    panels = page.panels(0.6 + EFFECTS * len(names), len(names), len(MEASURES), sharey="row")
    for row, name in zip(panels, names, strict=True):
        here = units[units["layer"] == name]
        for axes, (column, kind) in zip(row, MEASURES.items(), strict=True):
            axes.axhline(0, color=VERMILION, linewidth=1)
            page.intervals(axes, here[column], here, EFFECT, kind.color, linewidth=0.7, alpha=0.5)
            _mark(axes, here[column], here[EFFECT], kind, solid=True)
            words = _interval(_relation(relations, name, column, EFFECT))
            if missing := _missing(here, column):
                words = f"{missing}; {words}"
            axes.set_title(words, fontsize=7, fontweight="normal", loc="right")
            axes.tick_params(labelsize=7)
            axes.margins(y=0.1)
            if column == "rs_iam":
                highest = max(0.05, here[column].max())
                axes.set_xlim(-0.05 * highest, 1.05 * highest)
        row[0].set_ylabel(f"{wrapped(page.name(name), 22)}\n{len(here)} of {n_units[name]} units", fontsize=7)
    for axes, kind in zip(panels[-1], MEASURES.values(), strict=True):
        axes.set_xlabel(f"{kind.name}\n({kind.unit})" if kind.unit else kind.name)
    page.figure.supylabel(f"{EFFECT_NAME} (KL divergence, nats)")
    for kind in MEASURES.values():
        page.line(f"unit, by {kind.name}", **kind.look("", solid=True))
    page.line("95 % interval", linewidth=0.7, alpha=0.5)
    page.line("no effect", VERMILION, linewidth=1)
    page.legend(below=True)


def _missing(units: "pd.DataFrame", column: str) -> str:
    """Return how many units have no value of a measure, in words; empty if all have one."""
    undefined = units[column].isna()
    failed = undefined & units[f"{column}_failed"].notna() if f"{column}_failed" in units else ~undefined
    counts = {"failed": (undefined & failed).sum(), "undefined": (undefined & ~failed).sum()}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def draw_relations(page: "Page", relations: "pd.DataFrame") -> None:
    """Draw the correlations of unit measures with ablation effects along depth."""
    relations = relations[relations["second"] == EFFECT]
    plain, adjusted = (relations[relations["covariate"].isna() == each] for each in (True, False))
    above, below = page.along_depth(layers_of(relations), 5.2, 2)
    _draw_rho(page, above, plain, MEASURES)
    # mean activation is the covariate
    _draw_rho(
        page, below, adjusted, {name: kind for name, kind in MEASURES.items() if name != "mean_activation"}
    )
    above.set_ylabel(f"rank correlation ρ\nwith {EFFECT_NAME}")
    below.set_ylabel("partial ρ, given\nmean activation")
    _explain(page, MEASURES.values(), relations)


def _beside(page: "Page", number: int, checkpoint: str) -> np.ndarray:
    """Return positions along depth, side by side for measures and for trained and untrained networks."""
    return np.arange(len(page.places)) + (number - 1) * 0.32 + (0.08 if checkpoint == FINAL else -0.08)


def _draw_rho(page: "Page", axes: "Axes", relations: "pd.DataFrame", kinds: Mapping[str, _Kind]) -> None:
    """Draw rank correlations of measures along depth with their intervals and numbers of units."""
    relations = _without_points(relations)
    for number, (column, kind) in enumerate(kinds.items()):
        for checkpoint, rows in states(relations[relations["first"] == column]):
            here = rows.set_index("layer").reindex(list(page.places))
            x, solid = _beside(page, number, checkpoint), checkpoint == FINAL
            width = 2.2 if solid else 1
            page.intervals(axes, x, here, "rho", kind.color, linewidth=width, alpha=0.5)
            _mark(axes, x, here["rho"], kind, solid=solid, line="-" if solid else DASHED)
            page.crosses(axes, x, here["rho"], kind.color)
    # with few units, ρ is often near 1 or −1
    final = relations[(relations["checkpoint"] == FINAL) & relations["first"].isin(list(kinds))]
    fewest = final.groupby("layer")["n"].min().reindex(list(page.places)).fillna(0).astype(int)
    page.numbers_above(axes, "units", (fewest, INK))
    axes.axhline(0, color=VERMILION, linewidth=1)
    axes.set_ylim(-1.05, 1.05)


def _mark(axes: "Axes", x: ArrayLike, y: ArrayLike, kind: _Kind, *, solid: bool, line: Any = "") -> None:
    axes.plot(x, y, markersize=4, alpha=0.85, linewidth=0.9, **kind.look(line, solid=solid))


def _explain(
    page: "Page", kinds: Iterable[_Kind], relations: "pd.DataFrame", interval: str = "95 % interval"
) -> None:
    for kind in kinds:
        page.line(kind.name, **kind.look("-", solid=True))
    page.line(interval, linewidth=2.2, alpha=0.5)
    if (relations["rho"].notna() & _without_points(relations)["rho_low"].isna()).any():
        page.words("no bar: ρ is equal\nin all resamples")
    page.line("no correlation", VERMILION, linewidth=1)
    if UNTRAINED in set(relations["checkpoint"]):
        page.line(final_state(relations), marker="o")
        page.line("untrained", marker="o", markerfacecolor="white", linestyle=DASHED)


family = Family(
    name="importance",
    section="substitution",
    reads={"units": Tables("importance.units"), "relations": Tables("importance.relations")},
    where=lambda run: bool(run.per_unit_layers),
    views=[
        View(
            "substitution",
            draw_substitution,
            "Are selective units replaceable?",
            sheets=sheets_of(lambda run: run.per_unit_layers, inches=SCATTER, columns=3),
            caption="""
            Representative substitution (RS) against class selectivity of units of {network}, on images of
            {dataset}, a panel per layer with per-unit analyses. RS is the share of the layer's units that
            respond more strongly than the unit to the image made for it: with regard to the other units (IAM,
            filled) or without (AM, hollow). The axis is linear below 0.01, logarithmic above; units with RS 0
            are spread around it. Spearman's ρ has its 95 % bootstrap interval over units; if all resamples
            of few units give the same ρ, the number of units instead. Units at the lower right are selective
            and irreplaceable.
            """,
            corresponds="Figures 1, 3a, 4, 5 and 6a",
        ),
        View(
            "depth",
            draw_depth,
            "Substitution and selectivity",
            caption="""
            Above: Spearman's ρ of representative substitution (RS) and class selectivity over the units of a
            layer of {network}, on images of {dataset}, in order of depth, for three kinds of images. Below:
            median and middle half of RS. Bars above are 95 % bootstrap intervals over units; marks without a
            bar have none, because all resamples give the same ρ. Hollow marks and dashed lines are the
            untrained network; crosses are undefined. Numbers above count the units of a layer, the smallest
            of the three numbers; with few units, ρ is often near 1 or −1.
            """,
            corresponds="Figures 3b and 6b",
        ),
        View(
            "ablation",
            draw_ablation,
            "Which units are important?",
            is_wide=True,
            sheets=sheets_of(lambda run: run.per_unit_layers, inches=EFFECTS),
            caption="""
            Change of the output of {network} on images of {dataset} if a unit is ablated (Kullback–Leibler
            divergence from the intact network's output), against the unit's class selectivity,
            representative substitution (RS) and mean activation, one row per layer with per-unit analyses.
            Marks are units with 95 % bootstrap intervals over images; brackets hold 95 % bootstrap intervals
            of Spearman's ρ over units; if all resamples of few units give the same ρ, the number of units
            stands there instead. Above a panel is the number of units without a mark: RS is undefined if all
            activation-maximization images of a unit failed. The vermilion line is no effect.
            """,
        ),
        View(
            "relations",
            draw_relations,
            "Correlates of importance",
            caption="""
            Spearman's ρ between measures of units and the change of the output of {network} on images of
            {dataset} if the unit is ablated, in order of depth. Above: plain; below: partial, given mean
            activation. Bars are 95 % bootstrap intervals over units; hollow marks and dashed lines are the
            untrained network; crosses are undefined. Numbers above count the units of a layer, the smallest
            over all measures; with few units, ρ is often near 1 or −1.
            """,
        ),
    ],
)
