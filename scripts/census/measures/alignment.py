"""Whether patterns prefer the basis of units to other directions of the same space.

Here a pattern is the vector of a layer's C units at one position of one image. If it favours no direction, it
spreads over the axes of any basis alike; if it favours the units' own, few of these carry most of it. How
unevenly it spreads, over units and over the axes of randomly rotated bases, is what is compared.

References
----------
S0 asks whether patterns prefer the neuronal basis. Elhage, Lasenby & Olah (2023), Privileged bases in the
transformer residual stream, for kurtosis over units, and random rotations as the control.

Examples
--------
>>> import census  # `recorded` is what census.record returned
>>> found = census.measure("alignment", recorded["relu1"], rotations=20)["layer"]
>>> found[["n_units", "n_map_images", "rotations"]].values.tolist()
[[2, 30, 20]]
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from census.jobs import LOGGER
from census.measures.declaration import Floats, Integers, Measure, Recordings, Table, column, count, share
from census.statistics.bootstrap import Estimate, percentile_interval, resample_counts
from census.statistics.subset import choose_images

if TYPE_CHECKING:
    from census.stores.recording import Recording

Singles = NDArray[np.float32]
STATISTICS = ("kurtosis", "gini", "hoyer")
VALUES_AT_ONCE = 1 << 17  # few enough to stay in a processor's cache between one operation and the next
# rotations between which a statistic differs by less than this, relatively, differ by rounding
RESOLUTION = 1e-6


@dataclass(frozen=True)
class Common:
    """Parameters of all comparisons of directions."""

    rotations: Annotated[int, Ge(20), Le(10000)] = 20
    """Random rotations with which the unit basis is compared."""
    resamples: Annotated[int, Ge(100)] = 1000
    """Bootstrap resamples of the images for each 95 % interval."""


@dataclass(frozen=True)
class Parameters(Common):
    """Axis alignment: whether activation vectors prefer the unit basis to other bases of the same space."""

    images: Annotated[int, Ge(2)] | None = 250
    """Number of the images with activation maps, a seeded random sample, whose activation vectors are
    rotated; null for all of them."""


class Layer(Table, per="layer"):
    """How much more unevenly patterns spread over units than over random axes; also before the rectifier."""

    n_units: int = count("units of the layer", "units")
    n_map_images: int = count("images whose patterns are compared", "images")
    n_positions: int = count("positions of an image whose patterns are compared", "positions")
    rotations: int = column("the parameter of that name", range=(20, None))
    resamples: int = column("the parameter of that name", range=(100, None))

    n_silent_positions: int = count("patterns of zeros", "patterns")
    n_constant_positions: int = count("patterns of a single other value, without kurtosis", "patterns")
    n_not_finite_positions: int = count("patterns with values that are not finite", "patterns")
    pattern_kurtosis: Estimate = column("mean kurtosis of patterns over units", range=(1, None))
    alignment_kurtosis: Estimate = column(
        "kurtosis of patterns over units minus its mean over random rotations", "Elhage et al. 2023"
    )
    alignment_z: Estimate = column(
        "the same over its standard deviation over rotations", "Elhage et al. 2023"
    )
    pattern_gini: Estimate = share("mean Gini index of patterns over units")
    alignment_gini: Estimate = column("the same minus its mean over random rotations", range=(-1, 1))
    alignment_gini_z: Estimate = column("the same over its standard deviation over rotations")
    pattern_hoyer: Estimate = share("mean Hoyer sparseness of patterns over units")
    alignment_hoyer: Estimate = column("the same minus its mean over random rotations", range=(-1, 1))
    alignment_hoyer_z: Estimate = column("the same over its standard deviation over rotations")

    # of what the layer's rectifier takes; null for other layers
    n_silent_positions_before: int | None = count("patterns of zeros", "patterns")
    n_constant_positions_before: int | None = count("patterns of a single other value", "patterns")
    n_not_finite_positions_before: int | None = count("patterns with values that are not finite", "patterns")
    pattern_kurtosis_before: Estimate | None = column("mean kurtosis", range=(1, None))
    alignment_kurtosis_before: Estimate | None = column(
        "alignment of what the layer's rectifier takes; null for other layers", "Elhage et al. 2023"
    )
    alignment_z_before: Estimate | None = column(
        "z of what the layer's rectifier takes; null for other layers", "Elhage et al. 2023"
    )
    pattern_gini_before: Estimate | None = share("mean Gini index")
    alignment_gini_before: Estimate | None = column("the same minus its mean over rotations", range=(-1, 1))
    alignment_gini_z_before: Estimate | None = column("the same over its standard deviation")
    pattern_hoyer_before: Estimate | None = share("mean Hoyer sparseness")
    alignment_hoyer_before: Estimate | None = column("the same minus its mean over rotations", range=(-1, 1))
    alignment_hoyer_z_before: Estimate | None = column("the same over its standard deviation")


class Resamples(Table, per="resample"):
    """The alignment's z on resamples of images, for what is measured across layers."""

    resample: Integers = column("number of the resample", range=(0, None))
    alignment_z: Floats = column("z of kurtosis")
    alignment_z_before: Floats | None = column("z of what the layer's rectifier takes; null for other layers")


