"""Which basis? Families of directions in the space of a layer's units, judged on held-out images.

Every family has as many directions, and is asked the same questions about the same channel vectors, each
written as a sum of few of its directions.

References
----------
Elhage, Lasenby & Olah (2023), Privileged bases in the transformer residual stream, for peakedness. Fel et al.
(2023), A holistic approach to unifying automatic concept extraction and concept importance estimation,
NeurIPS, for dictionaries of convolutional activations, reconstruction and stability.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from census.measures.columns import Floats, Integers, Table, Texts, column, count, share
from census.measures.declaration import Arrays, Matrices, Measure, Recordings
from census.measures.dictionaries import ChannelVectors, VectorParameters, channel_vectors, number_active
from census.measures.direction_effects import LEARNED
from census.measures.directions import chance_entropy, chance_redundancy
from census.measures.parameters import ImageResamples
from census.statistics.association import scores
from census.statistics.bootstrap import UNDEFINED, Estimate, drawn_counts, resample_counts, with_data
from census.statistics.class_counts import chance_labels
from census.statistics.defined import mean_over
from census.statistics.families import (
    Classes,
    TopSets,
    chance_alignment,
    chance_cosines,
    class_spread,
    matched_cosines,
    top_sets,
    unit_alignment,
)
from census.statistics.rotations import means_over_vectors, peakedness
from census.statistics.sparse_codes import sparse_codes
from census.statistics.sparseness import hoyer
from census.statistics.streams import seed_of_layer, stream
from census.statistics.subset import places_of

if TYPE_CHECKING:
    from census.stores.recording import LayerMatrices, Recording

DRAWS = 1000  # of images, and of directions, behind chance levels
ORDERS = 5  # of units, behind the chance level of stability


@dataclass(frozen=True)
class Parameters(ImageResamples, VectorParameters):
    """Families of directions, judged on held-out images."""

    top: Annotated[int, Ge(2)] = 10
    """Top images of a direction; at most a quarter of the held-out images."""


class Directions(Table, per="direction"):
    """Directions of the families, one family after the other, the strongest first."""

    family: Texts = column(
        "`units`, `random`, `svd` (singular vectors), `ica` (independent components), `nmf` (non-negative "
        "matrix factorization) or `sae` (sparse autoencoder)",
        "ours",
    )
    direction: Integers = count("number of the direction in its family, the strongest first", "", "ours")
    energy: Floats = share(
        "share of the direction in the squared codes of all directions of its family; held out", "ours"
    )
    active_fraction: Floats = share("share of channel vectors in whose code the direction is active", "ours")
    code_sparseness: Floats = share("Hoyer sparseness of the codes over channel vectors", "Hoyer 2004")
    n_top_images: Integers = count("top images: those with the largest codes above 0", "images", "ours")
    class_entropy: Floats = column(
        "entropy of the classes of the top images", "Zhang 2015", unit="bits", range=(0, None)
    )
    top_similarity: Floats | None = column(
        "mean correlation of the logits of two top images; null without logits", "ours", range=(-1, 1)
    )
    redundancy: Floats = share(
        "overlap (Jaccard) of the top images with those of another direction of the family, mean", "ours"
    )
    selectivity: Floats = share(
        "class selectivity of the positive part of the code, mean over positions", "Morcos et al. 2018"
    )
    class_gini: Floats = share(
        "Gini index over classes of the class means of the code's positive part", "ours"
    )
    preferred_class: Texts = column("class with the largest mean of the code's positive part", "ours")
    alignment: Floats = share("largest absolute cosine of the direction with a unit", "ours")
    nearest_unit: Integers = count("unit with the largest absolute cosine with the direction", "", "ours")
    stability_start: Floats = share(
        "absolute cosine with the matched direction of a fit from another start; NaN without a start", "ours"
    )
    stability_half: Floats = share(
        "absolute cosine with the matched direction of a fit to the other half of the images", "ours"
    )


class Families(Table, per="family"):
    """The families of a layer; means over directions, or over channel vectors, of held-out images."""

    family: Texts = column("family of directions, as in `directions`")
    reason: Texts = column("why the family has no directions; empty if it has")
    n_directions: Integers = count("directions", "directions")
    n_dead: Integers = count(
        "directions that no vector of the fit used, and that the fit dropped; they count as inactive",
        "directions",
    )
    n_active: int = count(
        "largest number of directions of which a channel vector is reconstructed", "directions"
    )
    n_images: int = count("held-out images", "images")
    n_positions: int = count("positions per image", "positions")
    n_inactive_vectors: int = count("held-out channel vectors that are 0", "vectors")
    n_not_finite_images: int = count("images left out because of values that are not finite", "images")
    top: int = column("value of the parameter `top`, or a quarter of the images", range=(0, None))
    resamples: int = column("value of the parameter `resamples`", range=(100, None))
    reconstruction: Estimate = column(
        "R² of reconstructed channel vectors: 1 minus squared error over squared distance from the mean of "
        "all vectors of the half for fits, inactive ones included",
        range=(None, 1),
    )
    code_kurtosis: Estimate = column(
        "mean kurtosis of codes over directions, with moments about 0", range=(1, None)
    )
    code_gini: Estimate = share("mean Gini index of codes over directions")
    code_hoyer: Estimate = share("mean Hoyer sparseness of codes over directions")
    class_entropy: Estimate = column("mean class entropy of top images", unit="bits", range=(0, None))
    class_entropy_chance: float = column(
        "mean class entropy of as many images drawn at random", unit="bits", range=(0, None)
    )
    top_similarity: Estimate | None = column(
        "mean correlation of the logits of two top images; null without logits", range=(-1, 1)
    )
    top_similarity_chance: float | None = column(
        "mean correlation of the logits of two images; null without logits", range=(-1, 1)
    )
    redundancy: Estimate = share("mean overlap of the top images of two directions")
    redundancy_chance: float = share("mean overlap of two sets of as many images drawn at random")
    selectivity: Estimate = share("mean class selectivity of codes")
    class_gini: Estimate = share("mean Gini index of codes over classes")
    alignment: Floats = share("mean over directions of the largest absolute cosine with a unit")
    alignment_chance: float = share("mean over random directions of the largest absolute cosine with a unit")
    stability_start: Floats = share(
        "mean matched cosine with a fit from another start; NaN for a family without a start"
    )
    stability_start_chance: Floats = share(
        "mean matched cosine with a fit from another start whose units are in random order"
    )
    stability_half: Floats = share("mean matched cosine with a fit to the other half of the images")
    stability_half_chance: Floats = share(
        "mean matched cosine with a fit to the other half of the images whose units are in random order"
    )


def _difference(definition: str, low: float | None, high: float | None, unit: str = "") -> Any:
    return column(definition, "ours", unit=unit, range=(low, high))


class Layer(Table, per="layer"):
    """How the dictionaries of a layer compare; means of NMF and sparse autoencoder, of those that exist."""

    dictionary_reconstruction: Estimate = _difference(
        "R² of dictionaries (NMF, sparse autoencoder) minus that of units, at equal numbers of directions",
        None,
        None,
    )
    dictionary_peakedness: Estimate = _difference(
        "mean Gini index of codes in dictionaries minus that in units", -1, 1
    )
    dictionary_class_entropy: Estimate = _difference(
        "mean class entropy of the top images of dictionaries minus that of units", None, None, "bits"
    )
    dictionary_stability: Estimate = _difference(
        "mean matched cosine between halves of the images of dictionaries minus that of singular vectors; "
        "the interval resamples directions",
        -1,
        1,
    )


def compute(
    layer: "Recording",
    dictionaries: "LayerMatrices",
    logits: Sequence["Recording"],
    parameters: Parameters,
    seed: int,
) -> Iterator[Table | Arrays]:
    """Judge the families of a layer on the half of the images to which they were not fitted."""
    vectors = channel_vectors(layer, parameters.vectors, seed)
    own_seed = seed_of_layer(seed, layer.attributes)
    held_out = held_out_images(layer, vectors, logits, parameters, seed)
    about = dictionaries.attributes["families"]
    fits = {family: FamilyFits.read(dictionaries, family) for family in about}
    found = {
        family: judge(fit.first, held_out, about[family]["n_wanted"]) for family, fit in fits.items() if fit
    }
    stability = {family: fit.stability(own_seed) for family, fit in fits.items() if fit}
    yield Families(
        of=layer.attributes,
        family=list(about),
        reason=[each["reason"] for each in about.values()],
        n_directions=np.array([len(fit.first) if fit else 0 for fit in fits.values()], np.int64),
        n_dead=np.array([each["n_dead"] for each in about.values()], np.int64),
        n_active=max(
            (number_active(each["n_wanted"], held_out.active) for each in about.values()), default=0
        ),
        n_images=len(held_out.labels),
        n_positions=len(vectors.positions),
        n_inactive_vectors=int((~held_out.flat.any(1)).sum()),
        n_not_finite_images=vectors.n_not_finite,
        top=held_out.top,
        resamples=parameters.resamples,
        class_entropy_chance=_chance_entropy(held_out, seed),
        top_similarity_chance=_chance_similarity(held_out.logits),
        redundancy_chance=chance_redundancy(len(held_out.labels), held_out.top) if held_out.top else np.nan,
        alignment_chance=chance_alignment(layer.shape[0], DRAWS, own_seed),
        **_summary(list(about), found, stability, held_out),
    )
    if found:
        yield _directions(layer, found, stability, held_out)
    # a layer without directions has its place in the store, too
    arrays = _top_arrays(found, held_out, layer, vectors) if found else {}
    yield Arrays(of=layer.attributes, arrays=arrays)
    yield Layer(of=layer.attributes, **_differences(found, stability, parameters.resamples, own_seed))


measure = Measure(
    name="families",
    title="Families of directions",
    reads={
        "layer": Recordings("per_unit_layers", "final"),
        "dictionaries": Matrices("dictionaries"),
        "logits": Recordings("output", "final", where=lambda run: "output" in run.layers),
    },
    tables={"families": Families, "directions": Directions, "layer": Layer},
    compute=compute,
    jobs="dictionaries",
    parameters=Parameters,
    section="dictionaries",
    has_arrays=True,
    # codes of all channel vectors, and sets of top images on resamples
    memory=2000,
)


class HeldOut(NamedTuple):
    """The images on which families are judged.

    Attributes
    ----------
    values : array of float32, shape (n_images, n_positions, n_units).
    distances : array of float64, shape (n_images,), squared distance of an image's vectors from the mean of
        all vectors of the half for fits.
    labels, places : arrays of int, shape (n_images,), class, and place in the recording.
    n_classes : number of classes.
    logits : array of float32, shape (n_images, n_logits); None if they are not recorded.
    active, top : directions of a code, and images of a set.
    counts : array of float64, shape (n_resamples, n_images), how often an image is in each resample.
    """

    values: NDArray[np.float32]
    distances: Floats
    labels: NDArray[np.integer]
    places: NDArray[np.int64]
    n_classes: int
    logits: NDArray[np.float32] | None
    active: int
    top: int
    counts: Floats

    @property
    def flat(self) -> NDArray[np.float32]:
        """The channel vectors, array of float32, shape (n_images · n_positions, n_units)."""
        return self.values.reshape(-1, self.values.shape[2])


def held_out_images(
    layer: "Recording",
    vectors: ChannelVectors,
    logits: Sequence["Recording"],
    parameters: Parameters,
    seed: int,
) -> HeldOut:
    """Return the half of the images to which no family was fitted first."""
    places, values = vectors.places[~vectors.first], vectors.values[~vectors.first]
    seen = vectors.values[vectors.first].reshape(-1, values.shape[2])
    mean = seen.mean(0, dtype=np.float64) if len(seen) else np.zeros(values.shape[2])
    images = layer.images[places]
    return HeldOut(
        values,
        np.square(values - mean).sum((1, 2)),
        layer.labels[places],
        places,
        len(layer.classes),
        _of_images(logits[0], images) if logits else None,
        parameters.active,
        min(parameters.top, len(images) // 4),
        resample_counts(len(images), parameters.resamples, seed),
    )


def _of_images(logits: "Recording", images: NDArray[np.integer]) -> NDArray[np.float32]:
    """Return the logits of images, given by their indices in the data set."""
    return logits.on_images("mean", places_of(images, logits.images))


class Stability(NamedTuple):
    """How well a family's directions come again in another fit.

    Attributes
    ----------
    stability_start, stability_half : arrays of float64, shape (n_directions,), matched cosines with the fit
        from another start, and with that to the other half of the images; NaN without such a fit.
    stability_start_chance, stability_half_chance : their means for units in random order.
    """

    stability_start: Floats
    stability_half: Floats
    stability_start_chance: float
    stability_half_chance: float


class FamilyFits(NamedTuple):
    """The fits of a family, arrays of float32, shape (n_directions, n_units); None where there is no fit."""

    first: NDArray[np.float32]
    other_start: NDArray[np.float32] | None
    other_half: NDArray[np.float32] | None

    @classmethod
    def read(cls, dictionaries: "LayerMatrices", family: str) -> "FamilyFits | None":
        """Read the fits of a family; None if it has no directions."""
        there = dictionaries.attributes["families"][family]["fits"]
        if "first" not in there:
            return None
        other_start, other_half = (
            dictionaries[f"{family}_{fit}"] if fit in there else None for fit in ("other_start", "other_half")
        )
        return cls(dictionaries[f"{family}_first"], other_start, other_half)

    def stability(self, seed: int) -> Stability:
        """Match the first fit with the others."""
        cosines, chances = [], []
        for other in (self.other_start, self.other_half):
            if other is None:
                cosines.append(np.full(len(self.first), np.nan))
                chances.append(np.nan)
            else:
                cosines.append(matched_cosines(self.first, other))
                chances.append(chance_cosines(self.first, other, ORDERS, seed))
        return Stability(cosines[0], cosines[1], chances[0], chances[1])


class Judged(NamedTuple):
    """The answers of a family; samples have the data first, then resamples of the images.

    Attributes
    ----------
    directions : array of float32, shape (n_directions, n_units).
    codes : array of float64, shape (n_vectors, n_directions).
    reconstruction : array of float64, shape (1 + n_resamples,), R².
    peakedness : array of float64, shape (1 + n_resamples, 3), kurtosis, Gini index and Hoyer sparseness.
    top : see :class:`census.statistics.families.TopSets`.
    classes : see :class:`census.statistics.families.Classes`.
    best : array of int64, shape (n_images, n_directions), the position of the largest code.
    """

    directions: NDArray[np.float32]
    codes: Floats
    reconstruction: Floats
    peakedness: Floats
    top: TopSets
    classes: Classes
    best: NDArray[np.int64]


def judge(directions: NDArray[np.float32], held_out: HeldOut, n_wanted: int) -> Judged:
    """Ask a family all questions about held-out images.

    Parameters
    ----------
    directions : array of float32, shape (n_directions, n_units), each of length 1.
    held_out : the images.
    n_wanted : directions that the family was to have. Dead ones count as never active, so that codes of all
        families have as many values.
    """
    n_images, n_positions, _ = held_out.values.shape
    codes, errors = sparse_codes(held_out.flat, directions, number_active(n_wanted, held_out.active))
    samples = with_data(held_out.counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        reconstruction = 1 - (samples @ errors.reshape(n_images, -1).sum(1)) / (samples @ held_out.distances)
    whole = np.pad(codes, ((0, 0), (0, n_wanted - codes.shape[1])))
    statistics = peakedness(whole, signed=False)[None].astype(np.float64)
    means = means_over_vectors(statistics, np.isfinite(statistics[0]), n_images)
    by_image = codes.reshape(n_images, n_positions, -1)
    best = by_image.argmax(1)
    top = top_sets(
        by_image.max(1).T, held_out.top, held_out.labels, held_out.n_classes, held_out.logits, held_out.counts
    )
    classes = class_spread(by_image.clip(0).mean(1), held_out.labels, held_out.counts)
    return Judged(
        directions,
        codes,
        reconstruction,
        means(samples)[:, 0],
        top._replace(
            class_entropy=centered(top.class_entropy),
            similarity=centered(top.similarity),
            redundancy=centered(top.redundancy),
        ),
        classes._replace(selectivity=centered(classes.selectivity), gini=centered(classes.gini)),
        best,
    )


def centered(samples: Floats) -> Floats:
    """Return resamples with the value on the data, the first, as their mean.

    Resamples have fewer different images: sets are smaller, their classes fewer, and class means differ by
    more. Only the spread of resamples is that of the value.
    """
    drawn = samples[1:]
    return np.concatenate([samples[:1], drawn + samples[0] - mean_over(drawn)])


def _summary(
    families: Sequence[str],
    found: Mapping[str, Judged],
    stability: Mapping[str, Stability],
    held_out: HeldOut,
) -> dict[str, Any]:
    """Return the columns of :class:`Families` that differ between families; NaN without directions."""

    def estimated(samples: Callable[[Judged], Floats]) -> Estimate:
        each = [
            Estimate.of_samples(samples(found[name])) if name in found else UNDEFINED for name in families
        ]
        return Estimate(*map(np.array, zip(*each, strict=True)))

    def stable(part: str) -> Floats:
        return np.array(
            [
                float(mean_over(np.atleast_1d(getattr(stability[name], part))))
                if name in stability
                else np.nan
                for name in families
            ]
        )

    return {
        "reconstruction": estimated(lambda each: each.reconstruction),
        "code_kurtosis": estimated(lambda each: each.peakedness[:, 0]),
        "code_gini": estimated(lambda each: each.peakedness[:, 1]),
        "code_hoyer": estimated(lambda each: each.peakedness[:, 2]),
        "class_entropy": estimated(lambda each: each.top.class_entropy),
        "top_similarity": None if held_out.logits is None else estimated(lambda each: each.top.similarity),
        "redundancy": estimated(lambda each: each.top.redundancy),
        "selectivity": estimated(lambda each: each.classes.selectivity),
        "class_gini": estimated(lambda each: each.classes.gini),
        "alignment": np.array(
            [
                unit_alignment(found[name].directions)[0].mean() if name in found else np.nan
                for name in families
            ]
        ),
        **{part: stable(part) for part in Stability._fields},
    }


def _directions(
    layer: "Recording",
    found: Mapping[str, Judged],
    stability: Mapping[str, Stability],
    held_out: HeldOut,
) -> Directions:
    """Return a row for each direction, family after family."""

    def joined(parts: Sequence[np.ndarray]) -> Any:
        return np.concatenate(parts)

    each = list(found.values())
    squares = [(judged.codes**2).sum(0) for judged in each]
    aligned = [unit_alignment(judged.directions) for judged in each]
    entropy, similarity, redundancy = (
        joined([judged.top.by_direction[place] for judged in each]) for place in range(3)
    )
    selectivity, class_gini = (
        joined([judged.classes.by_direction[place] for judged in each]) for place in range(2)
    )
    preferred = joined([judged.classes.preferred for judged in each])
    with np.errstate(invalid="ignore"):  # no vector may be active
        energies = [square / square.sum() for square in squares]
    return Directions(
        of=layer.attributes,
        family=[family for family, judged in found.items() for _ in judged.directions],
        direction=joined([np.arange(len(judged.directions)) for judged in each]),
        energy=joined(energies),
        active_fraction=joined([(judged.codes != 0).mean(0) for judged in each]),
        code_sparseness=joined(
            [
                hoyer(np.abs(judged.codes).sum(0), square, len(judged.codes))
                for judged, square in zip(each, squares, strict=True)
            ]
        ),
        n_top_images=joined([(judged.top.images >= 0).sum(1) for judged in each]),
        class_entropy=entropy,
        top_similarity=None if held_out.logits is None else similarity,
        redundancy=redundancy,
        selectivity=selectivity,
        class_gini=class_gini,
        preferred_class=[layer.classes[place] if place >= 0 else None for place in preferred],
        alignment=joined([sizes for sizes, _ in aligned]),
        nearest_unit=joined([units for _, units in aligned]),
        stability_start=joined([stability[family].stability_start for family in found]),
        stability_half=joined([stability[family].stability_half for family in found]),
    )


def _top_arrays(
    found: Mapping[str, Judged], held_out: HeldOut, layer: "Recording", vectors: ChannelVectors
) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """Return the top images of all directions, as in the table, and where their codes are largest."""
    width = layer.shape[2]
    flat = vectors.positions[:, 0].astype(np.int64) * width + vectors.positions[:, 1]
    images, positions = [], []
    for judged in found.values():
        places = judged.top.images
        there = places >= 0
        best = np.take_along_axis(judged.best.T, places.clip(0), axis=1)
        images.append(np.where(there, layer.images[held_out.places][places], -1))
        positions.append(np.where(there, flat[best], -1).astype(np.int32))
    dimensions = ("direction", "rank")
    return {
        "top_image": (dimensions, np.concatenate(images)),
        "top_position": (dimensions, np.concatenate(positions)),
    }


def _differences(
    found: Mapping[str, Judged], stability: Mapping[str, Stability], resamples: int, seed: int
) -> dict[str, Estimate]:
    """Return how dictionaries differ from units, and in stability from singular vectors."""
    learned = [name for name in LEARNED if name in found]

    def beyond_units(samples: Mapping[str, Floats]) -> Estimate:
        if not learned or "units" not in samples:
            return UNDEFINED
        return Estimate.of_samples(np.mean([samples[name] for name in learned], axis=0) - samples["units"])

    def drawn_means(name: str) -> Floats:
        """Return the mean stability on the data, and on resamples of the directions."""
        values = stability[name].stability_half
        values = values[~np.isnan(values)]
        samples = with_data(drawn_counts(len(values), resamples, stream(seed, "directions", name)))
        return samples @ values / max(1, len(values)) if len(values) else np.full(len(samples), np.nan)

    return {
        "dictionary_reconstruction": beyond_units(
            {name: each.reconstruction for name, each in found.items()}
        ),
        "dictionary_peakedness": beyond_units({name: each.peakedness[:, 1] for name, each in found.items()}),
        "dictionary_class_entropy": beyond_units(
            {name: each.top.class_entropy for name, each in found.items()}
        ),
        "dictionary_stability": Estimate.of_samples(
            np.mean([drawn_means(name) for name in learned], axis=0) - drawn_means("svd")
        )
        if learned and "svd" in found
        else UNDEFINED,
    }


def _chance_entropy(held_out: HeldOut, seed: int) -> float:
    if not held_out.top:
        return float("nan")
    return chance_entropy(chance_labels(held_out.labels, held_out.top, DRAWS, seed), held_out.n_classes)


def _chance_similarity(logits: NDArray[np.float32] | None) -> float | None:
    """Return the mean correlation of two different images; NaN where fewer than two have one."""
    if logits is None:
        return None
    rows = scores(logits, "Pearson")
    rows = rows[np.isfinite(rows).all(1)]
    n = len(rows)
    return float((np.square(rows.sum(0)).sum() - n) / (n * (n - 1))) if n > 1 else float("nan")
