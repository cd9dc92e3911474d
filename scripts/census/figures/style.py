"""The one style of all figures: fonts, colors, the depth axis, and how a figure is saved."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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

STYLE: dict[Any, Any] = {
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


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of the study's style, in inches; draw on it within :func:`in_style`."""
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def in_style() -> AbstractContextManager[None]:  # matplotlib names no public type for it
    """Return the context in which figures are drawn and saved."""
    return mpl.rc_context(STYLE)


def save(figure: Figure, paths: Iterable[str | Path], dpi: int) -> None:
    """Save a figure to each path, in the format of its ending, without the date of the day."""
    for path in map(Path, paths):
        # only vector formats carry a date
        dated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix)
        figure.savefig(path, dpi=dpi, metadata=dated)


def depth_width(n_layers: int) -> float:
    """Return a figure width in inches at which the names of that many layers stand beside each other."""
    return max(WIDTH, 1.2 + 0.23 * n_layers)


def names_height(layers: Sequence[str]) -> float:
    """Return the height in inches that the names of layers take below an axis."""
    return 0.5 + 0.066 * max(map(len, layers))


def depth_axis(axes: Axes, layers: Sequence[str], named: bool = True) -> None:
    """Give an axes one place per layer along x, in order of depth, with the layers' names below."""
    axes.set_xlim(-0.6, len(layers) - 0.4)
    axes.set_xticks(range(len(layers)))
    if named:
        axes.set_xticklabels(layers, rotation=90, fontsize=7)
        axes.set_xlabel("layer, in order of depth")
    else:
        axes.tick_params(labelbottom=False)
