"""Alignment with the unit basis: by hand, by theory, and against scipy."""

import numpy as np
import pytest
from scipy import stats

from census.measures.alignment import alignment
from census.statistics.bootstrap import resample_counts
from census.statistics.rotations import (
    STATISTICS,
    VALUES_AT_ONCE,
    coordinates,
    peakedness,
    random_frames,
    rotated,
    sort_out,
)
from census.statistics.sparseness import gini, hoyer


@pytest.fixture
def random():
    return np.random.default_rng(0)


def align(vectors, rotations=20, resamples=200, seed=0):
    images, positions, units = vectors.shape
    frames = random_frames(min(images * positions, units), units, rotations, seed)
    return alignment(
        sort_out(vectors),
        images,
        frames,
        resample_counts(images, resamples, seed),
        np.random.default_rng(seed).integers(rotations, size=resamples),
    )


def test_peakedness_of_known_vectors():
    found = peakedness(np.array([[1.0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0], [1, -1, 1, -1], [0, 0, 1, 3]]))
    # of one value of four: deviations ¾ and three times −¼, squares 9/16 and 1/16, m2 = 3/16, m4 = 84/1024
    assert found[0, 0] == pytest.approx((84 / 1024) / (3 / 16) ** 2)
    np.testing.assert_allclose(found[1:, 0], [1 - 1 / 4, 1])
    # all the same: as even as can be, and no kurtosis
    assert np.isnan(found[0, 1])
    np.testing.assert_allclose(found[1:, 1], 0, atol=1e-15)
    assert np.isnan(found[:, 2]).all()
    np.testing.assert_allclose(found[:, 3], [1, 0, 0], atol=1e-15)
    assert found[1, 4] == pytest.approx(0.625)
    assert found[2, 4] == pytest.approx((2 - 4 / np.sqrt(10)) / (2 - 1))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("units", [2, 3, 50])
def test_peakedness_against_scipy_and_the_other_measures(units, dtype, random):
    values = random.gamma(0.5, size=(30, units)).astype(dtype) * random.choice([-1, 1], (30, units))
    kurtosis, sparsity, sparseness = peakedness(values)
    absolute = np.abs(values).astype(np.float64)
    tolerance = {"rtol": 2e-5, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-10, "atol": 1e-12}
    np.testing.assert_allclose(
        kurtosis, stats.kurtosis(values.astype("f8"), axis=1, fisher=False), **tolerance
    )
    np.testing.assert_allclose(sparsity, gini(absolute), **tolerance)
    np.testing.assert_allclose(sparseness, hoyer(absolute.sum(1), (absolute**2).sum(1), units), **tolerance)


@pytest.mark.parametrize(("n_directions", "units"), [(6, 6), (3, 6), (2, 9)])
def test_rotations_are_those_of_the_haar_measure(n_directions, units):
    frames = random_frames(n_directions, units, 20_000, seed=1).astype(np.float64)
    identity = np.broadcast_to(np.eye(n_directions), (len(frames), n_directions, n_directions))
    np.testing.assert_allclose(frames @ frames.transpose(0, 2, 1), identity, atol=1e-5)
    # moments of the entries of a Haar-distributed matrix, and of pairs in one row and in one column
    np.testing.assert_allclose(frames.mean(0), 0, atol=0.02)
    np.testing.assert_allclose((frames**2).mean(0), 1 / units, atol=0.01)
    np.testing.assert_allclose((frames**4).mean(0), 3 / (units * (units + 2)), atol=0.01)
    row = (frames[:, 0, 0] ** 2 * frames[:, 0, 1] ** 2).mean()
    column = (frames[:, 0, 0] ** 2 * frames[:, 1, 0] ** 2).mean()
    assert [row, column] == pytest.approx([1 / (units * (units + 2))] * 2, rel=0.1)
    apart = (frames[:, 0, 0] ** 2 * frames[:, 1, 1] ** 2).mean()
    assert apart == pytest.approx((units + 1) / ((units - 1) * units * (units + 2)), rel=0.1)
    # and of each entry the whole distribution, against scipy's
    theirs = stats.ortho_group.rvs(units, size=4000, random_state=2)
    assert stats.ks_2samp(frames[:4000, -1, -1], theirs[:, n_directions - 1, -1]).pvalue > 1e-3


