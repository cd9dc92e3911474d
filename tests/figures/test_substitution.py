"""Figures of activation-maximization images show each image at its position."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import zarr

from census.drawing.page import figure_of
from census.figures.substitution import (
    UnitImages,
    draw_images,
    draw_rows,
    draw_substitutes,
    draw_threes,
    failed_images,
)

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


UNITS = np.array([0, 2, 3, 5])  # those with images, of 6
SEEDS = 2
# to the images of the first seed, by the units of the layer
FIRST = np.array(
    [
        [0.0, 9.0, 1.0, 2.0, 9.0, 0.0],  # its unit is inactive on it, and other units are not
        [3.0, 0.0, 1.0, 2.0, 0.0, 0.0],  # weaker than natural
        [7.0, 0.0, 8.0, 6.0, 0.0, 0.0],  # has two substitutes, units 0 and 2
        [0.0, 0.0, 0.0, 0.0, 9.0, 4.0],  # no other unit that has an image responds to it
    ]
)
NATURAL = np.array([1.0, 1.5, 2.0, 4.0])


@pytest.fixture
def maximization():
    """Images of a layer's units, of which those of the first seed differ in brightness."""
    group = zarr.create_group({}, attributes={"layer": "relu1", "objectives": ["am", "iam"]})
    responses = np.full((2, SEEDS, len(UNITS), 6), 5.0, np.float32)
    responses[:, 0] = FIRST
    # no image of AM failed
    responses[0, 0, np.arange(len(UNITS)), UNITS] = NATURAL
    images = np.zeros((2, SEEDS, len(UNITS), 8, 8, 1), np.uint8)
    images[:, 0] += (10 * np.arange(len(UNITS), dtype=np.uint8))[:, None, None, None]
    for name, values in (("unit", UNITS), ("response", responses), ("image", images)):
        group.create_array(name, data=values)
    return SimpleNamespace(groups=lambda checkpoint: [group])


@pytest.fixture
def tables():
    """Selectivity, highest in the units whose images failed, and substitution, of all units."""
    keys = {"checkpoint": "final", "layer": "relu1", "depth": 0, "unit": range(6)}
    everywhere = np.full(6, np.nan)
    selective, rs, natural, image = (everywhere.copy() for _ in range(4))
    selective[UNITS], rs[UNITS], natural[UNITS], image[UNITS] = [0.9, 0.8, 0.3, 0.1], 0.0, NATURAL, 0
    return (
        pd.DataFrame(keys | {"selectivity": selective}),
        pd.DataFrame(keys | {"rs_iam": rs, "natural_maximum": natural, "natural_image": image}),
    )


def below(figure, axes):
    """Return the words within a tenth of an inch below axes, or beside their lower corner."""
    box, size = axes.get_position(), figure.get_size_inches()
    x, y = np.array([box.x0, box.y0]) * size
    places = {text: np.array(text.get_position()) * size - (x, y) for text in written(figure)}
    return [text.get_text() for text, (right, up) in places.items() if abs(up) < 0.1 and 0 < right < 1.2]


def test_a_failed_image_is_no_evidence_of_substitutes(maximization, tables, drawn, overlaps):
    figure = figure_of(draw_substitutes, maximization, *tables, title="A title")
    renderer = drawn(figure)
    words = [text.get_text() for text in written(figure)]
    units = [each.partition("\n")[0] for each in words if each.startswith("unit")]
    # not units 0 and 2, which are more selective
    assert units == ["unit 3", "unit 2, 1.33 × its response", "unit 0, 1.17 × its response"]
    # the substitutes' own images failed, and the figure says so
    assert [below(figure, axes) for axes in figure.axes] == [[], ["failed"], ["failed"]]
    assert overlaps(written(figure), renderer) == []


def test_failed_images_are_named_beside_top_images(maximization, tables, drawn, overlaps):
    _, substitution = tables
    visualization = SimpleNamespace(groups=lambda checkpoint: [])
    top = {0: np.zeros((8, 8, 1), np.uint8)}
    figure = figure_of(draw_images, maximization, visualization, substitution, lambda indices: top)
    renderer = drawn(figure)
    assert len(figure.axes) == 9  # of three units, the top image, AM and IAM
    shown = [text for text in written(figure) if text.get_text() == "failed"]
    assert len(shown) == 2
    iam = [axes.get_position() for axes in figure.axes[2::3]]
    assert [iam[k].x0 < text.get_position()[0] < iam[k].x1 for k, text in enumerate(shown)] == [True, True]
    assert overlaps(written(figure), renderer) == []
    assert all(figure.bbox.contains(*text.get_window_extent(renderer).min) for text in shown)


def test_failed_images_are_those_without_rs():
    responses = np.stack([FIRST, np.where(FIRST == 9, np.nan, FIRST)])
    np.testing.assert_array_equal(
        failed_images(responses, UNITS, NATURAL),
        [[True, True, False, False], [True, True, False, True]],
    )
