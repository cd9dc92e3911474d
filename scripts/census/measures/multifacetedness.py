"""Single- and multi-faceted units, classified by the mean MF degree of the network.

References
----------
Sadeghi (2018), Conceptual content in deep convolutional neural networks.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from census.jobs import LOGGER
from census.measures import concepts
from census.measures.columns import Floats, Texts, column, count, share
from census.measures.concepts import is_multi_faceted, is_single_faceted
from census.measures.declaration import Measure, NoParameters, Tables
from census.statistics.defined import finite_mean
from census.statistics.significance import LEVEL, benjamini_hochberg, tail_p_values

if TYPE_CHECKING:
    import pyarrow as pa


class Units(concepts.Units, per="unit"):
    """The MF degree of each unit compared with the network's mean and with its layer."""

    mf_normalized: Floats = column(
        "MF degree divided by the network's highest finite MF degree", "Sadeghi 2018", range=(0, None)
    )
    faceted: Texts = column(
        "`multi` if the MF degree is above the network's mean, `single` if below", "Sadeghi 2018"
    )
    mf_p_normal: Floats = share(
        "two-sided p-value of the MF degree in a normal distribution with mean and deviation of the layer's "
        "other units: twice the tail",
        "Sadeghi 2018",
    )
    mf_p_rank: Floats = share("two-sided p-value of the MF degree by its rank in the layer", "ours")
    mf_q: Floats = share(
        "`mf_p_normal`, adjusted by Benjamini and Hochberg's procedure within the layer", "ours"
    )


class Layer(concepts.Layer, per="layer"):
    """Numbers and shares of single- and multi-faceted units of a layer."""

    n_even_units: int = count(
        "units with equally many top images of all classes, whose MF degree is infinite", "units"
    )
    gini_mean: float = share("mean Gini index of the units", "Sadeghi 2018")
    gini_chance: float = share("chance level of the Gini index for the unit with the most top images")
    flatness_mean: float = column(
        "mean flatness of the units, without inactive ones", "Sadeghi 2018", range=(0, 1.001)
    )
    mf_mean: float = column("mean of the finite MF degrees of the units", "Sadeghi 2018", range=(0, None))
    mf_chance: float = column(
        "chance level of the MF degree for the unit with the most top images", range=(0, None)
    )
    mf_network_mean: float = column("mean of the finite MF degrees in the network", range=(0, None))
    mf_max: float = column("highest MF degree", "Sadeghi 2018", range=(0, None))
    mf_min: float = column("lowest MF degree", "Sadeghi 2018", range=(0, None))
    n_sf: int = count("single-faceted units", "units")
    share_sf: float = share("share of single-faceted units; undefined for the input", "Sadeghi 2018")
    share_sf_significant: float = share(
        "share of single-faceted units with `mf_p_normal` below 0.05", "Sadeghi 2018"
    )
    share_sf_significant_bh: float = share("share of single-faceted units with `mf_q` below 0.05")
    n_mf: int = count("multi-faceted units", "units")
    share_mf: float = share("share of multi-faceted units; undefined for the input", "Sadeghi 2018")
    share_mf_significant: float = share(
        "share of multi-faceted units with `mf_p_normal` below 0.05", "Sadeghi 2018"
    )
    share_mf_significant_bh: float = share("share of multi-faceted units with `mf_q` below 0.05")


def compute(
    units: "pa.Table", layers: "pa.Table", parameters: NoParameters, seed: int
) -> Iterator[Units | Layer]:
    """Classify the units of a network as single- or multi-faceted, at every checkpoint."""
    rows = layers.to_pylist()
    _warn_of_images(rows[0]["top"], {row["checkpoint"]: row["n_images"] for row in rows})
    columns = {name: units[name].to_numpy() for name in units.column_names}
    rows.sort(key=itemgetter("checkpoint", "depth"))
    for checkpoint, of_network in groupby(rows, itemgetter("checkpoint")):
        network = _selected(columns, "checkpoint", checkpoint)
        # mean and maximum of the whole network, without the input, whose channels are not units
        degrees = network["mf_degree"][network["kind"] != "input"]
        mean = finite_mean(degrees)
        highest = max(degrees[np.isfinite(degrees)], default=np.nan)
        for row in of_network:
            yield from _of_layer(row, _selected(network, "layer", row["layer"]), mean, highest)
        LOGGER.info("%s: mean MF degree %.3f, highest %.3f", checkpoint, mean, highest)


