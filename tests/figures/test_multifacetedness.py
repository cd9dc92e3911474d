"""Figures of single- and multi-faceted units show the numbers they are given, legibly."""

import numpy as np
import pandas as pd
import pytest

from census.drawing.page import figure_of
from census.figures.multifacetedness import (
    about_top_images,
    draw_counts,
    draw_degree,
    draw_density,
    draw_pairs,
    draw_similarity,
)
from census.figures.style import short_names

NAMES = ["features.0", "features.1", "features.3.expand3x3_activation", "output"]
N_UNITS = 30


@pytest.fixture
def units():
    """Degrees that fall with depth; a layer with inactive units, and one with a unit that is even."""
    random, parts = np.random.default_rng(0), []
    for checkpoint, step in (("0", 0), ("final", 470)):
        for depth, name in enumerate(NAMES):
            gini = random.uniform(0.2 + 0.1 * depth, 0.3 + 0.1 * depth, N_UNITS)
            table = pd.DataFrame(
                {
                    "checkpoint": checkpoint,
                    "step": step,
                    "layer": name,
                    "kind": "nonlinearity",
                    "depth": 2 * depth,
                    "n_top_images": 100,
                    "gini": gini,
                    "gini_chance": 0.16,
                    "flatness": 1 - gini,
                    "flatness_chance": 0.93,
                    "mf_degree": (1 - gini) / gini,
                }
            )
            if depth == 2:
                table.loc[:3, ["n_top_images", "flatness"]] = 0, -1
                table.loc[:3, ["gini", "mf_degree"]] = np.nan
            if depth == 0:
                table.loc[0, "mf_degree"] = np.inf
            parts.append(table)
    table = pd.concat(parts)
    finite = table["mf_degree"][np.isfinite(table["mf_degree"])]
    table["mf_normalized"] = table["mf_degree"] / finite.max()
    return table.sample(frac=1, random_state=0)


@pytest.fixture
def layers():
    rows = [
        {
            "checkpoint": checkpoint,
            "step": 470 * (checkpoint == "final"),
            "layer": name,
            "kind": "nonlinearity",
            "depth": 2 * depth,
            "top": 100,
            "n_images": 10_000,
            "n_inactive_units": 4 * (depth == 2),
            "n_even_units": int(depth == 0),
            "mf_chance": 2.0 + 100 * (depth == 3),
            "mf_network_mean": 1.5,
            "mf_max": np.inf if depth == 0 else 4.0 - depth,
            "mf_min": 1.0 - 0.2 * depth,
            "share_mf": 0.9 - 0.2 * depth,
            "share_sf": 0.1 + 0.2 * depth,
            "share_mf_significant": 0.05,
            "share_sf_significant": 0.02,
            "unit_similarity": np.nan if depth == 3 else 0.5 - 0.1 * depth,
            "unit_similarity_chance": 0.2,
            "unit_dissimilarity": 20.0 + depth,
            "unit_dissimilarity_chance": 15.0,
        }
        for checkpoint in ("0", "final")
        for depth, name in enumerate(NAMES)
    ]
    return pd.DataFrame(rows).sample(frac=1, random_state=0)


def test_densities_leave_inactive_units_out_and_show_chance(units, layers, drawn, overlaps):
    figure = figure_of(draw_density, units, layers, title="A title")
    renderer = drawn(figure)
    left, right = figure.axes
    assert [label.get_text() for label in left.get_yticklabels()] == [*short_names(NAMES).values()][::-1]
    # a row of bars per layer and checkpoint, and no flatness of −1
    for panel in (left, right):
        assert len(panel.patches) == 2 * len(NAMES)
    flat = right.patches[5].get_data()
    assert flat.edges[0] == 0
    # the bars of a layer are shares of its active units, on a common scale
    assert np.count_nonzero(flat.values > flat.baseline) < N_UNITS
    for panel, level in ((left, 0.16), (right, 0.93)):
        assert len([line for line in panel.lines if list(line.get_xdata()) == [level] * 2]) == len(NAMES)
    assert overlaps(left.get_yticklabels(), renderer) == []


