"""The declaration of a measure: its tables, inputs and parameters.

A :class:`Measure` is declared in the module that computes it. Its rule, config section, files, census columns
and dictionary are derived from the declaration.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import NoneType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
from annotated_types import Predicate

from census.measures.columns import PER, Column, Table

ELSEWHERE = "elsewhere"
"""Marks a parameter that only the plan or a figure reads; jobs of the measure do not depend on it."""


def all_differ(values: list[Any]) -> bool:
    """Return whether all values of a list differ."""
    return len(set(values)) == len(values)


Item = TypeVar("Item")
Unique = Annotated[list[Item], Predicate(all_differ)]
"""A list of parameters that are all different."""


@dataclass(frozen=True)
class Arrays:
    """Arrays about one layer at one checkpoint, with their dimensions, by name.

    Attributes
    ----------
    of : attributes of the layer, including ``layer`` and ``checkpoint``.
    arrays : dimensions and values; empty arrays are not written.
    """

    of: Mapping[str, Any]
    arrays: Mapping[str, tuple[tuple[str, ...], np.ndarray]]


def everywhere(run: Any) -> bool:
    """Return True, for measures and inputs of all runs."""
    return True


@dataclass(frozen=True)
class Recordings:
    """An input: the activations of layers, as :class:`census.stores.recording.Recording`.

    Attributes
    ----------
    layers : all layers of the job; only those with per-unit analyses; or the logits.
    checkpoints : all; those of per-unit analyses; these and the untrained network; or the final network.
    where : condition on runs; other runs do not read the input.
    all_seeds : whether a job reads the recordings of all seeds of its network.
    """

    layers: Literal["all", "per_unit_layers", "output"] = "all"
    checkpoints: Literal["all", "units", "units_and_untrained", "final"] = "all"
    where: Callable[[Any], bool] = everywhere
    all_seeds: bool = False


@dataclass(frozen=True)
class Matrices:
    """An input: the arrays that another measure wrote, as :class:`census.stores.recording.LayerMatrices`.

    Attributes
    ----------
    measure : name of the measure that wrote them.
    where : condition on runs; other runs do not read the input.
    """

    measure: str
    where: Callable[[Any], bool] = everywhere


@dataclass(frozen=True)
class Parts:
    """An input: partial results of layers from other jobs, as :class:`census.stores.recording.LayerMatrices`.

    Attributes
    ----------
    method : name of the plan's method that returns the files of a job.
    script : script of these jobs. Their results are deleted once they are read, so that its code is part of
        the measure's.
    """

    method: str
    script: str


@dataclass(frozen=True)
class Tables:
    """An input: a table of another measure, as one ``pyarrow.Table``.

    Attributes
    ----------
    table : table of a measure, such as ``selectivity.units``, or of the census, such as ``census.units``.
    layers : all layers of the job, or only blocks that hold layers with per-unit analyses.
    """

    table: str
    layers: Literal["all", "per_unit_layers"] = "all"


Input = Recordings | Matrices | Parts | Tables


@dataclass(frozen=True)
class NoParameters:
    """Parameters of a measure that has none, and no section in the config."""


@dataclass(frozen=True)
class Measure:
    """A measure.

    Attributes
    ----------
    name : name of its module, its rule and its folder of results.
    title : name in messages.
    reads : inputs by argument of ``compute``. The first determines the calls of ``compute``.
    tables : tables by the name in their files; ``""`` for the only table.
    compute : function of the inputs, ``parameters`` and ``seed`` that returns tables and :class:`Arrays`;
        None for a measure with its own rule, because its jobs run networks or read images.
    each : content of the first input in a call: one layer at one checkpoint (``recording``), a list of one
        layer at all checkpoints (``layer``), a list of all layers at one checkpoint (``checkpoint``), or
        everything (``all``). With ``recording``, other matrices (or None) and lists of parts are those of
        the same layer and checkpoint.
    jobs : unit of work of a job: a block of ``layers``, of layers with per-unit analyses (``units``), of
        layers whose units have ``facets`` or of layers with families of directions (``dictionaries``); a
        run; or the whole study.
    parameters : frozen dataclass with the keys of its config section: types, ranges, defaults.
    section : name of its config section, by default its own name. Measures may share a section.
    where : for measures of runs, condition on runs.
    plan : further parameters of ``compute``, by argument: name of the plan's method that returns them for a
        job.
    in_census : whether columns with a source go into the census; False if another measure repeats them.
    has_arrays : whether ``compute`` returns :class:`Arrays`.
    has_scratch : whether ``compute`` takes ``scratch``, a folder for large temporary files.
    memory : memory of a job in MB.
    matrices : number of images × images matrices that a job holds in addition, or a function of the run.
    minutes : time limit in minutes for jobs of a run or of the study; for blocks it depends on their layers.
    """

    name: str
    title: str
    reads: Mapping[str, Input]
    tables: Mapping[str, type[Table]]
    compute: Callable[..., Iterable[Table | Arrays]] | None
    each: Literal["recording", "layer", "checkpoint", "all"] = "recording"
    jobs: Literal["layers", "units", "facets", "dictionaries", "run", "study"] = "layers"
    parameters: type[Any] = NoParameters
    section: str = ""
    where: Callable[[Any], bool] = everywhere
    plan: Mapping[str, str] = field(default_factory=dict)
    in_census: bool = True
    has_arrays: bool = False
    has_scratch: bool = False
    memory: int = 1000
    matrices: int | Callable[[Any], int] = 0
    minutes: int = 60

    def __post_init__(self) -> None:
        """Check the declaration when the module is imported.

        Raises
        ------
        TypeError : one line that names the measure and the fault.
        """
        object.__setattr__(self, "section", self.section or self.name)
        for fault in self._faults():
            raise TypeError(f"measure {self.name}: {fault}")

    def _faults(self) -> Iterator[str]:
        for per in PER:
            names = [each.name for each in self.census_columns(per)]
            twice = sorted(name for name in set(names) if names.count(name) > 1)
            yield from (f"two columns {name!r} with a row per {per}" for name in twice)
        for name, form in get_type_hints(self.parameters, include_extras=True).items():
            if not _has_range(form):
                yield f"parameter {name!r} has no range; annotate it, as in Annotated[int, Ge(1)]"

    def census_columns(self, per: str) -> list[Column]:
        """Return the columns with a row per ``unit``, ``layer`` or ``direction`` that go into the census."""
        tables = (table for table in self.tables.values() if self.in_census and table.per == per)
        return [each for table in tables for each in table.columns() if each.source is not None]

    def parameter_names(self) -> list[str]:
        """Return the names of the parameters on which jobs depend."""
        hints = get_type_hints(self.parameters, include_extras=True)
        return [name for name, form in hints.items() if ELSEWHERE not in get_args(form)]


def _has_range(form: Any) -> bool:
    """Return whether the values of a type are bounded: numbers need a range, choices and flags have one."""
    if get_origin(form) is Annotated:
        return True
    inner = [each for each in get_args(form) if each is not NoneType]
    if form in (int, float, str):
        return False
    return get_origin(form) is Literal or all(map(_has_range, inner))
