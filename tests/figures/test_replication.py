"""Figures of networks that are trained from several seeds: each network, their mean, and the legend."""

import numpy as np
import pandas as pd
import pytest

from census.drawing.page import figure_of
from census.figures import replication, universality
from tests.figures.legends import faults

RUN = {"network": "cnn", "seed": 0, "dataset": "clothes"}
LAYERS = ("relu1", "relu2")


def layers(n_seeds):
    """Return a census of layers of networks, trained and untrained."""
    random = np.random.default_rng(0)
    columns = [*replication.COLUMNS, *(each for panel in universality.PANELS.values() for each in panel)]
    rows = [
        {**RUN, "seed": seed, "checkpoint": checkpoint, "step": step, "layer": layer, "depth": depth}
        | dict(zip(columns, random.random(len(columns)), strict=True))
        for seed in range(n_seeds)
        for checkpoint, step in (("0", 0), ("final", 9))
        for depth, layer in enumerate(LAYERS)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("family", [replication, universality], ids=["replication", "universality"])
@pytest.mark.parametrize(("n_seeds", "has_interval"), [(2, False), (5, True)])
def test_each_network_is_drawn_and_explained(family, n_seeds, has_interval):
    figure = figure_of(family.draw_depth, layers(n_seeds), run=RUN)
    assert faults(figure) == []
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert ("95 % t interval" in labels) == has_interval
    thin = [line for line in figure.axes[0].lines if line.get_linewidth() == 0.6]
    n_curves = 2 if family is replication else 4
    assert len(thin) == n_seeds * n_curves
