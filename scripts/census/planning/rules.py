"""The Snakemake rules of declared measures."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from census.errors import nearest
from census.measures import DECLARED, declared
from census.measures.columns import PER
from census.measures.declaration import Input, Matrices, Measure, Parts, Recordings, Tables, everywhere
from census.planning.digest import code_digest
from census.planning.plan import Files, Plan
from census.planning.resources import Megabytes, memory, memory_of_matrices, runtime_of_block
from census.planning.runs import Kind
from census.stores.paths import ARCHIVE

FOLDER = "results/measures/{measure}/{{network}}/{{dataset}}"
CENSUS = "results/census/{table}.parquet"


@dataclass(frozen=True)
class MeasureRule:
    """The rule of a measure.

    Attributes
    ----------
    name : name of the measure.
    place : the wildcards of its jobs, as part of a path.
    inputs : input function or path pattern of each input.
    outputs : path of each table, and of the store of arrays as ``store``.
    params : everything that determines its results, apart from its inputs.
    memory : resource function for MB of memory.
    minutes : time limit in minutes, or a resource function for it.
    message : message shown when a job starts.
    """

    name: str
    place: str
    inputs: dict[str, Files | str]
    outputs: dict[str, str]
    params: dict[str, Any]
    memory: Megabytes
    minutes: Any
    message: str


def path_of(measure: str, ending: str) -> str:
    """Return the path of a measure's table or store, with wildcards.

    Parameters
    ----------
    measure : name of the measure.
    ending : file ending: ``TABLE.parquet``, ``parquet`` for an only table, or ``zarr.zip``.

    >>> path_of("sparsity", "units.parquet")
    'results/measures/sparsity/{network}/{dataset}/{block}.units.parquet'
    """
    jobs = declared(measure).jobs
    if jobs == "study":
        return CENSUS.format(table=ending.removesuffix(".parquet"))
    if jobs == "run":
        folder = FOLDER.format(measure=measure)
        return f"{folder}.{ending}" if ending in ("parquet", ARCHIVE) else f"{folder}/{ending}"
    return f"{FOLDER.format(measure=measure)}/{{block}}.{ending}"


def table_path(reference: str) -> str:
    """Return the path of a table, given as ``measure.table``, or as ``measure`` if it has only one."""
    measure, _, table = reference.partition(".")
    if measure == "census":
        return CENSUS.format(table=table)
    if table not in declared(measure).tables:
        known = [f"{measure}.{each}" for each in declared(measure).tables]
        raise TypeError(f"there is no table {reference!r}{nearest(reference, known)}")
    return path_of(measure, f"{table}.parquet" if table else "parquet")


def store_path(measure: str) -> str:
    """Return the path of a measure's store of arrays."""
    return path_of(measure, ARCHIVE)


def paths_of(measure: Measure) -> dict[str, str]:
    """Return the paths of a measure's tables, and of its store as ``store``."""
    tables = {name or "table": f"{name}.parquet" if name else "parquet" for name in measure.tables}
    endings = tables | ({"store": ARCHIVE} if measure.has_arrays else {})
    return {name: path_of(measure.name, ending) for name, ending in endings.items()}


def _has_per_unit_layers_only(measure: str) -> bool:
    """Return whether a measure of layers has only blocks that hold layers with per-unit analyses."""
    if declared(measure).jobs != "layers":
        return False
    first = next(iter(declared(measure).reads.values()), None)
    return isinstance(first, Recordings) and first.layers == "per_unit_layers"


def files_of_run(plan: Plan, measure: str, path: str, *, per_unit_layers: bool = False) -> Files | str:
    """Return a measure's files of a run, in order of depth, as an input function or a pattern.

    Parameters
    ----------
    plan : plan of the study.
    measure : name of the measure.
    path : path pattern, see :func:`path_of`.
    per_unit_layers : whether to return only blocks that hold layers with per-unit analyses.
    """
    match declared(measure).jobs:
        case "layers" | "units" | "facets" | "dictionaries" as kind:
            if _has_per_unit_layers_only(measure) or (per_unit_layers and kind == "layers"):
                return plan.per_unit_layers_of_run(path)
            return plan.blocks_of_run(path, kind)
        case "run":
            return plan.file_if(path, declared(measure).where)
        case _:
            return path


def tables_of_run(plan: Plan, reference: str, *, per_unit_layers: bool = False) -> Files | str:
    """Return the files of a table of a run, see :func:`table_path` and :func:`files_of_run`."""
    measure = reference.partition(".")[0]
    if measure == "census":
        return table_path(reference)
    return files_of_run(plan, measure, table_path(reference), per_unit_layers=per_unit_layers)


