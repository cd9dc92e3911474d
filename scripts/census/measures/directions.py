"""Directions in a layer's space of neurons, by the images at their ends: how alike, and how pure these are.

A direction gives each image a score, the projection of its vector. Its **top** images have the highest
scores, its **bottom** images the lowest.

References
----------
Zhang (2015), Visualizing neuron role with dimensionality reduction of feature space.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
from annotated_types import Ge, Le, Lt
from numpy.typing import NDArray

from census.errors import StudyError
from census.jobs import LOGGER
from census.measures.columns import Floats, Table
from census.measures.declaration import ELSEWHERE, Arrays, Matrices, Measure, Recordings, Unique
from census.measures.direction_tables import COMPARISONS, Directions, Layer, Spectrum, Units
from census.measures.vectors import ActivationVectors, open_vectors
from census.statistics.bootstrap import UNDEFINED, Estimate, estimate, resample_counts
from census.statistics.class_counts import chance_counts, chance_labels, class_counts, entropy
from census.statistics.defined import finite_mean
from census.statistics.families import first_in_samples
from census.statistics.performance import correct_images
from census.statistics.ranks import rank_correlation
from census.statistics.streams import seed_of_layer, stream
from census.statistics.svd import (
    MOST_IN_FULL,
    Decomposition,
    count_above,
    decompose,
    held_out_error,
    mean_square,
    participation_ratio,
    permuted_eigenvalues,
    randomized,
    reconstruction_error,
    significant_components,
    singular_values,
)
from census.statistics.svd import loadings as loadings_of
from census.statistics.variance import neurons, unit_variance

if TYPE_CHECKING:
    from census.stores.recording import LayerMatrices, Recording

Places = NDArray[np.int64]
ROUNDING = 1e-6  # scores that differ by no larger share of the largest one are the same
DRAWS = 1000  # of images, behind the entropy that sets have by chance
# directions that are compared, by the family that they are the first of
FAMILIES = {"svd": "svd", "variance": "variance", "random": "projection"}


@dataclass(frozen=True)
class Parameters:
    """Directions in a layer's space of neurons, and the images at their extremes.

    Directions are singular vectors, single neurons, and random ones.
    """

    components: Annotated[int, Ge(2)] = 8
    """Number of singular vectors, of neurons of highest variance and of random directions whose image sets
    are compared; also the rank of the reconstruction in tables of layers."""
    leading: Annotated[int, Ge(2)] = 50
    """Singular vectors that are stored, and whose class entropy is compared with the singular value; for more
    than 2,000 images, no others are computed."""
    threshold: Annotated[float, Ge(0)] | None = None
    """Singular values above it are counted; null for no count. It depends on the numbers of neurons and
    images."""
    permutations: Annotated[int, Ge(1)] = 5
    """Permutations of each neuron's values over images. A component is significant if its eigenvalue is
    larger than in all of them."""
    permuted_neurons: Annotated[int, Ge(100)] = 4096
    """Neurons that are permuted in layers that have more."""
    matched_neurons: Annotated[int, Ge(2)] = 128
    """Neurons of each layer, a seeded random sample, whose significant components are counted, because larger
    layers have more of them."""
    matched_images: Annotated[int, Ge(2)] = 100
    """Number of images for which participation ratios are given, in addition to that of all images."""
    top: Annotated[int, Ge(1)] = 10
    """Images in the set at each extreme of a direction; at most half of all."""
    images_shown: Annotated[int, Ge(1), Le(20), ELSEWHERE] = 4
    """Number of these images shown in figures."""
    neurons: Annotated[int, Ge(1), Le(20)] = 5
    """Number of neurons of highest variance, of randomly chosen neurons and of random directions shown in
    figures."""
    projections: Annotated[int, Ge(20)] = 100
    """Random directions."""
    variance_quantile: Annotated[float, Ge(0), Lt(1)] = 0.9
    """Random directions whose variance over images is above this quantile are shown separately."""
    resamples: Annotated[int, Ge(100)] = 1000
    """Bootstrap resamples of the images for each 95 % interval."""
    gram_images: Annotated[int, Ge(3), ELSEWHERE] = 8000
    """Runs with activation maps of more images are decomposed by random projections, without a Gram matrix;
    they have no significant components, held-out error or participation ratio."""
    loadings: Annotated[dict[str, Unique[str]] | None, ELSEWHERE] = None
    """Layers whose left singular vectors are stored, as `{NETWORK: [LAYER]}`; null for none."""


def compute(
    layer: "Recording",
    gram: "LayerMatrices | None",
    logits: Sequence["Recording"],
    loadings: Sequence[str],
    scratch: Path,
    parameters: Parameters,
    seed: int,
) -> Iterator[Table | Arrays]:
    """Find directions of a layer at a checkpoint: singular vectors, single neurons, random ones."""
    vectors = open_vectors(layer, gram, _correct_images(logits[0]) if logits else None)
    n_images, n_neurons, rank = len(vectors.places), vectors.n_neurons, parameters.components
    if n_images + vectors.n_undefined < 2:
        raise StudyError(
            f"{layer}: all but {n_images} of the images with activation maps are misclassified, and "
            "directions need two at least; raise n_map_images and n_images of this run"
        )
    if vectors.n_undefined:
        LOGGER.warning("%s: %d vectors are constant or not finite", layer, vectors.n_undefined)
    # whatever is drawn for this layer; images are resampled alike in all layers
    own_seed = seed_of_layer(seed, layer.attributes)
    found, held_out = _decomposed(vectors, parameters.leading, scratch, own_seed)
    if len(found.eigenvalues) < rank:
        LOGGER.warning("%s: %d components asked for, %d found", layer, rank, len(found.eigenvalues))
    leading = slice(parameters.leading)
    first = Decomposition(found.eigenvalues[leading], found.vectors[:, leading])
    arrays: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
        "image": (("image",), vectors.images),
        "singular_vectors": (("image", "component"), first.vectors.astype(np.float32)),
    }

    # the untrained and the final network are looked at more closely; NaN: undefined, None: not measured
    closely = layer.attributes["checkpoint"] in ("0", "final")
    unknown = (np.nan, UNDEFINED) if closely else (None, None)
    compared: dict[str, Any] = {each.field: unknown[each.has_interval] for each in COMPARISONS}
    permuted = None
    y_x_unit = (*layer.shape[1:], layer.shape[0])
    if closely and len(found.eigenvalues):
        single = neurons(
            vectors.blocks(),
            n_neurons,
            n_top=max(rank, parameters.neurons),
            n_chosen=parameters.neurons,
            n_sample=max(parameters.permuted_neurons, parameters.matched_neurons),
            seed=own_seed,
        )
        compared["n_significant_components_matched"] = significant_components(
            single.sample, parameters.matched_neurons, parameters.permutations, own_seed
        )
        if vectors.correlation is not None:
            permuted = permuted_eigenvalues(
                single.sample,
                vectors.correlation,
                n_neurons,
                parameters.leading,
                parameters.permutations,
                own_seed,
            )
            compared["n_significant_components"] = count_above(found.eigenvalues, permuted)
        if vectors.correlation is not None and n_images <= MOST_IN_FULL:
            projections = random_projections(found, n_neurons, parameters.projections, own_seed)
        else:
            projections = explicit_projections(vectors.blocks(), n_images, parameters.projections, own_seed)
        top = min(parameters.top, n_images // 2)
        if top < parameters.top:
            LOGGER.warning("%s: %d images at an end, not %d: half of all", layer, top, parameters.top)
        families = Families(
            {
                "svd": (first.vectors * singular_values(first.eigenvalues, n_neurons)).T,
                "variance": single.top_values,
                "neuron": single.chosen_values,
                "projection": projections,
            },
            {"variance": single.top, "neuron": single.chosen},
            vectors.labels,
            len(layer.classes),
            layer.shape[0],
            top,
        )
        directions = families.table(layer.attributes, parameters.variance_quantile)
        yield directions
        yield Units(of=layer.attributes, variance=unit_variance(single.variance, layer.shape[0]))
        compared["n_constant_neurons"] = int(np.isnan(single.variance).sum())
        compared |= families.summary(directions.class_entropy, rank, parameters.resamples, seed)
        sides = families.extremes()
        arrays |= {
            "variance": (("y", "x", "unit"), single.variance.reshape(y_x_unit)),
            "top_image": (("direction", "rank"), vectors.images[sides.top]),
            "bottom_image": (("direction", "rank"), vectors.images[sides.bottom]),
        }
    if layer.attributes["layer"] in loadings:
        left = loadings_of((block for block, _ in vectors.blocks()), first, n_neurons)
        arrays["loadings"] = (("component", "y", "x", "unit"), left.reshape(-1, *y_x_unit))
    yield Arrays(of=layer.attributes, arrays=arrays)
    spectrum = _spectrum(vectors, found.eigenvalues, held_out, permuted)
    yield spectrum
    yield Layer(of=layer.attributes, **_components(vectors, spectrum, parameters, seed), **compared)


measure = Measure(
    name="directions",
    title="Directions",
    reads={
        "layer": Recordings(),
        "gram": Matrices("gram", where=lambda run: bool(run.has_gram)),
        "logits": Recordings("output", "final", where=lambda run: bool(run.settings.correct_only)),
    },
    tables={"layer": Layer, "spectrum": Spectrum, "directions": Directions, "units": Units},
    compute=compute,
    parameters=Parameters,
    plan={"loadings": "layers_with_loadings"},
    has_arrays=True,
    has_scratch=True,
    matrices=lambda run: 6 if run.has_gram else 0,
)


@lru_cache(maxsize=1)  # the same for all layers
def _correct_images(logits: "Recording") -> NDArray[np.integer]:
    """Return the images with maps that the network classifies correctly, by their indices in the data set."""
    n_logits, n_classes = logits.shape[0], len(logits.classes)
    if n_logits != n_classes:
        raise StudyError(
            f"config: runs: correct_only: the network names {n_logits} classes, "
            f"{logits.attributes['dataset']} has {n_classes}, and so no image is known to be "
            "classified correctly; leave it out"
        )
    # those with activation maps come first, and no others count
    n_maps = logits.n_map_images
    return correct_images(
        logits.on_images("mean", np.arange(n_maps)), logits.labels[:n_maps], logits.images[:n_maps]
    )


def _decomposed(
    vectors: ActivationVectors, leading: int, scratch: Path, seed: int
) -> tuple[Decomposition, Floats]:
    """Decompose vectors by their correlations, or for very many images themselves.

    Returns
    -------
    decomposition : without components if there are fewer than two vectors.
    held_out : array of float64, shape (any,), error on other images by number of components.
    """
    n_images, correlation = len(vectors.places), vectors.correlation
    if n_images < 2:  # a vector of its own has no direction
        return Decomposition(np.empty(0), np.empty((n_images, 0))), np.empty(0)
    if correlation is None:
        return randomized(vectors.mapped(scratch), leading, seed), np.empty(0)
    return (
        decompose(correlation, vectors.n_neurons, leading),
        held_out_error(correlation, vectors.n_neurons, leading, seed),
    )


def _spectrum(
    vectors: ActivationVectors, eigenvalues: Floats, held_out: Floats, permuted: Floats | None
) -> Spectrum:
    """Return the components of a layer.

    Parameters
    ----------
    vectors : the vectors that were decomposed.
    eigenvalues : array of float64, shape (n_components,).
    held_out : see :func:`_decomposed`.
    permuted : array of float64, shape (n_permutations, any), eigenvalues by chance; None where they were not
        measured.
    """
    n, n_images = len(eigenvalues), len(vectors.places)
    error = reconstruction_error(eigenvalues, n_images)

    def filled(values: Floats) -> Floats:
        return np.concatenate([values[:n], np.full(max(0, n - len(values)), np.nan)])

    return Spectrum(
        of=vectors.layer.attributes,
        component=np.arange(1, n + 1),
        singular_value=singular_values(eigenvalues, vectors.n_neurons),
        eigenvalue=eigenvalues,
        explained_variance=eigenvalues / max(1, n_images),
        reconstruction_error=error,
        reconstruction_error_absolute=error * np.sqrt(n_images * vectors.n_neurons),
        held_out_error=filled(held_out),
        permuted_eigenvalue=None if permuted is None else filled(permuted.max(0)),
    )


def _components(
    vectors: ActivationVectors, spectrum: Spectrum, parameters: Parameters, seed: int
) -> dict[str, Any]:
    """Return the columns of :class:`census.measures.direction_tables.Components`."""
    n_images, rank, threshold = len(vectors.places), parameters.components, parameters.threshold
    ratios = _participation_ratios(
        vectors.correlation, (n_images, parameters.matched_images), parameters.resamples, seed
    )
    errors = ("reconstruction_error", "reconstruction_error_absolute", "held_out_error")
    return {
        "n_neurons": vectors.n_neurons,
        "n_map_images": vectors.layer.n_map_images,
        "n_images": n_images,
        "n_misclassified_images": vectors.n_misclassified,
        "n_undefined_vectors": vectors.n_undefined,
        "components": rank,
        "permutations": parameters.permutations,
        "top": parameters.top,
        "resamples": parameters.resamples,
        "n_components": len(spectrum.component),
        "matched_images": parameters.matched_images,
        "matched_neurons": parameters.matched_neurons,
        "threshold": threshold,
        "n_components_above_threshold": None
        if threshold is None
        else int((spectrum.singular_value > threshold).sum()),
        "participation_ratio": ratios[0],
        "participation_ratio_matched": ratios[1],
        **{name: dict(enumerate(getattr(spectrum, name), 1)).get(rank, np.nan) for name in errors},
    }


def _participation_ratios(
    correlation: Floats | None, sizes: Sequence[int], resamples: int, seed: int
) -> list[Estimate]:
    """Return the participation ratio for each of some numbers of images; NaN without correlations."""
    if correlation is None or len(correlation) < 2:
        return [UNDEFINED] * len(sizes)

    def measured(counts: Floats) -> Floats:
        squares = mean_square(correlation, counts)
        return np.stack([participation_ratio(squares, size) for size in sizes], axis=1)

    found = estimate(measured, resample_counts(len(correlation), resamples, seed))
    return [found.at(place) for place in range(len(sizes))]


@dataclass(frozen=True)
class Families:
    """Directions of several families, by what they make of the same images.

    Attributes
    ----------
    scores : arrays of float, shape (n_directions, N) by family: ``svd``; ``variance``, the neurons of highest
        variance; ``neuron``, neurons chosen at random; ``projection``, random directions. All are of unit
        vectors.
    neurons : arrays of int, shape (n_directions,), places of the neurons, for the families that are neurons.
    labels : array of int, shape (N,), classes of the images.
    n_classes, n_units : K and C.
    top : images in a set.
    """

    scores: Mapping[str, NDArray[np.floating]]
    neurons: Mapping[str, NDArray[np.integer]]
    labels: NDArray[np.integer]
    n_classes: int
    n_units: int
    top: int

    def extremes(self) -> "Extremes":
        """Return the extreme images of all directions, family after family."""
        return extremes(np.concatenate(list(self.scores.values())), self.top)

    def table(self, of: Mapping[str, Any], variance_quantile: float) -> Directions:
        """Return a row for each direction, family after family.

        Parameters
        ----------
        of : attributes of the layer.
        variance_quantile : of the random directions, those of higher variance are marked.
        """
        variances = {family: scores.var(1, dtype=np.float64) for family, scores in self.scores.items()}
        limits = dict.fromkeys(variances, np.inf)
        limits["projection"] = float(np.quantile(variances["projection"], variance_quantile))
        none = {family: np.full(len(scores), -1) for family, scores in self.scores.items()}
        neuron = np.ma.masked_equal(np.concatenate(list((none | dict(self.neurons)).values())), -1)
        # of directions that tell no image from another, the ends are any images
        known = np.concatenate([varies(scores) for scores in self.scores.values()])
        top, bottom = (
            np.where(known, class_entropy(side, self.labels, self.n_classes), np.nan)
            for side in self.extremes()
        )
        return Directions(
            of=of,
            family=[family for family, scores in self.scores.items() for _ in scores],
            number=np.concatenate([np.arange(len(scores)) for scores in self.scores.values()]),
            neuron=neuron,
            unit=neuron % self.n_units,
            score_variance=np.concatenate(list(variances.values())),
            above_quantile=np.concatenate([variances[family] > limits[family] for family in variances]),
            class_entropy=(top + bottom) / 2,
            class_entropy_top=top,
            class_entropy_bottom=bottom,
        )

    def summary(self, entropies: Floats, rank: int, resamples: int, seed: int) -> dict[str, Any]:
        """Return what a row about the layer has of its directions.

        Parameters
        ----------
        entropies : class entropy of each direction, family after family.
        rank : how many directions of a family are compared.
        resamples, seed : behind intervals.
        """
        compared = {name: self.scores[family][:rank] for name, family in FAMILIES.items()}
        lengths = np.cumsum([len(scores) for scores in self.scores.values()])
        of_family = dict(zip(self.scores, np.split(entropies, lengths[:-1]), strict=True))
        entropies = of_family["svd"][~np.isnan(of_family["svd"])]
        sigma_falls = -np.arange(
            float(len(entropies))
        )  # components come in the order of their singular values
        drawn = chance_labels(self.labels, self.top, DRAWS, seed)
        return {
            **compare(compared, self.top, resamples, seed),
            "redundancy_chance": chance_redundancy(len(self.labels), self.top),
            "rho_entropy_sigma": estimate(
                lambda counts: rank_correlation(sigma_falls, entropies, counts),
                resample_counts(len(entropies), resamples, seed),
            ),
            "class_entropy_chance": chance_entropy(drawn, self.n_classes),
            **{
                f"class_entropy_{name}": finite_mean(of_family[family][:rank])
                for name, family in FAMILIES.items()
            },
        }


class Extremes(NamedTuple):
    """The extreme images of directions, the outermost first; places among all, int64 (directions, k)."""

    top: Places
    bottom: Places


def extremes(scores: NDArray[np.floating], k: int) -> Extremes:
    """Find the k images with the highest and with the lowest scores; of equal ones the first come first.

    Parameters
    ----------
    scores : array of float, shape (n_directions, N).
    k : at most N.
    """
    scores = scores.astype(np.float64)
    return Extremes(*(np.argsort(sign * scores, axis=1, kind="stable")[:, :k] for sign in (-1, 1)))


def varies(scores: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return which directions give different images different scores, beyond rounding; no other one has ends.

    Parameters
    ----------
    scores : array of float, shape (n_directions, N).

    Returns
    -------
    array of bool, shape (n_directions,).
    """
    return np.ptp(scores, axis=1) > ROUNDING * np.abs(scores).max(1, initial=0)


