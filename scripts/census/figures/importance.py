"""Selectivity, substitution and importance of the same units, against each other and along depth."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from census.figures.inputs import Inputs, Views
from census.figures.style import (
    BLUE,
    FINAL,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    UNTRAINED,
    VERMILION,
    WIDTH,
    depth_axis,
    depth_width,
    final_state,
    mark_undefined,
    names_height,
    new_figure,
    nothing_to_show,
    wrapped,
)

COLUMNS = 3  # of panels


class _Kind(NamedTuple):
    """How a measure is drawn: its color, its marks, and its name."""

    color: str
    marker: str
    name: str


SUBSTITUTIONS = {
    "rs_iam": _Kind(BLUE, "o", "RS on independent pictures (IAM)"),
    "rs_am": _Kind(ORANGE, "^", "RS on maximizing pictures (AM)"),
    "rs_natural": _Kind(GREEN, "s", "RS on the unit's own top image"),
}
MEASURES = {
    "selectivity": _Kind(PURPLE, "D", "class selectivity"),
    "rs_iam": _Kind(BLUE, "o", "RS (IAM)"),
    "mean_activation": _Kind(ORANGE, "^", "mean activation"),
}
LOSS = "loss added by ablation"


def _layers(table: pd.DataFrame) -> list[str]:
    return table.sort_values("depth")["layer"].unique().tolist()


def _interval(row: pd.Series) -> str:
    """Return a rank correlation with its interval, in words."""
    if np.isnan(row["rho"]):
        return "ρ undefined"
    return f"ρ {row['rho']:.2f} ({row['rho_low']:.2f} to {row['rho_high']:.2f})"


def _relation(relations: pd.DataFrame, layer: str, first: str, second: str) -> pd.Series:
    """Return the row of a relation of the final network, nothing held fixed."""
    here = relations[(relations["checkpoint"] == FINAL) & (relations["layer"] == layer)]
    chosen = here[(here["first"] == first) & (here["second"] == second) & here["held"].isna()]
    return chosen.iloc[0]


def draw_substitution(units: pd.DataFrame, relations: pd.DataFrame, title: str) -> Figure:
    """Draw how replaceable units are against how selective they are, a panel for each layer.

    Parameters
    ----------
    units, relations : as the rule ``importance`` writes them.
    title : what stands above.
    """
    units = units[units["checkpoint"] == FINAL]
    names = _layers(units)
    rows = -(-len(names) // COLUMNS)
    figure = new_figure(WIDTH, 0.8 + 2.15 * rows)
    panels = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False)
    shown = {"IAM": "rs_iam", "AM": "rs_am"}
    for axes, name in zip(panels.flat, names, strict=False):
        here = units[units["layer"] == name]
        lines = [f"{here['rs_iam_failed'].notna().sum()} of {len(here)} units"]
        for word, column in shown.items():
            _mark(axes, here["selectivity"], here[column], SUBSTITUTIONS[column], solid=word == "IAM")
            failed = (here[f"{column}_failed"].notna() & here[column].isna()).sum()
            lines.append(
                f"{word}: {_interval(_relation(relations, name, column, 'selectivity'))}, "
                f"{(here[column] == 0).sum()} with RS 0" + (f", {failed} failed" if failed else "")
            )
        axes.set_title(wrapped(name, 26), fontsize=7.5)
        axes.text(0.99, 0.98, "\n".join(lines), transform=axes.transAxes, ha="right", va="top", fontsize=6.2)
    # room for the words in each panel
    highest = max(0.05, units[[*shown.values()]].max().max())
    panels[0, 0].set(xlim=(-0.03, 1.03), ylim=(-0.04 * highest, 1.4 * highest))
    for axes in panels.flat[max(0, len(names) - COLUMNS) : len(names)]:
        axes.tick_params(labelbottom=True)
        axes.set_xlabel("class selectivity")
    for axes in panels.flat[len(names) :]:
        axes.remove()
    figure.supylabel("RS: share of units that answer more")
    handles = [_handle(SUBSTITUTIONS[column], "", solid=word == "IAM") for word, column in shown.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def draw_depth(units: pd.DataFrame, relations: pd.DataFrame, title: str) -> Figure:
    """Draw along depth how RS goes with selectivity, and how RS spreads over each layer's units.

    Parameters
    ----------
    units, relations : as the rule ``importance`` writes them.
    title : what stands above.
    """
    relations = relations[relations["second"] == "selectivity"]
    names = _layers(relations)
    figure = new_figure(depth_width(len(names)), 5.2 + names_height(names))
    above, below = figure.subplots(2, 1, sharex=True)
    for column, kind, checkpoint, solid, x in _series(SUBSTITUTIONS, relations, len(names)):
        _draw_rho(above, relations, names, column, kind, checkpoint, x, solid=solid)
        values = units[units["checkpoint"] == checkpoint].groupby("layer")[column]
        lower, median, upper = (values.quantile(share).reindex(names) for share in (0.25, 0.5, 0.75))
        _bars(below, x, lower, upper, kind, solid=solid)
        _mark(below, x, median, kind, solid=solid)
        mark_undefined(below, x, median, kind.color)
    _label(above, "rank correlation ρ\nof RS and class selectivity")
    depth_axis(above, names, named=False)
    below.set_ylabel("RS: median and\nmiddle half of units")
    below.set_ylim(bottom=-0.02)
    depth_axis(below, names)
    _legend(figure, SUBSTITUTIONS.values(), relations)
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def draw_costs(units: pd.DataFrame, relations: pd.DataFrame, title: str) -> Figure:
    """Draw what the ablation of each unit costs against its other measures, a row of panels for each layer.

    Parameters
    ----------
    units, relations : as the rule ``importance`` writes them.
    title : what stands above.
    """
    units = units[units["checkpoint"] == FINAL]
    n_units = units.groupby("layer").size()
    units = units[units["ablation_loss"].notna()]
    names = _layers(units)
    if not names:
        return nothing_to_show(title, f"{LOSS} has no value for any unit.")
    figure = new_figure(WIDTH, 0.6 + 1.55 * len(names))
    panels = figure.subplots(len(names), len(MEASURES), squeeze=False, sharey="row")
    for row, name in zip(panels, names, strict=True):
        here = units[units["layer"] == name]
        for axes, (column, kind) in zip(row, MEASURES.items(), strict=True):
            axes.axhline(0, color=VERMILION, linewidth=1)
            low, high = here["ablation_loss_low"], here["ablation_loss_high"]
            axes.vlines(here[column], low, high, color=kind.color, linewidth=0.7, alpha=0.5)
            _mark(axes, here[column], here["ablation_loss"], kind, solid=True)
            words = _interval(_relation(relations, name, column, "ablation_loss"))
            axes.set_title(words, fontsize=7, fontweight="normal", loc="right")
            axes.tick_params(labelsize=7)
            axes.margins(y=0.1)
            if column == "rs_iam":
                highest = max(0.05, here[column].max())
                axes.set_xlim(-0.05 * highest, 1.05 * highest)
        words = f"{wrapped(name, 22)}\n{len(here)} of {n_units[name]} units"
        row[0].set_ylabel(words, fontsize=7)
    for axes, kind in zip(panels[-1], MEASURES.values(), strict=True):
        axes.set_xlabel(kind.name)
    figure.supylabel(f"{LOSS} (nats)")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def draw_relations(relations: pd.DataFrame, title: str) -> Figure:
    """Draw along depth how measures of units go with what their ablation costs.

    Parameters
    ----------
    relations : as the rule ``importance`` writes them.
    title : what stands above.
    """
    relations = relations[relations["second"] == "ablation_loss"]
    plain, held = (relations[relations["held"].isna() == each] for each in (True, False))
    names = _layers(relations)
    figure = new_figure(depth_width(len(names)), 5.2 + names_height(names))
    above, below = figure.subplots(2, 1, sharex=True)
    for column, kind, checkpoint, solid, x in _series(MEASURES, relations, len(names)):
        _draw_rho(above, plain, names, column, kind, checkpoint, x, solid=solid)
        if column != "mean_activation":
            _draw_rho(below, held, names, column, kind, checkpoint, x, solid=solid)
    _label(above, f"rank correlation ρ\nwith {LOSS}")
    _label(below, "the same, mean\nactivation held fixed")
    depth_axis(above, names, named=False)
    depth_axis(below, names)
    _legend(figure, MEASURES.values(), relations)
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def _series(
    kinds: Mapping[str, _Kind], table: pd.DataFrame, n_layers: int
) -> Iterator[tuple[str, _Kind, str, bool, NDArray[np.floating]]]:
    """Yield each of three measures, untrained and trained, with its places along depth beside the others."""
    for number, (column, kind) in enumerate(kinds.items()):
        for checkpoint, nudge in ((UNTRAINED, -0.08), (FINAL, 0.08)):
            if checkpoint in set(table["checkpoint"]):
                places = np.arange(n_layers) + (number - 1) * 0.32 + nudge
                yield column, kind, checkpoint, checkpoint == FINAL, places


def _draw_rho(
    axes: Axes,
    relations: pd.DataFrame,
    names: Sequence[str],
    column: str,
    kind: _Kind,
    checkpoint: str,
    x: NDArray[np.floating],
    *,
    solid: bool,
) -> None:
    """Draw a measure's rank correlations along depth, with their intervals."""
    here = relations[(relations["checkpoint"] == checkpoint) & (relations["first"] == column)]
    here = here.set_index("layer").reindex(names)
    _bars(axes, x, here["rho_low"], here["rho_high"], kind, solid=solid)
    _mark(axes, x, here["rho"], kind, solid=solid, line="-" if solid else "--")
    mark_undefined(axes, x, here["rho"], kind.color)


