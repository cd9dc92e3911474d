"""Selectivity of units for single classes: class selectivity with its chance level, and signal detection.

References
----------
Chen et al. (2018), Understanding the importance of single directions via representative substitution.
Morcos, Barrett, Rabinowitz & Botvinick (2018), On the importance of single directions for generalization,
ICLR.
Gale, Martin, Blything, Nguyen & Bowers (2020), Are there any 'object detectors' in the hidden layers of CNNs
trained to identify objects or scenes?, Vision Research 176.

Examples
--------
>>> import census  # `recorded` is what census.record returned
>>> units = census.measure("selectivity", recorded["relu1"], top=5)["units"]
>>> units[["unit", "n_precision_images"]].values.tolist()
[[0, 5], [1, 5]]
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from census.jobs import LOGGER
from census.measures.columns import Floats, Integers, Table, Texts, column, count, share
from census.measures.declaration import Measure, Recordings
from census.statistics.class_selectivity import index_of, is_signed, present, selectivity_and_means, slices
from census.statistics.defined import over_defined
from census.statistics.ranks import tied
from census.statistics.significance import LEVEL, benjamini_hochberg
from census.statistics.streams import seed_of_layer, stream
from census.statistics.ties import as_bits, tie_ranks

if TYPE_CHECKING:
    from census.stores.recording import Recording

NONE = -1  # in place of a class, for a unit without a best one
# number of class means per unit that fit in a processor's cache
MEANS_AT_ONCE = 1 << 11
LABELS_AT_ONCE = 1 << 22
VALUES_AT_ONCE = 1 << 16  # values sorted at a time
RANKS_AT_ONCE = 1 << 24  # ranks of random rankings at a time
TIE = 1e-5  # relative tolerance, because class means of shuffled labels are float32
DRAWS = 100  # random rankings; only means are used


@dataclass(frozen=True)
class Parameters:
    """Selectivity of single units for one class."""

    shuffles: Annotated[int, Ge(100)] = 250
    """Shuffles of the images' labels for the chance level and p-value of class selectivity."""
    top: Annotated[int, Ge(2)] = 100
    """Number of a unit's images with the largest values, among which the most common class determines
    precision; all images if there are fewer."""


class Units(Table, per="unit"):
    """The selectivity of each unit."""

    selectivity: Floats = share(
        "class selectivity: largest class mean minus mean of the other classes, divided by their sum; "
        "undefined for inactive units and units with negative values",
        "Chen et al. 2018",
    )
    selectivity_chance: Floats = share("mean class selectivity over shuffles of the labels", "ours")
    selectivity_p: Floats = share(
        "p-value: (1 + shuffles with a class selectivity at least as high) / (1 + shuffles)", "ours"
    )
    selectivity_q: Floats = share(
        "`selectivity_p`, adjusted by Benjamini and Hochberg's procedure within the layer", "ours"
    )
    selectivity_corrected: Floats = column("class selectivity minus its chance level", "ours", range=(-1, 1))
    selective_class: Texts = column("class with the largest mean activation", "Chen et al. 2018")
    auroc: Floats = share(
        "area under the receiver operating characteristic (AUROC), largest over classes",
        "Gale et al. 2020",
    )
    auroc_class: Texts = column("class with the largest AUROC", "Gale et al. 2020")
    informedness: Floats = share(
        "largest difference between true and false positive rate over classes and thresholds",
        "Gale et al. 2020",
    )
    informedness_class: Texts = column("class with the largest informedness", "Gale et al. 2020")
    precision_top_k: Floats = share(
        "share of the most frequent class among the `measures.selectivity.top` images with the largest mean "
        "activation",
        "Gale et al. 2020",
    )
    n_precision_images: Integers = count("number of images used for `precision_top_k`", "images")


class Layer(Table, per="layer"):
    """The selectivity of a layer's units."""

    n_units: int = count("units of the layer", "units", least=1)
    n_images: int = count("recorded images", "images", least=1)
    n_classes: int = count("classes with images", "classes", least=1)
    n_inactive_units: int = count("units that are 0 on all images", "units")
    n_signed_units: int = count("units that are negative on any image", "units")
    n_not_finite_units: int = count("units that are NaN or infinite on any image", "units")
    shuffles: int = column("value of the parameter `shuffles`", range=(100, None))
    top: int = column("value of the parameter `top`", range=(2, None))
    selectivity_median: float = share("median class selectivity of the units", "Chen et al. 2018")
    selectivity_chance_median: float = share("median chance level of class selectivity", "ours")
    selectivity_corrected_median: float = column("median of `selectivity_corrected`", range=(-1, 1))
    share_selective: float = share("share of units with `selectivity_p` below 0.05", "ours")
    share_selective_bh: float = share("share of units with `selectivity_q` below 0.05", "ours")
    auroc_median: float = share("median AUROC of the units", "Gale et al. 2020")
    auroc_chance: float = share("mean AUROC of random rankings of the images")
    informedness_median: float = share("median informedness of the units")
    informedness_chance: float = share("mean informedness of random rankings of the images")
    precision_median: float = share("median `precision_top_k` of the units")
    precision_chance: float = share("mean precision of random rankings of the images")


