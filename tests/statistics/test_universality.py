"""Units that recur in another network: by hand, by theory, and against scipy."""

import doctest

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import linear_sum_assignment

from census.statistics import universality
from census.statistics.permutation import tails
from census.statistics.rotations import random_frames
from census.statistics.universality import chance, match, permuted, ranked, rotated

DRAWS = 19  # for the smallest p of 0.05


@pytest.fixture
def random():
    return np.random.default_rng(0)


def mixed(random, n_images=300, units=12, sources=5, noise=0.3):
    """Return responses of units that share sources, as those of networks do."""
    mixing = random.standard_normal((sources, units))
    return random.laplace(size=(n_images, sources)) @ mixing + noise * random.standard_normal(
        (n_images, units)
    )


def above(layer, other, controls):
    """Return the share of draws in which the mean over units is as high as it is with the other layer."""
    found = np.nanmean(match(ranked(layer), ranked(other)).best)
    (drawn,) = chance([ranked(layer)], controls)
    return tails(np.concatenate([[found], np.nanmean(drawn.best, axis=1)])).above


def test_the_examples_run():
    failed, tried = doctest.testmod(universality)
    assert tried > 2
    assert not failed


def test_matches_by_hand():
    # ranks of four images: ρ = 1 − 6 Σd² / 60
    layer = np.array([[1.0, 1, 4], [2, 2, 3], [3, 4, 2], [4, 3, 1]])
    other = np.array([[1.0, 1], [2, 3], [3, 2], [4, 4]])
    found = match(ranked(layer), ranked(other))
    # with the first: Σd² = 0, 2, 20; with the second: 2, 6, 18
    np.testing.assert_allclose(found.best, [1, 0.8, -0.8], atol=1e-6)
    assert found.partner.tolist() == [0, 0, 1]
    # the second unit's partner prefers the first one; so does the third one's
    assert found.mutual.tolist() == [1, 0, 0]
    # one to one, 0.8 + 0.8 is more than 1 + 0.4; one unit is left over
    assert found.assigned_partner.tolist() == [1, 0, -1]
    np.testing.assert_allclose(found.assigned, [0.8, 0.8, np.nan], atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("values", [2, 5, 1000])
@pytest.mark.parametrize("sizes", [(7, 7), (9, 4), (4, 9), (130, 70)], ids=str)
def test_correlations_and_assignment_against_scipy(sizes, values, dtype, random):
    layer, other = (random.integers(values, size=(60, size)).astype(dtype) for size in sizes)
    found = match(ranked(layer), ranked(other))
    rho = stats.spearmanr(layer, other).statistic[: sizes[0], sizes[0] :]
    np.testing.assert_allclose(found.best, rho.max(1), atol=1e-6)
    np.testing.assert_allclose(rho[np.arange(sizes[0]), found.partner], rho.max(1), atol=1e-6)
    rows, columns = linear_sum_assignment(-rho)
    assert np.nansum(found.assigned) == pytest.approx(rho[rows, columns].sum(), abs=1e-4)
    assigned = np.flatnonzero(found.assigned_partner >= 0)
    assert len(assigned) == min(sizes)
    assert len(set(found.assigned_partner[assigned])) == min(sizes)
    np.testing.assert_allclose(
        found.assigned[assigned], rho[assigned, found.assigned_partner[assigned]], atol=1e-6
    )
    # mutual partners are the largest of their row and of their column
    mutual = np.flatnonzero(found.mutual == 1)
    np.testing.assert_allclose(rho[:, found.partner[mutual]].max(0), rho.max(1)[mutual], atol=1e-6)
    assert len(set(found.partner[mutual])) == len(mutual)
    assert len(mutual) > 0


def test_a_permuted_copy_scores_1_with_every_partner_right(random):
    layer, order = mixed(random), random.permutation(12)
    # ranks do not depend on a monotone function of each unit
    found = match(ranked(layer), ranked(np.exp(layer[:, order] / 5)))
    np.testing.assert_allclose(found.best, 1, atol=1e-5)
    np.testing.assert_allclose(found.assigned, 1, atol=1e-5)
    assert order[found.partner].tolist() == list(range(12))
    assert found.assigned_partner.tolist() == found.partner.tolist()
    assert (found.mutual == 1).all()


def test_partners_are_mutual_from_both_sides(random):
    layer, other = mixed(random), mixed(random, units=8)
    one, back = match(ranked(layer), ranked(other)), match(ranked(other), ranked(layer))
    pairs = {(unit, one.partner[unit]) for unit in np.flatnonzero(one.mutual)}
    assert pairs == {(back.partner[unit], unit) for unit in np.flatnonzero(back.mutual)}
    assert np.nansum(one.assigned) == pytest.approx(np.nansum(back.assigned), abs=1e-5)


def test_without_assignment_the_best_partners_are_the_same(random):
    layer, other = ranked(mixed(random)), ranked(mixed(random))
    found, best = match(layer, other), match(layer, other, assign=False)
    for name in ("best", "partner", "mutual"):
        np.testing.assert_array_equal(getattr(found, name), getattr(best, name))
    assert np.isnan(best.assigned).all()
    assert (best.assigned_partner == -1).all()


def test_a_rotated_copy_scores_chance(random):
    for number in range(5):
        layer = mixed(random)
        copy = (layer - layer.mean(0)) @ random_frames(12, 12, 1, number)[0]
        assert 0.01 < above(layer, copy, rotated(layer, 199, random)) < 0.99
        # which is neither that of another layer's units, nor that of permuted images
        assert above(layer, layer, rotated(layer, 199, random)) == 1 / 200
        assert above(layer, copy, permuted(ranked(copy), 199, random)) == 1 / 200


def test_constant_units_are_undefined_and_no_partners(random):
    layer, other = mixed(random), mixed(random)
    layer[:, 2], layer[:, 5], layer[3, 7], layer[4, 8] = 0, 0.1, np.nan, np.inf
    other[:, 0] = 0
    other[0, 4] = np.nan
    undefined = np.isin(np.arange(12), [2, 5, 7, 8])
    found = match(ranked(layer), ranked(other))
    for values in (found.best, found.mutual, found.assigned):
        np.testing.assert_array_equal(np.isnan(values), undefined)
    for partners in (found.partner, found.assigned_partner):
        np.testing.assert_array_equal(partners == -1, undefined)
        assert not np.isin(partners, [0, 4]).any()
    # as if there were no such units
    less = match(ranked(layer[:, ~undefined]), ranked(np.delete(other, [0, 4], axis=1)))
    np.testing.assert_allclose(found.best[~undefined], less.best, atol=1e-6)
    for controls in (permuted(ranked(other), 3, random), rotated(other, 3, random)):
        (drawn,) = chance([ranked(layer)], controls)
        assert drawn.best.shape == (3, 12)
        assert (np.isnan(drawn.best) == undefined).all()


@pytest.mark.parametrize("spoil", ["layer", "other", "both"])
def test_a_layer_without_varying_units_has_no_matches(spoil, random):
    layer, other = mixed(random), mixed(random)
    if spoil != "other":
        layer[:] = 0
    if spoil != "layer":
        other[:] = 0
    found = match(ranked(layer), ranked(other))
    assert np.isnan([found.best, found.mutual, found.assigned]).all()
    assert (np.stack([found.partner, found.assigned_partner]) == -1).all()
    for controls in (permuted(ranked(other), 2, random), rotated(other, 2, random)):
        (drawn,) = chance([ranked(layer)], controls)
        assert np.isnan(np.stack(drawn)).all()


def test_ties_have_the_mean_of_their_ranks(random):
    # of rectified units, which are 0 on most images
    layer, other = (np.maximum(mixed(random) - 2, 0) for _ in range(2))
    assert (layer == 0).mean() > 0.5
    expected = stats.spearmanr(layer, other).statistic[:12, 12:]
    np.testing.assert_allclose(match(ranked(layer), ranked(other)).best, expected.max(1), atol=1e-6)


def test_scale_does_not_matter(random):
    layer, other = mixed(random), mixed(random)
    found = match(ranked(layer), ranked(other))
    for factor in (1e-30, 1e30):
        again = match(ranked((layer * factor).astype(np.float32)), ranked(other))
        np.testing.assert_allclose(again.best, found.best, atol=1e-3)
        axes = [
            next(rotated((values * size).astype(np.float32), 1, np.random.default_rng(1))).ranks
            for values, size in ((layer, 1), (layer, factor))
        ]
        np.testing.assert_allclose(*axes, atol=1e-3)


def test_permuted_images_keep_correlations_within_a_layer(random):
    layer = ranked(mixed(random))
    for draw in permuted(layer, 3, random):
        np.testing.assert_allclose(draw.ranks @ draw.ranks.T, layer.ranks @ layer.ranks.T, atol=1e-5)
        assert (draw.ranks != layer.ranks).any()


def test_a_rotation_keeps_distances_between_images(random, monkeypatch):
    layer, seen = mixed(random), []
    monkeypatch.setattr(universality, "ranked", lambda axes: seen.append(axes))
    list(rotated(layer, 3, random))
    about = (layer - layer.mean(0)) / np.abs(layer).max()
    for axes in seen:
        np.testing.assert_allclose(axes @ axes.T, about @ about.T, atol=1e-5)
    assert (seen[0] != seen[1]).any()


def test_draws_follow_the_random_numbers(random):
    layer = mixed(random)
    for draw in (lambda seed: permuted(ranked(layer), 2, seed), lambda seed: rotated(layer, 2, seed)):
        one, again, other = (list(draw(np.random.default_rng(seed))) for seed in (1, 1, 2))
        np.testing.assert_array_equal(one[1].ranks, again[1].ranks)
        assert (one[0].ranks != other[0].ranks).any()
        assert (one[0].ranks != one[1].ranks).any()


def test_the_highest_independent_correlation_agrees_with_theory(random):
    # ρ of n images is normal with variance 1 / (n − 1), nearly
    n_images, units = 500, 40
    layer, other = random.standard_normal((2, n_images, units))
    maxima = random.standard_normal((20_000, units)).max(1) / np.sqrt(n_images - 1)
    for controls in (permuted(ranked(other), 20, random), rotated(other, 20, random)):
        (drawn,) = chance([ranked(layer)], controls)
        assert drawn.best.mean() == pytest.approx(maxima.mean(), rel=0.03)
        assert (drawn.assigned <= drawn.best + 1e-6).all()


def independent(random):
    return mixed(random, 120, 8), mixed(random, 120, 8)


def one_space(random):
    """Return two layers with random bases of one space, whose directions have different variances."""
    sources = random.laplace(size=(120, 6)) * np.geomspace(1, 8, 6)
    return sources @ random.standard_normal((6, 8)), sources @ random.standard_normal((6, 8))


def rotated_copy(random):
    """Return a layer of units with different variances, and its rotation."""
    layer = random.gamma(0.5, size=(120, 8)) * np.geomspace(1, 4, 8)
    return layer, (layer - layer.mean(0)) @ stats.ortho_group.rvs(8, random_state=random)


@pytest.mark.parametrize(
    ("control", "structure"),
    [("permuted", independent), ("rotated", independent), ("rotated", one_space), ("rotated", rotated_copy)],
)
def test_without_structure_at_most_one_in_twenty_is_above(control, structure):
    random, false = np.random.default_rng(1), []
    for _ in range(300):
        layer, other = structure(random)
        draws = (
            permuted(ranked(other), DRAWS, random) if control == "permuted" else rotated(other, DRAWS, random)
        )
        false.append(above(layer, other, draws) <= 0.05)
    # three standard deviations of a binomial share
    assert np.mean(false) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(false))


def test_rectification_alone_is_above_rotations(random):
    # unrelated bases of one space: only networks with random weights tell this from units that recur
    sources = random.standard_normal((500, 10))
    layer, other = (np.maximum(sources @ random.standard_normal((10, 32)) - 3, 0) for _ in range(2))
    assert above(layer, other, rotated(other, DRAWS, random)) == 1 / (1 + DRAWS)


def test_planted_units_are_above_both_controls(random):
    layer = mixed(random)
    other = layer[:, random.permutation(12)] + 0.7 * mixed(random)
    for draws in (permuted(ranked(other), DRAWS, random), rotated(other, DRAWS, random)):
        assert above(layer, other, draws) == 1 / (1 + DRAWS)
