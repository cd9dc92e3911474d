"""Specification curves: effects in order, and the choices behind each."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from census.claims.declared import CLAIMS
from census.claims.specifications import written
from census.drawing.page import figure_of, in_style
from census.figures.specifications import COLUMNS, PAGES, SIZE, draw_curves, family
from census.figures.style import BLUE, HEIGHT, VERMILION

CHOICES = {"average": ("mean", "median"), "top_images": (100, 50), "layers": ("nonlinear",)}


def table(id, effects, claim="MF degree falls with depth", **columns):
    """Return the specifications of a claim, one for each combination of choices."""
    chosen = [written(dict(zip(CHOICES, each, strict=True))) for each in product(*CHOICES.values())]
    found = {"id": id, "claim": claim, "specification": range(len(effects)), "choices": chosen, "null": 0.0}
    found |= {"effect": effects, "p": [0.01, 0.2, 0.03, np.nan], "predicted": "below", **columns}
    agrees = pd.array([pd.NA if np.isnan(effect) else effect < 0 for effect in effects], "boolean")
    return pd.DataFrame(found).assign(agrees=agrees)


def drawn(*tables, papers=("S2",), **how):
    with in_style():
        figure = figure_of(draw_curves, pd.concat(tables, ignore_index=True), papers, **how)
        figure.canvas.draw()
    return figure


def test_effects_ascend_and_choices_follow_them():
    figure = drawn(table("S2.2a", [-0.5, 0.2, -0.9, np.nan]), table("S3.1", [1.0] * 4))
    curve, dots = figure.axes
    points = curve.collections[-1]
    assert points.get_offsets()[:3, 1].tolist() == [-0.9, -0.5, 0.2]
    (own,) = (line for line in curve.lines if line.get_marker() == "o")
    assert (own.get_xdata()[0], own.get_ydata()[0]) == (1, -0.5)
    # what is the same in all specifications is no choice
    labels = [label.get_text() for label in dots.get_yticklabels()]
    assert labels == ["average mean", "average median", "top images 100", "top images 50"]
    of_row = [each.get_offsets()[:, 0].tolist() for each in dots.collections]
    assert of_row == [[1, 2], [0, 3], [0, 1], [2, 3]]
    words = [text.get_text() for text in figure.texts]
    assert "S2.2a MF degree falls with depth" in words
    assert "2 of 4 agree, 2 with p ≤ 0.05" in words
    (cross,) = (line for line in curve.lines if line.get_marker() == "x")
    _, height = cross.get_transform().transform(cross.get_xydata()[0])
    assert height < curve.transData.transform((0, -0.95))[1], "could be taken for an effect"


def test_a_long_claim_is_written_whole_within_its_column():
    claim = "top images of directions of a dictionary are of far fewer classes than the top images of units"
    figure = drawn(table("S2.2a", [-0.5, 0.2, -0.9, np.nan], claim), table("S2.2b", [0.1] * 4))
    column = [
        text for text in figure.texts if text.get_position()[0] < 0.3 and "agree" not in text.get_text()
    ]
    written_lines = [text for text in column if text.get_fontsize() == SIZE]
    assert " ".join(text.get_text() for text in written_lines) == f"S2.2a {claim}"
    assert len(written_lines) == 3
    boxes = [text.get_window_extent() for text in written_lines]
    assert max(box.x1 for box in boxes) <= figure.bbox.width / COLUMNS
    curve, _, beside, _ = (axes.get_window_extent() for axes in figure.axes)
    counts = next(text for text in figure.texts if "2 of 4 agree" in text.get_text())
    assert curve.y1 < counts.get_window_extent().y0 < min(box.y0 for box in boxes)
    # curves of a row are at the same height
    assert beside.y1 == curve.y1


def test_choices_are_named_in_words():
    values = ("rs_iam", "sae", "ablation_kl", "3"), ("rs_am", "nmf", "ablation_loss", "4")
    names = ("substitution", "dictionary", "effect", "parts")
    choices = [dict(zip(names, values[place % 2], strict=True)) for place in range(4)]
    one = table("S2.2a", [-0.5, 0.2, -0.9, 0.4])
    figure = drawn(one.assign(choices=[written(each) for each in choices]))
    labels = {label.get_text() for label in figure.axes[1].get_yticklabels()}
    assert {"substitution (RS, IAM)", "sparse autoencoder", "non-negative factors"} <= labels
    assert {"change of the output", "change of loss", "thirds of the layers"} <= labels


def test_colors_tell_what_agrees():
    figure = drawn(table("S2.2a", [-0.5, 0.2, -0.9, 0.4], p=np.nan))
    colors = [to_hex(color) for color in figure.axes[0].collections[-1].get_facecolors()]
    assert colors == [color.lower() for color in (BLUE, BLUE, VERMILION, VERMILION)]
    # no claim of these has a permutation test
    assert "2 of 4 agree" in [text.get_text() for text in figure.texts]


def test_claims_without_an_effect_are_named_and_not_drawn():
    figure = drawn(table("S2.1a", [np.nan] * 4), table("S2.2a", [-0.5, 0.2, -0.9, 0.4]))
    assert len(figure.axes) == 2
    assert "undefined here: S2.1a" in [text.get_text() for text in figure.legends[0].get_texts()]
    nothing = drawn(table("S2.1a", [np.nan] * 4))
    assert "no claim has an effect" in nothing.texts[0].get_text()


def test_every_claim_is_on_one_page():
    for claim in CLAIMS:
        assert sum(claim.id.startswith(papers) for _, papers, _ in PAGES.values()) == 1
    assert [view.arguments for view in family.views] == [["specifications"]] * len(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_longer_than_paper(name):
    _, papers, _ = PAGES[name]
    numbers = {"numbers_of_top_images": 3, "normalizers": 2, "modes": 3}
    tables = []
    for claim in (each for each in CLAIMS if each.id.startswith(papers)):
        values = {
            name: range(numbers[each]) if isinstance(each, str) else each
            for name, each in claim.choices.items()
        }
        # each value in one specification at least
        rows = [
            written({name: each[place % len(each)] for name, each in values.items()})
            for place in range(max(map(len, values.values())))
        ]
        of_claim = {"id": claim.id, "claim": claim.claim, "choices": rows, "effect": 0.1, "agrees": True}
        of_claim |= {"specification": range(len(rows)), "null": 0.0, "p": 0.1, "predicted": "above"}
        tables.append(pd.DataFrame(of_claim).astype({"agrees": "boolean"}))
    (view,) = (view for view in family.views if view.name == name)
    count = view.sheets(None, "page")
    figures = [drawn(*tables, papers=papers, sheet=(number, count)) for number in range(count)]
    assert all(figure.get_size_inches()[1] < HEIGHT for figure in figures)
    assert sum(len(figure.axes) for figure in figures) == 2 * len(tables)
