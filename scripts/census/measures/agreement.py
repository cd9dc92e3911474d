"""Whether several measures order the same units alike."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from census.measures.declaration import Floats, Integers, Measure, Table, Tables, Texts, column, count
from census.statistics.bootstrap import Estimate, drawn_counts, percentile_interval
from census.statistics.ranks import average_ranks

if TYPE_CHECKING:
    import pyarrow as pa

# what there is of a unit, from how it answers to what it costs. Corrected and p values say the same again,
# and flatness, which MF degrees hold already, has a mark in the place of what is undefined
MEASURES = (
    *("mean_activation", "max_activation", "variance", "active_fraction", "lifetime_sparseness"),
    *("gini", "mf_degree"),
    *("selectivity", "auroc", "informedness", "precision_top_k"),
    *("rs_iam", "rs_am", "rs_natural"),
    *("ablation_loss", "ablation_accuracy", "ablation_worst_class"),
)


@dataclass(frozen=True)
class Parameters:
    """Agreement of all measures on the order of a layer's units."""

    resamples: Annotated[int, Ge(100)] = 1000
    """Bootstrap resamples of the units for each 95 % interval."""


class Pairs(Table, per="pair", keys=("network", "dataset", "checkpoint", "layer", "depth")):
    """Agreement of each two measures, in a layer; without a layer, over all of them."""

    first: Texts = column("one measure")
    second: Texts = column("the other measure")
    rho: Estimate = column("Spearman's rho over units; over all layers, their mean", range=(-1, 1))
    n: Integers = count("units for which both measures are numbers", "units")
    resamples: int = count("the parameter of that name", "resamples")


def compute(units: "pa.Table", parameters: Parameters, seed: int) -> Iterator[Pairs]:
    """Measure whether measures order the units of rectified layers alike, trained and untrained.

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
            rho=Estimate(correlations[0], *percentile_interval(correlations[1:])).at(one, other),
            n=n_units[one, other],
            resamples=parameters.resamples,
        )

    untrained_and_final = pc.or_(pc.equal(units["checkpoint"], "0"), pc.equal(units["checkpoint"], "final"))
    units = units.filter(pc.and_(pc.equal(units["kind"], "rectifier"), untrained_and_final))

    def rows(*keys: str) -> Iterator[tuple[dict[str, Any], "pa.Table"]]:
        places = units.group_by(list(keys)).aggregate([]).sort_by([(key, "ascending") for key in keys])
        for place in places.to_pylist():
            conditions = (pc.equal(units[key], value) for key, value in place.items())
            yield place, units.filter(reduce(pc.and_, conditions))

    run = ("network", "dataset", "checkpoint")
    for place, _ in rows(*run):
        found, numbers = [], []
        for layer, here in rows(*run, "depth", "layer"):
            if any(layer[key] != place[key] for key in run):
                continue
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


def resampled_units(n_units: int, resamples: int, seed: int, layer: int) -> Floats:
    """Return how often each unit of a layer counts: once, and in each resample as often as it is drawn.

    Parameters
    ----------
    n_units, resamples : numbers.
    seed, layer : layers are resampled apart from each other.

    Returns
    -------
    float64 (1 + resamples, n_units), ones in the first row.
    """
    drawn = drawn_counts(n_units, resamples, np.random.default_rng([seed, layer]))
    return np.concatenate([np.ones((1, n_units)), drawn])


def rank_correlations(values: NDArray[np.floating], counts: Floats) -> Floats:
    """Return Spearman's ρ of each two measures, on samples of the units.

    Two measures are compared over the units for which both are numbers, infinite ones among them. Units are
    ranked once, among all of these: a resample has the ranks of the units that it consists of. To rank anew
    would make ties of units that are drawn twice, and takes many times longer.

    Parameters
    ----------
    values : float (measures, units), NaN where undefined.
    counts : float64 (samples, units), how often each unit is in a sample; ones for the units themselves.

    Returns
    -------
    float64 (samples, measures, measures); NaN for fewer than three units, and where all units of a sample
    have the same rank.

    References
    ----------
    Conover (1999), Practical nonparametric statistics, section 5.4, for ranks in Pearson's formula.
    """
    values = np.asarray(values, np.float64)
    n_measures = len(values)
    result = np.full((len(counts), n_measures, n_measures), np.nan)
    known = ~np.isnan(values)
    # ranks depend on which units both have: mostly the same ones for many pairs
    pairs: dict[bytes, list[tuple[int, int]]] = defaultdict(list)
    for one in range(n_measures):
        for other in range(one + 1):
            pairs[(known[one] & known[other]).tobytes()].append((one, other))
    for units, members in pairs.items():
        here = np.frombuffer(units, dtype=bool)
        if here.sum() < 3:
            continue
        involved = sorted({measure for pair in members for measure in pair})
        ranks = average_ranks(values[involved][:, here]) - (here.sum() + 1) / 2
        place = {measure: number for number, measure in enumerate(involved)}
        weights = counts[:, here]
        size = weights.sum(1)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = weights @ ranks.T / size[:, None]
            spreads = weights @ (ranks**2).T / size[:, None] - means**2
            # ranks are halves of whole numbers: what is below this is rounding
            spreads[spreads < 1e-6] = np.nan
            for one, other in members:
                a, b = place[one], place[other]
                common = weights @ (ranks[a] * ranks[b]) / size - means[:, a] * means[:, b]
                rho = np.clip(common / np.sqrt(spreads[:, a] * spreads[:, b]), -1, 1)
                result[:, one, other] = result[:, other, one] = rho
    return result


def pooled(correlations: Sequence[Floats], n_units: Sequence[NDArray[np.integer]]) -> Floats:
    """Return the mean of layers' rank correlations, each layer by the number of units behind it.

    Units are compared within their layers only: what changes along depth alike is no agreement.

    Parameters
    ----------
    correlations : float64 (samples, measures, measures) of each layer.
    n_units : int (measures, measures), units for which both measures are numbers, of each layer.

    Returns
    -------
    float64 (samples, measures, measures); NaN where it is in all layers.
    """
    stacked, weights = np.stack(correlations), np.stack(n_units).astype(np.float64)[:, None]
    weights = np.where(np.isnan(stacked), 0, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (np.nan_to_num(stacked) * weights).sum(0) / weights.sum(0)


def pair_counts(values: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return for how many units each two measures (measures, units) are both numbers."""
    known = (~np.isnan(np.asarray(values, np.float64))).astype(np.int64)
    return known @ known.T
