"""Ablation gives the results of full forward passes with a hook that ablates the units."""

import numpy as np
import pytest
import torch
from torch import nn

from census.interventions.ablation import Ablation
from census.measures.ablation import compare
from census.networks.prepared import prepare
from census.networks.preprocess import Preprocess

INPUT = {"size": 8, "resize": None, "color": "gray", "range": 1, "mean": [0.5], "std": [0.5]}
N_IMAGES, UNITS = 7, 5
PIXELS = np.random.default_rng(0).integers(0, 256, (N_IMAGES, 8, 8, 1), dtype=np.uint8)
LABELS = np.arange(N_IMAGES, dtype=np.int32) % 3
CHANGED = np.array([[True, False, False, False, False], [False, True, False, True, True], [False] * UNITS])


@pytest.fixture
def network():
    network = nn.Sequential(
        nn.Conv2d(1, UNITS, 3), nn.ReLU(), nn.Conv2d(UNITS, 4, 3), nn.Flatten(), nn.Linear(64, 3)
    )
    return network.eval()


def ablation(network, labels=LABELS, batch=3):
    prepared = prepare(network, {"input": INPUT, "classes": 3}, pixels=PIXELS)
    return Ablation(prepared, *prepared.select(["1"]), PIXELS, labels, batch=batch, seed=0)


def logits_of(network, take_out=None):
    """Return the logits of all images, with a hook on the activation function."""
    handle = network[1].register_forward_hook(lambda _, __, maps: take_out(maps) if take_out else None)
    with torch.inference_mode():
        logits = network(Preprocess(INPUT)(PIXELS)).numpy()
    handle.remove()
    return logits


def without(units, by):
    def take_out(maps):
        maps = maps.clone()
        maps[:, units] = by[:, units]
        return maps

    return take_out


@pytest.mark.parametrize("labels", [LABELS, None])
@pytest.mark.parametrize("mode", ["zero", "mean"])
@pytest.mark.parametrize("batch", [3, 64])
def test_zero_and_mean(network, labels, mode, batch):
    average = np.linspace(0.1, 0.5, UNITS)
    found = ablation(network, labels, batch).outcomes(CHANGED, mode, average)
    by = torch.from_numpy(average if mode == "mean" else np.zeros(UNITS)).float()[None, :, None, None]
    by = by.expand(N_IMAGES, UNITS, 6, 6)
    intact = logits_of(network)
    for number, units in enumerate(CHANGED):
        expected = compare(logits_of(network, without(torch.from_numpy(units), by)), intact, labels)
        np.testing.assert_allclose(found.changed.loss[number], expected.loss, atol=1e-5)
        np.testing.assert_array_equal(found.changed.accuracy[number], expected.accuracy)
    np.testing.assert_array_equal(found.changed.loss[2], found.intact.loss)
    np.testing.assert_array_equal(found.classes, intact.argmax(1) if labels is None else labels)


def test_a_map_of_another_image(network):
    """What stands in for an image's map is that of exactly one other, and each image's is used once."""
    found = ablation(network).outcomes(np.ones((1, UNITS), bool), "resampled", np.zeros(UNITS))
    intact = logits_of(network)
    # with all maps replaced, an image has the logits of the other image
    losses = np.stack([compare(np.roll(intact, by, 0), intact, LABELS).loss for by in range(N_IMAGES)])
    donors = [
        [(image - by) % N_IMAGES for by in range(N_IMAGES) if abs(losses[by, image] - loss) < 1e-5]
        for image, loss in enumerate(found.changed.loss[0])
    ]
    assert all(len(each) == 1 for each in donors)
    donors = [donor for (donor,) in donors]
    assert sorted(donors) == list(range(N_IMAGES))
    assert all(donor != image for image, donor in enumerate(donors))


def test_means_over_other_images(network):
    others = np.random.default_rng(1).integers(0, 256, (10, 8, 8, 1), dtype=np.uint8)
    with torch.inference_mode():
        expected = network[:2](Preprocess(INPUT)(others)).mean((0, 2, 3)).numpy()
    np.testing.assert_allclose(ablation(network).mean_over(others), expected, rtol=1e-5)


MANY = np.random.default_rng(2).integers(0, 256, (40, 8, 8, 1), dtype=np.uint8)
SOME = np.array([4, 0, 2])


