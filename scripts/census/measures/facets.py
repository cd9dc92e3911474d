"""Facets of units: independent components of the patches to which they respond most strongly."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from census.measures.columns import Flags, Floats, Integers, Table, Texts, column, count, share
from census.measures.declaration import ELSEWHERE, Measure, Unique
from census.statistics.gray import LUMA
from census.statistics.signs import with_signs

CHANNELS = ("gray", "red", "green", "blue")
SINGLE, MULTI, CHOSEN = "SF", "MF", "chosen"
FASTICA_ITERATIONS, MOST_ITERATIONS = 10, 200  # iterations of FastICA, then at most of Picard-O


@dataclass(frozen=True)
class Parameters:
    """Facets of single units: independent components of the patches to which they respond most strongly."""

    units_per_extreme: Annotated[int, Ge(0)] = 1
    """Number of units decomposed at each extreme of a layer's degrees of multifacetedness; figures show the
    first of each extreme."""
    units: Annotated[dict[str, dict[str, Unique[Annotated[int, Ge(0)]]]] | None, ELSEWHERE] = None
    """Further units to decompose, as `{NETWORK: {LAYER: [0, 1]}}`; null for none."""
    all: bool = False
    """Whether all units of all layers are decomposed."""
    components: Annotated[int, Ge(2), Le(64)] = 8
    """Number of facets per unit."""
    patch_size: Annotated[int, Ge(2), Le(256)] = 32
    """Maximum length of a patch's longer side in pixels; larger patches are shrunk to this size."""
    patches_shown: Annotated[int, Ge(1), Le(100)] = 10
    """Number of patches per unit that are stored and shown next to its facets."""


class Units(Table, per="decomposed unit"):
    """The units that were decomposed."""

    unit: Integers = count("index of the unit in its layer", "")
    extreme: Texts = column(
        "extreme of the layer's MF degrees: `SF` (lowest), `MF` (highest), or `chosen` for another unit"
    )
    mf_degree: Floats = column("degree of multifacetedness")
    mf_tail_normal: Floats = share(
        "tail of a normal distribution with mean and deviation of the layer's other units, beyond the MF "
        "degree on the side of the extreme; `mf_p_normal` of the census is twice the tail on the side on "
        "which the unit lies from the network's mean"
    )
    mf_tail_rank: Floats = share("the same by the rank of the MF degree in the layer")
    n_patches: Integers = count("patches that were decomposed", "patches")
    n_clipped: Integers = count("patches that extend beyond the image", "patches")
    patch_height: int = count("height of the patches", "pixels")
    patch_width: int = count("width of the patches", "pixels")
    reason: Texts = column("why there are no facets, or none in color; empty if nothing is missing")
    converged_gray: Flags = column("whether the decomposition of gray patches has converged")
    iterations_gray: Integers = count("steps of Picard-O on gray patches", "steps")
    converged_red: Flags = column("whether the decomposition of the red channel has converged")
    iterations_red: Integers = count("steps of Picard-O on the red channel", "steps")
    converged_green: Flags = column("whether the decomposition of the green channel has converged")
    iterations_green: Integers = count("steps of Picard-O on the green channel", "steps")
    converged_blue: Flags = column("whether the decomposition of the blue channel has converged")
    iterations_blue: Integers = count("steps of Picard-O on the blue channel", "steps")


measure = Measure(
    name="facets",
    title="Facets",
    reads={},
    jobs="facets",
    tables={"": Units},
    compute=None,
    has_arrays=True,
    parameters=Parameters,
)


class Decomposition(NamedTuple):
    """The independent components of patches of one channel.

    Attributes
    ----------
    bases : array of float32, shape (n_components, height, width), change of each pixel per standard deviation
        of a source; those that explain the most variance come first.
    converged : whether Picard-O has converged.
    iterations : steps of Picard-O.
    """

    bases: NDArray[np.float32]
    converged: bool
    iterations: int


class Facets(NamedTuple):
    """A unit's facets.

    Attributes
    ----------
    gray : array of float32, shape (n_components, height, width), NaN if there are none.
    color : array of float32, shape (n_components, height, width, 3), NaN if there are none; None for gray
        images.
    converged : whether Picard-O has converged, by decomposed channel.
    iterations : steps of Picard-O, by decomposed channel.
    reason : why there are no facets, or none in color; empty if nothing is missing.
    """

    gray: NDArray[np.float32]
    color: NDArray[np.float32] | None
    converged: dict[str, bool]
    iterations: dict[str, int]
    reason: str


