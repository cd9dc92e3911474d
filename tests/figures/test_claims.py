"""The page of verdicts, and the figure of agreement."""

import numpy as np
import pandas as pd
import pytest

from census.claims.verdict import CONTRADICTED, INCONCLUSIVE, SUPPORTED
from census.drawing.page import figure_of, in_style
from census.figures.agreement import NAMES, draw_agreement
from census.figures.claims import draw_claims

RUN = {"network": "cnn", "seed": 0, "dataset": "clothes"}


def claims():
    nan = float("nan")
    rows = [
        ("S0.1", "ρ of depth and this", -0.7, -0.9, -0.5, 0.2, 0.0, SUPPORTED, ""),
        ("S0.2", "a difference", 12.0, 9.0, 15.0, 11.0, 0.0, CONTRADICTED, ""),
        ("S0.3", "a share", nan, nan, nan, nan, 0.5, INCONCLUSIVE, "no convolutional layers"),
    ]
    names = ["id", "statistic", "effect", "low", "high", "control", "null", "verdict", "reason"]
    one = pd.DataFrame(rows, columns=names).assign(claim="that it is so", predicted="below")
    one[["n_networks", "n_agreeing"]] = pd.NA
    runs = [one.assign(network=network, seed=0, dataset="clothes") for network in ("cnn", "mlp")]
    return pd.concat(runs).astype({"seed": "Int64"})


def words(figure):
    return [" ".join(text.get_text().split()) for axes in figure.axes for text in axes.texts]


def test_every_claim_stands_once_and_every_network_has_its_verdict():
    with in_style():
        figure = figure_of(draw_claims, claims())
        figure.canvas.draw()
    found = words(figure)
    for name in ("S0.1", "S0.2", "S0.3"):
        assert found.count(name) == 1
    assert found.count("supported") == 2
    assert found.count("contradicted") == 2
    assert found.count("inconclusive: no convolutional layers") == 2
    assert "−0.70 [−0.90, −0.50]; untrained 0.20" in found


def test_words_are_as_wide_as_their_column_and_name_measures(drawn):
    table = claims().assign(
        claim="few directions of a dictionary reconstruct channel vectors better than as few units",
        statistic="ρ of mf_degree and ablation_kl over units, mean over layers",
        reason="measure unreliable: ablation_loss (reliability 0.25)",
    )
    found = []
    for runs in (table, table.query("network == 'cnn'")):
        figure = figure_of(draw_claims, runs)
        renderer = drawn(figure)
        for axes in figure.axes:
            right = axes.get_window_extent(renderer).x1
            assert all(text.get_window_extent(renderer).x1 <= right for text in axes.texts)
        found.append([text.get_text().count("\n") for axes in figure.axes[:2] for text in axes.texts])
        assert (
            "ρ of multifacetedness and ablation (change of the output) over units, mean over layers"
            in words(figure)
        )
        assert any(
            text.endswith("measure unreliable: ablation (change of loss) (reliability 0.25)")
            for text in words(figure)
        )
    # a single network has wider columns
    assert sum(found[1]) < sum(found[0])


def test_networks_of_several_seeds_share_a_column():
    alone = claims().query("network == 'mlp'")
    seeds = [claims().query("network == 'cnn'").assign(seed=seed) for seed in range(5)]
    over = seeds[0].assign(seed=pd.NA, n_networks=5, n_agreeing=4)
    figure = figure_of(draw_claims, pd.concat([over, *seeds, alone]))
    figure.canvas.draw()
    titles = [axes.get_title(loc="left") for axes in figure.axes[1:]]
    assert titles == ["cnn, 5 seeds\non clothes", "mlp\non clothes"]
    assert "−0.70 [−0.90, −0.50]; untrained 0.20" in words(figure)
    assert "supported (4 of 5)" in words(figure)
    strokes = [line for line in figure.axes[1].lines if line.get_marker() == "|"]
    assert [float(np.ravel(line.get_xdata())[0]) for line in strokes[::3]] == [-0.7] * 5
    assert not [line for line in figure.axes[2].lines if line.get_marker() == "|"]
    # each sheet has its own claims of all seeds
    table = pd.concat([over, *seeds, alone])
    sheets = [figure_of(draw_claims, table, sheet=(number, 3)) for number in range(3)]
    counts = [len([each for each in sheet.axes[1].lines if each.get_marker() == "|"]) for sheet in sheets]
    assert sum(counts) == len(strokes)


