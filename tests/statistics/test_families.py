"""Families of directions: matches, alignment and top images, by hand, by chance and by a direct formula."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from census.statistics.association import scores
from census.statistics.bootstrap import resample_counts
from census.statistics.class_selectivity import class_means, class_selectivity
from census.statistics.families import (
    chance_alignment,
    chance_cosines,
    class_spread,
    matched_cosines,
    top_sets,
    unit_alignment,
)
from census.statistics.sparseness import gini

N_IMAGES, N_CLASSES = 60, 4


@pytest.fixture
def random():
    return np.random.default_rng(0)


def directions_of(random, count, n_units):
    rows = random.standard_normal((count, n_units))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_the_same_directions_match_in_any_order_and_sign(random):
    rows = directions_of(random, 12, 30)
    signs = random.choice([-1, 1], 12)[:, None]
    np.testing.assert_allclose(matched_cosines(rows, (signs * rows)[random.permutation(12)]), 1)


def test_random_directions_match_by_chance(random):
    rows, others = directions_of(random, 12, 30), directions_of(random, 12, 30)
    by_chance = [matched_cosines(rows, directions_of(random, 12, 30)).mean() for _ in range(30)]
    assert min(by_chance) < matched_cosines(rows, others).mean() < max(by_chance)
    assert chance_cosines(rows, others, 30, seed=0) == pytest.approx(np.mean(by_chance), abs=0.02)


def test_each_direction_has_a_partner_of_its_own(random):
    rows = np.array([[1.0, 0, 0], [0.8, 0.6, 0]])
    # the first would be the best partner of both
    np.testing.assert_allclose(matched_cosines(rows, np.eye(3)[:2]), [1, 0.6])
    assert np.isnan(matched_cosines(np.eye(3), np.eye(3)[:2])).tolist() == [False, False, True]


def test_units_in_random_order_keep_what_non_negative_directions_share(random):
    """Non-negative directions are alike by chance: a chance level without signs would be far too low."""
    rows, others = (np.abs(directions_of(random, 10, 40)) for _ in range(2))
    by_chance = chance_cosines(rows, others, 20, seed=0)
    assert by_chance == pytest.approx(matched_cosines(rows, others).mean(), abs=0.02)
    assert by_chance > 0.6


def test_a_rotated_copy_of_the_units_scores_chance(random):
    units = np.eye(64)
    assert unit_alignment(units)[0].tolist() == [1] * 64
    assert unit_alignment(units)[1].tolist() == list(range(64))
    rotated = unit_alignment(stats.ortho_group.rvs(64, random_state=0))[0]
    assert rotated.mean() == pytest.approx(chance_alignment(64, 1000, seed=0), rel=0.05)


def test_the_chance_of_an_alignment_follows_from_the_seed():
    assert (
        chance_alignment(16, 20, seed=3)
        == chance_alignment(16, 20, seed=3)
        != chance_alignment(16, 20, seed=4)
    )


@pytest.fixture
def labels(random):
    return random.integers(N_CLASSES, size=N_IMAGES)


def sets_of(scores, k, drawn=None):
    drawn = np.ones(scores.shape[1], bool) if drawn is None else drawn
    wanted = max(1, round(k * drawn.mean()))
    order = [np.argsort(-row, kind="stable") for row in scores]
    return [
        [image for image in places if drawn[image] and row[image] > 0][:wanted]
        for row, places in zip(scores, order, strict=True)
    ]


def expected_of(sets, labels, vectors):
    shares = [np.bincount(labels[one], minlength=N_CLASSES) / max(1, len(one)) for one in sets]
    entropies = [stats.entropy(share, base=2) for share in shares if share.any()]
    correlation = np.corrcoef(vectors)
    similar = [np.mean([correlation[a, b] for a, b in combinations(one, 2)]) for one in sets if len(one) > 1]
    overlaps = [len({*a} & {*b}) / len({*a} | {*b}) for a, b in combinations(sets, 2) if len(a) and len(b)]
    return [np.mean(values) if values else np.nan for values in (entropies, similar, overlaps)]


@pytest.mark.parametrize("sparse", [False, True])
def test_top_images_agree_with_a_direct_count_on_all_resamples(random, labels, sparse):
    scores = random.standard_normal((5, N_IMAGES)) + 3
    if sparse:  # directions that are active on 0 to 8 images
        scores = np.where(np.arange(N_IMAGES) < 2 * np.arange(5)[:, None], scores, 0)
    vectors, counts = random.standard_normal((N_IMAGES, 7)), resample_counts(N_IMAGES, 120, seed=0)
    found = top_sets(scores, 6, labels, N_CLASSES, vectors, counts)
    samples = [np.ones(N_IMAGES, bool), *(counts > 0)]
    expected = np.array([expected_of(sets_of(scores, 6, drawn), labels, vectors) for drawn in samples])
    np.testing.assert_allclose(
        np.stack([found.class_entropy, found.similarity, found.redundancy], axis=1), expected, rtol=1e-4
    )
    assert [[image for image in row if image >= 0] for row in found.images.tolist()] == sets_of(scores, 6)
    np.testing.assert_allclose(np.nanmean(found.by_direction, axis=1), expected[0], rtol=1e-4)


@pytest.mark.parametrize("k", [1, 4, N_IMAGES + 20])
def test_top_images_are_found_however_few_images_a_resample_has(random, labels, k):
    scores = np.sort(random.standard_normal((5, N_IMAGES)) + 2)[:, ::-1]
    vectors, counts = random.standard_normal((N_IMAGES, 7)), np.zeros((4, N_IMAGES))
    # of the images in order of scores: the last third, every tenth, one at the end, one at the beginning
    counts[0, 40:] = counts[1, ::10] = counts[2, 50] = counts[3, 2] = 1
    found = top_sets(scores, k, labels, N_CLASSES, vectors, counts)
    samples = [np.ones(N_IMAGES, bool), *(counts > 0)]
    expected = np.array([expected_of(sets_of(scores, k, drawn), labels, vectors) for drawn in samples])
    np.testing.assert_allclose(
        np.stack([found.class_entropy, found.similarity, found.redundancy], axis=1), expected, rtol=1e-4
    )
    sets = sets_of(scores, k)
    assert found.images.tolist() == [one + [-1] * (k - len(one)) for one in sets]


def test_correlations_do_not_depend_on_the_range_of_values(random):
    vectors = 5 + 0.01 * random.standard_normal((5, 7))
    vectors[2] = 0.7
    rows = scores(vectors, "Pearson")
    assert np.isnan(rows[2]).all()
    kept = [0, 1, 3, 4]
    np.testing.assert_allclose(rows[kept] @ rows[kept].T, np.corrcoef(vectors[kept]))


def test_directions_that_are_never_active_have_no_top_images(labels):
    found = top_sets(np.zeros((3, N_IMAGES)), 6, labels, N_CLASSES, None, resample_counts(N_IMAGES, 100, 0))
    assert (found.images == -1).all()
    assert np.isnan([*found.class_entropy, *found.redundancy]).all()


def test_an_image_without_a_correlation_is_in_no_pair(random, labels):
    scores, vectors = random.standard_normal((3, N_IMAGES)) + 3, random.standard_normal((N_IMAGES, 7))
    vectors[4] = 2.5  # equal values
    scores[:, 4] += 10
    counts = resample_counts(N_IMAGES, 40, seed=0)
    found = top_sets(scores, 6, labels, N_CLASSES, vectors, counts)
    for sample, drawn in enumerate([np.ones(N_IMAGES, bool), *(counts > 0)]):
        sets = [[image for image in one if image != 4] for one in sets_of(scores, 6, drawn)]
        similar = [
            np.mean([np.corrcoef(vectors[a], vectors[b])[0, 1] for a, b in combinations(one, 2)])
            for one in sets
        ]
        assert found.similarity[sample] == pytest.approx(np.mean(similar), rel=1e-4)


def test_sets_are_not_measured_without_vectors(random, labels):
    counts = resample_counts(N_IMAGES, 100, seed=0)
    found = top_sets(random.random((3, N_IMAGES)), 6, labels, N_CLASSES, None, counts)
    assert np.isnan(found.similarity).all()
    assert np.isfinite(found.class_entropy).all()


def test_spread_over_classes_is_that_of_units(random, labels):
    values = random.random((N_IMAGES, 6)) * (random.random((N_IMAGES, 6)) < 0.2)
    values[:, 2] = 0
    found = class_spread(values, labels, resample_counts(N_IMAGES, 100, seed=0))
    means = class_means(values, labels, N_CLASSES)
    np.testing.assert_allclose(found.by_direction[0], class_selectivity(means))
    np.testing.assert_allclose(found.by_direction[1], gini(means.T))
    assert found.preferred.tolist() == [-1 if n == 2 else means[:, n].argmax() for n in range(6)]
    assert found.selectivity[0] == pytest.approx(np.nanmean(class_selectivity(means)))


def test_spread_over_classes_agrees_with_that_of_drawn_images_on_all_resamples(random, labels):
    values, counts = random.random((N_IMAGES, 6)), resample_counts(N_IMAGES, 120, seed=0)
    found = class_spread(values, labels, counts)
    expected = []
    for row in [np.ones(N_IMAGES, int), *counts.astype(int)]:
        drawn = np.repeat(np.arange(N_IMAGES), row)
        means = class_means(values[drawn], labels[drawn], N_CLASSES)
        expected.append([class_selectivity(means).mean(), gini(means[~np.isnan(means).any(1)].T).mean()])
    np.testing.assert_allclose(np.stack([found.selectivity, found.gini], axis=1), expected)


@pytest.mark.parametrize("n_classes", range(2, 9))
def test_equal_means_have_a_gini_index_of_0_to_the_last_digit(n_classes):
    found = class_spread(np.full((n_classes, 1), 0.3), np.arange(n_classes), np.empty((0, n_classes)))
    assert found.selectivity == pytest.approx(0)
    assert found.gini == gini(np.full(n_classes, 0.3)) == 0


def test_of_a_single_class_none_is_preferred():
    found = class_spread(np.array([[1.0, 0], [2, 0]]), np.array([3, 3]), np.empty((0, 2)))
    assert np.isnan(found.selectivity).all()
    assert found.preferred.tolist() == [-1, -1]


def test_classes_that_a_resample_lacks_are_left_out():
    values, labels = np.array([[4.0], [2], [1], [1]]), np.array([5, 5, 7, 9])
    found = class_spread(values, labels, np.array([[2.0, 0, 2, 0]]))
    # means 4 and 1, of two classes
    np.testing.assert_allclose([found.selectivity[1], found.gini[1]], [3 / 5, gini(np.array([4, 1]))])


def test_too_few_images_for_sets_leave_them_undefined(random):
    counts = random.integers(0, 3, (7, 3)).astype(float)
    found = top_sets(random.random((4, 3)), 0, np.array([0, 1, 0]), 2, None, counts)
    for each in (found.class_entropy, found.similarity, found.redundancy):
        assert each.shape == (8,)
        assert np.isnan(each).all()
    np.testing.assert_array_equal(found.by_direction, np.full((3, 4), np.nan))
    np.testing.assert_array_equal(found.images, np.full((4, 1), -1))
