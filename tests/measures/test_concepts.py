"""Concepts of units: by hand, by definition, and against scipy."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats
from scipy.spatial.distance import cdist, pdist

from census.measures.concepts import (
    Parameters,
    chance_levels,
    chance_similarity,
    compute,
    flatness,
    is_multi_faceted,
    is_single_faceted,
    mf_degree,
)
from census.statistics.class_counts import (
    chance_counts,
    chance_labels,
    class_counts,
    mean_of_pairs,
    row_distance,
    row_similarity,
)
from census.statistics.defined import finite_mean
from census.statistics.significance import tail_p_values
from census.statistics.sparseness import gini
from census.statistics.top_images import NONE
from census.tables.arrow import arrow
from census.tables.keys import KEYS

COUNTS = arrays.arrays(np.int64, st.tuples(st.integers(1, 6), st.integers(2, 20)), elements=st.integers(0, 9))


def test_counts_against_brute_force():
    random = np.random.default_rng(0)
    top, labels = random.integers(-1, 30, (8, 12)), random.integers(0, 4, 30)
    expected = [[sum(labels[i] == c for i in row if i != NONE) for c in range(6)] for row in top]
    np.testing.assert_array_equal(class_counts(top, labels, 6), expected)


def test_a_class_without_images_is_a_column_of_zeros():
    top, labels = np.array([[0, 2, 3], [1, 3, NONE]]), np.array([0, 0, 2, 4])
    expected = [[1, 0, 1, 0, 1, 0], [1, 0, 0, 0, 1, 0]]
    np.testing.assert_array_equal(class_counts(top, labels, 6), expected)
    # and counts as a class: two of six are less even than two of two
    assert gini(np.array(expected))[1] == pytest.approx(4 / 6)
    assert flatness(np.array(expected), 6)[1] == pytest.approx(2 ** (1 / np.log2(6)) - 1, abs=1e-5)


def test_two_classes_have_no_third():
    images, values = np.arange(20), np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    layer = SimpleNamespace(
        attributes=dict.fromkeys(KEYS),
        shape=(3, 1, 1),
        classes=["even", "odd"],
        images=images,
        labels=images % 2,
        statistics=lambda *names: iter([(images, values, np.zeros(values.shape, int))]),
    )
    units = arrow(next(iter(compute(layer, Parameters(top=8), seed=0))))
    table = units.select(["top_class_2", "top_class_3", "top_count_3"])
    assert table.schema.types == [pa.string(), pa.string(), pa.int64()]
    assert table["top_class_2"].null_count < table.num_rows
    assert table["top_class_3"].null_count == table.num_rows
    assert set(table["top_count_3"].to_pylist()) == {0}


def test_gini_of_known_rows():
    rows = np.array([[5, 5, 5, 5], [0, 0, 9, 0], [0, 0, 0, 0], [1, 3, 0, 0]])
    # (0, 0, 1, 3) of 4: 1 − 2·(¼·1.5/4 + ¾·0.5/4) = 1 − 2·0.1875
    np.testing.assert_allclose(gini(rows), [0, 1 - 1 / 4, np.nan, 0.625])


@given(COUNTS)
def test_gini_is_half_the_relative_mean_difference(counts):
    differences = np.abs(counts[:, :, None] - counts[:, None, :]).mean((1, 2))
    with np.errstate(invalid="ignore"):
        expected = differences / (2 * counts.mean(1))
    np.testing.assert_allclose(gini(counts), expected, atol=1e-12)


def test_flatness_of_known_rows():
    rows = np.array([[25, 25, 25, 25], [0, 0, 100, 0], [0, 0, 0, 0], [50, 50, 0, 0]])
    found = flatness(rows, 4)
    np.testing.assert_allclose(found, [1, 0, -1, np.sqrt(2) - 1], atol=1e-6)


@given(COUNTS)
def test_flatness_is_entropy(counts):
    raised = counts + 1e-7
    expected = 2 ** (stats.entropy(raised, axis=1, base=2) / np.log2(counts.shape[1])) - 1
    np.testing.assert_allclose(
        flatness(counts, counts.shape[1]), np.where(counts.any(1), expected, -1), atol=1e-9
    )


def test_the_printed_normalizer_exceeds_one_with_fewer_units_than_classes():
    assert flatness(np.ones((1, 100), int), 64)[0] > 1
    assert flatness(np.ones((1, 100), int), 100)[0] == pytest.approx(1)
    # of a layer's only unit
    np.testing.assert_array_equal(flatness(np.array([[30, 20, 10], [0, 0, 0]]), 1), [np.nan, -1])


def test_the_largest_degree_of_100_images_and_1000_classes():
    row = np.zeros((1, 1000), int)
    row[0, :100] = 1
    largest = mf_degree(gini(row), flatness(row, 1000))[0]
    assert largest == pytest.approx(0.653, abs=5e-4)
    # no other spread of 100 images comes higher
    random = np.random.default_rng(0)
    others = random.multinomial(100, random.dirichlet(np.full(1000, 0.2), 500))
    assert (mf_degree(gini(others), flatness(others, 1000)) <= largest).all()


def test_degrees_at_the_edges():
    rows = np.array([[7, 7, 7, 7, 7, 7, 7], [0, 0, 0, 0, 0, 0, 0], [9, 0, 0, 0, 0, 0, 0]])
    found = mf_degree(gini(rows), flatness(rows, 7))
    assert np.isposinf(found[0])
    assert np.isnan(found[1])
    assert found[2] == pytest.approx(0, abs=1e-5)
    assert finite_mean(found) == pytest.approx(0, abs=1e-5)
    assert np.isnan(finite_mean(np.array([np.nan, np.inf])))
    assert is_multi_faceted(found, 0.5).tolist() == [True, False, False]
    assert is_single_faceted(found, 0.5).tolist() == [False, False, True]


def test_chance_is_drawing_without_replacement():
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    drawn = chance_labels(labels, 40, 4000, seed=0)
    for n_images in (40, 10):
        counts = chance_counts(drawn, n_images, 4)
        assert (counts.sum(1) == n_images).all()
        assert (counts[:, 3] == 0).all()
        for label, size in enumerate((50, 30, 20)):
            theory = stats.hypergeom(100, size, n_images)
            assert counts[:, label].mean() == pytest.approx(theory.mean(), abs=0.2)
            assert counts[:, label].std() == pytest.approx(theory.std(), rel=0.05)
    np.testing.assert_array_equal(drawn, chance_labels(labels, 40, 4000, seed=0))
    assert chance_labels(labels, 500, 3, seed=0).shape == (3, 100)


def test_the_chance_level_of_gini_is_high_with_many_classes():
    found = [
        gini(chance_counts(chance_labels(np.repeat(np.arange(k), 200), 100, 200, 0), 100, k)).mean()
        for k in (1000, 100, 10)
    ]
    np.testing.assert_allclose(found, [0.909, 0.519, 0.160], atol=0.01)


def test_chance_levels_use_each_unit_s_number_of_images():
    labels = np.random.default_rng(0).integers(0, 5, 200)
    drawn = chance_labels(labels, 30, 500, seed=0)
    sizes, ginis = np.array([30, 0, 6, 30]), np.array([0.8, np.nan, 0.4, 0.0])
    found = chance_levels(drawn, sizes, ginis, 5, 5)
    for unit, size in ((0, 30), (2, 6), (3, 30)):
        counts = chance_counts(drawn, size, 5)
        assert found.gini[unit] == pytest.approx(gini(counts).mean())
        # by the definition, draw by draw
        shares = [row[row > 0] / size for row in counts]
        entropies = [-(each * np.log(each)).sum() / np.log(5) for each in shares]
        assert found.flatness[unit] == pytest.approx(np.mean(2.0 ** np.array(entropies) - 1), abs=1e-5)
        degrees = mf_degree(gini(counts), flatness(counts, 5))
        assert found.mf_degree[unit] == pytest.approx(np.median(degrees))
        assert found.gini_p[unit] == (1 + (gini(counts) >= ginis[unit]).sum()) / 501
    assert np.isnan([each[1] for each in found]).all()
    assert found.gini_p[0] == 1 / 501
    assert found.gini_p[3] == 1


def test_rows_are_similar_by_chance_if_classes_differ_in_size():
    even, uneven = np.repeat([0, 1, 2], 100), np.repeat([0, 1, 2], [200, 60, 40])
    for labels, expected in ((even, 0), (uneven, 1)):
        drawn = chance_labels(labels, 50, 600, seed=0)
        found, distance = chance_similarity(drawn, 50, 3)
        assert found == pytest.approx(expected, abs=0.1)
        counts = chance_counts(drawn[:500], 50, 3)
        assert found == pytest.approx(np.corrcoef(counts)[np.triu_indices(500, 1)].mean())
        assert distance == pytest.approx(pdist(counts).mean())
    assert np.isnan(chance_similarity(drawn, 0, 3)).all()


def test_normal_tails_against_scipy():
    values = np.random.default_rng(0).gamma(3, size=25)
    for tail in ("upper", "lower"):
        by_normal, by_rank = tail_p_values(values, tail)
        for place, value in enumerate(values):
            others = np.delete(values, place)
            normal = stats.norm(others.mean(), others.std(ddof=1))
            assert by_normal[place] == pytest.approx(
                normal.sf(value) if tail == "upper" else normal.cdf(value)
            )
            out = others >= value if tail == "upper" else others <= value
            assert by_rank[place] == pytest.approx((1 + out.sum()) / 25)


def test_tails_of_a_mixture_and_of_non_finite_values():
    values = np.array([1.0, 2, 3, 4, np.nan, np.inf, 100])
    upper = np.array([False, False, False, True, True, True, True])
    by_normal, by_rank = tail_p_values(values, upper)
    known = np.array([1.0, 2, 3, 4, 100])
    np.testing.assert_allclose(by_normal[[0, 1, 2]], tail_p_values(known, "lower")[0][:3])
    np.testing.assert_allclose(by_normal[[3, 6]], tail_p_values(known, "upper")[0][3:])
    assert np.isnan([*by_normal[4:6], *by_rank[4:6]]).all()
    assert by_rank[[0, 6]].tolist() == [0.2, 0.2]
    assert np.isnan(tail_p_values(np.array([1.0, 2.0]), "upper")[0]).all()
    # the others of 5 are all the same; those of a 1 are not
    assert np.isnan(tail_p_values(np.array([1.0, 1, 1, 5]), "upper")[0]).tolist() == [
        False,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("outlier", [0.163, 1e9, -3e-5])
@pytest.mark.parametrize("n_others", [2, 5, 300])
def test_an_outlier_s_tail_is_that_of_the_others(outlier, n_others):
    random = np.random.default_rng(0)
    for equal in (0.1 + random.random() for _ in range(50)):
        assert np.isnan(tail_p_values(np.append(np.full(n_others, equal), outlier), "upper")[0][-1])
    others = 0.1 + 1e-5 * random.random(n_others)
    by_normal, _ = tail_p_values(np.append(others, outlier), "upper")
    score = (outlier - others.mean()) / others.std(ddof=1)
    assert by_normal[-1] == pytest.approx(stats.norm.sf(score), rel=1e-6)


def test_rows_against_numpy_and_scipy():
    counts = np.random.default_rng(0).integers(0, 20, (9, 12))
    np.testing.assert_allclose(row_similarity(counts), np.corrcoef(counts))
    np.testing.assert_allclose(row_distance(counts), cdist(counts, counts), atol=1e-6)
    counts[4] = 0
    found = row_similarity(counts)
    assert np.isnan(found[4]).all()
    others = np.delete(counts, 4, axis=0)
    expected = np.corrcoef(others)[np.triu_indices(8, 1)].mean()
    assert mean_of_pairs(found) == pytest.approx(expected)
    assert np.isnan(mean_of_pairs(np.full((3, 3), np.nan)))
