"""Facets of single units, next to the patches to which they respond most strongly."""

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from census.figures.declaration import Family, View, sheets_of
from census.figures.style import FINAL, GRAY, INK, VERMILION, shortened, two_digits, wrapped
from census.measures.declaration import Matrices, Tables
from census.measures.facets import CHANNELS, MULTI, SINGLE, about_gray

if TYPE_CHECKING:
    import pandas as pd
    import zarr
    from matplotlib.axes import Axes

    from census.drawing.inputs import Stores
    from census.drawing.page import Page

# inches: labels left of the canvas, headings above it, the margin below, and a line of the smallest text
LABEL, ABOVE, BELOW, LINE = 1.6, 0.55, 0.1, 0.115
ROW = 0.72  # inches, at most, a row of two lines of tiles
LEGEND = 0.25  # inches
# pixels of the canvas that holds all tiles
TILE, GAP, BETWEEN_BLOCKS, BETWEEN_ROWS = 64, 6, 26, 22
MARGIN = 32  # a cropped patch shows this part of its side around images
BORDER = 0.6  # points
# shades of gray around a tile, and outside an image
FRAME, OUTSIDE = 190, 225
GRAYS, COLORS, COLORS_8BIT, PATCHES = "facets, gray", "facets, color", "color, 8 bits", "patches"


@dataclass(frozen=True)
class UnitFacets:
    """The facets and patches of a unit.

    Attributes
    ----------
    layer : name of its layer.
    unit : index of the unit; None, with all other values empty, if the layer has no unit to show.
    degree, p : degree of multifacetedness, and its p-value in the layer.
    facets : arrays by name, without missing ones: gray, float (n_components, height, width); color, float
        (n_components, height, width, 3); and color with 8 bits, uint8 of the same shape.
    patches : array of uint8, shape (n_ranks, height, width, n_channels).
    inside : array of bool, shape (n_ranks, height, width), whether the image covers the pixel.
    reason : why facets are missing; otherwise empty.
    not_converged : channels whose decomposition did not converge.
    """

    layer: str
    unit: int | None = None
    degree: float = np.nan
    p: float = np.nan
    facets: dict[str, NDArray[Any]] = field(default_factory=dict)
    patches: NDArray[np.uint8] = field(default_factory=lambda: np.empty((0, 1, 1, 1), np.uint8))
    inside: NDArray[np.bool_] = field(default_factory=lambda: np.empty((0, 1, 1), np.bool_))
    reason: str = ""
    not_converged: Sequence[str] = ()


def draw_units(page: "Page", units: Sequence[UnitFacets]) -> None:
    """Draw a row per unit: its facets in gray, in color and in 8-bit color, and its patches.

    Facets are drawn with 0 as middle gray and the largest absolute weight as black or white; 8-bit facets are
    drawn unchanged. A colored line marks the border of an image within a patch; outside is plain gray. If the
    receptive field is larger than the image, tiles are cropped, see :func:`crop_of`.

    Parameters
    ----------
    units : at least one unit of one network and data set, in the order of rows.
    """
    page.know([unit.layer for unit in units])
    whole = page.share(units)
    units = [_cropped(unit) for unit in whole]
    colored = any(unit.patches.shape[3] == 3 for unit in units)
    lines = 2 if colored else 1
    lefts, columns, width = _blocks(units, colored, lines)
    row_height = lines * (TILE + GAP) - GAP
    height = len(units) * (row_height + BETWEEN_ROWS) - BETWEEN_ROWS + 2
    axes, canvas, dots = page.canvas(width, height, LABEL, ABOVE, BELOW, LEGEND)
    borders: list[list[tuple[float, float]]] = []
    for row, unit in enumerate(units):
        top = 1 + row * (row_height + BETWEEN_ROWS)  # 1 for the frame
        _write_label(axes, page.name(unit.layer), unit, top + row_height / 2, dots, broken=lines == 2)
        for block, left in lefts.items():
            for number, (tile, inside) in enumerate(_tiles(unit, block)):
                line, column = divmod(number, columns[block])
                corner = left + column * (TILE + GAP), top + line * (TILE + GAP)
                borders += put_tile(canvas, tile, inside, corner)
        if unit.unit is not None and unit.reason:
            empty = lefts[COLORS if GRAYS in unit.facets else GRAYS]
            middle = top + row_height / 2
            axes.text(empty, middle, f"none: {unit.reason}", va="center", fontsize=6, color=GRAY)
    axes.imshow(canvas)
    explain_borders(page, axes, borders, cropped=any(map(operator.is_not, units, whole)))
    for block, left in lefts.items():
        axes.text(left, -10, block, va="bottom", fontsize=7.5)


