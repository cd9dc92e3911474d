"""How much a network's answers depend on single units of a layer, and on many of them together.

Units are ablated, and the network is run again. The ablation effect is first the change of the output: its
Kullback–Leibler divergence from the intact network's. Loss and accuracy are measured in addition if the
labels of the images are classes that the network was trained to name. With few images they are much noisier:
single units change answers reliably and by little, and the loss hardly.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, NamedTuple

import numpy as np
from annotated_types import Ge, Le, Len
from numpy.typing import NDArray

from census.measures.columns import Floats, Integers, Table, Texts, column, count, share
from census.measures.declaration import Measure, Unique
from census.statistics.bootstrap import Estimate
from census.statistics.performance import Performance, log_softmax, performance

NONE = -1  # stands for no class
SPLITS = 10  # of the images, for reliability
LEAST_IMAGES = 5  # of a class, so that a single image is not a fall by all of its accuracy


@dataclass(frozen=True)
class Parameters:
    """Ablation of single units, and of increasing numbers of them."""

    modes: Annotated[Unique[Literal["zero", "mean", "resampled", "optimal"]], Len(1)] = field(
        default_factory=lambda: ["zero"]
    )
    """Substitutes for an ablated unit's map: 0; its mean over training images; its map on another image; or
    the constant that changes the output least, at 17 times the cost of 0, and for single units only. A list
    of several measures each of them."""
    steps: Annotated[int, Ge(2), Le(100)] = 5
    """Equal steps in which increasing numbers of a layer's units are ablated, from none to all."""
    random_orders: Annotated[int, Ge(1)] = 3
    """Random orders in which units are ablated, in addition to those of a criterion."""
    resamples: Annotated[int, Ge(100)] = 1000
    """Bootstrap resamples of the images for each 95 % interval."""
    batch: Annotated[int, Ge(1)] = 64
    """Largest number of images, each with an ablation of its own, in one forward pass. A CPU runs fewer, if
    their activations would not fit into its cache."""


class Units(Table, per="unit"):
    """The effect of ablating single units."""

    mode: str = column("substitute for the ablated unit's map")
    unit: Integers = count("index of the unit in its layer", "")
    ablation_kl: Estimate = column(
        "ablation effect: Kullback–Leibler divergence of the network's output without the unit from the "
        "intact network's, mean over images, by the first of `measures.ablation.modes`",
        "ours",
        unit="nats",
        range=(0, None),
    )
    ablation_changed: Estimate = share(
        "ablation effect: share of images whose predicted class changes without the unit", "ours"
    )
    ablation_loss: Estimate | None = column(
        "ablation effect: increase of the network's loss without the unit; null if labels are not classes "
        "of the network",
        "Morcos et al. 2018",
        unit="nats",
    )
    ablation_accuracy: Estimate | None = column(
        "ablation effect: change of the network's accuracy without the unit, negative for a decrease; null "
        "if labels are not classes of the network",
        "Morcos et al. 2018",
        range=(-1, 1),
    )
    ablation_most_affected: Floats = share(
        "decrease of accuracy without the unit for the most affected class", "ours"
    )
    most_affected_class: Texts = column(
        "class whose accuracy decreases most without the unit; null if none decreases", "ours"
    )
    ablation_constant: Floats | None = column(
        "constant in place of the unit's map that changes the output least, mean of those fitted on both "
        "halves of the images; null if the first of `measures.ablation.modes` is not `optimal`",
        "Li & Janson 2024",
    )
    ablation_constant_low: Floats | None = column("smaller of these two constants", "Li & Janson 2024")
    ablation_constant_high: Floats | None = column("larger of these two constants", "Li & Janson 2024")


class Curves(Table, per="step"):
    """Accuracy and loss as more and more units are ablated."""

    mode: str = column("substitute for the ablated units' maps")
    order: str = column("order in which units are ablated")
    random_order: int | None = count("number of the random order; null for others", "")
    criterion: str | None = column(
        "column by whose descending values units are ablated; null for random orders"
    )
    share: Floats = share("share of the layer's units that are ablated")
    n_ablated: Integers = count("number of units that are ablated", "units")
    accuracy: Estimate = column("accuracy of the network without these units", range=(0, 1))
    loss: Estimate = column("loss of the network without these units", unit="nats")