def test_degrees_are_of_the_final_network_and_finite(units, layers, drawn, texts, overlaps):
    figure = figure_of(draw_degree, units, layers, title="A title")
    renderer = drawn(figure)
    left, right = figure.axes
    final = units[(units["checkpoint"] == "final") & np.isfinite(units["mf_degree"])]
    (medians,) = (line.get_ydata() for line in left.lines if line.get_marker() == "o")
    expected = final.groupby("depth")["mf_normalized"].median()
    np.testing.assert_allclose(medians[~np.isnan(medians)], expected)
    assert right.patches[0].get_data().values.sum() == len(final)
    assert sorted(text.get_text() for text in texts(figure)) == ["4", "inactive"]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend[-2:] == ["chance (median)", f"chance is above the\naxis in 1 of {len(medians)} layers"]
    assert overlaps(left.get_xticklabels(), renderer) == []


def test_counts_show_both_sides_and_infinite_degrees(layers, drawn, texts):
    figure = figure_of(draw_counts, layers, title="A title")
    drawn(figure)
    above, below = figure.axes
    final = layers[layers["checkpoint"] == "final"].sort_values("depth")
    solid = [line.get_ydata() for line in above.lines if line.get_linestyle() == "-"]
    np.testing.assert_allclose(solid, [final["share_sf"], final["share_mf"]])
    highest = [line.get_ydata() for line in below.lines if line.get_linestyle() == "-"][1]
    np.testing.assert_allclose(highest, [np.nan, 3, 2, 1])
    assert sorted(text.get_text() for text in texts(figure)) == ["1", "even"]


def test_the_input_has_no_units_of_the_network(units, layers, drawn):
    first = {"layer": "input", "kind": "input", "depth": -1}
    image = units[units["layer"] == "output"].assign(**first, mf_normalized=np.nan, mf_degree=50.0)
    of_image = layers[layers["layer"] == "output"].assign(**first, mf_max=50.0, share_sf=np.nan)
    units, layers = pd.concat([image, units]), pd.concat([of_image, layers])
    for figure in (
        figure_of(draw_degree, units, layers, title="A title"),
        figure_of(draw_counts, layers, title="A title"),
    ):
        drawn(figure)
        for axes in figure.axes:
            assert "input" not in [label.get_text() for label in axes.get_xticklabels()]
            assert not any(50 in line.get_ydata() for line in axes.lines)


@pytest.mark.parametrize(
    ("n_final", "n_untrained", "words"),
    [
        (10_000, 10_000, "top 100 of 10,000 images"),
        (10_000, 1000, "top 100 of 10,000 images; untrained: top 100 of 1,000 images"),
        (796, 100, "top 100 of 796 images; untrained: top images: all 100"),
        (24, 24, "top images: all 24"),
    ],
)
def test_titles_name_the_numbers_of_images(layers, n_final, n_untrained, words):
    final = layers["checkpoint"] == "final"
    layers["n_images"] = np.where(final, n_final, n_untrained)
    assert about_top_images(layers) == words
    layers.loc[final, "n_images"] = n_final
    assert about_top_images(layers[final]) == words.partition(";")[0]


def test_similarity_shows_chance_and_marks_what_is_undefined(layers, drawn):
    figure = figure_of(draw_similarity, layers, title="A title")
    drawn(figure)
    for axes, level in zip(figure.axes, (0.2, 15.0), strict=True):
        (chance,) = [line for line in axes.lines if line.get_marker() == "_"]
        assert list(chance.get_ydata()) == [level] * len(NAMES)
    crosses = [list(line.get_xdata()) for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert crosses == [[3], [3]]


def test_heat_maps_name_their_number_of_units(drawn):
    random = np.random.default_rng(0)
    matrices = {
        name: (random.uniform(-1, 1, (size, size)),) * 2
        for name, size in zip(NAMES, (3, 1, 300, 4), strict=True)
    }
    figure = figure_of(draw_pairs, matrices, title="A title")
    drawn(figure)
    titles = [axes.get_title("left") for axes in figure.axes if axes.images and axes.get_title("left")]
    assert [title.rpartition("\n")[2] for title in titles] == [
        "3 units",
        "1 unit",
        "256 of 300 units",
        "4 units",
    ]
    assert max(axes.images[0].get_array().shape[0] for axes in figure.axes if axes.images) == 256
