"""Agreement between the studies' unit measures."""

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from census.figures.declaration import Family, View
from census.figures.style import (
    BLUE,
    FINAL,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    UNTRAINED,
    VERMILION,
    final_state,
    layers_of,
    states,
    two_digits,
)
from census.measures.declaration import Tables
from census.statistics.reliability import PREFIX

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from census.drawing.page import Page

NAMES = {
    "mean_activation": "mean activation",
    "max_activation": "largest activation",
    "variance": "variance",
    "active_fraction": "active fraction",
    "lifetime_sparseness": "lifetime sparseness",
    "gini": "Gini index of classes",
    "mf_degree": "multifacetedness",
    "selectivity": "class selectivity",
    "auroc": "AUROC of best class",
    "informedness": "informedness",
    "precision_top_k": "precision of top images",
    "rs_iam": "substitution (RS, IAM)",
    "rs_am": "substitution (RS, AM)",
    "rs_natural": "substitution (RS, natural)",
    "ablation_kl": "ablation: change of the output",
    "ablation_changed": "ablation: changed predictions",
    "ablation_loss": "ablation: change of loss",
    "ablation_accuracy": "ablation: change of accuracy",
    "ablation_most_affected": "ablation: most affected class",
}
IDENTIFIERS = re.compile(rf"\b({'|'.join(name for name in NAMES if '_' in name)})\b")
# one pair of unit measures for each pair of studies
PAIRS = {
    ("mf_degree", "lifetime_sparseness"): (BLUE, "o"),
    ("mf_degree", "selectivity"): (VERMILION, "s"),
    ("selectivity", "lifetime_sparseness"): (GREEN, "^"),
    ("selectivity", "rs_iam"): (ORANGE, "D"),
    ("selectivity", "ablation_kl"): (PURPLE, "v"),
    ("rs_iam", "ablation_kl"): (SKY, "P"),
}


def with_names(words: str) -> str:
    """Return a text with the names of unit measures in place of their columns.

    Examples
    --------
    >>> with_names("ρ of mf_degree and ablation_kl over units")
    'ρ of multifacetedness and ablation (change of the output) over units'
    """

    def name(found: re.Match[str]) -> str:
        kind, colon, rest = NAMES[found[0]].partition(": ")
        return f"{kind} ({rest})" if colon else kind

    return IDENTIFIERS.sub(name, words)


def draw_agreement(page: "Page", agreement: "pd.DataFrame", of_layers: "pd.DataFrame") -> None:
    """Draw rank correlations between all unit measures over all layers."""
    here, layers = page.rows_of_run(agreement), page.rows_of_run(of_layers)
    (axes,) = page.panels(6.4).ravel()
    _draw_matrix(page, axes, here[here["depth"].isna()], _reliabilities(layers), final_state(layers))


def draw_pairs(page: "Page", agreement: "pd.DataFrame") -> None:
    """Draw rank correlations of some pairs of unit measures along depth."""
    here = page.rows_of_run(agreement)
    layers = here[here["depth"].notna()]
    (axes,) = page.along_depth(layers_of(layers), 3.2)
    _draw_pairs(page, axes, layers)


def _reliabilities(layers: "pd.DataFrame") -> dict[str, dict[str, float]]:
    """Return the reliability of each measure at each checkpoint, median over nonlinear layers, or NaN."""
    nonlinear = layers[layers["kind"] == "nonlinearity"]
    found = {}
    for checkpoint, rows in states(nonlinear):
        columns = {name: f"{PREFIX}{name}" for name in NAMES}
        found[checkpoint] = {
            name: float(rows[column].astype(float).median()) if column in rows else np.nan
            for name, column in columns.items()
        }
    return found


