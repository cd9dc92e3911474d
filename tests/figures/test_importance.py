"""Figures of importance show every unit and every relation, and say what is undefined."""

import numpy as np
import pandas as pd
import pytest

from census.drawing.page import figure_of
from census.figures.importance import draw_ablation, draw_depth, draw_relations, draw_substitution
from census.statistics.relations import relation

LAYERS = ["relu1", "features.3.squeeze_activation", "relu3", "relu4"]


@pytest.fixture
def tables():
    """Units and relations of four layers, untrained and trained; in the last one all RS are 0."""
    random = np.random.default_rng(0)
    units, relations = [], []
    for checkpoint, step in (("0", 0), ("final", 90)):
        for depth, layer in enumerate(LAYERS):
            n = 12
            here = pd.DataFrame(
                {
                    "checkpoint": checkpoint,
                    "step": step,
                    "layer": layer,
                    "depth": depth,
                    "unit": np.arange(n),
                    "selectivity": random.random(n),
                    "mean_activation": random.random(n),
                    "rs_natural": random.random(n),
                    "ablation_kl": random.normal(size=n),
                }
            )
            for column in ("rs_iam", "rs_am"):
                chosen = np.arange(n) < 8
                here[column] = np.where(chosen, 0 if layer == "relu4" else random.random(n), np.nan)
                here[f"{column}_failed"] = np.where(chosen, 0, np.nan)
            here.loc[0, ["rs_iam", "rs_iam_failed"]] = [np.nan, 3]
            here["ablation_kl_low"], here["ablation_kl_high"] = (
                here["ablation_kl"] - 1,
                here["ablation_kl"] + 1,
            )
            here.loc[n - 1, ["ablation_kl", "ablation_kl_low", "ablation_kl_high"]] = np.nan
            units.append(here)
            for first in ("rs_iam", "rs_am", "rs_natural", "selectivity", "mean_activation"):
                for second, covariate in (
                    ("selectivity", None),
                    ("ablation_kl", None),
                    ("ablation_kl", "mean_activation"),
                ):
                    if first in (second, covariate):
                        continue
                    found = relation(here[first], here[second], 20, 0, here[covariate] if covariate else None)
                    place = {"checkpoint": checkpoint, "step": step, "layer": layer, "depth": depth}
                    pair = {"first": first, "second": second, "covariate": covariate}
                    numbers = {
                        **{"rho": found.rho, "rho_low": found.low, "rho_high": found.high},
                        "n": found.n,
                    }
                    relations.append(place | pair | numbers)
    return pd.concat(units, ignore_index=True), pd.DataFrame(relations)


def test_every_unit_is_in_the_panel_of_its_layer(tables, drawn, texts):
    units, relations = tables
    figure = figure_of(draw_substitution, units, relations, title="A title")
    drawn(figure)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["relu1", "features.3.\nsqueeze_activation", "relu3", "relu4"]
    for axes, layer in zip(figure.axes, LAYERS, strict=True):
        here = units[(units["layer"] == layer) & (units["checkpoint"] == "final")]
        iam, am = axes.lines
        for marks, column in ((iam, "rs_iam"), (am, "rs_am")):
            drawn_at = pd.Series(marks.get_ydata(), here.index)
            is_zero = here[column] == 0
            pd.testing.assert_series_equal(drawn_at[~is_zero], here.loc[~is_zero, column], check_names=False)
            # spread around 0, so that none hides another
            assert drawn_at[is_zero].abs().max() < 0.003 or not is_zero.any()
            assert drawn_at[is_zero].is_unique
        np.testing.assert_array_equal(iam.get_xdata(), here["selectivity"])
    words = [text.get_text() for text in texts(figure)]
    lines = [word.splitlines() for word in words]
    assert all(line[0] == "8 of 12 units" for line in lines)
    assert all("1 failed" in iam and "failed" not in am for _, _, iam, _, am in lines)
    assert lines[3][1:] == ["IAM: ρ undefined;", "7 with RS 0, 1 failed", "AM: ρ undefined;", "8 with RS 0"]


def test_text_of_a_panel_is_above_its_units(tables, drawn, texts):
    units, relations = tables
    units["rs_iam"] = units["rs_iam"].where(units["rs_iam"].isna(), 1.0)  # as high as can be
    figure = figure_of(draw_substitution, units, relations, title="A title")
    renderer = drawn(figure)
    for text in texts(figure):
        highest = text.axes.transData.transform((0, 1))[1]
        assert text.get_window_extent(renderer).y0 > highest


def test_relations_are_drawn_along_depth_with_the_untrained_network(tables, drawn):
    units, relations = tables
    for figure in (
        figure_of(draw_depth, units, relations, title="A title"),
        figure_of(draw_relations, relations, title="A title"),
    ):
        drawn(figure)
        above, below = figure.axes
        names = [label.get_text() for label in below.get_xticklabels() if label.get_visible()]
        assert names == LAYERS
        series = [line for line in above.lines if len(line.get_xdata()) == len(LAYERS)]
        assert len(series) == 6
        assert {line.get_linestyle() for line in series} == {"-", "--"}
    # beside each other, so that no interval hides another
    places = sorted(float(line.get_xdata()[0]) for line in series)
    assert np.diff(places).min() > 0.1


