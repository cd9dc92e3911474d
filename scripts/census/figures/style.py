"""The one style of all figures: fonts, colors, the depth axis, and how a figure is saved."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font, get_font_names
from matplotlib.ft2font import FT2Font
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FuncFormatter
from numpy.typing import ArrayLike

# Okabe & Ito's palette, told apart by the color-blind
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, INK, GRAY = "#CC79A7", "#56B4E9", "#222222", "#8C8C8C"
# dark to light without red against green: depth, from the input on
DEPTH_COLORS = mpl.colormaps["viridis"]
MARKERS = {"input": "s", "rectifier": "o", "pooling": "v", "module": "D", "output": "s", "other": "x"}
KIND_NAMES = {
    "input": "input",
    "rectifier": "rectified layer",
    "pooling": "pooling",
    "module": "module output",
    "output": "logits",
    "other": "other layer",
}

# fonts of several systems for names of layers and classes, used for characters that the first font lacks
FALLBACK_FONTS = (
    *(f"Noto Sans CJK {region}" for region in ("JP", "SC", "TC", "KR")),
    *("Hiragino Sans", "PingFang SC", "Yu Gothic", "Microsoft YaHei", "Malgun Gothic"),
    *("WenQuanYi Micro Hei", "Droid Sans Fallback", "Arial Unicode MS", "Noto Sans", "Unifont"),
)
FONTS = ["sans-serif", *(name for name in FALLBACK_FONTS if name in get_font_names())]

STYLE: dict[Any, Any] = {
    "font.family": FONTS,
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.labelsize": 9,
    "figure.titlesize": 10,
    "figure.titleweight": "bold",
    "lines.linewidth": 1.4,
    "lines.markersize": 4.5,
    "svg.hashsalt": "neuron-census",  # the same figure gives the same file
}
WIDTH = 7.2  # inches, the text width of a page
LONGEST = 48  # characters of a name beside an axis
FINAL, UNTRAINED = "final", "0"  # names of checkpoints


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of the study's style, in inches; draw on it within :func:`in_style`."""
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def nothing_to_show(title: str, why: str) -> Figure:
    """Return a figure in place of one whose values are all undefined: it says so, with the reason."""
    figure = new_figure(WIDTH, 1)
    figure.set_layout_engine("none")  # it has no panels
    figure.text(0.01, 0.3, f"Nothing defined to show: {why}", color=GRAY)
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def in_style() -> AbstractContextManager[None]:  # matplotlib names no public type for it
    """Return the context in which figures are drawn and saved."""
    return mpl.rc_context(STYLE)


def save(figure: Figure, paths: Iterable[str | Path], dpi: int) -> None:
    """Save a figure to each path, in the format of its ending, without the date of the day."""
    figure.set_dpi(dpi)
    take_literally(figure)
    layout = figure.get_layout_engine()
    if layout is not None:
        # once, and not anew for each format; with a layout left to be made, each is drawn twice
        layout.execute(figure)
        figure.set_layout_engine(None)
    for path in map(Path, paths):
        # only vector formats carry a date
        dated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix)
        figure.savefig(path, dpi=dpi, metadata=dated)


def take_literally(figure: Figure) -> None:
    r"""Show all texts of a figure as they are, whatever names of layers and classes contain.

    Dollar signs begin no formula; only tick labels of log axes are formulas. Characters without a glyph in
    any font are replaced by their code points, ``\u65e5``. Names at ticks are shortened to :data:`LONGEST`
    characters.
    """
    for each in _texts(figure):
        if isinstance(each, Text):
            each.set_parse_math(False)
            each.set_text(with_glyphs(each.get_text()))
        elif isinstance(each.get_major_formatter(), FixedFormatter | FuncFormatter):
            labels = each.get_ticklabels()
            names = [label.get_text() for label in labels]
            for label in labels:
                label.set_parse_math(False)
            shown = [with_glyphs(shortened(name, LONGEST)) for name in names]
            if shown != names:
                each.set_ticklabels(shown)


def _texts(artist: Artist) -> Iterator[Text | Axis]:
    """Yield the texts below an artist; the axes of panels, whose ticks have texts, as a whole."""
    for child in artist.get_children():
        if isinstance(child, Text):
            yield child
        elif isinstance(child, Axis):
            yield child
            yield child.label
        else:
            yield from _texts(child)


def with_glyphs(text: str) -> str:
    """Return a text in which characters without a glyph in any font are replaced by their code points."""
    return "".join(
        character
        if character == "\n" or any(font.get_char_index(ord(character)) for font in _fonts())
        else character.encode("unicode_escape").decode()
        for character in text
    )


