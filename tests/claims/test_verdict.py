"""Verdicts, and the reasons beside them."""

import math
from dataclasses import replace

import numpy as np
import pytest

from census.claims.verdict import CONTRADICTED, INCONCLUSIVE, NOT_LEARNED, SUPPORTED, Outcome, judge
from census.statistics.permutation import Tails

SPREAD = np.random.default_rng(0).normal(size=999)


def outcome(effect, width, n=9, tails=None):
    """Return an outcome whose interval is about as wide as four times a width."""
    return Outcome.of_samples(np.concatenate([[effect], effect + width * SPREAD]), n, tails)


def trend(above, below, attainable=0.001, n=9):
    return outcome(0.8, 0.05, n, Tails(above, below, attainable))


@pytest.mark.parametrize(
    ("given", "null", "predicted", "state", "reason"),
    [
        (outcome(0.5, 0.1), 0, 1, SUPPORTED, "no untrained network"),
        (outcome(0.5, 0.1), 0, -1, CONTRADICTED, ""),
        (outcome(-0.5, 0.1), 0, -1, SUPPORTED, "no untrained network"),
        (outcome(0.5, 0.5), 0, 1, INCONCLUSIVE, "the interval includes the null"),
        (outcome(0.5, 0.1), 0.5, 1, INCONCLUSIVE, "the interval includes the null"),
        (outcome(0.5, 0.1), 0.2, 1, SUPPORTED, "no untrained network"),
        (Outcome.of_samples(np.array([0.9]), 9), 0, 1, INCONCLUSIVE, "no interval"),
        (Outcome.undefined("no layers"), 0, 1, INCONCLUSIVE, "no layers"),
        (outcome(math.nan, 1), 0, 1, INCONCLUSIVE, "the statistic is undefined"),
        # a trend is decided by orders of layers, however narrow its interval
        (trend(0.2, 0.9), 0, 1, INCONCLUSIVE, "p = 0.20 over orders of 9 layers"),
        (trend(0.05, 0.99), 0, 1, SUPPORTED, "no untrained network"),
        (trend(0.99, 0.01), 0, 1, CONTRADICTED, ""),
        (trend(0.01, 0.99), 0, -1, CONTRADICTED, ""),
        (trend(0.04, 1, 0.04, n=4), 0, 1, SUPPORTED, "no untrained network, 4 layers"),
        (trend(0.17, 1, 0.17, n=3), 0, 1, INCONCLUSIVE, "3 layers: no order of them reaches p < 0.05"),
    ],
)
def test_verdicts(given, null, predicted, state, reason):
    verdict = judge(given, None, null, predicted)
    assert (verdict.state, verdict.reason) == (state, reason)


@pytest.mark.parametrize(
    ("control", "state", "reason"),
    [
        (outcome(0.1, 0.1), SUPPORTED, ""),
        # resampled jointly, a difference can be certain although both intervals overlap
        (outcome(0.45, 0.1), SUPPORTED, ""),
        (outcome(0.5, 0.1), NOT_LEARNED, "no stronger than untrained"),
        (outcome(0.9, 0.1), NOT_LEARNED, "no stronger than untrained"),
        (Outcome.undefined("inactive"), SUPPORTED, "undefined in the untrained network"),
        # without joint resamples, the effect's own interval is compared
        (Outcome.of_samples(np.array([0.1]), 9), SUPPORTED, ""),
        (Outcome.of_samples(np.array([0.45]), 9), NOT_LEARNED, "no stronger than untrained"),
    ],
)
@pytest.mark.parametrize("predicted", [1, -1])
def test_a_supported_claim_is_compared_with_the_untrained_network(control, state, reason, predicted):
    trained, untrained = (
        Outcome.of_samples(predicted * np.concatenate([[each.effect], each.samples]), each.n)
        for each in (outcome(0.5, 0.1), control)
    )
    if math.isnan(control.effect):
        untrained = control
    verdict = judge(trained, untrained, 0, predicted)
    assert (verdict.state, verdict.reason) == (state, reason)


def test_an_interval_of_the_control_widens_that_of_the_difference():
    def known(effect, low, high):
        return Outcome.of_samples(np.array([effect]), 9).between(low, high)

    trained = known(0.30, 0.26, 0.34)
    assert judge(trained, known(0.25, 0.24, 0.255), 0, 1).state == SUPPORTED
    assert judge(trained, known(0.25, 0.15, 0.35), 0, 1).state == NOT_LEARNED
    # on the predicted side counts the end of the control's interval that is nearer
    assert judge(trained, known(0.25, 0.15, 0.26), 0, 1).state == SUPPORTED
    assert judge(trained.negated(), known(-0.25, -0.35, -0.15), 0, -1).state == NOT_LEARNED


def test_the_compared_outcome_decides_whether_a_claim_is_learned():
    assert judge(outcome(0.5, 0.03), outcome(0.2, 0.03), 0, 1).state == SUPPORTED
    verdict = judge(outcome(0.5, 0.03), outcome(0.2, 0.03), 0, 1, compared=outcome(0.2, 0.03))
    assert (verdict.state, verdict.reason) == (NOT_LEARNED, "no stronger than untrained")
    nowhere = Outcome.undefined("no layers")
    verdict = judge(outcome(0.5, 0.03), nowhere, 0, 1, compared=nowhere)
    assert (verdict.state, verdict.reason) == (SUPPORTED, "undefined in the untrained network")


@pytest.mark.parametrize(
    "given",
    [outcome(0.5, 0.1), outcome(0.5, 0.5), trend(0.17, 1, 0.17, n=3), Outcome.of_samples(np.array([0.9]), 9)],
)
def test_unreliable_measures_are_the_first_reason(given):
    # over networks, these reasons are counted
    verdict = judge(replace(given, unreliable="gini (reliability 0.10)"), None, 0, 1)
    assert (verdict.state, verdict.reason) == (INCONCLUSIVE, "measure unreliable: gini (reliability 0.10)")


def test_nothing_in_random_weights_is_learned():
    verdict = judge(outcome(0.5, 0.1), None, 0, 1, random=True)
    assert (verdict.state, verdict.reason) == (NOT_LEARNED, "the network has random weights")
    assert judge(outcome(-0.5, 0.1), None, 0, 1, random=True).state == CONTRADICTED


def test_without_an_interval_the_untrained_network_is_not_compared():
    alone = Outcome.of_samples(np.array([0.9]), 9, Tails(0.01, 1, 0.001))
    verdict = judge(alone, outcome(0.9, 0.1), 0, 1)
    assert (verdict.state, verdict.reason) == (
        SUPPORTED,
        "not compared with the untrained network: no interval",
    )


def test_p_is_the_share_of_resamples_that_are_not_on_the_predicted_side():
    samples = np.concatenate([[1.0], np.arange(-9, 90.0)])
    assert judge(Outcome.of_samples(samples, 5), None, 0, 1).p == (1 + 10) / 100
    undefined = np.concatenate([samples, np.full(50, np.nan)])
    assert judge(Outcome.of_samples(undefined, 5), None, 0, 1).p == (1 + 10) / 100
    assert judge(trend(0.2, 0.9), None, 0, 1).p == 0.2
    assert judge(trend(0.2, 0.9), None, 0, -1).p == 0.9


def test_the_first_sample_is_the_effect():
    samples = np.concatenate([[2.0], np.arange(1001.0)])
    assert Outcome.of_samples(samples, 7).interval == pytest.approx((2.0, 25.0, 975.0))
