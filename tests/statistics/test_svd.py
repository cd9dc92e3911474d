"""Singular values and vectors: against numpy's and scikit-learn's, and with what was planted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from census.statistics import svd
from census.statistics.correlation import image_correlation
from census.statistics.gram import gram
from census.statistics.signs import with_signs
from census.statistics.streams import stream
from census.statistics.svd import (
    Decomposition,
    _exchangeable,
    count_above,
    decompose,
    held_out_error,
    loadings,
    mean_square,
    participation_ratio,
    permuted_eigenvalues,
    randomized,
    reconstruction_error,
    significant_components,
    singular_values,
)

N, D = 30, 200
RANDOM = np.random.default_rng(0)
# non-negative, with different means of images and of neurons
VECTORS = np.maximum(RANDOM.normal(size=(N, D)) + RANDOM.normal(size=D) + RANDOM.uniform(0, 1, (N, 1)), 0)


def phi(vectors):
    """Return vectors with mean 0 and variance 1, images by neurons, in float64."""
    vectors = np.asarray(vectors, np.float64)
    return (vectors - vectors.mean(1, keepdims=True)) / vectors.std(1, keepdims=True)


def correlation(vectors):
    return image_correlation(gram([np.array(vectors, np.float32)]))


def planted(n_images, n_neurons, n_directions, strength, seed=0):
    """Return vectors of independent noise with some directions that all neurons share."""
    random = np.random.default_rng(seed)
    scores = random.normal(size=(n_images, n_directions))
    weights = random.normal(size=(n_directions, n_neurons))
    return strength * scores @ weights + random.normal(size=(n_images, n_neurons))


@pytest.mark.parametrize("n_neurons", [D, 20, N, 2], ids=["wide", "narrow", "square", "two neurons"])
def test_it_agrees_with_numpy_s_svd_of_the_normalized_matrix(n_neurons):
    vectors = VECTORS[:, :n_neurons].astype(np.float32)
    if n_neurons == 2:
        vectors = RANDOM.uniform(1, 2, (N, 2)).astype(np.float32)
    _, sigma, vt = np.linalg.svd(phi(vectors).T, full_matrices=False)
    found = decompose(correlation(vectors), n_neurons, 8)
    rank = min(N, n_neurons - 1)
    assert len(found.eigenvalues) == rank
    np.testing.assert_allclose(singular_values(found.eigenvalues, n_neurons), sigma[:rank], rtol=1e-4)
    # vectors of singular values that are far apart
    apart = [
        k for k in range(min(3, rank)) if k + 1 >= len(sigma) or sigma[k] - sigma[k + 1] > 0.02 * sigma[0]
    ]
    assert apart
    for k in apart:
        assert abs(found.vectors[:, k] @ vt[k]) == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(found.vectors.T @ found.vectors, np.eye(rank), atol=1e-10)


def test_float64_correlations_give_singular_values_to_the_last_digits():
    exact = phi(VECTORS)
    found = decompose(exact @ exact.T / D, D, 8)
    _, sigma, vt = np.linalg.svd(exact.T, full_matrices=False)
    np.testing.assert_allclose(
        singular_values(found.eigenvalues, D), sigma[: len(found.eigenvalues)], rtol=1e-10
    )
    np.testing.assert_allclose(found.vectors, with_signs(vt[: len(found.eigenvalues)]).T, atol=1e-8)


def test_it_agrees_with_randomized_svd_and_the_iterative_solver(monkeypatch):
    vectors = planted(150, 400, 5, 2)
    full = decompose(correlation(vectors), 400, 8)
    sketched = randomized(phi(vectors).astype(np.float32), 8, seed=3)
    monkeypatch.setattr(svd, "MOST_IN_FULL", 100)
    iterated = decompose(correlation(vectors), 400, 8)
    assert len(sketched.eigenvalues) == len(iterated.eigenvalues) == 8
    for found in (sketched, iterated):
        np.testing.assert_allclose(found.eigenvalues[:5], full.eigenvalues[:5], rtol=1e-3)
        for k in range(5):
            assert found.vectors[:, k] @ full.vectors[:, k] == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(iterated.eigenvalues, full.eigenvalues[:8], rtol=1e-6)
    # no more than all there are
    assert len(randomized(phi(vectors)[:, :6].astype(np.float32), 8, seed=3).eigenvalues) == 5


def test_random_projections_follow_from_the_seed():
    vectors = phi(planted(150, 400, 2, 1)).astype(np.float32)
    one, same, *others = (randomized(vectors, 8, seed).eigenvalues for seed in (3, 3, 1, 2**32 + 3))
    np.testing.assert_array_equal(one, same)
    assert (one != others[0]).any()
    # seeds of 64 bits too
    np.testing.assert_allclose(others[1], one, rtol=0.1)


def test_the_iterative_solver_is_reproducible_and_finds_all_but_one(monkeypatch):
    full = decompose(correlation(VECTORS), D, 8)
    monkeypatch.setattr(svd, "MOST_IN_FULL", N - 1)
    one, same = (decompose(correlation(VECTORS), D, 8) for _ in range(2))
    np.testing.assert_array_equal(one.vectors, same.vectors)
    found = decompose(correlation(VECTORS), D, N + 10).eigenvalues
    np.testing.assert_allclose(found, full.eigenvalues[: N - 1], rtol=1e-4)


def test_the_reconstruction_error_by_the_identity_and_by_reconstruction():
    columns = phi(VECTORS).T
    u, sigma, vt = np.linalg.svd(columns, full_matrices=False)
    found = decompose(correlation(VECTORS), D, 8)
    errors = reconstruction_error(found.eigenvalues, N)
    for rank in (1, 8, 29):
        rebuilt = (u[:, :rank] * sigma[:rank]) @ vt[:rank]
        absolute = np.linalg.norm(rebuilt - columns)
        assert errors[rank - 1] * np.sqrt(D * N) == pytest.approx(absolute, rel=1e-4)
        assert errors[rank - 1] == pytest.approx(absolute / np.linalg.norm(columns), rel=1e-4)
    assert errors[-1] == pytest.approx(0, abs=1e-3)
    assert (np.diff(errors) < 0).all()


def test_the_held_out_error_agrees_with_projection():
    # an odd number, so that halves differ
    vectors = VECTORS[:29]
    columns, half = phi(vectors).T, 14
    order = stream(5, "held out").permutation(29)
    left_out = np.zeros(half)
    for found, others in ((order[:half], order[half:]), (order[half:], order[:half])):
        u = np.linalg.svd(columns[:, found], full_matrices=False)[0]
        for rank in range(half):
            rest = columns[:, others] - u[:, : rank + 1] @ (u[:, : rank + 1].T @ columns[:, others])
            left_out[rank] += np.sum(rest**2)
    errors = held_out_error(correlation(vectors), D, 8, seed=5)
    np.testing.assert_allclose(errors, np.sqrt(left_out) / np.linalg.norm(columns), rtol=1e-4)
    # never better than with directions found in the images themselves
    within = reconstruction_error(decompose(correlation(vectors), D, 8).eigenvalues, 29)
    assert (errors > within[:half]).all()


def test_held_out_errors_stay_where_there_are_no_more_directions(monkeypatch):
    few = RANDOM.normal(size=(20, 4)).astype(np.float32)
    errors = held_out_error(correlation(few), 4, 8, seed=0)
    assert len(errors) == 10
    np.testing.assert_allclose(errors[2:], 0, atol=1e-2)  # three directions hold all
    monkeypatch.setattr(svd, "MOST_IN_FULL", 5)
    errors = held_out_error(correlation(VECTORS), D, 4, seed=0)
    assert np.isnan(errors).tolist() == [False] * 4 + [True] * 11
    assert held_out_error(np.ones((1, 1)), D, 4, seed=0).size == 0


def test_the_participation_ratio_of_all_images_follows_from_eigenvalues():
    r, ones = correlation(VECTORS), np.ones((1, N))
    found = decompose(r, D, 8)
    expected = found.eigenvalues.sum() ** 2 / (found.eigenvalues**2).sum()
    assert participation_ratio(mean_square(r, ones), N)[0] == pytest.approx(expected, rel=1e-5)
    assert participation_ratio(np.array([0.0, 1.0]), 10).tolist() == [10, 1]


def test_the_participation_ratio_of_fewer_images_agrees_with_subsets():
    r = correlation(planted(60, 500, 4, 1.5))
    random, n = np.random.default_rng(0), 12
    inverse = []
    for _ in range(2000):
        chosen = random.choice(60, n, replace=False)
        inverse.append((r[np.ix_(chosen, chosen)] ** 2).sum() / n**2)
    found = participation_ratio(mean_square(r, np.ones((1, 60))), n)[0]
    assert found == pytest.approx(1 / np.mean(inverse), rel=0.01)


def above(vectors, n_sample=None, permutations=3, seed=1):
    rows, r = phi(vectors).T.astype(np.float32), correlation(vectors)
    chosen = np.random.default_rng(seed).permutation(len(rows))[:n_sample]
    null = permuted_eigenvalues(rows[chosen], r, len(rows), 50, permutations, seed)
    return count_above(decompose(r, len(rows), 50).eigenvalues, null), null


@pytest.mark.parametrize("n_directions", [0, 1, 5])
@pytest.mark.parametrize("n_sample", [None, 300], ids=["all neurons", "a sample"])
def test_planted_directions_are_counted_and_noise_is_not(n_directions, n_sample):
    count, null = above(planted(80, 2000, n_directions, 0.3), n_sample)
    assert count == n_directions
    assert null.shape == (3, 80)


def test_the_mean_vector_is_no_significant_component():
    # all images share a vector, and the noise of neurons knows nothing of each other
    vectors = planted(80, 2000, 0, 1) + 3 * np.random.default_rng(7).normal(size=2000)
    r = correlation(vectors)
    count, null = above(vectors)
    strongest = decompose(r, 2000, 1).eigenvalues[0]
    assert strongest > 50
    assert null[:, 0] == pytest.approx(np.full(3, strongest), rel=0.01)
    assert count <= 1


def test_the_null_of_a_sample_agrees_with_that_of_all_neurons():
    vectors = np.maximum(planted(60, 6000, 3, 0.5) + 0.5 * np.random.default_rng(2).normal(size=6000), 0)
    whole, part = above(vectors, None, permutations=8)[1], above(vectors, 700, permutations=8)[1]
    np.testing.assert_allclose(part.mean(0), whole.mean(0), rtol=0.03)
    # and not that which as few neurons alone would have
    alone = above(vectors[:, np.random.default_rng(3).permutation(6000)[:700]], None, permutations=8)[1]
    assert alone[:, 1].mean() > 1.1 * whole[:, 1].mean()


def test_permuting_all_neurons_is_horn_s_null():
    rows, r = phi(VECTORS).T.astype(np.float32), correlation(VECTORS)
    found = permuted_eigenvalues(rows, r, D, 50, permutations=1, seed=4)
    permuted = stream(4, "permuted neurons").permuted(rows, axis=1).astype(np.float64)
    expected = np.linalg.svd(permuted, compute_uv=False) ** 2 / D
    np.testing.assert_allclose(found[0], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("trace", "total", "expected"),
    [(5, 5, [[5]]), (2, 6, [[1, 2], [2, 1]]), (6, 12, [[2, 1, 1], [1, 2, 1], [1, 1, 2]])],
)
def test_the_mean_over_permutations_has_the_same_trace_and_sum(trace, total, expected):
    assert _exchangeable(trace, total, len(expected)).tolist() == expected


def test_the_leading_eigenvalues_of_many_images_by_permutation(monkeypatch):
    vectors = planted(80, 2000, 3, 0.3)
    full = above(vectors)
    monkeypatch.setattr(svd, "MOST_IN_FULL", 20)
    count, null = above(vectors)
    assert count == full[0] == 3
    np.testing.assert_allclose(null, full[1][:, :50], rtol=1e-3)


def test_counting_stops_at_the_first_insignificant_component():
    null = np.array([[4.0, 3, 2, 1], [3, 4, 1, 1]])
    assert count_above(np.array([5.0, 4.5, 1.5, 1.5]), null) == 2
    assert count_above(np.array([4.5, 3.5, 2.5]), null) == 1
    assert count_above(np.array([4.0, 3.5, 2.5]), null) == 0
    assert count_above(np.array([4.0]), null) == 0
    assert count_above(np.array([5.0, 5, 5, 5, 5]), null) == 4
    assert count_above(np.empty(0), null) == 0


def test_the_mean_vector_hides_no_component():
    # four groups of correlated neurons about large means of both signs, which permutations keep
    random = np.random.default_rng(0)
    values = random.normal(size=(4, 60)).repeat(32, axis=0) + 0.3 * random.normal(size=(128, 60))
    values += np.tile([[30.0], [-30]], (64, 1)) - values.mean(1, keepdims=True)
    counts = [significant_components(values.astype(np.float32), 128, 19, seed) for seed in range(10)]
    assert set(counts) == {5.0}


@given(st.lists(st.integers(1, D - 1), max_size=4))
def test_loadings_are_left_singular_vectors_for_any_blocks(ends):
    rows = phi(VECTORS).astype(np.float32)
    full = decompose(correlation(VECTORS), D, 8)
    found = Decomposition(full.eigenvalues[:6], full.vectors[:, :6])
    parts = loadings(np.split(rows, sorted(set(ends)), axis=1), found, D)
    assert parts.shape == (6, D)
    np.testing.assert_allclose(parts @ parts.T, np.eye(6), atol=1e-4)
    u = np.linalg.svd(phi(VECTORS).T, full_matrices=False)[0]
    for k in range(3):
        assert abs(parts[k] @ u[:, k]) == pytest.approx(1, abs=1e-4)
    sigma = singular_values(found.eigenvalues, D)
    np.testing.assert_allclose(rows @ parts.T, found.vectors * sigma, atol=1e-3)


def test_no_vectors_have_no_components():
    found = decompose(np.empty((0, 0)), D, 8)
    assert found.eigenvalues.shape == (0,)
    assert found.vectors.shape == (0, 0)
    assert reconstruction_error(found.eigenvalues, 0).shape == (0,)
    assert np.isnan(participation_ratio(mean_square(np.ones((1, 1)), np.ones((1, 1))), 10)[0])


def test_singular_vectors_have_the_sign_of_their_largest_entry():
    one, other = (decompose(correlation(VECTORS), D, 8) for _ in range(2))
    np.testing.assert_array_equal(one.vectors, other.vectors)
    assert (one.vectors[np.abs(one.vectors).argmax(0), np.arange(N)] > 0).all()