class Layer(Table, per="layer"):
    """The intact network, and how fast it loses its accuracy."""

    mode: str = column("substitute for the ablated units' maps")
    reference: str = column(
        "reference of accuracy and loss: `labels`, or `intact` for the intact network's predicted classes"
    )
    n_units: int = count("units of the layer", "units")
    n_ablated: int | None = count("units that are ablated singly", "units")
    n_images: int = count("images on which units are ablated", "images")
    n_without_effect: int | None = count("units whose ablation has a divergence of 0 on all images", "units")
    n_undefined: int | None = count("units whose ablation makes an output NaN", "units")
    chance: float = share("share of images of the most frequent class")
    accuracy: float = share("accuracy of the intact network")
    loss: float = column("loss of the intact network", unit="nats")
    reliability_ablation_kl: float | None = column(
        "split-half reliability of `ablation_kl` over the ablated units, ten splits of the images",
        "ours",
        range=(-1, 1),
    )
    reliability_ablation_changed: float | None = column(
        "split-half reliability of `ablation_changed`", "ours", range=(-1, 1)
    )
    reliability_ablation_loss: float | None = column(
        "split-half reliability of `ablation_loss`; null without that column", "ours", range=(-1, 1)
    )
    reliability_ablation_accuracy: float | None = column(
        "split-half reliability of `ablation_accuracy`; null without that column", "ours", range=(-1, 1)
    )
    resamples: int = count("value of the parameter `resamples`", "resamples")
    ablation_auc_random: Estimate | None = share(
        "area under the curve of accuracy over the share of ablated units, in random order; final network "
        "only; null in mode `optimal`",
        "Morcos et al. 2018",
    )
    ablation_auc_mean_activation: Estimate | None = share(
        "area under the curve of accuracy over the share of ablated units, those of largest mean activation "
        "first",
        "ours",
    )
    ablation_auc_selectivity: Estimate | None = share(
        "area under the curve of accuracy over the share of ablated units, the most selective first",
        "Morcos et al. 2018",
    )
    ablation_auc_rs: Estimate | None = share(
        "area under the curve of accuracy over the share of ablated units, those of highest RS first", "ours"
    )
    ablation_auc_random_min: float | None = share("smallest area under the curve of any random order")
    ablation_auc_random_max: float | None = share("largest area under the curve of any random order")


class Images(Table, per="image", keys=("network", "dataset")):
    """The images on which units are ablated, in the order in which the network sees them."""

    image: Integers = column("index of the image in the data set", range=(0, None))
    label: Integers = column("index of the image's class", range=(0, None))


measure = Measure(
    name="ablation",
    title="Ablation",
    reads={},
    jobs="units",
    tables={"units": Units, "curves": Curves, "layer": Layer, "images": Images},
    compute=None,
    parameters=Parameters,
)


def agreement(logits: NDArray[np.floating], intact: NDArray[np.floating]) -> Performance:
    """Return how far answers are from those of the intact network, where labels name no class of it.

    Parameters
    ----------
    logits, intact : arrays of float, shape (n_images, n_classes), of the changed and of the intact network.

    Returns
    -------
    accuracy : array of float64, shape (n_images,), 1 where the first class of both is the same, else 0.
    loss : array of float64, shape (n_images,), Kullback–Leibler divergence in nats, Σ p log(p/q) with p of
        the intact network; 0 where the logits are the same.

    Both are NaN for an image with a NaN among its logits.
    """
    log_q, log_p = log_softmax(logits), log_softmax(intact)
    with np.errstate(invalid="ignore"):  # infinite logits
        divergence = (np.exp(log_p) * (log_p - log_q)).sum(1)
    same = (logits.argmax(1) == intact.argmax(1)).astype(np.float64)
    unknown = np.isnan(logits).any(1) | np.isnan(intact).any(1)
    # rounding may leave the divergence of answers that are almost the same below 0
    return Performance(np.where(unknown, np.nan, same), np.maximum(divergence, 0))


