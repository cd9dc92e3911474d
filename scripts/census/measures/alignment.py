"""Axis alignment: whether channel vectors prefer the unit basis to other bases of the same space.

A channel vector is the vector of a layer's C units at one position of one image. Vectors without a preferred
direction are equally peaked in all bases. Vectors that prefer the unit basis are more peaked over units than
over the axes of randomly rotated bases, because few units carry most of them.

References
----------
Rupprecht (2017) asks whether vectors prefer the neuronal basis. Elhage, Lasenby & Olah (2023), Privileged
bases in the transformer residual stream, for kurtosis over units, and random rotations as the control.

Examples
--------
>>> import census  # `recorded` is what census.record returned
>>> found = census.measure("alignment", recorded["relu1"], rotations=20)["layer"]
>>> found[["n_units", "n_map_images", "rotations"]].values.tolist()
[[2, 30, 20]]
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from census.jobs import LOGGER
from census.measures.columns import Floats, Integers, Table, column, count, share
from census.measures.declaration import Measure, Recordings
from census.measures.parameters import ImageResamples
from census.statistics.bootstrap import Estimate, percentile_interval, resample_counts
from census.statistics.rotations import (
    STATISTICS,
    ChannelVectors,
    coordinates,
    means_over_vectors,
    peakedness,
    random_frames,
    rotated,
    sort_out,
)
from census.statistics.streams import seed_of, stream
from census.statistics.subset import choose_images

if TYPE_CHECKING:
    from census.stores.recording import Recording

Singles = NDArray[np.float32]
# smaller relative differences of a statistic between rotations are rounding
RESOLUTION = 1e-6


@dataclass(frozen=True)
class Parameters(ImageResamples):
    """Axis alignment: whether activation vectors prefer the unit basis to other bases of the same space."""

    images: Annotated[int, Ge(2)] | None = 100
    """Number of images whose activation vectors are rotated, a seeded random sample of those with activation
    maps; null for all of them."""
    rotations: Annotated[int, Ge(20), Le(10000)] = 200
    """Random rotations with which the unit basis is compared."""


class Layer(Table, per="layer"):
    """Axis alignment of a layer and, if nonlinear, of its pre-activations."""

    n_units: int = count("units of the layer", "units")
    n_map_images: int = count("images whose channel vectors are compared", "images")
    n_positions: int = count("positions per image whose channel vectors are compared", "positions")
    rotations: int = column("value of the parameter `rotations`", range=(20, None))
    resamples: int = column("value of the parameter `resamples`", range=(100, None))

    n_inactive_positions: int = count("channel vectors of zeros", "vectors")
    n_constant_positions: int = count(
        "channel vectors of a single other value, which have no kurtosis", "vectors"
    )
    n_not_finite_positions: int = count("channel vectors with values that are not finite", "vectors")
    vector_kurtosis: Estimate = column("mean kurtosis of channel vectors over units", range=(1, None))
    alignment_kurtosis: Estimate = column(
        "axis alignment: kurtosis of channel vectors over units minus its mean over random rotations",
        "Elhage et al. 2023",
    )
    alignment_z: Estimate = column(
        "axis alignment by kurtosis, divided by its standard deviation over rotations", "Elhage et al. 2023"
    )
    vector_gini: Estimate = share("mean Gini index of channel vectors over units")
    alignment_gini: Estimate = column(
        "Gini index of channel vectors minus its mean over random rotations", range=(-1, 1)
    )
    alignment_gini_z: Estimate = column(
        "axis alignment by Gini index, divided by its standard deviation over rotations"
    )
    vector_hoyer: Estimate = share("mean Hoyer sparseness of channel vectors over units")
    alignment_hoyer: Estimate = column(
        "Hoyer sparseness of channel vectors minus its mean over random rotations", range=(-1, 1)
    )
    alignment_hoyer_z: Estimate = column(
        "axis alignment by Hoyer sparseness, divided by its standard deviation over rotations"
    )

    # of the layer's pre-activations; null for other layers
    n_inactive_positions_pre: int | None = count("pre-activation channel vectors of zeros", "vectors")
    n_constant_positions_pre: int | None = count(
        "pre-activation channel vectors of a single other value", "vectors"
    )
    n_not_finite_positions_pre: int | None = count(
        "pre-activation channel vectors with values that are not finite", "vectors"
    )
    vector_kurtosis_pre: Estimate | None = column(
        "mean kurtosis of pre-activation channel vectors over units", range=(1, None)
    )
    alignment_kurtosis_pre: Estimate | None = column(
        "axis alignment of the layer's pre-activations; null for other layers", "Elhage et al. 2023"
    )
    alignment_z_pre: Estimate | None = column(
        "axis alignment of the layer's pre-activations, divided by its standard deviation over rotations; "
        "null for other layers",
        "Elhage et al. 2023",
    )
    vector_gini_pre: Estimate | None = share("mean Gini index of pre-activation channel vectors over units")
    alignment_gini_pre: Estimate | None = column(
        "Gini index of pre-activation channel vectors minus its mean over random rotations", range=(-1, 1)
    )
    alignment_gini_z_pre: Estimate | None = column(
        "axis alignment of pre-activations by Gini index, divided by its standard deviation over rotations"
    )
    vector_hoyer_pre: Estimate | None = share(
        "mean Hoyer sparseness of pre-activation channel vectors over units"
    )
    alignment_hoyer_pre: Estimate | None = column(
        "Hoyer sparseness of pre-activation channel vectors minus its mean over random rotations",
        range=(-1, 1),
    )
    alignment_hoyer_z_pre: Estimate | None = column(
        "axis alignment of pre-activations by Hoyer sparseness, divided by its standard deviation over "
        "rotations"
    )


class Resamples(Table, per="resample"):
    """Axis alignment on resamples of images and rotations, for tests across layers."""

    resample: Integers = column("index of the resample", range=(0, None))
    alignment_kurtosis: Floats = column(
        "axis alignment: kurtosis of channel vectors over units minus its mean over rotations"
    )
    alignment_kurtosis_pre: Floats | None = column("axis alignment of pre-activations; null for other layers")


def compute(
    checkpoints: Sequence["Recording"], parameters: Parameters, seed: int
) -> Iterator[Layer | Resamples]:
    """Measure the axis alignment of a layer at every checkpoint."""
    rotations, resamples = parameters.rotations, parameters.resamples
    maps = {layer.n_map_images for layer in checkpoints}
    chosen = {n_maps: choose_images(n_maps, parameters.images, 0, seed)[0] for n_maps in maps}
    sizes = {len(images) for images in chosen.values()}
    resampled = {n_images: resample_counts(n_images, resamples, seed) for n_images in sizes}
    (n_units, *_), n_positions = checkpoints[0].shape, checkpoints[0].n_positions
    # all checkpoints of a layer share rotations, before and after the activation function
    own_seed = seed_of(seed, checkpoints[0].attributes["network"], checkpoints[0].attributes["layer"])
    frames = random_frames(min(max(sizes) * n_positions, n_units), n_units, rotations, own_seed)
    drawn_rotations = stream(own_seed, "drawn rotations").integers(rotations, size=resamples)
    for layer in checkpoints:
        images = chosen[layer.n_map_images]
        n_images, values, preactivations = len(images), layer.at_positions()[images], layer.preactivations()
        row: dict[str, Any] = {}
        drawn: dict[str, Any] = {}
        for suffix, vectors in (
            ("", values),
            ("_pre", preactivations if preactivations is None else preactivations[images]),
        ):
            found = None if vectors is None else sort_out(vectors)
            for name in ("inactive", "constant", "not_finite"):
                number = row[f"n_{name}_positions{suffix}"] = found and getattr(found, f"n_{name}")
                if number:
                    where = f"{layer}{', pre-activations' if suffix else ''}"
                    LOGGER.warning("%s: %d vectors are %s", where, number, name.replace("_", " "))
            spread = found and alignment(found, n_images, frames, resampled[n_images], drawn_rotations)
            kurtosis = STATISTICS.index("kurtosis")
            drawn[f"alignment_kurtosis{suffix}"] = spread and spread.delta_resampled[:, kurtosis]
            for place, statistic in enumerate(STATISTICS):
                z = "alignment_z" if statistic == "kurtosis" else f"alignment_{statistic}_z"
                row[f"vector_{statistic}{suffix}"] = spread and spread.value.at(place)
                row[f"alignment_{statistic}{suffix}"] = spread and spread.delta.at(place)
                row[f"{z}{suffix}"] = spread and spread.z.at(place)
        yield Layer(
            of=layer.attributes,
            n_units=n_units,
            n_map_images=n_images,
            n_positions=n_positions,
            rotations=rotations,
            resamples=resamples,
            **row,
        )
        yield Resamples(of=layer.attributes, resample=np.arange(resamples), **drawn)


measure = Measure(
    name="alignment",
    title="Alignment",
    reads={"checkpoints": Recordings()},
    tables={"layer": Layer, "resamples": Resamples},
    compute=compute,
    each="layer",
    parameters=Parameters,
    # channel vectors of images with maps, and rotations of up to n_units × n_units
    memory=3000,
)


class Alignment(NamedTuple):
    """Axis alignment of channel vectors, for each of :data:`STATISTICS`.

    Attributes
    ----------
    value : estimates (3,), mean of the statistic over units, averaged over images and positions.
    delta : estimates (3,), ``value`` minus its mean over rotations.
    z : estimates (3,), ``delta`` divided by the standard deviation over rotations.
    delta_resampled : array of float64, shape (n_resamples, 3), ``delta`` on each resample.

    All are NaN if no vector is left. ``z`` is also NaN if rotations do not differ: kurtosis of two values is
    always 1, and of three 1.5.
    """

    value: Estimate
    delta: Estimate
    z: Estimate
    delta_resampled: Floats


def alignment(
    found: ChannelVectors, n_images: int, frames: Singles, resampled: Floats, drawn_rotations: Integers
) -> Alignment:
    """Compare the unit basis with random bases.

    Vectors with an undefined statistic over units are also left out under rotations.

    Parameters
    ----------
    found : channel vectors, see :func:`sort_out`.
    n_images : number of images of the vectors.
    frames : at least two rotations from :func:`random_frames`, with as many directions as vectors or units,
        whichever are fewer.
    resampled : array of float64, shape (n_resamples, n_images), count of each image in each resample.
    drawn_rotations : array of int, shape (n_resamples,), the rotation with which units are compared in each
        resample. Because units are one basis, each is compared with one: intervals of the difference from a
        mean over many bases would exclude 0 for most random bases.
    """
    statistics = np.zeros((1 + len(frames), 3, len(found.vectors)))
    statistics[0] = peakedness(found.vectors) if found.defined.any() else 0
    if found.defined.any():
        places = coordinates(found.vectors)
        for row, frame in zip(statistics[1:], frames, strict=True):
            for block, values in rotated(places, frame):
                row[:, block] = peakedness(values)
    means = means_over_vectors(statistics, found.defined, n_images)

    def measure(counts: Floats, rotations: Integers | None) -> Floats:
        over_units, over_axes = np.split(means(counts), [1], axis=1)
        average, spread = over_axes.mean(1), over_axes.std(1, ddof=1)
        chosen = average if rotations is None else over_axes[np.arange(len(rotations)), rotations]
        delta = over_units[:, 0] - chosen
        spread[spread <= RESOLUTION * np.abs(average)] = np.nan
        return np.stack([over_units[:, 0], delta, delta / spread], axis=1)

    (values,) = measure(np.ones((1, n_images)), None)
    drawn = measure(resampled, drawn_rotations)
    value, delta, z = map(Estimate, values, *percentile_interval(drawn))
    return Alignment(value, delta, z, drawn[:, 1])
