"""Figures: a module per family, which declares and draws it, see :mod:`census.figures.declaration`."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from census.figures.declaration import Family

# modules of this folder that declare no family
COMMON = {"declaration", "sections", "style"}


@cache
def figure_families() -> "dict[str, Family]":
    """Return all figure families by name. Each module of this folder declares one.

    Raises
    ------
    TypeError : one line that names a module and the fault of its declaration.
    """
    names = sorted(module.name for module in iter_modules(__path__) if module.name not in COMMON)
    return {name: _family(name) for name in names}


def _family(name: str) -> "Family":
    found: Family | None = getattr(import_module(f"{__name__}.{name}"), "family", None)
    if found is None:
        raise TypeError(f"figure {name}: its module declares no family")
    if found.name != name:
        raise TypeError(f"figure {name}: its module declares the family {found.name!r}")
    return found
