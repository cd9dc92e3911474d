"""Verdicts, and what is remarked beside them."""

import math

import numpy as np
import pytest

from census.claims.verdict import FAILS, HOLDS, UNDECIDED, UNDEFINED, Found, of_samples, remark, verdict

POSITIVE, NEGATIVE, WIDE = Found(0.5, 0.3, 0.7, 9), Found(-0.5, -0.7, -0.3, 9), Found(0.5, -0.1, 0.9, 9)


@pytest.mark.parametrize(
    ("found", "null", "predicted", "expected"),
    [
        (POSITIVE, 0, 1, HOLDS),
        (POSITIVE, 0, -1, FAILS),
        (NEGATIVE, 0, -1, HOLDS),
        (NEGATIVE, 0, 1, FAILS),
        (WIDE, 0, 1, UNDECIDED),
        (WIDE, 0, -1, UNDECIDED),
        (POSITIVE, 0.5, 1, UNDECIDED),
        (POSITIVE, 0.2, 1, HOLDS),
        (UNDEFINED, 0, 1, UNDECIDED),
        (Found(0.9, math.nan, math.nan, 9), 0, 1, UNDECIDED),
        # an end on the null does not exclude it
        (Found(0.5, 0.0, 0.7, 9), 0, 1, UNDECIDED),
    ],
)
def test_verdicts(found, null, predicted, expected):
    assert verdict(found, null, predicted) == expected


@pytest.mark.parametrize(
    ("found", "control", "predicted", "expected"),
    [
        (POSITIVE, Found(0.4, 0.1, 0.6, 9), 1, "as strongly without training"),
        (NEGATIVE, Found(-0.9, -1.0, -0.8, 9), -1, "as strongly without training"),
        # weaker, undecided, or the other way round: learning adds something
        (POSITIVE, Found(0.2, 0.1, 0.25, 9), 1, ""),
        (POSITIVE, Found(0.6, -0.1, 0.9, 9), 1, ""),
        (POSITIVE, NEGATIVE, 1, ""),
        (POSITIVE, None, 1, "no untrained network"),
        (POSITIVE, UNDEFINED, 1, "no untrained network"),
        (WIDE, POSITIVE, 1, ""),
        (WIDE._replace(n=4), POSITIVE, 1, "n = 4 only"),
        (UNDEFINED, POSITIVE, 1, "not measured"),
        (Found(0.9, math.nan, math.nan, 9), None, 1, "without an interval"),
    ],
)
def test_remarks(found, control, predicted, expected):
    words = remark(found, control, 0, predicted)
    assert expected in words
    assert bool(expected) == bool(words)


def test_the_first_sample_is_the_effect():
    samples = np.concatenate([[2.0], np.arange(1001.0)])
    assert of_samples(samples, 7) == pytest.approx((2.0, 25.0, 975.0, 7))
    assert of_samples(np.array([np.nan, 1, 2]), 7) == pytest.approx((np.nan, np.nan, np.nan, 7), nan_ok=True)
