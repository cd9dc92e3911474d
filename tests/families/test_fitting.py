"""Families of directions: planted dictionaries, and what is refused."""

import numpy as np
import pytest
from sklearn.decomposition import PCA, FastICA, TruncatedSVD

from census.families.fitting import FAMILIES, VECTORS_PER_DIRECTION, Sample, Settings, fit
from census.statistics.families import matched_cosines

SETTINGS = Settings(active=4, iterations=200, steps=2000, learning_rate=0.01)
SHORT = SETTINGS._replace(steps=200)


def planted(factors, n_units, n_vectors, active, seed=0):
    """Return sparse non-negative factors of length 1, and vectors of a few of them each, with noise."""
    random = np.random.default_rng(seed)
    directions = np.abs(random.standard_normal((factors, n_units)))
    directions *= random.random((factors, n_units)) < 0.3
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    codes = random.gamma(2, 1, (n_vectors, factors)) * (
        random.random((n_vectors, factors)) < active / factors
    )
    noise = 0.01 * np.abs(random.standard_normal((n_vectors, n_units)))
    return directions, (codes @ directions + noise).astype(np.float32)


@pytest.fixture(scope="module")
def dictionary():
    return planted(factors=64, n_units=128, n_vectors=10000, active=3)


@pytest.mark.parametrize("family", ["nmf", "sae"])
def test_a_planted_dictionary_is_recovered(dictionary, family):
    directions, vectors = dictionary
    found = fit(family, Sample(vectors), 64, SETTINGS, seed=0)
    assert found.reason == ""
    assert np.nanmedian(matched_cosines(directions, found.directions)) > 0.95


@pytest.mark.parametrize("family", ["svd", "random", "units"])
def test_other_families_do_not_find_it(dictionary, family):
    directions, vectors = dictionary
    found = fit(family, Sample(vectors), 64, SETTINGS, seed=0)
    assert np.median(matched_cosines(directions, found.directions)) < 0.5


@pytest.fixture(scope="module")
def vectors():
    return planted(factors=12, n_units=20, n_vectors=600, active=3)[1]


