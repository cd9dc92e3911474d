"""Arrange the table of claims for the atlas: by claim, with its paper and the figure that shows it."""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from string import ascii_lowercase
from typing import Any

from census.figures import families
from census.figures.sections import SECTIONS

# columns that are equal in all rows of a claim
OF_CLAIM = ("id", "claim", "statistic", "predicted", "null")


def papers() -> list[dict[str, str]]:
    """Return the papers in order: ``code`` of their claims, author and year, title, question and address."""
    return [
        {
            "code": section.paper.code,
            "short": section.paper.short,
            "title": section.paper.title,
            "question": section.question,
            "url": section.paper.url,
        }
        for section in SECTIONS
        if section.paper
    ]


def figures() -> dict[str, dict[str, str]]:
    """Return the figures of final networks, by family and view, such as ``importance/depth``.

    Each has a ``title``, and ``corresponds``, the figures of a paper to which it corresponds; empty for none.
    """
    found = {}
    for family in families().values():
        paper = family.of_section.paper
        for view in family.views:
            corresponds = f"{view.corresponds} of {paper.cited}" if view.corresponds and paper else ""
            found[f"{family.name}/{view.name}"] = {"title": view.title, "corresponds": corresponds}
    return found


def by_claim(
    rows: Iterable[Mapping[str, str]], shown: Mapping[str, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Return the claims in the order of the table, each with its tests.

    Parameters
    ----------
    rows : rows of ``claims.tsv``, as texts.
    shown : see :func:`figures`.

    Returns
    -------
    by claim: ``key``, the name of its page; the columns in :data:`OF_CLAIM`; ``shown``, the entry of this
    argument for the figure of a single network, None without any; and ``tests``, one per network, data set
    and seed, with the other columns. Empty texts are left out.
    """
    tests: dict[tuple[str, str], list[Mapping[str, str]]] = {}
    for row in rows:
        tests.setdefault((row["id"], row["statistic"]), []).append(row)
    statistics: dict[str, list[str]] = {}
    for name, statistic in tests:
        statistics.setdefault(name, []).append(statistic)
    return [
        {
            "key": _key(name, statistics[name], statistic),
            **{column: found[0][column] for column in OF_CLAIM},
            "shown": next(filter(None, (shown.get(_view(row)) for row in found)), None),
            "tests": [
                {column: text for column, text in row.items() if text and column not in OF_CLAIM}
                for row in found
            ],
        }
        for (name, statistic), found in tests.items()
    ]


def _key(name: str, statistics: list[str], statistic: str) -> str:
    """Return a name of its own for each statistic of an id: a letter follows if there are several."""
    return name if len(statistics) == 1 else name + ascii_lowercase[statistics.index(statistic)]


def _view(row: Mapping[str, str]) -> str:
    """Return family and view of a figure: the second and the last part of its path."""
    path = PurePosixPath(row["figure"])
    return "/".join((*path.parts[1:2], path.stem))
