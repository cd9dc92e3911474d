"""Rank correlation between two measures of the same units, plain and partial."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from census.statistics.bootstrap import drawn_places, percentile_interval
from census.statistics.ranks import spearman


class Relation(NamedTuple):
    """A rank correlation over units.

    Attributes
    ----------
    rho : Spearman's ρ, or partial ρ; NaN for fewer than three units, or if a measure is constant.
    low, high : 95 % interval from resamples of units; NaN if ``rho`` is.
    n : number of units for which no measure is NaN.
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
    covariate: NDArray[np.floating] | None = None,
) -> Relation:
    """Return Spearman's ρ between two measures, or the partial ρ that controls for a third.

    The partial ρ is Pearson's partial correlation of the ranks,
    ``(r_xy − r_xz r_yz) / √((1 − r_xz²)(1 − r_yz²))``.

    Parameters
    ----------
    first, second : arrays of float, shape (n_units,); a unit with a NaN in any of the measures is left out.
    resamples, seed : number of resamples of units, and their seed.
    covariate : array of float, shape (n_units,), the measure to control for; None for plain ρ.

    References
    ----------
    Kendall (1942), Partial rank correlation, Biometrika 32; Conover (1999), Practical nonparametric
    statistics, section 5.4, for ranks in Pearson's formula.
    """
    measures = [first, second] if covariate is None else [first, second, covariate]
    values = np.stack([np.asarray(measure, np.float64) for measure in measures])
    values = values[:, ~np.isnan(values).any(0)]
    n = values.shape[1]
    if n < 3:
        return Relation(np.nan, np.nan, np.nan, n)
    rho = float(spearman(values[:, None])[0])
    if np.isnan(rho):
        return Relation(rho, np.nan, np.nan, n)
    estimates = [spearman(values[:, drawn]) for drawn in drawn_places(n, resamples, seed)]
    low, high = percentile_interval(np.concatenate(estimates))
    return Relation(rho, float(low), float(high), n)
