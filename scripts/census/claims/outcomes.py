"""Outcomes of statistics that several claims share: trends over layers, and means over layers."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from census.claims.evidence import Evidence, along
from census.claims.verdict import Outcome
from census.measures.columns import ENDINGS
from census.statistics import permutation
from census.statistics.association import Correlation

Floats = NDArray[np.float64]


def trend(
    evidence: Evidence,
    names: list[str],
    values: Floats,
    correlation: Correlation = "Spearman",
    of: Floats | None = None,
) -> Outcome:
    """Test how a value of layers changes with depth, or with another value of them.

    The interval resamples units or images. Permuting layers decides whether the trend is more than chance.

    Parameters
    ----------
    values, of : arrays of float, shape (n_samples, n_layers), the value and the other value; None for depth.
        Values that are not resampled have one sample: there is no interval then.
    correlation : see :func:`census.statistics.association.scores`.
    """
    other = np.broadcast_to(evidence.depth(names), values.shape) if of is None else of
    known = ~np.isnan(values[0]) & ~np.isnan(other[0])
    n = int(known.sum())
    if n < 3:
        return Outcome.undefined("fewer than 3 layers", n)
    random = evidence.random("orders of layers")
    by_chance = permutation.trend(other[0, known], values[0, known], random, correlation)
    return replace(Outcome.of_samples(along(other, values, correlation), n, by_chance), known=known)


def over_layers(values: NDArray[np.floating], average: str = "mean") -> Outcome:
    """Return the ``mean`` or the ``median`` over layers (samples, layers) in which a value is defined."""
    known = ~np.isnan(values[0])
    if not known.any():
        return Outcome.undefined("undefined in all layers")
    averaged = np.mean if average == "mean" else np.median
    return replace(Outcome.of_samples(averaged(values[:, known], axis=1), int(known.sum())), known=known)


def mean_of_column(evidence: Evidence, names: list[str], column: str) -> Outcome:
    """Return the mean over layers of a column of the census with an interval."""
    # layers share their images: the interval is as wide as if all of them moved together
    ends = [evidence.layers.loc[names, f"{column}{end}"] for end in ENDINGS]
    effect, low, high = (float(each.mean()) for each in ends)
    known = ends[0].notna().to_numpy()
    if not known.any():
        return Outcome.undefined("undefined in all layers")
    outcome = Outcome.of_samples(np.array([effect]), int(known.sum())).between(low, high)
    return replace(outcome, known=known)
