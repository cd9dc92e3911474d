"""What holds for all axes of figures: words clear of lines, labels of logarithms, no empty panel."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, Locator, LogFormatterSciNotation, LogLocator, NullLocator

from census.figures.style import GRAY

SMALLEST, LARGEST = 1e-3, 1e3  # powers of ten that are written as plain numbers
FOOT = 0.13  # inches, height of a strip below the values of axes
LEAST_FOOT, MOST_FOOT = 0.07, 0.2  # of the height of axes
STRIP = "#F2F2F2"  # color of the strip


class _From(Locator):
    """Places ticks as another locator does, but none below a value."""

    def __init__(self, locator: Locator, lowest: float) -> None:
        self._locator, self._lowest = locator, lowest

    def __call__(self) -> Any:
        ticks = np.asarray(self._locator())
        return ticks[ticks >= self._lowest]

    def tick_values(self, vmin: float, vmax: float) -> Any:
        ticks = np.asarray(self._locator.tick_values(vmin, vmax))
        return ticks[ticks >= self._lowest]


def foot_of(axes: Axes) -> float:
    """Return the height of the strip below the values of axes, as a share of that of the axes."""
    inches = axes.bbox.height / axes.figure.dpi
    return min(max(FOOT / inches, LEAST_FOOT), MOST_FOOT)


def give_feet(panels: Iterable[Axes]) -> None:
    """Extend y below its values by a gray strip, in which nothing can be taken for a value.

    All panels that share y are extended once, because their values remain comparable.
    """
    extended: set[Axes] = set()
    for axes in panels:
        if axes in extended:
            continue
        alike = axes.get_shared_y_axes().get_siblings(axes)
        extended.update(alike)
        lowest, _ = axes.get_ylim()
        scale = axes.yaxis.get_transform()
        bottom, top = scale.transform(axes.get_ylim())
        foot = foot_of(axes)
        (below,) = scale.inverted().transform([bottom - foot / (1 - foot) * (top - bottom)])
        axes.yaxis.set_major_locator(_From(axes.yaxis.get_major_locator(), lowest))
        if not isinstance(axes.yaxis.get_minor_locator(), NullLocator):
            axes.yaxis.set_minor_locator(_From(axes.yaxis.get_minor_locator(), lowest))
        axes.set_ylim(bottom=below)
        for panel in alike:
            panel.axhspan(below, lowest, color=STRIP, linewidth=0, zorder=0)


def keep_clear(axes: Axes) -> None:
    """Put words within a panel on a white ground, so that no line of the grid crosses them."""
    if not axes.axison:
        return
    for words in axes.texts:
        if words.get_bbox_patch() is None and not axes.images:
            words.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.4})


def label_logarithms(axes: Axes) -> None:
    """Label further ticks of a log axis on which fewer than two powers of ten lie within view."""
    for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        if axis.get_scale() != "log" or isinstance(axis.get_minor_locator(), NullLocator):
            continue
        low, high = sorted((low, high))
        if not 0 < low < high or np.floor(np.log10(high)) - np.ceil(np.log10(low)) >= 1:
            continue
        axis.set_minor_locator(LogLocator(subs=(2, 5) if high > 3 * low else range(1, 10)))
        axis.set_minor_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_tick_params(which="minor", labelsize=axis.get_major_ticks()[0].label1.get_fontsize())


def name_powers(axes: Axes) -> None:
    """Write powers of ten on log axes as plain numbers if all lie between 0.001 and 1,000."""
    for axis in (axes.xaxis, axes.yaxis):
        if not isinstance(axis.get_major_formatter(), LogFormatterSciNotation):
            continue
        low, high = sorted(axis.get_view_interval())
        powers = [abs(tick) for tick in axis.get_majorticklocs() if tick and low <= tick <= high]
        if powers and min(powers) >= SMALLEST and max(powers) <= LARGEST:
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))


def say_if_empty(axes: Axes) -> None:
    """Say in a panel without content that no value is defined."""
    shown = (*axes.lines, *axes.collections, *axes.patches, *axes.images, *axes.texts)
    if axes.axison and axes.get_label() != "<colorbar>" and not any(map(_has_content, shown)):
        style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8, "color": GRAY}
        axes.text(0.5, 0.5, "no value is defined", transform=axes.transAxes, **style)


def _has_content(artist: Artist) -> bool:
    """Return whether an artist shows data; lines across the whole panel do not."""
    if isinstance(artist, Line2D):
        is_across = artist.axes is not None and artist.get_transform() is not artist.axes.transData
        return not is_across and bool(np.isfinite(np.asarray(artist.get_ydata(), float)).any())
    if isinstance(artist, LineCollection):
        return any(len(segment) and np.isfinite(segment).all() for segment in artist.get_segments())
    return True
