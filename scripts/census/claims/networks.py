"""Verdicts over several networks that are trained identically from different seeds."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from census.claims.declared import CLAIMS
from census.claims.verdict import (
    CONTRADICTED,
    COUNTS,
    INCONCLUSIVE,
    NOT_LEARNED,
    RUN,
    SUPPORTED,
    UNRELIABLE,
    Verdict,
)
from census.networks.failures import failed_seeds
from census.statistics.networks import LEAST, mean_with_interval, side_of_mean
from census.statistics.significance import benjamini_hochberg

Floats = NDArray[np.float64]
TEST = "t interval over networks"


def judge_networks(
    effects: Floats,
    compared: Floats,
    controls: Floats,
    null: float,
    predicted: int,
    *,
    unreliable: int = 0,
    pairs: bool = False,
    undefined: str = "",
) -> Verdict:
    """Return the verdict on a claim over several networks.

    The 95 % t interval of the mean effect over networks decides. A supported claim counts as learned if the
    interval of the difference between each network and its untrained state also excludes 0. Effects that are
    equal in all networks have no interval; with at least five networks, their sign decides.

    Parameters
    ----------
    effects : array of float, shape (n_networks,); networks with NaN (undefined) are left out.
    compared, controls : arrays of float, shape (n_networks,), effects in the networks and in the untrained
        ones, over the layers in which both have a value; NaN where undefined.
    null : effect under the null hypothesis.
    predicted : 1 if the claim predicts an effect above the null, −1 if below.
    unreliable : number of networks in which a measure of the claim is unreliable. If they are more than half,
        the claim is inconclusive.
    pairs : see :func:`census.statistics.networks.mean_with_interval`.
    undefined : reason to report if the effect is undefined in all networks.
    """
    known = ~np.isnan(effects)
    n = int(known.sum())
    if not n:
        return Verdict(INCONCLUSIVE, math.nan, undefined)
    if n < LEAST:
        return Verdict(INCONCLUSIVE, math.nan, f"{_networks(n)}, at least {LEAST} needed")
    side, p = side_of_mean((effects[known] - null) * predicted, pairs=pairs)
    if 2 * unreliable > n:
        return Verdict(INCONCLUSIVE, p, f"{UNRELIABLE} in {unreliable} of {_networks(n)}")
    both = ~np.isnan(compared - controls)
    if side == 0:
        equal = math.isnan(mean_with_interval(effects[known])[1])
        state = INCONCLUSIVE
        reason = f"equal in {_networks(n)}: no interval" if equal else "the interval includes the null"
    elif side < 0:
        state, reason = CONTRADICTED, ""
    elif both.sum() < LEAST:
        state, reason = SUPPORTED, "no untrained networks"
    elif side_of_mean((compared - controls)[both] * predicted, pairs=pairs)[0] > 0:
        state, reason = SUPPORTED, ""
    else:
        state, reason = NOT_LEARNED, "no stronger than untrained"
    left_out = f"undefined in {len(effects) - n} of {_networks(len(effects))}" if n < len(effects) else ""
    return Verdict(state, p, ", ".join(filter(None, [reason, left_out])))


def _networks(n: int) -> str:
    return f"{n} network{'' if n == 1 else 's'}"


def with_networks(
    claims: pd.DataFrame, figure: str, failed: Mapping[str, Sequence[int]] = MappingProxyType({})
) -> pd.DataFrame:
    """Insert verdicts over networks before the verdicts on runs.

    Parameters
    ----------
    claims : verdicts on runs; the index identifies claims.
    figure : path of the figure of the verdicts over networks.
    failed : seeds from which training failed, by network; the reason of a verdict names them.

    Returns
    -------
    DataFrame
        Sorted by claim. Verdicts over networks have no ``seed``. ``n_networks`` counts the networks with a
        defined effect, ``n_agreeing`` those with an effect on the predicted side.
    """
    claims = claims.copy()
    verdicts = [
        _over_networks(of_run, figure, failed_seeds(failed.get(network, ())))
        for (network, _), of_run in claims.groupby(RUN, sort=False)
        if of_run["seed"].nunique() > 1
    ]
    of_networks = [count for count in COUNTS if count not in claims]
    claims[of_networks] = pd.NA
    claims = claims.astype(dict.fromkeys(COUNTS, "Int64"))
    return pd.concat([*verdicts, claims]).sort_index(kind="stable")[claims.columns]


def _over_networks(of_run: pd.DataFrame, figure: str, remark: str) -> pd.DataFrame:
    """Return the verdicts over the networks of a run, one row per claim."""
    claim_of = {claim.id: claim for claim in CLAIMS}
    rows, places = [], []
    for place, here in of_run.groupby(level=0):
        first = here.iloc[0]
        effects, compared, controls = (
            here[name].to_numpy(np.float64) for name in ("effect", "effect_compared", "control")
        )
        unreliable = int(here["reason"].str.startswith(UNRELIABLE).sum())
        claim = claim_of[first["id"]]
        undefined = here["reason"].mode().iloc[0]  # the most common one
        pairs = claim.between_networks
        state, p, reason = judge_networks(
            effects,
            compared,
            controls,
            claim.null,
            claim.predicted,
            unreliable=unreliable,
            pairs=pairs,
            undefined=undefined,
        )
        known = effects[~np.isnan(effects)]
        # a t interval may exceed the limits of the statistic
        effect, low, high = np.clip(mean_with_interval(known, pairs=pairs), *claim.limits)
        control, control_low, control_high = np.clip(
            mean_with_interval(controls[~np.isnan(controls)], pairs=pairs), *claim.limits
        )
        found = {
            "seed": pd.NA,
            "effect": effect,
            "low": low,
            "high": high,
            "effect_compared": mean_with_interval(compared[~np.isnan(compared)], pairs=pairs)[0],
            "control": control,
            "control_low": control_low,
            "control_high": control_high,
            "n": len(known),
            "resampled": "networks",
            "resamples": 0,
            "test": TEST,
            "p": p,
            "verdict": state,
            "reason": ", ".join(filter(None, [reason, remark])),
            "figure": figure,
            "n_networks": len(known),
            "n_agreeing": int(((known - claim.null) * claim.predicted > 0).sum()),
        }
        rows.append({**first, **found})
        places.append(place)
    table = pd.DataFrame(rows, index=places)
    table["q"] = benjamini_hochberg(table["p"].to_numpy(float))
    return table.astype(dict.fromkeys(COUNTS, "Int64"))