def compute(layer: "Recording", parameters: Parameters, seed: int) -> tuple[Units, Layer]:
    """Measure how selective the units of a layer are for single classes."""
    top, shuffles, n_all_classes = parameters.top, parameters.shuffles, len(layer.classes)
    labels = layer.sorted_labels
    n_images, n_classes = len(labels), len(np.unique(labels))
    if n_classes < 2:
        LOGGER.warning("%s: all %d images are of one class: no unit has a selectivity", layer, n_images)
    if top >= n_images:
        LOGGER.warning("%s: all %d images are top images: precision is uninformative", layer, n_images)
    # each layer has its own shuffles; random rankings depend only on labels and are shared by all layers
    own_seed = seed_of_layer(seed, layer.attributes)
    parts = [
        unit_selectivity(values, labels, n_all_classes, top=top, shuffles=shuffles, seed=own_seed)
        for values in layer.unit_means()
    ]
    units = UnitSelectivity(*map(np.concatenate, zip(*parts, strict=True)))
    n_not_finite = int((~units.is_finite).sum())
    if n_not_finite:
        LOGGER.warning("%s: %d units are not finite", layer, n_not_finite)
    q_values = benjamini_hochberg(units.p)
    corrected = units.selectivity - units.chance
    by_chance = chance_detection(labels, n_all_classes, top, DRAWS, seed)
    names = np.array([*layer.classes, None], dtype=object)  # the last is for units without a class
    return (
        Units(
            of=layer.attributes,
            selectivity=units.selectivity,
            selectivity_chance=units.chance,
            selectivity_p=units.p,
            selectivity_q=q_values,
            selectivity_corrected=corrected,
            selective_class=list(names[units.selective_class]),
            auroc=units.auroc,
            auroc_class=list(names[units.auroc_class]),
            informedness=units.informedness,
            informedness_class=list(names[units.informedness_class]),
            precision_top_k=units.precision,
            n_precision_images=units.n_top,
        ),
        Layer(
            of=layer.attributes,
            n_units=layer.shape[0],
            n_images=n_images,
            n_classes=n_classes,
            n_inactive_units=int(units.is_inactive.sum()),
            n_signed_units=int(units.is_signed.sum()),
            n_not_finite_units=n_not_finite,
            shuffles=shuffles,
            top=top,
            selectivity_median=over_defined(np.median, units.selectivity),
            selectivity_chance_median=over_defined(np.median, units.chance),
            selectivity_corrected_median=over_defined(np.median, corrected),
            share_selective=over_defined(_share_significant, units.p),
            share_selective_bh=over_defined(_share_significant, q_values),
            auroc_median=over_defined(np.median, units.auroc),
            auroc_chance=by_chance.auroc,
            informedness_median=over_defined(np.median, units.informedness),
            informedness_chance=by_chance.informedness,
            precision_median=over_defined(np.median, units.precision),
            precision_chance=by_chance.precision,
        ),
    )


measure = Measure(
    name="selectivity",
    title="Selectivity",
    reads={"layer": Recordings()},
    tables={"units": Units, "layer": Layer},
    compute=compute,
    parameters=Parameters,
    memory=2000,
)


def _share_significant(p_values: Floats) -> float:
    return float((p_values < LEVEL).mean())


class Chance(NamedTuple):
    """Chance levels of class selectivity, arrays of float64, shape (n_units,); NaN if undefined.

    Attributes
    ----------
    selectivity : mean class selectivity over shuffles of the labels.
    p : ``(1 + shuffles with a selectivity at least as high as the unit's) / (1 + shuffles)``.
    """

    selectivity: Floats
    p: Floats


