"""Draw and save all figures of a job."""

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from census.drawing.inputs import inputs_of
from census.drawing.page import figure_of, in_style, save
from census.errors import StudyError, is_full
from census.figures import figure_families
from census.figures.declaration import Family


def draw(
    inputs: Mapping[str, str | Sequence[str]],
    outputs: Mapping[str, Sequence[str]],
    settings: Mapping[str, Mapping[str, Any]],
    run: Mapping[str, Any] | None,
    dpi: int,
    width: str = "page",
) -> None:
    """Draw figures of one or more families, one after another.

    Parameters
    ----------
    inputs : path or paths of each input, by :func:`census.figures.declaration.key_of`.
    outputs : paths of each figure, one per format, by ``family.figure``.
    settings : parameters of each family, by its name; the families are drawn in this order.
    run : columns of the census that tell the run from others, and its ``title``; None for figures of the
        whole study.
    dpi : dots per inch.
    width : of figures, ``column`` or ``page``.
    """
    files = {key: [paths] if isinstance(paths, str) else list(paths) for key, paths in inputs.items()}
    for name, parameters in settings.items():
        family = figure_families()[name]
        with _named(f"figures of {name}"):
            given = {**inputs_of(family, files), **parameters}
        figures = [output.partition(".")[2] for output in outputs if output.partition(".")[0] == name]
        counts = Counter(family.view_of(figure) for figure in figures)
        for figure in figures:
            paths = outputs[f"{name}.{figure}"]
            with in_style(), _named(f"figure {name}, view {figure}"):
                n_sheets = counts[family.view_of(figure)]
                save(drawn(family, figure, given, run, width, n_sheets), paths, dpi)


def drawn(
    family: Family,
    figure: str,
    inputs: Mapping[str, Any],
    run: Mapping[str, Any] | None,
    width: str,
    n_sheets: int,
) -> Figure:
    """Return a figure of a family; draw it within :func:`census.drawing.page.in_style`.

    Parameters
    ----------
    inputs : inputs and parameters of the family, by name.
    run, width : see :func:`draw`.
    n_sheets : number of sheets of its view.
    """
    view, checkpoint = family.view_of(figure)
    arguments = {each: inputs[each] for each in view.arguments}
    if checkpoint:
        arguments["checkpoint"] = checkpoint
    title = view.title
    key = dict(run or {})
    if run:
        title += f"{'' if title.endswith('?') else ':'} {key.pop('title')}"
    size: dict[str, Any] = {
        "width": view.width(width),
        "sheet": (family.sheet_of(figure) - 1, n_sheets),
    }
    return figure_of(view.draw, title=title, run=key, **size, **arguments)


@contextlib.contextmanager
def _named(figure: str) -> Iterator[None]:
    """Name the figure in the message of an exception, unless the disk is full."""
    try:
        yield
    except StudyError as error:
        raise StudyError(f"{figure}: {error}") from error
    except Exception as error:
        if is_full(error):
            raise
        raise RuntimeError(f"{figure}: {type(error).__name__}: {error}") from error
