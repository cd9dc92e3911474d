"""Streams of random numbers."""

import re
from itertools import product
from pathlib import Path

import numpy as np

from census.measures.directions import random_projections
from census.statistics.streams import seed_of, stream
from census.statistics.svd import Decomposition

CENSUS = Path(__file__).parents[2] / "scripts/census"


def test_a_stream_is_reproducible_and_differs_between_purposes():
    purposes = [*product((0, 1), ("projections", "rotation"), ("a", "b", "ab"), (0, 1)), (0, "a", "b")]
    assert len({seed_of(*purpose) for purpose in purposes}) == len(purposes)
    first, again, other = (stream(0, "units", layer).random(5) for layer in ("a", "a", "b"))
    np.testing.assert_array_equal(first, again)
    assert not np.isin(first, other).any()


def test_parts_of_a_purpose_are_separated():
    assert seed_of(0, "a", "bc") != seed_of(0, "ab", "c")
    assert seed_of(0, 1, 23) != seed_of(0, 12, 3)


def test_projections_of_two_layers_are_independent():
    decomposition = Decomposition(
        np.array([3.0, 2, 1]), np.linalg.qr(np.random.default_rng(0).normal(size=(60, 3)))[0]
    )
    one, other = (
        random_projections(decomposition, 500, 400, seed_of(0, "cnn", "final", layer)).var(1)
        for layer in ("relu1", "relu2")
    )
    # drawn from one stream, the variances of both would be the same
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.2


def test_no_two_draws_share_a_purpose():
    purposes = [
        purpose
        for path in CENSUS.rglob("*.py")
        for purpose in re.findall(r'stream\([\w.]+, ("[^"]+")', path.read_text())
    ]
    # projections are drawn in two ways, of which a layer takes one
    purposes.remove('"projections"')
    assert len(purposes) > 10
    assert len(set(purposes)) == len(purposes), sorted(purposes)