@pytest.fixture
def strong(network):
    """A network in which single units matter: far from where it is linear in them."""
    torch.manual_seed(0)
    for each in network[2:]:
        if hasattr(each, "weight"):
            nn.init.normal_(each.weight, std=0.5)
    return network


def optimal(network, units=SOME, average=None, batch=64, labels=None):
    prepared = prepare(network, {"input": INPUT, "classes": 3}, pixels=PIXELS)
    this = Ablation(prepared, *prepared.select(["1"]), MANY, labels, batch=batch, seed=0)
    average = this.mean_over(MANY) if average is None else average
    return this, average, *this.optimal_outcomes(units, average)


def divergences(this, units, constants):
    """Return the divergence of each image with each unit at one constant everywhere."""
    average = np.zeros(UNITS)
    average[units] = constants
    return this.outcomes(np.arange(UNITS) == units[:, None], "mean", average).changed.divergence


def test_without_units_there_are_no_constants(strong):
    this, average, found, constants = optimal(strong, units=np.empty(0, np.int64))
    assert constants.shape == (2, 0)
    expected = this.outcomes(np.zeros((0, UNITS), bool), "zero", average)
    np.testing.assert_array_equal(found.intact.loss, expected.intact.loss)


def test_optimal_constants_against_a_grid(strong):
    this, _, found, constants = optimal(strong)
    with torch.inference_mode():
        largest = strong[:2](Preprocess(INPUT)(MANY)).amax((0, 2, 3)).numpy()
    grid = np.stack([divergences(this, SOME, share * largest[SOME]) for share in np.linspace(0, 1, 201)])
    assert (grid.max(0) > 0.01).any(1).all()
    for half in range(2):
        here = this._half == half
        of_half = grid[:, :, here].mean(2)
        fitted = divergences(this, SOME, constants[half])
        # as good as the best of 201 constants, on the images on which it was fitted
        assert (fitted[:, here].mean(1) <= of_half.min(0) + 1e-4 * of_half.max(0)).all()
        np.testing.assert_allclose(
            constants[half],
            np.linspace(0, 1, 201)[of_half.argmin(0)] * largest[SOME],
            atol=0.02 * largest[SOME].max(),
        )
        # what is reported is of the other half
        np.testing.assert_allclose(found.changed.divergence[:, ~here], fitted[:, ~here], atol=1e-6)
    assert (constants[0] != constants[1]).all()


def test_no_other_ablation_loses_less_on_the_images_of_the_fit(strong):
    this, average, _, constants = optimal(strong, np.arange(UNITS))
    alone = np.eye(UNITS, dtype=bool)
    for half in range(2):
        here = this._half == half
        fitted = divergences(this, np.arange(UNITS), constants[half])[:, here].mean(1)
        for mode in ("zero", "mean"):
            other = this.outcomes(alone, mode, average).changed.divergence[:, here].mean(1)
            assert (fitted <= other + 1e-7).all()


def test_constants_depend_neither_on_the_batch_nor_on_the_other_units(strong):
    _, average, first, constants = optimal(strong)
    _, _, again, same = optimal(strong)
    np.testing.assert_array_equal(constants, same)
    np.testing.assert_array_equal(first.changed.divergence, again.changed.divergence)
    # float32 in batches of other sizes: near a minimum, constants that differ give the same divergence
    _, _, small, near = optimal(strong, batch=7, average=average)
    np.testing.assert_allclose(near, constants, atol=0.02)
    np.testing.assert_allclose(small.changed.divergence.mean(1), first.changed.divergence.mean(1), rtol=1e-3)
    _, _, one, alone = optimal(strong, SOME[1:2], average=average)
    np.testing.assert_allclose(alone, constants[:, 1:2], atol=0.02)
    assert one.changed.divergence.shape == (1, len(MANY))


def test_images_of_a_class_are_in_both_halves(strong):
    labels = np.arange(len(MANY), dtype=np.int32) % 3
    this, *_ = optimal(strong, labels=labels)
    n_first = np.bincount(labels[this._half == 1])
    assert (np.abs(2 * n_first - np.bincount(labels)) <= 1).all()


