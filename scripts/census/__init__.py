"""Neuron Census: what single units in vision networks encode.

>>> import census
>>> study = census.open_study("results")  # a finished study  # doctest: +SKIP
>>> study.units  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from census import measures as measures
    from census.errors import StudyError as StudyError
    from census.tables.study import open_study as open_study

__version__ = "0.1.0"
__all__ = ["StudyError", "measures", "open_study"]

_MODULES = {
    "StudyError": "census.errors",
    "open_study": "census.tables.study",
}


def __getattr__(name: str) -> Any:
    # every job imports this package, and none of them needs these
    if name == "measures":
        return import_module("census.measures")
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
