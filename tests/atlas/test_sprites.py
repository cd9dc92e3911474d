"""Sheets and strips: position of images, lossless tiles, and reproducible bytes."""

import numpy as np
import pytest
from PIL import Image

from census.atlas.sprites import grid_of, save, sheet, strip
from census.statistics.pixels import resized


def of_one_color(n, size, channels):
    return np.broadcast_to(np.arange(n, dtype=np.uint8)[:, None, None, None] * 7, (n, size, size, channels))


@pytest.mark.parametrize(
    ("size", "largest", "side", "columns"),
    [(28, 96, 28, 36), (227, 96, 96, 10), (96, 96, 96, 10), (2000, 2000, 2000, 1)],
)
def test_small_images_keep_their_size(size, largest, side, columns):
    grid = grid_of(size, largest)
    assert grid == (side, columns)
    assert grid.per_sheet == columns**2


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("n", [1, 3, 5, 9])
def test_images_lie_row_by_row(n, channels):
    grid = grid_of(8, 8)._replace(columns=3)
    pixels = sheet(of_one_color(n, 8, channels), grid)
    columns, rows = min(n, 3), -(-n // 3)
    assert pixels.shape == (8 * rows, 8 * columns, channels)
    for place in range(rows * columns):
        y, x = 8 * (place // columns), 8 * (place % columns)
        assert (pixels[y : y + 8, x : x + 8] == (7 * place if place < n else 255)).all()


def test_larger_images_are_shrunk():
    checks = np.indices((20, 20)).sum(0)[..., None] % 2 * 255
    assert sheet(checks[None].astype(np.uint8), grid_of(20, 10)).shape == (10, 10, 1)
    shrunk = resized(checks.astype(np.uint8)[None], (10, 10), Image.Resampling.LANCZOS)[0]
    assert np.ptp(shrunk) < 40  # their pixels are mixed, not dropped


def test_a_strip_has_tiles_beside_each_other():
    tiles = [np.full((6, 3, 3), shade, np.uint8) for shade in (10, 20)]
    pixels = strip(tiles, 6)
    assert pixels.shape == (6, 8, 3)
    assert pixels[0, :, 0].tolist() == [10] * 3 + [255] * 2 + [20] * 3
    assert strip(tiles, 4).shape == (4, 2 * 2 + 2, 3)
    assert strip(tiles[:1], 4).shape == (4, 2, 3)


def test_a_strip_of_many_large_tiles_can_be_saved(tmp_path):
    pixels = strip([np.zeros((256, 256, 1), np.uint8)] * 64, 256)
    save(tmp_path / "strip.webp", pixels, exact=False)
    assert Image.open(tmp_path / "strip.webp").size == pixels.shape[1::-1]


@pytest.mark.parametrize("channels", [1, 3])
def test_exact_images_keep_every_pixel_and_others_nearly(tmp_path, channels):
    pixels = np.random.default_rng(0).integers(0, 256, (30, 20, channels)).astype(np.uint8)
    for name, exact in (("exact", True), ("not", False)):
        save(tmp_path / "a" / f"{name}.webp", pixels, exact=exact)
        save(tmp_path / "b" / f"{name}.webp", pixels, exact=exact)
        assert (tmp_path / "a" / f"{name}.webp").read_bytes() == (
            tmp_path / "b" / f"{name}.webp"
        ).read_bytes()
    read = np.asarray(Image.open(tmp_path / "a" / "exact.webp").convert("RGB"))
    np.testing.assert_array_equal(read, np.broadcast_to(pixels, (30, 20, 3)))
