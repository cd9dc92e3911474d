"""Compare the legend of a figure with what is drawn: no entry without a mark, no mark without an entry."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import Collection, LineCollection, PathCollection
from matplotlib.colors import to_rgb, to_rgba_array
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from census.figures.style import INK

THIN = 0.8  # points; thinner gray lines are part of the axes, such as a line at 0
Color = tuple[float, float, float]


@dataclass(frozen=True)
class Look:
    """How a mark looks.

    Attributes
    ----------
    what : ``mark``, ``line`` or ``area``.
    color : red, green and blue.
    shape : of a mark, ``o`` or others; of a line, ``solid``, ``dashed`` or ``dotted``; of an area,
        ``filled`` or ``frame``.
    is_hollow : whether a mark is hollow.
    is_bar : whether a line is translucent, as bars of intervals are.
    """

    what: str
    color: Color
    shape: str
    is_hollow: bool = False
    is_bar: bool = False

    def is_of_shape(self, drawn: "Look") -> bool:
        """Return whether an entry of this look explains the shape of a mark."""
        is_alike = self.shape == drawn.shape or "any" in (self.shape, drawn.shape)
        return (self.what, self.is_bar) == (drawn.what, drawn.is_bar) and is_alike

    def is_of_color(self, drawn: "Look") -> bool:
        """Return whether an entry of this look is of a mark's color; neutral ones are of all colors."""
        return self.color in (drawn.color, to_rgb(INK))


def faults(figure: Figure) -> list[str]:
    """Return entries of a figure's legends without a mark, and marks without an entry, in words."""
    panels = [axes for axes in figure.axes if not is_scale(axes)]
    drawn = {look for axes in panels for look in looks(axes)}
    everything = in_pictures(panels).union(*(looks(axes, with_lines_of_axes=True) for axes in panels))
    handles = [handle for legend in legends(figure) for handle in legend.legend_handles]
    entries = {look for handle in handles for look in of_artist(handle)}
    if not entries and len(drawn) <= 1:
        return []  # the caption says what they are
    return sorted(
        f"{what}: {look}"
        for what, wrong in (
            ("entry without a mark", entries_without_mark(entries, everything)),
            ("mark without an entry", marks_without_entry(figure, entries, drawn)),
        )
        for look in wrong
    )


def entries_without_mark(entries: set[Look], drawn: set[Look]) -> Iterator[Look]:
    """Yield entries of which nothing is drawn."""
    for entry in entries:
        of_color = [look for look in drawn if entry.is_of_color(look)]
        is_drawn = any(entry.is_of_shape(look) and entry.is_hollow == look.is_hollow for look in of_color)
        # a curve of which all values are undefined is crossed
        if not is_drawn and not any(look.shape == "x" for look in of_color):
            yield entry


def marks_without_entry(figure: Figure, entries: set[Look], drawn: set[Look]) -> Iterator[Look]:
    """Yield marks of which the legend explains neither by one entry nor by several shape, color and face."""
    colors = {entry.color for entry in entries} | label_colors(figure) | {to_rgb(INK)}
    has_scale = any(map(is_scale, figure.axes))
    for look in drawn:
        is_plain = look.what == "line" and look.shape == "solid" and not look.is_bar
        of_shape = is_plain or any(entry.is_of_shape(look) for entry in entries)
        of_face = not look.is_hollow or any(entry.is_hollow for entry in entries)
        if not (of_shape and of_face and (look.color in colors or has_scale)):
            yield look


def in_pictures(panels: Sequence[Axes]) -> set[Look]:
    """Return colors of images as areas."""
    pixels = [np.asarray(image.get_array()) for axes in panels for image in axes.images]
    colored = [each[..., :3].reshape(-1, 3) for each in pixels if each.ndim == 3 and each.dtype != np.uint8]
    colors = {tuple(color) for each in colored for color in np.unique(each, axis=0).tolist()}
    return {Look("area", color, "filled") for color in colors}


