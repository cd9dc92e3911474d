"""Rank correlations between several measures of the same units, on samples of the units."""

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from census.statistics.bootstrap import VALUES_AT_ONCE, drawn_counts, with_data
from census.statistics.ranks import tied
from census.statistics.streams import stream

Floats = NDArray[np.float64]


def resampled_units(n_units: int, resamples: int, seed: int, layer: int) -> Floats:
    """Return the counts of a layer's units in the data and in bootstrap resamples of the units.

    Parameters
    ----------
    n_units, resamples : number of units and of resamples.
    seed, layer : seed of the study and index of the layer; layers are resampled independently.

    Returns
    -------
    array of float64, shape (1 + n_resamples, n_units); the first row, for the data, is ones.
    """
    return with_data(_drawn_units(n_units, resamples, seed, layer).astype(np.float64))


@lru_cache(maxsize=64)  # drawing takes longer than what is computed from it; all claims share the resamples
def _drawn_units(n_units: int, resamples: int, seed: int, layer: int) -> NDArray[np.uint32]:
    counts = drawn_counts(n_units, resamples, stream(seed, "units", layer)).astype(np.uint32)
    counts.setflags(write=False)
    return counts


def rank_correlations(values: NDArray[np.floating], counts: Floats) -> Floats:
    """Return Spearman's ρ between all pairs of measures, on samples of the units.

    Two measures are compared over the units for which neither is NaN; infinite values are included. Units are
    ranked anew in each sample. With ranks from the data alone, intervals would be too narrow: for two
    unrelated measures, they would exclude 0 in 7–11 % of cases.

    Parameters
    ----------
    values : array of float, shape (n_measures, n_units), NaN where undefined.
    counts : array of float64, shape (n_samples, n_units), count of each unit in each sample; ones for the
        data.

    Returns
    -------
    array of float64, shape (n_samples, n_measures, n_measures); NaN if fewer than three units have both
    measures, and if all units of a sample have the same rank.

    References
    ----------
    Conover (1999), Practical nonparametric statistics, section 5.4, for ranks in Pearson's formula.

    Examples
    --------
    >>> rank_correlations(np.array([[1.0, 2, 3], [1, 3, 2]]), np.ones((1, 3)))[0, 0].tolist()
    [1.0, 0.5]
    """
    values = np.asarray(values, np.float64)
    n_measures = len(values)
    result = np.full((len(counts), n_measures, n_measures), np.nan)
    known = ~np.isnan(values)
    # ranks depend on the units for which both measures are defined; many pairs share the same units
    pairs: dict[bytes, list[tuple[int, int]]] = defaultdict(list)
    for one in range(n_measures):
        for other in range(one + 1):
            pairs[(known[one] & known[other]).tobytes()].append((one, other))
    for units, members in pairs.items():
        here = np.frombuffer(units, dtype=bool)
        if here.sum() < 3:
            continue
        involved = sorted({measure for pair in members for measure in pair})
        one, other = np.array(members).T
        places = np.searchsorted(involved, [one, other])
        at_once = max(1, VALUES_AT_ONCE // (len(involved) * here.sum()))
        for first in range(0, len(counts), at_once):
            some = slice(first, first + at_once)
            drawn = counts[some, here]
            ranks = np.stack([_standardized(measure, drawn) for measure in values[involved][:, here]], axis=1)
            rho = np.clip((ranks @ ranks.transpose(0, 2, 1))[:, *places], -1, 1)  # rounding
            result[some, one, other] = result[some, other, one] = rho
    return result


def _standardized(values: Floats, counts: Floats) -> Floats:
    """Return standardized ranks of values in each sample; sums of their products are Spearman's ρ.

    Repeated draws of a value are ties and are combined into one entry.

    Parameters
    ----------
    values : array of float64, shape (n,).
    counts : array of float64, shape (n_samples, n), count of each value in each sample.

    Returns
    -------
    array of float64, shape (n_samples, n); NaN if all values of a sample are equal.
    """
    order = values.argsort()
    first, last = tied(values[order])
    drawn = counts[:, order]
    through = drawn.cumsum(1)
    ranks = np.empty(counts.shape)
    # mean rank minus the mean of all ranks
    ranks[:, order] = (through[:, first] - drawn[:, first] + through[:, last] - through[:, -1:]) / 2
    lengths = np.sqrt((counts * ranks**2).sum(1, keepdims=True))
    with np.errstate(invalid="ignore"):
        standardized: Floats = np.sqrt(counts) * ranks / np.where(lengths > 0, lengths, np.nan)
    return standardized


def pooled(correlations: Sequence[Floats], n_units: Sequence[NDArray[np.integer]]) -> Floats:
    """Return the mean of rank correlations over layers, weighted by the numbers of units.

    Units are compared within layers only, so shared trends along depth do not count as agreement.

    Parameters
    ----------
    correlations : array of float64, shape (n_samples, n_measures, n_measures), for each layer.
    n_units : array of int, shape (n_measures, n_measures), for each layer; see :func:`pair_counts`.

    Returns
    -------
    array of float64, shape (n_samples, n_measures, n_measures); NaN if all layers are NaN.
    """
    stacked, weights = np.stack(correlations), np.stack(n_units).astype(np.float64)[:, None]
    weights = np.where(np.isnan(stacked), 0, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (np.nan_to_num(stacked) * weights).sum(0) / weights.sum(0)


def pair_counts(values: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the number of units for which neither of two measures is NaN, for all pairs of measures.

    Parameters
    ----------
    values : array of float, shape (n_measures, n_units).

    Returns
    -------
    array of int64, shape (n_measures, n_measures).
    """
    known = (~np.isnan(np.asarray(values, np.float64))).astype(np.int64)
    return known @ known.T
