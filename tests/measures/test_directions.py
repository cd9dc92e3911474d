"""Directions and their extreme images: by hand, by definition, and against scipy."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from census.measures.directions import (
    chance_entropy,
    chance_redundancy,
    class_entropy,
    compare,
    explicit_projections,
    extremes,
    random_projections,
    redundancy,
)
from census.statistics.bootstrap import resample_counts
from census.statistics.correlation import image_correlation
from census.statistics.gram import gram
from census.statistics.svd import decompose

RANDOM = np.random.default_rng(0)
SCORES = RANDOM.normal(size=(5, 40))


def jaccard(sets):
    """Return the mean overlap over pairs of sets."""
    pairs = list(itertools.combinations(map(set, sets), 2))
    return np.mean([len(one & other) / len(one | other) for one, other in pairs])


def test_ends_by_hand():
    found = extremes(np.array([[0.5, 2, -1, 0.5, 2], [0, 0, 0, 0, 0]]), 3)
    np.testing.assert_array_equal(found.top, [[1, 4, 0], [0, 1, 2]])
    np.testing.assert_array_equal(found.bottom, [[2, 0, 3], [0, 1, 2]])


@pytest.mark.parametrize("k", [1, 7, 20])
@pytest.mark.parametrize("bottom", [False, True])
def test_redundancy_is_the_mean_overlap_of_sets(k, bottom):
    sets = getattr(extremes(SCORES, k), "bottom" if bottom else "top")
    found = redundancy(SCORES, k, np.ones((1, 40)), bottom=bottom)
    assert found[0] == pytest.approx(jaccard(sets))


def test_redundancy_at_its_ends():
    same = np.tile(SCORES[:1], (4, 1))
    assert redundancy(same, 5, np.ones((1, 40)))[0] == 1
    apart = np.zeros((3, 9))
    for direction in range(3):
        apart[direction, 3 * direction : 3 * direction + 3] = 1
    assert redundancy(apart, 3, np.ones((1, 9)))[0] == 0
    # A = {0, 1, 2}, B = {1, 2, 3}
    shifted = np.array([[3.0, 2, 1, 0, 0], [0, 3, 2, 1, 0]])
    assert redundancy(shifted, 3, np.ones((1, 5)))[0] == pytest.approx(2 / 4)
    assert np.isnan(redundancy(SCORES[:1], 5, np.ones((2, 40)))).all()


def test_in_a_resample_sets_are_the_same_share_of_those_drawn():
    counts = resample_counts(40, 30, seed=1)
    found = redundancy(SCORES, 10, counts)
    for value, row in zip(found, counts, strict=True):
        drawn = np.flatnonzero(row)
        size = max(1, round(10 * len(drawn) / 40))
        sets = [[image for image in np.argsort(-scores) if image in drawn][:size] for scores in SCORES]
        assert value == pytest.approx(jaccard(sets))
    few = np.zeros((1, 40))
    few[0, [38, 39]] = 20  # far down in some orders
    assert 0 <= redundancy(SCORES, 2, few)[0] <= 1


@pytest.mark.parametrize(("n", "k"), [(40, 10), (500, 10), (12, 6), (9, 6), (5, 5)])
def test_redundancy_by_chance_against_scipy(n, k):
    common = np.arange(k + 1)
    expected = np.sum(stats.hypergeom(n, k, k).pmf(common) * common / (2 * k - common))
    assert chance_redundancy(n, k) == pytest.approx(expected)
    scores = np.random.default_rng(1).normal(size=(120, n))
    assert redundancy(scores, k, np.ones((1, n)))[0] == pytest.approx(expected, abs=0.01)


def test_families_are_compared_on_the_same_resamples():
    families = {"svd": SCORES, "variance": np.tile(SCORES[:1], (5, 1)) + 0.3 * SCORES, "random": -SCORES}
    found = compare(families, 8, resamples=200, seed=3)
    assert set(found) == {
        *(f"redundancy_{end}{family}" for end in ("", "bottom_") for family in families),
        "redundancy_difference",
    }
    assert found["redundancy_random"].value == found["redundancy_bottom_svd"].value
    difference = found["redundancy_difference"]
    assert difference.value == found["redundancy_variance"].value - found["redundancy_svd"].value
    assert 0 < difference.low < difference.value < difference.high
    counts = resample_counts(40, 200, seed=3)
    apart = redundancy(families["variance"], 8, counts) - redundancy(SCORES, 8, counts)
    assert difference.low == pytest.approx(np.quantile(apart, 0.025))


def test_random_projections_are_distributed_as_if_directions_had_been_drawn():
    vectors = np.maximum(RANDOM.normal(size=(6, 25)) + RANDOM.normal(size=25), 0)
    rows = (vectors - vectors.mean(1, keepdims=True)) / vectors.std(1, keepdims=True)
    found = decompose(image_correlation(gram([vectors.astype(np.float32)])), 25, 8)
    ours = random_projections(found, 25, 40_000, seed=0)
    blocks = [(part, None) for part in np.split(rows.astype(np.float32), [4, 11], axis=1)]
    theirs = explicit_projections(blocks, 6, 40_000, seed=1)
    directions = np.random.default_rng(2).normal(size=(40_000, 25))
    plain = directions / np.linalg.norm(directions, axis=1, keepdims=True) @ rows.T
    for projections in (ours, theirs):
        assert projections.shape == (40_000, 6)
        np.testing.assert_allclose(np.cov(projections.T), rows @ rows.T / 25, atol=0.03)
        # lengths of all 25 coordinates count: no normal distribution has these quantiles
        for image in (0, 3):
            assert stats.ks_2samp(projections[:, image], plain[:, image]).pvalue > 1e-3
        assert stats.ks_2samp(projections.var(1), plain.var(1)).pvalue > 1e-3
    np.testing.assert_array_equal(random_projections(found, 25, 7, 5), random_projections(found, 25, 7, 5))


@given(st.lists(st.integers(1, 24), max_size=4))
def test_explicit_projections_do_not_depend_on_blocks(cuts):
    rows = SCORES[:, :25].astype(np.float32)
    whole = explicit_projections([(rows, None)], 5, 9, seed=4)
    parts = [(part, None) for part in np.split(rows, sorted(set(cuts)), axis=1)]
    np.testing.assert_allclose(explicit_projections(parts, 5, 9, seed=4), whole, atol=1e-5)


def test_class_entropy_by_hand_and_against_scipy():
    labels = np.array([0, 0, 1, 1, 2, 3])
    sets = np.array([[0, 1, 1, 0], [0, 2, 4, 5], [0, 1, 2, 4]])
    np.testing.assert_allclose(class_entropy(sets, labels, 5), [0, 2, 1.5])
    expected = [stats.entropy(np.bincount(labels[row]), base=2) for row in sets]
    np.testing.assert_allclose(class_entropy(sets, labels, 5), expected, atol=1e-12)
    assert chance_entropy(labels[sets], 5) == pytest.approx(3.5 / 3)
