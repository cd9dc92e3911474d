"""Texts of figures, whatever names of layers and classes contain."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from matplotlib import rcParams
from matplotlib.artist import Artist
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font, get_font_names
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FuncFormatter

from census.figures.style import LONGEST, shortened

# fonts of several systems for names of layers and classes, used for characters that the first font lacks
FALLBACK_FONTS = (
    *(f"Noto Sans CJK {region}" for region in ("JP", "SC", "TC", "KR")),
    *("Hiragino Sans", "PingFang SC", "Yu Gothic", "Microsoft YaHei", "Malgun Gothic"),
    *("WenQuanYi Micro Hei", "Droid Sans Fallback", "Arial Unicode MS", "Noto Sans", "Unifont"),
)
FONTS = ["sans-serif", *(name for name in FALLBACK_FONTS if name in get_font_names())]

RESOLUTIONS = (100, 150, 200, 300)  # dots per inch at which texts are measured: hinting changes their width


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


def broken(words: str, inches: float, **font: Any) -> list[str]:
    """Return the lines of a text that is written within a width in inches; longer words have their own line.

    Parameters
    ----------
    font : properties of the font, such as ``size`` in points and ``weight``.
    """
    properties, lines = FontProperties(family=rcParams["font.family"], **font), [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _width(with_glyphs(longer), properties) > inches:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _width(words: str, font: FontProperties) -> float:
    """Return the width of a text in inches, at the resolution at which it is widest."""
    return max(
        ruler.get_text_width_height_descent(words, font, ismath=False)[0] / ruler.dpi for ruler in _rulers()
    )


@cache
def _rulers() -> list[RendererAgg]:
    """Return what measures texts, also before there is a figure."""
    return [RendererAgg(1, 1, dpi) for dpi in RESOLUTIONS]


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
