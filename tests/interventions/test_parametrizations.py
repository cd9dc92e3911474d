"""Parametrizations of images for activation maximization."""

import numpy as np
import pytest
import torch

from census.interventions.parametrizations import PARAMETRIZATIONS, Fourier, Pixels

NOISE = torch.from_numpy(np.random.default_rng(0).standard_normal((4, 3, 16, 16), np.float32))


@pytest.mark.parametrize("name", PARAMETRIZATIONS)
def test_images_stay_within_the_range_of_stored_ones(name):
    parametrization = PARAMETRIZATIONS[name](NOISE)
    for change in (0, 100, -300):
        parametrization.update(torch.full_like(parametrization.parameters, change))
        images = parametrization.images()
        assert images.shape == NOISE.shape
        assert images.min() >= 0
        assert images.max() <= 255


@pytest.mark.parametrize("name", PARAMETRIZATIONS)
def test_the_first_image_is_gray_with_noise_of_its_own(name):
    images = PARAMETRIZATIONS[name](NOISE).images().detach() / 255
    assert images.mean().item() == pytest.approx(0.5, abs=0.05)
    assert 0.05 < images.std().item() < 0.15
    assert torch.equal(images[:2], PARAMETRIZATIONS[name](NOISE[:2]).images() / 255)


@pytest.mark.parametrize("name", PARAMETRIZATIONS)
def test_a_step_along_the_gradient_leads_up(name):
    parametrization = PARAMETRIZATIONS[name](NOISE)
    before = parametrization.images()[:, :, 3, 5].sum()
    (gradient,) = torch.autograd.grad(before, parametrization.parameters)
    assert gradient.abs().sum() > 0
    parametrization.update(1e-3 * gradient / gradient.abs().max())
    assert parametrization.images()[:, :, 3, 5].sum() > before


def test_pixels_are_the_images():
    noise = torch.tensor([[[[0.0, 1.0], [10.0, -10.0]]]])
    np.testing.assert_allclose(Pixels(noise).images().detach()[0, 0], [[127.5, 153], [255, 0]], rtol=1e-6)


def test_amplitudes_fall_off_as_one_over_frequency():
    noise = torch.from_numpy(np.random.default_rng(1).standard_normal((400, 1, 32, 32), np.float32))
    shares = Fourier(noise).images().detach().numpy() / 255
    power = (np.abs(np.fft.fft2(np.log(shares / (1 - shares)))) ** 2).mean((0, 1))
    # an octave higher, half the amplitude: a quarter of the power
    for low, high in [((0, 2), (0, 4)), ((0, 4), (0, 8)), ((3, 4), (6, 8))]:
        assert power[low] / power[high] == pytest.approx(4, rel=0.3)


def test_odd_sizes_keep_their_size():
    assert Fourier(torch.zeros(1, 1, 7, 7)).images().shape == (1, 1, 7, 7)
