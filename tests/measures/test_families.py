"""Families of directions of a layer: fits, what is refused, and what is asked on held-out images."""

import numpy as np
import pytest

from census.families.layers import Code, fit_layer
from census.measures.columns import Table
from census.measures.declaration import Arrays
from census.measures.dictionaries import FITS, Parameters, channel_vectors
from census.measures.families import Directions, Families, Layer, compute
from census.measures.families import Parameters as Judging
from census.statistics.sparse_codes import sparse_codes

N_CLASSES, N_UNITS, SIDE = 3, 16, 4
N_IMAGES = 480
VECTORS = 10 * N_IMAGES  # ten positions of each image
KEYS = ("network", "checkpoint", "dataset", "layer", "depth", "kind", "branch_of")
FAMILIES = ["units", "random", "svd", "ica", "nmf", "sae"]


class Recorded:
    """A layer's activations in memory, as a Recording has them."""

    def __init__(self, maps, labels):
        self.maps = maps.astype(np.float32)
        n_maps, height, width, n_units = maps.shape
        self.n_map_images, self.shape = n_maps, (n_units, height, width)
        self.labels = labels
        # indices in the data set, in no order
        self.images = np.random.default_rng(9).permutation(10 * len(labels))[: len(labels)]
        self.classes = [f"class {number}" for number in range(N_CLASSES)]
        self.attributes = {
            **dict.fromkeys(KEYS, ""),
            "network": "net",
            "checkpoint": "final",
            "layer": "relu",
            "depth": 1,
            "step": None,
        }

    def at_positions(self, positions):
        return self.maps[:, positions[:, 0], positions[:, 1]]

    def on_images(self, name, places):
        assert name == "mean"
        return self.maps.mean((1, 2))[places]

    def __str__(self):
        return "relu, checkpoint final"


class Stored(dict):
    """The arrays of fits, as LayerMatrices has them."""

    def __init__(self, fitted):
        super().__init__({name: values for name, (_, values) in fitted.arrays.items()})
        self.attributes = fitted.attributes


def maps_of(codes, directions):
    return np.einsum("nyxk,ku->nyxu", codes, directions)


@pytest.fixture(scope="module")
def planted():
    """A layer whose vectors are sums of a few of eight oblique directions, each for one class."""
    random = np.random.default_rng(0)
    labels = np.arange(N_IMAGES) % N_CLASSES
    directions = random.random((8, N_UNITS)) * (random.random((8, N_UNITS)) < 0.4) + 0.01
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    preferred = np.arange(8) % N_CLASSES
    chance = np.where(preferred == labels[:, None], 0.4, 0.03)[:, None, None]
    shape = (N_IMAGES, SIDE, SIDE, 8)
    codes = random.gamma(2, 1, shape) * (random.random(shape) < chance)
    return directions, Recorded(maps_of(codes, directions), labels)


PARAMETERS = Parameters(vectors=VECTORS, directions=8, active=4, autoencoder_steps=600)
JUDGING = Judging(vectors=VECTORS, active=4, top=10, resamples=100)


def judged(layer, parameters=PARAMETERS, judging=JUDGING, logits=()):
    fitted = fit_layer(layer, parameters, seed=0)
    return fitted, list(compute(layer, Stored(fitted), logits, judging, seed=0))


@pytest.fixture(scope="module")
def found(planted):
    return judged(planted[1], logits=[planted[1]])


def table_of(found, kind) -> Table:
    (table,) = (each for each in found[1] if type(each) is kind)
    return table


def by_family(found, column):
    table = table_of(found, Families)
    values = getattr(table, column)
    return dict(zip(table.family, values.value if hasattr(values, "value") else values, strict=True))


def test_no_image_is_in_both_halves(planted):
    vectors = channel_vectors(planted[1], VECTORS, seed=0)
    assert vectors.values.shape == (N_IMAGES, 10, N_UNITS)
    assert vectors.first.sum() == N_IMAGES / 2
    classes = planted[1].labels[vectors.first]
    assert np.bincount(classes).tolist() == [N_IMAGES / 6] * 3
    np.testing.assert_array_equal(vectors.values[7], planted[1].maps[7][tuple(vectors.positions.T)])


def test_a_layer_without_extent_has_a_vector_of_each_recorded_image():
    random = np.random.default_rng(0)
    layer = Recorded(random.random((50, 1, 1, 8)), np.arange(50) % N_CLASSES)
    layer.n_map_images = 10
    assert channel_vectors(layer, 10000, seed=0).values.shape == (50, 1, 8)
    few = channel_vectors(layer, 20, seed=0)
    assert few.values.shape == (20, 1, 8)
    np.testing.assert_array_equal(few.values[:, 0], layer.maps[few.places, 0, 0])