@cache
def _fonts() -> list[FT2Font]:
    return [get_font(findfont(FontProperties(family=[name]))) for name in FONTS]


def state_of(checkpoint: str) -> str:
    """Return what a title adds to the network's name to tell its state; nothing for the final one."""
    return {FINAL: "", UNTRAINED: ", untrained"}.get(checkpoint, f", step {checkpoint}")


def final_state(table: pd.DataFrame) -> str:
    """Return what to call the final network of a table: it is not trained where its weights are random."""
    steps = table.loc[table["checkpoint"] == FINAL, "step"]
    return "random weights" if (steps == 0).any() else "trained"


def two_digits(value: float) -> str:
    """Return a number in words, with two digits after the point."""
    return "undefined" if np.isnan(value) else f"{value:.2f}".replace("inf", "∞").replace("-", "−")


def mark_undefined(axes: Axes, x: ArrayLike, y: ArrayLike, color: str | tuple[float, ...]) -> None:
    """Put a cross at the foot of an axes wherever a value is undefined."""
    places = np.asarray(x)[np.isnan(np.asarray(y, dtype=float))]
    if len(places):
        axes.plot(places, np.full(len(places), 0.03), "x", color=color, transform=axes.get_xaxis_transform())


def shortened(name: str, longest: int, *, begin: bool = False) -> str:
    """Leave out the beginning of a name of too many characters: its end tells layers apart.

    Parameters
    ----------
    begin : whether the beginning is kept, which tells classes apart.
    """
    if len(name) <= longest:
        return name
    return f"{name[: longest - 1]}…" if begin else f"…{name[1 - longest :]}"


def wrapped(name: str, longest: int) -> str:
    """Break a layer's name of too many characters behind a dot, into two lines of at most that many each."""
    if len(name) <= longest:
        return name
    path, dot, last = name.rpartition(".")
    lines = [path + dot, last] if dot else [name]
    return "\n".join(shortened(line, longest) for line in lines)


def depth_width(n_layers: int) -> float:
    """Return a figure width in inches at which the names of that many layers stand beside each other."""
    return max(WIDTH, 1.2 + 0.23 * n_layers)


def names_height(layers: Sequence[str]) -> float:
    """Return the height in inches that the names of layers take below an axis."""
    return 0.5 + 0.066 * min(max(map(len, layers)), LONGEST)


def depth_axis(axes: Axes, layers: Sequence[str], named: bool = True) -> None:
    """Give an axes one place per layer along x, in order of depth, with the layers' names below."""
    axes.set_xlim(-0.6, len(layers) - 0.4)
    axes.set_xticks(range(len(layers)))
    if named:
        axes.set_xticklabels(layers, rotation=90, fontsize=7)
        axes.set_xlabel("layer, in order of depth")
    else:
        axes.tick_params(labelbottom=False)


def along_depth(
    axes: Axes,
    table: pd.DataFrame,
    column: str,
    color: str,
    *,
    solid: bool,
    silent: "pd.Series[bool] | None" = None,
) -> None:
    """Draw a column with its interval, a mark per layer by its kind; hollow and dashed if not ``solid``.

    Parameters
    ----------
    table : a row per layer with depth, kind, the column, and ``_low`` and ``_high`` of it if it has any.
    silent : for each row, whether a missing value comes of silence; said so in its place.
    """
    table = table.sort_values("depth")
    x, y = np.arange(len(table)), table[column].to_numpy(float)
    axes.plot(x, y, color=color, linewidth=1.2 if solid else 1, linestyle="-" if solid else (0, (3, 2)))
    if f"{column}_low" in table:
        low, high = table[f"{column}_low"], table[f"{column}_high"]
        axes.vlines(x, low, high, color=color, linewidth=2.4, alpha=0.45)
    for kind, marker in MARKERS.items():
        here = (table["kind"] == kind).to_numpy()
        axes.plot(
            x[here],
            y[here],
            marker,
            markeredgecolor=color,
            markerfacecolor=color if solid else "white",
            markersize=4.5,
        )
    if silent is not None:
        for place in x[np.isnan(y) & silent.reindex(table.index).to_numpy()]:
            axes.text(place, 0.02, "silent", rotation=90, ha="center", va="bottom", fontsize=7, color=color)


