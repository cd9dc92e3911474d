"""Clusters of units: by hand, by definition, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from census.measures.clusters import (
    clusters_by_chance,
    cut,
    distances,
    standardize,
    top_images_of_clusters,
    tree,
)


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture
def planted(random):
    """Responses of 200 images: groups of 5, 3 and 2 units that share a source, and a unit of its own."""
    sources = random.gamma(1, size=(200, 4))
    group = np.array([1, 0, 2, 0, 1, 0, 3, 0, 2, 1, 0])
    return (sources[:, group] + 0.2 * random.standard_normal((200, 11))).astype(np.float32), group


def test_responses_are_standardized_and_constant_units_left_out(random):
    means = random.gamma(1, size=(50, 6)).astype(np.float32)
    means[:, 1], means[:, 3], means[7, 4] = 0, 0.1, np.nan
    found = standardize(means)
    assert found.units.tolist() == [0, 2, 5]
    np.testing.assert_allclose(found.values.sum(0), 0, atol=1e-6)
    np.testing.assert_allclose(found.values.T @ found.values, np.corrcoef(means[:, [0, 2, 5]].T), atol=1e-6)


@pytest.mark.parametrize("factor", [1e-30, 1, 1e30])
def test_a_large_mean_and_any_size_leave_correlations_as_they_are(random, factor):
    means = ((100 + random.integers(0, 9, (60, 4))) * factor).astype(np.float32)
    found = standardize(means).values
    np.testing.assert_allclose(found.T @ found, np.corrcoef(means.T.astype(np.float64)), atol=1e-6)


def test_a_tree_by_hand():
    """Units 0 and 2 respond equally, 3 with the opposite sign; 1 is not correlated with any."""
    same, other = np.array([1, 1, -1, -1.0]), np.array([1, -1, 1, -1.0])
    values = standardize(np.stack([same, other, same, -same], axis=1)).values
    merges = tree(distances(values))
    np.testing.assert_allclose(merges[:, 2], [0, 1, 1 + 2 / 3], atol=1e-6)
    assert cut(merges, 1).tolist() == [0, 1, 0, 2]
    assert cut(merges, 0.5).tolist() == [0, 1, 0, 2]
    assert cut(merges, -0.1).tolist() == [0, 0, 0, 1]


def test_planted_clusters_are_found_the_largest_first(planted):
    means, group = planted
    clusters = cut(tree(distances(standardize(means).values)), 0.7)
    assert clusters.tolist() == group.tolist()


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.5, 0.9])
def test_clusters_against_scikit_learn(random, threshold):
    means = random.standard_normal((40, 5)) @ random.standard_normal((5, 60)) + random.standard_normal(
        (40, 60)
    )
    clusters = cut(tree(distances(standardize(means).values)), threshold)
    theirs = AgglomerativeClustering(
        None, metric="precomputed", linkage="average", distance_threshold=1 - threshold
    ).fit_predict(1 - np.corrcoef(means.T))
    assert adjusted_rand_score(clusters, theirs) == 1
    assert clusters.max() == theirs.max() > 0
    sizes = np.bincount(clusters)
    assert (np.diff(sizes) <= 0).all()
    # of equal ones, the first unit's first
    for size in set(sizes.tolist()):
        first = [np.flatnonzero(clusters == number)[0] for number in np.flatnonzero(sizes == size)]
        assert first == sorted(first)


def test_units_in_another_order_lie_in_the_same_clusters(planted, random):
    means, _ = planted
    order = random.permutation(means.shape[1])
    clusters = cut(tree(distances(standardize(means).values)), 0.7)
    again = cut(tree(distances(standardize(means[:, order]).values)), 0.7)
    assert adjusted_rand_score(clusters[order], again) == 1


@pytest.mark.parametrize(("n_units", "expected"), [(1, [0]), (2, [0, 1])])
def test_hardly_any_units(random, n_units, expected):
    values = standardize(random.standard_normal((30, n_units))).values
    merges = tree(distances(values))
    assert merges.shape == (n_units - 1, 4)
    assert cut(merges, 0.9).tolist() == expected
    assert clusters_by_chance(values, 0.9, 3, 0).tolist() == [n_units] * 3


def test_chance_tells_units_that_answer_alike_from_many_units(planted):
    values = standardize(planted[0]).values
    assert clusters_by_chance(values, 0.7, 5, seed=0).tolist() == [11] * 5
    # with three images, some correlate by chance
    few = standardize(planted[0][:3]).values
    chance = clusters_by_chance(few, 0.7, 20, seed=0)
    assert len(set(chance.tolist())) > 1
    assert chance.max() < 11
    np.testing.assert_array_equal(chance, clusters_by_chance(few, 0.7, 20, seed=0))
    assert (chance != clusters_by_chance(few, 0.7, 20, seed=1)).any()


@pytest.mark.parametrize("threshold", [0.02, 0.2, 0.5, 0.999])
def test_chance_is_that_of_a_tree_where_none_is_built(planted, threshold):
    values = standardize(planted[0]).values
    mixed = np.random.default_rng(3).permuted(values.T, axis=1).T
    expected = cut(tree(distances(mixed)), threshold).max() + 1
    assert clusters_by_chance(values, threshold, 1, seed=3).tolist() == [expected]


def test_top_images_are_those_with_the_highest_mean_of_a_clusters_units(planted, random):
    means, group = planted
    values = standardize(means).values
    found = top_images_of_clusters(values, group, 4)
    for cluster in range(4):
        score = values[:, group == cluster].astype(np.float64).mean(1)
        assert found[cluster].tolist() == np.argsort(-score, kind="stable")[:4].tolist()
    assert top_images_of_clusters(values, group, 999).shape == (4, 200)
    many = random.integers(3, size=(50, 7)).astype(np.float32)
    by_sums = np.argsort(-many.sum(1), kind="stable")
    # places of images with equal sums are in order, also at the end of the list
    for k in (1, 7, 20, 49, 50):
        assert top_images_of_clusters(many, np.zeros(7, int), k).tolist() == [by_sums[:k].tolist()]
    same = top_images_of_clusters(np.zeros((5, 2), np.float32), np.array([0, 1]), 3)
    assert same.tolist() == [[0, 1, 2]] * 2