def test_rotations_follow_the_seed_and_begin_alike():
    frames = random_frames(4, 8, 3, seed=5)
    np.testing.assert_array_equal(frames, random_frames(4, 8, 3, seed=5))
    assert (frames != random_frames(4, 8, 3, seed=6)).any()
    assert (frames[0] != frames[1]).any()
    np.testing.assert_allclose(random_frames(8, 8, 3, seed=5)[:, :4], frames, atol=1e-6)
    np.testing.assert_array_equal(random_frames(4, 8, 5, seed=5)[:3], frames)


def test_fewer_vectors_than_units_keep_their_inner_products(random):
    vectors = random.standard_normal((7, 40))
    vectors[3] = vectors[2]
    places = coordinates(vectors)
    assert places.shape == (7, 7)
    np.testing.assert_allclose(places @ places.T, vectors @ vectors.T, atol=1e-4)
    many = random.standard_normal((50, 4))
    np.testing.assert_array_equal(coordinates(many), many.astype(np.float32))


@pytest.mark.parametrize("n_vectors", [5, 3000])
def test_rotated_vectors_come_in_blocks_of_any_size(n_vectors, random):
    units = 100
    places = coordinates(random.standard_normal((n_vectors, units)))
    (frame,) = random_frames(min(n_vectors, units), units, 1, 0)
    blocks = list(rotated(places, frame))
    assert all(values.size <= VALUES_AT_ONCE for _, values in blocks)
    assert len(blocks) == -(-n_vectors // (VALUES_AT_ONCE // units))
    found = np.concatenate([values for _, values in blocks])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), np.linalg.norm(places, axis=1), rtol=1e-5)
    np.testing.assert_allclose(found, places @ frame, atol=1e-4)


@pytest.mark.parametrize(("images", "units"), [(60, 64), (200, 16)])
def test_rotated_gaussian_vectors_are_not_aligned(images, units):
    scores = []
    for seed in range(30):
        random = np.random.default_rng(seed)
        mixing = stats.ortho_group.rvs(units, random_state=seed) * np.geomspace(1, 3, units)
        scores.append(align(random.standard_normal((images, 2, units)) @ mixing.T, seed=seed).z.value)
    # as t with 19 degrees of freedom, a little wider for the mean of the rotations
    assert np.abs(np.mean(scores, axis=0)).max() < 0.6
    assert 0.7 < np.std(scores) < 1.5


@pytest.mark.parametrize("units", [8, 30, 300])
def test_one_hot_vectors_are_aligned_as_can_be(units, random):
    vectors = np.eye(units)[random.integers(units, size=(50, 2))] * random.uniform(1, 9, (50, 2, 1))
    found = align(vectors)
    np.testing.assert_allclose(found.value.value, peakedness(np.eye(units)[:1])[:, 0])
    assert (found.delta.value > 0).all()
    assert (found.z.value > (20 if units > 8 else 5)).all()
    assert (found.z.low <= found.z.value).all()


@pytest.mark.parametrize(("images", "units"), [(400, 5), (400, 40), (40, 100)])
def test_random_axes_have_the_kurtosis_of_points_on_a_sphere(images, units, random):
    vectors = random.gamma(0.3, size=(images, 3, units))
    found = align(vectors, rotations=200)
    # a direction at random, less its mean over C axes: 3 (C − 1) / (C + 1) exactly
    expected = found.value.value[0] - 3 * (units - 1) / (units + 1)
    assert found.delta.value[0] == pytest.approx(expected, abs=0.05)


