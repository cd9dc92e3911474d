"""What the atlas says of papers: their titles, and which figures and measures are theirs."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from census.figures import figure_families
from census.figures.families import FAMILIES
from census.figures.sections import SECTIONS
from census.figures.specifications import PAGES
from census.figures.style import FINAL

if TYPE_CHECKING:
    from census.planning.runs import Run


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
    for family in figure_families().values():
        paper = family.of_section.paper
        for view in family.views:
            corresponds = f"{view.corresponds} of {paper.cited}" if view.corresponds and paper else ""
            found[f"{family.name}/{view.name}"] = {"title": view.title, "corresponds": corresponds}
    return found


def figures_of_runs(runs: "Iterable[Run]", extension: str) -> dict[str, list[dict[str, str]]]:
    """Return the figures of final networks that correspond to a paper's, by network and data set.

    Parameters
    ----------
    runs : runs of the study.
    extension : the format to which links lead.

    Returns
    -------
    by ``network/dataset``, in the order of the papers' figures: code of the ``paper``, ``title``, the figures
    to which it ``corresponds``, and the ``file`` below ``results/``.
    """
    return {
        f"{run.network}/{run.dataset}": sorted(
            (
                {
                    "paper": family.of_section.paper.code,
                    "title": view.title,
                    "corresponds": view.corresponds,
                    "file": f"figures/{family.name}/{run.network}/{run.dataset}/{name}.{extension}",
                }
                for family in figure_families().values()
                if family.of_section.paper
                for name in family.names(run)
                for view, checkpoint in [family.view_of(name)]
                if view.corresponds and checkpoint in ("", FINAL)
            ),
            key=_place,
        )
        for run in runs
    }


def figures_of_specifications(runs: "Iterable[Run]", extension: str) -> dict[str, dict[str, list[str]]]:
    """Return the figures of specification curves, by network and data set.

    Parameters
    ----------
    runs, extension : see :func:`figures_of_runs`.

    Returns
    -------
    by ``network/dataset``, and by the beginning of claims' ids: files below ``results/``, one per sheet.
    """
    family = figure_families()["specifications"]
    return {
        f"{run.network}/{run.dataset}": {
            beginning: [
                f"figures/{family.name}/{run.network}/{run.dataset}/{name}.{extension}"
                for name in family.names(run)
                if family.view_of(name)[0].name == page
            ]
            for page, (_, beginnings, _) in PAGES.items()
            for beginning in beginnings
        }
        for run in runs
    }


def _place(figure: dict[str, str]) -> tuple[str, int]:
    """Return where a figure stands in its paper: by number, then what corresponds to the text."""
    number = re.match(r"Figures? (\d+)", figure["corresponds"])
    return figure["paper"], int(number[1]) if number else 1000


def families() -> dict[str, str]:
    """Return the families of directions in the order of figures, with their names."""
    return {family: name for family, (_, name) in FAMILIES.items()}


def papers_of_measures() -> dict[str, str]:
    """Return the code of the paper to whose figures a measure's figures correspond, by measure."""
    return {
        name: family.of_section.paper.code
        for name, family in figure_families().items()
        if family.of_section.paper
    }
