"""How unevenly patterns spread over units, and over random, principal and independent directions.

References
----------
S0 asks whether patterns prefer the neuronal basis to other directions. Elhage, Lasenby & Olah (2023),
Privileged bases in the transformer residual stream, for kurtosis over the axes of a basis.

Examples
--------
>>> import census  # `recorded` is what census.record returned
>>> census.measure("bases", recorded["relu1"], rotations=20)["table"]["directions"].tolist()
['neurons', 'random', 'principal', 'independent']
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from census.jobs import LOGGER
from census.measures.columns import Floats, Integers, Table, Texts, column, count, share
from census.measures.declaration import Measure, Recordings
from census.measures.parameters import ImageResamples, Rotations
from census.statistics.bootstrap import Estimate, estimate, resample_counts
from census.statistics.rotations import means_over_patterns, random_frames, sort_out, unevenness
from census.statistics.signs import with_signs
from census.statistics.streams import seed_of

if TYPE_CHECKING:
    from census.stores.recording import Recording

Singles = NDArray[np.float32]
KINDS = ("neurons", "random", "principal", "independent")
MOST_ITERATIONS = 200  # a search that needs all of its iterations counts as failed


@dataclass(frozen=True)
class Parameters(ImageResamples, Rotations):
    """Units beside random, principal and independent directions."""

    directions: Annotated[int, Ge(4)] = 16
    """Number of units and of random, principal and independent directions that are compared at the final
    checkpoint, in a run's `unit_layers`; fewer if the layer has fewer units. Four is the smallest number
    whose kurtosis can differ."""


class Directions(Table, per="kind of direction"):
    """How unevenly patterns spread over directions of each kind."""

    directions: Texts = column("`neurons`, `random`, `principal` or `independent`")
    n_map_images: int = count("images with activation maps", "images")
    n_positions: int = count("positions of an image whose patterns are compared", "positions")
    n_directions: int = count("directions of each kind", "directions")
    n_left_out_positions: int = count(
        "patterns that are silent, or the same, in all directions of one of the kinds", "patterns"
    )
    n_unsettled: Integers = count("halves of the images whose search did not come to rest", "halves")
    pattern_kurtosis: Estimate = column("mean kurtosis of patterns, moments about 0", range=(1, None))
    pattern_gini: Estimate = share("mean Gini index of patterns")
    pattern_hoyer: Estimate = share("mean Hoyer sparseness of patterns")


def compute(layer: "Recording", parameters: Parameters, seed: int) -> Iterator[Directions]:
    """Compare the units of a layer with random, principal and independent directions."""
    patterns, wanted = layer.at_positions(), parameters.directions
    n_images, n_positions, n_units = patterns.shape
    own_seed = seed_of(seed, layer.attributes["network"], layer.attributes["layer"])
    frames = random_frames(min(wanted, n_units), n_units, parameters.rotations, own_seed)
    found = compare(patterns, wanted, frames, resample_counts(n_images, parameters.resamples, seed), own_seed)
    if found.n_unsettled:
        LOGGER.warning("%s: the search for independent directions did not come to rest", layer)
    kurtosis, gini, hoyer = (found.value.at(slice(None), place) for place in range(3))
    yield Directions(
        of=layer.attributes,
        directions=KINDS,
        n_map_images=n_images,
        n_positions=n_positions,
        n_directions=found.n_directions,
        n_left_out_positions=found.n_left_out,
        n_unsettled=np.where(np.array(KINDS) == "independent", found.n_unsettled, 0),
        pattern_kurtosis=kurtosis,
        pattern_gini=gini,
        pattern_hoyer=hoyer,
    )


measure = Measure(
    name="bases",
    title="Bases",
    reads={"layer": Recordings("unit_layers", "final")},
    tables={"": Directions},
    compute=compute,
    jobs="run",
    parameters=Parameters,
    section="alignment",
    where=lambda run: bool(run.unit_layers),
    # a layer's activation vectors at the positions of all images with maps
    memory=3000,
)


class Bases(NamedTuple):
    """How unevenly patterns spread over as many directions of four kinds.

    Attributes
    ----------
    value : estimates (4, 3), by kind and statistic.
    n_directions : of each kind.
    n_left_out : patterns that are silent, or the same, in all directions of one of the kinds.
    n_unsettled : in how many halves of the images the search for independent directions did not come to rest.
    """

    value: Estimate
    n_directions: int
    n_left_out: int
    n_unsettled: int


def compare(
    patterns: NDArray[np.floating], n_directions: int, frames: Singles, resampled: Floats, seed: int
) -> Bases:
    """Compare units with random, principal and independent directions, as many of each kind.

    Directions are found on every other image, and patterns of the others measured along them; then the other
    way round. On the patterns on which they were found, independent directions would be uneven by design.

    The kinds are the units of highest variance; random orthonormal directions, averaged over rotations; the
    principal directions of highest variance; and the independent directions in the span of these. A
    direction's sign is such that its largest absolute weight is positive.

    Parameters
    ----------
    patterns : float (images, positions, units).
    n_directions : how many of each kind; fewer where there are not as many units, or principal directions.
    frames : what :func:`~census.statistics.rotations.random_frames` gives for at least as many directions, or
        for all units where these are fewer.
    resampled : float64 (resamples, images), how often each image is in each resample.
    seed : where the search for independent directions starts.
    """
    n_images, positions, _ = patterns.shape
    found = sort_out(patterns)
    known = found.defined[0].reshape(n_images, positions)
    halves = [(np.arange(n_images) % 2 == half)[:, None] & known for half in (0, 1)]
    spans = [principal_directions(patterns[half].astype(np.float64)) for half in halves]
    k = min(n_directions, *(len(span.directions) for span in spans))
    if k < 2:
        nothing = np.full((4, 3), np.nan)
        return Bases(Estimate(nothing, nothing, nothing), k, known.size, 0)
    statistics = np.zeros((len(KINDS), 3, n_images, positions))
    unsettled = 0
    for half, span, others in zip(halves, spans, halves[::-1], strict=True):
        values = patterns[others].astype(np.float64)
        chosen = np.sort(np.argsort(-patterns[half].astype(np.float64).var(0), kind="stable")[:k])
        independent, settled = independent_directions(patterns[half].astype(np.float64), span, k, seed)
        unsettled += not settled
        statistics[0][:, others] = unevenness(values[:, chosen], signed=False)
        statistics[2][:, others] = unevenness(values @ span.directions[:k].T, signed=False)
        statistics[3][:, others] = unevenness(values @ independent.T, signed=False)
    flat = statistics.reshape(len(KINDS), 3, -1)
    singles = found.patterns.astype(np.float32)
    for frame in frames[:, :k]:
        flat[1] += unevenness(singles @ frame.T, signed=False) / len(frames)
    counted = known.ravel() & np.isfinite(flat).all((0, 1))
    means = means_over_patterns(flat, np.stack([counted] * 3), n_images)
    return Bases(estimate(means, resampled), k, int((~counted).sum()), unsettled)


class Span(NamedTuple):
    """The principal directions of patterns.

    Attributes
    ----------
    directions : float64 (n, units), orthonormal, that of highest variance first; without those along which
        patterns do not differ.
    deviations : float64 (n,), the standard deviation of patterns along each.
    """

    directions: Floats
    deviations: Floats


def principal_directions(patterns: Floats) -> Span:
    """Find the principal directions of patterns, float64 (patterns, units)."""
    n_patterns, units = patterns.shape
    if n_patterns < 2:
        return Span(np.empty((0, units)), np.empty(0))
    about = patterns - patterns.mean(0)
    small = n_patterns < units
    squares, vectors = np.linalg.eigh(about @ about.T if small else about.T @ about)
    squares, vectors = squares[::-1], vectors[:, ::-1]
    # eigenvalues are exact to rounding of the largest, and deviations are their roots
    kept = squares > squares[0] * 1e-12 * max(patterns.shape)
    rows = vectors[:, kept].T
    if small:
        rows = rows @ about / np.sqrt(squares[kept])[:, None]
    return Span(with_signs(rows), np.sqrt(squares[kept] / n_patterns))


def independent_directions(patterns: Floats, span: Span, count: int, seed: int) -> tuple[Floats, bool]:
    """Find the directions in a span along which patterns vary most independently, by FastICA.

    All are found at once, with log cosh as contrast.

    Parameters
    ----------
    patterns : float64 (patterns, units).
    span : their principal directions, of which the first are taken.
    count : how many of these, and how many directions are found.
    seed : of the start.

    Returns
    -------
    directions : float64 (count, units), of length 1: the filters that find the sources.
    settled : whether the algorithm came to rest.

    References
    ----------
    Hyvärinen & Oja (2000), Independent component analysis: algorithms and applications, Neural Networks
    13(4–5), 411–430.
    """
    from sklearn.decomposition import FastICA
    from sklearn.exceptions import ConvergenceWarning

    whitening = span.directions[:count] / span.deviations[:count, None]
    ica = FastICA(whiten=False, max_iter=MOST_ITERATIONS, random_state=seed % 2**32)
    with warnings.catch_warnings():  # it is said in what is returned
        warnings.simplefilter("ignore", ConvergenceWarning)
        ica.fit((patterns - patterns.mean(0)) @ whitening.T)
    filters = ica.components_ @ whitening
    unit = filters / np.linalg.norm(filters, axis=1, keepdims=True)
    return with_signs(unit), ica.n_iter_ < MOST_ITERATIONS