@pytest.mark.parametrize("family", FAMILIES)
def test_directions_have_length_1_and_come_again_with_their_seed(vectors, family):
    one, again = (fit(family, Sample(vectors), 8, SHORT, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.directions, again.directions)
    np.testing.assert_allclose(np.linalg.norm(one.directions, axis=1), 1, rtol=1e-5)
    assert one.directions.shape == (8 - one.n_dead, 20)
    assert one.directions.dtype == np.float32
    other = fit(family, Sample(vectors), 8, SHORT, seed=4)
    assert np.array_equal(one.directions, other.directions) == (family in ("units", "svd"))


def test_singular_vectors_are_those_of_scikit_learn(vectors):
    theirs = TruncatedSVD(8, algorithm="arpack", random_state=0).fit(vectors.astype(float)).components_
    found = fit("svd", Sample(vectors), 8, SETTINGS, seed=0).directions
    np.testing.assert_allclose(np.abs((found * theirs).sum(1)), 1, atol=1e-5)


def test_independent_components_are_the_columns_of_scikit_learns_mixing_matrix():
    random = np.random.default_rng(0)
    vectors = random.laplace(size=(3000, 6)) @ random.standard_normal((6, 10))
    theirs = FastICA(6, whiten="unit-variance", random_state=0).fit(PCA(6).fit_transform(vectors))
    mixing = PCA(6).fit(vectors).components_.T @ theirs.mixing_
    found = fit("ica", Sample(vectors), 6, SETTINGS, seed=0)
    assert found.converged
    assert 0 < found.n_iterations < 200
    np.testing.assert_allclose(
        matched_cosines(found.directions, (mixing / np.linalg.norm(mixing, axis=0)).T), 1, atol=1e-3
    )


def test_units_are_those_of_the_largest_mean_square(vectors):
    found = fit("units", Sample(vectors), 5, SETTINGS, seed=0).directions.argmax(1)
    assert found.tolist() == np.argsort(-np.square(vectors.astype(float)).mean(0))[:5].tolist()


@pytest.mark.parametrize("family", ["svd", "ica", "random"])
def test_a_direction_points_to_the_longer_tail(vectors, family):
    directions = fit(family, Sample(vectors), 8, SETTINGS, seed=0).directions
    assert (((vectors @ directions.T) ** 3).sum(0) >= 0).all()


def test_negative_values_are_refused_by_nmf_alone(vectors):
    vectors = vectors - 0.5
    found = {family: fit(family, Sample(vectors), 8, SHORT, seed=0).reason for family in FAMILIES}
    assert found.pop("nmf") == "values are negative, down to −0.5"
    assert set(found.values()) == {""}


@pytest.mark.parametrize("family", ["ica", "nmf", "sae"])
def test_too_few_vectors_are_refused_with_the_number_that_is_needed(vectors, family):
    needed = 8 * VECTORS_PER_DIRECTION
    found = fit(family, Sample(vectors[: needed - 1]), 8, SHORT, seed=0)
    assert found.reason.startswith(
        f"8 directions need {needed} active channel vectors in each half of the images"
    )
    assert f"there are {needed - 1}" in found.reason
    assert found.directions.shape == (0, 20)
    assert fit(family, Sample(vectors[:needed]), 8, SHORT, seed=0).reason == ""


def test_a_diverged_autoencoder_is_refused(vectors):
    found = fit("sae", Sample(vectors * 1e30), 8, SHORT._replace(learning_rate=1e30), seed=0)
    assert found.reason == "the autoencoder diverged; lower its learning rate"


def test_dead_features_are_counted_and_too_many_are_refused():
    # all vectors lie along two units
    vectors = np.zeros((400, 12))
    vectors[np.arange(400), np.arange(400) % 2] = 1
    found = fit("sae", Sample(vectors), 8, SHORT._replace(active=1), seed=0)
    assert found.reason.endswith("of the 8 features of the autoencoder are dead")
    few = fit("sae", Sample(vectors), 3, SETTINGS._replace(active=1), seed=0)
    assert few.reason == ""
    assert few.n_dead == 3 - len(few.directions)


def test_a_search_that_does_not_converge_says_so(vectors):
    for family in ("ica", "nmf"):
        found = fit(family, Sample(vectors), 8, SETTINGS._replace(iterations=1), seed=0)
        assert found.converged is False
        assert len(found.directions) == 8


def test_a_search_may_converge_in_its_last_iteration(vectors):
    found = fit("ica", Sample(vectors), 4, SETTINGS, seed=0)
    assert found.converged
    again = fit("ica", Sample(vectors), 4, SETTINGS._replace(iterations=found.n_iterations), seed=0)
    assert again.converged
    np.testing.assert_array_equal(again.directions, found.directions)


def test_the_rank_is_the_number_of_directions_in_which_vectors_differ():
    vectors = np.random.default_rng(0).random((50, 3)) @ np.random.default_rng(1).random((3, 9))
    for sample, rank in (
        (Sample(vectors), 3),
        (Sample(vectors + 100), 3),
        (Sample(vectors, 2), 2),
        (Sample(np.ones((5, 4))), 0),
        (Sample(np.ones((1, 4))), 0),
        (Sample(np.zeros((0, 4))), 0),
    ):
        directions, deviations = sample.principal
        assert len(directions) == len(deviations) == rank


def test_principal_directions_are_those_of_scikit_learn(vectors):
    theirs = PCA(8).fit(vectors.astype(float))
    directions, deviations = Sample(vectors, 8).principal
    np.testing.assert_allclose(np.abs((directions * theirs.components_).sum(1)), 1, rtol=1e-9)
    n = len(vectors)
    np.testing.assert_allclose(deviations, np.sqrt(theirs.explained_variance_ * (n - 1) / n), rtol=1e-9)
