"""Figures of families of directions show the numbers and patches that they are given."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from census.drawing.page import figure_of
from census.figures.facets import TILE
from census.figures.families import (
    BETWEEN_FAMILIES,
    BETWEEN_LAYERS,
    EFFECT_COLUMNS,
    EFFECT_KEYS,
    FAMILIES,
    QUESTIONS,
    draw_depth,
    draw_patches,
)

LAYERS = ["relu1", "relu2", "fc"]


@pytest.fixture
def families():
    rows = []
    for depth, layer in enumerate(LAYERS):
        for number, family in enumerate(FAMILIES):
            row = {"checkpoint": "final", "step": 9, "layer": layer, "depth": depth, "kind": "nonlinearity"}
            refused = family == "nmf" and layer == "fc"
            for question in QUESTIONS:
                value = np.nan if refused else 0.1 * depth + 0.05 * number
                row |= {question.column: value, question.chance or "none": 0.02}
                if not question.column.startswith(("stability", "alignment")):
                    row |= {f"{question.column}_low": value - 0.01, f"{question.column}_high": value + 0.01}
            rows.append({**row, "family": family, "reason": "values are negative" if refused else ""})
    return pd.DataFrame(rows).sample(frac=1, random_state=0)


def apart(families):
    """Return the table of families, and that of their ablation effects, without refused families."""
    effects = families.loc[families["reason"] == "", [*EFFECT_KEYS, *EFFECT_COLUMNS]]
    return families.drop(columns=EFFECT_COLUMNS), effects


def test_each_question_has_a_panel_with_all_families(families, drawn, overlaps):
    figure = figure_of(draw_depth, *apart(families), title="A title")
    renderer = drawn(figure)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [each.title for each in QUESTIONS]
    for axes, question in zip(figure.axes, QUESTIONS, strict=True):
        lines = {line.get_color(): line for line in axes.lines if line.get_marker() == "o"}
        for family, (color, _) in FAMILIES.items():
            expected = families[families["family"] == family].sort_values("depth")[question.column]
            np.testing.assert_array_equal(lines[color].get_ydata(), expected)
            # dodged, but at its layer
            np.testing.assert_allclose(lines[color].get_xdata(), range(len(LAYERS)), atol=0.3)
        has_chance = any(line.get_linestyle() == ":" or line.get_marker() == "_" for line in axes.lines)
        assert has_chance == bool(question.chance)
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend[: len(FAMILIES)] == [name for _, name in FAMILIES.values()]
    assert legend[-1] == "no non-negative factors\nin 1 of 3 layers"
    assert overlaps([axes.title for axes in figure.axes], renderer) == []


def test_a_family_of_negative_r2_leaves_room_for_the_others(families, drawn):
    families.loc[families["family"] == "random", "reconstruction"] = -4.6
    figure = figure_of(draw_depth, *apart(families), title="A title")
    drawn(figure)
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["1", "0.5", "0", "−1", "−5"]
    assert "log\nbelow 0" in axes.get_ylabel()
    heights = axes.transAxes.inverted().transform(
        axes.transData.transform([(0, value) for value in (0, 1, -1, -4.6)])
    )[:, 1]
    assert heights[1] - heights[0] > 0.5
    assert heights[0] > heights[2] > heights[3] > 0
    effect = figure.axes[[question.column for question in QUESTIONS].index("ablation_kl")]
    assert effect.get_yscale() == "symlog"
    assert {"0", "0.001"} <= {label.get_text() for label in effect.get_yticklabels()}


def test_a_question_that_was_not_measured_says_so(families, drawn):
    figure = figure_of(draw_depth, *apart(families.assign(top_similarity=np.nan)), title="A title")
    drawn(figure)
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert texts == ["not measured"]


class Group(dict):
    def __init__(self, layer, directions, shape, field):
        random = np.random.default_rng(0)
        super().__init__(
            top_image=random.integers(5, size=(len(directions), 8)),
            top_position=random.integers(shape[1] * shape[2], size=(len(directions), 8)),
        )
        self["top_image"][1] = -1
        seen = {"size": 16, "resize": None, "interpolation": "bilinear"}
        self.attrs = {"layer": layer, "shape": shape, "receptive_field": field, "preprocessing": seen}


def test_patches_of_the_first_directions_of_each_family(drawn):
    field = {"size": [5, 5], "stride": [2, 2], "offset": [-1, -1]}
    names = [family for family in ("units", "svd") for _ in range(4)]
    groups = [Group("relu1", names, (8, 8, 8), field), Group("fc", names, (8, 1, 1), None)]
    stores = SimpleNamespace(groups=lambda checkpoint: iter(groups))
    table = pd.DataFrame(
        {"layer": np.repeat(["relu1", "fc"], len(names)), "family": names * 2, "direction": [0, 1, 2, 3] * 4}
    )
    pixels = np.random.default_rng(0).integers(255, size=(5, 16, 16, 3), dtype=np.uint8)
    figure = figure_of(
        draw_patches, stores, table, lambda indices: {int(each): pixels[each] for each in indices}, title="A"
    )
    drawn(figure)
    (axes,) = figure.axes
    texts = [text.get_text() for text in axes.texts]
    assert texts.count("never active") == 2
    assert {"relu1", "fc", "units", "singular\nvectors", "direction 1", "direction 3"} <= set(texts)
    # without a receptive field, a patch is the whole image, four times as large
    top = 1 + 2 * (TILE + BETWEEN_FAMILIES) - BETWEEN_FAMILIES + BETWEEN_LAYERS
    canvas = np.asarray(axes.images[0].get_array())
    expected = pixels[groups[1]["top_image"][0, 0]].repeat(4, 0).repeat(4, 1)
    np.testing.assert_array_equal(canvas[top : top + TILE, 1 : 1 + TILE], expected)


def test_layers_without_directions_give_no_patches(drawn):
    stores = SimpleNamespace(groups=lambda checkpoint: iter(()))
    figure = figure_of(draw_patches, stores, pd.DataFrame({"layer": [], "family": []}), None, title="A")
    drawn(figure)
    assert any("no layer has directions" in text.get_text() for text in figure.texts)