measure = Measure(
    name="multifacetedness",
    title="Single- and multi-faceted units",
    reads={"units": Tables("concepts.units"), "layers": Tables("concepts.layer")},
    tables={"units": Units, "layers": Layer},
    compute=compute,
    each="all",
    jobs="run",
    minutes=30,
)


def _selected(columns: Mapping[str, NDArray[Any]], name: str, value: str) -> dict[str, NDArray[Any]]:
    """Return the rows in which a column has a value."""
    here = columns[name] == value
    return {each: values[here] for each, values in columns.items()}


def _of_layer(
    row: Mapping[str, Any], units: Mapping[str, Any], mean: float, highest: float
) -> tuple[Units, Layer]:
    """Compare a layer's units with each other and with the mean of the network.

    Parameters
    ----------
    row, units : table row of the layer, and columns of its units.
    mean, highest : mean and highest finite MF degree of the network.
    """
    degree, sizes, is_input = units["mf_degree"], units["n_top_images"], row["kind"] == "input"
    compared = np.full(len(degree), np.nan) if is_input else degree
    multi, single = is_multi_faceted(compared, mean), is_single_faceted(compared, mean)
    # two-sided, because the data determine the side
    by_normal, by_rank = (np.minimum(2 * tail, 1) for tail in tail_p_values(compared, multi))
    corrected = benjamini_hochberg(by_normal)
    sides = np.full(len(degree), None, object)
    sides[multi], sides[single] = "multi", "single"
    shares: dict[str, Any] = {}
    for name, side in (("sf", single), ("mf", multi)):
        shares[f"n_{name}"] = int(side.sum())
        for ending, found in (
            ("", side),
            ("_significant", side & (by_normal < LEVEL)),
            ("_significant_bh", side & (corrected < LEVEL)),
        ):
            # undefined for the input, rather than 0
            shares[f"share_{name}{ending}"] = float("nan") if is_input else float(found.mean())
    return (
        Units(
            of=row,
            **{each.field: units[each.name] for each in concepts.Units.columns()},
            mf_normalized=compared / highest if highest > 0 else np.full(len(degree), np.nan),
            faceted=list(sides),
            mf_p_normal=by_normal,
            mf_p_rank=by_rank,
            mf_q=corrected,
        ),
        Layer(
            of=row,
            **{each.field: row[each.name] for each in concepts.Layer.columns()},
            n_even_units=int(np.isinf(degree).sum()),
            gini_mean=finite_mean(units["gini"]),
            gini_chance=float(units["gini_chance"][sizes.argmax()]),
            # the flatness of inactive units is a marker, −1
            flatness_mean=finite_mean(units["flatness"][sizes > 0]),
            mf_mean=finite_mean(degree),
            mf_chance=float(units["mf_chance"][sizes.argmax()]),
            mf_network_mean=mean,
            mf_max=float(np.fmax.reduce(degree)),
            mf_min=float(np.fmin.reduce(degree)),
            **shares,
        ),
    )


def _warn_of_images(top: int, n_images: Mapping[str, int]) -> None:
    """Warn if checkpoints have too few images for informative top images, or different numbers of images."""
    seen = ", ".join(f"{number} at {checkpoint}" for checkpoint, number in n_images.items())
    if min(n_images.values()) <= top:
        LOGGER.warning(
            "measures.concepts.top: is %d, but the numbers of images are %s: top images are then all images "
            "that activate a unit, and reveal little about its preferences; lower it or add images",
            top,
            seen,
        )
    if len(set(n_images.values())) > 1:
        LOGGER.warning(
            "n_checkpoint_images: the numbers of images are %s; the top %d of more images are more extreme, "
            "so these checkpoints are not comparable",
            seen,
            top,
        )
