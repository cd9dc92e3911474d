"""Texts of figures, for any names of layers and classes."""

import warnings

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Patch
from matplotlib.text import Text

from census.drawing.page import Page, figure_of, in_style, new_figure, save
from census.drawing.texts import FONTS, broken, with_glyphs
from census.figures.correlation import draw_in_orders
from census.figures.style import LONGEST, shortened

NAMES = ["$^$", "US$ and AU$", "_flat", "<b>x</b>", "100 % \\frac", "{0}", "x" * 200]


def drawn(figure, tmp_path):
    """Save a figure, in which no warning comes up, and return all texts that have something to show."""
    with in_style(), warnings.catch_warnings():
        warnings.simplefilter("error")
        save(figure, [tmp_path / "figure.png", tmp_path / "figure.svg"], 50)
    return [text for text in figure.findobj(Text) if text.get_text()]


def test_names_stand_as_they_are_at_axes_in_titles_and_legends(tmp_path):
    with in_style():
        figure = new_figure(7, 5)
        axes = figure.subplots()
        axes.plot(range(len(NAMES)))
        Page("").depth_axes([axes], NAMES)
        axes.set_title("a title of US$ and AU$")
        axes.text(1, 1, "$\\nonsense$")
        figure.legend(handles=[Patch(label=name) for name in NAMES])
    shown = [text.get_text() for text in drawn(figure, tmp_path)]
    for name in NAMES[:-1]:
        assert shown.count(name) >= 2
    assert shortened(NAMES[-1], LONGEST) in shown
    assert "a title of US$ and AU$" in shown
    # as they are in the file, too
    assert not any(text.get_parse_math() for text in axes.texts + axes.get_xticklabels())


def test_powers_at_log_axes_are_formulas_still(tmp_path):
    with in_style():
        figure = new_figure(4, 3)
        axes = figure.subplots()
        axes.set(xscale="log", xlim=(1e-6, 1e6), title="$")
    drawn(figure, tmp_path)
    labels = [label for label in axes.get_xticklabels() if label.get_text()]
    assert all(label.get_parse_math() and "10^" in label.get_text() for label in labels)
    assert labels


@pytest.mark.parametrize(
    ("text", "shown"), [("größe ρ ≥ −1", "größe ρ ≥ −1"), ("a\nb", "a\nb"), ("\a", "\\x07")]
)
def test_characters_without_a_glyph_stand_as_code_points(text, shown):
    assert with_glyphs(text) == shown


def test_a_script_that_no_font_has_is_told_apart_without_a_warning(tmp_path):
    with in_style():
        figure = new_figure(4, 3)
        axes = figure.subplots()
        Page("").depth_axes([axes], ["日本語", "中文"])
        axes.set_title("日本語")
    texts = [text.get_text() for text in drawn(figure, tmp_path)]
    if len(FONTS) == 1:
        assert {"\\u65e5\\u672c\\u8a9e", "\\u4e2d\\u6587"} <= set(texts)
    else:
        assert {"日本語", "中文"} <= set(texts)


def test_a_legend_names_layers_that_begin_with_an_underscore(tmp_path):
    table = pd.DataFrame(
        {"layer": ["_flat", "relu"] * 2, "depth": [1, 2] * 2, "step": [0, 0, 9, 9], "gini": 0.5}
    )
    with in_style():
        figure = figure_of(Page.training, table.assign(sparsity=1), {"gini": "Gini", "sparsity": "sparsity"})
    (legend,) = figure.legends
    assert [text.get_text().strip("\u200b") for text in legend.get_texts()] == ["_flat", "relu"]
    drawn(figure, tmp_path)


def test_long_classes_keep_their_beginning_and_do_not_widen_the_figure(tmp_path):
    labels = np.array([0, 1, 2])
    with in_style():
        figures = [
            figure_of(draw_in_orders, {"relu": np.eye(3)}, {"input": labels}, labels, classes)
            for classes in (["tench, " + "y" * 200, "$", "_z"], ["a" * 32] * 3)
        ]
    assert figures[0].get_figwidth() == figures[1].get_figwidth()
    texts = [text.get_text() for text in drawn(figures[0], tmp_path)]
    assert {"tench, " + "y" * 16 + "…", "$", "_z"} <= set(texts)


def test_a_figure_of_nothing_says_so(tmp_path):
    with in_style():
        figure = figure_of(Page.nothing, "no unit has a loss.", title="title")
    texts = {text.get_text() for text in drawn(figure, tmp_path)}
    assert texts == {"title", "Nothing defined to show: no unit has a loss."}


@pytest.mark.parametrize("dpi", [100, 150, 200])
@pytest.mark.parametrize(("size", "weight"), [(5.4, "bold"), (6, "bold"), (6.6, "normal")])
def test_broken_texts_fit_their_width(dpi, size, weight):
    words = (
        "few directions of a dictionary reconstruct channel vectors better than as few units of US$ or AU$"
    )
    with in_style():
        lines = broken(words, 1.5, size=size, weight=weight)
        figure = new_figure(4, 3)
        figure.set_dpi(dpi)
        written = [figure.text(0, 0, line, size=size, weight=weight, parse_math=False) for line in lines]
        widths = [text.get_window_extent().width / dpi for text in written]
    assert " ".join(lines) == words
    assert max(widths) <= 1.5
    # lines are as long as they can be
    assert 3 <= len(lines) <= 6


def test_words_longer_than_a_line_have_their_own():
    with in_style():
        assert broken(f"a {'b' * 99} c", 1, size=6) == ["a", "b" * 99, "c"]
        assert broken("", 1, size=6) == [""]
