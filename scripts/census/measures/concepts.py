"""Classes to which units respond: the classes of top images, and the evenness of their counts.

References
----------
Sadeghi (2018), Conceptual content in deep convolutional neural networks.

Examples
--------
>>> import census  # `recorded` is what census.record returned
>>> found = census.measure("concepts", recorded["relu1"], top=10)
>>> found["units"]["n_top_images"].tolist()
[10, 10]
>>> found["arrays"]["top_image"].shape
(2, 10)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from census.measures.columns import Floats, Integers, Table, Texts, column, count, share
from census.measures.declaration import Arrays, Measure, Recordings
from census.statistics.class_counts import (
    chance_counts,
    chance_labels,
    class_counts,
    mean_of_pairs,
    row_distance,
    row_similarity,
)
from census.statistics.sparseness import gini
from census.statistics.top_images import NONE, top_images

if TYPE_CHECKING:
    from census.stores.recording import Recording

NAMED = 3  # number of classes per unit that the table names
MOST_DRAWS = 500  # draws compared with each other, 124,750 pairs
FLOOR = 1e-7  # added to each count before computing entropy, as in Sadeghi (2018)
INACTIVE = -1.0  # flatness of a unit without top images in Sadeghi (2018)


@dataclass(frozen=True)
class Parameters:
    """The classes to which units respond, by their top images."""

    top: Annotated[int, Ge(2)] = 100
    """Number of top images of a unit; all images if there are fewer."""
    normalizer: Literal["classes", "units"] = "classes"
    """Number by whose logarithm the entropy in flatness is divided; `units` reproduces the formula as printed
    in the paper, with which flatness can exceed 1."""
    draws: Annotated[int, Ge(100)] = 1000
    """Random draws of images for the chance levels of Gini index, flatness and MF degree."""


class Units(Table, per="unit"):
    """The classes of each unit's top images."""

    n_top_images: Integers = count(
        "number of top images: the `measures.concepts.top` images with the largest values of the unit; "
        "fewer if fewer activate it",
        "images",
        "Sadeghi 2018",
    )
    n_top_classes: Integers = count("number of classes among the top images", "classes", "Sadeghi 2018")
    gini: Floats = share("Gini index of the classes' counts among the top images", "Sadeghi 2018")
    gini_chance: Floats = share("mean Gini index of equally many random images", "ours")
    gini_p: Floats = share(
        "p-value: (1 + random draws with a Gini index at least as high) / (1 + random draws)", "ours"
    )
    gini_corrected: Floats = column("Gini index minus its chance level", "ours", range=(-1, 1))
    flatness: Floats = column(
        "spectral flatness of the class counts: 2 to the power of their relative entropy, minus 1; -1 for "
        "inactive units",
        "Sadeghi 2018",
        range=(-1, 1.001),
    )
    flatness_chance: Floats = column(
        "mean flatness of equally many random images; undefined for inactive units", "ours", range=(0, 1.001)
    )
    mf_degree: Floats = column(
        "degree of multifacetedness: flatness over Gini index; undefined for inactive units",
        "Sadeghi 2018",
        range=(0, None),
    )
    mf_chance: Floats = column("median MF degree of equally many random images", "ours", range=(0, None))
    top_class_1: Texts = column("most frequent class among the top images", "Sadeghi 2018")
    top_count_1: Integers = count("number of top images of the most frequent class", "images", "Sadeghi 2018")
    top_class_2: Texts = column("second most frequent class among the top images", "Sadeghi 2018")
    top_count_2: Integers = count(
        "number of top images of the second most frequent class", "images", "Sadeghi 2018"
    )
    top_class_3: Texts = column("third most frequent class among the top images", "Sadeghi 2018")
    top_count_3: Integers = count(
        "number of top images of the third most frequent class", "images", "Sadeghi 2018"
    )


class Layer(Table, per="layer"):
    """The similarity of class counts between a layer's units."""

    n_units: int = count("units of the layer", "units", least=1)
    n_images: int = count("recorded images", "images", least=1)
    n_inactive_units: int = count("units without top images", "units")
    top: int = column("value of the parameter `top`", range=(2, None))
    draws: int = column("value of the parameter `draws`", range=(100, None))
    unit_similarity: float = column(
        "mean correlation of the class counts of two units", "Sadeghi 2018", range=(-1, 1)
    )
    unit_similarity_chance: float = column(
        "mean correlation of the class counts of two units, for random images", "ours", range=(-1, 1)
    )
    unit_dissimilarity: float = column(
        "mean Euclidean distance of the class counts of two units", "Sadeghi 2018", range=(0, None)
    )
    unit_dissimilarity_chance: float = column(
        "mean Euclidean distance of the class counts of two units, for random images",
        "ours",
        range=(0, None),
    )


