"""Universality of networks whose units are planted."""

from types import SimpleNamespace

import numpy as np
import pytest

from census.errors import StudyError
from census.measures.universality import Layer, Parameters, Partners, Units, compute
from census.tables.arrow import arrow
from census.tables.keys import KEYS

N_IMAGES, N_UNITS = 200, 10
ORDERS = [np.random.default_rng(seed).permutation(N_UNITS) for seed in range(3)]


def recording(network, responses, *, checkpoint="final", kind="nonlinearity", images=None):
    """Return a layer's recording of a network."""
    place = {"network": network, "layer": "relu1", "checkpoint": checkpoint, "kind": kind}
    return SimpleNamespace(
        attributes=dict.fromkeys(KEYS) | place,
        images=np.arange(N_IMAGES) if images is None else images,
        shape=(responses.shape[1], 1, 1),
        on_images=lambda name, places: responses[places],
    )


def responses():
    """Return the responses of units with common sources, one of which is constant."""
    random = np.random.default_rng(0)
    units = random.gamma(0.5, size=(N_IMAGES, 4)) @ random.uniform(size=(4, N_UNITS))
    units += random.gamma(0.5, size=units.shape)
    units[:, 3] = 0
    return units.astype(np.float32)


@pytest.fixture(scope="module")
def found():
    """What is found of three networks with the same units in other orders; of noise before training."""
    units, random = responses(), np.random.default_rng(1)
    layers = []
    for number, order in enumerate(ORDERS):
        noise = random.gamma(0.5, size=units.shape).astype(np.float32)
        layers.append(recording(f"cnn@{number}", noise, checkpoint="0"))
        layers.append(recording(f"cnn@{number}", units[:, order]))
    return list(compute(layers, Parameters(images=150, draws=3), seed=0))


def tables(found, kind, checkpoint="final"):
    return [
        arrow(each, {}) for each in found if isinstance(each, kind) and each.of["checkpoint"] == checkpoint
    ]


def test_each_unit_recurs_in_the_other_networks(found):
    units = tables(found, Units)
    assert len(units) == 3
    for table, order in zip(units, ORDERS, strict=True):
        constant = order == 3
        for name in ("universality", "universality_assigned", "universality_mutual"):
            np.testing.assert_allclose(table[name].to_numpy(), np.where(constant, np.nan, 1), atol=1e-5)
        assert (table["universality_rotated"].to_numpy()[~constant] < 0.95).all()


def test_partners_are_named(found):
    partners = tables(found, Partners)
    assert len(partners) == 6
    rows = partners[0].to_pylist()
    assert {(row["network"], row["other"]) for row in rows} == {("cnn@0", "cnn@1")}
    for row, unit in zip(rows, ORDERS[0], strict=True):
        expected = None if unit == 3 else ORDERS[1].tolist().index(unit)
        assert row["partner"] == row["assigned_partner"] == expected


def test_layers_are_above_both_controls_and_noise_is_not(found):
    for table in tables(found, Layer):
        (row,) = table.to_pylist()
        assert (row["n_networks"], row["n_compared_images"], row["n_incomparable_units"]) == (3, 150, 1)
        assert row["universality_mean"] == pytest.approx(1, abs=1e-5)
        assert row["universality_permuted"] < row["universality_rotated"] < 0.9
        assert row["universality_assigned_rotated"] < row["universality_rotated"]
        assert row["universality_mutual_rotated"] < 1
    for table in tables(found, Layer, "0"):
        (row,) = table.to_pylist()
        assert row["universality_mean"] == pytest.approx(row["universality_rotated"], abs=0.06)
        assert row["universality_mean"] == pytest.approx(row["universality_permuted"], abs=0.06)


def test_the_input_has_no_universality():
    layers = [recording(name, responses(), kind="input") for name in ("cnn", "cnn@1")]
    assert not list(compute(layers, Parameters(), seed=0))


def test_recordings_of_different_images_are_refused():
    one, other = (recording(name, responses()) for name in ("cnn", "cnn@1"))
    other.images = np.arange(N_IMAGES)[::-1]
    with pytest.raises(StudyError, match="cnn and cnn@1 were recorded on different images; delete"):
        list(compute([one, other], Parameters(), seed=0))


def test_images_are_drawn_at_random():
    """Where only the first images of a recording are alike, as in data sets in the order of classes."""
    units = responses()
    other = np.where(np.arange(N_IMAGES)[:, None] < 100, units, np.random.default_rng(1).permutation(units))
    networks = [recording("cnn@0", units), recording("cnn@1", other.astype(np.float32))]
    layers = [
        arrow(each, {})["universality_mean"][0].as_py()
        for n_images in (100, N_IMAGES)
        for each in compute(networks, Parameters(images=n_images, draws=1), seed=0)
        if isinstance(each, Layer)
    ]
    assert layers[0] == pytest.approx(layers[-1], abs=0.1)
    assert layers[0] < 0.8
