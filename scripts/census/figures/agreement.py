"""Figure of how well the studies' notions of a unit agree."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from census.figures.inputs import Inputs, Views
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
    depth_axis,
    depth_width,
    final_state,
    mark_undefined,
    names_height,
    new_figure,
)

NAMES = {
    "mean_activation": "mean activation",
    "max_activation": "largest activation",
    "variance": "variance",
    "active_fraction": "active fraction",
    "lifetime_sparseness": "lifetime sparseness",
    "gini": "Gini index of classes",
    "mf_degree": "multi-facetedness",
    "selectivity": "class selectivity",
    "auroc": "AUROC of best class",
    "informedness": "informedness",
    "precision_top_k": "precision of top images",
    "rs_iam": "substitution (RS, IAM)",
    "rs_am": "substitution (RS, AM)",
    "rs_natural": "substitution (RS, natural)",
    "ablation_loss": "loss without the unit",
    "ablation_accuracy": "accuracy without it",
    "ablation_worst_class": "fall of its worst class",
}
# one pair for each two of the studies' notions
PAIRS = {
    ("mf_degree", "lifetime_sparseness"): (BLUE, "o"),
    ("mf_degree", "selectivity"): (VERMILION, "s"),
    ("selectivity", "lifetime_sparseness"): (GREEN, "^"),
    ("selectivity", "rs_iam"): (ORANGE, "D"),
    ("selectivity", "ablation_loss"): (PURPLE, "v"),
    ("rs_iam", "ablation_loss"): (SKY, "P"),
}


def draw_agreement(agreement: pd.DataFrame, title: str) -> Figure:
    """Draw rank correlations between all measures of units, over all layers and for some along depth.

    Parameters
    ----------
    agreement : as the rule ``agreement`` writes it, of one network and data set.
    title : what stands above.
    """
    whole, layers = (agreement[agreement["depth"].isna() == each] for each in (True, False))
    names = list(layers.sort_values("depth")["layer"].unique())
    figure = new_figure(max(10.2, depth_width(len(names))), 11.4 + names_height(names))
    above, below = figure.subplots(2, 1, height_ratios=[2.4, 1])
    _matrix(figure, above, whole)
    _along_depth(below, layers, names)
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def _matrix(figure: Figure, axes: Axes, whole: pd.DataFrame) -> None:
    """Draw pooled correlations as a matrix: the trained network below the diagonal, the untrained above."""
    measures = list(NAMES)
    values = np.full((len(measures),) * 2, np.nan)
    for row in whole.itertuples():
        one, other = measures.index(row.first), measures.index(row.second)
        lower, upper = max(one, other), min(one, other)
        values[(lower, upper) if row.checkpoint == FINAL else (upper, lower)] = row.rho
    image = axes.imshow(np.ma.masked_invalid(values), cmap="RdBu_r", vmin=-1, vmax=1)
    for (row, column), value in np.ndenumerate(values):
        if row != column:
            dark = abs(value) > 0.6
            text = "–" if np.isnan(value) else f"{round(value, 2) + 0:.2f}".replace("-", "−")
            color = "white" if dark else INK
            axes.text(column, row, text, ha="center", va="center", fontsize=6.6, color=color)
    axes.plot([-0.5, len(measures) - 0.5], [-0.5, len(measures) - 0.5], color=INK, linewidth=0.8)
    labels = list(NAMES.values())
    axes.set_xticks(range(len(labels)), labels, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(labels)), labels)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    state = final_state(whole.assign(step=np.nan))
    has_control = UNTRAINED in set(whole["checkpoint"])
    axes.set_title(
        "within layers, mean over rectified ones\n"
        + (f"below the diagonal {state}, above it untrained" if has_control else state),
        fontweight="normal",
    )
    bar = figure.colorbar(image, ax=axes, shrink=0.75, pad=0.02)
    bar.set_label("rank correlation ρ")
    bar.outline.set_visible(False)


def _along_depth(axes: Axes, layers: pd.DataFrame, names: Sequence[str]) -> None:
    """Draw the correlations of some pairs along depth, the final network's with their intervals."""
    axes.axhline(0, color=INK, linewidth=0.8)
    step = 0.8 / len(PAIRS)
    for number, ((first, second), (color, marker)) in enumerate(PAIRS.items()):
        pair = layers[layers[["first", "second"]].isin([first, second]).all(axis=1)]
        x = np.arange(len(names)) + (number - (len(PAIRS) - 1) / 2) * step
        for checkpoint in (UNTRAINED, FINAL):
            here = pair[pair["checkpoint"] == checkpoint].set_index("layer").reindex(names)
            solid = checkpoint == FINAL
            if solid:
                axes.vlines(x, here["rho_low"], here["rho_high"], color=color, linewidth=2, alpha=0.45)
            axes.plot(
                x,
                here["rho"],
                marker,
                color=color,
                markerfacecolor=color if solid else "white",
                markersize=4.2 if solid else 3.2,
                alpha=1 if solid else 0.8,
                label=f"{NAMES[first]} and {NAMES[second]}" if solid else None,
            )
            # of what was measured only: substitution and ablation are for some layers
            measured = here["n"].gt(0) & solid
            mark_undefined(axes, x[measured], here.loc[measured, "rho"], color)
    depth_axis(axes, names)
    axes.set_ylim(-1.05, 1.05)
    axes.set_ylabel("rank correlation ρ\nover a layer's units")
    if UNTRAINED in set(layers["checkpoint"]):
        axes.plot([], [], "o", color=INK, markerfacecolor="white", markersize=3.2, label="untrained network")
    axes.plot([], [], "x", color=INK, markersize=4, label="undefined")
    axes.legend(loc="upper left", bbox_to_anchor=(0, 1.32), ncols=2, fontsize=7.5)


def views(inputs: Inputs) -> Views:
    """Return the function of the one view of a run."""
    agreement = inputs.table("agreement.agreement")
    here = (agreement["network"] == inputs.network) & (agreement["dataset"] == inputs.dataset)
    return {
        "notions": lambda: draw_agreement(agreement[here], f"Do the notions of a unit agree? {inputs.where}")
    }
