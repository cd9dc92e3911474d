"""Parametrizations of images for activation maximization."""

import numpy as np
import pytest
import torch

from census.interventions.parametrizations import COLORS, PARAMETRIZATIONS, Fourier, Pixels

NOISE = torch.from_numpy(np.random.default_rng(0).standard_normal((4, 3, 16, 16), np.float32))


def first_images(parametrization):
    return parametrization.images(parametrization.start)


@pytest.mark.parametrize("name", PARAMETRIZATIONS)
def test_images_stay_within_the_range_of_stored_ones(name):
    parametrization = PARAMETRIZATIONS[name](NOISE)
    for change in (0, 100, -300):
        images = parametrization.images(parametrization.within(parametrization.start + change))
        assert images.shape == NOISE.shape
        assert images.min() >= 0
        assert images.max() <= 255


@pytest.mark.parametrize("name", PARAMETRIZATIONS)
def test_the_first_image_is_gray_with_noise_of_its_own(name):
    images = first_images(PARAMETRIZATIONS[name](NOISE)) / 255
    assert images.mean().item() == pytest.approx(0.5, abs=0.05)
    assert 0.05 < images.std().item() < 0.15
    assert torch.equal(images[:2], first_images(PARAMETRIZATIONS[name](NOISE[:2])) / 255)


@pytest.mark.parametrize("name", PARAMETRIZATIONS)
def test_a_step_along_the_gradient_leads_up(name):
    parametrization = PARAMETRIZATIONS[name](NOISE)
    start = parametrization.start.requires_grad_()
    before = parametrization.images(start)[:, :, 3, 5].sum()
    (gradient,) = torch.autograd.grad(before, start)
    free = parametrization.free(start, gradient)
    assert free.abs().sum() > 0
    after = parametrization.within(start + 1e-3 * free / free.abs().max())
    assert parametrization.images(after)[:, :, 3, 5].sum() > before


def test_no_gradient_leads_out_of_the_range_of_pixels():
    pixels = torch.tensor([0.0, 0, 1, 1, 0.5])
    gradient = torch.tensor([-1.0, 2, -3, 4, -5])
    found = Pixels(NOISE).free(pixels, gradient)
    np.testing.assert_array_equal(found, [0, 2, -3, 0, -5])


def test_pixels_are_the_images():
    noise = torch.tensor([[[[0.0, 1.0], [10.0, -10.0]]]])
    np.testing.assert_allclose(first_images(Pixels(noise))[0, 0], [[127.5, 153], [255, 0]], rtol=1e-6)


def test_amplitudes_fall_off_as_one_over_frequency():
    noise = torch.from_numpy(np.random.default_rng(1).standard_normal((400, 1, 32, 32), np.float32))
    shares = first_images(Fourier(noise)).numpy() / 255
    power = (np.abs(np.fft.fft2(np.log(shares / (1 - shares)))) ** 2).mean((0, 1))
    # an octave higher, half the amplitude: a quarter of the power
    for low, high in [((0, 2), (0, 4)), ((0, 4), (0, 8)), ((3, 4), (6, 8))]:
        assert power[low] / power[high] == pytest.approx(4, rel=0.3)


def test_colors_of_the_first_image_covary_as_in_photographs():
    noise = torch.from_numpy(np.random.default_rng(2).standard_normal((50, 3, 16, 16), np.float32))
    shares = first_images(Fourier(noise)).numpy() / 255
    red, green, blue = np.log(shares / (1 - shares)).transpose(1, 0, 2, 3).reshape(3, -1)
    covariance = np.array(COLORS) @ np.array(COLORS).T
    expected = covariance / np.sqrt(np.outer(*[covariance.diagonal()] * 2))
    np.testing.assert_allclose(np.corrcoef([red, green, blue]), expected, atol=0.02)
    # one gray channel has no colors
    gray = torch.zeros(1, 1, 8, 8)
    assert first_images(Fourier(gray)).mean() == 127.5


def test_odd_sizes_keep_their_size():
    assert first_images(Fourier(torch.zeros(1, 1, 7, 7))).shape == (1, 1, 7, 7)
