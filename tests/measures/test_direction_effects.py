"""Effects of ablating directions: means, intervals, counts and reliability."""

import numpy as np
import pytest

from census.measures.ablation import Answers
from census.measures.direction_effects import effects_of
from census.tables.keys import KEYS

OF = {**dict.fromkeys(KEYS, ""), "layer": "relu", "depth": 1, "step": None}
N_IMAGES = 40
CLASSES = np.arange(N_IMAGES) % 4


def effects(families, divergence):
    divergence = np.asarray(divergence, float)
    answers = Answers(divergence, divergence, divergence, (divergence > 1).astype(float))
    numbers = {family: np.arange(count) for family, count in families.items()}
    return effects_of(OF, numbers, answers, CLASSES, resamples=200, seed=0)


@pytest.fixture
def divergence():
    random = np.random.default_rng(0)
    sizes = np.array([0.1, 0.2, 0.3, 1.0, 2.0, 3.0, 0.1, 0.1, 0.1])
    return sizes[:, None] * random.gamma(4, 0.25, (9, N_IMAGES))


def test_directions_and_families_have_their_means(divergence):
    ablated, families, layer = effects({"units": 3, "nmf": 3, "sae": 3}, divergence)
    assert ablated.family == ["units"] * 3 + ["nmf"] * 3 + ["sae"] * 3
    assert ablated.direction.tolist() == [0, 1, 2] * 3
    np.testing.assert_allclose(ablated.ablation_kl.value, divergence.mean(1))
    np.testing.assert_allclose(ablated.ablation_changed.value, (divergence > 1).mean(1))
    means = divergence.reshape(3, -1).mean(1)
    np.testing.assert_allclose(families.ablation_kl.value, means)
    assert (families.ablation_kl.low < means).all()
    assert (means < families.ablation_kl.high).all()
    difference = layer.dictionary_ablation
    assert difference.value == pytest.approx((means[1] + means[2]) / 2 - means[0])
    assert difference.low < difference.value < difference.high


def test_intervals_of_families_resample_directions_as_well_as_images(divergence):
    constant = np.repeat([[1.0], [2.0], [3.0]], N_IMAGES, axis=1)
    ablated, families, _ = effects({"units": 3}, constant)
    np.testing.assert_allclose(ablated.ablation_kl.low, ablated.ablation_kl.high)
    assert families.ablation_kl.low[0] < 1.7
    assert families.ablation_kl.high[0] > 2.3


def test_reliability_is_that_of_the_order_of_directions(divergence):
    steady = np.arange(1.0, 7)[:, None] + 0.1 * np.random.default_rng(0).random((6, N_IMAGES))
    _, families, _ = effects({"units": 6}, steady)
    assert families.reliability_ablation_kl[0] == pytest.approx(1)
    noise = np.random.default_rng(1).random((6, N_IMAGES))
    _, families, _ = effects({"units": 6}, noise)
    assert families.reliability_ablation_kl[0] < 0.9


def test_what_has_no_effect_or_is_undefined_is_counted(divergence):
    divergence[0] = 0
    divergence[4, 7] = np.nan
    _, families, layer = effects({"units": 3, "nmf": 3, "sae": 3}, divergence)
    assert families.n_without_effect.tolist() == [1, 0, 0]
    assert families.n_undefined.tolist() == [0, 1, 0]
    assert np.isnan(families.ablation_kl.value).tolist() == [False, True, False]
    assert np.isnan(layer.dictionary_ablation.value)


@pytest.mark.parametrize("families", [{"units": 9}, {"nmf": 9}, {"svd": 5, "sae": 4}])
def test_without_units_or_dictionaries_nothing_is_compared(families, divergence):
    _, _, layer = effects(families, divergence)
    assert np.isnan(layer.dictionary_ablation.value)