def random_projections(decomposition: Decomposition, n_neurons: int, n: int, seed: int) -> Floats:
    """Project vectors on directions drawn at random, uniformly over the sphere.

    A direction is a vector w of D normal numbers, over its length. Of its projections ``Φᵀw`` only its part
    in the space that vectors span matters, and this one has normal coordinates z in the basis of left
    singular vectors: ``Φᵀw = V S z``. So z is drawn in place of w, and the squared length of the rest of w
    from a χ² distribution: what comes out is distributed as if w itself had been drawn, and needs no vector.

    Parameters
    ----------
    decomposition : with all components.
    n_neurons : D.
    n, seed : how many directions, and their seed.

    Returns
    -------
    array of float64, shape (n, N).
    """
    random, rank = stream(seed, "projections"), len(decomposition.eigenvalues)
    inside = random.standard_normal((n, rank))
    rest = random.chisquare(n_neurons - rank, n)
    length = np.sqrt((inside**2).sum(1) + rest)
    sigma = singular_values(decomposition.eigenvalues, n_neurons)
    return (inside * sigma) @ decomposition.vectors.T / length[:, None]


def explicit_projections(
    blocks: Iterable[tuple[NDArray[np.float32], NDArray[np.bool_]]], n_images: int, n: int, seed: int
) -> Floats:
    """Project vectors on directions drawn at random, neuron by neuron; for more images than are decomposed.

    Parameters
    ----------
    blocks : see :func:`census.statistics.variance.normalized`.
    n_images : N.
    n, seed : how many directions, and their seed. The answer does not depend on how neurons are cut into
        blocks.

    Returns
    -------
    array of float64, shape (n, N), distributed as :func:`random_projections` has them.
    """
    random = stream(seed, "projections")
    projections, squares = np.zeros((n, n_images)), np.zeros(n)
    for values, _ in blocks:
        weights = random.standard_normal((values.shape[1], n), np.float32)
        projections += (values @ weights).T
        squares += np.sum(weights.astype(np.float64) ** 2, axis=0)
    return projections / np.sqrt(squares)[:, None]


