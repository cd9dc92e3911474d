"""Reliability of the measures of units."""

from types import SimpleNamespace

import numpy as np
import pytest

from census.measures.reliability import MEASURES, Layer, Parameters, compute, unit_measures
from census.measures.selectivity import unit_selectivity
from census.tables.keys import KEYS


@pytest.fixture
def statistics():
    random = np.random.default_rng(0)
    means = random.gamma(1, size=(60, 8)).astype(np.float32)
    means[:, 7] = 0
    return {
        "mean": means,
        "max": means * random.uniform(1, 2, means.shape).astype(np.float32),
        "nonzero": random.integers(0, 10, means.shape) * (means > 0),
    }


def test_every_measure_has_a_column(statistics):
    labels = np.arange(60) % 3
    found = unit_measures(statistics, labels, 3, 9, 20)
    assert list(found) == MEASURES
    assert {f"reliability_{name}" for name in found} <= {column.name for column in Layer.columns()}
    assert all(values.shape == (8,) for values in found.values())


def test_measures_agree_with_the_census(statistics):
    labels = np.arange(60) % 3
    found = unit_measures(statistics, labels, 3, 9, 20)
    means = statistics["mean"].astype(float)
    np.testing.assert_allclose(found["mean_activation"], means.mean(0), rtol=1e-6)
    np.testing.assert_allclose(found["max_activation"], statistics["max"].max(0))
    np.testing.assert_allclose(found["active_fraction"], statistics["nonzero"].mean(0) / 9)
    sparseness = 1 - means[:, :7].mean(0) ** 2 / (means[:, :7] ** 2).mean(0)
    np.testing.assert_allclose(found["lifetime_sparseness"][:7], sparseness, rtol=1e-5)
    of_classes = np.sort([means[labels == label].mean(0) for label in range(3)], axis=0)[:, :7]
    rest = of_classes[:2].mean(0)
    np.testing.assert_allclose(
        found["selectivity"][:7], (of_classes[2] - rest) / (of_classes[2] + rest), rtol=1e-4
    )
    top = np.argsort(-statistics["max"][:, 0])[:20]
    counts = np.sort(np.bincount(labels[top], minlength=3)) / 20
    assert found["gini"][0] == pytest.approx(1 - 2 * (counts * (3 - np.arange(1, 4) + 0.5) / 3).sum())
    # an inactive unit has no classes
    for name in set(MEASURES) - {"mean_activation", "max_activation", "active_fraction"}:
        assert np.isnan(found[name][7]), name


def test_selectivity_of_tied_units_is_that_of_the_census():
    random = np.random.default_rng(0)
    labels = np.arange(400) // 40
    # most images have the largest activation
    means = np.minimum(random.normal(7.5, 3, (400, 30)), 6).clip(0).astype(np.float32)
    means[5, 3] = np.nan
    found = unit_measures({"mean": means, "max": means, "nonzero": means > 0}, labels, 10, 1, 40)
    expected = unit_selectivity(means, labels, 10, top=40, shuffles=1, seed=0)
    for name in ("selectivity", "auroc", "informedness", "precision"):
        of_half = found["precision_top_k" if name == "precision" else name]
        np.testing.assert_allclose(of_half, getattr(expected, name), rtol=1e-6, err_msg=name)
    assert np.isnan(found["active_fraction"]).tolist() == [unit == 3 for unit in range(30)]


def test_images_are_drawn_at_random(statistics):
    """In a data set in the order of classes, the first images would lack some."""
    recording = SimpleNamespace(
        attributes=dict.fromkeys(KEYS),
        images=np.arange(60),
        labels=np.arange(60) // 20,
        classes=["a", "b", "c"],
        shape=(8, 3, 3),
        on_images=lambda name, places: statistics[name][places],
    )
    (layer,) = compute(recording, Parameters(images=30, splits=1, top=10), seed=0)
    assert (layer.n_images, layer.n_rare_classes) == (30, 0)
    assert np.isfinite(layer.reliability_gini)
