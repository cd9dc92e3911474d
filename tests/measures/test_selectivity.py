"""Selectivity of units: by hand, by definition, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from census.measures import selectivity
from census.measures.selectivity import (
    NONE,
    best_class,
    chance_detection,
    chance_selectivity,
    detection,
    precision,
    unit_selectivity,
)
from census.statistics import class_selectivity as statistics
from census.statistics.class_selectivity import class_means, class_selectivity, is_signed
from census.statistics.streams import stream


def by_definition(values, labels):
    """Return class selectivity of one unit, from the formula as it is printed."""
    means = {label: values[labels == label].astype(float).mean() for label in np.unique(labels)}
    best = max(means, key=means.get)
    rest = np.mean([means[label] for label in means if label != best])
    return (means[best] - rest) / (means[best] + rest)


@pytest.fixture
def labels():
    """Five classes of different sizes, of which the second has no images."""
    return np.random.default_rng(0).choice([0, 2, 3, 4], 300, p=[0.4, 0.3, 0.25, 0.05]).astype(np.int32)


@pytest.fixture
def values(labels):
    """Units: dense, sparse, of few different values, shifted far from 0, and one that knows a class."""
    random = np.random.default_rng(1)
    columns = [
        random.gamma(2, size=300),
        random.gamma(2, size=300) * (random.random(300) < 0.05),
        random.integers(0, 3, 300),
        1000 + random.random(300),
        random.random(300) + (labels == 3),
    ]
    return np.stack(columns, 1).astype(np.float32)


def test_class_means_are_nan_for_classes_without_images(values, labels, monkeypatch):
    monkeypatch.setattr(statistics, "UNITS_AT_ONCE", 2)
    found = class_means(values, labels, 5)
    assert np.isnan(found[1]).all()
    for label in (0, 2, 3, 4):
        np.testing.assert_allclose(found[label], values[labels == label].astype(float).mean(0))


def test_selectivity_by_hand():
    means = np.array([[8.0, 1, 0, 3, 0], [0, 1, 0, 1, 0], [np.nan] * 5, [0, 1, 0, 0, 2]])
    # (3 − ½) / (3 + ½)
    np.testing.assert_allclose(class_selectivity(means), [1, 0, np.nan, 5 / 7, 1])
    assert np.isnan(class_selectivity(means[:1])).all()
    assert class_selectivity(np.zeros((0, 5))).shape == (5,)


def test_selectivity_by_definition(values, labels):
    found = class_selectivity(class_means(values, labels, 5))
    np.testing.assert_allclose(found, [by_definition(unit, labels) for unit in values.T], rtol=1e-10)


def test_classes_have_equal_weight():
    labels = np.repeat([0, 1, 2], [1, 10, 100])
    values = (labels == 0)[:, None] * np.float32(2) + (labels == 2)[:, None]
    assert class_selectivity(class_means(values, labels, 3))[0] == (2 - 0.5) / (2 + 0.5)


def test_chance_by_definition(values, labels):
    observed = class_selectivity(class_means(values, labels, 5))
    random, drawn = stream(7, "shuffled labels"), []
    for _ in range(200):
        shuffled = random.permutation(labels)
        drawn.append([by_definition(unit, shuffled) for unit in values.T])
    found = chance_selectivity(values, labels, observed, 200, 7)
    np.testing.assert_allclose(found.selectivity, np.mean(drawn, 0), rtol=1e-4)
    expected = (1 + (np.array(drawn) >= observed * (1 - 1e-5)).sum(0)) / 201
    np.testing.assert_allclose(found.p, expected)
    assert found.p[4] == 1 / 201
    assert (found.p[:4] > 0.02).all()


def test_chance_does_not_depend_on_blocks(values, labels, monkeypatch):
    observed = class_selectivity(class_means(values, labels, 5))
    whole = chance_selectivity(values, labels, observed, 100, 0)
    alone = [chance_selectivity(values[:, [unit]], labels, observed[[unit]], 100, 0) for unit in range(5)]
    monkeypatch.setattr(statistics, "UNITS_AT_ONCE", 2)
    monkeypatch.setattr(selectivity, "LABELS_AT_ONCE", 3 * len(labels))
    blocks = chance_selectivity(values, labels, observed, 100, 0)
    for found in (blocks, [np.concatenate(each) for each in zip(*alone, strict=True)]):
        np.testing.assert_array_equal(found, whole)


def test_a_unit_of_one_image_is_as_selective_by_chance():
    values = np.zeros((40, 1), np.float32)
    values[3] = 0.7
    labels = np.arange(40) % 4
    found = chance_selectivity(values, labels, np.ones(1), 100, 0)
    assert (found.selectivity, found.p) == (1, 1)


def test_chance_selectivity_is_high_with_many_small_classes():
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(1000), 6)
    values = (random.exponential(size=(6000, 20)) * (random.random((6000, 20)) < 0.02)).astype(np.float32)
    observed = class_selectivity(class_means(values, labels, 1000))
    found = chance_selectivity(values, labels, observed, 20, 0)
    np.testing.assert_allclose(found.selectivity, 0.96, atol=0.02)
    np.testing.assert_allclose(observed, found.selectivity, atol=0.03)


def test_p_values_of_unselective_units_are_uniform():
    random = np.random.default_rng(0)
    labels = random.integers(0, 5, 200)
    values = np.maximum(random.normal(size=(200, 400)), 0).astype(np.float32)
    observed = class_selectivity(class_means(values, labels, 5))
    found = chance_selectivity(values, labels, observed, 199, 1)
    for level in (0.05, 0.5):
        assert (found.p <= level).mean() == pytest.approx(level, abs=3 * np.sqrt(level * (1 - level) / 400))


def test_detection_against_scikit_learn(values, labels, monkeypatch):
    monkeypatch.setattr(selectivity, "VALUES_AT_ONCE", 2 * len(values))
    values[:, 0] -= 2  # values of both signs
    found = detection(values, labels, 5, 20)
    assert np.isnan(found.auroc[:, 1]).all()
    assert np.isnan(found.informedness[:, 1]).all()
    for unit in range(values.shape[1]):
        for label in (0, 2, 3, 4):
            false, true, _ = roc_curve(labels == label, values[:, unit], drop_intermediate=False)
            area = roc_auc_score(labels == label, values[:, unit])
            assert found.auroc[unit, label] == pytest.approx(area, abs=1e-12)
            assert found.informedness[unit, label] == pytest.approx((true - false).max(), abs=1e-12)


def test_detection_by_hand():
    labels = np.array([0, 0, 0, 1, 1, 2])
    values = np.array([[3, 2, 0, 1, 0, 0], [5, 5, 5, 5, 5, 5], [9, 8, 7, 1, 1, 1]], np.float32).T
    found = detection(values, labels, 3, 2)
    # of the nine pairs of class 0 and others, seven are in order and two are ties
    np.testing.assert_allclose(found.auroc[:, 0], [(6 + 2 * 0.5) / 9, 0.5, 1])
    np.testing.assert_allclose(found.informedness[:, 0], [2 / 3, 0, 1])
    np.testing.assert_array_equal(found.top_counts[:, 0], 2)


@pytest.mark.parametrize("n_classes", [3, 70_000])
def test_zeros_are_one_value_and_classes_may_be_many(n_classes):
    # more classes than 16 bits can number
    labels = np.r_[np.arange(n_classes), 0]
    values = np.zeros((len(labels), 1), np.float32)
    values[1:] = -0.0
    found = detection(values, labels, n_classes, 5)
    np.testing.assert_array_equal(found.auroc, 0.5)
    np.testing.assert_array_equal(found.informedness, 0)


def test_top_images_are_positive_and_the_first_of_equal_ones():
    labels = np.array([0, 1, 1, 2, 2, 2])
    values = np.array([[4, 4, 4, 4, 4, 4], [0, 1, 0, 2, 0, 0], [-1, -2, 0, -3, -1, -2]], np.float32).T
    found = detection(values, labels, 3, 3)
    np.testing.assert_array_equal(found.top_counts, [[1, 2, 0], [0, 1, 1], [0, 0, 0]])
    np.testing.assert_allclose(precision(found.top_counts), [2 / 3, 1 / 2, np.nan])


def test_more_top_images_than_images():
    found = detection(np.ones((4, 1), np.float32), np.array([0, 0, 0, 1]), 2, 100)
    assert precision(found.top_counts) == 0.75


def test_best_classes():
    values = np.array([[0.2, np.nan, 0.7], [np.nan, np.nan, np.nan], [0.5, 0.5, 0.1]])
    largest, classes = best_class(values)
    np.testing.assert_array_equal(largest, [0.7, np.nan, 0.5])
    assert classes.tolist() == [2, NONE, 0]


def test_detection_by_chance_is_that_of_random_values(labels):
    found = chance_detection(labels, 5, 30, 400, 0)
    values = np.random.default_rng(5).random((300, 400)).astype(np.float32) + 1
    measured = unit_selectivity(values, labels, 5, top=30, shuffles=1, seed=0)
    assert found.auroc == pytest.approx(measured.auroc.mean(), abs=0.01)
    assert found.informedness == pytest.approx(measured.informedness.mean(), abs=0.01)
    assert found.precision == pytest.approx(measured.precision.mean(), abs=0.02)
    assert found.auroc > 0.55


def test_units_that_have_no_selectivity(values, labels):
    random = np.random.default_rng(0)
    odd = np.stack([np.zeros(300), random.normal(size=300), random.random(300), np.full(300, 2)], 1)
    odd[7, 2] = np.nan
    whole = np.concatenate([values, odd.astype(np.float32)], axis=1)
    found = unit_selectivity(whole, labels, 5, top=20, shuffles=50, seed=0)
    inactive, signed, broken, constant = range(5, 9)
    assert np.flatnonzero(found.is_inactive).tolist() == [inactive]
    assert np.flatnonzero(found.is_signed).tolist() == [signed]
    assert np.flatnonzero(~found.is_finite).tolist() == [broken]
    for each in (found.selectivity, found.chance, found.p):
        assert np.flatnonzero(np.isnan(each)).tolist() == [inactive, signed, broken]
    for each in (found.auroc, found.informedness, found.precision):
        assert np.flatnonzero(np.isnan(each)).tolist() == [inactive, broken]
    assert np.flatnonzero(found.selective_class == NONE).tolist() == [inactive, signed, broken]
    assert np.flatnonzero(found.auroc_class == NONE).tolist() == [inactive, broken]
    assert found.n_top[[inactive, broken]].tolist() == [0, 0]
    assert (found.selectivity[constant], found.p[constant], found.auroc[constant]) == (0, 1, 0.5)
    assert found.selective_class[4] == found.auroc_class[4] == 3
    alone = unit_selectivity(values, labels, 5, top=20, shuffles=50, seed=0)
    for whole_field, field in zip(found, alone, strict=True):
        np.testing.assert_array_equal(whole_field[:5], field)


def test_a_single_class_has_no_selectivity(values):
    found = unit_selectivity(values, np.full(300, 2), 5, top=20, shuffles=50, seed=0)
    for each in (found.selectivity, found.chance, found.p, found.auroc, found.informedness, found.precision):
        assert np.isnan(each).all()
    assert (found.selective_class == NONE).all()
    assert np.isnan(chance_detection(np.full(300, 2), 5, 20, 10, 0)).all()


def test_signed_units():
    assert is_signed(np.array([[0.0, 1, -1e-9], [2, 3, 5]])).tolist() == [False, False, True]
