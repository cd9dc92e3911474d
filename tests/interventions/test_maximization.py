"""Activation maximization."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn

from census.interventions.maximization import Maximization, Settings
from census.measures.substitution import representative_substitution, unconverged_optimizations
from census.networks.build import build
from census.networks.prepared import prepare
from census.networks.preprocess import Preprocess

SETTINGS = Settings(steps=16, step_size=0.1, parametrization="pixels", jitter=0, seed=0)
PLAIN = {"size": 8, "resize": None, "color": "gray", "range": 1, "mean": [0.5], "std": [0.25]}


def maximization(network, layer, settings=SETTINGS, entry=PLAIN, device="cpu"):
    network = network.eval()
    classes = list(network.modules())[-1].out_features
    prepared = prepare(network, {"input": entry, "classes": classes}, device=device)
    return Maximization(prepared, *prepared.select([layer]), settings)


def convolution(*kernels):
    """A convolution with these kernels and a ReLU, and the downstream layers."""
    conv = nn.Conv2d(1, len(kernels), 3, bias=False)
    with torch.no_grad():
        conv.weight[:] = torch.stack(kernels)[:, None]
    return nn.Sequential(
        OrderedDict(
            conv=conv, relu=nn.ReLU(inplace=True), flat=nn.Flatten(), fc=nn.Linear(36 * len(kernels), 2)
        )
    )


def random_network(seed=0, units=8):
    torch.manual_seed(seed)
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 6, 3),
            relu1=nn.ReLU(inplace=True),
            conv2=nn.Conv2d(6, units, 3),
            relu2=nn.ReLU(inplace=True),
            flat=nn.Flatten(),
            fc=nn.Linear(16 * units, 3),
        )
    ).eval()


KERNEL = torch.tensor([[1.0, 2, 1], [0, 0, 0], [-1, -2, -1]])


def test_a_unit_beside_a_larger_copy_of_itself_is_replaceable_and_the_copy_is_not():
    # the last unit alone responds to the opposite
    network = convolution(KERNEL, 2 * KERNEL, -KERNEL)
    units = np.arange(3)
    optimized = maximization(network, "relu").optimize(units, np.zeros(3, int), "iam")
    shares = representative_substitution(optimized.responses, units)
    np.testing.assert_allclose(shares, [1 / 3, 0, 0])


def test_independent_images_drive_other_units_less():
    units = np.arange(8)
    others = {}
    for objective in ("am", "iam"):
        optimized = maximization(random_network(), "relu2").optimize(units, np.zeros(8, int), objective)
        own = optimized.responses[units, units]
        others[objective] = (optimized.responses.sum(1) - own) / 7
    assert others["iam"].mean() < 0.9 * others["am"].mean()


def test_units_that_are_inactive_on_noise_are_driven():
    network = random_network()
    with torch.no_grad():
        network.conv2.bias[:] = -0.6
    units = np.arange(8)
    optimized = maximization(network, "relu2").optimize(units, np.zeros(8, int), "iam")
    # inactive at every position of the first image
    assert (optimized.trajectory[:, 0] < -0.3).all()
    assert (optimized.trajectory[:, -1] > optimized.trajectory[:, 0] + 0.1).all()
    assert (optimized.responses[units, units] > 0).any()


@pytest.mark.parametrize("parametrization", ["pixels", "fourier"])
def test_an_image_depends_on_its_own_unit_and_seed_only(parametrization):
    settings = Settings(16, 0.1, parametrization, 1, 0)
    optimize = maximization(random_network(), "relu2", settings).optimize
    units, seeds = np.array([0, 3, 5, 3]), np.array([0, 0, 1, 1])
    together = optimize(units, seeds, "iam")
    assert not np.array_equal(together.images[1], together.images[3])
    for place in range(4):
        alone = optimize(units[place : place + 1], seeds[place : place + 1], "iam")
        # but for the rounding of sums whose order the size of a batch decides
        np.testing.assert_allclose(alone.trajectory[0], together.trajectory[place], atol=1e-4)
        assert np.abs(alone.images[0].astype(int) - together.images[place]).max() <= 1


@pytest.mark.parametrize("settings", [SETTINGS, Settings(16, 0.1, "fourier", 2, 0)], ids=["plain", "shifted"])
def test_the_same_seed_gives_the_same_images(settings):
    first, again = (
        maximization(random_network(), "relu2", settings).optimize(np.arange(4), np.zeros(4, int), "iam")
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.images, again.images)
    np.testing.assert_array_equal(first.trajectory, again.trajectory)


def test_what_is_measured_is_what_the_network_gives_on_the_stored_image():
    network = random_network()
    units = np.array([2, 6])
    optimized = maximization(network, "relu2").optimize(units, np.zeros(2, int), "iam")
    assert optimized.images.shape == (2, 8, 8, 1)
    before = {}
    network.conv2.register_forward_hook(lambda *call: before.update(values=call[-1].clone()))
    with torch.no_grad():
        network(Preprocess(PLAIN)(optimized.images))
    rectified = before["values"].clamp(min=0).mean((2, 3)).numpy()
    np.testing.assert_allclose(optimized.responses, rectified, rtol=1e-5, atol=1e-7)
    own = rectified[[0, 1], units]
    others = (rectified.sum(1) - own) / 7
    np.testing.assert_allclose(optimized.trajectory[:, -1], own - others, rtol=1e-4)


def test_an_inactive_unit_is_optimized_by_its_preactivation_until_it_is_active():
    network = convolution(torch.ones(3, 3), KERNEL)
    network.conv.bias = nn.Parameter(torch.tensor([-11.0, 0]))
    optimized = maximization(network, "relu").optimize(np.array([0]), np.array([0]), "am")
    (path,) = optimized.trajectory
    # the pre-activation first, below 0; then the response, above
    assert path[0] < -8
    assert path[-1] == optimized.responses[0, 0] > 0


def test_an_active_unit_gains_nothing_from_positions_at_which_it_is_inactive():
    # the unit's mean pre-activation is the same on all images but for their borders; its response is not
    network = convolution(torch.tensor([[0.0, 0, 0], [1, 0, -1], [0, 0, 0]]))
    optimized = maximization(network, "relu").optimize(np.array([0]), np.array([0]), "am")
    (path,) = optimized.trajectory
    assert path[-1] > 2 * path[0] > 0
    # edges over the whole image
    assert optimized.images[0, :, :, 0].astype(float).std(1).mean() > 60


@pytest.mark.parametrize("parametrization", ["pixels", "fourier"])
@pytest.mark.parametrize(
    "entry", [{}, {"color": "BGR", "range": 255, "mean": [104, 117, 123], "std": [1, 1, 1]}]
)
def test_targets_rise(parametrization, entry):
    color = {**PLAIN, "size": 32, "color": "RGB", "mean": [0.5] * 3, "std": [0.2] * 3, **entry}
    network = build(
        {"architecture": "cnn", "arguments": {}, "classes": 3, "weights": "random", "input": color}, 0
    )
    settings = Settings(16, 0.1, parametrization, 0, 0)
    optimized = maximization(network, "relu4", settings, color).optimize(
        np.arange(16), np.zeros(16, int), "am"
    )
    assert (optimized.trajectory[:, -1] > optimized.trajectory[:, 0]).all()
    assert optimized.trajectory.shape == (16, 17)


def test_the_network_is_run_only_as_far_as_the_layer():
    network = random_network()
    network.fc = nn.Linear(128, 3)
    images = maximization(network, "relu2")
    network.fc.forward = lambda *_: pytest.fail("the network was run behind the layer")
    images.optimize(np.array([0]), np.array([0]), "am")


def optimized_in(steps, jitter=0):
    settings = Settings(steps, 0.2, "pixels", jitter, 0)
    return maximization(random_network(), "relu2", settings).optimize(np.arange(8), np.zeros(8, int), "iam")


def test_optimizations_end_when_they_have_converged():
    trajectory = optimized_in(96).trajectory.astype(float)
    assert not unconverged_optimizations(trajectory).any()
    # without the last number, that of the image rounded to 8 bits
    steps = np.diff(trajectory[:, :-1], axis=1)
    assert (steps >= 0).all()
    last = 1 + np.array([np.flatnonzero(each)[-1] for each in steps])
    assert (last < 80).all()
    # where they end, they have gained less than 1 % over the last sixth, at least four steps
    values = np.take_along_axis(trajectory, last[:, None], 1)[:, 0]
    assert (trajectory[:, -2] == values).all()
    assert unconverged_optimizations(optimized_in(8).trajectory).all()


def test_more_steps_give_higher_objectives():
    few, many = (optimized_in(steps).trajectory[:, -1] for steps in (8, 96))
    assert (many > few).all()


def test_shifted_images_are_optimized_in_all_steps():
    trajectory = optimized_in(48, jitter=2).trajectory
    steps = np.diff(trajectory[:, :-1], axis=1)
    assert (steps != 0).all()
    assert (steps < 0).any()
    assert (trajectory[:, -1] > trajectory[:, 0]).all()


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_an_optimization_that_meets_no_number_ends_as_none(number):
    network = random_network()
    with torch.no_grad():
        network.conv2.weight[3] = number
    units = np.array([2, 3])
    optimized = maximization(network, "relu2").optimize(units, np.zeros(2, int), "am")
    assert np.isfinite(optimized.trajectory[0]).all()
    assert not np.isfinite(optimized.trajectory[1]).any()
    assert np.isnan(representative_substitution(optimized.responses, units)).all()


class Detached(nn.Module):
    """A network whose second layer has no gradient with respect to the image, and whose first one has."""

    def __init__(self):
        super().__init__()
        self.conv1, self.relu1 = nn.Conv2d(1, 4, 3), nn.ReLU()
        self.conv2, self.relu2, self.fc = nn.Conv2d(4, 4, 3), nn.ReLU(), nn.Linear(64, 3)

    def forward(self, images):
        values = self.relu1(self.conv1(images)).detach()
        return self.fc(self.relu2(self.conv2(values)).flatten(1))


@pytest.mark.parametrize("layer", ["relu2", "output"])
def test_a_layer_without_a_gradient_has_failed_optimizations(layer):
    torch.manual_seed(0)
    units = np.arange(3)
    optimized = maximization(Detached(), layer).optimize(units, np.zeros(3, int), "iam")
    # the image is noise: no response to it says anything about a unit
    assert np.isnan(optimized.trajectory).all()
    assert optimized.trajectory.shape == (3, 17)
    assert np.isnan(optimized.responses).all()
    first = maximization(Detached(), "relu1").optimize(units, np.zeros(3, int), "iam")
    assert (first.trajectory[:, -1] > first.trajectory[:, 0]).all()


def test_a_layer_without_activation_function_is_driven_itself():
    optimized = maximization(random_network(), "output").optimize(np.arange(3), np.zeros(3, int), "am")
    np.testing.assert_allclose(optimized.trajectory[:, -1], optimized.responses[np.arange(3), np.arange(3)])
    assert (optimized.trajectory[:, -1] > optimized.trajectory[:, 0]).all()


class Residual(nn.Module):
    """A sum with a ReLU, whose module is called twice."""

    def __init__(self):
        super().__init__()
        self.conv, self.relu = nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(inplace=True)
        self.fc = nn.Linear(4 * 64, 3)

    def forward(self, images):
        values = self.relu(self.conv(images))
        values += images
        return self.fc(self.relu(values).flatten(1))


def test_the_sum_of_a_residual_network_is_read_where_its_activation_function_returns_it():
    torch.manual_seed(0)
    network = Residual().eval()
    optimized = maximization(network, "relu_1").optimize(np.arange(4), np.zeros(4, int), "am")
    images = Preprocess(PLAIN)(optimized.images)
    with torch.no_grad():
        total = network.conv(images).clamp(min=0) + images
    np.testing.assert_allclose(
        optimized.trajectory[:, -1], total.clamp(min=0).mean((2, 3)).diagonal(), rtol=1e-4
    )


@pytest.mark.gpu
def test_a_gpu_optimizes_as_a_cpu_does():
    cpu, cuda = (
        maximization(random_network(), "relu2", device=device).optimize(np.arange(8), np.zeros(8, int), "iam")
        for device in ("cpu", "cuda")
    )
    np.testing.assert_allclose(cuda.trajectory, cpu.trajectory, rtol=0.02, atol=1e-3)
