"""Facets recover the components of synthetic patches, or report that there are none."""

import warnings

import numpy as np
import pytest
from sklearn.decomposition import FastICA

from census.measures import facets as module
from census.measures.facets import about_gray, choose_units, decompose, facets, to_8bit, why_not

SIDE, COMPONENTS = 12, 4


def laplace(random, shape):
    """Return heavy-tailed sources."""
    return random.laplace(size=shape)


def uniform(random, shape):
    """Return sources without tails."""
    return random.uniform(-np.sqrt(6), np.sqrt(6), shape)


def mixed(random, shape):
    """Return sources of both kinds, in turn."""
    sources = laplace(random, shape)
    sources[:, ::2] = uniform(random, sources[:, ::2].shape)
    return sources


def made_of(bases, n_patches=400, seed=0, draw=laplace):
    """Return a mean patch, plus sums of bases weighted by independent sources of variance 2."""
    sources = draw(np.random.default_rng(seed), (n_patches, len(bases)))
    return 128 + np.tensordot(sources, bases, 1)


@pytest.fixture
def bases():
    """Bars, longer ones first."""
    bases = np.zeros((COMPONENTS, SIDE, SIDE))
    for number in range(COMPONENTS):
        bases[number, 3 * number : 3 * number + 2, : SIDE - number] = 9 - number
    bases[1:, :, 5] += 2
    return bases


@pytest.fixture
def patches(bases):
    """RGB patches; each channel is made of the same bases, by other sources."""
    return np.stack([made_of(bases, seed=seed) for seed in range(3)], axis=-1)


def likeness(found, expected):
    found, expected = (each.reshape(len(each), -1) for each in (found, expected))
    lengths = np.linalg.norm(found, axis=1)[:, None] * np.linalg.norm(expected, axis=1)
    return found @ expected.T / lengths


@pytest.mark.parametrize("draw", [laplace, uniform, mixed])
def test_planted_bases_are_found_up_to_order_and_sign(bases, draw):
    found = decompose(made_of(bases, n_patches=2000, draw=draw), COMPONENTS, seed=0)
    assert found.converged
    assert found.bases.shape == bases.shape
    assert found.bases.dtype == np.float32
    alike = np.abs(likeness(found.bases, bases))
    assert sorted(alike.argmax(1)) == list(range(COMPONENTS))
    assert alike.max(1).min() > 0.99
    # sources have a standard deviation of √2, so the scale is known, too
    for basis, number in zip(found.bases, alike.argmax(1), strict=True):
        assert np.linalg.norm(basis) == pytest.approx(np.sqrt(2) * np.linalg.norm(bases[number]), rel=0.15)
    assert (np.diff(np.linalg.norm(found.bases, axis=(1, 2))) <= 0).all()


@pytest.mark.parametrize("draw", [laplace, uniform, mixed])
def test_fastica_finds_the_same_components(bases, draw):
    patches = made_of(bases, draw=draw)
    theirs = FastICA(COMPONENTS, random_state=0, tol=1e-10, max_iter=500).fit(
        patches.reshape(len(patches), -1)
    )
    found = decompose(patches, COMPONENTS, seed=0)
    alike = likeness(found.bases, theirs.mixing_.T)
    matches = np.abs(alike).argmax(1)
    assert sorted(matches) == list(range(COMPONENTS))
    signs = np.sign(alike[range(COMPONENTS), matches])[:, None]
    # of the same length, too
    np.testing.assert_allclose(
        found.bases.reshape(COMPONENTS, -1), signs * theirs.mixing_.T[matches], atol=1e-3
    )


