"""Debiased CKA, against its definitions."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from census.statistics.cka import _hsic1, debiased_cka

RANDOM = np.random.default_rng(0)
N_IMAGES = 9
VECTORS = [RANDOM.normal(size=(N_IMAGES, width)) for width in (5, 20, 40)]
VECTORS[1][:, :5] += 2 * VECTORS[0]
ONES = np.ones((1, N_IMAGES))


def products(vectors):
    return np.stack([each @ each.T for each in vectors])


def hollow(vectors):
    gram = vectors @ vectors.T
    np.fill_diagonal(gram, 0)
    return gram


def hsic1(one, other, counts):
    return _hsic1(one * other, counts @ one, counts @ other, counts)


def by_the_paper(one, other):
    """Song et al. 2012, eq. 5, from Gram matrices with zeros on the diagonal."""
    n, ones = len(one), np.ones(len(one))
    trace = np.trace(one @ other)
    sums = (ones @ one @ ones) * (ones @ other @ ones) / ((n - 1) * (n - 2))
    rows = 2 / (n - 2) * (ones @ one @ other @ ones)
    return (trace + sums - rows) / (n * (n - 3))


def by_hand(one, other, counts):
    """The three means over images that all differ, one by one."""
    drawn = np.repeat(np.arange(len(counts)), counts)
    means = []
    for size, term in (
        (2, lambda i, j: one[i, j] * other[i, j]),
        (4, lambda i, j, q, r: one[i, j] * other[q, r]),
        (3, lambda i, j, q: one[i, j] * other[i, q]),
    ):
        chosen = [each for each in itertools.permutations(drawn, size) if len(set(each)) == size]
        means.append(np.mean([term(*each) for each in chosen]))
    return means[0] + means[1] - 2 * means[2]


def test_hsic_agrees_with_the_paper():
    for one, other in itertools.product(map(hollow, VECTORS), repeat=2):
        assert hsic1(one, other, ONES)[0] == pytest.approx(by_the_paper(one, other))


@pytest.mark.parametrize("counts", [[1] * 6, [2, 0, 1, 1, 1, 1], [3, 1, 1, 1, 0, 0]], ids=str)
def test_hsic_of_resamples_is_over_images_that_differ(counts):
    one, other = (hollow(each[:6]) for each in VECTORS[:2])
    found = hsic1(one, other, np.array([counts], float))[0]
    assert found == pytest.approx(by_hand(one, other, counts))


def test_cka_agrees_with_the_paper():
    grams = [hollow(each) for each in VECTORS]
    selves = [by_the_paper(each, each) for each in grams]
    expected = [
        [by_the_paper(one, other) / np.sqrt(a * b) for other, b in zip(grams, selves, strict=True)]
        for one, a in zip(grams, selves, strict=True)
    ]
    np.testing.assert_allclose(debiased_cka(products(VECTORS), ONES)[0], expected)


def test_independent_features_have_zero_cka():
    found = []
    for seed in range(200):
        random = np.random.default_rng(seed)
        one, other = random.normal(size=(2, 40, 300))
        found.append(debiased_cka(products([one, other]), np.ones((1, 40)))[0, 0, 1])
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(200)
    assert np.std(found) < 0.05


@given(st.permutations(range(N_IMAGES)), st.floats(0.01, 100), st.integers(0, 1000))
def test_cka_is_invariant_to_rotation_shift_and_scale(images, scale, seed):
    random = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(random.normal(size=(20, 20)))
    changed = [VECTORS[0], scale * VECTORS[1] @ rotation + random.normal(size=20), VECTORS[2]]
    found = debiased_cka(products([each[images] for each in changed]), ONES)
    np.testing.assert_allclose(found, debiased_cka(products(VECTORS), ONES), atol=1e-6)


def test_equal_vectors_have_no_cka():
    same = np.tile(RANDOM.normal(size=30), (N_IMAGES, 1)) + 1e-7 * RANDOM.normal(size=(N_IMAGES, 30))
    found = debiased_cka(products([*VECTORS, same, np.zeros((N_IMAGES, 4))]), ONES)[0]
    assert np.isnan(found[3:]).all()
    assert not np.isnan(found[:3, :3]).any()


def test_images_that_are_not_finite_are_left_out():
    grams = products(VECTORS)
    grams[1, 4] = grams[1, :, 4] = np.nan
    kept = np.delete(np.arange(N_IMAGES), 4)
    found = debiased_cka(grams, ONES)[0]
    fewer = debiased_cka(products([each[kept] for each in VECTORS]), ONES[:, kept])[0]
    np.testing.assert_allclose(found[1], fewer[1])
    whole = debiased_cka(products(VECTORS), ONES)[0]
    assert found[0, 2] == pytest.approx(whole[0, 2])


def test_three_images_are_too_few():
    assert np.isnan(debiased_cka(products([each[:3] for each in VECTORS]), np.ones((1, 3)))).all()


def test_resamples_do_not_depend_on_each_other():
    counts = (
        np.random.default_rng(1).multinomial(N_IMAGES, np.full(N_IMAGES, 1 / N_IMAGES), size=7).astype(float)
    )
    counts[3] = 1
    found = debiased_cka(products(VECTORS), counts)
    alone = [debiased_cka(products(VECTORS), each[None])[0] for each in counts]
    np.testing.assert_allclose(found, alone, rtol=1e-10)


def test_a_self_term_that_is_not_positive_leaves_both_orders_undefined():
    random, counts = np.random.default_rng(0), [3, 1, 1, 1, 0, 0]
    vectors = [*random.normal(size=(20, 6, 3)), np.zeros((6, 3))]
    grams = [hollow(each - each.mean(0)) for each in vectors]
    positive = np.array([by_hand(each, each, counts) > 0 for each in grams])
    assert 2 < positive.sum() < len(vectors) - 2
    found = debiased_cka(products(vectors), np.array([counts], float))[0]
    np.testing.assert_array_equal(np.isfinite(found), np.logical_and.outer(positive, positive))


@pytest.mark.parametrize("scale", [1e-25, 1e25])
def test_vectors_of_any_length_have_the_same_cka(scale):
    found = debiased_cka(products([scale * each for each in VECTORS]), ONES)
    np.testing.assert_allclose(found, debiased_cka(products(VECTORS), ONES))
