"""Figures of activation-maximization images show each image at its position."""

import numpy as np
import pytest

from census.drawing.page import figure_of
from census.figures.substitution import UnitImages, draw_rows, draw_threes

HEADINGS = ("top image", "IAM", "AM", "viewing")


def unit(number, channels=1, missing=()):
    random = np.random.default_rng(number)
    images = {name: random.integers(0, 256, (8, 8, channels), dtype=np.uint8) for name in HEADINGS}
    return UnitImages(number, f"unit {number}   RS 0.25", images | dict.fromkeys(missing))


def written(figure):
    return [text for text in figure.texts if text.get_text()]


@pytest.mark.parametrize("channels", [1, 3])
def test_units_are_in_the_row_of_their_layer(channels, drawn, overlaps):
    layers = {
        "relu1": [unit(0, channels), unit(1, channels), unit(3, channels)],
        "features.12.squeeze_activation": [unit(2, channels)],
    }
    figure = figure_of(draw_rows, layers, title="A title")
    renderer = drawn(figure)
    shown = [axes.images[0].get_array() for axes in figure.axes]
    expected = [image for units in layers.values() for each in units for image in each.images.values()]
    assert len(shown) == len(expected) == 16
    for one, other in zip(shown, expected, strict=True):
        np.testing.assert_array_equal(np.squeeze(one), np.squeeze(other))
    words = [text.get_text() for text in written(figure)]
    assert words.count("IAM") == words.count("viewing") == 3  # above the units of the first row
    assert {"relu1", "features.12.\nsqueeze_activation", "unit 2   RS 0.25"} <= set(words)
    assert overlaps(written(figure), renderer) == []


def test_a_unit_without_a_top_image_has_an_empty_frame(drawn):
    figure = figure_of(draw_rows, {"relu1": [unit(0, missing=["top image"])]}, title="A title")
    drawn(figure)
    assert [len(axes.images) for axes in figure.axes] == [0, 1, 1, 1]


def test_layers_without_substitutes_are_labeled(drawn, overlaps):
    images = [
        UnitImages(
            number,
            f"unit {number}, 1.05 × its response\nselectivity 0.22, RS 0.12",
            {heading: np.zeros((8, 8, 1), np.uint8)},
        )
        for number, heading in enumerate(("its own image (IAM)", "of a substitute", "of another one"))
    ]
    figure = figure_of(draw_threes, {"relu1": [], "relu2": images, "relu3": []}, title="A title")
    renderer = drawn(figure)
    words = [text.get_text() for text in written(figure)]
    assert words.count("no chosen unit has two substitutes") == 2
    assert len(figure.axes) == 3
    assert overlaps(written(figure), renderer) == []
