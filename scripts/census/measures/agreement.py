"""Agreement between measures on the order of the same units."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from census.measures.columns import Floats, Integers, Table, Texts, column, count
from census.measures.declaration import Measure, Tables
from census.measures.parameters import UnitResamples
from census.statistics.agreement import pair_counts, pooled, rank_correlations, resampled_units
from census.statistics.bootstrap import Estimate
from census.statistics.groups import groups

if TYPE_CHECKING:
    import pyarrow as pa

# unit measures, from responses to ablation effects. Corrected values and p-values would be redundant.
# Flatness is part of MF degrees, and has a marker instead of undefined values
MEASURES = (
    *("mean_activation", "max_activation", "variance", "active_fraction", "lifetime_sparseness"),
    *("gini", "mf_degree"),
    *("selectivity", "auroc", "informedness", "precision_top_k"),
    *("rs_iam", "rs_am", "rs_natural"),
    *("ablation_kl", "ablation_changed", "ablation_loss", "ablation_accuracy", "ablation_most_affected"),
)


@dataclass(frozen=True)
class Parameters(UnitResamples):
    """Agreement of all measures on the order of a layer's units."""


class Pairs(Table, per="pair", keys=("network", "seed", "dataset", "checkpoint", "layer", "depth")):
    """Agreement between all pairs of measures in a layer; rows without a layer are over all layers."""

    first: Texts = column("one measure")
    second: Texts = column("the other measure")
    rho: Estimate = column("Spearman's ρ over units; over all layers, the mean of their ρ", range=(-1, 1))
    n: Integers = count("units for which both measures are defined", "units")
    resamples: int = count("value of the parameter `resamples`", "resamples")


def compute(units: "pa.Table", parameters: Parameters, seed: int) -> Iterator[Pairs]:
    """Correlate the ranks of units between measures, in nonlinear layers, trained and untrained.

    Parameters
    ----------
    units : the census of units.
    """
    import pyarrow.compute as pc

    one, other = np.tril_indices(len(MEASURES), -1)

    def pairs(place: dict[str, Any], correlations: Floats, n_units: Integers) -> Pairs:
        return Pairs(
            of=place,
            first=np.array(MEASURES)[one].tolist(),
            second=np.array(MEASURES)[other].tolist(),
            rho=Estimate.of_samples(correlations).at(one, other),
            n=n_units[one, other],
            resamples=parameters.resamples,
        )

    untrained_and_final = pc.or_(pc.equal(units["checkpoint"], "0"), pc.equal(units["checkpoint"], "final"))
    units = units.filter(pc.and_(pc.equal(units["kind"], "nonlinearity"), untrained_and_final))

    run = ("network", "seed", "dataset", "checkpoint")
    units = units.sort_by([(key, "ascending") for key in (*run, "depth", "layer")])
    for place, of_run in groups(units, *run):
        found, numbers = [], []
        for layer, here in groups(of_run, *run, "depth", "layer"):
            values = np.array([here[name].to_numpy().astype(float) for name in MEASURES])
            drawn = resampled_units(len(here), parameters.resamples, seed, layer["depth"])
            found.append(rank_correlations(values, drawn))
            numbers.append(pair_counts(values))
            yield pairs(layer, found[-1], numbers[-1])
        yield pairs({**place, "layer": None, "depth": None}, pooled(found, numbers), np.sum(numbers, axis=0))


measure = Measure(
    name="agreement",
    title="Agreement of measures of units",
    reads={"units": Tables("census.units")},
    each="all",
    jobs="study",
    tables={"agreement": Pairs},
    compute=compute,
    parameters=Parameters,
    memory=2000,
    minutes=30,
)
