"""Similarity between layers, against numpy, scipy, rsatoolbox and regressions."""

import numpy as np
import pytest
from scipy import stats

from census.measures.parameters import ImageResamples
from census.measures.similarity import Adjacent, Layer, Pairs, compute
from census.statistics.bootstrap import resample_counts
from census.statistics.correlation import is_defined
from census.statistics.similarity import adjacent_pairs, deconfounded, similarity, spearman

N_IMAGES, N_LAYERS = 12, 4
ABOVE = np.triu_indices(N_IMAGES, 1)
ONES = np.ones((1, N_IMAGES))


@pytest.fixture(scope="module")
def vectors():
    random = np.random.default_rng(0)
    shared = random.normal(size=(N_IMAGES, 30))
    return [shared + weight * random.normal(size=(N_IMAGES, 30)) for weight in (0.3, 0.6, 1, 2)]


@pytest.fixture(scope="module")
def matrices(vectors):
    return np.stack([np.corrcoef(each) for each in vectors])


def without(matrices, layer, image):
    """Leave an image without a correlation in one layer."""
    matrices = matrices.copy()
    matrices[layer, image] = matrices[layer, :, image] = np.nan
    return matrices


def entries(matrices):
    return np.stack([matrix[ABOVE] for matrix in matrices])


def test_it_agrees_with_numpy(matrices):
    np.testing.assert_allclose(similarity(matrices, ONES)[0], np.corrcoef(entries(matrices)), atol=1e-12)


def test_it_agrees_with_rsatoolbox(vectors, matrices):
    from rsatoolbox.data import Dataset
    from rsatoolbox.rdm import calc_rdm, compare

    rdms = [calc_rdm(Dataset(each), method="correlation") for each in vectors]
    for method, found in (("corr", similarity(matrices, ONES)[0]), ("spearman", spearman(matrices))):
        theirs = [[compare(one, other, method=method).item() for other in rdms] for one in rdms]
        np.testing.assert_allclose(found, theirs, atol=1e-9)


def test_ranks_agree_with_scipy(matrices):
    theirs = stats.spearmanr(entries(matrices), axis=1).statistic
    np.testing.assert_allclose(spearman(matrices), theirs, atol=1e-12)


def test_differences_below_the_resolution_are_ties(matrices):
    noise = np.random.default_rng(1).uniform(-1e-8, 1e-8, matrices.shape)
    coarse = np.round(matrices, 1)
    np.testing.assert_allclose(spearman(coarse + noise + noise.swapaxes(1, 2)), spearman(coarse), atol=1e-12)


def test_permuted_images_change_nothing(matrices):
    order = np.random.default_rng(2).permutation(N_IMAGES)
    permuted = matrices[:, order][:, :, order]
    np.testing.assert_allclose(similarity(permuted, ONES), similarity(matrices, ONES), atol=1e-12)
    np.testing.assert_allclose(spearman(permuted), spearman(matrices), atol=1e-12)


def test_undefined_images_are_left_out_of_affected_comparisons(matrices):
    holes = without(without(matrices, 1, 4), 2, 7)
    found, ranks = similarity(holes, ONES)[0], spearman(holes)
    for one in range(N_LAYERS):
        for other in range(N_LAYERS):
            kept = np.flatnonzero(is_defined(holes[one]) & is_defined(holes[other]))
            assert len(kept) == N_IMAGES - len({1, 2} & {one, other})
            above = np.triu_indices(len(kept), 1)
            pair = [matrices[layer][np.ix_(kept, kept)][above] for layer in (one, other)]
            assert found[one, other] == pytest.approx(np.corrcoef(pair)[0, 1])
            assert ranks[one, other] == pytest.approx(stats.spearmanr(*pair).statistic)


