"""Split-half reliability of unit measures: their consistency on other images.

Images are split into halves, units are measured on both, and their ranks within the layer are correlated.
The reliabilities of substitution and ablation are in the tables of these measures.

References
----------
Spearman (1910) and Brown (1910), British Journal of Psychology 3.

Examples
--------
>>> import census  # `recorded` is what census.record returned
>>> found = census.measure("reliability", recorded["relu1"])["layer"]
>>> found[["n_units", "splits"]].values.tolist()
[[2, 2]]
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from census.jobs import LOGGER
from census.measures.columns import Floats, Table, column, count
from census.measures.concepts import flatness, mf_degree
from census.measures.declaration import Measure, Recordings
from census.measures.selectivity import best_class, precision, unit_detection
from census.statistics.class_counts import class_counts
from census.statistics.class_selectivity import selectivity_and_means
from census.statistics.reliability import FEWEST, PREFIX, halves, split_half
from census.statistics.sparseness import gini, sums_over_images, treves_rolls
from census.statistics.streams import seed_of, stream
from census.statistics.subset import choose_images
from census.statistics.top_images import top_by_value

if TYPE_CHECKING:
    from census.stores.recording import Recording


@dataclass(frozen=True)
class Parameters:
    """Split-half reliability of measures of units."""

    splits: Annotated[int, Ge(1)] = 2
    """Random splits of the images into halves."""
    top: Annotated[int, Ge(2)] = 100
    """Number of top images of a unit; half of them are taken from each half of the images."""
    images: Annotated[int, Ge(8)] = 20000
    """Maximum number of images, drawn at random from the recording. Measures of more images are more
    reliable."""


def _reliability(measure: str) -> Any:
    return column(f"split-half reliability of {measure}", "ours", range=(-1, 1))


class Layer(Table, per="layer"):
    """Reliability of the measures of a layer's units."""

    n_units: int = count("units of the layer", "units", least=1)
    n_images: int = count("images before the split", "images")
    splits: int = count("random splits into halves", "splits")
    n_rare_classes: int = count(
        "classes with fewer than four images, too few to split into halves", "classes"
    )
    reliability_mean_activation: float = _reliability("`mean_activation`")
    reliability_max_activation: float = _reliability("`max_activation`")
    reliability_active_fraction: float = _reliability("`active_fraction`")
    reliability_lifetime_sparseness: float = _reliability("`lifetime_sparseness`")
    reliability_gini: float = _reliability(
        "`gini`; NaN if a class has fewer than four images, as for all measures of classes"
    )
    reliability_mf_degree: float = _reliability("`mf_degree`")
    reliability_selectivity: float = _reliability("`selectivity`")
    reliability_auroc: float = _reliability("`auroc`")
    reliability_informedness: float = _reliability("`informedness`")
    reliability_precision_top_k: float = _reliability("`precision_top_k`")


MEASURES = [each.name.removeprefix(PREFIX) for each in Layer.columns() if each.name.startswith(PREFIX)]
OF_CLASSES = MEASURES[MEASURES.index("gini") :]


def compute(layer: "Recording", parameters: Parameters, seed: int) -> tuple[Layer]:
    """Compute the split-half reliability of the measures of a layer's units."""
    places, _ = choose_images(len(layer.images), parameters.images, 0, seed_of(seed, "images of reliability"))
    labels = layer.labels[places]
    statistics = {name: layer.on_images(name, places) for name in ("mean", "max", "nonzero")}
    sizes = np.bincount(labels, minlength=len(layer.classes))
    n_rare = int(((sizes > 0) & (sizes < FEWEST)).sum())
    if n_rare:
        LOGGER.warning("%s: %d classes have fewer than %d images, too few for halves", layer, n_rare, FEWEST)
    # all layers and checkpoints share the same halves
    split = halves(labels, parameters.splits, stream(seed, "halves"))
    n_positions = layer.shape[1] * layer.shape[2]
    measured = [
        [
            unit_measures(
                {name: values[half] for name, values in statistics.items()},
                *(labels[half], len(layer.classes), n_positions, parameters.top // 2),
            )
            for half in (first, ~first)
        ]
        for first in split
    ]
    reliability = {
        name: np.nan
        if n_rare and name in OF_CLASSES
        else split_half([(one[name], other[name]) for one, other in measured])
        for name in MEASURES
    }
    return (
        Layer(
            of=layer.attributes,
            n_units=layer.shape[0],
            n_images=len(places),
            splits=parameters.splits,
            n_rare_classes=n_rare,
            **{f"{PREFIX}{name}": value for name, value in reliability.items()},
        ),
    )


measure = Measure(
    name="reliability",
    title="Reliability of measures of units",
    reads={"layer": Recordings()},
    tables={"layer": Layer},
    compute=compute,
    parameters=Parameters,
    memory=3000,
)


def unit_measures(
    statistics: Mapping[str, NDArray[np.floating]],
    labels: NDArray[np.integer],
    n_classes: int,
    n_positions: int,
    top: int,
) -> dict[str, Floats]:
    """Return measures of a layer's units on some images, arrays of float, shape (n_units,), by name.

    Parameters
    ----------
    statistics : ``mean``, ``max`` and ``nonzero`` of each unit's map, arrays of shape (n_images, n_units).
    labels : array of int, shape (n_images,), classes.
    n_classes : number of classes.
    n_positions : number of positions in a map.
    top : number of top images.
    """
    means, largest = statistics["mean"], statistics["max"]
    n_images, n_units = means.shape
    sums = sums_over_images([means], n_units)
    k = min(top, n_images)
    top_images = top_by_value([(np.arange(n_images), largest)], n_units, k).images
    counts = class_counts(top_images, labels, n_classes)
    inequality = gini(counts)
    found = unit_detection(means, labels, n_classes, k)
    return {
        "mean_activation": sums.total / n_images,
        "max_activation": largest.max(0).astype(np.float64),
        "active_fraction": np.where(
            np.isnan(sums.total), np.nan, statistics["nonzero"].sum(0, dtype=np.float64)
        )
        / (n_images * n_positions),
        "lifetime_sparseness": treves_rolls(*sums, n_images),
        "gini": inequality,
        "mf_degree": mf_degree(inequality, np.where(counts.any(1), flatness(counts, n_classes), np.nan)),
        "selectivity": selectivity_and_means(means.astype(np.float32), labels, n_classes)[0],
        "auroc": best_class(found.auroc)[0],
        "informedness": best_class(found.informedness)[0],
        "precision_top_k": precision(found.top_counts),
    }