def stores_of_run(plan: Plan, measure: str) -> Files | str:
    """Return the stores of a measure's arrays of a run, see :func:`files_of_run`."""
    return files_of_run(plan, measure, store_path(measure))


def files_of_study(plan: Plan, reference: str) -> list[str]:
    """Return the files of a table for all runs."""
    measure, path = reference.partition(".")[0], table_path(reference)
    match declared(measure).jobs:
        case "layers" | "units" | "facets" | "dictionaries" as kind:
            return (
                plan.of_per_unit_layers(path)
                if _has_per_unit_layers_only(measure)
                else plan.of_blocks(path, kind)
            )
        case "run":
            return plan.of_runs(path, [run for run in plan.runs if declared(measure).where(run)])
        case _:
            return [path]


def blocks_of_layers(plan: Plan) -> list[list[str]]:
    """Return the block of each layer in each measure, as [measure, network, data set, layer, block]."""
    return [
        [measure, run.network, run.dataset, layer, block.name]
        for run in plan.runs
        for measure in DECLARED
        for block in run.blocks.get(cast(Kind, declared(measure).jobs), {}).values()
        for layer in block.layers
        if layer in run.per_unit_layers or not _has_per_unit_layers_only(measure)
    ]


def census_tables(plan: Plan) -> dict[str, list[str]]:
    """Return the files of all tables with census columns, under names such as ``sparsity_units``."""
    return {
        f"{measure.name}_{table.per}s": files_of_study(plan, f"{measure.name}.{name}")
        for measure in map(declared, DECLARED)
        for name, table in measure.tables.items()
        if table.per in PER and measure.census_columns(table.per)
    }


def census_columns(plan: Plan) -> list[str]:
    """Return the names of all columns of the census that measures compute, those that have a source."""
    components = plan.config.measures.directions.components
    return [
        f"{measure.name}.{each.name.format(components=components)}"
        for measure in map(declared, DECLARED)
        for per in PER
        for each in measure.census_columns(per)
    ]


def measure_rules(plan: Plan) -> Iterator[MeasureRule]:
    """Yield the rule of each measure that computes."""
    for measure in map(declared, DECLARED):
        if measure.compute is None:
            continue
        names = measure.parameter_names()
        section = getattr(plan.config.measures, measure.section) if names else None
        parts = [each.script for each in measure.reads.values() if isinstance(each, Parts)]
        place = {"study": "", "run": "/{network}/{dataset}"}.get(measure.jobs, "/{network}/{dataset}/{block}")
        of_what = {"study": "", "run": " of {wildcards.network} on {wildcards.dataset}"}.get(
            measure.jobs, " of {wildcards.network} on {wildcards.dataset}, layers {wildcards.block}"
        )
        yield MeasureRule(
            name=measure.name,
            place=place,
            inputs={name: _input(plan, measure, each) for name, each in measure.reads.items()},
            outputs=paths_of(measure),
            params={
                **{key: getattr(section, key) for key in names},
                **{key: getattr(plan, method) for key, method in measure.plan.items()},
                "seed": plan.config.seed,
                "code": [*map(code_digest, ("measure.py", f"census/measures/{measure.name}.py", *parts))],
            },
            memory=_memory(plan, measure),
            minutes=runtime_of_block(plan) if measure.jobs == "layers" else measure.minutes,
            message=f"{measure.title}{of_what}",
        )


def _memory(plan: Plan, measure: Measure) -> Megabytes:
    if not measure.matrices:
        return memory(measure.memory)
    count = measure.matrices
    return memory_of_matrices(plan, count if callable(count) else lambda run: count)


def _input(plan: Plan, measure: Measure, reads: Input) -> Files | str:
    """Return the files of an input, as an input function or a pattern."""
    of_block = measure.jobs not in ("run", "study")
    match reads:
        case Recordings():
            return plan.where(reads.where, lambda wildcards: plan.recordings(wildcards, measure.jobs, reads))
        case Matrices(name, where):
            stores = store_path(name) if of_block else stores_of_run(plan, name)
            return stores if where is everywhere else plan.where(where, stores)
        case Parts(method, _):
            files: Files = getattr(plan, method)
            return files
        case Tables(table, layers):
            if of_block:
                return table_path(table)
            return tables_of_run(plan, table, per_unit_layers=layers == "per_unit_layers")
