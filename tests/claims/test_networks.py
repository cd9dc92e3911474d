"""Verdicts over networks that are trained from different seeds."""

import numpy as np
import pandas as pd
import pytest

from census.claims.networks import judge_networks, with_networks
from census.claims.verdict import CONTRADICTED, INCONCLUSIVE, NOT_LEARNED, SUPPORTED

NAN = np.nan
NONE = [NAN] * 5
HIGH, LOW = [0.7, 0.8, 0.75, 0.9, 0.8], [0.1, 0.2, 0.0, 0.1, -0.1]


@pytest.mark.parametrize(
    ("effects", "controls", "predicted", "state", "reason"),
    [
        (HIGH, LOW, 1, SUPPORTED, ""),
        (HIGH, LOW, -1, CONTRADICTED, ""),
        (HIGH, NONE, 1, SUPPORTED, "no untrained networks"),
        # each network is compared with its own untrained state
        (HIGH, [each - 0.05 for each in HIGH[:3]] + [0.89, 0.75], 1, SUPPORTED, ""),
        (HIGH, HIGH[::-1], 1, NOT_LEARNED, "no stronger than untrained"),
        ([0.5, -0.5, 0.4, -0.3, 0.1], LOW, 1, INCONCLUSIVE, "the interval includes the null"),
        ([0.7, 0.8, NAN, NAN, NAN], LOW, 1, INCONCLUSIVE, "2 networks, at least 3 needed"),
        ([0.7, NAN, NAN, NAN, NAN], LOW, 1, INCONCLUSIVE, "1 network, at least 3 needed"),
        ([0.7, 0.8, 0.75, NAN, NAN], LOW, 1, SUPPORTED, "undefined in 2 of 5 networks"),
        # equal effects have no spread: five networks agree by chance in one of 32 cases
        ([-1] * 5, LOW, -1, SUPPORTED, ""),
        ([-1] * 4, LOW[:4], -1, INCONCLUSIVE, "equal in 4 networks: no interval"),
    ],
)
def test_verdicts(effects, controls, predicted, state, reason):
    verdict = judge_networks(*map(np.array, (effects, effects, controls)), 0, predicted)
    assert (verdict.state, verdict.reason) == (state, reason)


def test_an_effect_undefined_in_all_networks_has_their_reason():
    verdict = judge_networks(*map(np.array, (NONE, NONE, LOW)), 0, 1, undefined="no convolutional layers")
    assert (verdict.state, verdict.reason) == (INCONCLUSIVE, "no convolutional layers")


def test_measures_must_be_reliable_in_most_networks():
    effects = np.array(HIGH)
    assert judge_networks(effects, effects, np.array(LOW), 0, 1, unreliable=2).state == SUPPORTED
    verdict = judge_networks(effects, effects, np.array(LOW), 0, 1, unreliable=3)
    assert (verdict.state, verdict.reason) == (INCONCLUSIVE, "measure unreliable in 3 of 5 networks")


def test_networks_are_compared_where_both_have_a_value():
    compared = np.array([NAN, 0.1, 0.2, 0.1, 0.2])
    verdict = judge_networks(np.array(HIGH), compared, np.array([NAN, 0.15, 0.2, 0.1, 0.1]), 0, 1)
    assert (verdict.state, verdict.reason) == (NOT_LEARNED, "no stronger than untrained")


def table(network, seed, effect, control=0.0):
    """Return the verdict on one claim in one run."""
    return pd.DataFrame(
        {
            **{"id": "S0.1", "claim": "codes sparsen with depth", "network": network, "seed": seed},
            **{"checkpoint": "final", "dataset": "clothes"},
            **{"statistic": "ρ of depth and active fraction", "predicted": "below", "null": 0.0},
            **{"effect": effect, "low": -1.0, "high": 0.0, "effect_compared": effect},
            **{"control": control, "control_low": NAN},
            **{"control_high": NAN, "n": 5, "resampled": "units", "resamples": 1000, "test": "permutation"},
            **{"p": 0.01, "q": 0.02, "verdict": SUPPORTED, "reason": "", "figure": "x.png"},
        },
        index=[0],
    )


def test_the_verdict_over_networks_precedes_those_on_each():
    effects = [-0.9, -0.8, -0.7, NAN]
    runs = [table("cnn", seed, effect) for seed, effect in enumerate(effects)]
    found = with_networks(pd.concat([*runs, table("mlp", 0, -0.5)]), "figures/claims.png", {"cnn": [4, 5]})
    assert found["network"].tolist() == ["cnn"] * 5 + ["mlp"]
    over, *each, alone = found.to_dict("records")
    assert pd.isna(over["seed"])
    assert [row["seed"] for row in each] == [0, 1, 2, 3]
    assert over["effect"] == pytest.approx(-0.8)
    assert over["low"] < -0.8 < over["high"]
    assert (over["n_networks"], over["n_agreeing"], over["n"]) == (3, 3, 3)
    assert (over["verdict"], over["reason"]) == (
        SUPPORTED,
        "undefined in 1 of 4 networks, training failed from seeds 4, 5",
    )
    assert over["figure"] == "figures/claims.png"
    assert pd.isna(alone["n_networks"])


def test_networks_of_one_seed_have_no_verdict_over_networks():
    found = with_networks(pd.concat([table("cnn", 0, -0.9), table("mlp", 0, -0.5)]), "figures/claims.png")
    assert found["seed"].notna().all()
    assert found["n_networks"].isna().all()
