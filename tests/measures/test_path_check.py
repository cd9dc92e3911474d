"""Path scores by hand, of images on the path of natural ones, and of images far from it."""

import numpy as np
import pytest

from census.measures.path_check import (
    Layer,
    Paths,
    Similarities,
    Units,
    compare_images,
    differences,
    mean_scores,
    mean_similarity,
    path_score,
    split_top,
    tables_of,
    unit_scores,
)
from census.networks.layers import Layer as NetworkLayer
from census.statistics.ranks import standardized_ranks

NAN = np.nan
PATH = [
    NetworkLayer("input", "input", (1, 8, 8), 0, "input"),
    NetworkLayer("relu1", "nonlinearity", (4, 8, 8), 2, "relu1"),
    NetworkLayer("relu2", "nonlinearity", (4, 8, 8), 4, "relu2"),
]
# of three layers and two units; the second unit is inactive in the last one
BY_HAND = Similarities(
    iam=np.array([[-0.9, -0.9], [0.3, 0.2], [0.5, NAN]]),
    am=np.array([[-0.9, -0.9], [0.0, 0.2], [0.1, NAN]]),
    natural=np.array([[0.4, 0.4], [0.5, 0.4], [0.5, NAN]]),
    top=np.array([[0.4, 0.4], [0.5, 0.4], [0.5, NAN]]),
    other=np.array([[0.1, 0.1], [0.1, 0.2], [0.3, NAN]]),
)
KEYS = {
    **{"network": "cnn", "checkpoint": "final", "step": 9, "dataset": "digits"},
    **{"layer": "relu2", "depth": 4, "kind": "nonlinearity", "branch_of": ""},
}


def test_units_by_hand():
    # (0.2 + 0.2) / (0.4 + 0.2), and 0 / 0.2, without the input
    within = Similarities(*(values[1:] for values in BY_HAND))
    np.testing.assert_allclose(unit_scores(within, "iam"), [2 / 3, 0], atol=1e-12)
    np.testing.assert_allclose(unit_scores(within, "am"), [-0.5, 0], atol=1e-12)
    np.testing.assert_allclose(unit_scores(within, "natural"), [1, 1])


def test_layers_by_hand():
    found = mean_scores(BY_HAND, "iam", 100, seed=0)
    # (0.2 + 0) / (0.4 + 0.2); 0.2 / 0.2; and the sums of all, with the input's (-1 - 1) / (0.3 + 0.3)
    np.testing.assert_allclose(found.value, [-2 / 0.6, 0.2 / 0.6, 1, (-2 + 0.2 + 0.2) / (0.6 + 0.6 + 0.2)])
    assert (found.low <= found.value).all()
    assert (found.value <= found.high).all()
    # resamples without the first unit leave nothing in the last layer
    assert np.isfinite(found.low).all()


def test_scores_are_undefined_unless_top_images_are_more_alike_than_others():
    found = path_score(np.array([0.1, 0.1, 0.0]), np.array([-0.1, 0.0, 0.2]))
    np.testing.assert_array_equal(found, [NAN, NAN, 0])
    undefined = Similarities(*np.full((5, 3, 2), NAN))
    assert np.isnan(unit_scores(undefined, "am")).all()
    assert np.isnan(mean_scores(undefined, "am", 100, seed=0).value).all()
    for part in differences(undefined, "am"):
        assert (part == 0).all()


def test_tables_by_hand():
    found = list(tables_of(KEYS, np.array([3, 7]), PATH, BY_HAND, 100, 0))
    (units,) = (table for table in found if isinstance(table, Units))
    np.testing.assert_allclose(units.path_am, [-0.5, 0], atol=1e-12)
    paths = [table for table in found if isinstance(table, Paths)]
    assert [(table.path_layer, table.path_depth) for table in paths] == [
        ("input", 0),
        ("relu1", 2),
        ("relu2", 4),
    ]
    np.testing.assert_array_equal(paths[1].iam, [0.3, 0.2])
    (layer,) = (table for table in found if isinstance(table, Layer))
    assert layer.path_iam.value == pytest.approx((0.2 + 0.2) / (0.4 + 0.2 + 0.2))
    assert (layer.share_off_path_iam, layer.share_off_path_am) == (0, 0.5)
    assert (layer.n_units, layer.n_undefined) == (2, 0)


