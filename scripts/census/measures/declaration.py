"""The declaration of a measure: its tables, what it reads, its parameters.

A :class:`Measure` is declared in the module that computes it. Its rule, its section of the config, its files,
its columns in the census and their dictionary follow from the declaration.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import NoneType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
from annotated_types import Predicate

from census.measures.columns import PER, Column, Table

ELSEWHERE = "elsewhere"
"""Marks a parameter that the plan or a figure reads: no job of the measure depends on it."""


def all_differ(values: list[Any]) -> bool:
    """Return whether a list holds nothing twice."""
    return len(set(values)) == len(values)


Item = TypeVar("Item")
Unique = Annotated[list[Item], Predicate(all_differ)]
"""A list of parameters that are all different."""


@dataclass(frozen=True)
class Arrays:
    """Arrays about one layer at one checkpoint, with their dimensions, by name.

    Attributes
    ----------
    of : attributes of the layer; ``layer`` and ``checkpoint`` are among them.
    arrays : dimensions and values. Arrays without values are not written.
    """

    of: Mapping[str, Any]
    arrays: Mapping[str, tuple[tuple[str, ...], np.ndarray]]


def everywhere(run: Any) -> bool:
    """Return True: all runs have a measure, or an input."""
    return True


@dataclass(frozen=True)
class Recordings:
    """An input: the activations of layers, as :class:`census.stores.recording.Recording`.

    Attributes
    ----------
    layers : all layers of the job; those of them with per-unit analyses; or the logits.
    checkpoints : all; those of per-unit analyses; these and the untrained network; or the final network.
    where : in which runs it is read; there are no files of it in others.
    all_seeds : whether a job reads them of all networks that are trained as its own, each from another seed.
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
    measure : the measure that wrote them.
    where : in which runs they are read; there are no files of them in others.
    """

    measure: str
    where: Callable[[Any], bool] = everywhere


@dataclass(frozen=True)
class Parts:
    """An input: what other jobs found of parts of layers, as :class:`census.stores.recording.LayerMatrices`.

    Attributes
    ----------
    method : the method of the plan that returns the files of a job.
    """

    method: str


@dataclass(frozen=True)
class Tables:
    """An input: a table of another measure, as one ``pyarrow.Table``.

    Attributes
    ----------
    table : such as ``selectivity.units``; or a table of the census, ``census.units``.
    layers : all layers of the job, or only the blocks with layers that have per-unit analyses.
    """

    table: str
    layers: Literal["all", "per_unit_layers"] = "all"


Input = Recordings | Matrices | Parts | Tables


@dataclass(frozen=True)
class NoParameters:
    """For a measure without parameters, which has no section in the config."""


@dataclass(frozen=True)
class Measure:
    """A measure.

    Attributes
    ----------
    name : name of its module, its rule and its folder of results.
    title : how messages call it.
    reads : its inputs, by the argument of ``compute`` that takes them. The first decides how often
        ``compute`` is called.
    tables : its tables, by the name in their files; ``""`` for the only one.
    compute : function of the inputs, ``parameters`` and ``seed`` that returns tables and :class:`Arrays`;
        None for a measure with a rule of its own, as its jobs run networks or read images.
    each : what ``compute`` is called with: one layer at one checkpoint (``recording``), a list of a layer at
        all checkpoints (``layer``), a list of all layers at a checkpoint (``checkpoint``), or everything
        (``all``). With ``recording``, further matrices are those of the same layer and checkpoint, or None,
        and parts are a list of those of the same.
    jobs : whether a job works on a block of layers, on a block of layers with per-unit analyses (``units``)
        or of those whose units have facets, on a run, or on the whole study.
    parameters : frozen dataclass with the keys of its config section: types, ranges, defaults.
    section : its section of the config; by default its name. Measures may share a section.
    where : which runs have it, of measures of runs.
    plan : further parameters of ``compute``, by the method of the plan that gives them for a job.
    in_census : whether columns with a source go into the census; those of a measure whose tables another one
        repeats do not.
    has_arrays : whether ``compute`` returns :class:`Arrays`.
    has_scratch : whether ``compute`` takes ``scratch``, a folder for large files that are not kept.
    memory : memory of a job in MB.
    matrices : number of images × images matrices that a job holds on top of that, or a function of the run.
    minutes : time limit of a job of a run or of the study; that of a block follows from its layers.
    """

    name: str
    title: str
    reads: Mapping[str, Input]
    tables: Mapping[str, type[Table]]
    compute: Callable[..., Iterable[Table | Arrays]] | None
    each: Literal["recording", "layer", "checkpoint", "all"] = "recording"
    jobs: Literal["layers", "units", "facets", "run", "study"] = "layers"
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
        """Check the declaration, so that a fault shows when the module is imported.

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
        """Return the columns with a row per ``unit`` or per ``layer`` that go into the census."""
        tables = (table for table in self.tables.values() if self.in_census and table.per == per)
        return [each for table in tables for each in table.columns() if each.source is not None]

    def parameter_names(self) -> list[str]:
        """Return the names of the parameters on which its jobs depend."""
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
