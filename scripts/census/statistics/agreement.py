"""Rank correlations of several measures of the same units, on samples of the units."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from census.statistics.bootstrap import drawn_counts, with_data
from census.statistics.ranks import average_ranks
from census.statistics.streams import stream

Floats = NDArray[np.float64]


def resampled_units(n_units: int, resamples: int, seed: int, layer: int) -> Floats:
    """Return how often each unit of a layer counts: once, and in each resample as often as it is drawn.

    Parameters
    ----------
    n_units, resamples : numbers.
    seed, layer : layers are resampled apart from each other.

    Returns
    -------
    array of float64, shape (1 + n_resamples, n_units), ones in the first row.
    """
    return with_data(drawn_counts(n_units, resamples, stream(seed, "units", layer)))


def rank_correlations(values: NDArray[np.floating], counts: Floats) -> Floats:
    """Return Spearman's ρ of each two measures, on samples of the units.

    Two measures are compared over the units for which both are numbers, infinite ones among them. Units are
    ranked once, among all of these: a resample has the ranks of the units that it consists of. To rank anew
    would make ties of units that are drawn twice, and takes many times longer.

    Parameters
    ----------
    values : array of float, shape (n_measures, n_units), NaN where undefined.
    counts : array of float64, shape (n_samples, n_units), how often each unit is in a sample; ones for the
        units themselves.

    Returns
    -------
    array of float64, shape (n_samples, n_measures, n_measures); NaN for fewer than three units, and where all
    units of a sample have the same rank.

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
    correlations : arrays of float64, shape (n_samples, n_measures, n_measures) of each layer.
    n_units : arrays of int, shape (n_measures, n_measures), units for which both measures are numbers, of
        each layer.

    Returns
    -------
    array of float64, shape (n_samples, n_measures, n_measures); NaN where it is in all layers.
    """
    stacked, weights = np.stack(correlations), np.stack(n_units).astype(np.float64)[:, None]
    weights = np.where(np.isnan(stacked), 0, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (np.nan_to_num(stacked) * weights).sum(0) / weights.sum(0)


def pair_counts(values: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return for how many units each two measures (measures, units) are both numbers."""
    known = (~np.isnan(np.asarray(values, np.float64))).astype(np.int64)
    return known @ known.T
