"""What the atlas says of papers: their titles, and which figures, claims and measures are theirs."""

from census.figures import families
from census.figures.sections import SECTIONS


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


def papers_of_measures() -> dict[str, str]:
    """Return the code of the paper to whose figures a measure's figures correspond, by measure."""
    return {
        name: family.of_section.paper.code for name, family in families().items() if family.of_section.paper
    }