def redundancy(scores: NDArray[np.floating], k: int, counts: Floats, *, bottom: bool = False) -> Floats:
    """Return how much the image sets of different directions overlap: 0 not at all, 1 for equal sets.

    The overlap of two sets is Jaccard's, ``|A and B| / |A or B|``, and redundancy its mean over pairs of
    directions. In a resample, a set holds the first of those images in the direction's order that were drawn:
    the same share of them that k has of all, as sets that reach further down overlap more.

    Parameters
    ----------
    scores : array of float, shape (s, N).
    k : images in a set, at most N.
    counts : array of float64, shape (n_resamples, N), how often each image is in a sample; only whether it is
        in there counts.
    bottom : whether sets are of bottom images, in place of top images.

    Returns
    -------
    array of float64, shape (n_resamples,); NaN for fewer than two directions.

    References
    ----------
    Jaccard (1912), The distribution of the flora in the alpine zone, New Phytologist 11. Zhang (2015),
    section 4.2.3.
    """
    n_directions = len(scores)
    if n_directions < 2:
        return np.full(len(counts), np.nan)
    order = np.argsort(scores if bottom else -scores, axis=1, kind="stable")
    drawn = counts > 0
    order, wanted = first_in_samples(order, drawn, k)
    members = drawn[:, order]  # sample, direction, place in its order
    members &= np.cumsum(members, axis=2, dtype=np.int32) <= wanted[:, None, None]
    sizes = members.sum(2)
    total = np.zeros(len(counts))
    for one in range(n_directions):
        for other in range(one):
            _, here, there = np.intersect1d(order[one], order[other], return_indices=True)
            common = (members[:, one, here] & members[:, other, there]).sum(1)
            total += common / (sizes[:, one] + sizes[:, other] - common)
    return total / (n_directions * (n_directions - 1) / 2)


