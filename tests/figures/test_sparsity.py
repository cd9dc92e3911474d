"""Figures show the numbers they are given, legibly, and come out the same each time."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from census.drawing.page import figure_of, new_figure, save
from census.figures.histogram import draw_histograms
from census.figures.sparsity import draw_depth, draw_learning, draw_lifetime
from census.figures.style import short_names

NAMES = ["input", "features.1", "features.3.expand3x3_activation", "features.3.cat", "output"]
KINDS = ["input", "nonlinearity", "nonlinearity", "module", "output"]
STEPS = {"0": 0, "10": 10, "300": 300, "final": 470}


@pytest.fixture
def layers():
    """A table of layers, in no order, with one inactive layer."""
    random, rows = np.random.default_rng(0), []
    for checkpoint, step in STEPS.items():
        for depth, (name, kind) in enumerate(zip(NAMES, KINDS, strict=True)):
            row = {"checkpoint": checkpoint, "step": step, "layer": name, "kind": kind, "depth": 3 * depth}
            for column in ("active_fraction", "population_sparseness", "hoyer"):
                value = random.uniform(0.2, 0.8)
                row |= {column: value, f"{column}_low": value - 0.05, f"{column}_high": value + 0.05}
            rows.append(row)
    table = pd.DataFrame(rows)
    inactive = (table["layer"] == "features.3.cat") & (table["checkpoint"] == "final")
    table.loc[inactive, ["hoyer", "hoyer_low", "hoyer_high"]] = np.nan
    table["n_inactive_vectors"] = inactive * 9
    return table.sample(frac=1, random_state=0)


@pytest.fixture
def units():
    random = np.random.default_rng(0)
    rows = [
        {
            "checkpoint": checkpoint,
            "step": STEPS[checkpoint],
            "layer": name,
            "depth": depth,
            "unit": unit,
            # the logits are signed, and no unit of theirs is inactive
            "lifetime_sparseness": np.nan if depth == 4 or (depth, unit) == (2, 0) else random.uniform(),
            "active_fraction": 0.0 if (depth, unit) == (2, 0) else 0.5,
            "mean_activation": 0.0 if (depth, unit) == (2, 0) else 1.0,
        }
        for checkpoint in ("0", "final")
        for depth, name in enumerate(NAMES)
        for unit in range(20)
    ]
    return pd.DataFrame(rows).sample(frac=1, random_state=0)


@pytest.fixture
def bins():
    edges = np.linspace(0, 3, 5)
    rows = []
    for depth, name in enumerate(NAMES):
        counts = [80, 15, 5, 0] if name != "features.3.cat" else [0, 0, 0, 0]
        for left, right, count in zip(edges[:-1], edges[1:], counts, strict=True):
            rows.append(
                {"layer": name, "depth": depth, "left": left, "right": right, "count": count, "zeros": 300}
            )
    return (
        pd.DataFrame(rows)
        .assign(checkpoint="final", not_finite=0, n_map_images=9)
        .sample(frac=1, random_state=0)
        .sort_values("left", kind="stable")
    )


def test_depth_shows_each_layer_in_order(layers, drawn, texts, overlaps):
    figure = figure_of(draw_depth, layers, title="A title")
    renderer = drawn(figure)
    above, below = figure.axes
    names = [name.removeprefix("3.") for name in short_names(NAMES).values()]
    assert [label.get_text() for label in below.get_xticklabels()] == names
    final = layers[layers["checkpoint"] == "final"].sort_values("depth")
    curves = [line.get_ydata() for line in above.lines if line.get_linestyle() == "-"]
    assert any(np.array_equal(curve, final["active_fraction"]) for curve in curves)
    assert [text.get_text() for text in texts(figure)] == ["inactive"]
    assert overlaps(below.get_xticklabels(), renderer) == []


def test_depth_without_an_untrained_network(layers):
    figure = figure_of(draw_depth, layers[layers["checkpoint"] == "final"], title="A title")
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert not any("untrained" in label for label in labels)


def test_lifetime_shows_medians_and_counts_inactive_units(units, drawn, texts, overlaps):
    figure = figure_of(draw_lifetime, units, title="A title")
    renderer = drawn(figure)
    axes = figure.axes[0]
    medians = np.concatenate([line.get_ydata() for line in axes.lines if line.get_marker() == "o"])
    expected = units.groupby(["checkpoint", "layer"])["lifetime_sparseness"].median()
    assert len(medians) == len(expected)
    assert set(medians[~np.isnan(medians)]) == set(expected.dropna())
    assert sorted(text.get_text() for text in texts(figure)) == [
        "1",
        "1",
        "inactive\nunits",
        "signed",
        "signed",
    ]
    assert overlaps([*texts(figure), axes.yaxis.label, figure._suptitle], renderer) == []


def test_lifetime_tells_why_units_have_none(units, drawn, texts):
    chosen = (units["checkpoint"] == "final") & (units["layer"] == "input") & (units["unit"] < 9)
    units.loc[chosen, "lifetime_sparseness"] = np.nan
    units.loc[chosen & (units["unit"] < 2), ["active_fraction", "mean_activation"]] = np.nan
    units.loc[units["layer"] == "features.1", ["lifetime_sparseness", "mean_activation"]] = np.nan
    figure = figure_of(draw_lifetime, units, title="A title")
    drawn(figure)
    found = [text.get_text() for text in texts(figure)]
    assert found.count("2 not finite, 7 signed") == 1
    assert found.count("not finite") == found.count("signed") == 2


def test_learning_shows_every_step(layers, drawn, overlaps):
    figure = figure_of(draw_learning, layers, title="A title")
    renderer = drawn(figure)
    for panel in figure.axes:
        assert len(panel.lines) == len(NAMES)
        for line in panel.lines:
            assert list(line.get_xdata()) == list(STEPS.values())
        assert overlaps([label for label in panel.get_xticklabels() if label.get_text()], renderer) == []


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [(0, 6, ["0", "2.5", "6"]), (-4.74, 10.363, ["0", "6", "10.4"]), (0, 12345.6, ["0", "5,000", "12,346"])],
)
def test_histograms_have_a_tick_at_the_largest_value(bins, drawn, low, high, labels):
    edges = np.linspace(low, high, 5)
    bins["left"], bins["right"] = (
        bins["left"].map(dict(zip(np.linspace(0, 3, 5)[:-1], edges[:-1], strict=True))),
        bins["right"].map(dict(zip(np.linspace(0, 3, 5)[1:], edges[1:], strict=True))),
    )
    figure = figure_of(draw_histograms, bins, checkpoint="final", title="A title")
    drawn(figure)
    for panel in figure.axes:
        assert [label.get_text() for label in panel.get_xticklabels()] == labels
        assert panel.get_xticks()[-1] == pytest.approx(high)


def test_histograms_print_the_share_of_values_that_are_not_0(bins, drawn, texts, overlaps):
    figure = figure_of(draw_histograms, bins, checkpoint="final", title="A title")
    renderer = drawn(figure)
    titles = [panel.get_title("left") for panel in figure.axes]
    assert titles == list(short_names(NAMES).values())
    assert [text.get_text() for text in texts(figure)] == ["25.0%", "25.0%", "25.0%", "inactive", "25.0%"]
    np.testing.assert_array_equal(figure.axes[1].patches[0].get_data().values, [80, 15, 5, 0])
    assert all(panel.get_yscale() == "log" for panel in figure.axes)
    assert overlaps([panel._left_title for panel in figure.axes], renderer) == []


def test_nan_is_not_inactivity(bins, drawn, texts):
    none = bins["layer"] == "features.3.cat"
    figure = figure_of(
        draw_histograms,
        bins.assign(not_finite=100, zeros=np.where(none, 0, 300)),
        checkpoint="final",
        title="A title",
    )
    drawn(figure)
    words = [text.get_text() for text in texts(figure)]
    assert words == [*["25.0%\n20.0% not finite"] * 3, "100.0% not finite", "25.0%\n20.0% not finite"]


def test_names_that_are_too_long_keep_their_end(bins):
    long = "backbone.stage3." + "block." * 8 + "activation"
    figure = figure_of(
        draw_histograms, bins.replace({"layer": {"output": long}}), checkpoint="final", title="A title"
    )
    title = figure.axes[4].get_title("left")
    assert title.startswith("…")
    assert long.endswith(title[1:])


@pytest.mark.parametrize("format", ["png", "svg", "pdf"])
def test_the_same_figure_gives_the_same_file(layers, tmp_path, format):
    paths = [tmp_path / f"{name}.{format}" for name in "ab"]
    for path in paths:
        save(figure_of(draw_depth, layers, title="A title"), [path], dpi=60)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_bitmaps_have_the_requested_resolution(tmp_path):
    figure = new_figure(4, 2)
    figure.subplots()
    save(figure, [tmp_path / "a.png"], dpi=75)
    assert Image.open(tmp_path / "a.png").size == (300, 150)