def test_every_family_is_fitted_three_times_if_it_has_a_start(found):
    fitted, _ = found
    assert {family: each["fits"] for family, each in fitted.attributes["families"].items()} == {
        family: [name for name in FITS if name != "other_start" or family not in ("units", "svd")]
        for family in FAMILIES
    }
    assert fitted.refused == {}
    assert len(fitted.table.family) == 3 * len(FAMILIES) - 2
    assert (fitted.table.n_vectors > 900).all()


def test_dictionaries_are_what_was_planted(found):
    reconstruction = by_family(found, "reconstruction")
    assert min(reconstruction["nmf"], reconstruction["sae"]) > 0.97
    assert max(reconstruction["units"], reconstruction["svd"]) < 0.95
    gini, entropy = by_family(found, "code_gini"), by_family(found, "class_entropy")
    assert gini["nmf"] > gini["units"] > gini["random"]
    assert entropy["nmf"] < entropy["units"]
    selectivity = by_family(found, "selectivity")
    assert selectivity["nmf"] > selectivity["units"] > 0
    half = by_family(found, "stability_half")
    assert half["units"] == 1
    assert min(half["nmf"], half["ica"]) > 0.97
    by_chance = by_family(found, "stability_half_chance")
    assert half["random"] == pytest.approx(by_chance["random"], abs=0.1)


def test_layers_have_what_dictionaries_are_beyond_units(found):
    layer, reconstruction = table_of(found, Layer), by_family(found, "reconstruction")
    beyond = (reconstruction["nmf"] + reconstruction["sae"]) / 2 - reconstruction["units"]
    assert layer.dictionary_reconstruction.value == pytest.approx(beyond)
    assert 0 < layer.dictionary_reconstruction.low < beyond < layer.dictionary_reconstruction.high
    assert layer.dictionary_peakedness.low > 0
    assert layer.dictionary_class_entropy.high < 0
    assert layer.dictionary_stability.low <= layer.dictionary_stability.value


def test_reconstruction_is_that_of_the_definition(planted, found):
    layer = planted[1]
    vectors = channel_vectors(layer, VECTORS, seed=0)
    seen, held_out = (vectors.values[vectors.first == half].reshape(-1, N_UNITS) for half in (True, False))
    basis = found[0].arrays["svd_first"][1].astype(float)
    projections = held_out @ basis.T
    largest = np.argsort(-np.abs(projections), axis=1)[:, :4]
    kept = np.zeros_like(projections)
    np.put_along_axis(kept, largest, np.take_along_axis(projections, largest, 1), 1)
    expected = 1 - ((held_out - kept @ basis) ** 2).sum() / ((held_out - seen.mean(0)) ** 2).sum()
    assert by_family(found, "reconstruction")["svd"] == pytest.approx(expected, rel=1e-4)


def test_directions_have_a_row_each(found):
    table = table_of(found, Directions)
    assert list(dict.fromkeys(table.family)) == FAMILIES
    assert len(table.family) == 8 * len(FAMILIES) - by_family(found, "n_dead")["sae"]
    units = np.array(table.family) == "units"
    assert table.alignment[units].tolist() == [1] * 8
    np.testing.assert_array_equal(table.nearest_unit[units], found[0].arrays["units_first"][1].argmax(1))
    for family in FAMILIES:
        here = np.array(table.family) == family
        assert table.energy[here].sum() == pytest.approx(1)
        assert table.class_entropy[here].mean() == pytest.approx(
            by_family(found, "class_entropy")[family], rel=1e-5
        )
        assert np.nanmean(table.selectivity[here]) == pytest.approx(by_family(found, "selectivity")[family])
    assert (table.n_top_images <= 10).all()


def test_top_images_are_held_out_and_lie_where_the_code_is_largest(planted, found):
    layer = planted[1]
    vectors = channel_vectors(layer, VECTORS, seed=0)
    (arrays,) = (each for each in found[1] if isinstance(each, Arrays))
    top, positions = (arrays.arrays[name][1] for name in ("top_image", "top_position"))
    table = table_of(found, Directions)
    assert top.shape == positions.shape == (len(table.family), 10)
    held_out = {*layer.images[vectors.places[~vectors.first]]}
    assert {*top[top >= 0].tolist()} <= held_out
    place = np.flatnonzero(np.array(table.family) == "units")[0]
    unit, image = table.nearest_unit[place], np.flatnonzero(layer.images == top[place, 0])[0]
    y, x = divmod(int(positions[place, 0]), SIDE)
    values = vectors.values[~vectors.first][..., unit]
    assert layer.maps[image, y, x, unit] == values.max()


def test_intervals_hold_their_values(found):
    table = table_of(found, Families)
    for name in (
        *("reconstruction", "code_kurtosis", "code_gini", "code_hoyer", "selectivity", "class_gini"),
        *("class_entropy", "top_similarity", "redundancy"),
    ):
        estimate = getattr(table, name)
        assert (estimate.low <= estimate.value).all(), name
        assert (estimate.value <= estimate.high).all(), name
        assert (estimate.low < estimate.high).all(), name


