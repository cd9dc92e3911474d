"""Order of images by similarity."""

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage

from census.statistics.ordering import hierarchical_order

RANDOM = np.random.default_rng(0)


def test_groups_are_adjacent():
    groups = np.tile([0, 1, 2], 8)
    vectors = 3 * RANDOM.normal(size=(3, 40))[groups] + RANDOM.normal(size=(24, 40))
    ordered = groups[hierarchical_order(np.corrcoef(vectors))]
    assert (np.diff(ordered) != 0).sum() == 2


def test_it_agrees_with_clustering_of_vectors():
    vectors = RANDOM.normal(size=(15, 30))
    tree = linkage(vectors, "average", metric="correlation", optimal_ordering=True)
    assert hierarchical_order(np.corrcoef(vectors)).tolist() == leaves_list(tree).tolist()


def test_undefined_images_come_last():
    matrix = np.corrcoef(RANDOM.normal(size=(6, 30)))
    matrix[[1, 4]] = matrix[:, [1, 4]] = np.nan
    order = hierarchical_order(matrix)
    assert sorted(order.tolist()) == list(range(6))
    assert order[-2:].tolist() == [1, 4]
    assert hierarchical_order(np.full((3, 3), np.nan)).tolist() == [0, 1, 2]


def test_of_three_images_the_two_that_are_alike_are_neighbors():
    matrix = np.array([[1, 0.1, 0.9], [0.1, 1, 0.2], [0.9, 0.2, 1]])
    assert hierarchical_order(matrix).tolist() in ([0, 2, 1], [1, 2, 0])
    assert hierarchical_order(matrix[:2, :2]).tolist() == [0, 1]