def compare(
    families: Mapping[str, NDArray[np.floating]], k: int, resamples: int, seed: int
) -> dict[str, Estimate]:
    """Measure the redundancy of each family of directions, and how much less that of singular vectors is.

    Parameters
    ----------
    families : scores, arrays of float, shape (s, N), by name; ``svd`` and ``variance`` among them. Directions
        without ends, see :func:`varies`, are left out.
    k : images in a set.
    resamples, seed : of the images, behind the intervals; all families are measured on the same ones.

    Returns
    -------
    by name: ``redundancy_{family}``, and ``redundancy_bottom_{family}`` of the bottom images;
    ``redundancy_difference``, that of neurons of high variance minus that of singular vectors.
    """
    n_images = next(iter(families.values())).shape[1]
    families = {name: scores[varies(scores)] for name, scores in families.items()}

    def measure(counts: Floats) -> Floats:
        top = {name: redundancy(scores, k, counts) for name, scores in families.items()}
        low = [redundancy(scores, k, counts, bottom=True) for scores in families.values()]
        return np.stack([*top.values(), *low, top["variance"] - top["svd"]], axis=1)

    found = estimate(measure, resample_counts(n_images, resamples, seed))
    names = [f"redundancy_{end}{family}" for end in ("", "bottom_") for family in families]
    return {name: found.at(place) for place, name in enumerate([*names, "redundancy_difference"])}


