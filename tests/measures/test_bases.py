"""Units compared with other directions: planted ones, theory, and scikit-learn."""

import numpy as np
import pytest
from scipy import stats
from sklearn.decomposition import PCA, FastICA

from census.measures.bases import KINDS, compare, independent_directions, principal_directions
from census.statistics.bootstrap import resample_counts
from census.statistics.rotations import STATISTICS, peakedness, random_frames


@pytest.fixture
def random():
    return np.random.default_rng(0)


def compared(vectors, n_directions, rotations=20, seed=0):
    images, _, units = vectors.shape
    frames = random_frames(min(n_directions, units), units, rotations, seed)
    return compare(vectors, n_directions, frames, resample_counts(images, 200, seed), seed)


@pytest.mark.parametrize("vectors", [np.zeros((5, 2, 4)), np.ones((5, 2, 1)), np.full((5, 2, 4), np.nan)])
def test_nothing_is_left(vectors):
    found = compared(vectors, 3)
    assert np.isnan([found.value.value, found.value.low, found.value.high]).all()
    assert found.n_excluded == 10


@pytest.mark.parametrize(("n_vectors", "units"), [(100, 12), (20, 50)])
def test_principal_directions_against_scikit_learn(n_vectors, units, random):
    vectors = random.standard_normal((n_vectors, units)) * np.geomspace(5, 0.5, units)
    found, theirs = principal_directions(vectors), PCA().fit(vectors)
    rank = min(n_vectors - 1, units)
    assert found.directions.shape == (rank, units)
    np.testing.assert_allclose(
        np.abs(np.sum(found.directions * theirs.components_[:rank], axis=1)), 1, atol=1e-6
    )
    np.testing.assert_allclose(
        found.deviations**2 * n_vectors / (n_vectors - 1), theirs.explained_variance_[:rank]
    )
    assert (np.take_along_axis(found.directions, np.abs(found.directions).argmax(1)[:, None], 1) > 0).all()


def test_principal_directions_leave_out_those_along_which_nothing_differs(random):
    vectors = random.standard_normal((30, 3)) @ random.standard_normal((3, 10)) + 7
    assert principal_directions(vectors).directions.shape == (3, 10)
    assert principal_directions(vectors[:1]).directions.shape == (0, 10)


def test_independent_directions_against_scikit_learn(random):
    sources = random.laplace(size=(4000, 4))
    vectors = sources @ random.standard_normal((4, 9))
    found, converged = independent_directions(vectors, principal_directions(vectors), 4, seed=0)
    assert converged
    ica = FastICA(4, whiten="unit-variance", random_state=0).fit(vectors)
    filters = ica.components_ / np.linalg.norm(ica.components_, axis=1, keepdims=True)
    match = np.abs(found @ filters.T)
    np.testing.assert_allclose(match.max(1), 1, atol=1e-3)
    assert sorted(match.argmax(1)) == [0, 1, 2, 3]
    # each finds one of the sources
    correlation = np.abs(np.corrcoef((vectors @ found.T).T, sources.T)[:4, 4:])
    np.testing.assert_allclose(correlation.max(1), 1, atol=0.01)


def test_a_search_that_does_not_come_to_rest_says_so(monkeypatch, random):
    monkeypatch.setattr("census.measures.bases.MOST_ITERATIONS", 1)
    vectors = random.laplace(size=(300, 6))
    assert not independent_directions(vectors, principal_directions(vectors), 6, seed=0)[1]
    found = compared(vectors[:, None], 6)
    assert found.n_not_converged == 2


def test_random_directions_and_units_are_those_of_the_definition(random):
    vectors = random.gamma(1, size=(100, 2, 9)) * np.geomspace(1, 1000, 9)
    found = compared(vectors, 4, rotations=5)
    flat = vectors.reshape(-1, 9)
    over_axes = [
        peakedness(flat @ frame.T, signed=False).mean(1) for frame in random_frames(4, 9, 5, 0).astype(float)
    ]
    np.testing.assert_allclose(found.value.value[KINDS.index("random")], np.mean(over_axes, 0), rtol=1e-4)
    # those of highest variance are the last four, in both halves
    over_units = peakedness(flat[:, -4:], signed=False).mean(1)
    np.testing.assert_allclose(found.value.value[KINDS.index("neurons")], over_units, rtol=1e-6)
    assert found.value.value.shape == (len(KINDS), len(STATISTICS))


def test_each_kind_of_direction_is_found_where_it_is_planted(random):
    """Sparse sources along the units; along oblique directions; and none at all."""
    units, images = 8, 1500
    sources = random.laplace(size=(images, 2, units))
    turn = stats.ortho_group.rvs(units, random_state=0)

    def kurtosis(vectors):
        found = compared(vectors, units)
        assert found.n_directions == units
        assert found.n_excluded == 0
        return dict(zip(KINDS, found.value.value[:, 0], strict=True))

    along_units = kurtosis(sources)
    assert along_units["neurons"] == pytest.approx(along_units["independent"], rel=0.03)
    assert along_units["neurons"] > along_units["random"] + 0.3
    oblique = kurtosis(sources @ turn)
    assert oblique["independent"] == pytest.approx(along_units["independent"], rel=0.03)
    assert oblique["neurons"] < oblique["independent"] - 0.2
    assert oblique["random"] == pytest.approx(3 * 8 / 10, abs=0.1)
    nowhere = kurtosis(random.standard_normal((images, 2, units)))
    assert max(nowhere.values()) < 3 * 8 / 10 + 0.2


def test_directions_are_found_on_other_images_than_they_are_measured_on(random):
    """With fewer vectors than directions could be fitted to, nothing seems peaked."""
    vectors = random.standard_normal((60, 1, 40))
    found = compared(vectors, 20)
    assert (np.abs(found.value.value[:, 0] - 3 * 19 / 21) < 0.35).all()


def test_as_many_directions_as_there_are(random):
    vectors = np.zeros((30, 2, 7))
    vectors[..., :3] = random.standard_normal((30, 2, 3))
    found = compared(vectors, 5)
    assert found.n_directions == 3


def test_the_sign_of_a_direction_changes_nothing():
    values = np.random.default_rng(0).normal(size=(20, 6))
    turned = values * np.where(np.arange(6) % 2, 1, -1)
    np.testing.assert_allclose(peakedness(turned, signed=False), peakedness(values, signed=False))
    assert not np.allclose(peakedness(turned)[0], peakedness(values)[0])