def compute(layer: "Recording", parameters: Parameters, seed: int) -> Iterator[Units | Layer | Arrays]:
    """Find the top images of a layer's units and count their classes."""
    n_units, n_classes, k = layer.shape[0], len(layer.classes), parameters.top
    images, labels = layer.images, layer.labels
    top = top_images(layer.statistics("max", "argmax"), n_units, min(k, len(images)))
    label_of_image = np.zeros(images.max() + 1, labels.dtype)
    label_of_image[images] = labels
    counts = class_counts(top.images, label_of_image, n_classes)
    sizes = (top.images != NONE).sum(1)

    normalizer = entropy_base(parameters.normalizer, counts)
    sparsity, evenness = gini(counts), flatness(counts, normalizer)
    drawn = chance_labels(labels, k, parameters.draws, seed)
    chance = chance_levels(drawn, sizes, sparsity, n_classes, normalizer)
    yield Units(
        of=layer.attributes,
        n_top_images=sizes,
        n_top_classes=(counts > 0).sum(1),
        gini=sparsity,
        gini_chance=chance.gini,
        gini_p=chance.gini_p,
        gini_corrected=sparsity - chance.gini,
        flatness=evenness,
        flatness_chance=chance.flatness,
        mf_degree=mf_degree(sparsity, evenness),
        mf_chance=chance.mf_degree,
        **_most_frequent(counts, np.array(layer.classes, dtype=object)),
    )

    similarity, distance = row_similarity(counts), row_distance(counts[sizes > 0])
    similarity_by_chance, distance_by_chance = chance_similarity(drawn, sizes.max(), n_classes)
    yield Layer(
        of=layer.attributes,
        n_units=n_units,
        n_images=len(images),
        n_inactive_units=int((sizes == 0).sum()),
        top=k,
        draws=parameters.draws,
        unit_similarity=mean_of_pairs(similarity),
        unit_similarity_chance=similarity_by_chance,
        unit_dissimilarity=mean_of_pairs(distance),
        unit_dissimilarity_chance=distance_by_chance,
    )
    arrays: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
        "class_size": (("class",), np.bincount(labels, minlength=n_classes)),
        "top_image": (("unit", "rank"), top.images),
        "top_value": (("unit", "rank"), top.values),
        "top_position": (("unit", "rank"), top.positions),
        "class_count": (("unit", "class"), counts.astype(np.int32)),
    }
    if layer.attributes["checkpoint"] == "final":
        whole = np.full((n_units, n_units), np.nan, np.float32)
        whole[np.ix_(sizes > 0, sizes > 0)] = distance
        pairs = ("unit", "other_unit")
        arrays |= {"similarity": (pairs, similarity.astype(np.float32)), "distance": (pairs, whole)}
    yield Arrays(of=layer.attributes, arrays=arrays)


measure = Measure(
    name="concepts",
    title="Concepts",
    reads={"layer": Recordings()},
    tables={"units": Units, "layer": Layer},
    compute=compute,
    parameters=Parameters,
    # multifacetedness repeats its columns and adds those that need the whole network
    in_census=False,
    has_arrays=True,
    memory=2000,
)


def _most_frequent(counts: NDArray[np.integer], classes: NDArray[np.object_]) -> dict[str, Any]:
    """Return the columns of the most frequent classes: their names, None without images, and counts."""
    # a data set may have fewer classes than the table has columns
    ranked = np.argsort(-counts, axis=1, kind="stable")[:, :NAMED]
    lacking = ((0, 0), (0, NAMED - ranked.shape[1]))
    ranked, often = np.pad(ranked, lacking), np.pad(np.take_along_axis(counts, ranked, 1), lacking)
    columns: dict[str, Any] = {}
    for rank in range(NAMED):
        named = classes[ranked[:, rank]]
        named[often[:, rank] == 0] = None
        columns |= {f"top_class_{rank + 1}": named, f"top_count_{rank + 1}": often[:, rank]}
    return columns


def entropy_base(normalizer: str, counts: NDArray[np.integer]) -> int:
    """Return the number by whose logarithm entropies are divided, see :func:`flatness`.

    Parameters
    ----------
    normalizer : ``classes`` or ``units``.
    counts : array of int, shape (n_units, n_classes).
    """
    return counts.shape[1] if normalizer == "classes" else len(counts)


