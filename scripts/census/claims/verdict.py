"""What a test found, and the verdict on the claim that it tests."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from census.statistics.bootstrap import Estimate

if TYPE_CHECKING:
    import pandas as pd

HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "undecided"
FEW = 6  # layers, or whatever else an effect is of, below which a reader should know the number


class Found(NamedTuple):
    """What a test found.

    Attributes
    ----------
    effect : the statistic; NaN where it is undefined.
    low, high : ends of its 95 % interval; NaN without one.
    n : how many layers, pairs of layers, or units it is of.
    """

    effect: float
    low: float
    high: float
    n: int


NUMBERS = ("effect", "low", "high", "control", "control_low", "control_high")  # that may be undefined


def read_verdicts(path: str | Path) -> "pd.DataFrame":
    """Read what the rule ``verdicts`` wrote. Texts stay texts, even if a network is called nan."""
    import pandas as pd

    return pd.read_csv(path, sep="\t", keep_default_na=False, na_values={name: [""] for name in NUMBERS})


UNDEFINED = Found(math.nan, math.nan, math.nan, 0)


def of_estimate(estimate: Estimate, n: int) -> Found:
    """Return what was found from a single estimate; see :class:`Found` for ``n``."""
    return Found(float(estimate.value), float(estimate.low), float(estimate.high), n)


def of_samples(samples: NDArray[np.floating], n: int) -> Found:
    """Return what was found from a statistic on the data, and on resamples of them.

    Parameters
    ----------
    samples : float (1 + resamples,), that of the data first; NaN where it is undefined.
    n : see :class:`Found`.
    """
    if np.isnan(samples[0]):
        return UNDEFINED._replace(n=n)
    return of_estimate(Estimate.of_samples(samples), n)


def verdict(found: Found, null: float, predicted: int) -> str:
    """Return whether a claim holds.

    It is undecided where the interval spans the null, and where there is no effect or no interval.

    Parameters
    ----------
    null : the effect where there is nothing to it.
    predicted : 1 where the claim is that the effect is above, -1 where it is below.
    """
    if math.isnan(found.effect) or math.isnan(found.low) or found.low <= null <= found.high:
        return UNDECIDED
    return HOLDS if (found.low > null) == (predicted > 0) else FAILS


def remark(found: Found, control: Found | None, null: float, predicted: int) -> str:
    """Return what has to be known beside the verdict; nothing where all is plain.

    A claim holds as strongly without training where it holds there, and the effect is not nearer to the null
    than the trained network's interval reaches: then it is not about learning.

    Parameters
    ----------
    control : the same of the untrained network; None where there is none.
    """
    if math.isnan(found.effect):
        return "not measured, or undefined"
    if math.isnan(found.low):
        return "without an interval"
    remarks = [f"n = {found.n} only"] if found.n < FEW else []
    if verdict(found, null, predicted) == HOLDS:
        nearer = found.low if predicted > 0 else found.high
        if control is None or math.isnan(control.effect):
            remarks.append("no untrained network")
        elif verdict(control, null, predicted) == HOLDS and (control.effect - nearer) * predicted >= 0:
            remarks.append("as strongly without training")
    return ", ".join(remarks)
