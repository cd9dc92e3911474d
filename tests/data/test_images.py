"""Conversion of images of all formats."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from census.data.images import DecodedImage, Form, Unreadable, decode

WHITE, RED, GREEN, BLUE = (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255)


def image(rows, mode="RGB"):
    """Return an image with the given rows of pixels."""
    made = Image.new(mode, (len(rows[0]), len(rows)))
    made.putdata([pixel for row in rows for pixel in row])
    return made


def test_opaque_pixels_are_unchanged(tmp_path):
    pixels = Form()(image([[RED, GREEN, BLUE]]))
    assert pixels.dtype == np.uint8
    assert pixels.tolist() == [[list(RED), list(GREEN), list(BLUE)]]


def test_transparent_pixels_are_composited_over_the_background():
    translucent = image([[(255, 0, 0, 255), (255, 0, 0, 0), (255, 0, 0, 51)]], "RGBA")
    assert Form(background=WHITE)(translucent).tolist() == [[[255, 0, 0], [255, 255, 255], [255, 204, 204]]]
    assert Form(background=BLUE)(translucent).tolist() == [[[255, 0, 0], [0, 0, 255], [51, 0, 204]]]


def test_gray_with_alpha():
    assert Form(background=RED)(image([[(7, 255), (7, 0)]], "LA")).tolist() == [[[7, 7, 7], [255, 0, 0]]]


def test_transparent_entry_of_a_palette(tmp_path):
    indexed = image([[0, 1]], "P")
    indexed.putpalette([*GREEN, *RED])
    indexed.save(tmp_path / "palette.png", transparency=1)
    with Image.open(tmp_path / "palette.png") as opened:
        assert opened.mode == "P"
        assert Form(background=BLUE)(opened).tolist() == [[list(GREEN), list(BLUE)]]


def test_transparent_color(tmp_path):
    image([[RED, GREEN]]).save(tmp_path / "color.png", transparency=GREEN)
    with Image.open(tmp_path / "color.png") as opened:
        assert opened.mode == "RGB"
        assert Form(background=BLUE)(opened).tolist() == [[list(RED), list(BLUE)]]


@pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
def test_invisible_colors_do_not_bleed(fit):
    half = image([[(255, 255, 255, 255)] * 8 + [(0, 0, 0, 0)] * 8] * 16, "RGBA")
    assert (Form(5, fit, WHITE)(half) == 255).all()


def test_orientation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise: what is left comes to the top
    image([[RED, GREEN]]).save(tmp_path / "turned.png", exif=exif)
    with Image.open(tmp_path / "turned.png") as opened:
        assert Form()(opened).tolist() == [[list(RED)], [list(GREEN)]]


def test_sixteen_bits_are_scaled_not_clipped(tmp_path):
    Image.fromarray(np.array([[0, 257 * 100, 65535]], dtype=np.uint16)).save(tmp_path / "deep.png")
    with Image.open(tmp_path / "deep.png") as opened:
        assert Form()(opened)[0, :, 0].tolist() == [0, 100, 255]


def test_one_bit():
    assert Form()(image([[0, 1]], "1"))[0, :, 0].tolist() == [0, 255]


def test_pixels_without_a_white_are_refused():
    read = decode("a.tif", lambda: (Image.new("F", (1, 1)), 0), Form())
    assert read == Unreadable("a.tif", "ValueError: pixels of the mode 'F' have no defined white")


def test_pad_keeps_all_of_the_image_in_the_middle():
    wide = image([[RED, GREEN, BLUE, RED], [BLUE, BLUE, GREEN, GREEN]])
    black = [0, 0, 0]
    assert Form(4, "pad", (0, 0, 0))(wide).tolist() == [
        [black] * 4,
        [list(each) for each in (RED, GREEN, BLUE, RED)],
        [list(each) for each in (BLUE, BLUE, GREEN, GREEN)],
        [black] * 4,
    ]
    tall = Form(4, "pad", (0, 0, 0))(wide.transpose(Image.Transpose.TRANSPOSE))
    np.testing.assert_array_equal(tall, Form(4, "pad", (0, 0, 0))(wide).transpose(1, 0, 2))


def test_pad_enlarges_small_images():
    pixels = Form(8, "pad", BLUE)(image([[RED, RED]]))
    assert (pixels[2:6] == RED).all()
    assert (pixels[:2] == BLUE).all()
    assert (pixels[6:] == BLUE).all()


def test_pad_keeps_at_least_a_line_of_a_very_long_image():
    pixels = Form(10, "pad", WHITE)(Image.new("RGB", (1000, 1), RED))
    assert (pixels[4] == RED).all()
    assert (np.delete(pixels, 4, axis=0) == 255).all()


def test_crop_keeps_the_middle():
    wide = image([[RED, GREEN, BLUE, RED], [BLUE, BLUE, GREEN, GREEN]])
    assert Form(2, "crop")(wide).tolist() == [[list(GREEN), list(BLUE)], [list(BLUE), list(GREEN)]]


def test_stretch_keeps_all_of_the_image():
    wide = image([[RED, GREEN, BLUE, RED]] * 2)
    assert Form(4, "stretch")(wide).tolist() == [[list(each) for each in (RED, GREEN, BLUE, RED)]] * 4


def test_shrinking_is_antialiased():
    lines = Image.fromarray(np.tile(np.array([0, 255], dtype=np.uint8), (64, 32)))
    # without a filter as wide as the factor, lines alternate between black and white
    assert np.abs(Form(7, "pad").gray()(lines).astype(int) - 127).max() <= 10


def test_gray():
    gray = Form(2, "pad", WHITE).gray()
    assert gray(Image.new("L", (2, 1), 9)).tolist() == [[[9], [9]], [[255], [255]]]


@given(
    width=st.integers(1, 40),
    height=st.integers(1, 40),
    size=st.integers(1, 20),
    fit=st.sampled_from(["pad", "crop", "stretch"]),
    mode=st.sampled_from(["RGB", "RGBA", "L", "LA", "P", "1", "CMYK"]),
)
def test_any_image_fits(width, height, size, fit, mode):
    assert Form(size, fit)(Image.new(mode, (width, height))).shape == (size, size, 3)
    assert Form(None, fit)(Image.new(mode, (width, height))).shape == (height, width, 3)


@pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "I;16"])
def test_huge_images_are_averaged_to_nearly_the_same(fit, mode, monkeypatch):
    rows, columns = np.mgrid[:300, :450]
    waves = (127 + 60 * np.sin(rows / 40) + 60 * np.cos(columns / 50)).astype(np.uint8)
    huge = Image.fromarray(waves.astype(np.uint16) * 257 if mode == "I;16" else waves)
    if mode == "RGBA":
        huge = huge.convert("RGB")
        huge.putalpha(Image.fromarray((255 * (columns > 200)).astype(np.uint8)))
    elif mode != "I;16":
        huge = huge.convert(mode)
    whole = Form(10, fit, RED)(huge)
    monkeypatch.setattr("census.data.images._HUGE", 1000)
    monkeypatch.setattr("census.data.images._BAND", 5000)  # pixels, so several bands
    averaged = Form(10, fit, RED)(huge)
    assert not np.array_equal(averaged, whole)
    assert np.abs(averaged.astype(int) - whole).mean() < 3
    np.testing.assert_array_equal(Form(None, fit, RED)(huge).shape[:2], (300, 450))


def test_decode_returns_the_reason_of_a_failure():
    def no_image():
        raise OSError("image file is\ntruncated")

    assert decode("b.png", no_image, Form()) == Unreadable("b.png", "OSError: image file is truncated")
    read = decode("c.png", lambda: (Image.new("RGB", (1, 1)), 3), Form())
    assert isinstance(read, DecodedImage)
    assert (read.label, read.source) == (3, "c.png")


def test_lack_of_memory_is_not_blamed_on_the_file():
    def no_memory():
        raise MemoryError

    with pytest.raises(MemoryError):
        decode("d.png", no_memory, Form())
