"""Figures of ablation show the numbers they are given, legibly."""

import numpy as np
import pandas as pd
import pytest

from census.drawing.page import figure_of
from census.figures.ablation import draw_cumulative, draw_units

NAMES = ["features.1", "features.10.squeeze_activation", "classifier.2"]
SHARES = np.linspace(0, 1, 6)
N_UNITS = 9


def with_interval(table, name, width):
    table[f"{name}_low"], table[f"{name}_high"] = table[name] - width, table[name] + width
    return table


@pytest.fixture
def units():
    """Costs that fall with depth; two units of the second layer are undefined in the trained network."""
    random, parts = np.random.default_rng(0), []
    for mode in ("zero", "resampled"):
        for checkpoint, step in (("0", 0), ("final", 470)):
            for depth, name in enumerate(NAMES):
                cost = random.exponential(0.1 / (1 + depth), N_UNITS)
                table = pd.DataFrame(
                    {
                        "checkpoint": checkpoint,
                        "step": step,
                        "layer": name,
                        "depth": 2 * depth,
                        "mode": mode,
                        "unit": range(N_UNITS),
                        "ablation_kl": cost,
                        "ablation_changed": cost,
                        "ablation_loss": cost,
                        "ablation_accuracy": -cost,
                        "ablation_most_affected": cost,
                    }
                )
                if depth == 1 and checkpoint == "final":
                    table.loc[:1, [name for name in table if name.startswith("ablation")]] = np.nan
                for name in ("ablation_kl", "ablation_changed", "ablation_loss", "ablation_accuracy"):
                    table = with_interval(table, name, 0.01)
                parts.append(table)
    return pd.concat(parts).sample(frac=1, random_state=0)


@pytest.fixture
def layers():
    rows = []
    for mode in ("zero", "resampled"):
        for checkpoint in ("0", "final"):
            for depth, name in enumerate(NAMES):
                row = {"checkpoint": checkpoint, "step": 470 * (checkpoint == "final"), "layer": name}
                row |= {"depth": 2 * depth, "mode": mode, "reference": "labels", "n_units": 64}
                row |= {"n_ablated": N_UNITS, "n_images": 200, "chance": 0.15}
                row |= {
                    "ablation_auc_random": 0.6,
                    "ablation_auc_mean_activation": 0.5,
                    "ablation_auc_rs": 0.7,
                }
                row |= {"ablation_auc_random_min": 0.55, "ablation_auc_random_max": 0.65}
                rows.append(row)
    table = pd.DataFrame(rows)
    for order in ("random", "mean_activation", "rs"):
        table = with_interval(table, f"ablation_auc_{order}", 0.05)
    return table.sample(frac=1, random_state=0)


@pytest.fixture
def curves():
    parts = []
    for mode in ("zero", "resampled"):
        for depth, name in enumerate(NAMES):
            for order, number, criterion, power in (
                ("random", 0, None, 1),
                ("random", 1, None, 3),
                ("mean_activation", None, "mean_activation", 0.5),
                ("rs", None, "rs_natural", 2),
            ):
                table = pd.DataFrame({"share": SHARES, "accuracy": 0.9 * (1 - SHARES**power)})
                keys = {"checkpoint": "final", "layer": name, "depth": 2 * depth, "mode": mode}
                keys |= {"order": order, "random_order": number, "criterion": criterion}
                parts.append(with_interval(table.assign(**keys), "accuracy", 0.03))
    return pd.concat(parts).sample(frac=1, random_state=0)


