"""Write images of single units: facets, activation-maximization images, and feature visualizations."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from census.atlas.sprites import save, strip
from census.atlas.tables import rounded
from census.measures.facets import about_gray

OUTSIDE = 225  # gray level of pixels outside the image


def write_facets(
    folder: Path, facets: zarr.Group, rows: Iterable[Mapping[str, Any]], largest: int
) -> dict[int, Any]:
    """Write ``{unit}-gray.webp``, ``-color`` and ``-patches`` for the units of a layer that have facets.

    Parameters
    ----------
    folder : output folder, which is created.
    facets : store of the layer, see :mod:`census.stores.facets`.
    rows : rows of the layer's units in the table of the rule ``facets``, in the order of the store.
    largest : largest side of a tile, in pixels.

    Returns
    -------
    by unit: its ``extreme`` of the layer; the ``reason`` why it has no facets, or none in color, or None; and
    ``made``, the number of tiles of each image.
    """
    found = {}
    for place, row in enumerate(rows):
        unit, kept = int(row["unit"]), facets["image"][place] >= 0
        made, gray = {}, facets["gray"][place]
        if not np.isnan(gray).any():
            made["gray"] = list(about_gray(gray)[..., None])
        if "color" in facets and not np.isnan(facets["color"][place]).any():
            made["color"] = list(facets["color_8bit"][place])
        if kept.any():
            inside = facets["inside"][place][kept][..., None]
            made["patches"] = list(np.where(inside, facets["patches"][place][kept], np.uint8(OUTSIDE)))
        for part, tiles in made.items():
            save(folder / f"{unit}-{part}.webp", strip(tiles, largest), exact=True)
        found[unit] = {
            "extreme": row["extreme"],
            "reason": row["reason"] or None,
            "made": {part: len(tiles) for part, tiles in made.items()},
        }
    return found


def write_maximized(folder: Path, maximization: zarr.Group, largest: int) -> dict[int, Any]:
    """Write ``{unit}-iam.webp`` and ``{unit}-am.webp``: each unit's IAM and AM images, one tile per seed.

    Parameters
    ----------
    folder : output folder, which is created.
    maximization : group of the rule ``activation_maximization`` for a layer at one checkpoint.
    largest : largest side of a tile, in pixels.

    Returns
    -------
    by unit and objective: the unit's response to each of its images.
    """
    images, responses = maximization["image"][:], maximization["response"][:]
    found: dict[int, Any] = {}
    for place, unit in enumerate(maximization["unit"][:].tolist()):
        found[unit] = {}
        for number, objective in enumerate(maximization.attrs["objectives"]):
            _save_made(folder / f"{unit}-{objective}.webp", images[number, :, place], largest)
            found[unit][objective] = [rounded(float(value), 4) for value in responses[number, :, place, unit]]
    return found


def write_visualizations(folder: Path, visualization: zarr.Group, largest: int) -> dict[int, Any]:
    """Write ``{unit}.webp``: the feature visualization of each unit that has one.

    Parameters
    ----------
    folder : output folder, which is created.
    visualization : group of the rule ``feature_visualization`` for a layer at one checkpoint.
    largest : largest side of an image, in pixels.

    Returns
    -------
    by unit: the unit's response to its image.
    """
    images, responses = visualization["image"][:], visualization["response"][:]
    found = {}
    for place, unit in enumerate(visualization["unit"][:].tolist()):
        _save_made(folder / f"{unit}.webp", images[place][None], largest)
        found[unit] = rounded(float(responses[place]), 4)
    return found


def _save_made(path: Path, images: NDArray[np.uint8], largest: int) -> None:
    """Save images made for a unit in a row; lossless if they are not downscaled."""
    save(path, strip(list(images), largest), exact=max(images.shape[1:3]) <= largest)
