"""Texts of figures, whatever names of layers and classes contain."""

from collections.abc import Iterator
from functools import cache

from matplotlib.artist import Artist
from matplotlib.axis import Axis
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
