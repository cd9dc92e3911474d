"""The start page of the report: verdicts on all claims, and thumbnails of all figures, by paper."""

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

from census.claims.verdict import CONTRADICTED, INCONCLUSIVE, NOT_LEARNED, SUPPORTED, over_seeds
from census.figures.sections import SECTIONS

if TYPE_CHECKING:
    import pandas as pd

ATLAS = "atlas/index.html"
# dots; taller figures are cut below
WIDTH, HEIGHT = 260, 190
MARKS = {SUPPORTED: "✓", NOT_LEARNED: "≈", CONTRADICTED: "✗", INCONCLUSIVE: "?"}
CLASSES = {SUPPORTED: "yes", NOT_LEARNED: "same", CONTRADICTED: "no", INCONCLUSIVE: "open"}


class Shown(NamedTuple):
    """A figure in the report.

    Attributes
    ----------
    section : heading of its section.
    counterpart : figure of the section's paper to which it corresponds; empty for sections without paper.
    title : title of its view.
    run : name of its run; empty for figures of the whole study.
    path : its file.
    """

    section: str
    counterpart: str
    title: str
    run: str
    path: str


def thumbnail(path: str) -> str:
    """Return a figure as a small picture in a data URI, cut to its upper part; empty for vector formats."""
    if Path(path).suffix != ".png":
        return ""
    with Image.open(path) as image:
        whole = image.convert("RGB")
    small = whole.resize((WIDTH, round(whole.height * WIDTH / whole.width)), Image.Resampling.LANCZOS)
    kept, out = small.crop((0, 0, WIDTH, min(HEIGHT, small.height))), io.BytesIO()
    kept.save(out, "WEBP", quality=60)
    return f"data:image/webp;base64,{base64.b64encode(out.getvalue()).decode()}"


def overview(claims: "pd.DataFrame", figures: Iterable[Shown | Sequence[str]]) -> str:
    """Return the start page as HTML.

    Parameters
    ----------
    claims : verdicts on all claims, see :func:`census.claims.verdict.read_verdicts`.
    figures : all figures, see :class:`Shown`.
    """
    shown = sorted((Shown(*each) for each in figures), key=lambda each: (each[0], each[1]))
    return "\n".join(
        [
            '<div class="census">',
            f'<p><a href="{ATLAS}" target="_blank">Open the atlas</a>, with a page for each unit: the file '
            f"<code>{ATLAS}</code> beside this report.</p>",
            "<h2>Claims</h2>",
            *_matrix(claims, {Path(each.path).with_suffix("").as_posix(): each.path for each in shown}),
            "<h2>Figures</h2>",
            *_gallery(shown),
            "</div>",
        ]
    )


def _link(path: str, content: str, style: str = "", about: str = "") -> str:
    """Return a link that shows a figure of the report beside its caption."""
    # a path has no characters that end a string of JavaScript
    show = f"content:'img',contentPath:results['{path}'].data_uri,navbarMode:'resultinfo',resultPath:'{path}'"
    given = f' class="{style}"' if style else ""
    return f'<a href="javascript:app.setView({{{show}}})"{given} title="{escape(about)}">{content}</a>'


def _matrix(claims: "pd.DataFrame", paths: Mapping[str, str]) -> Iterable[str]:
    """Yield the lines of a table of claims by networks."""
    runs = []
    for (network, dataset), here in claims.groupby(["network", "dataset"], sort=False):
        n_seeds = here["seed"].nunique()
        name = f"{network}, {n_seeds} seeds, on {dataset}" if n_seeds > 1 else f"{network} on {dataset}"
        runs.append((name, over_seeds(here).set_index("id")))
    names = {section.paper.code: section.paper.short for section in SECTIONS if section.paper}
    legend = "".join(
        f'<span class="census-{CLASSES[verdict]}">{mark}</span> {verdict}&ensp;'
        for verdict, mark in MARKS.items()
    )
    yield f'<p class="census-legend">{legend}</p><table class="census-claims"><thead><tr><th>claim</th>'
    yield "".join(f"<th>{escape(name)}</th>" for name, _ in runs) + "</tr></thead><tbody>"
    rows = claims.drop_duplicates("id")[["id", "claim"]].itertuples(index=False)
    for code, of_paper in groupby(rows, key=lambda row: row.id.partition(".")[0]):
        paper = names.get(code, "This study")
        yield f'<tr><th class="census-paper" colspan="{1 + len(runs)}">{escape(paper)}</th></tr>'
        for row in of_paper:
            cells = "".join(f"<td>{_cell(table.loc[row.id], paths)}</td>" for _, table in runs)
            yield f"<tr><td><b>{escape(row.id)}</b> {escape(row.claim)}</td>{cells}</tr>"
    yield "</tbody></table>"


def _cell(row: "pd.Series", paths: Mapping[str, str]) -> str:
    """Return a verdict as a mark that leads to the figure of the claim."""
    about = ": ".join(filter(None, [row["verdict"], row["reason"]]))
    style, mark = f"census-{CLASSES[row['verdict']]}", MARKS[row["verdict"]]
    path = paths.get(Path(f"results/{row['figure']}").with_suffix("").as_posix())
    if path is None:  # such as of measures that a study lacks
        return f'<span class="{style}" title="{escape(about)}">{mark}</span>'
    return _link(path, mark, style, about)


def _gallery(shown: Sequence[Shown]) -> Iterable[str]:
    """Yield the lines of all sections: a row per view, with a thumbnail for each run."""
    for section, of_section in groupby(shown, key=lambda each: each.section):
        yield f"<h3>{escape(section)}</h3>"
        for (counterpart, title), of_view in groupby(of_section, key=lambda each: (each[1], each[2])):
            heading = f"{counterpart}: {title}" if counterpart else title
            yield f'<h4>{escape(heading)}</h4><div class="census-row">'
            for each in of_view:
                words = f"<span>{escape(each.run or 'all networks')}</span>"
                picture = thumbnail(each.path)
                image = f'<img src="{picture}" alt="" loading="lazy">' if picture else ""
                yield _link(each.path, image + words, about=f"{each.title}: {each.run}")
            yield "</div>"
