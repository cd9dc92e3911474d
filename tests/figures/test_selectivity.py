"""Figures of selectivity show the numbers they are given, legibly, and say what is undefined."""

import numpy as np
import pandas as pd
import pytest

from census.drawing.page import figure_of
from census.figures.selectivity import draw_depth, draw_detection, draw_learning
from census.figures.style import BLUE, VERMILION, short_names

NAMES = ["input", "features.1", "features.3.expand3x3_activation", "output"]
N_UNITS = 20
STEPS = {"0": 0, "10": 10, "final": 470}


@pytest.fixture
def units():
    """Selectivity that rises with depth; signed units in the input and among logits, and inactive ones."""
    random, parts = np.random.default_rng(0), []
    for checkpoint, step in STEPS.items():
        for depth, name in enumerate(NAMES):
            selectivity = random.uniform(0.2 * depth, 0.2 * depth + 0.1, N_UNITS)
            table = pd.DataFrame(
                {
                    "checkpoint": checkpoint,
                    "step": step,
                    "layer": name,
                    "depth": 3 * depth,
                    "selectivity": selectivity,
                    "selectivity_corrected": selectivity - 0.05,
                    "auroc": 0.6 + 0.5 * selectivity,
                    "informedness": 0.2 + selectivity,
                    "precision_top_k": 0.3 + selectivity,
                }
            )
            undefined = {0: N_UNITS, 3: 7}.get(depth, 0)
            table.loc[: undefined - 1, ["selectivity", "selectivity_corrected"]] = np.nan
            if depth == 2:
                table.loc[:3, table.columns[4:]] = np.nan
            parts.append(table)
    return pd.concat(parts).sample(frac=1, random_state=0)


@pytest.fixture
def layers(units):
    rows = []
    for (checkpoint, name), table in units.groupby(["checkpoint", "layer"]):
        depth = NAMES.index(name)
        rows.append(
            {
                "checkpoint": checkpoint,
                "step": STEPS[checkpoint],
                "layer": name,
                "depth": 3 * depth,
                "n_units": N_UNITS,
                "n_classes": 10,
                "n_inactive_units": 4 * (depth == 2),
                "n_signed_units": {0: N_UNITS, 3: 7}.get(depth, 0),
                "n_not_finite_units": 0,
                "top": 100,
                "selectivity_chance_median": np.nan if depth == 0 else 0.05,
                "selectivity_corrected_median": table["selectivity_corrected"].median(),
                "auroc_median": table["auroc"].median(),
                "auroc_chance": 0.52 if checkpoint == "final" else 0.55,
                "informedness_median": table["informedness"].median(),
                "informedness_chance": 0.1,
                "precision_median": table["precision_top_k"].median(),
                "precision_chance": 0.15,
            }
        )
    return pd.DataFrame(rows).sample(frac=1, random_state=0)


def medians(axes):
    """Return the heights of the marks, by color."""
    return {line.get_color(): line.get_ydata() for line in axes.lines if line.get_marker() == "o"}


def test_depth_shows_medians_in_order_and_reasons_of_missing_units(units, layers, drawn, texts, overlaps):
    figure = figure_of(draw_depth, units, layers, title="A title")
    renderer = drawn(figure)
    above, below = figure.axes
    assert [label.get_text() for label in below.get_xticklabels()] == list(short_names(NAMES).values())
    final = units[units["checkpoint"] == "final"].groupby("depth")
    blue = medians(above)[BLUE]
    np.testing.assert_allclose(blue, final["selectivity"].median())
    np.testing.assert_allclose(medians(below)[BLUE], final["selectivity_corrected"].median())
    written = sorted(text.get_text() for text in texts(figure))
    assert written == ["4", "4", "7 signed", "7 signed", "inactive\nunits", "signed", "signed"]
    assert overlaps(texts(figure), renderer) == []
    assert overlaps(below.get_xticklabels(), renderer) == []


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [("n_classes", 1, "one class"), ("n_not_finite_units", 3, "3 not finite")],
)
def test_depth_names_other_reasons_of_undefined_units(units, layers, drawn, texts, column, value, reason):
    units[["selectivity", "selectivity_corrected"]] = np.nan
    figure = figure_of(draw_depth, units, layers.assign(**{column: value}), title="A title")
    drawn(figure)
    assert [text.get_text() for text in texts(figure)].count(reason) == 2 * len(NAMES)


def test_detection_has_a_panel_for_each_measure_with_its_chance(units, layers, drawn):
    units.loc[units["layer"] == "input", ["auroc", "informedness", "precision_top_k"]] = np.nan
    layers.loc[layers["layer"] == "input", ["auroc_median", "informedness_median", "precision_median"]] = (
        np.nan
    )
    figure = figure_of(draw_detection, units, layers, title="A title")
    drawn(figure)
    final = units[units["checkpoint"] == "final"].groupby("depth")
    columns = ("auroc", "informedness", "precision_top_k")
    for panel, column, chance in zip(figure.axes, columns, (0.52, 0.1, 0.15), strict=True):
        np.testing.assert_allclose(medians(panel)[BLUE], final[column].median())
        levels = [
            path.vertices[0, 1]
            for lines in panel.collections
            for path in lines.get_paths()
            if path.vertices[0, 1] == path.vertices[1, 1]
        ]
        assert levels[-len(NAMES) :] == [chance] * len(NAMES)
        crosses = [line.get_xdata()[0] for line in panel.lines if line.get_marker() == "x"]
        assert np.round(crosses).tolist() == [0, 0]
    assert figure.axes[2].get_ylabel() == "precision of the\ntop 100 images"


def test_a_network_without_an_untrained_state_is_drawn_alone(units, layers, drawn):
    for draw in (draw_depth, draw_detection):
        tables = (table[table["checkpoint"] == "final"] for table in (units, layers))
        figure = figure_of(draw, *tables, title="A title")
        drawn(figure)
        (line,) = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
        np.testing.assert_array_equal(line.get_xdata(), range(len(NAMES)))
        labels = [text.get_text() for text in figure.legends[0].get_texts()]
        assert "trained" in labels
        assert "untrained" not in labels


def test_learning_shows_each_layer_and_chance(layers, drawn):
    figure = figure_of(draw_learning, layers, title="A title")
    drawn(figure)
    left, right = figure.axes
    steps = sorted(STEPS.values())
    for panel, column in ((left, "selectivity_corrected_median"), (right, "auroc_median")):
        lines = {line.get_label(): line for line in panel.lines}
        for name in NAMES:
            table = layers[layers["layer"] == name].sort_values("step")
            np.testing.assert_array_equal(lines[short_names(NAMES)[name]].get_xdata(), steps)
            np.testing.assert_array_equal(lines[short_names(NAMES)[name]].get_ydata(), table[column])
    chance = [line.get_ydata() for line in right.lines if line.get_color() == VERMILION]
    np.testing.assert_array_equal(chance, [[0.55, 0.55, 0.52]])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        *short_names(NAMES).values(),
        "chance",
        "undefined",
    ]