def chance_selectivity(
    values: NDArray[np.floating],
    labels: NDArray[np.integer],
    observed: Floats,
    shuffles: int,
    seed: int,
) -> Chance:
    """Compare class selectivity of units with that for labels shuffled over images.

    All units share the same shuffles.

    Parameters
    ----------
    values : array of float, shape (n_images, n_units), not negative if ``observed`` is defined.
    labels : array of int, shape (n_images,), classes.
    observed : array of float64, shape (n_units,), class selectivity; NaN if undefined.
    shuffles, seed : number of shuffles, and their seed.
    """
    known = ~np.isnan(observed)
    if not known.any():
        return Chance(*np.full((2, len(known)), np.nan))
    # takes a tenth of a second
    from scipy.sparse import csc_array

    n_images, n_units = values.shape
    classes, places, sizes = present(labels)
    shares = (1 / sizes).astype(np.float32)
    total, reached = np.zeros((2, n_units))
    # each unit is scaled to 0–1, so that float32 sums keep differences between images
    least, largest = values.min(0), values.max(0)
    spread = np.where(largest > least, largest - least, 1).astype(np.float64)
    blocks = [
        ((values[:, units] - least[units]) / spread[units].astype(values.dtype)).astype(np.float32)
        for units in slices(n_units)
    ]
    random = stream(seed, "shuffled labels")
    at_once = max(1, min(MEANS_AT_ONCE // len(classes), LABELS_AT_ONCE // n_images))
    for first in range(0, shuffles, at_once):
        count = min(at_once, shuffles - first)
        shuffled = np.stack([random.permutation(places) for _ in range(count)], axis=1)
        # row s · n_classes + c of this matrix averages over the images of class c in shuffle s
        rows = shuffled + len(classes) * np.arange(count, dtype=np.int32)
        starts = np.arange(0, rows.size + 1, count)
        means_of = csc_array(
            (shares[shuffled].ravel(), rows.ravel(), starts), shape=(count * len(classes), n_images)
        )
        for units, block in zip(slices(n_units), blocks, strict=True):
            means = (means_of @ block).reshape(count, len(classes), -1)
            lowest = (least[units] / spread[units]).astype(np.float32)
            drawn = index_of(means.max(1), means.sum(1), len(classes), lowest)
            total[units] += drawn.sum(0, dtype=np.float64)
            reached[units] += (drawn >= observed[units] * (1 - TIE)).sum(0)
    return Chance(
        np.where(known, total / shuffles, np.nan), np.where(known, (1 + reached) / (1 + shuffles), np.nan)
    )


class Detection(NamedTuple):
    """Detection of each class by a threshold on each unit's value.

    Attributes
    ----------
    auroc : array of float64, shape (n_units, n_classes), area under the receiver operating characteristic:
        probability that an image of the class has a larger value than one of another class, ties counting
        half.
    informedness : array of float64, shape (n_units, n_classes), ``max_t (TPR − FPR)`` over all thresholds t,
        with images detected at values of at least t; 0 if no threshold is better than detecting all or none.
    top_counts : array of int64, shape (n_units, n_classes), number of top images of the class.
    """

    auroc: Floats
    informedness: Floats
    top_counts: NDArray[np.int64]


def detection(
    values: NDArray[np.float32], labels: NDArray[np.integer], n_classes: int, top: int
) -> Detection:
    """Measure how well each unit detects each class, sorting the images once per unit.

    Parameters
    ----------
    values : array of float32, shape (n_images, n_units), finite.
    labels : array of int, shape (n_images,), classes.
    n_classes : number of classes. AUROC and informedness are NaN for a class with no images or all of them.
    top : number of top images, those with the largest values; ties go to the first image. Images with a value
        not above 0 are left out.

    References
    ----------
    Gale et al. (2020). Youden (1950), Index for rating diagnostic tests, Cancer 3: TPR − FPR.
    """
    n_images, n_units = values.shape
    found = Detection(
        np.full((n_units, n_classes), np.nan),
        np.full((n_units, n_classes), np.nan),
        np.zeros((n_units, n_classes), np.int64),
    )
    classes, places, sizes = present(labels)
    at_once = max(1, VALUES_AT_ONCE // n_images)
    for first in range(0, n_units, at_once):
        units = slice(first, first + at_once)
        ranked = _ranked(values[:, units])
        if len(classes) > 1:
            auroc, informedness = _receiver_operating_characteristic(ranked, places, sizes)
            found.auroc[units, classes], found.informedness[units, classes] = auroc, informedness
        found.top_counts[units] = _top_counts(ranked, labels, n_classes, top)
    return found


def unit_detection(
    values: NDArray[np.floating], labels: NDArray[np.integer], n_classes: int, top: int
) -> Detection:
    """Return :func:`detection` with ties among top images broken at random: images are often sorted by class.

    Units that are inactive, or not finite on an image, detect no class. If all images are of one class, no
    unit detects it.

    Parameters
    ----------
    values : array of float, shape (n_images, n_units).
    labels, n_classes, top : see :func:`detection`.
    """
    is_finite = np.isfinite(values).all(0)
    order = tie_ranks(np.arange(len(labels))).argsort()
    finite = np.where(is_finite, values, 0)[order].astype(np.float32, copy=False)
    found = detection(finite, labels[order], n_classes, top)
    none = ~finite.any(0) | (len(np.unique(labels)) < 2)
    found.auroc[none], found.informedness[none], found.top_counts[none] = np.nan, np.nan, 0
    return found


class _Ranked(NamedTuple):
    """The images of each unit sorted by value in ascending order; all of shape (n_units, n_images)."""

    images: NDArray[np.int64]
    first: NDArray[np.int32]  # first and last index of equal values
    last: NDArray[np.int32]
    is_positive: NDArray[np.bool_]


def _ranked(values: NDArray[np.float32]) -> _Ranked:
    n_images = len(values)
    # Stable sorts of 16 bits are many times faster than sorts of floats: sort by the lower half, then by the
    # upper. Images are reversed so that the first of equal ones comes last.
    bits = as_bits(values[::-1].T)
    order = np.argsort(bits.astype(np.uint16), axis=1, kind="stable")
    upper = np.take_along_axis((bits >> 16).astype(np.uint16), order, 1)
    order = np.take_along_axis(order, np.argsort(upper, axis=1, kind="stable"), 1)
    bits = np.take_along_axis(bits, order, 1)
    return _Ranked(n_images - 1 - order, *tied(bits), bits > 1 << 31)


def _receiver_operating_characteristic(
    ranked: _Ranked, places: NDArray[np.integer], sizes: NDArray[np.integer]
) -> tuple[Floats, Floats]:
    """Return AUROC and informedness of each class, arrays of float64, shape (n_units, n_classes)."""
    n_images = len(places)
    starts, others = np.cumsum(sizes) - sizes, n_images - sizes
    # sort each unit's images by class, and within a class by value; see _ranked
    few = places.astype(np.uint16) if len(sizes) <= 1 << 16 else places
    where = np.argsort(few[ranked.images], axis=1, kind="stable")
    first = np.take_along_axis(ranked.first, where, 1)
    last = np.take_along_axis(ranked.last, where, 1)

    # equal values have the mean of their ranks, from 1
    twice = np.add.reduceat(first.astype(np.int64) + last, starts, axis=1)
    rank_sums = twice / 2 + sizes
    auroc = (rank_sums - sizes * (sizes + 1) / 2) / (sizes * others)

    # Only the values of the class's own images can be optimal thresholds, because lower ones in between add
    # only false alarms. Among equal values, the first has the correct number of detected images.
    detected = np.repeat(starts + sizes, sizes) - np.arange(n_images)
    false = n_images - first - detected
    difference = detected / np.repeat(sizes, sizes) - false / np.repeat(others, sizes)
    return auroc, np.maximum.reduceat(difference, starts, axis=1)


def _top_counts(ranked: _Ranked, labels: NDArray[np.integer], n_classes: int, top: int) -> NDArray[np.int64]:
    n_units = len(ranked.images)
    cells = np.arange(n_units)[:, None] * n_classes + labels[ranked.images[:, -top:]]
    counted = cells[ranked.is_positive[:, -top:]]
    return np.bincount(counted, minlength=n_units * n_classes).reshape(n_units, n_classes)


def best_class(values: NDArray[np.floating]) -> tuple[Floats, NDArray[np.int64]]:
    """Return the largest value of each unit and its class; ties go to the first class.

    Parameters
    ----------
    values : array of float, shape (n_units, n_classes); NaN if undefined for a class.

    Returns
    -------
    largest : array of float64, shape (n_units,); NaN if undefined for all classes.
    classes : array of int64, shape (n_units,); :data:`NONE` if undefined for all classes.
    """
    known = np.where(np.isnan(values), -np.inf, values)
    classes, none = known.argmax(1), np.isneginf(known).all(1)
    return np.where(none, np.nan, known.max(1)), np.where(none, NONE, classes)


def precision(top_counts: NDArray[np.integer]) -> Floats:
    """Return the share of the most common class among each unit's top images.

    Units with fewer top images than requested use those they have.

    Parameters
    ----------
    top_counts : array of int, shape (n_units, n_classes), see :func:`detection`.

    Returns
    -------
    array of float64, shape (n_units,); NaN for a unit without top images.

    References
    ----------
    Gale et al. (2020), after Zhou et al. (2015), Object detectors emerge in deep scene CNNs, ICLR.
    """
    with np.errstate(invalid="ignore"):
        return top_counts.max(1) / top_counts.sum(1)


class ChanceDetection(NamedTuple):
    """Chance levels of AUROC and informedness of the best class, and of precision."""

    auroc: float
    informedness: float
    precision: float


def chance_detection(
    labels: NDArray[np.integer], n_classes: int, top: int, draws: int, seed: int
) -> ChanceDetection:
    """Return chance levels of signal detection, from random rankings of the images.

    For units without equal values, only ranks matter, so they share these levels. Units that are inactive on
    some images have lower chance levels of AUROC and informedness.

    Parameters
    ----------
    labels, n_classes, top : see :func:`detection`.
    draws, seed : number of random rankings, and their seed.

    Returns
    -------
    The levels; NaN if all images are of one class.
    """
    if len(np.unique(labels)) < 2:
        return ChanceDetection(*[float("nan")] * 3)
    random = stream(seed, "random rankings")
    ranks = np.arange(1, len(labels) + 1, dtype=np.float32)
    levels, at_once = [], max(1, RANKS_AT_ONCE // len(ranks))
    for first in range(0, draws, at_once):
        rankings = [random.permutation(ranks) for _ in range(min(at_once, draws - first))]
        found = detection(np.stack(rankings, 1), labels, n_classes, top)
        levels.append(
            (best_class(found.auroc)[0], best_class(found.informedness)[0], precision(found.top_counts))
        )
    return ChanceDetection(*(float(np.concatenate(each).mean()) for each in zip(*levels, strict=True)))


class UnitSelectivity(NamedTuple):
    """Selectivity of units, arrays of shape (n_units,); NaN and :data:`NONE` if undefined.

    Attributes
    ----------
    selectivity, chance, p : float64, see :mod:`census.statistics.class_selectivity` and :class:`Chance`.
        Undefined for units that are inactive (0 on all images), signed (negative on any image) or non-finite
        on any image.
    selective_class : int64, the class with the largest mean.
    auroc, informedness : float64, largest values over classes, see :class:`Detection`. Undefined for inactive
        and non-finite units.
    auroc_class, informedness_class : int64, classes with these values.
    precision : float64, see :func:`precision`.
    n_top : int64, number of top images; 0 for units with undefined AUROC.
    is_inactive, is_signed, is_finite : bool.
    """

    selectivity: Floats
    chance: Floats
    p: Floats
    selective_class: NDArray[np.int64]
    auroc: Floats
    auroc_class: NDArray[np.int64]
    informedness: Floats
    informedness_class: NDArray[np.int64]
    precision: Floats
    n_top: NDArray[np.int64]
    is_inactive: NDArray[np.bool_]
    is_signed: NDArray[np.bool_]
    is_finite: NDArray[np.bool_]


def unit_selectivity(
    values: NDArray[np.float32],
    labels: NDArray[np.integer],
    n_classes: int,
    *,
    top: int,
    shuffles: int,
    seed: int,
) -> UnitSelectivity:
    """Measure the selectivity of units; it is undefined if all images are of one class.

    Parameters
    ----------
    values : array of float32, shape (n_images, n_units).
    labels, n_classes, top : see :func:`detection`.
    shuffles, seed : see :func:`chance_selectivity`.
    """
    is_finite, is_inactive = np.all(np.isfinite(values), axis=0), np.all(values == 0, axis=0)
    signed = is_signed(values)
    selectivity, means = selectivity_and_means(values, labels, n_classes)
    found = unit_detection(values, labels, n_classes, top)
    values = np.where(is_finite, values, np.float32(0))
    known = ~np.isnan(selectivity)
    chance = Chance(*np.full((2, len(known)), np.nan))
    chance.selectivity[known], chance.p[known] = chance_selectivity(
        values[:, known], labels, selectivity[known], shuffles, seed
    )
    auroc, auroc_class = best_class(found.auroc)
    informedness, informedness_class = best_class(found.informedness)
    return UnitSelectivity(
        selectivity,
        chance.selectivity,
        chance.p,
        best_class(means.T)[1],
        auroc,
        auroc_class,
        informedness,
        informedness_class,
        precision(found.top_counts),
        found.top_counts.sum(1),
        is_inactive,
        signed & is_finite,
        is_finite,
    )
