"""How peaked vectors are over units, and over random, principal and independent directions.

References
----------
Rupprecht (2017) asks whether vectors prefer the neuronal basis to other directions. Elhage, Lasenby & Olah
(2023), Privileged bases in the transformer residual stream, for kurtosis over the axes of a basis.

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
from census.statistics.rotations import means_over_vectors, peakedness, random_frames, sort_out
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
    checkpoint, in a run's `per_unit_layers`; fewer if the layer has fewer units. Four is the smallest number
    whose kurtosis can differ."""


class Directions(Table, per="kind of direction"):
    """How peaked vectors are over directions of each kind."""

    directions: Texts = column("`neurons`, `random`, `principal` or `independent`")
    n_map_images: int = count("images with activation maps", "images")
    n_positions: int = count("positions per image whose channel vectors are compared", "positions")
    n_directions: int = count("directions of each kind", "directions")
    n_excluded_positions: int = count(
        "channel vectors that are 0, or constant, in all directions of one of the kinds", "vectors"
    )
    n_not_converged: Integers = count(
        "halves of the images in which the search for independent directions did not converge", "halves"
    )
    vector_kurtosis: Estimate = column(
        "mean kurtosis of channel vectors, with moments about 0", range=(1, None)
    )
    vector_gini: Estimate = share("mean Gini index of channel vectors")
    vector_hoyer: Estimate = share("mean Hoyer sparseness of channel vectors")


def compute(layer: "Recording", parameters: Parameters, seed: int) -> Iterator[Directions]:
    """Compare the units of a layer with random, principal and independent directions."""
    vectors, wanted = layer.at_positions(), parameters.directions
    n_images, n_positions, n_units = vectors.shape
    own_seed = seed_of(seed, layer.attributes["network"], layer.attributes["layer"])
    frames = random_frames(min(wanted, n_units), n_units, parameters.rotations, own_seed)
    found = compare(vectors, wanted, frames, resample_counts(n_images, parameters.resamples, seed), own_seed)
    if found.n_not_converged:
        LOGGER.warning("%s: the search for independent directions did not converge", layer)
    kurtosis, gini, hoyer = (found.value.at(slice(None), place) for place in range(3))
    yield Directions(
        of=layer.attributes,
        directions=KINDS,
        n_map_images=n_images,
        n_positions=n_positions,
        n_directions=found.n_directions,
        n_excluded_positions=found.n_excluded,
        n_not_converged=np.where(np.array(KINDS) == "independent", found.n_not_converged, 0),
        vector_kurtosis=kurtosis,
        vector_gini=gini,
        vector_hoyer=hoyer,
    )


measure = Measure(
    name="bases",
    title="Bases",
    reads={"layer": Recordings("per_unit_layers", "final")},
    tables={"": Directions},
    compute=compute,
    jobs="run",
    parameters=Parameters,
    section="alignment",
    where=lambda run: bool(run.per_unit_layers),
    # a layer's activation vectors at the positions of all images with maps
    memory=3000,
)


class Bases(NamedTuple):
    """How peaked vectors are over as many directions of four kinds.

    Attributes
    ----------
    value : estimates (4, 3), by kind and statistic.
    n_directions : of each kind.
    n_excluded : vectors that are inactive, or the same, in all directions of one of the kinds.
    n_not_converged : in how many halves of the images the search for independent directions did not converge.
    """

    value: Estimate
    n_directions: int
    n_excluded: int
    n_not_converged: int


