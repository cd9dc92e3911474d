"""Shared fixtures for figures: the style, and functions to inspect a figure."""

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from census.drawing.page import in_style


@pytest.fixture(autouse=True)
def styled():
    with in_style():
        yield


@pytest.fixture
def drawn():
    """A function that draws a figure and returns the renderer, which knows where everything is."""

    def drawn(figure):
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return canvas.get_renderer()

    return drawn


@pytest.fixture
def texts():
    """A function that returns what is written in the axes of a figure."""

    def texts(figure):
        return [text for axes in figure.axes for text in axes.texts if text.get_text()]

    return texts


@pytest.fixture
def overlaps():
    """A function that returns the texts of those artists that cover each other."""

    def overlaps(artists, renderer):
        boxes = [artist.get_window_extent(renderer) for artist in artists]
        return [
            (artists[i].get_text(), artists[j].get_text())
            for i in range(len(boxes))
            for j in range(i)
            if boxes[i].shrunk(0.98, 0.98).overlaps(boxes[j].shrunk(0.98, 0.98))
        ]

    return overlaps