def legend_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_each_unit_has_a_mark_in_ascending_order(units, layers, drawn, texts, overlaps):
    figure = figure_of(draw_units, units, layers, title="A title")
    renderer = drawn(figure)
    panels = np.reshape(figure.axes, (5, 2))
    for panel, mode in zip(panels[0], ("zero", "resampled"), strict=True):
        marks = [line for line in panel.lines if line.get_marker() == "o"]
        assert [len(line.get_xdata()) for line in marks] == [9, 9, 9, 7, 9, 9]
        here = units[(units["mode"] == mode) & (units["checkpoint"] == "final")].query("depth == 0")
        np.testing.assert_allclose(marks[1].get_ydata(), np.sort(here["ablation_kl"]))
        # those of two checkpoints and of neighboring layers stand apart
        places = np.concatenate([line.get_xdata() for line in marks])
        assert (np.diff(places) > 0).all()
    # both undefined ones are counted in every panel
    assert [text.get_text() for text in texts(figure)] == ["2 NaN"] * 10
    assert panels[0, 0].get_title(loc="left") != panels[0, 1].get_title(loc="left")
    assert overlaps(panels[4, 0].get_xticklabels(), renderer) == []
    assert legend_of(figure)[:2] == ["trained", "untrained"]
    assert "9 units of each layer,\n200 images" in legend_of(figure)[-1]


def test_a_network_without_a_control_has_no_marks_of_one(units, layers, drawn):
    units, layers = (table[table["checkpoint"] == "final"] for table in (units, layers))
    units = units.assign(ablation_loss=np.nan, ablation_accuracy=np.nan)
    figure = figure_of(draw_units, units, layers.assign(reference="intact", n_ablated=64), title="A title")
    drawn(figure)
    assert "untrained" not in legend_of(figure)
    assert "all units of each layer" in legend_of(figure)[-1]
    # labels are no classes of the network: no loss and no accuracy
    assert len(figure.axes) == 6
    assert -0.001 < figure.axes[0].get_ylim()[0] < 0


def test_measures_undefined_for_all_units_are_named_without_a_panel(units, layers, drawn):
    figure = figure_of(draw_units, units.assign(ablation_most_affected=np.nan), layers, title="A title")
    drawn(figure)
    assert len(figure.axes) == 8
    assert figure.axes[-1].get_xlabel() != ""
    assert legend_of(figure)[-1].startswith("too few images per")


def test_curves_and_areas_are_of_each_order(curves, layers, drawn, overlaps):
    figure = figure_of(draw_cumulative, curves, layers, title="A title")
    renderer = drawn(figure)
    panels = figure.axes
    # of each mode a panel per layer, and one for the areas
    assert len(panels) == 2 * (len(NAMES) + 1)
    first = [line for line in panels[0].lines if line.get_marker() in ("o", "s", "D")]
    assert len(first) == 3
    np.testing.assert_allclose(first[0].get_ydata(), 0.9 * (1 - (SHARES + SHARES**3) / 2))
    np.testing.assert_allclose(first[1].get_ydata(), 0.9 * (1 - SHARES**0.5))
    band = panels[0].collections[0].get_paths()[0].vertices
    assert band[:, 1].max() == pytest.approx(0.9)
    assert [panel.get_title(loc="left").splitlines()[-1] for panel in panels[:3]] == ["64 units"] * 3
    areas = panels[3]
    heights = [line.get_ydata()[0] for line in areas.lines]
    np.testing.assert_allclose(heights, [0.6, 0.5, 0.7, 0.15])
    assert overlaps(areas.get_xticklabels(), renderer) == []
    legend = legend_of(figure)
    assert "highest RS first" in legend
    assert "(RS on natural images)" in legend
    assert "most selective first" not in legend
    assert "all of 2 random orders" in legend
    assert legend[-1] == "200 images"


def test_a_mode_for_single_units_has_no_curves(curves, layers, drawn):
    without = [name for name in layers if name.startswith("ablation_auc")]
    optimal = layers[layers["mode"] == "zero"].assign(mode="optimal", **dict.fromkeys(without, np.nan))
    figure = figure_of(draw_cumulative, curves, pd.concat([layers, optimal]), title="A title")
    drawn(figure)
    assert len(figure.axes) == 2 * (len(NAMES) + 1)
