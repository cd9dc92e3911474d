"""Figures of alignment show the numbers they are given, legibly."""

import numpy as np
import pandas as pd
import pytest

from census.drawing.page import figure_of
from census.figures.alignment import draw_depth, draw_learning
from census.figures.style import BLUE, VERMILION

NAMES = {
    "input": "input",
    "relu1": "nonlinearity",
    "pool1": "pooling",
    "relu2": "nonlinearity",
    "output": "output",
}
STEPS = {"0": 0, "10": 10, "final": 470}


@pytest.fixture
def layers():
    rows = []
    for checkpoint, step in STEPS.items():
        for depth, (name, kind) in enumerate(NAMES.items()):
            row = {"checkpoint": checkpoint, "step": step, "layer": name, "kind": kind, "depth": 2 * depth}
            for column in ("alignment_kurtosis", "alignment_gini"):
                for suffix in ("", "_pre"):
                    value = np.nan if depth == 0 or (suffix and kind != "nonlinearity") else 10.0**depth
                    value *= -1 if suffix else 1
                    row[f"{column}{suffix}"] = value
                    row[f"{column}{suffix}_low"] = value - 1
                    row[f"{column}{suffix}_high"] = value + 1
            rows.append(row)
    return pd.DataFrame(rows).sample(frac=1, random_state=0)


def test_depth_shows_both_sides_of_activation_functions(layers, drawn, overlaps):
    figure = figure_of(draw_depth, layers, title="A title")
    renderer = drawn(figure)
    z, along = figure.axes
    assert ["log beyond ±1" in axes.get_ylabel() for axes in (z, along)] == [True, False]
    before, after = (
        next(line for line in z.lines if line.get_color() == color and line.get_linestyle() == "-")
        for color in (VERMILION, BLUE)
    )
    # layers without an activation function have no value before it, and no cross for that
    np.testing.assert_array_equal(before.get_xydata(), [[1, -10], [3, -1000]])
    np.testing.assert_array_equal(after.get_xydata(), [[0, np.nan], [1, 10], [2, 100], [3, 1000], [4, 10000]])
    crosses = [list(line.get_xdata()) for line in z.lines if line.get_marker() == "x"]
    assert crosses == [[0], [0]]
    low, high = z.get_ylim()
    assert low < -1000
    assert high > 10_000
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend[-1] == "undefined"
    assert [label.get_text() for label in along.get_xticklabels()] == list(NAMES)
    assert overlaps(along.get_xticklabels(), renderer) == []
    assert overlaps(z.get_yticklabels(), renderer) == []


def test_a_network_without_a_control(layers, drawn):
    figure = figure_of(draw_depth, layers[layers["checkpoint"] == "final"], title="A title")
    drawn(figure)
    assert "untrained" not in [text.get_text() for text in figure.legends[0].get_texts()]


def test_learning_gives_a_layer_one_color_before_and_after(layers, drawn):
    figure = figure_of(draw_learning, layers, title="A title")
    drawn(figure)
    after, before = (
        {line.get_label(): line for line in axes.lines if line.get_label() in NAMES} for axes in figure.axes
    )
    assert set(after) == set(NAMES)
    assert set(before) == {"relu1", "relu2"}
    for name, line in before.items():
        assert line.get_color() == after[name].get_color()
        np.testing.assert_array_equal(line.get_xdata(), [0, 10, 470])
    assert [line.get_marker() for line in figure.axes[1].lines].count("x") == 0
    assert figure.legends[0].get_texts()[-1].get_text() == "undefined"
