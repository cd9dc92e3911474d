"""Universality of units across seeds, along depth."""

from typing import TYPE_CHECKING

from census.figures.declaration import Family, View
from census.figures.replication import draw_networks, explain_networks
from census.figures.style import BLUE, FINAL, GRAY, GREEN, ORANGE, UNTRAINED, at, layers_of
from census.measures.declaration import Tables

if TYPE_CHECKING:
    import pandas as pd

    from census.drawing.page import Page

# columns of a panel, with their colors
PANELS = {
    "Each unit with its best partner": {
        "universality_mean": BLUE,
        "universality_rotated": ORANGE,
        "universality_permuted": GREEN,
    },
    "Partners assigned one to one": {
        "universality_assigned_mean": BLUE,
        "universality_assigned_rotated": ORANGE,
    },
}
NAMES = {BLUE: "units", ORANGE: "rotated units", GREEN: "images in random order"}


def draw_depth(page: "Page", layers: "pd.DataFrame") -> None:
    """Draw universality along depth with its chance levels: a thin line per seed, and the mean over seeds."""
    here = page.rows_of_run(layers[layers["universality_mean"].notna()], "seed")
    final, untrained = at(here, FINAL), at(here, UNTRAINED)
    panels = page.along_depth(layers_of(here), 4.2, len(PANELS))
    for axes, (title, columns) in zip(panels, PANELS.items(), strict=True):
        if len(untrained):
            draw_networks(page, axes, untrained, next(iter(columns)), GRAY, solid=False)
        for column, color in columns.items():
            draw_networks(page, axes, final, column, color)
        axes.set_title(title)
        axes.set_ylabel("rank correlation\nof responses (ρ)")
        axes.set_ylim(-0.03, 1.03)
    for color, name in NAMES.items():
        explain_networks(page, final, name, color)
    if len(untrained):
        explain_networks(page, untrained, "units, untrained", GRAY, solid=False)


family = Family(
    name="universality",
    section="replication",
    reads={"layers": Tables("census.layers")},
    where=lambda run: run.stands_for_seeds,
    views=[
        View(
            "depth",
            draw_depth,
            "Units recur over seeds",
            caption="""
            Recurrence of units across networks trained from several seeds, for {network} on the images of
            {dataset}. Above: each unit's highest rank correlation of responses with a unit of the same layer
            in another network, mean over units and other networks. Below: rank correlation of partners that
            are assigned one to one. A thin line is one network; marks and the thick line are the mean over
            networks, and bands its 95 % t interval. Chance levels: the other network's units replaced by a
            random rotation (orange), and its images in random order (green). Gray dashed lines are the
            networks before training. Units above rotated units mean that networks share a basis; images in
            random order show the chance level of a maximum over that many units.
            """,
        ),
    ],
)