def choose_units(
    degrees: NDArray[np.floating], per_extreme: int, chosen: Iterable[int], everything: bool
) -> dict[int, str]:
    """Return the units to decompose, each with its extreme.

    Parameters
    ----------
    degrees : array of float, shape (n_units,), multifacetedness; NaN for inactive units, which are at neither
        extreme.
    per_extreme : number of units at each extreme; fewer if the extremes would overlap.
    chosen : further units.
    everything : whether to add all other units.

    Returns
    -------
    extremes by unit: ``SF`` for the lowest degrees, the lowest first; ``MF`` for the highest degrees, the
    highest first; then ``chosen`` in order of indices. Ties go to the first unit.
    """
    active = np.flatnonzero(~np.isnan(degrees))
    per_extreme = min(per_extreme, len(active) // 2)
    single = active[np.argsort(degrees[active], kind="stable")][:per_extreme]
    multi = active[np.argsort(-degrees[active], kind="stable")]
    multi = multi[~np.isin(multi, single)][:per_extreme]
    extremes = dict.fromkeys(single.tolist(), SINGLE) | dict.fromkeys(multi.tolist(), MULTI)
    others = range(len(degrees)) if everything else sorted(set(chosen))
    return extremes | {unit: CHOSEN for unit in others if unit not in extremes}


def facets(patches: NDArray[np.floating], components: int, seed: int) -> Facets:
    """Return the facets of a unit in gray, and in color with channels decomposed separately and stacked.

    Components have no inherent order or sign. Those of each color channel are reordered and flipped to be as
    similar as possible to the gray ones. The sign of each facet then makes its largest absolute weight
    positive.

    Parameters
    ----------
    patches : array of float, shape (n_patches, height, width, 1 or 3), gray or RGB.
    components : number of facets.
    seed : seed of the decompositions, the same for all channels.
    """
    shape = (components, *patches.shape[1:3])
    gray = np.full(shape, np.nan, np.float32)
    color = np.full((*shape, 3), np.nan, np.float32) if patches.shape[3] == 3 else None
    found: dict[str, Decomposition] = {}
    reason = ""
    for channel, values in _by_channel(patches).items():
        why = why_not(values, components)
        if why:
            reason = why if channel == "gray" else f"{channel}: {why}"
            break
        found[channel] = decompose(values, components, seed)
    if "gray" in found:
        gray = with_signs(found["gray"].bases)
    if "blue" in found:
        color = with_signs(
            np.stack([_matched(found[channel].bases, gray) for channel in CHANNELS[1:]], axis=-1)
        )
    return Facets(
        gray,
        color,
        {channel: each.converged for channel, each in found.items()},
        {channel: each.iterations for channel, each in found.items()},
        reason,
    )


def _by_channel(patches: NDArray[np.floating]) -> dict[str, NDArray[np.floating]]:
    """Return patches (patch, y, x, channel) in gray and, for RGB, in each color channel."""
    if patches.shape[3] == 1:
        return {"gray": patches[..., 0]}
    return dict(zip(CHANNELS, [patches @ np.array(LUMA), *np.moveaxis(patches, 3, 0)], strict=True))


def why_not(patches: NDArray[np.floating], components: int) -> str:
    """Return why patches of one channel, float (patch, y, x), have no facets; empty if they have."""
    n_patches, height, width = patches.shape
    if n_patches == 0:
        return "no image activates it"
    if min(height, width) < 2:
        return f"patches of {height}×{width} pixels, smaller than 2×2"
    if n_patches <= components:
        return f"{n_patches} patches, fewer than the {components + 1} that {components} facets need"
    deviations = (patches - patches.mean(0)).reshape(n_patches, -1)
    # pixels have 256 levels; deviations below a thousandth of a level are rounding
    directions = int(np.linalg.matrix_rank(deviations, tol=1e-3 * np.sqrt(deviations.size)))
    if directions == 0:
        return "all patches are the same"
    if directions < components:
        return f"patches vary in {directions} directions, fewer than {components}"
    return ""


def decompose(patches: NDArray[np.floating], components: int, seed: int) -> Decomposition:
    """Find independent components of patches of one channel, by Picard-O.

    Patches are observations: patch = mean patch + Σ source · basis, with sources that differ between patches
    and are as independent as possible. The facets are the bases, the columns of the mixing matrix: images of
    which patches are composed. The rows of the unmixing matrix (scikit-learn's ``components_``) are filters
    that extract the sources. A filter weights each principal direction by the inverse of its standard
    deviation, so noise dominates its image.

    Patches are projected onto as many principal directions as there are components, and whitened. Picard-O
    then solves the problem of FastICA: all components at once, uncorrelated, with log cosh as contrast.
    With a hundred patches, FastICA often does not converge. Picard-O shortens its steps until they improve
    the contrast, and converges. A few steps of FastICA come first, because they lead to a higher contrast.
    Many steps would amplify rounding errors until other components are found.

    Parameters
    ----------
    patches : array of float, shape (n_patches, height, width), for which :func:`why_not` returns no reason.
    components : number of components.
    seed : seed of the random rotation from which the search starts.

    References
    ----------
    Hyvärinen & Oja (2000), Independent component analysis: algorithms and applications, Neural Networks
    13(4–5), 411–430.

    Ablin, Cardoso & Gramfort (2018), Faster ICA under orthogonal constraint, ICASSP 2018.
    """
    from picard import picard  # imports scikit-learn, which readers of facets do not need

    deviations = (patches - patches.mean(0)).reshape(len(patches), -1).astype(np.float64)
    with warnings.catch_warnings(record=True) as caught:  # a warning is the only sign of missing convergence
        warnings.simplefilter("always")
        _, _, sources, iterations = picard(
            deviations.T,
            n_components=components,
            max_iter=MOST_ITERATIONS,
            fastica_it=FASTICA_ITERATIONS,
            random_state=seed,
            return_n_iter=True,
        )
    converged = not any("did not converge" in str(warning.message) for warning in caught)
    # sources are uncorrelated and have variance 1
    bases = sources @ deviations / len(patches)
    # the squared norm of a basis is the variance that its source explains
    order = np.argsort(-np.linalg.norm(bases, axis=1), kind="stable")
    shape = (components, *patches.shape[1:])
    return Decomposition(
        bases[order].reshape(shape).astype(np.float32),
        converged,
        iterations if converged else MOST_ITERATIONS,  # picard numbers its last step from 0
    )


def _matched(bases: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reorder and flip bases to be as similar as possible to others."""
    from scipy.optimize import linear_sum_assignment

    vectors, targets = (each.reshape(len(each), -1) for each in (bases, others))
    likeness = targets @ vectors.T
    likeness /= np.linalg.norm(targets, axis=1)[:, None] * np.linalg.norm(vectors, axis=1)
    rows, columns = linear_sum_assignment(-np.abs(likeness))
    signs = np.where(likeness[rows, columns] < 0, -1, 1).astype(np.float32)
    return bases[columns] * signs[:, None, None]


def to_8bit(weights: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return facets in 8 bits, each scaled so that its smallest weight is 0 and its largest 255.

    The three channels of a facet share one scale, so that gray weights stay gray. A facet with constant
    weights, or NaN, becomes 0.

    Parameters
    ----------
    weights : array of float, shape (n_components, height, width) or (component, y, x, 3).
    """
    axes = tuple(range(1, weights.ndim))
    lowest, span = weights.min(axes, keepdims=True), np.ptp(weights, axes, keepdims=True)
    shares = np.divide(weights - lowest, span, out=np.zeros_like(weights), where=span > 0)
    return np.rint(255 * shares).astype(np.uint8)


def about_gray(weights: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return facets in 8 bits: weight 0 is middle gray, a facet's largest absolute weight black or white.

    Parameters
    ----------
    weights : see :func:`to_8bit`; a facet of zeros is gray.
    """
    largest = np.abs(weights).max(tuple(range(1, weights.ndim)), keepdims=True)
    return np.rint(127.5 + 127.5 * weights / np.where(largest > 0, largest, 1)).astype(np.uint8)
