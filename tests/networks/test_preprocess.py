"""Preprocessing of pixels."""

import numpy as np
import pytest
import torch
from PIL import Image

from census.networks.operators import torchvision_ready
from census.networks.preprocess import Preprocess

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
PLAIN = {"size": 8, "resize": None, "color": "RGB", "range": 1, "mean": [0, 0, 0], "std": [1, 1, 1]}


def test_values_are_scaled_shifted_and_divided():
    values = Preprocess({**PLAIN, "mean": [0.5, 0, 0], "std": [1, 2, 1]})(PIXELS)
    assert values.shape == (3, 3, 8, 8)
    assert values.dtype == torch.float32
    assert values[1, 0, 2, 3] == pytest.approx(PIXELS[1, 2, 3, 0] / 255 - 0.5, abs=1e-6)
    assert values[1, 1, 2, 3] == pytest.approx(PIXELS[1, 2, 3, 1] / 255 / 2, abs=1e-6)
    assert values.is_contiguous(memory_format=torch.channels_last)


def test_caffe_order_and_range():
    values = Preprocess({**PLAIN, "color": "BGR", "range": 255, "mean": [104, 117, 123]})(PIXELS)
    expected = PIXELS[2, 1, 1, ::-1].astype(float) - [104, 117, 123]
    np.testing.assert_allclose(values[2, :, 1, 1].numpy(), expected, atol=1e-4)


def test_gray_from_color_as_pillow_does_it():
    values = Preprocess({**PLAIN, "color": "gray", "range": 255, "mean": [0], "std": [1]})(PIXELS)
    pillow = np.asarray(Image.fromarray(PIXELS[0]).convert("L"), float)
    np.testing.assert_allclose(values[0, 0].numpy(), pillow, atol=0.51)


def test_color_from_gray_repeats_it():
    values = Preprocess(PLAIN)(PIXELS[..., :1])
    assert torch.equal(values[:, 0], values[:, 2])


def test_resize_and_crop_equal_torchvisions():
    torchvision_ready()
    from torchvision.transforms import v2

    pixels = np.random.default_rng(1).integers(0, 256, (2, 40, 40, 3), dtype=np.uint8)
    ours = Preprocess({**PLAIN, "size": 24, "resize": 32})(pixels)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    theirs = v2.functional.center_crop(v2.functional.resize(images, [32, 32], antialias=True), [24, 24])
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


def test_gradients_reach_the_pixels_through_normalization():
    pixels = torch.full((1, 3, 8, 8), 128.0, requires_grad=True)
    preprocess = Preprocess({**PLAIN, "color": "BGR", "std": [0.5, 1, 2]})
    preprocess.normalize(pixels)[0, 0].sum().backward()
    assert torch.equal(pixels.grad[0, 2], torch.full((8, 8), 1 / 255 / 0.5))
    assert not pixels.grad[0, :2].any()
