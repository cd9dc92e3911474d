"""The outcome of a test, and the verdict on the claim that it tests."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from census.statistics.bootstrap import percentile_interval
from census.statistics.permutation import Tails
from census.statistics.significance import LEVEL

if TYPE_CHECKING:
    import pandas as pd

SUPPORTED, NOT_LEARNED = "supported", "supported, not learned"
CONTRADICTED, INCONCLUSIVE = "contradicted", "inconclusive"
UNRELIABLE = "measure unreliable"  # beginning of the reason of an inconclusive verdict
VERDICTS = (SUPPORTED, NOT_LEARNED, CONTRADICTED, INCONCLUSIVE)
RUN = ["network", "dataset"]  # columns that identify a run, of any seed
FEW = 6  # verdicts on fewer layers state their number
# columns on specifications: their number, of which undefined, and the share that agrees
SPECIFICATIONS = ("specifications", "specifications_undefined", "specifications_agree")
# integer columns that only some rows have, and numbers that may be undefined
COUNTS = ("seed", "n_networks", "n_agreeing")
NUMBERS = (
    *("effect", "low", "high", "effect_compared", "control", "control_low", "control_high"),
    *("p", "q", SPECIFICATIONS[2]),
)


@dataclass(frozen=True, eq=False)
class Outcome:
    """The outcome of a test.

    Attributes
    ----------
    effect : the statistic; NaN if it is undefined.
    samples : array of float, shape (n_resamples,), the statistic on resamples; empty without resampling.
    n : number of layers, pairs of layers, or units in the test.
    tails : p-values of the effect among all orders of layers, or among random draws; None if the interval
        decides.
    low, high : ends of the 95 % interval; NaN without resamples.
    reason : why the effect is undefined or has no interval.
    unreliable : measures of units that are too unreliable to compare their order; empty if none.
    random_draws : whether ``tails`` refers to draws of random data instead of orders of layers.
    known : array of bool, shape (n_layers,), the claim's layers that have a value; None if the statistic is
        no trend or mean over layers.
    exact : exact one-sided p-values of a share; None if resamples give them.
    """

    effect: float
    samples: NDArray[np.float64]
    n: int
    tails: Tails | None = None
    low: float = math.nan
    high: float = math.nan
    reason: str = ""
    unreliable: str = ""
    random_draws: bool = False
    known: NDArray[np.bool_] | None = None
    exact: Tails | None = None

    @classmethod
    def undefined(cls, reason: str, n: int = 0) -> Self:
        """Return the outcome of a test without a result."""
        return cls(math.nan, np.empty(0), n, reason=reason)

    @classmethod
    def of_samples(
        cls, samples: NDArray[np.floating], n: int, tails: Tails | None = None, *, random_draws: bool = False
    ) -> Self:
        """Return the outcome for a statistic on the data and on resamples.

        Parameters
        ----------
        samples : array of float, shape (1 + n_resamples,), the statistic of the data first; NaN if undefined.
        n, tails, random_draws : see :class:`Outcome`.
        """
        if np.isnan(samples[0]):
            return cls.undefined("the statistic is undefined", n)
        drawn = np.asarray(samples[1:], np.float64)
        low, high = percentile_interval(drawn) if len(drawn) else (math.nan, math.nan)
        interval = float(low), float(high)
        return cls(float(samples[0]), drawn, n, tails, *interval, random_draws=random_draws)

    @classmethod
    def of_highest(cls, differences: NDArray[np.floating]) -> Self:
        """Return the outcome for the highest of the differences between one layer and each of the others.

        Even among equal layers, one differs most by chance. The effect is therefore above 0 only if a single
        difference is, at a level divided by the number of differences (Bonferroni). It is below 0 if all
        differences are.

        Parameters
        ----------
        differences : array of float, shape (1 + n_resamples, n_others), those of the data first; NaN if
            undefined.
        """
        n_others = differences.shape[1]
        outcome = cls.of_samples(differences.max(1), n_others + 1)
        if math.isnan(outcome.low):
            return outcome
        low = float(percentile_interval(differences[1:], 1 - LEVEL / n_others)[0].max())
        return outcome.between(low, outcome.high)

    def negated(self) -> Self:
        """Return the outcome for the negative of the statistic."""
        return replace(self, effect=-self.effect, samples=-self.samples, low=-self.high, high=-self.low)

    @property
    def test(self) -> str:
        """The test that decides."""
        if self.tails is None:
            return "bootstrap interval"
        return "random draws" if self.random_draws else "permutation of layers"

    @property
    def interval(self) -> tuple[float, float, float]:
        """The effect and the ends of its interval."""
        return self.effect, self.low, self.high

    def between(self, low: float, high: float) -> Self:
        """Return the outcome with another interval."""
        return replace(self, low=low, high=high)


class Verdict(NamedTuple):
    """The verdict on a claim.

    Attributes
    ----------
    state : one of :data:`VERDICTS`.
    p : one-sided p-value in the predicted direction; NaN if there is no test.
    reason : explanation or qualification of the state; may be empty.
    """

    state: str
    p: float
    reason: str


def judge(
    outcome: Outcome,
    control: Outcome | None,
    null: float,
    predicted: int,
    *,
    compared: Outcome | None = None,
    random: bool = False,
) -> Verdict:
    """Return the verdict on a claim.

    Permutation tests decide trends over layers, random draws decide comparisons with them, and 95 % intervals
    decide all other claims. A supported claim is not learned if the interval of its difference from the
    untrained network, resampled jointly, includes 0. A claim with an unreliable measure is inconclusive.

    Parameters
    ----------
    outcome : outcome of the test.
    control : outcome for the untrained network; None if there is none.
    null : effect under the null hypothesis.
    predicted : 1 if the claim predicts an effect above the null, −1 if below.
    compared : outcome that is compared with the control; None for ``outcome``.
    random : whether the network itself has random weights, so that nothing in it is learned.
    """
    if math.isnan(outcome.effect):
        return Verdict(INCONCLUSIVE, math.nan, outcome.reason)
    p, opposite = _p_values(outcome, null, predicted)
    if outcome.unreliable:
        return Verdict(INCONCLUSIVE, p, f"{UNRELIABLE}: {outcome.unreliable}")
    tails, layers = outcome.tails, f"{outcome.n} layers"
    if tails is not None:
        if tails.attainable > LEVEL:
            return Verdict(INCONCLUSIVE, p, f"{layers}: no order of them reaches p < {LEVEL}")
        draws = f"random draws in {layers}" if outcome.random_draws else f"orders of {layers}"
        few, inconclusive = (layers if outcome.n < FEW else ""), f"p = {p:.2f} over {draws}"
        side = predicted if p <= LEVEL else -predicted if opposite <= LEVEL else 0
    elif math.isnan(outcome.low):
        return Verdict(INCONCLUSIVE, math.nan, outcome.reason or "no interval")
    else:
        few, inconclusive = "", "the interval includes the null"
        side = 0 if outcome.low <= null <= outcome.high else 1 if outcome.low > null else -1
    if side != predicted:
        state, reason = (CONTRADICTED, "") if side else (INCONCLUSIVE, inconclusive)
    elif random:
        state, reason = NOT_LEARNED, "the network has random weights"
    else:
        state, reason = _learned(compared or outcome, control, predicted)
    return Verdict(state, p, ", ".join(filter(None, [reason, few if side else ""])))


def _p_values(outcome: Outcome, null: float, predicted: int) -> tuple[float, float]:
    """Return the one-sided p-values of the predicted and of the opposite side."""
    tails = outcome.tails or outcome.exact
    if tails is not None:
        return (tails.above, tails.below) if predicted > 0 else (tails.below, tails.above)
    samples = outcome.samples
    return _share_beyond(samples, null, predicted), _share_beyond(samples, null, -predicted)


def _share_beyond(samples: NDArray[np.float64], null: float, predicted: int) -> float:
    """Return the share of resamples that are not on the predicted side; never 0.

    As in the interval, undefined resamples are left out; NaN without any other.
    """
    known = samples[~np.isnan(samples)]
    if not len(known):
        return math.nan
    return float((1 + ((known - null) * predicted <= 0).sum()) / (1 + len(known)))


def _learned(outcome: Outcome, control: Outcome | None, predicted: int) -> tuple[str, str]:
    """Return the state of a supported claim and its qualification."""
    if control is None:
        return SUPPORTED, "no untrained network"
    if math.isnan(control.effect) or math.isnan(outcome.effect):
        return SUPPORTED, "undefined in the untrained network"
    if len(control.samples) and len(outcome.samples) == len(control.samples):
        low, high = map(float, percentile_interval(outcome.samples - control.samples))
    elif math.isnan(outcome.low):
        return SUPPORTED, "not compared with the untrained network: no interval"
    else:
        low, high = _difference(outcome, control)
    nearer = low if predicted > 0 else -high
    return (SUPPORTED, "") if nearer > 0 else (NOT_LEARNED, "no stronger than untrained")


def _difference(outcome: Outcome, control: Outcome) -> tuple[float, float]:
    """Return the interval of the difference of two effects without joint resamples, as if independent.

    A control without an interval is taken as certain.

    References
    ----------
    Zou & Donner (2008), Construction of confidence limits about effect measures: a general approach,
    Statistics in Medicine 27.
    """
    difference = outcome.effect - control.effect
    below, above = outcome.effect - outcome.low, outcome.high - outcome.effect
    if not math.isnan(control.low):
        below = math.hypot(below, control.high - control.effect)
        above = math.hypot(above, control.effect - control.low)
    return difference - below, difference + above


def over_seeds(claims: "pd.DataFrame") -> "pd.DataFrame":
    """Return the verdicts on a run: those on the mean over its networks if it has several seeds."""
    return claims[claims["seed"].isna()] if claims["seed"].nunique() > 1 else claims


def read_verdicts(path: str | Path) -> "pd.DataFrame":
    """Read the table of the rule ``verdicts``. Text is kept as text, even if a network is named ``nan``."""
    import pandas as pd

    counts = (*COUNTS, *SPECIFICATIONS[:2])
    return pd.read_csv(
        path,
        sep="\t",
        keep_default_na=False,
        na_values={name: [""] for name in (*NUMBERS, *counts)},
        dtype=dict.fromkeys(counts, "Int64"),
    )