def test_what_is_undefined_is_marked(tables, drawn):
    units, relations = tables
    figure = figure_of(draw_depth, units, relations, title="A title")
    drawn(figure)
    crosses = [line for line in figure.axes[0].lines if line.get_marker() == "x"]
    # RS of both kinds of images in the last layer, untrained and trained
    assert len(crosses) == 4
    for axes in figure.axes:
        lowest = axes.transData.transform((0, -1.05 if axes is figure.axes[0] else -0.02))[1]
        for cross in (line for line in axes.lines if line.get_marker() == "x"):
            _, height = cross.get_transform().transform(cross.get_xydata()[0])
            assert height < lowest - 3, "could be taken for a value"
    assert figure.axes[0].get_yticks().min() == -1
    assert {round(float(line.get_xdata()[0])) for line in crosses} == {3}


def test_mean_activation_is_not_its_own_covariate(tables):
    figure = figure_of(draw_relations, tables[1], title="A title")
    above, below = ([line for line in axes.lines if len(line.get_xdata()) == 4] for axes in figure.axes)
    assert (len(above), len(below)) == (6, 4)


def test_ablation_effects_are_drawn_of_units_that_were_ablated(tables, drawn, texts, overlaps):
    units, relations = tables
    figure = figure_of(draw_ablation, units, relations, title="A title")
    drawn(figure)
    assert len(figure.axes) == 3 * len(LAYERS)
    assert figure.axes[3].get_ylabel() == "features.3.\nsqueeze_activation\n11 of 12 units"
    for axes in figure.axes:
        *_, marks = axes.lines
        assert len(marks.get_xdata()) == 11
    # of these, three have no images for RS, and those of one failed
    selectivity, rs, activation = (axes.get_title("right") for axes in figure.axes[:3])
    assert rs.startswith("1 failed, 3 undefined; ρ")
    assert selectivity.startswith("ρ")
    assert activation.startswith("ρ")


def test_labels_of_measures_with_their_units_fit_below_their_panels(tables, drawn, overlaps):
    figure = figure_of(draw_ablation, *tables, title="A title")
    renderer = drawn(figure)
    labels = [axes.xaxis.label for axes in figure.axes[-3:]]
    units = [label.get_text().partition("\n")[2].replace("\n", " ") for label in labels]
    assert units == ["", "", "(in the network's own units)"]
    assert overlaps(labels, renderer) == []
    assert all(
        figure.bbox.contains(*end)
        for label in labels
        for end in label.get_window_extent(renderer).get_points()
    )


def test_an_interval_of_no_width_is_not_shown(tables, drawn):
    units, relations = tables
    here = (relations["layer"] == "relu3") & (relations["first"] == "mean_activation")
    relations.loc[here, ["rho", "rho_low", "rho_high", "n"]] = [1, 1 - 1e-9, 1, 4]
    figure = figure_of(draw_ablation, units, relations, title="A title")
    drawn(figure)
    titles = [axes.get_title(loc="right") for axes in figure.axes[6:9]]
    assert titles[2] == "ρ 1.00 (4 units)"
    assert all(title.endswith("]") for title in titles[:2])
    figure = figure_of(draw_relations, relations, title="A title")
    drawn(figure)
    words = "no bar: ρ is equal\nin all resamples"
    assert words in [text.get_text() for text in figure.legends[0].get_texts()]
    segments = [each for bars in figure.axes[0].collections for each in bars.get_segments() if len(each)]
    assert not any(abs(segment[0, 1] - segment[1, 1]) < 1e-6 for segment in segments)
    # trained and untrained, of three measures of four layers; RS of relu4 is undefined
    assert len(segments) == 2 * (3 * 4 - 1 - 1)
    figure = figure_of(draw_relations, tables[1][tables[1]["layer"] == "relu1"], title="A title")
    assert words not in [text.get_text() for text in figure.legends[0].get_texts()]


def test_ablation_effects_undefined_for_all_units_are_named(tables, drawn):
    units, relations = tables
    units["ablation_kl"] = np.nan
    figure = figure_of(draw_ablation, units, relations, title="A title")
    drawn(figure)
    words, _ = (text.get_text() for text in figure.texts)
    assert words == "Nothing defined to show: change of the output by ablation has no value for any unit."


def test_a_network_without_an_untrained_checkpoint_is_drawn_alone(tables, drawn):
    units, relations = (table[table["checkpoint"] == "final"] for table in tables)
    for figure in (
        figure_of(draw_depth, units, relations, title="A title"),
        figure_of(draw_relations, relations, title="A title"),
    ):
        drawn(figure)
        (legend,) = figure.legends
        assert not {"trained", "untrained"} & {text.get_text() for text in legend.get_texts()}
