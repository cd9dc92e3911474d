"""Distribution of a unit's values over images with examples, and the units that an image activates most."""

from typing import NamedTuple, TypeVar

import numpy as np
import zarr
from numpy.typing import NDArray

from census.statistics.streams import stream
from census.statistics.subset import places_of
from census.statistics.top_images import NONE
from census.stores.reading import unit_blocks

Integer = TypeVar("Integer", bound=np.integer)
QUANTILES = (0, 0.25, 0.5, 0.75, 0.9, 0.99, 1)
BINS = 30  # of a histogram


class Standings(NamedTuple):
    """Distributions of the largest values of units' maps over images, and the units that images drive.

    Attributes
    ----------
    histogram : array of int64, shape (n_units, BINS), images in equal bins from the smallest to the largest
        finite value; all in the first bin if these are equal.
    images : array of int64, shape (n_units, n_quantiles), the shown image nearest to each of the
        :data:`QUANTILES` in rank; :data:`NONE` without finite values.
    values : array of float64, shape (n_units, n_quantiles), the unit's value on that image, or NaN.
    ends : array of float64, shape (n_units, 2), smallest and largest finite value on all images, or NaN.
    driven : array of int64, shape (n_shown, k, 3): of each shown image the units with the best rank of the
        image among all images; unit, rank, and value in percent of the unit's largest. Ties go to the higher
        percentage. Units that are inactive on the image are left out; :data:`NONE` in their place.
    """

    histogram: NDArray[np.int64]
    images: NDArray[np.int64]
    values: NDArray[np.float64]
    ends: NDArray[np.float64]
    driven: NDArray[np.int64]


def standings(store: zarr.Group, shown: NDArray[np.integer], k: int, seed: int) -> Standings:
    """Rank all images by each unit's largest value on them.

    Parameters
    ----------
    store : activations of a layer.
    shown : array of int, shape (n_shown,), the images that can be shown.
    k : number of units per image.
    seed : seed of the order of images with equal values.
    """
    images = store["image"][:]
    order = stream(seed, "order of equal images").permutation(len(images))
    images = images[order]
    is_shown = np.isin(images, shown)
    places = places_of(shown, images)
    units = store.attrs["shape"][0]
    histogram = np.zeros((units, BINS), np.int64)
    nearest, values = np.full((units, len(QUANTILES)), NONE), np.full((units, len(QUANTILES)), np.nan)
    ends = np.full((units, 2), np.nan)
    best = np.full((len(shown), k), np.inf)
    driven = np.full((len(shown), k, 3), NONE)
    for of_block, block in unit_blocks(store, "max"):
        found = np.full((len(shown), block.shape[1], 3), NONE, np.int32)
        keys = np.full((len(shown), block.shape[1]), np.inf)
        for number, column in enumerate(block[order].T):
            unit = of_block.start + number
            by_value = np.argsort(column, kind="stable")
            by_value = by_value[np.isfinite(column[by_value])]
            if not len(by_value):
                continue
            ascending = column[by_value].astype(np.float64)
            histogram[unit], ends[unit] = _histogram(ascending), ascending[[0, -1]]
            ranks = np.flatnonzero(is_shown[by_value])
            at = ranks[_nearest(ranks, np.round(np.array(QUANTILES) * (len(ascending) - 1)))]
            nearest[unit], values[unit] = images[by_value[at]], ascending[at]
            of_shown = column[places]
            active = np.isfinite(of_shown) & (of_shown > 0)
            larger = len(ascending) - np.searchsorted(ascending, of_shown[active], side="right")
            share = of_shown[active] / ascending[-1]
            keys[active, number] = larger + (1 - share) / 2  # ties of ranks by share
            found[active, number] = np.stack(
                [np.full(len(larger), unit), larger + 1, np.round(100 * share)], axis=1
            )
        # of the block first, because copies of all of it take memory
        lowest, units_of_lowest = _lowest(keys, found, k)
        best, driven = _lowest(
            np.concatenate([best, lowest], 1), np.concatenate([driven, units_of_lowest], 1), k
        )
    return Standings(histogram, nearest, values, ends, driven)


def _lowest(
    keys: NDArray[np.float64], values: NDArray[Integer], k: int
) -> tuple[NDArray[np.float64], NDArray[Integer]]:
    """Return the lowest keys of each row with their values; of equal keys, the first come first."""
    chosen = np.argsort(keys, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(keys, chosen, 1), np.take_along_axis(values, chosen[..., None], 1)


def _histogram(ascending: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the counts of ascending values in equal bins."""
    low, high = ascending[0], ascending[-1]
    if not high > low:
        return np.bincount([0], [len(ascending)], BINS).astype(np.int64)
    bins = ((ascending - low) / (high - low) * BINS).astype(np.int64)
    return np.bincount(np.minimum(bins, BINS - 1), minlength=BINS)


def _nearest(ascending: NDArray[np.integer], wanted: NDArray[np.floating]) -> NDArray[np.integer]:
    """Return the position of the value nearest to each wanted one; the lower of two that are as near."""
    after = np.searchsorted(ascending, wanted).clip(1, max(1, len(ascending) - 1))
    before = after - 1
    after = np.minimum(after, len(ascending) - 1)
    return np.where(wanted - ascending[before] <= ascending[after] - wanted, before, after)