def compare(
    vectors: NDArray[np.floating], n_directions: int, frames: Singles, resampled: Floats, seed: int
) -> Bases:
    """Compare units with random, principal and independent directions, as many of each kind.

    Directions are found on every other image, and vectors of the others measured along them; then the other
    way round. On the vectors on which they were found, independent directions would be peaked by design.

    The kinds are the units of highest variance; random orthonormal directions, averaged over rotations; the
    principal directions of highest variance; and the independent directions in the span of these. A
    direction's sign is such that its largest absolute weight is positive.

    Parameters
    ----------
    vectors : array of float, shape (n_images, n_positions, n_units).
    n_directions : how many of each kind; fewer where there are not as many units, or principal directions.
    frames : what :func:`~census.statistics.rotations.random_frames` gives for at least as many directions, or
        for all units where these are fewer.
    resampled : array of float64, shape (n_resamples, n_images), how often each image is in each resample.
    seed : where the search for independent directions starts.
    """
    n_images, positions, _ = vectors.shape
    found = sort_out(vectors)
    known = found.defined[0].reshape(n_images, positions)
    halves = [(np.arange(n_images) % 2 == half)[:, None] & known for half in (0, 1)]
    spans = [principal_directions(vectors[half].astype(np.float64)) for half in halves]
    k = min(n_directions, *(len(span.directions) for span in spans))
    if k < 2:
        nothing = np.full((4, 3), np.nan)
        return Bases(Estimate(nothing, nothing, nothing), k, known.size, 0)
    statistics = np.zeros((len(KINDS), 3, n_images, positions))
    not_converged = 0
    for half, span, others in zip(halves, spans, halves[::-1], strict=True):
        values = vectors[others].astype(np.float64)
        chosen = np.sort(np.argsort(-vectors[half].astype(np.float64).var(0), kind="stable")[:k])
        independent, converged = independent_directions(vectors[half].astype(np.float64), span, k, seed)
        not_converged += not converged
        statistics[0][:, others] = peakedness(values[:, chosen], signed=False)
        statistics[2][:, others] = peakedness(values @ span.directions[:k].T, signed=False)
        statistics[3][:, others] = peakedness(values @ independent.T, signed=False)
    flat = statistics.reshape(len(KINDS), 3, -1)
    singles = found.vectors.astype(np.float32)
    for frame in frames[:, :k]:
        flat[1] += peakedness(singles @ frame.T, signed=False) / len(frames)
    counted = known.ravel() & np.isfinite(flat).all((0, 1))
    means = means_over_vectors(flat, np.stack([counted] * 3), n_images)
    return Bases(estimate(means, resampled), k, int((~counted).sum()), not_converged)


class Span(NamedTuple):
    """The principal directions of vectors.

    Attributes
    ----------
    directions : array of float64, shape (n, n_units), orthonormal, that of highest variance first; without
        those along which vectors do not differ.
    deviations : array of float64, shape (n,), the standard deviation of vectors along each.
    """

    directions: Floats
    deviations: Floats


def principal_directions(vectors: Floats) -> Span:
    """Find the principal directions of vectors, array of float64, shape (n_vectors, n_units)."""
    n_vectors, units = vectors.shape
    if n_vectors < 2:
        return Span(np.empty((0, units)), np.empty(0))
    about = vectors - vectors.mean(0)
    small = n_vectors < units
    squares, eigenvectors = np.linalg.eigh(about @ about.T if small else about.T @ about)
    squares, eigenvectors = squares[::-1], eigenvectors[:, ::-1]
    # eigenvalues are exact to rounding of the largest, and deviations are their roots
    kept = squares > squares[0] * 1e-12 * max(vectors.shape)
    rows = eigenvectors[:, kept].T
    if small:
        rows = rows @ about / np.sqrt(squares[kept])[:, None]
    return Span(with_signs(rows), np.sqrt(squares[kept] / n_vectors))


def independent_directions(vectors: Floats, span: Span, count: int, seed: int) -> tuple[Floats, bool]:
    """Find the directions in a span along which vectors vary most independently, by FastICA.

    All are found at once, with log cosh as contrast.

    Parameters
    ----------
    vectors : array of float64, shape (n_vectors, n_units).
    span : their principal directions, of which the first are taken.
    count : how many of these, and how many directions are found.
    seed : of the start.

    Returns
    -------
    directions : array of float64, shape (count, n_units), of length 1: the filters that find the sources.
    converged : whether the algorithm has converged.

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
        ica.fit((vectors - vectors.mean(0)) @ whitening.T)
    filters = ica.components_ @ whitening
    unit = filters / np.linalg.norm(filters, axis=1, keepdims=True)
    return with_signs(unit), ica.n_iter_ < MOST_ITERATIONS
