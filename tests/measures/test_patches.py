"""Patches of top images, by hand and against the network's own preprocessing."""

import numpy as np
import pytest

from census.measures.patches import (
    Patches,
    as_seen,
    corners,
    cut,
    field_of,
    neutral_outside,
    shrink,
)
from census.networks.fields import ReceptiveField
from census.statistics.pixels import shrunk_size


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (3, 8, 10, 3), dtype=np.uint8)


def test_receptive_fields_are_spaced_by_the_stride():
    field = field_of({"size": [5, 3], "stride": [4, 2], "offset": [-2, -1]}, 20)
    assert field == ReceptiveField((5, 3), (4, 2), (-2, -1))
    found = corners(np.array([0, 1, 7, 13], np.int32), 7, field)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, [[-2, -1], [-2, 1], [2, -1], [2, 11]])


def test_a_receptive_field_of_the_whole_image_has_one_patch():
    field = field_of(None, 20)
    assert field.size == (20, 20)
    np.testing.assert_array_equal(corners(np.array([0, 5]), 3, field), [[0, 0], [0, 0]])


def test_a_patch_within_is_a_part_of_its_image(images):
    patches = cut(images, np.array([[0, 0], [2, 3], [5, 7]]), (3, 3))
    assert patches.pixels.dtype == np.uint8
    assert patches.inside.all()
    for patch, image, (y, x) in zip(patches.pixels, images, [(0, 0), (2, 3), (5, 7)], strict=True):
        np.testing.assert_array_equal(patch, image[y : y + 3, x : x + 3])


def test_a_patch_is_clipped_at_the_border_and_filled_with_its_pixels(images):
    patches = cut(images, np.array([[-1, -2], [6, 8], [-20, 0]]), (4, 4))
    above, below, far = patches.inside
    np.testing.assert_array_equal(above, np.outer([0, 1, 1, 1], [0, 0, 1, 1]).astype(bool))
    np.testing.assert_array_equal(below, np.outer([1, 1, 0, 0], [1, 1, 0, 0]).astype(bool))
    assert not far.any()
    np.testing.assert_array_equal(patches.pixels[0][1:, 2:], images[0, :3, :2])
    np.testing.assert_array_equal(patches.pixels[0][0, :2], np.broadcast_to(images[0, 0, 0], (2, 3)))
    np.testing.assert_array_equal(patches.pixels[1][2:, 2:], np.broadcast_to(images[1, -1, -1], (2, 2, 3)))


def test_no_image_gives_no_patch(images):
    patches = shrink(cut(images[:0], np.empty((0, 2), np.int64), (40, 40)), 8)
    assert patches.pixels.shape == (0, 8, 8, 3)
    assert patches.inside.shape == (0, 8, 8)


@pytest.mark.parametrize(
    ("size", "expected"), [((32, 32), (32, 32)), ((3, 5), (3, 5)), ((64, 16), (32, 8)), ((500, 3), (32, 1))]
)
def test_only_large_patches_are_shrunk(size, expected):
    assert shrunk_size(size, 32) == expected


@pytest.mark.parametrize("channels", [1, 3])
def test_shrunk_pixels_are_means_of_their_area(channels):
    pixels = np.random.default_rng(1).integers(0, 256, (2, 8, 8, channels), dtype=np.uint8)
    inside = np.ones((2, 8, 8), bool)
    inside[0, :3] = False  # the second row of the result is half outside
    inside[1, :, 7:] = False
    found = shrink(Patches(pixels, inside), 4)
    means = pixels.reshape(2, 4, 2, 4, 2, channels).mean((2, 4))
    assert np.abs(found.pixels - means).max() <= 1
    np.testing.assert_array_equal(found.inside[0].all(1), [False, True, True, True])
    np.testing.assert_array_equal(found.inside[1].all(0), [True] * 4)
    whole = Patches(pixels, inside)
    assert shrink(whole, 8) is whole


def test_images_of_the_input_s_size_are_not_changed(images):
    square = images[:, :, :8]
    assert as_seen(square, 8, 8).base is not None
    np.testing.assert_array_equal(as_seen(square, 8, 8), square)
    np.testing.assert_array_equal(as_seen(square, 4, 8), square[:, 2:6, 2:6])


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "nearest"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("size", "resize", "shape"), [(12, 12, (40, 40)), (21, 26, (17, 31)), (9, 10, (10, 30))]
)
def test_images_are_resized_as_for_the_network(channels, size, resize, shape, interpolation):
    from census.networks.preprocess import Preprocess

    pixels = np.random.default_rng(2).integers(80, 176, (2, *shape, channels), dtype=np.uint8)
    entry = {
        "size": size,
        "resize": resize,
        "interpolation": interpolation,
        "color": "gray" if channels == 1 else "RGB",
        "range": 255,
        "mean": [0] * channels,
        "std": [1] * channels,
    }
    expected = Preprocess(entry)(pixels).numpy().transpose(0, 2, 3, 1)
    found = as_seen(pixels, size, resize, interpolation)
    assert found.shape == expected.shape
    # rounded after rows, and after columns, whose cubic weights add up to more than 1
    assert np.abs(found - expected).max() <= (2.01 if interpolation == "bicubic" else 1.01)


def test_pixels_outside_do_not_deviate_from_the_mean(images):
    patches = cut(images, np.array([[-1, 0], [-1, 2], [-3, 2]]), (3, 3))
    found = neutral_outside(patches)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[patches.inside], patches.pixels[patches.inside])
    np.testing.assert_allclose(found[2, 1], found[:2, 1].mean(0), rtol=1e-6)
    assert (found[:, 0] == 0).all()  # outside of all of them
    whole = cut(images, np.zeros((3, 2), np.int64), (8, 8))
    np.testing.assert_array_equal(neutral_outside(whole), whole.pixels)