def test_the_same_seed_gives_the_same_tables(planted, found):
    again = judged(planted[1], logits=[planted[1]])
    for one, other in zip(found[1], again[1], strict=True):
        np.testing.assert_equal(vars(one), vars(other))


def test_similarity_is_that_of_logits(planted, found):
    table = table_of(found, Families)
    assert by_family(found, "top_similarity")["nmf"] > table.top_similarity_chance
    _, without = judged(planted[1], Parameters(vectors=VECTORS, directions=8, families=["units"]))
    table = next(each for each in without if isinstance(each, Families))
    assert table.top_similarity is table.top_similarity_chance is None


def reasons(layer, **changes):
    found = judged(layer, Parameters(**{**vars(PARAMETERS), "autoencoder_steps": 50, **changes}))
    table = table_of(found, Families)
    return dict(zip(table.family, table.reason, strict=True)), found


def test_negative_values_leave_out_nmf_alone(planted):
    labels = planted[1].labels
    found, _ = reasons(Recorded(planted[1].maps - 0.2, labels))
    assert found.pop("nmf").startswith("values are negative")
    assert set(found.values()) == {""}


def test_too_few_vectors_leave_out_what_is_learned(planted):
    layer = Recorded(planted[1].maps[:10], planted[1].labels[:10])
    found, (fitted, _) = reasons(layer, vectors=100)
    assert [family for family, reason in found.items() if reason] == ["ica", "nmf", "sae"]
    assert found["nmf"].startswith("8 directions need 80 active channel vectors")
    assert set(fitted.refused) == {"ica, first", "nmf, first", "sae, first"}


@pytest.mark.parametrize(
    "maps", [np.zeros((20, 2, 2, 8)), np.ones((20, 2, 2, 8)), np.full((20, 2, 2, 8), np.nan)]
)
def test_a_layer_without_variance_is_refused_by_all(maps):
    found, tables = reasons(Recorded(maps, np.arange(20) % N_CLASSES))
    assert set(found.values()) == {"the channel vectors vary along 0 directions, at least 4 are needed"}
    layer = table_of(tables, Layer)
    assert np.isnan(layer.dictionary_reconstruction.value)
    assert np.isnan(table_of(tables, Families).reconstruction.value).all()
    assert not [each for each in tables[1] if isinstance(each, Directions)]
    assert [each.arrays for each in tables[1] if isinstance(each, Arrays)] == [{}]


def test_fewer_units_than_directions_asked_for():
    """Each family has at most half as many directions as units: else the units would be the best factors."""
    random = np.random.default_rng(0)
    labels = np.arange(60) % N_CLASSES
    found, tables = reasons(Recorded(random.random((60, 4, 4, 9)), labels), directions=64)
    assert set(found.values()) == {""}
    n_directions, n_dead = by_family(tables, "n_directions"), by_family(tables, "n_dead")
    assert {n_directions[family] + n_dead[family] for family in FAMILIES} == {4}
    assert table_of(tables, Families).n_active == 2
    narrow, _ = reasons(Recorded(random.random((60, 4, 4, 7)), labels))
    assert set(narrow.values()) == {"7 units, at least 8 are needed"}


def test_images_that_are_not_finite_are_left_out_and_counted(planted):
    maps = planted[1].maps.copy()
    maps[[3, 4, 50], :, :, 0] = np.inf
    layer = Recorded(maps, planted[1].labels)
    found, tables = reasons(layer, families=["units", "nmf"])
    assert set(found.values()) == {""}
    table = table_of(tables, Families)
    assert table.n_not_finite_images == 3
    assert np.isfinite(table.reconstruction.value).all()


def test_without_units_there_is_nothing_to_compare_dictionaries_with(planted):
    _, tables = reasons(planted[1], families=["nmf"])
    assert np.isnan(table_of(tables, Layer).dictionary_reconstruction.value)
    assert np.isnan(table_of(tables, Layer).dictionary_stability.value)


def test_codes_for_ablation(planted, found):
    """Projections on orthonormal directions, sparse weights on others; undefined vectors have none."""
    fitted, _ = found
    vectors = planted[1].maps.reshape(-1, N_UNITS)[:50].astype(np.float32)
    vectors[7, 3] = np.nan
    chosen = {"svd": np.array([2, 5]), "nmf": np.array([0])}
    code = Code(fitted, chosen, 4)
    factors = {family: fitted.arrays[f"{family}_first"][1] for family in chosen}
    np.testing.assert_array_equal(
        code.directions, np.concatenate([factors["svd"][[2, 5]], factors["nmf"][[0]]])
    )
    codes = code(vectors)
    assert np.isnan(codes).all(1).tolist() == [place == 7 for place in range(50)]
    rest = np.arange(50) != 7
    np.testing.assert_allclose(codes[rest, :2], vectors[rest] @ factors["svd"][[2, 5]].T, atol=1e-6)
    expected = sparse_codes(vectors[rest], factors["nmf"], 4).values[:, 0]
    np.testing.assert_allclose(codes[rest, 2], expected, rtol=1e-6)
