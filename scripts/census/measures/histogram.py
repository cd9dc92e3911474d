"""Histogram of the activations of a layer that are not 0.

Examples
--------
>>> import census  # `recorded` is what census.record returned
>>> bins = census.measure("histogram", recorded["relu1"], bins=10)["table"]
>>> bins[["left", "right", "count"]].shape
(10, 3)
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from census.jobs import LOGGER
from census.measures.columns import Floats, Integers, Table, column, count
from census.measures.declaration import Measure, Recordings
from census.statistics.blocks import Blocks

if TYPE_CHECKING:
    from census.stores.recording import Recording


@dataclass(frozen=True)
class Parameters:
    """Histogram of the activations that are not 0."""

    bins: Annotated[int, Ge(2), Le(10000)] = 60
    """Bins of equal width between the layer's smallest and largest value."""


class Bins(Table, per="bin"):
    """Counts of a layer's values."""

    left: Floats = column("left edge of the bin")
    right: Floats = column("right edge of the bin")
    counts: Integers = count("number of values in the bin that are not 0", "values", name="count")
    zeros: int = count("number of values of the layer that are 0", "values")
    not_finite: int = count("number of values of the layer that are NaN or infinite", "values")
    n_map_images: int = count("images with activation maps", "images")


def compute(layer: "Recording", parameters: Parameters, seed: int) -> Iterator[Bins]:
    """Count the activations of a layer that are not 0."""
    found = histogram(Blocks(lambda: (block for _, block in layer.maps())), parameters.bins)
    if found.not_finite:
        LOGGER.warning("%s: %d values are NaN or infinite and in no bin", layer, found.not_finite)
    yield Bins(
        of=layer.attributes,
        left=found.edges[:-1],
        right=found.edges[1:],
        counts=found.counts,
        zeros=found.zeros,
        not_finite=found.not_finite,
        n_map_images=layer.n_map_images,
    )


measure = Measure(
    name="histogram",
    title="Histograms",
    reads={"layer": Recordings()},
    tables={"": Bins},
    compute=compute,
    parameters=Parameters,
)


class Histogram(NamedTuple):
    """Counts in bins of equal width.

    Attributes
    ----------
    edges : array of float64, shape (n_bins + 1,).
    counts : array of int64, shape (n_bins,), values that are not 0.
    zeros : number of values that are 0.
    not_finite : number of values that are NaN or infinite; they are in no bin.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    zeros: int
    not_finite: int


def histogram(blocks: Iterable[NDArray[np.floating]], bins: int) -> Histogram:
    """Count values in bins; the result depends neither on their order nor on blocks.

    Bins span all finite values and 0: without negative values, the first bin begins at 0.

    Parameters
    ----------
    blocks : the values in blocks of any shape, read twice.
    bins : number of bins.

    Returns
    -------
    the counts; a layer without finite values other than 0 has bins from 0 to 1, all empty.
    """
    low = high = 0.0
    for block in blocks:
        least, largest = float(block.min(initial=0)), float(block.max(initial=0))
        if not (np.isfinite(least) and np.isfinite(largest)):
            finite = block[np.isfinite(block)]
            least, largest = float(finite.min(initial=0)), float(finite.max(initial=0))
        low, high = min(low, least), max(high, largest)
    edges = np.linspace(low, high if high > low else low + 1, bins + 1)
    counts, zeros, not_finite = np.zeros(bins, np.int64), 0, 0
    for block in blocks:
        values = block[block != 0]
        finite = values[np.isfinite(values)]
        counts += np.histogram(finite, edges.size - 1, range=(edges[0], edges[-1]))[0]
        zeros += block.size - values.size
        not_finite += values.size - finite.size
    return Histogram(edges, counts, zeros, not_finite)