def test_alignment_is_what_its_definition_says(random):
    vectors = random.gamma(0.5, size=(12, 3, 6))
    rotations = random_frames(6, 6, 20, seed=0).astype(np.float64)
    found = align(vectors)
    for place, statistic in enumerate(STATISTICS):

        def mean_over_vectors(values, place=place):
            return np.mean([peakedness(values[i : i + 1])[place, 0] for i in range(len(values))])

        flat = vectors.reshape(-1, 6)
        over_axes = [mean_over_vectors(flat @ rotation) for rotation in rotations]
        value = mean_over_vectors(flat)
        assert found.value.value[place] == pytest.approx(value), statistic
        delta = value - np.mean(over_axes)
        assert found.delta.value[place] == pytest.approx(delta, rel=1e-4), statistic
        assert found.z.value[place] == pytest.approx(delta / np.std(over_axes, ddof=1), rel=1e-3), statistic


def test_intervals_are_of_resampled_images(random):
    vectors = random.gamma(0.5, size=(40, 4, 8))
    frames, resampled = random_frames(8, 8, 20, 0), resample_counts(40, 300, 0)
    rotations = random.integers(20, size=300)
    found = alignment(sort_out(vectors), 40, frames, resampled, rotations)
    some = []
    for counts in resampled[:25].astype(int):
        again = np.repeat(vectors, counts, axis=0)
        some.append(alignment(sort_out(again), 40, frames, resampled, rotations).value.value)
    for sample, counts in zip(some, resampled[:25], strict=True):
        (one,) = (alignment(sort_out(vectors), 40, frames, counts[None], rotations[:1]).value.low,)
        np.testing.assert_allclose(one, sample, rtol=1e-3)
    for estimate in found[:3]:
        assert (estimate.low < estimate.value).all()
        assert (estimate.value < estimate.high).all()


def test_what_is_undefined_is_left_out_and_counted(random):
    vectors = random.gamma(0.5, size=(20, 2, 6)).astype(np.float32)
    reference = align(vectors)
    spoilt = np.concatenate([vectors, np.zeros((3, 2, 6), np.float32)])
    spoilt[20, 0], spoilt[21, 1], spoilt[22] = 0.1, np.nan, [[np.inf] * 6, [0] * 6]
    known = sort_out(spoilt)
    assert (known.n_inactive, known.n_constant, known.n_not_finite) == (3, 1, 2)
    found = align(spoilt)
    assert found.value.value[0] == pytest.approx(reference.value.value[0])
    # values that are all the same are even, and not undefined
    assert found.value.value[1] == pytest.approx(reference.value.value[1] * 40 / 41)
    assert np.isfinite(found.z.value).all()


def test_scale_does_not_matter(random):
    vectors = random.gamma(0.5, size=(20, 2, 6))
    for factor in (1e-30, 1e30):
        for one, other in zip(align(vectors * factor)[:3], align(vectors)[:3], strict=True):
            np.testing.assert_allclose(one.value, other.value, rtol=1e-4)


@pytest.mark.parametrize("vectors", [np.zeros((5, 2, 4)), np.ones((5, 2, 1)), np.full((5, 2, 4), np.nan)])
def test_nothing_is_left(vectors):
    found = align(vectors)
    assert np.isnan([[each.value, each.low, each.high] for each in found[:3]]).all()


@pytest.mark.parametrize("units", [2, 3])
def test_kurtosis_of_so_few_units_is_always_the_same(units, random):
    found = align(random.gamma(0.5, size=(20, 2, units)))
    assert found.value.value[0] == pytest.approx(units / 2)
    assert found.delta.value[0] == pytest.approx(0, abs=1e-6)
    assert np.isnan(found.z.value[0])
    assert np.isfinite(found.z.value[1:]).all()


def test_a_random_basis_is_rarely_aligned():
    random = np.random.default_rng(0)
    included = []
    for seed in range(40):
        vectors = random.standard_t(3, size=(30, 1, 12)) @ random_frames(12, 12, 1, 1000 + seed)[0]
        delta = align(vectors, 40, 300, seed).delta.at(0)
        included.append(delta.low <= 0 <= delta.high)
    assert np.mean(included) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / len(included))