def compute(
    checkpoints: Sequence["Recording"], parameters: Parameters, seed: int
) -> Iterator[Layer | Resamples]:
    """Measure at every checkpoint of a layer whether its patterns align with the basis of units."""
    rotations, resamples = parameters.rotations, parameters.resamples
    maps = {layer.n_map_images for layer in checkpoints}
    chosen = {n_maps: choose_images(n_maps, parameters.images, 0, seed)[0] for n_maps in maps}
    sizes = {len(images) for images in chosen.values()}
    resampled = {n_images: resample_counts(n_images, resamples, seed) for n_images in sizes}
    (n_units, *_), n_positions = checkpoints[0].shape, checkpoints[0].n_positions
    # one set for all checkpoints, before and after the rectifier
    frames = random_frames(min(max(sizes) * n_positions, n_units), n_units, rotations, seed)
    for layer in checkpoints:
        images = chosen[layer.n_map_images]
        n_images, values, before = len(images), layer.at_positions()[images], layer.before()
        row: dict[str, Any] = {}
        drawn: dict[str, Any] = {}
        for suffix, patterns in (("", values), ("_before", before if before is None else before[images])):
            found = None if patterns is None else sort_out(patterns)
            for name in ("silent", "constant", "not_finite"):
                number = row[f"n_{name}_positions{suffix}"] = found and getattr(found, f"n_{name}")
                if number:
                    where = f"{layer}{', before its rectifier' if suffix else ''}"
                    LOGGER.warning("%s: %d patterns are %s", where, number, name.replace("_", " "))
            spread = found and alignment(found, n_images, frames, resampled[n_images])
            drawn[f"alignment_z{suffix}"] = spread and spread.z_resampled[:, STATISTICS.index("kurtosis")]
            for place, statistic in enumerate(STATISTICS):
                z = "alignment_z" if statistic == "kurtosis" else f"alignment_{statistic}_z"
                row[f"pattern_{statistic}{suffix}"] = spread and spread.value.at(place)
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
    # activation vectors at the positions of images with maps, and a rotation of up to units by units each
    memory=3000,
)