def test_inactive_and_constant_units_lose_nothing(strong):
    with torch.no_grad():
        strong[0].weight[:2] = 0
        strong[0].bias[:2] = torch.tensor([-1.0, 0.7])
    _, _, found, constants = optimal(strong, np.array([0, 1]), average=np.linspace(0.1, 0.5, UNITS))
    np.testing.assert_array_equal(constants, np.float32([[0, 0.7]] * 2))
    assert (found.changed.divergence == 0).all()


def test_units_without_downstream_connections_stay_at_zero(strong):
    with torch.no_grad():
        strong[2].weight[:, 0] = 0
    _, _, found, constants = optimal(strong, np.array([0]))
    assert (constants == 0).all()
    assert (found.changed.divergence == 0).all()


def test_units_that_make_the_output_undefined_have_no_constant(strong):
    with torch.no_grad():
        strong[2].weight[:, 0] = float("nan")
    _, _, found, constants = optimal(strong, np.array([0, 1]))
    assert np.isnan(constants).all()
    assert np.isnan(found.changed.divergence).all()


def test_no_units_have_no_constants(strong):
    _, _, found, constants = optimal(strong, np.arange(0))
    assert constants.shape == (2, 0)
    assert found.changed.divergence.shape == (0, len(MANY))


def projected(directions):
    return lambda vectors: vectors @ directions.T


def test_the_direction_of_a_unit_is_the_unit(network):
    """Exactly: the same images run, in batches of the same size."""
    axes = np.eye(UNITS, dtype=np.float32)[[3, 0, 4]]
    units = ablation(network).outcomes(axes > 0, "zero", np.zeros(UNITS))
    found = ablation(network).direction_outcomes(axes, projected(axes))
    for one, other in zip(found.changed, units.changed, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (found.changed.divergence > 0).any()


@pytest.mark.parametrize("batch", [3, 64])
def test_parts_are_subtracted_from_all_vectors(network, batch):
    directions = np.random.default_rng(0).standard_normal((2, UNITS)).astype(np.float32)

    def code(vectors):
        return np.maximum(vectors @ directions.T - 0.1, 0)

    found = ablation(network, None, batch).direction_outcomes(directions, code)
    intact = logits_of(network)
    for number, direction in enumerate(directions):

        def take_out(maps, number=number, direction=direction):
            vectors = maps.permute(0, 2, 3, 1)
            codes = torch.from_numpy(code(vectors.reshape(-1, UNITS).numpy())[:, number])
            part = codes.reshape(vectors.shape[:3])[..., None] * torch.from_numpy(direction)
            return (vectors - part).permute(0, 3, 1, 2)

        expected = compare(logits_of(network, take_out), intact, None)
        np.testing.assert_allclose(found.changed.divergence[number], expected.divergence, atol=1e-6)
        np.testing.assert_array_equal(found.changed.changed[number], expected.changed)


@pytest.fixture
def readout():
    """A network whose logits read one direction of three units, and nothing else of them."""
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(3 * 36, 3))
    with torch.no_grad():
        read = torch.tensor([0.6, 0.8, 0.0])
        strengths = torch.linspace(-3, 3, 3)
        network[3].weight.copy_(
            (strengths[:, None, None] * read[:, None] / 6).expand(3, 3, 36).reshape(3, -1)
        )
    return network.eval()


def test_only_the_direction_that_logits_read_changes_answers(readout):
    directions = np.array([[0.6, 0.8, 0], [0, 0, 1], [0.8, -0.6, 0]], np.float32)
    found = ablation(readout).direction_outcomes(directions, projected(directions)).changed
    assert (found.divergence[0] > 0.01).all()
    # of a unit without outgoing connections no bit changes, of an oblique direction rounding is left
    np.testing.assert_array_equal(found.divergence[1], 0)
    np.testing.assert_array_equal(found.changed[1:], 0)
    assert found.divergence[2].max() < 1e-10


def test_directions_without_codes_change_nothing_and_nan_stays(network):
    directions = np.eye(UNITS, dtype=np.float32)[:2]
    this = ablation(network)
    nothing = this.direction_outcomes(directions, lambda vectors: np.zeros((len(vectors), 2)))
    np.testing.assert_array_equal(nothing.changed.divergence, 0)
    undefined = this.direction_outcomes(directions, lambda vectors: np.full((len(vectors), 2), np.nan))
    assert np.isnan(undefined.changed.divergence).all()
