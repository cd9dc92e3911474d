"""Draw and save all figures of a job."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

from census.errors import StudyError, is_full
from census.figures.inputs import Inputs
from census.figures.style import in_style, save


def draw(
    inputs: Mapping[str, str | Sequence[str]],
    outputs: Mapping[str, Sequence[str]],
    settings: Mapping[str, Mapping[str, Any]],
    place: Mapping[str, str],
    dpi: int,
) -> None:
    """Draw figures of one or more families, one after another.

    Parameters
    ----------
    inputs : path or paths of each input, by the keys that families declare.
    outputs : paths of each figure, one per format, by ``family.view``.
    settings : declared parameters of each family, by its name; the families are drawn in this order.
    place : ``network`` and ``dataset``; empty for figures of the whole study.
    dpi : dots per inch.
    """
    files = {key: [paths] if isinstance(paths, str) else list(paths) for key, paths in inputs.items()}
    for family, parameters in settings.items():
        with in_style():
            with _named(f"figures of {family}"):
                module = import_module(f"census.figures.{family}")
                views = module.views(Inputs(files, parameters, **place))
            for name, paths in outputs.items():
                drawn, _, view = name.partition(".")
                if drawn == family:
                    with _named(f"figure {family}, view {view}"):
                        save(views[view](), paths, dpi)


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