def _bars(axes: Axes, x: ArrayLike, low: ArrayLike, high: ArrayLike, kind: _Kind, *, solid: bool) -> None:
    axes.vlines(x, low, high, color=kind.color, linewidth=2.2 if solid else 1, alpha=0.5)


def _mark(axes: Axes, x: ArrayLike, y: ArrayLike, kind: _Kind, *, solid: bool, line: str = "") -> None:
    """Draw marks, hollow if not ``solid``, joined by a line if there is one."""
    axes.plot(x, y, markersize=4, alpha=0.85, linewidth=0.9, **_look(kind, line, solid=solid))


def _handle(kind: _Kind, line: str, *, solid: bool) -> Line2D:
    """Return what a legend needs to explain such marks."""
    return Line2D([], [], label=kind.name, **_look(kind, line, solid=solid))


def _look(kind: _Kind, line: str, *, solid: bool) -> dict[str, Any]:
    face = kind.color if solid else "white"
    return {"color": kind.color, "marker": kind.marker, "markerfacecolor": face, "linestyle": line}


def _label(axes: Axes, label: str) -> None:
    """Make y an axis of rank correlations."""
    axes.axhline(0, color=VERMILION, linewidth=1)
    axes.set_ylim(-1.05, 1.05)
    axes.set_ylabel(label)


def _legend(figure: Figure, kinds: Iterable[_Kind], relations: pd.DataFrame) -> None:
    handles = [_handle(kind, "-", solid=True) for kind in kinds]
    if UNTRAINED in set(relations["checkpoint"]):
        handles += [
            _handle(_Kind(INK, "o", final_state(relations)), "-", solid=True),
            _handle(_Kind(INK, "o", "untrained"), "--", solid=False),
        ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)


def views(inputs: Inputs) -> Views:
    """Return the function of each view of a run: measures of units against each other, and along depth."""
    units, relations = (inputs.table(f"importance.{name}") for name in ("units", "relations"))
    return {
        "substitution": lambda: draw_substitution(
            units, relations, f"Are selective units replaceable? {inputs.where}"
        ),
        "depth": lambda: draw_depth(units, relations, f"Substitution and selectivity: {inputs.where}"),
        "costs": lambda: draw_costs(units, relations, f"Which units are important? {inputs.where}"),
        "relations": lambda: draw_relations(relations, f"What goes with importance: {inputs.where}"),
    }