def chance_redundancy(n_images: int, k: int) -> float:
    """Return the mean overlap of two sets of k images drawn at random, of N."""
    # hypergeometric: the logarithm of each number of ways, by sums of logarithms
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n_images + 1)))])

    def ways(n: int, chosen: NDArray[np.integer]) -> Floats:
        return logs[n] - logs[chosen] - logs[n - chosen]

    common = np.arange(max(0, 2 * k - n_images), k + 1)
    shares = np.exp(ways(k, common) + ways(n_images - k, k - common) - ways(n_images, np.array(k)))
    return float(np.sum(shares * common / (2 * k - common)))


def class_entropy(places: Places, labels: NDArray[np.integer], n_classes: int) -> Floats:
    """Return the entropy in bits of the classes of each set of images: 0 where there is one class only.

    Parameters
    ----------
    places : array of int, shape (n_sets, k), in ``labels``.
    labels : array of int, shape (N,), classes.
    n_classes : number of classes.

    Returns
    -------
    array of float64, shape (n_sets,).
    """
    return entropy(class_counts(places, labels, n_classes))


def chance_entropy(drawn: NDArray[np.integer], n_classes: int) -> float:
    """Return the mean entropy of sets of images drawn at random, int (draws, k) classes, in bits."""
    return float(entropy(chance_counts(drawn, drawn.shape[1], n_classes)).mean())
