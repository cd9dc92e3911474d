"""The grammar of figures: a page, its forms, and what is drawn on it.

Modules of :mod:`census.figures` draw through the :class:`Page` that they are given. They import no library
that draws, because planning reads their declarations.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from textwrap import wrap
from typing import Any, TypeVar

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Normalize, to_hex, to_rgba_array
from matplotlib.figure import Figure, FigureBase
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.text import Text
from matplotlib.ticker import PercentFormatter
from matplotlib.transforms import offset_copy
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from census.drawing.axes import foot_of, give_feet, keep_clear, label_logarithms, name_powers, say_if_empty
from census.drawing.texts import FONTS, broken, take_literally, with_glyphs
from census.drawing.tiles import Strip, as_tile, draw_strips
from census.figures.style import (
    COLORS,
    DASHED,
    FINAL,
    GRAY,
    HEIGHT,
    INK,
    KIND_NAMES,
    LONGEST,
    RIDGE,
    UNTRAINED,
    WIDTHS,
    final_state,
    layers_of,
    modules_of,
    short_names,
    shortened,
    states,
)

# dark to light without red against green: depth, from the input on
DEPTH_COLORS = mpl.colormaps["viridis"]
COLORMAPS = {
    "depth": DEPTH_COLORS,
    "similarity": mpl.colormaps["viridis"].with_extremes(bad="#D0D0D0", under="#2B0A3D"),
    "correlation": mpl.colormaps["RdBu_r"].with_extremes(bad=GRAY),
    "agreement": mpl.colormaps["RdBu_r"].with_extremes(bad="white"),
    "distance": mpl.colormaps["viridis"].with_extremes(bad=GRAY),
}
# inches: a line of a title, a rotated name at an axis, ticks and label beside a panel
LINE, NAME, NARROWER = 0.17, 0.115, 0.9
SHORTEST = 8  # letters of a line
DIGIT = 0.05  # inches, of a number above a panel
PICTURE_DPI = 120
FAITHFUL = 4  # of 255, by which a palette may change a channel of a pixel
MOST_BESIDE, BESIDE = 24, 1.7  # layers along depth, and inches of a legend, that have room beside each other
MARKERS = {"input": "s", "nonlinearity": "o", "pooling": "v", "module": "D", "output": "s", "other": "^"}
ORDINALS = {2: "second", 3: "third", 4: "fourth", 5: "fifth"}
Item = TypeVar("Item")
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


def in_style() -> AbstractContextManager[None]:  # matplotlib names no public type for it
    """Return the context in which figures are drawn and saved."""
    # the user's own settings have no part in it; that of the backend is no style
    defaults = {name: value for name, value in mpl.rcParamsDefault.items() if name != "backend"}
    return mpl.rc_context(defaults | STYLE)


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches; draw on it within :func:`in_style`."""
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


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
        if path.suffix == ".png":
            _save_bitmap(figure, path, dpi)
            continue
        # only vector formats carry a date
        dated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix)
        # pictures in vector files have this resolution
        figure.savefig(path, dpi=min(dpi, PICTURE_DPI), metadata=dated)


def _save_bitmap(figure: Figure, path: Path, dpi: int) -> None:
    """Save a figure with a palette of 256 colors if that changes no color noticeably, else in true color.

    A palette makes a file less than half as large, and a report holds all figures.
    """
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    colors = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    # of Pillow's methods the one with the smallest largest error; the default merges colors of few pixels,
    # such as those of legends, if an image has many others
    few = colors.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    shades = np.asarray(colors, np.int16), np.asarray(few.convert("RGB"), np.int16)
    is_faithful = int(np.abs(np.subtract(*shades)).max()) <= FAITHFUL
    # the highest level of compression saves another 3 %, in seven times the time
    (few if is_faithful else colors).save(path, compress_level=6, dpi=(dpi, dpi))


def figure_of(
    draw: Callable[..., None],
    *inputs: Any,
    title: str = "",
    run: Mapping[str, Any] | None = None,
    width: str = "page",
    sheet: tuple[int, int] = (0, 1),
    **named_inputs: Any,
) -> Figure:
    """Return the figure that a view's function draws, with its legend and title; see :class:`Page`."""
    page = Page(title, run, width, sheet)
    draw(page, *inputs, **named_inputs)
    return page.finish()


