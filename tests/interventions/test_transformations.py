"""What is done to pictures while they climb."""

import numpy as np
import torch

from census.interventions.transformations import jitter

PICTURES = torch.arange(2 * 36, dtype=torch.float32).reshape(2, 1, 6, 6)


def test_without_jitter_pictures_stay_as_they_are():
    assert jitter(PICTURES, 0, np.random.default_rng(0)) is PICTURES


def test_all_pictures_are_shifted_alike_with_the_border_mirrored():
    mirrored = np.pad(PICTURES.numpy(), [(0, 0), (0, 0), (2, 2), (2, 2)], mode="reflect")
    windows = {
        (row, column): mirrored[:, :, row : row + 6, column : column + 6]
        for row in range(5)
        for column in range(5)
    }
    random, met = np.random.default_rng(0), set()
    for _ in range(300):
        shifted = jitter(PICTURES, 2, random).numpy()
        (place,) = (place for place, window in windows.items() if np.array_equal(window, shifted))
        met.add(place)
    assert met == set(windows)


def test_gradients_pass_through():
    pictures = PICTURES.clone().requires_grad_()
    jitter(pictures, 2, np.random.default_rng(0)).sum().backward()
    assert pictures.grad.sum() == pictures.numel()