def test_the_same_seed_gives_the_same_facets(patches):
    one, other = (facets(patches, COMPONENTS, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.gray, other.gray)
    np.testing.assert_array_equal(one.color, other.color)
    assert one.iterations == other.iterations


def test_rounding_errors_do_not_lead_to_other_facets():
    """With noise, FastICA's path is chaotic: after enough steps, the last bit decides where it ends."""
    random = np.random.default_rng(0)
    for _ in range(5):
        noise = random.normal(128, 30, (100, SIDE, SIDE))
        one, other = (
            decompose(noise + error, 8, seed=0) for error in (0, random.normal(0, 1e-10, noise.shape))
        )
        np.testing.assert_allclose(one.bases, other.bases, atol=1e-3)


def test_patches_that_repeat_are_decomposed(patches):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = facets(np.tile(patches[:20], (5, 1, 1, 1)), COMPONENTS, seed=0)
    assert all(found.converged.values())
    assert np.isfinite(found.color).all()


def test_the_largest_absolute_weight_is_positive(patches):
    found = facets(patches, COMPONENTS, seed=0)
    for weights in (found.gray, found.color):
        flat = weights.reshape(COMPONENTS, -1)
        np.testing.assert_array_equal(np.abs(flat).max(1), flat.max(1))


def test_colors_are_in_the_order_of_gray(patches):
    found = facets(patches, COMPONENTS, seed=0)
    assert found.color.shape == (COMPONENTS, SIDE, SIDE, 3)
    assert found.reason == ""
    assert found.converged == dict.fromkeys(("gray", "red", "green", "blue"), True)
    for channel in range(3):
        alike = likeness(found.color[..., channel], found.gray)
        np.testing.assert_array_equal(np.abs(alike).argmax(1), range(COMPONENTS))
        # channels of a facet have the same sign
        assert (likeness(found.color[..., channel], found.color[..., 0]).diagonal() > 0).all()


def test_gray_images_in_color_have_gray_facets(patches):
    gray = np.repeat(patches[..., :1], 3, axis=-1)
    found = facets(gray, COMPONENTS, seed=0)
    for channel in range(3):
        np.testing.assert_allclose(found.color[..., channel], found.gray, atol=1e-3)


def test_gray_images_have_gray_facets_only(patches):
    found = facets(patches[..., :1], COMPONENTS, seed=0)
    assert found.color is None
    assert set(found.converged) == set(found.iterations) == {"gray"}
    assert np.isfinite(found.gray).all()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda patches: patches[:0], "no image activates it"),
        (lambda patches: patches[:, :1], "patches of 1×12 pixels, smaller than 2×2"),
        (lambda patches: patches[:, :1, :1], "patches of 1×1 pixels, smaller than 2×2"),
        (lambda patches: patches[:3], "3 patches, fewer than the 5 that 4 facets need"),
        (lambda patches: patches[:4], "4 patches, fewer than the 5 that 4 facets need"),
        (lambda patches: np.full_like(patches, 200), "all patches are the same"),
        (lambda patches: np.repeat(patches[:1], 9, axis=0), "all patches are the same"),
        (lambda patches: np.tile(patches[:3], (5, 1, 1, 1)), "patches vary in 2 directions, fewer than 4"),
    ],
    ids=["inactive", "one row", "one pixel", "three", "four", "constant", "equal", "few kinds"],
)
def test_the_reason_of_missing_facets_is_reported(patches, change, reason):
    changed = change(patches)
    found = facets(changed, COMPONENTS, seed=0)
    assert found.reason == reason
    assert found.converged == found.iterations == {}
    assert found.gray.shape == (COMPONENTS, *changed.shape[1:3])
    assert np.isnan(found.gray).all()
    assert np.isnan(found.color).all()
    assert facets(changed[..., :1], COMPONENTS, seed=0).color is None


def test_a_color_that_does_not_vary_leaves_gray_facets(patches):
    patches[..., 2] = 0
    found = facets(patches, COMPONENTS, seed=0)
    assert found.reason == "blue: all patches are the same"
    assert np.isfinite(found.gray).all()
    assert np.isnan(found.color).all()
    assert set(found.converged) == {"gray", "red", "green"}


def test_rounding_is_no_variation():
    noise = np.random.default_rng(0).uniform(-1e-5, 1e-5, (50, 6, 6))
    assert why_not(100 + noise, 8) == "all patches are the same"


def test_missing_convergence_is_reported(bases, monkeypatch):
    patches = made_of(bases)
    free = decompose(patches, COMPONENTS, seed=0)
    assert free.converged
    assert 1 < free.iterations < module.MOST_ITERATIONS
    # convergence is seen at the beginning of the next iteration
    for most, converged in ((free.iterations + 1, True), (free.iterations, False), (1, False)):
        monkeypatch.setattr(module, "MOST_ITERATIONS", most)
        found = decompose(patches, COMPONENTS, seed=0)
        assert found.converged is converged
        assert found.iterations == min(most, free.iterations)
        assert np.isfinite(found.bases).all()


def test_eight_bits_span_each_facet():
    weights = np.array([[[-2.0, 0], [1, 2]], [[5, 5], [5, 5]], [[np.nan] * 2] * 2], np.float32)
    expected = [[[0, 128], [191, 255]], [[0, 0], [0, 0]], [[0, 0], [0, 0]]]
    np.testing.assert_array_equal(to_8bit(weights), expected)
    # channels share a scale
    color = np.stack([weights[:1], weights[:1] / 2, np.zeros_like(weights[:1])], axis=-1)
    np.testing.assert_array_equal(to_8bit(color)[0, 0, 0], [0, 64, 128])
    assert to_8bit(color).dtype == np.uint8


def test_weights_of_zero_are_middle_gray():
    weights = np.array([[[0.0, 2.0], [-1.0, -2.0]], [[0, 0], [0, 0]]])
    assert about_gray(weights).tolist() == [[[128, 255], [64, 0]], [[128, 128], [128, 128]]]
    # channels share a scale
    assert about_gray(np.array([[[[0, -1, 2.0]]]])).tolist() == [[[[128, 64, 255]]]]


def test_units_are_chosen_at_both_extremes():
    degrees = np.array([0.5, np.nan, 0.1, 0.9, 0.5, 0.1])
    assert choose_units(degrees, 1, [], False) == {2: "SF", 3: "MF"}
    assert list(choose_units(degrees, 2, [], False).items()) == [(2, "SF"), (5, "SF"), (3, "MF"), (0, "MF")]
    # the ends do not meet
    assert sorted(choose_units(degrees, 9, [], False)) == [0, 2, 3, 5]
    chosen = choose_units(degrees, 1, [4, 3, 1, 4], False)
    assert list(chosen.items()) == [(2, "SF"), (3, "MF"), (1, "chosen"), (4, "chosen")]
    assert sorted(choose_units(degrees, 0, [], True).items()) == [(unit, "chosen") for unit in range(6)]


def test_extremes_do_not_overlap_with_ties():
    assert choose_units(np.ones(4), 2, [], False) == {0: "SF", 1: "SF", 2: "MF", 3: "MF"}


@pytest.mark.parametrize("degrees", [[], [0.3], [np.nan, np.nan]])
def test_too_few_units_have_no_extremes(degrees):
    assert choose_units(np.array(degrees, float), 2, [], False) == {}
