"""Figures of facets show every unit, and the edges of images."""

import numpy as np

from census.drawing.page import figure_of
from census.figures.facets import (
    COLORS,
    COLORS_8BIT,
    FRAME,
    GRAYS,
    OUTSIDE,
    PATCHES,
    TILE,
    UnitFacets,
    crop_of,
    draw_units,
)
from census.figures.style import GRAY

COMPONENTS, RANKS, SIDE = 8, 10, 16
SHADE = (40, 80, 120)  # of patches; no facet has it


def unit(layer="features.3.expand3x3_activation", colored=True, **changes):
    random = np.random.default_rng(0)
    facets = {GRAYS: random.normal(size=(COMPONENTS, SIDE, SIDE))}
    if colored:
        color = random.normal(size=(COMPONENTS, SIDE, SIDE, 3))
        facets |= {COLORS: color, COLORS_8BIT: (color > 0).astype(np.uint8) * 255}
    shown = {
        "unit": 291,
        "degree": 0.574,
        "p": 0.0021,
        "facets": facets,
        "patches": np.full((RANKS, SIDE, SIDE, 3), SHADE, np.uint8)[..., : 3 if colored else 1],
        "inside": np.ones((RANKS, SIDE, SIDE), bool),
    }
    return UnitFacets(layer, **shown | changes)


def canvas(figure):
    (image,) = figure.axes[0].images
    return np.asarray(image.get_array())


def borders(figure):
    (lines,) = figure.axes[0].collections
    return [segment.tolist() for segment in lines.get_segments()]


def test_a_row_names_its_unit_and_shows_all_of_it(drawn, texts, overlaps):
    figure = figure_of(
        draw_units,
        [unit(), unit("relu", p=0.34, not_converged=["gray", "red", "green", "blue"])],
        title="A title",
    )
    renderer = drawn(figure)
    written = [text.get_text() for text in texts(figure)]
    assert written == [
        "features.3.",
        "expand3x3_activation",
        "unit 291, MF 0.57, p < 0.01",
        "relu",
        "unit 291, MF 0.57, p 0.34",
        "not converged: gray, R, G, B",
        *(GRAYS, COLORS, COLORS_8BIT, PATCHES),
    ]
    assert overlaps([*texts(figure), figure._suptitle], renderer) == []
    axes = figure.axes[0].get_window_extent(renderer)
    labels = [text.get_window_extent(renderer) for text in texts(figure)[:6]]
    assert all(label.x0 > 0 and label.x1 < axes.x0 for label in labels)
    assert axes.x1 <= figure.bbox.x1
    assert (canvas(figure) == SHADE).all(2).sum() == 2 * RANKS * TILE**2


def test_an_undefined_p_value_is_named(texts):
    written = [text.get_text() for text in texts(figure_of(draw_units, [unit(p=np.nan)], title="A title"))]
    assert "unit 291, MF 0.57, p undefined" in written