class Answers(NamedTuple):
    """Answers of a network, compared with labels and with the intact network's output.

    Attributes
    ----------
    accuracy, loss : arrays of float64, shape (…, n_images), by the image's label; without labels, 1 −
        ``changed`` and ``divergence``.
    divergence : array of float64, shape (…, n_images), Kullback–Leibler divergence from the intact network's
        answer, in nats.
    changed : array of float64, shape (…, n_images), 1 if the first class is another one, else 0.
    """

    accuracy: Floats
    loss: Floats
    divergence: Floats
    changed: Floats

    @property
    def effects(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Values whose changes are effects: divergence, changed, loss, accuracy."""
        return self.divergence, self.changed, self.loss, self.accuracy

    def at(self, rows: NDArray[np.integer]) -> "Answers":
        """Return some of the first axis."""
        return Answers(*(values[rows] for values in self))


def compare(
    logits: NDArray[np.floating], intact: NDArray[np.floating], labels: NDArray[np.integer] | None
) -> Answers:
    """Compare the answers of a changed network.

    Parameters
    ----------
    logits, intact : arrays of float, shape (n_images, n_classes), of the changed and of the intact network.
    labels : array of integer, shape (n_images,); None if they name no class of the network.
    """
    same, divergence = agreement(logits, intact)
    accuracy, loss = (same, divergence) if labels is None else performance(logits, labels)
    return Answers(accuracy, loss, divergence, 1 - same)


class MostAffectedClass(NamedTuple):
    """The class that loses most, all of shape (changes,).

    Attributes
    ----------
    drop : float64, by how much its accuracy falls, from 0 on; NaN where accuracy is unknown on an image, or
        no class has :data:`LEAST_IMAGES` images.
    label : int64, which class; the first of several, and :data:`NONE` where none loses.
    """

    drop: Floats
    label: NDArray[np.int64]


def most_affected_class(right: Floats, intact: Floats, classes: NDArray[np.integer]) -> MostAffectedClass:
    """Return the largest fall of the accuracy on one class's images.

    Parameters
    ----------
    right : array of float, shape (n_changes, n_images), 1 where the changed network is right, else 0.
    intact : array of float, shape (n_images,), the same of the intact one.
    classes : array of integer, shape (n_images,), the class of each image: its label, or the intact network's
        first class.
    """
    present, n_images = np.unique(classes, return_counts=True)
    present = present[n_images >= LEAST_IMAGES]
    if not len(present):
        return MostAffectedClass(np.full(len(right), np.nan), np.full(len(right), NONE))
    of_class = (classes[:, None] == present).astype(np.float64)  # (images, classes)
    # whole numbers, and so exactly 0 where as many images are lost as are won
    lost = (intact - right) @ of_class
    falls = lost / of_class.sum(0)
    unknown = np.isnan(right).any(1)
    falls[unknown] = 0
    drop = np.maximum(falls.max(1), 0)
    label = np.where(drop > 0, present[falls.argmax(1)], NONE)
    return MostAffectedClass(np.where(unknown, np.nan, drop), label)


def removal_order(criterion: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return units in descending order of a criterion; of equal ones the first comes first, NaN come last.

    Parameters
    ----------
    criterion : array of float, shape (n_units,), NaN where it is undefined.
    """
    return np.argsort(-criterion, kind="stable")  # NaN are sorted to the end


def removed_units(order: NDArray[np.integer], steps: int) -> NDArray[np.bool_]:
    """Return which units are removed at each step from none to all.

    Parameters
    ----------
    order : array of integer, shape (n_units,), in which they are removed.
    steps : number of equal steps; shares of units are rounded to whole units.

    Returns
    -------
    array of bool, shape (n_steps + 1, n_units); the first row is empty and the last full.
    """
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    counts = np.rint(np.linspace(0, len(order), steps + 1))
    return ranks < counts[:, None]


def area_under(curves: Floats, shares: Sequence[float] | Floats) -> Floats:
    """Return the area under curves over the share of units removed, from 0 to 1: their mean height.

    Parameters
    ----------
    curves : array of float, shape (…, n_shares).
    shares : array of float, shape (n_shares,), ascending from 0 to 1.

    Returns
    -------
    array of float64, shape (…), by the trapezoidal rule.
    """
    return np.asarray(np.trapezoid(curves, shares, axis=-1))


def chance_accuracy(classes: NDArray[np.integer]) -> float:
    """Return the accuracy of the best constant answer: the share of images of the most frequent class.

    Parameters
    ----------
    classes : array of integer, shape (n_images,).
    """
    return float(np.unique(classes, return_counts=True)[1].max() / len(classes))
