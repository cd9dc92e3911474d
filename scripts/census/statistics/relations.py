"""How two measures of the same units go together: rank correlation, plain and with a third one held fixed."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from census.statistics.bootstrap import VALUES_AT_ONCE, percentile_interval
from census.statistics.ranks import average_ranks

Floats = NDArray[np.float64]


class Relation(NamedTuple):
    """A rank correlation over units.

    Attributes
    ----------
    rho : Spearman's ρ, or the partial one; NaN for fewer than three units, or where a measure is the same for
        all of them.
    low, high : 95 % interval from resamples of units; NaN as ``rho`` is.
    n : units for which all measures are numbers.
    """

    rho: float
    low: float
    high: float
    n: int


def relation(
    first: NDArray[np.floating],
    second: NDArray[np.floating],
    resamples: int,
    seed: int,
    held: NDArray[np.floating] | None = None,
) -> Relation:
    """Return Spearman's ρ of two measures; the partial one where a third is held fixed.

    The partial ρ is Pearson's partial correlation of the ranks,
    ``(r_xy − r_xz r_yz) / √((1 − r_xz²)(1 − r_yz²))``.

    Parameters
    ----------
    first, second : float (units,); a unit with a NaN in any of the measures is left out.
    resamples, seed : of the bootstrap over units.
    held : float (units,), the measure to hold fixed.

    References
    ----------
    Kendall (1942), Partial rank correlation, Biometrika 32; Conover (1999), Practical nonparametric
    statistics, section 5.4, for ranks in Pearson's formula.
    """
    measures = [first, second] if held is None else [first, second, held]
    values = np.stack([np.asarray(measure, np.float64) for measure in measures])
    values = values[:, ~np.isnan(values).any(0)]
    n = values.shape[1]
    if n < 3:
        return Relation(np.nan, np.nan, np.nan, n)
    rho = float(spearman(values[:, None])[0])
    if np.isnan(rho):
        return Relation(rho, np.nan, np.nan, n)
    random = np.random.default_rng(seed)
    estimates = np.empty(resamples)
    at_once = max(1, VALUES_AT_ONCE // n)
    for start in range(0, resamples, at_once):
        drawn = random.integers(n, size=(min(at_once, resamples - start), n), dtype=np.int32)
        estimates[start : start + len(drawn)] = spearman(values[:, drawn])
    low, high = percentile_interval(estimates)
    return Relation(rho, float(low), float(high), n)


def spearman(values: Floats) -> Floats:
    """Return Spearman's ρ of the first two measures, partial where there is a third.

    Parameters
    ----------
    values : float64 (measures, samples, units).

    Returns
    -------
    float64 (samples,); NaN where a measure is the same for all units, or follows from the third.
    """
    ranks = average_ranks(values)
    ranks -= ranks.mean(2, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        ranks /= np.sqrt((ranks**2).sum(2, keepdims=True))
        between = np.einsum("isn,jsn->ijs", ranks, ranks)
        if len(values) == 2:
            return np.clip(between[0, 1], -1, 1)  # rounding
        free = np.clip(1 - between[:2, 2] ** 2, 0, None)
        free[free < 1e-12] = np.nan  # nothing but rounding is left
        rho = (between[0, 1] - between[0, 2] * between[1, 2]) / np.sqrt(free[0] * free[1])
        return np.clip(rho, -1, 1)
