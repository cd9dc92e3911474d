"""Figures of correlation, similarity and learning show the numbers they are given, legibly."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from census.drawing.page import figure_of
from census.figures.correlation import draw_decorrelation, draw_in_orders
from census.figures.learning import draw_checkpoints, draw_steps
from census.figures.similarity import draw_branches, draw_layers
from census.figures.style import GRAY
from tests.figures.legends import faults

NAMES = [
    "input",
    "features.1",
    "features.3.expand1x1_activation",
    "features.3.expand3x3_activation",
    "output",
]
KINDS = ["input", "nonlinearity", "nonlinearity", "nonlinearity", "output"]
BRANCHES = ["", "", "features.3", "features.3", ""]
STEPS = {"0": 0, "10": 10, "final": 470}
N_IMAGES = 20


def with_interval(name, value):
    return {name: value, f"{name}_low": value - 0.05, f"{name}_high": value + 0.05}


def keys(layer, checkpoint):
    return {
        "checkpoint": checkpoint,
        "step": STEPS[checkpoint],
        "layer": NAMES[layer],
        "depth": 3 * layer,
        "kind": KINDS[layer],
        "branch_of": BRANCHES[layer],
    }


@pytest.fixture
def pairs():
    """Similarity falls with distance; the last branch is inactive, and like no other layer."""
    rows = []
    for checkpoint in STEPS:
        for one in range(5):
            for other in range(5):
                value = np.nan if 3 in (one, other) else 0.9 ** abs(one - other)
                rows.append(
                    {
                        **keys(one, checkpoint),
                        "other_layer": NAMES[other],
                        **with_interval("similarity", value),
                        "similarity_spearman": value,
                        **with_interval("similarity_deconfounded", np.nan if 0 in (one, other) else value),
                        **with_interval("cka", value),
                    }
                )
    return pd.DataFrame(rows).sample(frac=1, random_state=0)


@pytest.fixture
def adjacent(pairs):
    following = {"input": "features.1", "features.1": "output"}
    return pairs[pairs["layer"].map(following) == pairs["other_layer"]]


@pytest.fixture
def layers():
    """Rows as of the rules correlation and sparsity together."""
    rows = []
    for checkpoint in STEPS:
        for layer in range(5):
            inactive = layer == 3 and checkpoint == "final"
            rows.append(
                {
                    **keys(layer, checkpoint),
                    "n_undefined_vectors": 7 if inactive else 0,
                    **with_interval("image_correlation", np.nan if inactive else 0.5 - 0.1 * layer),
                    **with_interval("active_fraction", 0.0 if inactive else 0.8),
                }
            )
    return pd.DataFrame(rows).sample(frac=1, random_state=0)


@pytest.fixture
def learning():
    rows = [
        {
            **keys(layer, checkpoint),
            "other_checkpoint": other,
            "other_step": STEPS[other],
            **with_interval("similarity", 1 - 0.001 * abs(STEPS[checkpoint] - STEPS[other])),
        }
        for layer in range(5)
        for checkpoint in STEPS
        for other in STEPS
    ]
    return pd.DataFrame(rows).sample(frac=1, random_state=0)


@pytest.fixture
def matrices():
    random = np.random.default_rng(0)
    found = {name: np.corrcoef(random.normal(size=(N_IMAGES, 30))) for name in NAMES}
    found["features.1"][4] = found["features.1"][:, 4] = np.nan
    return found


def shown_in(axes):
    (image,) = axes.images
    return np.asarray(image.get_array())


def test_matrices_are_drawn_in_both_orders_with_their_classes(matrices, drawn, overlaps):
    random = np.random.default_rng(1)
    orders = {name: random.permutation(N_IMAGES) for name in ("input", "output")}
    labels = random.integers(0, 3, N_IMAGES)
    figure = figure_of(draw_in_orders, matrices, orders, labels, ["ape", "bee", "cat"], title="A title")
    renderer = drawn(figure)
    panels = [axes for axes in figure.subfigs[0].axes if axes.images]
    assert len(panels) == 10
    # five columns; a strip of one pixel and a gap of one, then the matrix
    top, below = shown_in(panels[1]), shown_in(panels[6])
    assert top.shape == (N_IMAGES + 2, N_IMAGES + 2, 4)
    position = {name: np.argsort(order) for name, order in orders.items()}
    for canvas, name in ((top, "input"), (below, "output")):
        undefined = np.isclose(canvas[2:, 2:], to_rgba(GRAY), atol=0.01).all(2)
        assert undefined.sum() == 2 * N_IMAGES - 1
        assert undefined[position[name][4]].all()
        strip = canvas[0, 2:]
        same = (strip[:, None] == strip[None]).all(2)
        np.testing.assert_array_equal(same, labels[orders[name]][:, None] == labels[orders[name]])
    legend = [text.get_text() for text in figure.subfigs[1].legends[0].get_texts()]
    assert legend == ["ape", "bee", "cat", "undefined:\nconstant or not\nfinite vector"]
    assert overlaps([panel._left_title for panel in panels[:3]], renderer) == []


def test_many_classes_have_no_legend(matrices):
    orders = {"input": np.arange(N_IMAGES)}
    classes = [str(number) for number in range(1000)]
    whole = {name: matrix for name, matrix in matrices.items() if not np.isnan(matrix).any()}
    figure = figure_of(draw_in_orders, whole, orders, np.arange(N_IMAGES), classes, title="A title")
    assert [text.get_text() for text in figure.subfigs[1].legends[0].get_texts()] == classes[:N_IMAGES]
    wide = {name: np.eye(40) for name in NAMES}
    figure = figure_of(
        draw_in_orders, wide, {"input": np.arange(40)}, np.arange(40), classes, title="A title"
    )
    assert figure.subfigs[1].legends == []


def test_decorrelation_has_two_axes_and_marks_what_is_undefined(layers, drawn, texts, overlaps):
    figure = figure_of(draw_decorrelation, layers, layers, title="A title")
    renderer = drawn(figure)
    left, right = figure.axes
    final = layers[layers["checkpoint"] == "final"].sort_values("depth")
    for axes, column in ((left, "image_correlation"), (right, "active_fraction")):
        curves = [line.get_ydata() for line in axes.lines if line.get_linestyle() == "-"]
        assert any(np.array_equal(curve, final[column], equal_nan=True) for curve in curves)
    assert sorted(text.get_text() for text in texts(figure)) == ["7", "undefined", "undefined\nvectors"]
    assert overlaps([*texts(figure), left.yaxis.label, right.yaxis.label, figure._suptitle], renderer) == []


def test_a_matrix_of_layers_leaves_branches_out(pairs, adjacent, drawn, overlaps):
    figure = figure_of(draw_layers, pairs, adjacent, column="similarity", title="A title")
    renderer = drawn(figure)
    trained, untrained, below, _ = figure.get_axes()
    trunk = ["input", "features.1", "output"]
    assert [label.get_text() for label in trained.get_xticklabels()] == trunk
    np.testing.assert_allclose(shown_in(trained), [[1, 0.9, 0.9**4], [0.9, 1, 0.9**3], [0.9**4, 0.9**3, 1]])
    assert [axes.get_title("left") for axes in (trained, untrained)] == ["trained", "untrained"]
    assert [text.get_text() for text in trained.texts][:3] == ["1", ".90", ".66"]
    curve = below.lines[-1]
    np.testing.assert_allclose(curve.get_xydata(), [[0.5, 0.9], [1.5, 0.9**3]])
    assert overlaps(below.get_xticklabels(), renderer) == []


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("similarity", "Pearson's r"),
        ("similarity_spearman", "Spearman's ρ"),
        ("similarity_deconfounded", "partial r"),
        ("cka", "debiased CKA"),
    ],
)
def test_labels_of_similarity_name_the_measure(pairs, adjacent, column, name):
    figure = figure_of(draw_layers, pairs, adjacent, column=column, title="A title")
    assert [axes.get_ylabel() for axes in figure.axes[2:3]] == [f"{name} of each\nlayer and the next"]


def test_the_input_is_not_drawn_where_it_is_regressed_out(pairs, adjacent):
    figure = figure_of(draw_layers, pairs, adjacent, column="similarity_deconfounded", title="A title")
    assert [label.get_text() for label in figure.get_axes()[0].get_yticklabels()] == ["features.1", "output"]


def test_without_intervals_no_legend_mentions_them(pairs, adjacent):
    figure = figure_of(draw_layers, pairs, adjacent, column="similarity_spearman", title="A title")
    labels = [text.get_text() for text in figure.subfigs[1].legends[0].get_texts()]
    assert labels == ["trained", "untrained"]


def test_branches_of_a_module_are_in_a_box(pairs, drawn, overlaps):
    figure = figure_of(draw_branches, pairs, title="A title")
    renderer = drawn(figure)
    above, below = figure.axes[:2]
    (box,) = above.patches
    assert [box.get_xy().min(0).tolist(), box.get_xy().max(0).tolist()] == [[0.5, 0.5], [2.5, 2.5]]
    assert [label.get_text() for label in below.get_xticklabels()] == [
        *("input", "expand1x1", "expand3x3", "output")
    ]
    crossed = [text for text in above.texts if text.get_text() == "×"]
    assert len(crossed) == 7
    (points,) = (line for line in below.lines if len(line.get_xdata()) == 4)
    np.testing.assert_allclose(points.get_ydata(), [0.9**4, 0.9**2, np.nan, 1])
    # what stands below a column of the matrix belongs to it
    assert above.get_position().x0 == pytest.approx(below.get_position().x0)
    assert above.get_position().x1 == pytest.approx(below.get_position().x1)
    assert overlaps(below.get_xticklabels(), renderer) == []
    # no name of a module covers the values
    assert len(below.texts) == 0
    (modules,) = below.child_axes
    (module,) = modules.get_xticklabels()
    assert module.get_text() == "features.3"
    (bracket,) = figure.artists
    height = bracket.get_window_extent(renderer).y0
    assert module.get_window_extent(renderer).y1 < height
    assert all(height < label.get_window_extent(renderer).y0 for label in below.get_xticklabels()[1:3])
    assert faults(figure) == []


def test_a_branch_that_is_alone_in_its_module_has_its_whole_name(pairs, drawn):
    expand3x3 = "features.3.expand3x3_activation"
    few = pairs[(pairs["layer"] != expand3x3) & (pairs["other_layer"] != expand3x3)]
    figure = figure_of(draw_branches, few, title="A title")
    drawn(figure)
    below = figure.axes[1]
    names = ["input", "features.3.expand1x1_activation", "output"]
    assert [label.get_text() for label in below.get_xticklabels()] == names
    assert len(below.child_axes) == 0


def test_learning_shows_every_layer_at_every_step(learning, layers, drawn):
    performance = pd.DataFrame(
        {
            "step": [470, 0, 10],
            **{f"accuracy{end}": [0.9, 0.1, 0.5] for end in ("", "_low", "_high")},
            **{f"loss{end}": [0.3, 2.3, 1.0] for end in ("", "_low", "_high")},
        }
    )
    figure = figure_of(draw_steps, learning, layers, layers, performance, title="A title")
    drawn(figure)
    assert len(figure.axes) == 6
    for panel in figure.axes[:4]:
        curves = [line for line in panel.lines if line.get_marker() == "o"]
        assert len(curves) == 5
        for line in curves:
            assert list(line.get_xdata()) == list(STEPS.values())
    # a layer in which no vector varies
    (cross,) = (line for line in figure.axes[2].lines if line.get_marker() == "x")
    assert list(cross.get_xdata()) == [470]
    to_trained, to_untrained = (panel.lines[0].get_ydata() for panel in figure.axes[:2])
    np.testing.assert_allclose(to_trained, [0.53, 0.54, 1])
    np.testing.assert_allclose(to_untrained, [1, 0.99, 0.53])
    np.testing.assert_allclose(figure.axes[4].lines[0].get_ydata(), [0.1, 0.5, 0.9])
    assert len(figure_of(draw_steps, learning, layers, layers, None, title="A title").axes) == 4


def test_two_checkpoints_are_compared_along_depth(learning, drawn, overlaps):
    two = learning[(learning["checkpoint"] != "10") & (learning["other_checkpoint"] != "10")].copy()
    two.loc[two["layer"] == "features.1", "similarity"] = np.nan
    figure = figure_of(draw_checkpoints, two, title="A title")
    renderer = drawn(figure)
    (axes,) = figure.axes
    assert axes.get_ylabel().startswith("Pearson's r of")
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [0.53, np.nan, 0.53, 0.53, 0.53])
    (cross,) = (
        line for line in axes.lines if line.get_marker() == "x" and line.get_transform() != axes.transData
    )
    assert list(cross.get_xdata()) == [1]
    assert overlaps(axes.get_xticklabels(), renderer) == []


def test_random_weights_are_not_called_trained(pairs, adjacent):
    random = pairs[pairs["checkpoint"] == "final"].assign(step=0)
    figure = figure_of(
        draw_layers, random, adjacent[adjacent["checkpoint"] == "final"], column="cka", title="A title"
    )
    assert figure.get_axes()[0].get_title("left") == "random weights"


def test_checkpoints_are_compared_in_order_of_steps(learning, drawn):
    figure = figure_of(draw_checkpoints, learning, title="A title")
    drawn(figure)
    panels = [axes for axes in figure.axes if axes.images]
    assert len(panels) == 5
    assert [label.get_text() for label in panels[0].get_yticklabels()] == ["untrained", "step 10", "trained"]
    np.testing.assert_allclose(shown_in(panels[2]), [[1, 0.99, 0.53], [0.99, 1, 0.54], [0.53, 0.54, 1]])