def unevenness(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return how unevenly each pattern spreads over its axes, by three statistics.

    Parameters
    ----------
    values : float (patterns, axes), at least two axes; not of a size whose fourth power is no finite number.

    Returns
    -------
    (3, patterns), of the type of ``values``: kurtosis m4 / m2², with moments about the pattern's mean; Gini
    index and Hoyer sparseness of absolute values. NaN for a pattern of zeros; kurtosis also where all values
    are the same.

    References
    ----------
    Hurley & Rickard (2009), Comparing measures of sparsity, IEEE Transactions on Information Theory 55, for
    the Gini index. Hoyer (2004), Non-negative matrix factorization with sparseness constraints, JMLR 5.
    """
    axes = values.shape[-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        squares = values - values.mean(-1, keepdims=True)
        squares *= squares
        kurtosis = np.einsum("pc,pc->p", squares, squares) / axes / squares.mean(-1) ** 2
        # values that are all the same may miss their mean by rounding
        kurtosis[values.max(-1) == values.min(-1)] = np.nan
        ascending = np.sort(np.abs(values), axis=-1)
        total = ascending.sum(-1)
        weights = (2 * axes - 2 * np.arange(1, axes + 1) + 1) / axes
        gini = 1 - ascending @ weights.astype(values.dtype) / total
        length = np.sqrt(np.einsum("pc,pc->p", values, values))
        root = values.dtype.type(np.sqrt(axes))
        hoyer = (root - total / length) / (root - 1)
    return np.stack([kurtosis, gini, hoyer])


def random_frames(n_directions: int, n_units: int, count: int, seed: int) -> Singles:
    """Draw the first rows of rotations from the Haar measure, under which all rotations are alike.

    Gaussian vectors have no preferred direction; made orthonormal one after the other, the signs fixed, they
    are distributed as the rows of such a rotation (with reflections).

    Parameters
    ----------
    n_directions : rows of each rotation, at most ``n_units``.
    n_units : size of the rotations.
    count, seed : how many, and the seed.

    Returns
    -------
    float32 (count, n_directions, n_units), rows orthonormal; the first rows of more are the same rows.

    References
    ----------
    Mezzadri (2007), How to generate random matrices from the classical compact groups, Notices of the AMS 54.
    """
    frames = np.empty((count, n_directions, n_units), np.float32)
    random = [np.random.default_rng([seed, number]) for number in range(count)]
    for frame, generator in zip(frames, random, strict=True):
        rows = generator.standard_normal((n_directions, n_units))
        if 2 * n_directions <= n_units:
            # faster, and exact where rows are far from dependent
            frame[:] = np.linalg.inv(np.linalg.cholesky(rows @ rows.T)) @ rows
        else:
            columns, upper = np.linalg.qr(rows.T.astype(np.float32))
            frame[:] = (columns * np.sign(np.diag(upper))).T
    return frames


def coordinates(patterns: Floats) -> Singles:
    """Return patterns in an orthonormal basis of the space that they span, where they are fewer than units.

    A random rotation of the units, seen from that space, is as many rows of one: what the patterns become is
    distributed as if the whole rotation were drawn, at the cost of a part.

    Parameters
    ----------
    patterns : float64 (patterns, units).

    Returns
    -------
    float32 (patterns, min(patterns, units)), with the same inner products; the patterns themselves where
    there are no fewer than units.
    """
    if len(patterns) < patterns.shape[1]:
        patterns = np.asarray(np.linalg.qr(patterns.T, mode="r")).T
    return patterns.astype(np.float32)


def rotated(places: Singles, frame: Singles) -> Iterator[tuple[slice, Singles]]:
    """Yield patterns in a rotated basis, in blocks: which patterns, and float32 (patterns, axes)."""
    at_once = max(1, VALUES_AT_ONCE // frame.shape[1])
    for first in range(0, len(places), at_once):
        block = slice(first, first + at_once)
        yield block, places[block] @ frame[: places.shape[1]]


class Patterns(NamedTuple):
    """Patterns, and which of them have a spread that can be told.

    Attributes
    ----------
    patterns : float64 (images × positions, units), each of a mean square of 1, so that no power overflows;
        zeros where the spread is undefined.
    defined : bool (3, images × positions), for each of :data:`STATISTICS`.
    n_silent, n_constant, n_not_finite : patterns of zeros; of a single other value, for which kurtosis is
        undefined; with values that are not finite.
    """

    patterns: Floats
    defined: NDArray[np.bool_]
    n_silent: int
    n_constant: int
    n_not_finite: int


def sort_out(patterns: NDArray[np.floating]) -> Patterns:
    """Tell apart patterns, float (images, positions, units), for which statistics are and are not defined."""
    flat = patterns.reshape(-1, patterns.shape[-1]).astype(np.float64)
    finite = np.isfinite(flat).all(1)
    flat[~finite] = 0
    largest = np.abs(flat).max(1, initial=0)
    silent = finite & (largest == 0)
    constant = finite & ~silent & (np.ptp(flat, axis=1) == 0)
    known = finite & ~silent & (flat.shape[1] > 1)
    flat[known] /= largest[known, None]
    flat[known] /= np.sqrt(np.mean(flat[known] ** 2, axis=1, keepdims=True))
    flat[~known] = 0
    defined = np.stack([known & ~constant, known, known])
    return Patterns(flat, defined, int(silent.sum()), int(constant.sum()), int((~finite).sum()))


class Alignment(NamedTuple):
    """How much more unevenly patterns spread over units than over random axes.

    Attributes
    ----------
    value : estimates (3,), mean over images and positions of each of :data:`STATISTICS`, over units.
    delta : estimates (3,), that value minus its mean over rotations.
    z : estimates (3,), ``delta`` over the standard deviation of the rotations, each a mean over patterns.

    z_resampled : float64 (resamples, 3), ``z`` on each resample.

    All are NaN where no pattern is left; ``z`` also where rotations do not differ: kurtosis of two values is
    always 1, and of three 1.5.
    """

    value: Estimate
    delta: Estimate
    z: Estimate
    z_resampled: Floats


def alignment(found: Patterns, n_images: int, frames: Singles, resampled: Floats) -> Alignment:
    """Compare the units' basis with random ones.

    A pattern for which a statistic is undefined over units is left out under rotations, too.

    Parameters
    ----------
    found : what :func:`sort_out` tells of the patterns.
    n_images : of how many images they are.
    frames : what :func:`random_frames` gives for as many directions as there are patterns, or units if these
        are fewer; at least two.
    resampled : float64 (resamples, images), how often each image is in each resample.
    """
    statistics = np.zeros((1 + len(frames), 3, len(found.patterns)))
    statistics[0] = unevenness(found.patterns) if found.defined.any() else 0
    if found.defined.any():
        places = coordinates(found.patterns)
        for row, frame in zip(statistics[1:], frames, strict=True):
            for block, values in rotated(places, frame):
                row[:, block] = unevenness(values)
    means = means_over_patterns(statistics, found.defined, n_images)

    def measure(counts: Floats) -> Floats:
        over_units, over_axes = np.split(means(counts), [1], axis=1)
        average, spread = over_axes.mean(1), over_axes.std(1, ddof=1)
        delta = over_units[:, 0] - average
        spread[spread <= RESOLUTION * np.abs(average)] = np.nan
        return np.stack([over_units[:, 0], delta, delta / spread], axis=1)

    (values,) = measure(np.ones((1, n_images)))
    drawn = measure(resampled)
    value, delta, z = map(Estimate, values, *percentile_interval(drawn))
    return Alignment(value, delta, z, drawn[:, 2])


def means_over_patterns(
    statistics: Floats, defined: NDArray[np.bool_], n_images: int
) -> Callable[[Floats], Floats]:
    """Return a function from samples of images to the means of statistics over the patterns of these.

    Parameters
    ----------
    statistics : float64 (bases, 3, images × positions).
    defined : bool (3, images × positions), the patterns that count.

    Returns
    -------
    from float64 (samples, images), how often each image counts, to float64 (samples, bases, 3); NaN where no
    pattern counts.
    """
    n_bases, positions = len(statistics), defined.shape[1] // max(1, n_images)
    sums = np.where(defined, statistics, 0).reshape(n_bases, 3, n_images, positions).sum(-1)
    numbers = defined.reshape(3, n_images, positions).sum(-1)

    def means(counts: Floats) -> Floats:
        totals = (counts @ sums.reshape(-1, n_images).T).reshape(len(counts), n_bases, 3)
        with np.errstate(invalid="ignore"):
            return totals / (counts @ numbers.T)[:, None]

    return means


def estimate_from(measure: Callable[[Floats], Floats], n_images: int, resampled: Floats) -> Estimate:
    """Measure on the images themselves and on resamples of them.

    Parameters
    ----------
    measure : from float64 (samples, images), how often each image counts, to float64 (samples, …).
    n_images : number of images.
    resampled : float64 (resamples, images), how often each image is in each resample.
    """
    (value,) = measure(np.ones((1, n_images)))
    return Estimate(value, *percentile_interval(measure(resampled)))
