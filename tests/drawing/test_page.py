"""Pages: the size of any figure, names of layers, words and ticks."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from PIL import Image

from census.drawing.axes import foot_of, give_feet, label_logarithms, name_powers, say_if_empty
from census.drawing.page import COLORMAPS, FAITHFUL, figure_of, in_style, new_figure, save
from census.figures.correlation import draw_in_orders
from census.figures.sparsity import draw_depth
from census.figures.style import HEIGHT, WIDTHS, modules_of, short_names
from tests.figures.legends import is_scale

SQUEEZE = [
    "input",
    "features.1",
    *(f"features.{n}.{e}_activation" for n in (3, 4) for e in ("squeeze", "expand")),
]


def layers(names):
    table = pd.DataFrame({"layer": names, "depth": range(len(names)), "kind": "nonlinearity", "step": 9})
    columns = ("active_fraction", "population_sparseness", "hoyer")
    for column in columns:
        table[column], table[f"{column}_low"], table[f"{column}_high"] = 0.5, 0.4, 0.6
    return pd.concat(
        [table.assign(checkpoint=each, n_inactive_vectors=0) for each in ("0", "final")], ignore_index=True
    )


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("n", [1, 5, 30, 200])
def test_figures_are_as_wide_as_the_config_says_and_within_a_page(width, n):
    names = [f"block{i // 4}.branch{i}.relu" for i in range(n)]
    title = "A long title of a network with a long name on a data set with a long name, of 10,000 images"
    with in_style():
        figure = figure_of(draw_depth, layers(names), title=title, width=width)
        FigureCanvasAgg(figure).draw()
        assert figure.get_figwidth() == WIDTHS[width]
        assert figure.get_figheight() <= HEIGHT
        whole = figure.bbox.padded(1)
        renderer = figure.canvas.get_renderer()
        parts = [
            figure.legends[0],
            figure.axes[-1].xaxis.label,
            *figure.texts,
            *figure.axes[-1].get_xticklabels(),
        ]
        boxes = [part.get_window_extent(renderer) for part in (*parts, figure._suptitle)]
    assert all(whole.contains(*box.min) and whole.contains(*box.max) for box in boxes)
    assert {"untrained", "95 % interval"} <= {text.get_text() for text in figure.legends[0].get_texts()}


def test_layers_have_short_names_and_modules_a_bracket():
    with in_style():
        figure = figure_of(draw_depth, layers(SQUEEZE))
        FigureCanvasAgg(figure).draw()
    below = figure.axes[-1]
    assert [label.get_text() for label in below.get_xticklabels()] == [
        "input",
        "1",
        *["squeeze", "expand"] * 2,
    ]
    (modules,) = below.child_axes
    assert [label.get_text() for label in modules.get_xticklabels()] == ["3", "4"]
    assert modules.get_xlabel() == "layer, in order of depth (of features)"
    brackets = [line.get_xdata() for line in figure.artists]
    np.testing.assert_allclose(brackets, [[1.65, 3.35], [3.65, 5.35]])


def test_names_stay_apart():
    assert list(short_names(["a.1", "a.b", "1", "b"]).values()) == ["a.1", "a.b", "1", "b"]
    assert list(short_names(["a.x_relu", "b"]).values()) == ["a.x_relu", "b"]
    assert modules_of(["a.1", "a.2", "b", "a.3"]) == [("a", 0, 2)]


def test_a_log_axis_of_less_than_a_decade_has_labels():
    with in_style():
        figure = new_figure(4, 3)
        axes = figure.subplots()
        axes.plot([2, 7], [1, 1000])
        axes.set(xscale="log", yscale="log", xlim=(2, 7))
        label_logarithms(axes)
        FigureCanvasAgg(figure).draw()
    assert {"2", "5"} <= {label.get_text() for label in axes.get_xticklabels(which="minor")}
    assert not any(label.get_text() for label in axes.get_yticklabels(which="minor"))


def test_powers_are_plain_numbers_unless_they_are_large():
    figure = new_figure(4, 3)
    near, far = figure.subplots(1, 2)
    near.set_yscale("symlog", linthresh=1)
    near.set_ylim(-300, 300)
    far.set(yscale="log", ylim=(1, 1e6))
    for axes in (near, far):
        name_powers(axes)
    FigureCanvasAgg(figure).draw()
    labels = [label.get_text() for label in near.get_yticklabels()]
    assert {"−100", "−1", "0", "1", "10"} <= set(labels)
    assert "$" in far.get_yticklabels()[1].get_text()


def test_a_panel_without_content_says_so():
    figure = new_figure(4, 3)
    empty, line, shown = figure.subplots(1, 3)
    empty.plot([1, 2], [np.nan, np.nan])
    line.axhline(0)
    shown.plot([1], [1], "o")
    for axes in (empty, line, shown):
        say_if_empty(axes)
    words = [[text.get_text() for text in axes.texts] for axes in (empty, line, shown)]
    assert words == [["no value is defined"], ["no value is defined"], []]


def test_vector_files_of_many_matrices_are_small(tmp_path):
    random, order = np.random.default_rng(0), np.arange(500)
    matrices = {f"relu{n}": np.corrcoef(random.standard_normal((500, 5))) for n in range(18)}
    classes = [f"class {n}" for n in range(10)]
    with in_style():
        figure = figure_of(draw_in_orders, matrices, {"a": order, "b": order}, order % 10, classes)
        save(figure, [tmp_path / "figure.svg"], 150)
    assert (tmp_path / "figure.svg").stat().st_size <= 2e6


def test_figures_do_not_depend_on_the_user_s_settings(tmp_path):
    def drawn(name: str) -> bytes:
        with in_style():
            save(figure_of(draw_depth, layers(["relu1", "relu2"])), [tmp_path / f"{name}.png"], 50)
        return (tmp_path / f"{name}.png").read_bytes()

    expected = drawn("ours")
    with mpl.rc_context(
        {"axes.facecolor": "yellow", "xtick.direction": "in", "lines.dashed_pattern": [9, 9]}
    ):
        assert drawn("theirs") == expected


def test_legends_keep_their_colors_beside_matrices(tmp_path):
    random, order = np.random.default_rng(0), np.arange(100)
    matrices = {f"relu{n}": np.corrcoef(random.standard_normal((100, 2 + n)) + n / 2) for n in range(10)}
    classes = [f"class {n}" for n in range(14)]
    with in_style():
        figure = figure_of(draw_in_orders, matrices, {"a": order, "b": order}, order % 14, classes)
        save(figure, [tmp_path / "figure.png"], 150)
    saved = np.asarray(Image.open(tmp_path / "figure.png").convert("RGB"), int)

    def at(x, y):
        return saved[int(len(saved) - y), int(x)]

    (legend,) = (legend for part in figure.subfigs for legend in part.legends)
    for patch, label in zip(legend.get_patches(), classes, strict=True):
        declared = np.multiply(to_rgb(patch.get_facecolor()), 255)
        middle = patch.get_window_extent().get_points().mean(0)
        assert np.abs(at(*middle) - declared).max() <= FAITHFUL, label
    (scale,) = filter(is_scale, figure.axes)
    for value in np.linspace(-0.95, 0.95, 39):
        shown = at(*scale.transData.transform((0.5, value)))
        declared = np.multiply(COLORMAPS["correlation"]((value + 1) / 2)[:3], 255)
        # a row of pixels is a step of the scale
        assert np.abs(shown - declared).max() <= FAITHFUL + 8, value


def test_figures_of_few_colors_have_a_palette(tmp_path):
    with in_style():
        save(figure_of(draw_depth, layers(SQUEEZE)), [tmp_path / "figure.png"], 150)
    assert Image.open(tmp_path / "figure.png").mode == "P"


def test_panels_that_share_y_have_the_same_strip_below_their_values():
    figure = new_figure(4, 3)
    panels = figure.subplots(1, 2, sharey=True)
    panels[0].set_yscale("symlog", linthresh=1)
    panels[0].set_ylim(-1000, 10)
    foot = foot_of(panels[0])
    give_feet(panels)
    FigureCanvasAgg(figure).draw()
    for panel in panels:
        top_of_strip = panel.transAxes.inverted().transform(panel.transData.transform((0, -1000)))[1]
        assert top_of_strip == pytest.approx(foot)
        assert panel.get_yticks().min() == -1000
        (strip,) = panel.patches
        assert strip.get_extents().height == pytest.approx(foot * panel.bbox.height)