def _blocks(
    units: Sequence[UnitFacets], colored: bool, lines: int
) -> tuple[dict[str, int], dict[str, int], int]:
    """Return the left ends of blocks of tiles, their numbers of columns, and the total width in pixels."""
    counts = {PATCHES: max(len(unit.patches) for unit in units)}
    n_facets = max((len(facets) for unit in units for facets in unit.facets.values()), default=0)
    names = (GRAYS, COLORS, COLORS_8BIT, PATCHES) if colored else (GRAYS, PATCHES)
    lefts, columns, left = {}, {}, 1  # for the frame
    for name in names:
        # no narrower than its heading
        columns[name] = max(3, -(-counts.get(name, n_facets) // lines))
        lefts[name] = left
        left += columns[name] * (TILE + GAP) - GAP + BETWEEN_BLOCKS
    return lefts, columns, left - BETWEEN_BLOCKS + 1


def _write_label(
    axes: "Axes", layer: str, unit: UnitFacets, middle: float, dots: float, *, broken: bool
) -> None:
    """Write the label of a unit's row, given the middle of the row; long names are wrapped or shortened."""
    name = wrapped(layer, 24) if broken else shortened(layer, 24)
    lines = [(line, INK, "bold") for line in name.split("\n")]
    if unit.unit is None:
        lines.append((unit.reason, GRAY, "normal"))
    else:
        lines.append((f"unit {unit.unit}, MF {two_digits(unit.degree)}, p {_rounded(unit.p)}", INK, "normal"))
    if unit.not_converged:
        channels = [name if name == "gray" else name[0].upper() for name in unit.not_converged]
        lines.append((f"not converged: {', '.join(channels)}", VERMILION, "normal"))
    for number, (text, color, weight) in enumerate(lines):
        y = middle + (number - len(lines) / 2) * LINE * dots
        axes.text((0.08 - LABEL) * dots, y, text, va="top", fontsize=6.5, color=color, fontweight=weight)


def _rounded(p: float) -> str:
    """Return a p-value with two digits."""
    return "< 0.01" if p < 0.005 else two_digits(p)


def _tiles(unit: UnitFacets, block: str) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
    """Yield the images of a block, uint8 (y, x, 1 or 3), and masks of their pixels inside the image."""
    if block == PATCHES:
        for patch, inside in zip(unit.patches, unit.inside, strict=True):
            if inside.any():  # there may be fewer patches than ranks
                yield patch, inside
        return
    if block in unit.facets:
        facets = unit.facets[block]
        for shown in facets if facets.dtype == np.uint8 else about_gray(facets):
            yield np.atleast_3d(shown), np.ones(shown.shape[:2], np.bool_)


def crop_of(inside: NDArray[np.bool_]) -> tuple[slice, slice] | None:
    """Return the rows and columns of patches in which any image lies, with a margin; None for all.

    Patches are cropped if no image reaches any of their four sides.

    Parameters
    ----------
    inside : array of bool, shape (n_patches, height, width), whether the image covers the pixel.
    """
    anywhere: NDArray[np.bool_] = np.logical_or.reduce(inside)
    edges = (anywhere[0], anywhere[-1], anywhere[:, 0], anywhere[:, -1])
    if not anywhere.any() or any(edge.any() for edge in edges):
        return None
    margin = max(1, max(anywhere.shape) // MARGIN)
    places = (np.flatnonzero(anywhere.any(axis)) for axis in (1, 0))
    rows, columns = (slice(max(0, place[0] - margin), place[-1] + 1 + margin) for place in places)
    return rows, columns


def _cropped(unit: UnitFacets) -> UnitFacets:
    """Return a unit with patches and facets cropped to the images, or the unit itself."""
    if not (crop := crop_of(unit.inside)):
        return unit
    part = (slice(None), *crop)
    side = unit.inside.shape[1:]
    facets = {name: each[part] if each.shape[1:3] == side else each for name, each in unit.facets.items()}
    return replace(unit, patches=unit.patches[part], inside=unit.inside[part], facets=facets)


def put_tile(
    canvas: NDArray[np.uint8],
    tile: NDArray[np.uint8],
    inside: NDArray[np.bool_],
    corner: tuple[int, int],
) -> Iterator[list[tuple[float, float]]]:
    """Put a tile into the canvas, and yield the lines, of points (x, y), along the border of its image.

    Parameters
    ----------
    canvas : array of uint8, shape (height, width, 3), changed in place.
    tile : array of uint8, shape (height, width, 1 or 3), enlarged so that its longer side fills the position.
    inside : array of bool, shape (height, width), a rectangle.
    corner : x and y of the position.
    """
    height, width = (round(TILE * side / max(inside.shape)) for side in inside.shape)
    left, top = corner[0] + (TILE - width) // 2, corner[1] + (TILE - height) // 2
    rows, columns = (
        np.arange(size) * side // size for size, side in zip((height, width), inside.shape, strict=True)
    )
    canvas[top - 1 : top + height + 1, left - 1 : left + width + 1] = FRAME
    shown = np.where(inside[..., None], tile, np.uint8(OUTSIDE))[rows][:, columns]
    canvas[top : top + height, left : left + width] = shown
    y, x = np.nonzero(inside[rows][:, columns])
    # coordinates are the centers of pixels
    above, below = top + y.min() - 0.5, top + y.max() + 0.5
    before, behind = left + x.min() - 0.5, left + x.max() + 0.5
    if y.min() > 0:
        yield [(before, above), (behind, above)]
    if y.max() < height - 1:
        yield [(before, below), (behind, below)]
    if x.min() > 0:
        yield [(before, above), (before, below)]
    if x.max() < width - 1:
        yield [(behind, above), (behind, below)]


def explain_borders(
    page: "Page", axes: "Axes", borders: Sequence[Sequence[tuple[float, float]]], *, cropped: bool
) -> None:
    """Draw the borders of images within patches, and explain them and that patches are cropped."""
    if borders:
        page.segments(axes, borders, VERMILION, BORDER)
        page.line("border of the image", VERMILION, linewidth=BORDER)
        page.words("plain gray: outside of the image")
    if cropped:
        page.words("cropped to the image if the receptive field is larger")


def draw_extreme(page: "Page", stores: "Stores", table: "pd.DataFrame", *, extreme: str = SINGLE) -> None:
    """Draw the most extreme unit of each layer at one end of the degrees of multifacetedness."""
    groups = stores.groups(FINAL)
    draw_units(
        page, [_unit_at(extreme, group, table[table["layer"] == group.attrs["layer"]]) for group in groups]
    )


def _unit_at(extreme: str, store: "zarr.Group", table: "pd.DataFrame") -> UnitFacets:
    """Return the most extreme unit of a layer at one end.

    Parameters
    ----------
    extreme : see :func:`census.measures.facets.choose_units`.
    store : facets of the layer.
    table : rows of the layer, one per unit in the order of the store.
    """
    if extreme not in store.attrs["extremes"]:
        return UnitFacets(store.attrs["layer"], reason="too few active units")
    place = store.attrs["extremes"].index(extreme)  # the first is the most extreme
    row = table.iloc[place]
    converged = {channel: row[f"converged_{channel}"] for channel in CHANNELS}
    facets = {
        name: store[array][place]
        for name, array in ((GRAYS, "gray"), (COLORS, "color"), (COLORS_8BIT, "color_8bit"))
        if array in store and not np.isnan(store[array.removesuffix("_8bit")][place]).any()
    }
    return UnitFacets(
        row["layer"],
        row["unit"],
        row["mf_degree"],
        row["mf_tail_normal"],
        facets,
        store["patches"][place],
        store["inside"][place],
        row["reason"],
        # None means that the channel was not decomposed
        [
            name
            for name, has_converged in converged.items()
            if has_converged is not None and not has_converged
        ],
    )


ABOUT = """
in gray; in red, green and blue, decomposed separately, matched and stacked; and the latter in 8 bits. In the
first two, middle gray is 0. Channels whose decomposition did not converge are named. Patches are cut from the
unit's top images at the position of its largest response; a vermilion line is the border of the image, and
plain gray is outside. Facets and patches are cropped to the image if the receptive field is larger on all
sides. p is the tail of a normal distribution fitted to the layer's other units.
"""

family = Family(
    name="facets",
    section="concepts",
    reads={"stores": Matrices("facets"), "table": Tables("facets")},
    where=lambda run: run.config.measures.facets.units_per_extreme > 0,
    views=[
        View(
            "single",
            partial(draw_extreme, extreme=SINGLE),
            "Facets of each layer's least multi-faceted unit",
            sheets=sheets_of(lambda run: run.layers, inches=ROW),
            is_picture=True,
            caption=f"""
            Facets of the unit with the lowest degree of multifacetedness (MF) in each layer of {{network}},
            on images of {{dataset}}: independent components of its patches, those that explain most first:
            {ABOUT} Facets and patches of a single-faceted unit look similar.
            """,
            corresponds="Figure 4, table 2 and appendix B",
        ),
        View(
            "multi",
            partial(draw_extreme, extreme=MULTI),
            "Facets of each layer's most multi-faceted unit",
            sheets=sheets_of(lambda run: run.layers, inches=ROW),
            is_picture=True,
            caption=f"""
            Facets of the unit with the highest degree of multifacetedness (MF) in each layer of {{network}},
            on images of {{dataset}}: independent components of its patches, those that explain most first:
            {ABOUT} Facets and patches of a multi-faceted unit differ from each other.
            """,
            corresponds="Figure 4, table 3 and appendix B",
        ),
    ],
)