def test_resamples_drop_pairs_of_an_image_with_itself(matrices):
    holes = without(matrices, 1, 4)
    counts = resample_counts(N_IMAGES, 10, seed=0)
    found = similarity(holes, counts)
    for sample, row in zip(found, counts.astype(int), strict=True):
        drawn = np.repeat(np.arange(N_IMAGES), row)
        chosen = [(i, j) for i in drawn for j in drawn if i != j and 4 not in (i, j)]
        pairs = [[holes[layer, i, j] for i, j in chosen] for layer in (0, 1)]
        assert sample[0, 1] == pytest.approx(np.corrcoef(pairs)[0, 1])


def test_a_layer_with_equal_correlations_has_no_similarity(matrices):
    random = np.random.default_rng(3)
    noise = 1e-8 * random.normal(size=matrices[1].shape)
    dead = matrices.copy()
    dead[1] = 0.5 + noise + noise.T
    np.fill_diagonal(dead[1], 1)
    for found in (similarity(dead, ONES)[0], spearman(dead)):
        assert np.isnan(found[1]).all()
        assert np.isnan(found[:, 1]).all()
        assert not np.isnan(found[np.ix_([0, 2, 3], [0, 2, 3])]).any()


def test_inactive_layers_have_no_similarity(matrices):
    dead = matrices.copy()
    dead[2] = np.nan
    for found in (similarity(dead, ONES)[0], spearman(dead)):
        assert np.isnan(found[2]).all()
        assert not np.isnan(found[np.ix_([0, 1, 3], [0, 1, 3])]).any()


def test_deconfounding_is_regression(matrices):
    found = deconfounded(similarity(matrices, ONES), confound=0)[0]
    vectors = entries(matrices)
    design = np.stack([np.ones(len(vectors[0])), vectors[0]], axis=1)
    rest = [each - design @ np.linalg.lstsq(design, each, rcond=None)[0] for each in vectors]
    np.testing.assert_allclose(found[1:, 1:], np.corrcoef(rest[1:]), atol=1e-10)
    assert np.isnan(found[0]).all()
    assert np.isnan(found[:, 0]).all()


def test_layers_fully_explained_by_the_confound_are_undefined(matrices):
    twice = np.concatenate([matrices[:1], matrices])
    found = deconfounded(similarity(twice, ONES), confound=0)[0]
    assert np.isnan(found[1]).all()
    assert not np.isnan(found[2:, 2:]).any()


def test_adjacent_pairs_skip_branches():
    assert adjacent_pairs([False, False, True, True, False, False]) == [(0, 1), (1, 4), (4, 5)]
    assert adjacent_pairs([True, True]) == []


class Matrices(dict):
    """A layer's matrices, with its attributes."""

    def __init__(self, place, correlation):
        super().__init__(correlation=correlation, gram=correlation)
        name = ("input", "conv", "branch", "output")[place]
        self.attributes = {"layer": name, "depth": place, "kind": name, "branch_of": name == "branch" or ""}


def test_columns_of_the_census_agree_with_pairs(matrices):
    found = list(compute(list(map(Matrices, range(N_LAYERS), matrices)), ImageResamples(100), seed=0))
    pairs, adjacent, layers = (
        [each for each in found if type(each) is of] for of in (Pairs, Adjacent, Layer)
    )
    assert [(each.of["layer"], *each.other_layer) for each in adjacent] == [
        ("input", "conv"),
        ("conv", "output"),
    ]
    for place, (pair, layer) in enumerate(zip(pairs, layers, strict=True)):
        following = {0: 1, 1: 3}.get(place)
        assert layer.adjacent_similarity == (None if following is None else pair.similarity.at(following))
        assert layer.similarity_to_input == pair.similarity.at(0)
        assert layer.similarity_to_output == pair.similarity.at(3)
        assert layer.cka_to_input == pair.cka.at(0)
        assert layer.cka_to_output == pair.cka.at(3)


def test_without_input_and_output_nothing_is_compared_with_them(matrices):
    found = list(compute(list(map(Matrices, (1, 2), matrices)), ImageResamples(100), seed=0))
    for layer in (each for each in found if isinstance(each, Layer)):
        ends = ("similarity_to_input", "similarity_to_output", "cka_to_input", "cka_to_output")
        assert [getattr(layer, name) for name in ("adjacent_similarity", *ends)] == [None] * 5
