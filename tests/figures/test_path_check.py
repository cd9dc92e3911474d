"""The figure of the path check shows each curve up to its own layer."""

import numpy as np
import pandas as pd
import pytest

from census.drawing.page import figure_of
from census.figures.path_check import draw_depth

NAMES = ["input", "relu1", "pool", "features.10.squeeze_activation"]


@pytest.fixture
def paths():
    """Rows of two layers, untrained and trained; undefined in one place."""
    rows = []
    for checkpoint, step in (("0", 0), ("final", 90)):
        for depth in (1, 3):
            for path_depth in range(depth + 1):
                row = {"checkpoint": checkpoint, "step": step, "layer": NAMES[depth], "depth": depth}
                row |= {"path_layer": NAMES[path_depth], "path_depth": path_depth}
                for name, value in (("path_iam", path_depth - depth), ("path_am", -3), ("path_natural", 1)):
                    row |= {name: value, f"{name}_low": value - 0.5, f"{name}_high": value + 0.5}
                rows.append(row)
    table = pd.DataFrame(rows)
    table.loc[(table["depth"] == 3) & (table["path_depth"] == 2), "path_iam"] = np.nan
    return table.sample(frac=1, random_state=0)


def test_each_curve_ends_at_its_own_layer(paths, drawn, overlaps):
    figure = figure_of(draw_depth, paths, title="A title")
    renderer = drawn(figure)
    iam, am = figure.axes
    first, second = (line for line in iam.lines if line.get_marker() == "o")
    # without pixels, trained only
    np.testing.assert_array_equal(first.get_ydata(), [0])
    np.testing.assert_array_equal(second.get_ydata(), [-2, np.nan, 0])
    assert [line.get_ydata().tolist() for line in am.lines if line.get_marker() == "o"] == [[-3], [-3] * 3]
    assert [label.get_text() for label in am.get_xticklabels()] == NAMES[1:]
    assert sum(line.get_marker() == "x" for line in iam.lines) == 1
    # the undefined score has no interval
    *_, control, bars = (each.get_segments() for each in iam.collections)
    assert [sum(len(segment) == 2 for segment in each) for each in (control, bars)] == [3, 2]
    assert overlaps(am.get_xticklabels(), renderer) == []
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    of_panel = ["relu1", NAMES[3], "held-out top images\nof the unit"]
    assert legend == [*of_panel, "as top images (1), as others (0)", "95 % interval", "undefined"]


def test_without_scores_there_are_no_intervals(paths, drawn):
    figure = figure_of(draw_depth, paths.assign(path_iam=np.nan, path_am=np.nan, path_natural=np.nan))
    drawn(figure)
    assert "95 % interval" not in [text.get_text() for text in figure.legends[0].get_texts()]