def test_tiles_hold_their_images():
    weights = np.zeros((COMPONENTS, 2, 2))
    weights[:, 0] = [1, -0.5]
    facets = {
        GRAYS: weights,
        COLORS: np.stack([weights] * 3, -1),
        COLORS_8BIT: np.zeros((8, 2, 2, 3), np.uint8),
    }
    shown = canvas(figure_of(draw_units, [unit(facets=facets)], title="A title"))
    quarters = [shown[y, x, 0] for y in (1, TILE) for x in (1, TILE)]
    assert (shown[[0, TILE + 1], : TILE + 2] == FRAME).all()
    assert quarters == [255, 64, 128, 128]
    assert (shown[TILE // 2, -TILE:-2] == SHADE).all()


def test_the_border_of_an_image_is_drawn_where_it_cuts_a_patch():
    whole = unit()
    assert borders_of(whole.inside) == []
    inside = whole.inside.copy()
    inside[0, : SIDE // 4] = False  # above
    (((left, top), (right, same)),) = borders_of(inside)
    assert right - left == TILE
    assert top == same == TILE / 4 + 0.5
    inside[0, :, SIDE // 2 :] = False  # and to the right
    above, behind = borders_of(inside)
    assert above == [[left, top], [left + TILE / 2, top]]
    assert behind == [[left + TILE / 2, top], [left + TILE / 2, TILE + 0.5]]
    shown = canvas(figure_of(draw_units, [unit(inside=inside)], title="A title"))
    assert (shown[2, round(left) + 2] == OUTSIDE).all()


def test_patches_and_facets_are_cropped_to_images_smaller_than_the_receptive_field(texts):
    inside = np.zeros((RANKS, SIDE, SIDE), bool)
    inside[::2, 6:10, 6:10] = inside[1::2, 7:11, 6:10] = True
    assert crop_of(inside) == (slice(5, 12), slice(5, 11))
    # one image at one side: all is shown
    reaching = inside.copy()
    reaching[0, 6:, 6:10] = True
    assert crop_of(reaching) is None
    assert crop_of(np.ones((2, 3, 3), bool)) is None
    assert crop_of(np.zeros((0, 1, 1), bool)) is None
    weights = np.zeros((COMPONENTS, SIDE, SIDE))
    weights[:, 6:10, 6:10] = 1
    figures = [
        figure_of(draw_units, [unit(inside=each, facets={GRAYS: weights})]) for each in (inside, reaching)
    ]
    cropped, whole = ((canvas(figure) == SHADE).all(2).sum() for figure in figures)
    assert cropped > 4 * whole * 0.9
    white = [(canvas(figure)[:, : TILE + 2] == 255).all(2).sum() for figure in figures]
    assert white[0] > white[1]
    words = [[text.get_text() for text in figure.legends[0].get_texts()] for figure in figures]
    assert ["cropped to the image if the receptive field is larger" in each for each in words] == [
        True,
        False,
    ]


def borders_of(inside):
    figure = figure_of(draw_units, [unit(inside=inside)], title="A title")
    return borders(figure) if figure.axes[0].collections else []


def test_gray_images_take_one_line(drawn, texts, overlaps):
    figure = figure_of(draw_units, [unit("pool1", colored=False), unit(colored=False)], title="A title")
    renderer = drawn(figure)
    assert [text.get_text() for text in texts(figure)][-2:] == [GRAYS, PATCHES]
    assert "….3.expand3x3_activation" in [text.get_text() for text in texts(figure)]
    assert overlaps(texts(figure), renderer) == []
    assert canvas(figure).shape[0] < 3 * TILE


def test_the_reason_of_missing_facets_is_written(drawn, texts, overlaps):
    few = np.zeros((RANKS, SIDE, SIDE), bool)
    few[:2] = True
    rows = [
        UnitFacets("input", reason="too few active units"),
        unit("relu1", facets={}, inside=few, reason="2 patches, fewer than the 9 that 8 facets need"),
        unit("relu2", facets={GRAYS: np.ones((8, 3, 3))}, reason="blue: all patches are the same"),
        unit("relu3"),
    ]
    figure = figure_of(draw_units, rows, title="A title")
    renderer = drawn(figure)
    gray = [text for text in texts(figure) if text.get_color() == GRAY]
    assert [text.get_text() for text in gray] == [
        "too few active units",
        "none: 2 patches, fewer than the 9 that 8 facets need",
        "none: blue: all patches are the same",
    ]
    assert gray[1].get_position()[0] < gray[2].get_position()[0]
    assert overlaps(texts(figure), renderer) == []
    # a unit that has none in color may be alone
    assert COLORS in [text.get_text() for text in texts(figure_of(draw_units, rows[2:3], title="A title"))]
    # what there is, is shown
    assert (canvas(figure) == SHADE).all(2).sum() == (2 + 2 * RANKS) * TILE**2


def test_patches_that_are_not_square_keep_their_shape():
    narrow = unit(patches=np.full((RANKS, 16, 8, 3), SHADE, np.uint8), inside=np.ones((RANKS, 16, 8), bool))
    shown = canvas(figure_of(draw_units, [narrow], title="A title"))
    assert (shown == SHADE).all(2).sum() == RANKS * TILE**2 // 2


def test_a_figure_of_nothing_can_be_drawn(drawn):
    drawn(figure_of(draw_units, [UnitFacets("relu", reason="too few active units")], title="A title"))
