"""Arrange the table of claims for the atlas: by claim, with its paper and the figure that shows it."""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

# columns that are equal in all rows of a claim
OF_CLAIM = ("id", "claim", "statistic", "predicted", "null")


def by_claim(
    rows: Iterable[Mapping[str, str]], shown: Mapping[str, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Return the claims in the order of the table, each with its tests.

    Parameters
    ----------
    rows : rows of ``claims.tsv``, as texts.
    shown : see :func:`census.atlas.papers.figures`.

    Returns
    -------
    by claim: the columns in :data:`OF_CLAIM`; ``shown``, the entry of this argument for the figure of a
    single network, None without any; and ``tests``, one per network, data set and seed, with the other
    columns. Empty texts are left out.
    """
    tests: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        tests.setdefault(row["id"], []).append(row)
    return [
        {
            **{column: found[0][column] for column in OF_CLAIM},
            "shown": next(filter(None, (shown.get(_view(row)) for row in found)), None),
            "tests": [
                {column: text for column, text in row.items() if text and column not in OF_CLAIM}
                for row in found
            ],
        }
        for found in tests.values()
    ]


def _view(row: Mapping[str, str]) -> str:
    """Return family and view of a figure: the second and the last part of its path."""
    path = PurePosixPath(row["figure"])
    return "/".join((*path.parts[1:2], path.stem))