@pytest.mark.parametrize(
    ("n", "reference", "control"), [(6, [0, 2, 4], [1, 3, 5]), (5, [0, 2, 4], [1, 3]), (3, [], [])]
)
def test_top_images_alternate(n, reference, control):
    found = split_top(np.arange(n))
    assert (found.reference.tolist(), found.control.tolist()) == (reference, control)


def test_similarity_is_spearman_s_over_pairs():
    from scipy.stats import spearmanr

    random = np.random.default_rng(0)
    images, others = random.normal(size=(3, 40)), random.normal(size=(4, 40))
    images[0] = 7  # constant, as an inactive layer
    found = mean_similarity(standardized_ranks(images), standardized_ranks(others))
    expected = [spearmanr(one, other).statistic for one in images[1:] for other in others]
    assert found == pytest.approx(np.mean(expected))
    assert np.isnan(mean_similarity(standardized_ranks(images[:1]), standardized_ranks(others)))
    assert np.isnan(mean_similarity(standardized_ranks(images[:0]), standardized_ranks(others)))


def planted(made, seed=0, n_neurons=2000):
    """Return similarities in one layer: images that drive a unit have a pattern in common."""
    random = np.random.default_rng(seed)
    pattern, shared = random.normal(size=(2, n_neurons))
    top = pattern + shared + random.normal(size=(20, n_neurons))
    others = shared + random.normal(size=(30, n_neurons))
    images = {
        "natural": pattern + shared + random.normal(size=(3, n_neurons)),
        "other": shared + random.normal(size=(3, n_neurons)),
        "noise": random.normal(size=(3, n_neurons)),
        "inverted": -pattern - shared + random.normal(size=(3, n_neurons)),
    }[made]
    vectors = standardized_ranks(np.concatenate([top, others]))
    ranks = standardized_ranks(images)
    found = compare_images(
        {"iam": ranks, "am": ranks[:0]}, split_top(np.arange(20)), vectors, np.arange(20, 50)
    )
    return Similarities(*np.array(found)[:, None, None])


@pytest.mark.parametrize(
    ("made", "correlation"),
    [("natural", 2 / 3), ("other", 1 / 6**0.5), ("noise", 0), ("inverted", -2 / 3)],
)
def test_images_on_the_natural_path_and_far_from_it(made, correlation):
    # Spearman's ρ of normal values, from Pearson's
    rho, top, other = 6 / np.pi * np.arcsin(np.array([correlation, 2 / 3, 1 / 6**0.5]) / 2)
    found = planted(made)
    assert unit_scores(found, "iam")[0] == pytest.approx((rho - other) / (top - other), abs=0.1)
    # the null: natural images that drive the unit, held out
    assert unit_scores(found, "natural")[0] == pytest.approx(1, abs=0.1)
    # no image that drives its unit
    assert np.isnan(unit_scores(found, "am")[0])


def test_an_image_is_not_compared_with_itself():
    vectors = standardized_ranks(np.random.default_rng(0).normal(size=(8, 500)))
    made = {"iam": vectors[:1], "am": vectors[:1]}
    split = split_top(np.arange(4))
    twice = compare_images(made, split, vectors, np.array([0, 2, 5, 6]))
    # 0 and 2 are references: of the pairs, those of an image with itself are left out
    rho = vectors[[0, 2, 5, 6]] @ vectors[[0, 2]].T
    assert twice[-1] == pytest.approx((rho.sum() - 2) / 6)
    assert abs(twice[3]) < 0.2