def kind_handles(kinds: Iterable[str]) -> list[Line2D]:
    """Return what a legend needs to explain the marks of layers of these kinds, input and logits aside."""
    shown = set(kinds)
    return [
        Line2D([], [], color=INK, label=KIND_NAMES[kind], marker=MARKERS[kind], linestyle="")
        for kind in ("rectifier", "pooling", "module")
        if kind in shown
    ]


def spread(
    axes: Axes, x: ArrayLike, units: pd.DataFrame, column: str, layers: Sequence[str], color: str
) -> None:
    """Draw how a column spreads over each layer's units: median, middle half, and nine tenths of them.

    Parameters
    ----------
    x : where each layer stands.
    units : a row per unit with layer and the column; what is undefined is left out.
    layers : by name, in the order of ``x``; nothing is drawn where there are no values.
    """
    values = units.groupby("layer")[column]
    low, lower, median, upper, high = (
        values.quantile(share).reindex(layers).to_numpy() for share in (0.05, 0.25, 0.5, 0.75, 0.95)
    )
    axes.vlines(x, low, high, color=color, linewidth=0.9)
    axes.vlines(x, lower, upper, color=color, linewidth=4, alpha=0.55)
    axes.plot(
        x, median, "o", color=color, markersize=4, markeredgecolor="white", markeredgewidth=0.5, zorder=3
    )


def spread_handles(color: str = INK) -> list[Line2D]:
    """Return what a legend needs to explain the bars of :func:`spread`."""
    return [
        Line2D([], [], color=color, linewidth=4, alpha=0.55, label="half of the units"),
        Line2D([], [], color=color, linewidth=0.9, label="90 % of the units"),
    ]


def untrained_handle(color: str) -> Line2D:
    """Return what a legend needs to explain the dashed curve and hollow marks of the untrained network."""
    return Line2D(
        [], [], color=color, label="untrained", linestyle=(0, (3, 2)), marker="o", markerfacecolor="white"
    )


def over_learning(axes: Axes, table: pd.DataFrame, column: str, layers: Sequence[str] | None = None) -> None:
    """Draw a column of each layer against the step of training, with its interval; color tells depth.

    Parameters
    ----------
    table : a row per layer and checkpoint: layer, depth, step, the column, and ``_low`` and ``_high`` of it
        if it has any.
    layers : by whose order colors go, where the table has only some of a figure's layers.
    """
    in_table = table.sort_values("depth")["layer"].unique().tolist()
    names = in_table if layers is None else list(layers)
    for name in in_table:
        layer = table[table["layer"] == name].sort_values("step")
        color = DEPTH_COLORS(0.92 * names.index(name) / max(1, len(names) - 1))
        if f"{column}_low" in layer:
            low, high = layer[f"{column}_low"], layer[f"{column}_high"]
            axes.fill_between(layer["step"], low, high, color=color, alpha=0.2, linewidth=0)
        label = shortened(name, LONGEST)
        if label.startswith("_"):  # a legend would leave it out
            label = f"\N{ZERO WIDTH SPACE}{label}"
        axes.plot(layer["step"], layer[column], "o-", color=color, label=label, markersize=3.5)
        mark_undefined(axes, layer["step"], layer[column], color)
    step_axis(axes, sorted(table["step"].unique()))


def learning_figure(
    table: pd.DataFrame, labels: Mapping[str, str], title: str, others: Sequence[Line2D] = ()
) -> tuple[Figure, list[Axes]]:
    """Return a figure of columns of each layer over learning, two panels beside each other, and these.

    Parameters
    ----------
    table : as :func:`over_learning` takes it.
    labels : what is written beside a column's panel, by column.
    title : what stands above.
    others : what the legend explains beside the layers.
    """
    figure = new_figure(WIDTH, 3.4)
    panels = list(figure.subplots(1, len(labels), sharex=True))
    for panel, (column, label) in zip(panels, labels.items(), strict=True):
        over_learning(panel, table, column)
        panel.set_ylabel(label)
    handles = [*panels[0].get_legend_handles_labels()[0], *others]
    figure.legend(handles=handles, loc="outside right center", title="layer", alignment="left")
    figure.suptitle(title, x=0.01, ha="left")
    return figure, panels


def step_axis(axes: Axes, steps: Sequence[int]) -> None:
    """Make x a log axis of training steps, on which the untrained network has a place, too."""
    axes.set_xscale("symlog", linthresh=1, linscale=0.4)
    axes.set_xticks(
        steps, ["un-\ntrained" if step == 0 else f"{step:,}" for step in steps], fontsize=7, rotation=90
    )
    axes.minorticks_off()
    axes.set_xlabel("step of training (log scale)")
