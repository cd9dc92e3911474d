"""Neuron Census: what single units in vision networks encode.

>>> import census
>>> study = census.open_study("results")  # a finished study  # doctest: +SKIP
>>> recorded = census.record(network, images, labels)  # or a network of your own  # doctest: +SKIP
>>> census.measure("selectivity", recorded["relu1"])["units"]  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from census import measures as measures
    from census.errors import StudyError as StudyError
    from census.notebooks.measure import measure as measure
    from census.notebooks.record import record as record
    from census.notebooks.study import open_study as open_study

__version__ = "0.2.0"
__all__ = ["StudyError", "measure", "measures", "open_study", "record"]

_MODULES = {
    "StudyError": "census.errors",
    "measure": "census.notebooks.measure",
    "open_study": "census.notebooks.study",
    "record": "census.notebooks.record",
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
