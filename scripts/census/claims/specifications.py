"""Specification curves: each claim under all combinations of defensible choices.

A specification **agrees** with the claim if its effect is on the predicted side of the null. An undefined
effect does not agree; it counts as a specification.

References
----------
Simonsohn, Simmons & Nelson (2020), Specification curve analysis, Nature Human Behaviour 4. Steegen,
Tuerlinckx, Gelman & Vanpaemel (2016), Increasing transparency through a multiverse analysis, Perspectives on
Psychological Science 11.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from census.claims.declaration import Claim
from census.claims.evidence import Evidence
from census.claims.verdict import RUN, SPECIFICATIONS, judge


def specifications(claims: Sequence[Claim], evidence: Evidence) -> pd.DataFrame:
    """Test claims under all their specifications.

    Parameters
    ----------
    claims : the claims.
    evidence : of the final network; resamples are not needed.

    Returns
    -------
    DataFrame
        A row per claim and specification; ``specification`` numbers those of a claim, 0 for its own.
        ``agrees`` is missing if the effect is undefined. ``p`` is NaN if neither orders of layers nor random
        draws decide.
    """
    rows = []
    for claim in claims:
        for number, chosen in enumerate(claim.specifications(evidence)):
            outcome = claim.test(evidence, **chosen)
            rows.append(
                {
                    "id": claim.id,
                    "claim": claim.claim,
                    "specification": number,
                    "choices": written(chosen),
                    "predicted": claim.side,
                    "null": claim.null,
                    "effect": outcome.effect,
                    "p": judge(outcome, None, claim.null, claim.predicted).p,
                    "n": outcome.n,
                    "agrees": _agrees(outcome.effect, claim.null, claim.predicted),
                }
            )
    return pd.DataFrame(rows).astype({"agrees": "boolean"})


def written(chosen: Mapping[str, Any]) -> str:
    """Return choices as text, see :func:`read`.

    Examples
    --------
    >>> written({"top_images": 50, "average": "mean"})
    'top_images=50, average=mean'
    """
    return ", ".join(f"{name}={value}" for name, value in chosen.items())


def read(choices: str) -> dict[str, str]:
    """Return the value of each choice, as text.

    Examples
    --------
    >>> read("top_images=50, average=mean")
    {'top_images': '50', 'average': 'mean'}
    """
    return dict(choice.split("=", 1) for choice in choices.split(", "))


def _agrees(effect: float, null: float, predicted: int) -> Any:
    return pd.NA if np.isnan(effect) else bool((effect - null) * predicted > 0)


def with_networks(table: pd.DataFrame, claims: Sequence[Claim]) -> pd.DataFrame:
    """Insert the specifications over the networks of several seeds before those of each.

    The effect is the mean over the networks in which it is defined.

    Parameters
    ----------
    table : specifications of all runs, with ``network``, ``seed`` and ``dataset``.
    claims : the claims.
    """
    claim_of = {claim.id: claim for claim in claims}
    over = []
    for _, of_run in table.groupby(RUN, sort=False):
        if of_run["seed"].nunique() < 2:
            continue
        for (id, _), here in of_run.groupby(["id", "choices"], sort=False):
            claim = claim_of[id]
            effect = float(here["effect"].mean())
            found = {"seed": pd.NA, "effect": effect, "p": np.nan, "n": int(here["effect"].count())}
            agrees = _agrees(effect, claim.null, claim.predicted)
            over.append({**here.iloc[0], **found, "agrees": agrees})
    joined = pd.concat([pd.DataFrame(over, columns=table.columns), table]) if over else table
    return joined.astype({"seed": "Int64", "agrees": "boolean"}).reset_index(drop=True)


def with_shares(claims: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return verdicts with the columns :data:`census.claims.verdict.SPECIFICATIONS`.

    Parameters
    ----------
    claims : verdicts, those over networks included.
    table : specifications, see :func:`with_networks`.

    Returns
    -------
    DataFrame
        ``specifications``, their number; ``specifications_undefined``, those without an effect;
        ``specifications_agree``, the share of all that agree, NaN if none is defined. All are missing for a
        claim without choices.
    """
    keys = ["id", *RUN, "seed"]
    groups = table.groupby(keys, dropna=False, sort=False)["agrees"]
    number, defined, agreeing = groups.size(), groups.count(), groups.sum()
    columns = (number, number - defined, (agreeing.astype(float) / number).where(defined > 0))
    shares = pd.concat(dict(zip(SPECIFICATIONS, columns, strict=True)), axis=1).reset_index()
    both = claims.astype({"seed": "Int64"}).merge(shares.astype({"seed": "Int64"}), on=keys, how="left")
    return both.astype({**dict.fromkeys(SPECIFICATIONS[:2], "Int64"), SPECIFICATIONS[2]: "float64"})
