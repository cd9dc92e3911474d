"""How much a network's output depends on single directions of a layer.

The part of a direction is subtracted from all channel vectors of the layer, and the network is run again.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from census.measures.ablation import SPLITS, Answers
from census.measures.columns import Floats, Integers, Table, Texts, column, count, share
from census.statistics.bootstrap import (
    UNDEFINED,
    Estimate,
    drawn_counts,
    mean_of_rows,
    resample_counts,
    with_data,
)
from census.statistics.reliability import halves, split_half
from census.statistics.streams import stream

LEARNED = ("nmf", "sae")
"""The dictionaries: families that are learned to be sparse."""


class Ablated(Table, per="direction"):
    """The effect of ablating single directions, a seeded sample of each family."""

    family: Texts = column("family of directions, as in `directions`")
    direction: Integers = count("number of the direction in its family, the strongest first", "")
    ablation_kl: Estimate = column(
        "ablation effect: Kullback–Leibler divergence of the network's output without the direction's part "
        "from the intact network's, mean over images; null for directions that are not ablated",
        "ours",
        unit="nats",
        range=(0, None),
    )
    ablation_changed: Estimate = share(
        "ablation effect: share of images whose predicted class changes without the direction's part; null "
        "for directions that are not ablated",
        "ours",
    )


class Effects(Table, per="family"):
    """The effect of ablating directions, mean over a family; intervals resample directions and images."""

    family: Texts = column("family of directions, as in `directions`")
    n_ablated: Integers = count("directions that are ablated", "directions")
    n_images: int = count("images on which they are ablated", "images")
    n_without_effect: Integers = count(
        "directions whose ablation has a divergence of 0 on all images", "directions"
    )
    n_undefined: Integers = count("directions whose ablation makes an output NaN", "directions")
    ablation_kl: Estimate = column(
        "mean divergence of the network's output without a direction's part from the intact network's",
        unit="nats",
        range=(0, None),
    )
    ablation_changed: Estimate = share("mean share of images whose predicted class changes")
    reliability_ablation_kl: Floats = column(
        "split-half reliability of `ablation_kl` over the ablated directions, ten splits of the images",
        range=(-1, 1),
    )
    reliability_ablation_changed: Floats = column(
        "split-half reliability of `ablation_changed`", range=(-1, 1)
    )


class LayerEffects(Table, per="layer"):
    """How the ablation effect of dictionaries compares."""

    dictionary_ablation: Estimate = column(
        "mean ablation effect (divergence) of directions of dictionaries minus that of units; the interval "
        "resamples directions and images",
        "ours",
        unit="nats",
    )


def effects_of(
    of: Mapping[str, Any],
    families: Mapping[str, NDArray[np.int64]],
    changed: Answers,
    classes: NDArray[np.integer],
    resamples: int,
    seed: int,
) -> tuple[Ablated, Effects, LayerEffects]:
    """Return the effects of a layer's directions.

    Parameters
    ----------
    of : values of the key columns.
    families : numbers of the ablated directions, by family.
    changed : arrays of float64, shape (n_ablated, n_images) each, family after family.
    classes : array of int, shape (n_images,), by which splits of the images are stratified.
    resamples, seed : of the intervals.
    """
    kl, first_class = changed.divergence, changed.changed
    ends = np.cumsum([len(each) for each in families.values()])
    rows = dict(zip(families, np.split(np.arange(len(kl)), ends[:-1]), strict=True))
    images = with_data(resample_counts(kl.shape[1], resamples, seed))
    first = halves(classes, SPLITS, stream(seed, "halves of ablated directions"))

    def means(family: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean over directions and images, on the data and on resamples of both."""
        of_family = values[rows[family]]
        drawn = with_data(drawn_counts(len(of_family), resamples, stream(seed, "ablated", family)))
        total = np.einsum("sd,sd->s", drawn, images @ of_family.T)
        with np.errstate(invalid="ignore"):
            return total / (drawn.sum(1) * images.sum(1))

    def estimated(values: NDArray[np.float64]) -> Estimate:
        each = [Estimate.of_samples(means(family, values)) for family in families]
        return Estimate(*map(np.array, zip(*each, strict=True)))

    def reliability(values: NDArray[np.float64]) -> NDArray[np.float64]:
        each = [values[rows[family]] for family in families]
        return np.array(
            [split_half([(some[:, half].mean(1), some[:, ~half].mean(1)) for half in first]) for some in each]
        )

    def counted(of_rows: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.array([of_rows[rows[family]].sum() for family in families], np.int64)

    names = [family for family, numbers in families.items() for _ in numbers]
    ablated = Ablated(
        of=of,
        family=names,
        direction=np.concatenate([np.empty(0, np.int64), *families.values()]),
        ablation_kl=mean_of_rows(kl, resamples, seed),
        ablation_changed=mean_of_rows(first_class, resamples, seed),
    )
    effects = Effects(
        of=of,
        family=list(families),
        n_ablated=counted(np.ones(len(kl), bool)),
        n_images=kl.shape[1],
        n_without_effect=counted((kl == 0).all(1)),
        n_undefined=counted(np.asarray(np.isnan(kl).any(1))),
        ablation_kl=estimated(kl),
        ablation_changed=estimated(first_class),
        reliability_ablation_kl=reliability(kl),
        reliability_ablation_changed=reliability(first_class),
    )
    learned = [name for name in LEARNED if len(families.get(name, ()))]
    difference = (
        Estimate.of_samples(np.mean([means(name, kl) for name in learned], axis=0) - means("units", kl))
        if learned and len(families.get("units", ()))
        else UNDEFINED
    )
    return ablated, effects, LayerEffects(of=of, dictionary_ablation=difference)