def test_rank_correlations_are_drawn_as_they_are_and_others_by_their_row():
    with in_style():
        figure = figure_of(draw_claims, claims())
    marks = [line.get_xdata() for line in figure.axes[1].lines if line.get_marker() == "o"]
    # the untrained network's, then the effect
    assert [float(np.ravel(each)[0]) for each in marks[:2]] == [0.2, -0.7]
    (effect,) = (line for line in figure.axes[1].lines if line.get_marker() == "s")
    assert np.ravel(effect.get_xdata())[0] == pytest.approx(12 / 15)


def agreement():
    names, rows = list(NAMES), []
    for checkpoint, sign in (("final", 1), ("0", -1)):
        for layer, depth in ((None, None), ("relu1", 1), ("relu2", 2)):
            for place, second in enumerate(names):
                for first in names[place + 1 :]:
                    low, high = 0.3 * sign - 0.1, 0.3 * sign + 0.1
                    rows.append((checkpoint, layer, depth, first, second, 0.3 * sign, low, high, 9))
    columns = ["checkpoint", "layer", "depth", "first", "second", "rho", "rho_low", "rho_high", "n"]
    return pd.DataFrame(rows, columns=columns).assign(**RUN)


def of_layers(**reliabilities):
    """Return a table of layers with the reliability of some measures."""
    layers = {"layer": ["relu1", "relu2"] * 2, "depth": [1, 2] * 2, "checkpoint": ["final"] * 2 + ["0"] * 2}
    columns = {f"reliability_{name}": value for name, value in reliabilities.items()}
    steps = [90, 90, 0, 0]
    return pd.DataFrame(layers).assign(kind="nonlinearity", step=steps, **columns, **RUN)


def test_correlations_below_what_reliabilities_allow_have_a_dot():
    # intervals reach from 0.2 to 0.4 and from −0.4 to −0.2; noise alone would leave 0.8, 0.38 and nothing
    table = of_layers(gini=0.8, mf_degree=0.8, auroc=0.18, informedness=-0.1)
    figure = figure_of(draw_agreement, agreement(), table, run=RUN)
    names = list(NAMES)
    dots = {
        tuple(np.round([line.get_ydata()[0] + 0.33, line.get_xdata()[0] - 0.36]).astype(int))
        for line in figure.axes[0].lines
        if line.get_marker() == "."
    }
    pair = names.index("gini"), names.index("mf_degree")
    assert dots == {pair, pair[::-1]}
    diagonal = np.diag(figure.axes[0].images[0].get_array().filled(np.nan))
    assert diagonal[names.index("gini")] == 0.8
    assert np.isnan(diagonal[names.index("variance")])


def test_the_trained_network_is_below_the_diagonal_and_the_untrained_above():
    with in_style():
        figure = figure_of(draw_agreement, agreement(), of_layers(), run=RUN)
    matrix = figure.axes[0].images[0].get_array()
    below, above = np.tril_indices(len(NAMES), -1), np.triu_indices(len(NAMES), 1)
    assert (matrix[below] == 0.3).all()
    assert (matrix[above] == -0.3).all()


def test_without_a_control_there_is_one_half():
    with in_style():
        figure = figure_of(draw_agreement, agreement().query("checkpoint == 'final'"), of_layers(), run=RUN)
    assert figure.axes[0].images[0].get_array().mask[np.triu_indices(len(NAMES), 1)].all()
    assert figure.axes[0].get_title(loc="left").endswith("\ntrained")


def test_random_weights_are_not_called_trained():
    final, layers = agreement().query("checkpoint == 'final'"), of_layers().assign(step=0)
    with in_style():
        figure = figure_of(draw_agreement, final, layers.query("checkpoint == 'final'"), run=RUN)
    assert figure.axes[0].get_title(loc="left").endswith("\nrandom weights")
