"""Measures: a module per measure, which declares and computes it, see :mod:`census.measures.declaration`."""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from census.errors import StudyError, nearest

if TYPE_CHECKING:
    from types import ModuleType

    from census.measures.declaration import Measure

# in the order of the census
DECLARED = (
    "sparsity",
    "histogram",
    "gram",
    "correlation",
    "similarity",
    "learning",
    "performance",
    "concepts",
    "multifacetedness",
    "facets",
    "selectivity",
    "reliability",
    "alignment",
    "families",
    "dictionaries",
    "directions",
    "clusters",
    "universality",
    "substitution",
    "importance",
    "activation_maximization",
    "feature_visualization",
    "path_check",
    "ablation",
    "agreement",
)


@cache
def declared(name: str) -> "Measure":
    """Return a measure by name.

    Raises
    ------
    StudyError : there is no measure of that name.
    """
    if name not in DECLARED:
        raise StudyError(f"measure {name!r}: there is no measure of that name{nearest(name, DECLARED)}")
    found: Measure = import_module(f"{__name__}.{name}").measure
    return found


def __getattr__(name: str) -> "ModuleType":
    """Return the module of a measure, imported when it is first used: ``census.measures.sparsity``."""
    if name in DECLARED:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{nearest(name, DECLARED)}")


def __dir__() -> list[str]:
    return [*globals(), *DECLARED]