def flatness(counts: NDArray[np.integer], normalizer: int) -> Floats:
    """Return the flatness ``2^H − 1`` of each row: near 0 for a single class, 1 for equal counts.

    ``H = −Σ p log₂ p / log₂ M``, with p the row plus 1e-7, divided by its sum.

    Sadeghi (2018) defines M as the layer's number of units, probably a misprint: flatness would exceed 1 with
    fewer units than classes. With the number of classes, 100 images of 1000 classes reach at most a flatness
    over Gini index of 0.653, consistent with the 0.63 that Sadeghi (2018) reports.

    Parameters
    ----------
    counts : array of int, shape (…, K).
    normalizer : M, the number of classes, or the number of units to reproduce the formula as printed.

    Returns
    -------
    array of float64, shape (…,); :data:`INACTIVE` for a row of zeros, NaN if M is 1.

    References
    ----------
    Sadeghi (2018), eq. 1. Madhu (2009), Note on measures for spectral flatness, Electronics Letters 45.
    """
    raised = counts + FLOOR
    shares = raised / raised.sum(-1, keepdims=True)
    base = np.log2(normalizer) or np.nan
    entropy = -(shares * np.log2(shares)).sum(-1) / base
    return np.where(counts.sum(-1) > 0, 2.0**entropy - 1, INACTIVE)


def mf_degree(gini: Floats, flatness: Floats) -> Floats:
    """Return the degree of multifacetedness, flatness divided by Gini index.

    Returns
    -------
    array of float64; NaN for an inactive unit, infinite if all classes have equal counts.

    References
    ----------
    Sadeghi (2018), eq. 2.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(np.isnan(gini), np.nan, flatness / gini)


def is_multi_faceted(degree: Floats, mean: float) -> NDArray[np.bool_]:
    """Return whether units are multi-faceted: degree above the network's mean. Inactive units are not."""
    return degree > mean


def is_single_faceted(degree: Floats, mean: float) -> NDArray[np.bool_]:
    """Return whether units are single-faceted: degree below the network's mean. Inactive units are not."""
    return degree < mean


class Chance(NamedTuple):
    """Chance levels of units, arrays of float64, shape (n_units,); NaN for inactive units.

    Attributes
    ----------
    gini : mean Gini index of the draws.
    gini_p : ``(1 + draws with a Gini index at least as high as the unit's) / (1 + draws)``.
    flatness : mean flatness of the draws.
    mf_degree : median MF degree of the draws; a mean would be dominated by unbounded degrees of nearly even
        draws.
    """

    gini: Floats
    gini_p: Floats
    flatness: Floats
    mf_degree: Floats


def chance_levels(
    drawn: NDArray[np.integer], sizes: NDArray[np.integer], ginis: Floats, n_classes: int, normalizer: int
) -> Chance:
    """Compare units with random draws of equal numbers of images.

    Parameters
    ----------
    drawn : array of int, shape (n_draws, k), see :func:`chance_labels`.
    sizes : array of int, shape (n_units,), each unit's number of top images.
    ginis : array of float64, shape (n_units,), each unit's Gini index.
    n_classes, normalizer : see :func:`flatness`.
    """
    chance = Chance(*np.full((len(Chance._fields), len(sizes)), np.nan))
    for size in np.unique(sizes[sizes > 0]):
        here, counts = sizes == size, chance_counts(drawn, size, n_classes)
        by_chance, evenness = gini(counts), flatness(counts, normalizer)
        # the order of summation changes the last digits
        reached = (by_chance[:, None] >= ginis[here] - 1e-12).sum(0)
        chance.gini[here] = by_chance.mean()
        chance.gini_p[here] = (1 + reached) / (1 + len(drawn))
        chance.flatness[here] = evenness.mean()
        chance.mf_degree[here] = np.median(mf_degree(by_chance, evenness))
    return chance


def chance_similarity(drawn: NDArray[np.integer], n_images: int, n_classes: int) -> tuple[float, float]:
    """Return the chance level of similarity between class counts: mean r and mean distance over pairs.

    If classes differ in size, r is above 0 by chance, because all draws have more images of larger classes.

    Parameters
    ----------
    drawn : array of int, shape (n_draws, k), see :func:`chance_labels`; the first :data:`MOST_DRAWS` are
        compared.
    n_images : number of top images of a unit; both results are NaN for 0.
    n_classes : number of classes.
    """
    if n_images == 0:
        return float("nan"), float("nan")
    counts = chance_counts(drawn[:MOST_DRAWS], n_images, n_classes)
    return mean_of_pairs(row_similarity(counts)), mean_of_pairs(row_distance(counts))
