"""Neuron Census: what single units in vision networks encode."""

from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from census.tables.study import Study

__version__ = "0.1.0"


def open(results: "str | PathLike[str]" = "results") -> "Study":
    """Open a finished study, see :class:`census.tables.study.Study`.

    Parameters
    ----------
    results : the folder that the workflow wrote.
    """
    # here, for every job imports this package, and none of them needs it
    from pathlib import Path

    from census.tables.study import Study

    return Study(Path(results))