def legends(figure: Figure) -> Iterator:
    """Yield all legends of a figure."""
    parts = [figure, *getattr(figure, "subfigs", [])]
    for part in parts:
        yield from part.legends
    yield from (axes.get_legend() for axes in figure.axes if axes.get_legend())


def is_scale(axes: Axes) -> bool:
    """Return whether axes are a scale of colors."""
    return hasattr(axes, "_colorbar")


def label_colors(figure: Figure) -> set[Color]:
    """Return the colors of labels of axes and of words, which explain marks of their color."""
    words = [label for axes in figure.axes for label in (axes.yaxis.label, *axes.texts) if label.get_text()]
    return {to_rgb(label.get_color()) for label in words}


def looks(axes: Axes, *, with_lines_of_axes: bool = False) -> set[Look]:
    """Return how the marks of axes look."""
    artists = (*axes.lines, *axes.collections, *axes.patches)
    shown = (each for each in artists if is_shown(each) and (with_lines_of_axes or not is_of_axes(each)))
    return {look for artist in shown for look in of_artist(artist)}


def is_of_axes(artist) -> bool:
    """Return whether an artist is a thin neutral line, such as one at 0, or sets off rows or columns."""
    if isinstance(artist, Patch):
        return artist.get_fill() and is_light_gray(artist.get_facecolor())
    if not isinstance(artist, Line2D) or np.ptp(to_rgb(artist.get_color())) > 0.01:
        return False
    return not marked(artist) and artist.get_linestyle() == "-" and artist.get_linewidth() <= THIN


def is_shown(artist) -> bool:
    """Return whether an artist shows anything."""
    if isinstance(artist, Line2D):
        x, y = (np.asarray(values, float) for values in artist.get_data())
        return bool((np.isfinite(x) & np.isfinite(y)).any())
    if isinstance(artist, PathCollection):
        return bool(np.isfinite(np.ma.filled(artist.get_offsets(), np.nan)).all(1).any())
    if isinstance(artist, Collection):
        return any(np.isfinite(path.vertices).all(1).any() for path in artist.get_paths())
    return True


def of_artist(artist) -> Iterator[Look]:
    """Yield the looks of an artist: a line may have marks."""
    if isinstance(artist, Line2D):
        color = to_rgb(artist.get_color())
        marker, style = artist.get_marker(), artist.get_linestyle()
        if marked(artist):
            face, edge = artist.get_markerfacecolor(), artist.get_markeredgecolor()
            is_hollow = str(face) == "none" or to_rgb(face) == to_rgb("white")
            yield Look("mark", to_rgb(edge if is_hollow else face), str(marker), is_hollow)
        if style not in ("", "None", None, " ") and artist.get_linewidth() > 0:
            yield Look("line", color, dashes(style), False, is_translucent(artist))
    elif isinstance(artist, LineCollection):
        for color in {tuple(each[:3].tolist()) for each in artist.get_colors()}:
            yield Look("line", color, "solid", False, is_translucent(artist))
    elif isinstance(artist, PathCollection):
        for color in {tuple(each[:3].tolist()) for each in artist.get_facecolors()}:
            yield Look("mark", color, "any")
    elif isinstance(artist, Collection):
        for color in {tuple(each[:3].tolist()) for each in to_rgba_array(artist.get_facecolor())}:
            yield Look("area", color, "filled")
    elif isinstance(artist, Patch):
        if artist.get_fill():
            yield Look("area", to_rgb(artist.get_facecolor()), "filled")
        else:
            yield Look("area", to_rgb(artist.get_edgecolor()), "frame")


def is_light_gray(color) -> bool:
    """Return whether a color is a light gray."""
    shades = to_rgb(color)
    return min(shades) > 0.9 and max(shades) - min(shades) < 0.01


def marked(line: Line2D) -> bool:
    """Return whether a line has marks."""
    return line.get_marker() not in ("", "None", None, " ")


def dashes(style: str) -> str:
    """Return the kind of a line."""
    return {"-": "solid", "--": "dashed", ":": "dotted"}.get(style, style)


def is_translucent(artist) -> bool:
    """Return whether an artist is translucent."""
    return artist.get_alpha() is not None and artist.get_alpha() < 0.7
