"""Transformations of images during optimization."""

import numpy as np
import torch

from census.interventions.transformations import jitter

IMAGES = torch.arange(2 * 36, dtype=torch.float32).reshape(2, 1, 6, 6)


def test_without_jitter_images_stay_as_they_are():
    assert jitter(IMAGES, 0, np.random.default_rng(0)) is IMAGES


def test_all_images_are_shifted_alike_with_the_border_mirrored():
    mirrored = np.pad(IMAGES.numpy(), [(0, 0), (0, 0), (2, 2), (2, 2)], mode="reflect")
    windows = {
        (row, column): mirrored[:, :, row : row + 6, column : column + 6]
        for row in range(5)
        for column in range(5)
    }
    random, met = np.random.default_rng(0), set()
    for _ in range(300):
        shifted = jitter(IMAGES, 2, random).numpy()
        (place,) = (place for place, window in windows.items() if np.array_equal(window, shifted))
        met.add(place)
    assert met == set(windows)


def test_gradients_pass_through():
    images = IMAGES.clone().requires_grad_()
    jitter(images, 2, np.random.default_rng(0)).sum().backward()
    assert images.grad.sum() == images.numel()