class Page:
    """A figure that is being drawn.

    A view's function chooses a form, such as :meth:`along_depth`, which gives the panels; draws on them; and
    explains what it drew. The legend has entries in the order in which they were explained. The page alone
    decides on sizes: the function states the height of what it draws, and the page adds what title, legend
    and names take. No figure is higher than a page.

    Attributes
    ----------
    title : stands above; a view's function may add to it, or replace it.
    run : columns of the census that tell the run from others; empty for figures of the whole study.
    width : inches.
    sheet : number of this figure among those of the view, from 0, and their count; see :meth:`share`.
    figure : the figure, once a form is chosen.
    places : by layer, where it stands along depth.
    """

    def __init__(
        self,
        title: str,
        run: Mapping[str, Any] | None = None,
        width: str = "page",
        sheet: tuple[int, int] = (0, 1),
    ) -> None:
        self.title, self.run, self.width, self.sheet = title, dict(run or {}), WIDTHS[width], sheet
        self.figure: Figure
        self.places: dict[str, int] = {}
        self._entries: list[Artist] = []
        self._crossed: set[str] = set()  # colors of crosses
        self._with_crosses: list[Axes] = []
        self._legend: dict[str, Any] = {}
        self._legend_of: FigureBase | Axes | None = None
        self._is_placed = False
        self._n_beside = 0
        self._short: dict[str, str] = {}

    def finish(self) -> Figure:
        """Return the figure, with its legend and title."""
        number, count = self.sheet
        title = f"{self.title} ({number + 1} of {count})" if count > 1 else self.title
        beside, below = self._draw_legend()
        heading = self.figure.suptitle(title, ha="left")
        self._wrap(heading, self.width - beside - 0.12, within_words=True)
        higher = LINE * heading.get_text().count("\n")
        if self._is_placed:
            give_feet(self._with_crosses)
            self._make_higher(higher, limit=False)
            height = self.figure.get_figheight()
            place: dict[str, Any] = {"x": 0.06 / self.width, "y": 1 - 0.06 / height, "va": "top"}
        else:
            higher += below
            place = {"x": 0.01}
            for axes in self.figure.axes:
                say_if_empty(axes)
            give_feet(self._with_crosses)
            for axes in self.figure.axes:
                keep_clear(axes)
                label_logarithms(axes)
                name_powers(axes)
                higher += LINE * self._wrap_words_of(axes, beside)
            self._make_higher(higher, limit=True)
        heading.set(**place)
        return self.figure

    def _wrap(self, words: Text, inches: float, *, within_words: bool = False) -> int:
        """Wrap words into lines of at most some inches, and return how many lines that adds."""
        whole = words.get_text()
        letters = max(map(len, whole.split("\n")))
        while letters > SHORTEST and (across := self._size_of(words)[0]) > inches:
            letters = max(SHORTEST, min(letters - 1, int(letters * inches / across) + 1))
            parts = (wrap(part, letters, break_long_words=within_words) or [""] for part in whole.split("\n"))
            words.set_text("\n".join(line for part in parts for line in part))
        return words.get_text().count("\n") - whole.count("\n")

    def _wrap_words_of(self, axes: Axes, beside: float) -> int:
        """Wrap title and label of a panel to its column, and return how many lines that adds to the first.

        Parameters
        ----------
        beside : inches that a legend takes beside the panels.
        """
        place = axes.get_subplotspec()
        columns = place.get_gridspec() if place else None
        if place is None or columns is None or columns.ncols > 2:  # small panels have short titles
            return 0
        ratios = np.asarray(columns.get_width_ratios() or np.ones(columns.ncols), float)
        parent = axes.get_figure(root=False)
        assert parent is not None
        whole = parent.bbox.width / self.figure.dpi - (beside if parent is self.figure else 0)
        share = float(ratios[place.colspan.start : place.colspan.stop].sum() / ratios.sum())
        # ticks and label of y stand beside panels
        room = share * whole - NARROWER
        parts = (
            axes.title,
            *(each for each in axes.get_children() if isinstance(each, Text)),
            axes.xaxis.label,
        )
        lines = [self._wrap(each, room) for each in parts if each.get_text() and each not in axes.texts]
        return sum(lines) if place.is_first_col() else 0

    def _draw_legend(self) -> tuple[float, float]:
        """Draw the legend, and return the inches that it takes beside the panels, and below them."""
        if self._crossed:
            color = next(iter(self._crossed)) if len(self._crossed) == 1 else INK
            self.line("undefined", color, marker="x", linestyle="")
        if not self._entries:
            return 0, 0
        owner = self._legend_of or self.figure
        if "loc" in self._legend:
            for columns in range(self._legend.get("ncols", 1), 0, -1):
                legend = owner.legend(handles=self._entries, **{**self._legend, "ncols": columns})
                if columns == 1 or self._size_of(legend)[0] <= self.width:
                    return 0, 0
                legend.remove()
        if self.width == WIDTHS["page"] and self._n_beside <= MOST_BESIDE:
            legend = owner.legend(handles=self._entries, loc="outside right upper", **self._legend)
            beside, _ = self._size_of(legend)
            if beside <= BESIDE:
                return beside, 0
            legend.remove()
        how = {"columnspacing": 1.2, "handlelength": 1.6, "title": self._legend.get("title")}
        # as many columns as the width has room for
        for columns in range(min(5, len(self._entries)), 0, -1):
            legend = owner.legend(handles=self._entries, loc="outside lower center", ncols=columns, **how)
            across, high = self._size_of(legend)
            if columns == 1 or across <= self.width - 0.1:
                return 0, high
            legend.remove()
        raise AssertionError("one column is left")

    def _size_of(self, artist: Artist) -> tuple[float, float]:
        """Return width and height of an artist in inches, before the figure is laid out."""
        renderer = FigureCanvasAgg(self.figure).get_renderer()
        box = artist.get_window_extent(renderer)
        return box.width / self.figure.dpi, box.height / self.figure.dpi

    def _make_higher(self, inches: float, *, limit: bool) -> None:
        height = self.figure.get_figheight() + inches
        self.figure.set_figheight(min(height, HEIGHT) if limit else height)

    def share(self, items: Sequence[Item]) -> list[Item]:
        """Return the items that this sheet shows, of those that the sheets of a view divide evenly."""
        number, count = self.sheet
        first, end = (place * len(items) // count for place in (number, number + 1))
        return list(items[first:end])

    def name(self, layer: str) -> str:
        """Return a layer's name without what most layers of the figure have in common."""
        return self._short.get(layer, layer)

    def know(self, names: Sequence[str]) -> None:
        """State all layers of a figure, so that :meth:`name` shortens their names."""
        if not self._short.keys() >= set(names):
            self._short = short_names(names)

    def rows_of_run(self, table: pd.DataFrame, *others: str) -> pd.DataFrame:
        """Return the rows of a table of the whole study that are about the run.

        Parameters
        ----------
        table : with the keys of the census.
        others : columns in which rows may differ from the run, such as ``seed``.
        """
        for column in self.run.keys() - set(others):
            table = table[table[column] == self.run[column]]
        return table

    # forms

    def blank(self, height: float) -> Figure:
        """Return an empty figure of a height in inches."""
        self.figure = new_figure(self.width, min(height, HEIGHT))
        return self.figure

    def panels(self, height: float, rows: int = 1, columns: int = 1, **how: Any) -> NDArray[np.object_]:
        """Return rows and columns of panels, on a figure of a height in inches."""
        return self.blank(height).subplots(rows, columns, squeeze=False, **how)

    def along_depth(self, names: Sequence[str], height: float, rows: int = 1, **how: Any) -> list[Axes]:
        """Return panels below each other with a place per layer along x, and names below the last one.

        Parameters
        ----------
        names : layers in order of depth.
        height : inches, without the names.
        """
        panels = list(self.panels(height + self.names_height(names), rows, sharex=True, **how)[:, 0])
        self.depth_axes(panels, names)
        return panels

    def depth_axes(self, panels: Sequence[Axes], names: Sequence[str], share: float = 1) -> None:
        """Give each panel a place per layer along x, with the layers' names below the last panel.

        Layers of a module have its name below theirs. If there are more layers than the width has room for,
        every second name is shown, or fewer.

        Parameters
        ----------
        share : of the figure's width that a panel takes.
        """
        self.places = {name: place for place, name in enumerate(names)}
        self._n_beside = max(self._n_beside, len(names))
        for panel in panels:
            panel.set_xlim(-0.6, len(names) - 0.4)
            panel.tick_params(labelbottom=panel is panels[-1])
        self.name_layers(panels[-1], names, share)
        for panel in panels[:-1]:  # they need not share x with the last one
            panel.set_xticks(panels[-1].get_xticks())

    def name_layers(self, panel: Axes, names: Sequence[str], share: float = 1) -> None:
        """Write the names of layers along x, see :meth:`depth_axes`."""
        self.know(names)
        short = [self.name(name) for name in names]
        room = share * self.width - (2.3 if len(names) <= MOST_BESIDE and self.width > 5 else 0.6)
        every = max(1, -(-len(names) * NAME // max(room, NAME)))
        shown = range(0, len(names), int(every))
        labels, below = list(short), "layer, in order of depth"
        modules = modules_of(short) if every == 1 else []
        for module, first, count in modules:
            for place in range(first, first + count):
                labels[place] = short[place].removeprefix(f"{module}.")
        panel.set_xticks(list(shown), [labels[place] for place in shown], rotation=90, fontsize=7)
        if every > 1:
            below += f",\nevery {ORDINALS.get(int(every), f'{every:.0f}th')} named"
        gone = next(
            (
                name[: -len(self.name(name))]
                for name in names
                if name.endswith(self.name(name)) and name != self.name(name)
            ),
            "",
        )
        words = below + (f" (of {gone.rstrip('.')})" if gone else "")
        if modules:
            self.bracket_modules(panel, modules, words)
        else:
            panel.set_xlabel(words)

    def bracket_modules(self, panel: Axes, modules: Sequence[tuple[str, int, int]], label: str) -> None:
        """Bracket the layers of each module below their names along x, above a label.

        Parameters
        ----------
        modules : name, first place and number of layers of each, see
            :func:`~census.figures.style.modules_of`.
        """
        depth = 11 + 72 * max(self._size_of(name)[1] for name in panel.get_xticklabels())  # points
        below = panel.secondary_xaxis(0)
        below.set_xticks(
            [first + (count - 1) / 2 for _, first, count in modules], [module for module, *_ in modules]
        )
        width = min(count for *_, count in modules) * NAME
        upright = max(len(module) for module, *_ in modules) * 0.065 > width
        below.tick_params(length=0, pad=depth + 3, labelsize=7, labelrotation=90 if upright else 0)
        below.spines[:].set_visible(False)
        moved = offset_copy(panel.get_xaxis_transform(), self.figure, y=-depth, units="points")
        for _, first, count in modules:
            ends = [first - 0.35, first + count - 0.65]
            bracket = Line2D(ends, [0, 0], color=INK, linewidth=0.8, transform=moved, clip_on=False)
            self.figure.add_artist(bracket)
        below.set_xlabel(label)

    def columns_of(self, side: float, beside: float = 0, most: int = 99) -> int:
        """Return how many panels of a width in inches stand beside each other, with a margin beside them."""
        return max(1, min(most, int((self.width - beside) / side)))

    def below(self, words: str) -> None:
        """Write a label below all panels, in as many lines as it takes."""
        self._wrap(self.figure.supxlabel(words), self.width - 0.2)

    def grid(self, n: int, columns: int, row: float, others: float, **how: Any) -> list[Axes]:
        """Return a number of panels in rows.

        Parameters
        ----------
        row, others : inches in height, of a row and of all else.
        """
        rows = -(-n // columns)
        panels = self.panels(rows * row + others, rows, columns, **how).ravel()
        for panel in panels[n:]:
            panel.remove()
        return list(panels[:n])

    def ridges(self, names: Sequence[str], columns: int = 1) -> list[Axes]:
        """Return panels beside each other with a row per layer, the first on top; see :meth:`ridge`."""
        self.know(names)
        panels = self.panels(0.8 + RIDGE * len(names), 1, columns, sharey=True)[0]
        panels[0].set_yticks(range(len(names)), [self.name(name) for name in names[::-1]], fontsize=7)
        panels[0].set_ylim(-0.15, len(names))
        panels[0].set_ylabel("layer")
        for panel in panels:
            panel.grid(visible=False)
        self.places = {name: len(names) - 1 - place for place, name in enumerate(names)}
        return list(panels)

    def side_by_side(self, n: int, **how: Any) -> list[Axes]:
        """Return panels beside each other, or below each other in a column's width; rows are 3 inches."""
        shape = (1, n) if self.width == WIDTHS["page"] else (n, 1)
        return list(self.panels(3 * shape[0] + 0.4, *shape, **how).ravel())

    def training(self, table: pd.DataFrame, labels: Mapping[str, str]) -> list[Axes]:
        """Draw columns of each layer over training, in panels beside each other, and return the panels.

        Parameters
        ----------
        table : a row per layer and checkpoint, see :meth:`over_training`.
        labels : label of the panel, by column.
        """
        panels = self.side_by_side(len(labels), sharex=True)
        for panel, (column, label) in zip(panels, labels.items(), strict=True):
            self.over_training(panel, table, column)
            panel.set_ylabel(label)
        self.explain_layers(panels[0])
        if any(f"{column}_low" in table for column in labels):
            self.area("95 % interval", alpha=0.25)
        return panels

    def placed(self, height: float, legend: float = 0) -> None:
        """Begin a figure of a height in inches in which everything stays where it is placed.

        Parameters
        ----------
        legend : inches below, in addition, for a legend.
        """
        self.blank(height + legend).set_layout_engine("none")
        self._is_placed = True
        if legend:
            self.legend(loc="lower left", ncols=5, fontsize=7)

    def axes_at(self, left: float, top: float, width: float, height: float) -> Axes:
        """Return axes at a place in the figure, all in inches from its upper left corner."""
        whole_width, whole_height = self.figure.get_size_inches()
        bottom = whole_height - top - height
        return self.figure.add_axes(
            (left / whole_width, bottom / whole_height, width / whole_width, height / whole_height)
        )

    def canvas(
        self, width: int, height: int, left: float, above: float, below: float, legend: float = 0
    ) -> tuple[Axes, NDArray[np.uint8], float]:
        """Begin a figure of one white picture, which the caller fills and shows on the axes.

        Parameters
        ----------
        width, height : of the picture, in dots.
        left, above, below : space around it, in inches.
        legend : inches for a legend, see :meth:`placed`.

        Returns
        -------
        axes, picture (uint8, shape (height, width, 3)), dots per inch.
        """
        dots = width / (self.width - left - 0.05)
        self.placed(above + height / dots + below, legend)
        axes = self.axes_at(left, above, width / dots, height / dots)
        axes.set_axis_off()
        return axes, np.full((height, width, 3), 255, np.uint8), dots

    def write(self, words: str, left: float, bottom: float, **style: Any) -> None:
        """Write words at a place in inches from the upper left corner."""
        width, height = self.figure.get_size_inches()
        self.figure.text(left / width, 1 - bottom / height, words, **{"va": "bottom", "fontsize": 7, **style})

    def broken(self, words: str, inches: float, **font: Any) -> list[str]:
        """Return the lines of a text within a width, see :func:`census.drawing.texts.broken`."""
        return broken(words, inches, **font)

    def nothing(self, why: str) -> None:
        """Begin a figure in place of one whose values are all undefined: it says so, with the reason."""
        self.blank(1).set_layout_engine("none")  # it has no panels
        self.figure.text(0.01, 0.3, f"Nothing defined to show: {why}", color=GRAY)

    # marks

    def curve(
        self,
        axes: Axes,
        table: pd.DataFrame,
        column: str,
        color: str,
        *,
        solid: bool = True,
        kinds: bool = True,
        missing: "pd.Series[bool] | None" = None,
        word: str = "inactive",
        crosses: bool = False,
    ) -> None:
        """Draw a column along depth with its interval; hollow and dashed if not ``solid``.

        Parameters
        ----------
        table : a row per layer with depth, the column, and ``_low`` and ``_high`` of it if it has any.
        kinds : whether marks tell the kind of layer.
        missing : for each row, whether ``word`` explains a missing value; it is written in its place.
        word : reason for missing values.
        crosses : whether undefined values are crossed.
        """
        table = table.sort_values("depth")
        x, y = self.place(table), table[column].to_numpy(float)
        # the final network's marks lie above those of the untrained one
        above = 0 if solid else -0.1
        width, style = (1.2, "-") if solid else (1.0, DASHED)
        axes.plot(x, y, color=color, linewidth=width, linestyle=style, zorder=2 + above)
        self.intervals(axes, x, table, column, color, zorder=1 + above)
        face, by_kind = color if solid else "white", table["kind"] if kinds else pd.Series("nonlinearity", x)
        for kind, marker in MARKERS.items():
            here = (by_kind == kind).to_numpy()
            if here.any():
                marks: dict[str, Any] = {
                    "markeredgecolor": color,
                    "markerfacecolor": face,
                    "zorder": 2 + above,
                }
                axes.plot(x[here], y[here], marker, **marks)
        if missing is not None:
            for place in x[np.isnan(y) & missing.reindex(table.index).to_numpy()]:
                axes.text(place, 0.02, word, rotation=90, ha="center", va="bottom", fontsize=7, color=color)
        if crosses:
            self.crosses(axes, x, y, color)

    def curves(self, axes: Axes, table: pd.DataFrame, column: str, color: str, **how: Any) -> None:
        """Draw a column along depth, trained beside untrained, see :meth:`curve`."""
        for checkpoint, rows in states(table):
            self.curve(axes, rows, column, color, solid=checkpoint == FINAL, **how)

    def place(self, table: pd.DataFrame) -> NDArray[np.int64]:
        """Return where the layers of a table's rows stand along depth."""
        return table["layer"].map(self.places).to_numpy(np.int64)

    def bars(
        self, axes: Axes, x: ArrayLike, low: ArrayLike, high: ArrayLike, color: Any, **style: Any
    ) -> None:
        """Draw intervals."""
        axes.vlines(x, low, high, color=color, **{"linewidth": 2.4, "alpha": 0.45, **style})

    def intervals(
        self, axes: Axes, x: ArrayLike, table: pd.DataFrame, column: str, color: Any, **style: Any
    ) -> None:
        """Draw the intervals of a column, if it has any, as :meth:`bars`.

        Undefined values have none: their intervals are of the resamples in which the value is defined.
        """
        if f"{column}_low" in table:
            low, high = (table[f"{column}_{end}"].where(table[column].notna()) for end in ("low", "high"))
            self.bars(axes, x, low, high, color, **style)

    def crosses(self, axes: Axes, x: ArrayLike, y: ArrayLike, color: Any) -> None:
        """Put a cross wherever a value is undefined, in a strip below the values of an axes."""
        places = np.asarray(x)[np.isnan(np.asarray(y, dtype=float))]
        if len(places):
            self._crossed.add(to_hex(color))
            self._with_crosses.append(axes)
            foot = np.full(len(places), foot_of(axes) / 2)
            axes.plot(places, foot, "x", color=color, transform=axes.get_xaxis_transform())

    def spread(self, axes: Axes, x: ArrayLike, units: pd.DataFrame, column: str, color: str) -> None:
        """Draw how a column spreads over each layer's units: median, middle half, and nine tenths of them.

        Parameters
        ----------
        x : where each layer stands.
        units : a row per unit with layer and the column; what is undefined is left out.
        """
        values = units.groupby("layer")[column]
        low, lower, median, upper, high = (
            values.quantile(share).reindex(list(self.places)).to_numpy()
            for share in (0.05, 0.25, 0.5, 0.75, 0.95)
        )
        axes.vlines(x, low, high, color=color, linewidth=0.9)
        axes.vlines(x, lower, upper, color=color, linewidth=4, alpha=0.55)
        marks: dict[str, Any] = {
            "markersize": 4,
            "markeredgecolor": "white",
            "markeredgewidth": 0.5,
            "zorder": 3,
        }
        axes.plot(x, median, "o", color=color, **marks)

    def spreads(self, axes: Axes, units: pd.DataFrame, column: str) -> dict[str, NDArray[np.floating]]:
        """Draw :meth:`spread`, trained beside untrained, and return where layers stand, by checkpoint."""
        shown, found = list(states(units)), {}
        for number, (checkpoint, rows) in enumerate(shown):
            x = np.arange(len(self.places)) + 0.34 * (number - (len(shown) - 1) / 2)
            self.spread(axes, x, rows, column, COLORS[checkpoint])
            found[checkpoint] = x
        return found

    def numbers_above(self, axes: Axes, heading: str, *rows: tuple[Iterable[int], str]) -> None:
        """Write rows of numbers other than 0 above the places of layers, with a heading to their left.

        Parameters
        ----------
        rows : numbers in order of depth, and their color, from the lowest row on.
        """
        style: dict[str, Any] = {"va": "center", "transform": axes.get_xaxis_transform()}
        longest = max((len(f"{count:,}") for counts, _ in rows for count in counts), default=1)
        upright = longest * DIGIT > (self.width - 1) / max(1, len(self.places))
        step = 0.03 + 0.035 * longest if upright else 0.08
        heights = [1 + step * (row + 0.6) for row in range(len(rows))]
        how: dict[str, Any] = {"ha": "center", "fontsize": 6.5, "rotation": 90 if upright else 0}
        written = [
            axes.text(place, height, f"{count:,}", color=color, **how, **style)
            for height, (counts, color) in zip(heights, rows, strict=True)
            for place, count in enumerate(counts)
            if count
        ]
        if written:
            axes.text(-0.7, float(np.mean(heights)), heading, ha="right", fontsize=7, **style)

    def ridge(
        self, axes: Axes, layer: str, values: NDArray[np.floating], bins: NDArray[np.floating], color: str
    ) -> float:
        """Draw a histogram in the row of a layer, and return the height of a single value."""
        base, counts = self.places[layer], np.histogram(values.clip(bins[0], bins[-1]), bins)[0]
        scale = 0.85 / counts.max()
        axes.stairs(base + scale * counts, bins, baseline=base, fill=True, color=color, alpha=0.45)
        return float(scale)

    def over_training(
        self, axes: Axes, table: pd.DataFrame, column: str, layers: Sequence[str] | None = None
    ) -> None:
        """Draw a column of each layer against the step of training, with its interval; color tells depth.

        Parameters
        ----------
        table : a row per layer and checkpoint: layer, depth, step, the column, and ``_low`` and ``_high`` of
            it if it has any.
        layers : by whose order colors go, where the table has only some of a figure's layers.
        """
        names = layers_of(table) if layers is None else list(layers)
        self.know(names)
        for name in layers_of(table):
            layer = table[table["layer"] == name].sort_values("step")
            color = self.depth_color(names.index(name), len(names))
            self.band(axes, layer["step"], layer, column, color)
            label = shortened(self.name(name), LONGEST)
            if label.startswith("_"):  # a legend would leave it out
                label = f"\N{ZERO WIDTH SPACE}{label}"
            axes.plot(layer["step"], layer[column], "o-", color=color, label=label, markersize=3.5)
            self.crosses(axes, layer["step"], layer[column], color)
        self.step_axis(axes, sorted(table["step"].unique()))

    def band(self, axes: Axes, x: ArrayLike, table: pd.DataFrame, column: str, color: str) -> None:
        """Draw the interval of a column, if it has one, as a band."""
        if f"{column}_low" in table:
            low, high = (table[f"{column}_{end}"].where(table[column].notna()) for end in ("low", "high"))
            axes.fill_between(x, low, high, color=color, alpha=0.2, linewidth=0)

    def matrix(
        self,
        axes: Axes,
        values: NDArray[np.floating],
        colors: str,
        low: float = 0,
        high: float = 1,
        *,
        printed: Callable[[float], str] | None = None,
        undefined: str = "×",
        size: float = 6,
        **how: Any,
    ) -> None:
        """Draw a matrix; values that are undefined are gray and marked.

        Parameters
        ----------
        colors : key of :data:`COLORMAPS`.
        printed : returns what is written over a value; without it only ``undefined`` is.
        size : of what is written, in points.
        """
        axes.imshow(np.ma.masked_invalid(values), cmap=COLORMAPS[colors], vmin=low, vmax=high, **how)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        for (row, column), value in np.ndenumerate(values):
            if np.isnan(value) or printed:
                words = undefined if np.isnan(value) or not printed else printed(value)
                is_dark = value < 0.6 if low == 0 else abs(value) > 0.6
                color = "white" if is_dark else INK
                axes.text(column, row, words, ha="center", va="center", fontsize=size, color=color)

    def colored(
        self, colors: str, values: NDArray[np.floating], low: float, high: float
    ) -> NDArray[np.floating]:
        """Return values of any shape in colors, float (…, 4); ``colors`` is a key of :data:`COLORMAPS`."""
        return COLORMAPS[colors](Normalize(low, high)(np.ma.masked_invalid(values)))

    def rgba(self, colors: Sequence[str]) -> NDArray[np.floating]:
        """Return colors as numbers, array of float, shape (n_colors, 4)."""
        return to_rgba_array(colors)

    def segments(
        self, axes: Axes, lines: Sequence[Sequence[tuple[float, float]]], color: str, width: float
    ) -> None:
        """Draw lines, each given by its points (x, y)."""
        axes.add_collection(LineCollection(lines, colors=color, linewidths=width))

    def frame(self, axes: Axes, x: float, y: float, width: float, height: float) -> None:
        """Draw a frame in the coordinates of an axes."""
        axes.add_patch(Rectangle((x, y), width, height, fill=False, edgecolor=INK, linewidth=0.8))

    def label_only(self, axes: Axes, label: str) -> None:
        """Show nothing of an axes but what is in it and a label to its left."""
        axes.axison = True
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_visible(False)
        axes.set_ylabel(label, fontsize=7)

    def with_glyphs(self, text: str) -> str:
        """Return a text as it can be shown, see :func:`census.drawing.texts.with_glyphs`."""
        return with_glyphs(text)

    def scale(
        self, panels: Any, label: str, colors: str, low: float = 0, high: float = 1, **how: Any
    ) -> Colorbar:
        """Draw a scale of colors beside panels; ``colors`` is a key of :data:`COLORMAPS`."""
        image = ScalarMappable(Normalize(low, high), COLORMAPS[colors])
        place = {} if "cax" in how else {"ax": panels, "pad": 0.02}
        bar = np.ravel(panels)[0].figure.colorbar(image, **place, **how)
        bar.set_label(label)
        bar.outline.set_visible(False)
        return bar

    def depth_color(self, place: int, n_layers: int) -> str:
        """Return the color of a layer by its place in depth."""
        return to_hex(DEPTH_COLORS(0.92 * place / max(1, n_layers - 1)))

    def names_height(self, layers: Sequence[str]) -> float:
        """Return the height in inches that the names of layers take below an axis."""
        short = short_names(layers).values()
        return 0.5 + 0.066 * min(max(map(len, short)), LONGEST)

    def step_axis(self, axes: Axes, steps: Sequence[int]) -> None:
        """Make x a log axis of training steps, on which the untrained network has a place, too."""
        axes.set_xscale("symlog", linthresh=1, linscale=0.4)
        names = ["un-\ntrained" if step == 0 else f"{step:,}" for step in steps]
        axes.set_xticks(steps, names, fontsize=7, rotation=90)
        axes.minorticks_off()
        axes.set_xlabel("step of training (log scale)")

    def percent(self, axis: Axis, decimals: int | None = None) -> None:
        """Show the values of an axis in percent."""
        axis.set_major_formatter(PercentFormatter(1, decimals))

    def tile(self, pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
        """Return an image as a square tile, see :func:`census.drawing.tiles.as_tile`."""
        return as_tile(pixels, side)

    def strips(
        self, layers: Mapping[str, Mapping[str, Sequence[Strip]]], images: Mapping[int, NDArray[np.uint8]]
    ) -> None:
        """Draw strips of images, see :func:`census.drawing.tiles.draw_strips`."""
        draw_strips(self, layers, images)

    # the legend

    def legend(self, of: FigureBase | Axes | None = None, *, below: bool = False, **how: Any) -> None:
        """Say how the legend is drawn, and of what.

        Parameters
        ----------
        below : whether it is below the panels; else it is beside them if there is room.
        """
        self._legend_of = of or self._legend_of
        self._n_beside = 10**6 if below else self._n_beside
        self._legend |= how

    def line(self, label: str, color: str = INK, **style: Any) -> None:
        """Explain a line, or marks with ``linestyle=""``."""
        self._entries.append(Line2D([], [], color=color, label=label, **style))

    def area(self, label: str, color: Any = INK, alpha: float | None = None) -> None:
        """Explain a filled area."""
        self._entries.append(Patch(color=color, alpha=alpha, label=label))

    def box(self, label: str) -> None:
        """Explain the frames of :meth:`frame`."""
        self._entries.append(Patch(fill=False, edgecolor=INK, linewidth=0.8, label=label))

    def words(self, label: str) -> None:
        """Put words without a mark into the legend."""
        self.line(label, linestyle="")

    def explain(
        self, table: pd.DataFrame, color: str = INK, *, interval: bool = True, kinds: bool = True
    ) -> None:
        """Explain curves along depth: both states of the network, intervals, and kinds of layers.

        Parameters
        ----------
        table : what the curves are of.
        """
        self.line(final_state(table), color, marker="" if kinds else "o")
        if interval:
            self.explain_interval(color)
        if UNTRAINED in set(table["checkpoint"]):
            self.explain_untrained(color)
        if kinds:
            self.explain_kinds(table["kind"])

    def explain_interval(self, color: str = INK) -> None:
        """Explain the bars of :meth:`bars`."""
        self.line("95 % interval", color, linewidth=2.4, alpha=0.45)

    def explain_untrained(self, color: str = INK) -> None:
        """Explain the curves of the untrained network along depth."""
        self.line("untrained", color, linestyle=DASHED, marker="o", markerfacecolor="white")

    def explain_kinds(self, kinds: "pd.Series[str]") -> None:
        """Explain the marks of these kinds of layers."""
        by_marker: dict[str, list[str]] = {}
        for kind, name in KIND_NAMES.items():
            if kind in set(kinds):
                by_marker.setdefault(MARKERS[kind], []).append(name)
        for marker, names in by_marker.items():
            self.line(", ".join(names), marker=marker, linestyle="")

    def explain_spread(self, table: pd.DataFrame) -> None:
        """Explain the marks and bars of units, trained beside untrained."""
        names = {FINAL: final_state(table), UNTRAINED: "untrained"}
        for checkpoint, _ in reversed(list(states(table))):
            self.line(names[checkpoint], COLORS[checkpoint], marker="o")
        self.explain_units()

    def explain_units(self, color: str = INK) -> None:
        """Explain the bars of :meth:`spread`."""
        self.line("half of the units", color, linewidth=4, alpha=0.55)
        self.line("90 % of the units", color, linewidth=0.9)

    def explain_layers(self, panel: Axes) -> None:
        """Explain the curves of layers over training, drawn in a panel."""
        self._entries += panel.get_legend_handles_labels()[0]
        self.legend(title="layer", alignment="left")
