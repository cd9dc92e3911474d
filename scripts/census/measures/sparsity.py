"""Active fraction, population sparseness and lifetime sparseness.

An activation vector is the vector of a layer's D neurons on one image. Sparseness is 0 if all values are
equal, and 1 − 1/D (Treves–Rolls) or 1 (Hoyer) if only one value is nonzero.

References
----------
Treves & Rolls (1991), What determines the capacity of autoassociative memories in the brain?, Network 2.
Hoyer (2004), Non-negative matrix factorization with sparseness constraints, JMLR 5, eq. in section 3.1.

Examples
--------
>>> import census  # `recorded` is what census.record returned
>>> tables = census.measure("sparsity", recorded["relu1"], resamples=200)
>>> tables["layer"][["n_units", "n_images", "resamples"]].values.tolist()
[[2, 30, 200]]
>>> tables["units"][["unit", "mean_activation", "max_activation"]].shape
(2, 3)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from census.jobs import LOGGER
from census.measures.columns import Floats, Table, column, count, share
from census.measures.declaration import Measure, Recordings
from census.measures.parameters import ImageResamples
from census.statistics.bootstrap import Estimate, mean_estimate
from census.statistics.sparseness import hoyer, is_signed, sums_over_images, sums_over_neurons, treves_rolls

if TYPE_CHECKING:
    from census.stores.recording import Recording


@dataclass(frozen=True)
class Parameters(ImageResamples):
    """Active fraction, population sparseness and lifetime sparseness."""


class Layer(Table, per="layer"):
    """Sparseness of a layer."""

    n_units: int = count("units of the layer", "units", "ours", least=1)
    n_neurons: int = count("neurons of the layer: units times positions", "neurons", "ours", least=1)
    n_images: int = count("recorded images", "images", "ours", least=1)
    n_map_images: int = count("images with activation maps", "images", "ours")
    n_inactive_units: int = count("units that are 0 on all images", "units", "ours")
    n_inactive_vectors: int = count(
        "images with activation maps on which the whole layer is 0", "images", "ours"
    )
    n_signed_vectors: int = count("images with activation maps on which any value is negative", "images")
    resamples: int = column("value of the parameter `resamples`", range=(100, None))
    active_fraction: Estimate = share(
        "share of values that are not 0, over units, positions and images", "Rupprecht 2017"
    )
    population_sparseness: Estimate = share(
        "Treves–Rolls sparseness of an image's activation vector, mean over images; undefined for vectors "
        "with negative values",
        "Treves & Rolls 1991",
    )
    hoyer: Estimate = share(
        "Hoyer sparseness of an image's activation vector, mean over images", "Hoyer 2004"
    )


class Units(Table, per="unit"):
    """Sparseness of each unit."""

    active_fraction: Floats = share(
        "share of the unit's values that are not 0, over images and positions", "Rupprecht 2017"
    )
    lifetime_sparseness: Floats = share(
        "Treves–Rolls sparseness, over images, of the unit's mean activation; undefined for inactive units "
        "and units with negative values",
        "Treves & Rolls 1991",
    )
    mean_activation: Floats = column("mean activation over images and positions", "Chen et al. 2018")
    max_activation: Floats = column("largest activation on any image", "Chen et al. 2018")


def compute(layer: "Recording", parameters: Parameters, seed: int) -> tuple[Layer, Units]:
    """Measure the sparseness of a layer and of its units."""
    n_units, height, width = layer.shape
    n_images, n_positions, n_neurons = len(layer.images), height * width, n_units * height * width
    active_in_images, active_in_units = active_counts(layer.statistic("nonzero"), n_units)
    vectors = sums_over_neurons(layer.maps(), layer.n_map_images)
    means = sums_over_images(layer.statistic("mean"), n_units)
    largest = np.max([block.max(0) for block in layer.statistic("max")], axis=0)
    # NaN differs from 0 but is not activity
    not_numbers = np.concatenate([np.isnan(block).any(1) for block in layer.statistic("mean")])
    if not_numbers.any():
        LOGGER.warning(
            "%s: NaN on %d of %d images; no active fraction for these", layer, not_numbers.sum(), n_images
        )
    active_of_images = np.where(not_numbers, np.nan, active_in_images / n_neurons)

    def over_images(values: NDArray[np.floating]) -> Estimate:
        return mean_estimate(values, parameters.resamples, seed)

    return (
        Layer(
            of=layer.attributes,
            n_units=n_units,
            n_neurons=n_neurons,
            n_images=n_images,
            n_map_images=layer.n_map_images,
            # sparseness of these vectors is undefined, and they are left out of its mean
            n_inactive_vectors=int((vectors.squares == 0).sum()),
            n_signed_vectors=int(is_signed(vectors.total, vectors.absolute).sum()),
            n_inactive_units=int((active_in_units == 0).sum()),
            resamples=parameters.resamples,
            active_fraction=over_images(active_of_images),
            population_sparseness=over_images(treves_rolls(*vectors, n_neurons)),
            hoyer=over_images(hoyer(vectors.absolute, vectors.squares, n_neurons)),
        ),
        Units(
            of=layer.attributes,
            active_fraction=np.where(
                np.isnan(means.total), np.nan, active_in_units / (n_images * n_positions)
            ),
            lifetime_sparseness=treves_rolls(*means, n_images),
            mean_activation=means.total / n_images,
            max_activation=largest.astype(np.float64),
        ),
    )


measure = Measure(
    name="sparsity",
    title="Sparsity",
    reads={"layer": Recordings()},
    tables={"layer": Layer, "units": Units},
    compute=compute,
    parameters=Parameters,
)


def active_counts(
    blocks: Iterable[NDArray[np.integer]], n_units: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the values that are not 0, per image and per unit.

    Parameters
    ----------
    blocks : arrays of integer, shape (n_images, n_units), number of nonzero positions in each unit's map, in
        order of images.
    n_units : number of units.

    Returns
    -------
    of_images : array of int64, shape (n_images,), over the units of each image.
    of_units : array of int64, shape (n_units,), over the images of each unit.
    """
    of_images, of_units = [np.zeros(0, np.int64)], np.zeros(n_units, np.int64)
    for block in blocks:
        of_images.append(block.sum(1, dtype=np.int64))
        of_units += block.sum(0, dtype=np.int64)
    return np.concatenate(of_images), of_units