def _draw_matrix(
    page: "Page",
    axes: "Axes",
    whole: "pd.DataFrame",
    reliabilities: "dict[str, dict[str, float]]",
    state: str,
) -> None:
    """Draw pooled correlations as a matrix: the trained network below the diagonal, the untrained above.

    The diagonal has the reliabilities in the trained network. Noise alone lowers the correlation of two
    measures to the root of the product of their reliabilities. Lower ones have a dot.
    """
    # without measures of which no correlation is defined
    known = whole[whole["rho"].notna()]
    names = {name: label for name, label in NAMES.items() if name in {*known["first"], *known["second"]}}
    whole = whole[whole[["first", "second"]].isin(list(names)).all(axis=1)]
    measures, labels = list(names), list(names.values())
    values = np.full((len(measures),) * 2, np.nan)
    for row in whole.itertuples():
        one, other = measures.index(row.first), measures.index(row.second)
        lower, upper = max(one, other), min(one, other)
        place = (lower, upper) if row.checkpoint == FINAL else (upper, lower)
        values[place] = row.rho
        # unknown and negative ones allow no correlation at all, and so none that is lower
        product = math.prod(max(0.0, reliabilities[row.checkpoint][each]) for each in (row.first, row.second))
        # the end of the interval that is farther from 0
        if max(abs(row.rho_low), abs(row.rho_high)) < math.sqrt(product):
            axes.plot(place[1] + 0.38, place[0] - 0.36, ".", color=INK, markersize=2)
    for number, measure in enumerate(measures):
        values[number, number] = reliabilities[FINAL][measure]
    page.matrix(axes, values, "agreement", -1, 1, printed=two_digits, undefined="–", size=5)
    for number in range(len(measures)):
        page.frame(axes, number - 0.5, number - 0.5, 1, 1)
    axes.set_xticks(range(len(labels)), labels, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(labels)), labels)
    has_control = UNTRAINED in set(whole["checkpoint"])
    axes.set_title(
        "within layers, mean over nonlinear ones\n"
        + (f"below the diagonal {state}, above it untrained" if has_control else state),
        fontweight="normal",
    )
    page.box("reliability of the measure")
    if axes.lines:
        page.line("noise alone does not explain so low a correlation", marker=".", markersize=3, linestyle="")
    page.legend(below=True)
    page.scale(axes, "rank correlation ρ", "agreement", -1, 1, shrink=0.5)


def _draw_pairs(page: "Page", axes: "Axes", layers: "pd.DataFrame") -> None:
    """Draw the correlations of some pairs along depth, the final network's with their intervals."""
    axes.axhline(0, color=INK, linewidth=0.8)
    names, width = list(page.places), 0.8 / len(PAIRS)
    for number, ((first, second), (color, marker)) in enumerate(PAIRS.items()):
        pair = layers[layers[["first", "second"]].isin([first, second]).all(axis=1)]
        x = np.arange(len(names)) + (number - (len(PAIRS) - 1) / 2) * width
        for checkpoint, rows in states(pair):
            here, solid = rows.set_index("layer").reindex(names), checkpoint == FINAL
            face, size = (color, 4.2) if solid else ("white", 3.2)
            if solid:
                page.intervals(axes, x, here, "rho", color, linewidth=2)
            style: dict[str, Any] = {
                "markerfacecolor": face,
                "markersize": size,
                "alpha": 1 if solid else 0.8,
            }
            axes.plot(x, here["rho"], marker, color=color, **style)
            # only measured layers, because substitution and ablation are limited to some layers
            measured = here["n"].gt(0) & solid
            page.crosses(axes, x[measured], here.loc[measured, "rho"], color)
        page.line(f"{NAMES[first]} and {NAMES[second]}", color, marker=marker, linestyle="", markersize=4.2)
    page.explain_interval()
    axes.set_ylim(-1.05, 1.05)
    axes.set_ylabel("rank correlation ρ\nover a layer's units")
    if UNTRAINED in set(layers["checkpoint"]):
        page.line("untrained network", marker="o", markerfacecolor="white", markersize=3.2, linestyle="")


family = Family(
    name="agreement",
    section="agreement",
    reads={"agreement": Tables("agreement.agreement"), "of_layers": Tables("census.layers")},
    where=lambda run: run.has_nonlinear,
    views=[
        View(
            "unit_measures",
            draw_agreement,
            "Do the unit measures agree?",
            caption="""
            Spearman's rank correlation between measures of the same units of {network}, on images of
            {dataset}: mean over nonlinear layers, weighted by their numbers of units; the trained
            network below the diagonal, the untrained one above it; a dash is undefined. Frames on the
            diagonal hold the split-half reliability of each measure in the trained network, median over these
            layers. A dot marks correlations whose 95 % interval is closer to 0 than the root of the product
            of both reliabilities: noise alone does not explain the disagreement of the two measures.
            Correlations far from 0 mean that two measures rank units in the same or in opposite order. None
            of the papers asks this question; see claim X.1.
            """,
            is_wide=True,
        ),
        View(
            "depth",
            draw_pairs,
            "Agreement of unit measures along depth",
            caption="""
            Spearman's rank correlation between two measures over the units of a layer of {network}, on images
            of {dataset}, in order of depth, for one pair of measures of each pair of studies. Bars are 95 %
            bootstrap intervals over units; hollow marks are the untrained network; crosses are undefined.
            Substitution and ablation are measured in layers with per-unit analyses. Correlations far from 0
            mean that two measures rank units in the same or in opposite order.
            """,
        ),
    ],
)
