"""Figures of directions show the numbers and images they are given, legibly."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from census.drawing.page import figure_of
from census.drawing.tiles import ABOVE, BELOW, FRAME, TILE, draw_strips
from census.figures.directions import (
    COMPARED,
    draw_class_entropy,
    draw_depth,
    draw_neurons,
    draw_redundancy,
    draw_spectrum,
    draw_variances,
    rounded,
)
from census.figures.style import short_names, strips_height
from census.measures.direction_tables import COMPARISONS
from census.tables.arrow import ENDINGS

NAMES = ["input", "features.1", "features.3.expand3x3_activation", "output"]
MEASURED = [each.name + end for each in COMPARISONS for end in ENDINGS[: 3 if each.has_interval else 1]]
INACTIVE = 2  # the layer of which nothing is known


@pytest.fixture
def layers():
    random, rows = np.random.default_rng(0), []
    for checkpoint, step in (("0", 0), ("10", 10), ("final", 470)):
        for depth, name in enumerate(NAMES):
            row = {
                "checkpoint": checkpoint,
                "step": step,
                "layer": name,
                "depth": 2 * depth,
                "kind": "nonlinearity",
                "matched_images": 100,
                "components": 8,
                "top": 10,
                "reconstruction_error_8": 0.5 + 0.1 * depth,
                "held_out_error_8": 0.6 + 0.1 * depth,
            }
            ratio = 10.0 + depth
            row |= dict(
                zip(
                    (f"participation_ratio_matched{end}" for end in ("", "_low", "_high")),
                    (ratio, ratio - 1, ratio + 1),
                    strict=True,
                )
            )
            row |= {name: random.uniform(0, 1) for name in MEASURED}
            row |= {"n_significant_components": 3, "redundancy_chance": 0.05, "class_entropy_chance": 2.5}
            if checkpoint == "10":
                row |= dict.fromkeys(MEASURED)
            if depth == INACTIVE:
                row |= dict.fromkeys([*MEASURED, "reconstruction_error_8", "held_out_error_8"], np.nan)
            rows.append(row)
    return pd.DataFrame(rows).sample(frac=1, random_state=0)


@pytest.fixture
def spectra(layers):
    k = np.arange(1, 31)
    tables = [
        pd.DataFrame(
            {
                "checkpoint": row["checkpoint"],
                "layer": row["layer"],
                "component": k,
                "eigenvalue": 20.0 / k,
                "reconstruction_error": np.linspace(1, 0, 30),
                "held_out_error": np.where(k <= 15, 0.9, np.nan),
            }
        )
        for _, row in layers.iterrows()
        if row["depth"] != 2 * INACTIVE
    ]
    return pd.concat(tables)


@pytest.fixture
def directions(layers):
    tables = []
    for _, row in layers.iterrows():
        if row["depth"] != 2 * INACTIVE:
            family = np.repeat(["svd", "variance", "neuron"], [20, 8, 5])
            numbers = {"score_variance": np.linspace(3, 0.1, 33), "class_entropy": np.linspace(0, 2, 33)}
            keys = {"checkpoint": row["checkpoint"], "layer": row["layer"], "family": family}
            tables.append(pd.DataFrame(keys | numbers))
    return pd.concat(tables)


def test_spectra_have_a_curve_per_layer_and_mark_the_null(spectra, layers, drawn):
    figure = figure_of(draw_spectrum, spectra, layers, title="A title")
    drawn(figure)
    panels = figure.axes[:4]
    assert [panel.get_title("left") for panel in panels] == [
        "Eigenvalues, trained",
        "Error, trained",
        "Eigenvalues, untrained",
        "Error, untrained",
    ]
    for panel in panels[::2]:
        dots = [line for line in panel.lines if line.get_marker() == "o"]
        assert [list(line.get_xdata()) for line in dots] == [[3]] * 3
        np.testing.assert_allclose([line.get_ydata()[0] for line in dots], 20 / 3)
    dashed = [line for line in panels[1].lines if line.get_linestyle() == "--"]
    assert len(dashed) == len(NAMES)
    assert [text.get_text() for text in figure.legends[0].get_texts()][:2] == [*short_names(NAMES).values()][
        :2
    ]


def test_many_layers_have_a_scale_in_place_of_names(spectra, layers, drawn):
    many = [layers.assign(layer=layers["layer"] + f".{n}", depth=layers["depth"] + 10 * n) for n in range(8)]
    more = [spectra.assign(layer=spectra["layer"] + f".{n}") for n in range(8)]
    figure = figure_of(draw_spectrum, pd.concat(more), pd.concat(many), title="A title")
    drawn(figure)
    (bar,) = [axes for axes in figure.axes if axes.get_ylabel() == "layer, in order of depth"]
    assert [label.get_text() for label in bar.get_yticklabels()] == ["input.0", "output.7"]


def test_what_is_undefined_along_depth_is_marked(layers, drawn, overlaps):
    figure = figure_of(draw_depth, layers, 8, title="A title")
    renderer = drawn(figure)
    above, middle, below = figure.axes
    solid = next(line for line in above.lines if line.get_linestyle() == "-")
    np.testing.assert_allclose(solid.get_ydata(), [10, 11, 12, 13])
    for panel, curves in ((above, 0), (middle, 2), (below, 4)):
        crosses = [
            list(line.get_xdata())
            for line in panel.lines
            if line.get_marker() == "x" and len(line.get_xdata())
        ]
        assert crosses == [[INACTIVE]] * curves
    assert overlaps(below.get_xticklabels(), renderer) == []


def test_redundancy_is_drawn_beside_chance(layers, drawn):
    figure = figure_of(draw_redundancy, layers, title="A title")
    drawn(figure)
    final = layers[layers["checkpoint"] == "final"].sort_values("depth")
    for panel, end in zip(figure.axes, ("", "bottom_"), strict=True):
        for name, (color, _) in COMPARED.items():
            curves = [
                line.get_ydata()
                for line in panel.lines
                if line.get_linestyle() == "-" and to_hex(line.get_color()) == to_hex(color)
            ]
            np.testing.assert_array_equal(curves[0], final[f"redundancy_{end}{name}"])
        chance = [line for line in panel.lines if line.get_linestyle() == ":"]
        np.testing.assert_array_equal(chance[0].get_ydata(), final["redundancy_chance"])


def test_class_entropy_shows_each_component_of_the_final_network(layers, directions, drawn):
    figure = figure_of(draw_class_entropy, layers, directions, title="A title")
    drawn(figure)
    scatter, above, below, _ = figure.axes
    assert above.get_xticks().tolist() == below.get_xticks().tolist() == list(range(len(NAMES)))
    points = [line for line in scatter.lines if line.get_marker() == "o" and len(line.get_xdata())]
    assert len(points) == len(NAMES) - 1
    assert all(len(line.get_xdata()) == 20 for line in points)
    assert sum(points[0].get_xdata()) == pytest.approx(1)
    (chance,) = [line for line in scatter.lines if line.get_linestyle() == ":"]
    assert set(chance.get_ydata()) == {2.5}
    low, high = scatter.get_ylim()
    assert low < 2.5 < high
    crosses = [
        list(line.get_xdata()) for line in below.lines if line.get_marker() == "x" and len(line.get_xdata())
    ]
    assert crosses == [[INACTIVE], [INACTIVE]]


def test_components_without_variance_have_no_logarithm(layers, directions, drawn):
    for column in ("score_variance", "class_entropy"):
        nothing = directions.assign(**{column: 0.0 if column == "score_variance" else np.nan})
        figure = figure_of(draw_class_entropy, layers, nothing)
        drawn(figure)
        assert figure.axes[0].get_xscale() == "linear"


def test_variances_of_all_neurons_and_of_chosen_ones(directions, drawn, texts):
    random = np.random.default_rng(0)
    variances = {
        name: {each: random.lognormal(size=50) for each in ("final", "0")}
        for place, name in enumerate(NAMES)
        if place != INACTIVE
    }
    variances[NAMES[0]]["final"][:7] = np.nan
    variances = {name: variances.get(name, {}) for name in NAMES}
    figure = figure_of(draw_variances, variances, directions, title="A title")
    drawn(figure)
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [*short_names(NAMES).values()][::-1]
    assert len(axes.patches) == 2 * (len(NAMES) - 1)
    marks = [line for line in axes.lines if line.get_marker() == "|"]
    assert [len(line.get_xdata()) for line in marks] == [5] * 6
    assert [text.get_text() for text in texts(figure)] == ["14% constant", "no neuron varies"]


def test_shares_of_constant_neurons_are_beside_their_rows(directions, layers, drawn, texts):
    random = np.random.default_rng(0)
    n_constant = {"input": 0, "features.1": 100, "features.3.expand3x3_activation": 8, "output": 4}
    variances = {name: {"final": random.lognormal(0, 1, 1000)} for name in NAMES}
    for name, count in n_constant.items():
        variances[name]["final"][:count] = np.nan
    figure = figure_of(draw_variances, variances, directions, "random weights", title="A title")
    renderer = drawn(figure)
    (axes,) = figure.axes
    assert [text.get_text() for text in texts(figure)] == ["10% constant", "0.8% constant"]
    for text in texts(figure):
        assert text.get_window_extent(renderer).x0 > axes.get_window_extent(renderer).x1
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend[0] == "neurons, random weights"


def test_names_of_neurons_are_shortened_alike_on_all_sheets(texts):
    names = ["input", *(f"block{number}.depthwise_relu" for number in range(3)), "block3.project", "output"]
    layers = pd.DataFrame({"layer": names, "depth": range(6), "branch_of": ""})
    stores = SimpleNamespace(groups=lambda _: ())
    shown = []
    for sheet in range(3):
        figure = figure_of(draw_neurons, layers, pd.DataFrame(), stores, lambda _: {}, 4, 2, sheet=(sheet, 3))
        shown += [text.get_text() for text in texts(figure) if text.get_fontsize() == 7]
    assert [name.replace("\n", "") for name in shown] == list(short_names(names).values())


def test_strips_show_each_image_in_its_place(drawn, texts, overlaps):
    images = {
        1: np.full((5, 5, 1), 40, np.uint8),
        2: np.full((227, 227, 3), (250, 0, 0), np.uint8),
        3: np.full((50, 100, 3), (0, 0, 250), np.uint8),
    }
    layers = {
        "input": {"one": [("first", [1, 2], [3, 1]), ("second", [2, 2], [1, 1])], "two": []},
        "features.3.expand3x3_activation": {
            "one": [("first", [3, 3], [1, 2])],
            "two": [("w", [1, 1], [2, 2])],
        },
        "inactive": {"one": [], "two": []},
    }
    figure = figure_of(draw_strips, layers, images, title="A title")
    renderer = drawn(figure)
    (axes,) = figure.axes
    canvas = axes.images[0].get_array()
    areas = {color: (canvas == color).all(2).sum() for color in ((40, 40, 40), (250, 0, 0), (0, 0, 250))}
    assert areas[40, 40, 40] == 7 * TILE**2
    assert areas[250, 0, 0] == 6 * TILE**2
    assert areas[0, 0, 250] == pytest.approx(3 * TILE**2 / 2, rel=0.1)  # in its own proportions
    assert (canvas == FRAME).all(2).any()
    written = [text.get_text() for text in texts(figure)]
    assert [written.count(label) for label in ("first", "second", "w", "one", "two")] == [2, 1, 1, 3, 3]
    assert "no direction: all vectors constant" in written
    names = [
        text
        for text in texts(figure)
        if text.get_fontweight() == "bold" or text.get_text() in ("top", "bottom")
    ]
    assert overlaps(names, renderer) == []


def test_numbers_are_short():
    assert [rounded(value) for value in (0.01234, 1.26, 99.6, 12345.6)] == ["0.012", "1.3", "100", "12,346"]
    assert [rounded(value) for value in (0.00083, 0.0099, 3.2e-12, 0)] == ["8e−4", "1e−2", "3e−12", "0"]


@pytest.mark.parametrize("n_images", [1, 5, 8, 20])
def test_sheets_are_planned_by_the_height_of_strips(n_images):
    strips = [(f"{number}", [0] * n_images, [0] * n_images) for number in range(3)]
    layers = {"relu1": {"directions": strips}, "relu2": {"directions": strips}}
    images = {0: np.zeros((4, 4, 1), np.uint8)}
    figure = figure_of(draw_strips, layers, images)
    assert figure.get_figheight() == pytest.approx(ABOVE + 2 * strips_height(3, n_images) + BELOW)
