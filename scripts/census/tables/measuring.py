"""Run a job of a declared measure: open its inputs, compute, write its tables and arrays."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from census.jobs import LOGGER, one_by_one
from census.measures.columns import Table
from census.measures.declaration import Arrays, Input, Measure, Parts, Recordings, Tables
from census.stores.matrices import new_store
from census.stores.recording import LayerMatrices, Recording, matrices_in
from census.tables.arrow import arrow, merged, single_row
from census.tables.merging import read_tables

ARRAYS = "store"

Item = Recording | LayerMatrices


def run(
    name: str, files: Mapping[str, Sequence[str]], outputs: Mapping[str, str], params: Mapping[str, Any]
) -> None:
    """Run a job of a declared measure.

    Parameters
    ----------
    name : name of the measure.
    files : paths of each input.
    outputs : path of each table, and of the store of arrays as ``store``.
    params : parameters of the measure, and ``seed``.
    """
    measure: Measure = import_module(f"census.measures.{name}").measure
    assert measure.compute is not None, name  # measures without it have no jobs
    parameters = measure.parameters(**{key: params[key] for key in measure.parameter_names()})
    further = {key: params[key] for key in measure.plan}
    if measure.has_scratch:
        further["scratch"] = Path(outputs[ARRAYS]).parent
    found = (
        each
        for inputs in calls(measure, files)
        for each in measure.compute(**inputs, **further, parameters=parameters, seed=params["seed"])
    )
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(new_store(outputs[ARRAYS])) if measure.has_arrays else None

        keep = None if store is None else lambda each: store.write(each.arrays, each.of)
        tables = collect(measure, found, params, keep)
    for key, table in tables.items():
        pq.write_table(table, outputs[key])


def collect(
    measure: Measure,
    found: Iterable[Table | Arrays],
    params: Mapping[str, Any],
    keep: Callable[[Arrays], None] | None = None,
) -> dict[str, pa.Table]:
    """Return the tables of a measure by name; a table without a name is called ``"table"``.

    Parameters
    ----------
    measure : the measure.
    found : tables and arrays that its function yields.
    params : parameters of the measure, by name.
    keep : function that stores arrays, of a measure that declares some; empty arrays are left out.
    """
    parts: dict[type[Table], list[pa.Table]] = {table: [] for table in measure.tables.values()}
    for each in found:
        if isinstance(each, Arrays):
            assert keep is not None, f"{measure.name} declares no arrays"
            keep(Arrays(each.of, {key: values for key, values in each.arrays.items() if values[1].size}))
        else:
            parts[type(each)].append(arrow(each, params))
            _log(each, params)
    return {name or "table": merged(table, parts[table], params) for name, table in measure.tables.items()}


def calls(measure: Measure, files: Mapping[str, Sequence[str]]) -> Iterator[dict[str, Any]]:
    """Yield the arguments of each call of a measure's function."""
    first, *others = measure.reads
    items = _items(measure.reads[first], files[first])
    rest = {key: _opened(measure.reads[key], files[key]) for key in others}
    match measure.each:
        case "recording":
            for item in one_by_one(items):
                yield {
                    first: item,
                    **{key: _beside(item, measure.reads[key], each) for key, each in rest.items()},
                }
        case "layer":
            layers = groupby(items, lambda item: item.attributes["layer"])
            for _, of_layer in one_by_one(layers, lambda group: f"layer {group[0]}"):
                yield {first: list(of_layer), **rest}
        case "checkpoint":
            found = list(items)
            for checkpoint in dict.fromkeys(item.attributes["checkpoint"] for item in found):
                yield {first: [item for item in found if item.attributes["checkpoint"] == checkpoint], **rest}
        case "all":
            yield {first: _opened(measure.reads[first], files[first]), **rest}


def _items(reads: Input, files: Sequence[str]) -> Iterator[Any]:
    """Yield recordings or matrices, layer by layer, in order of training steps."""
    return map(Recording, files) if isinstance(reads, Recordings) else matrices_in(files)


def _opened(reads: Input, files: Sequence[str]) -> Any:
    """Return a whole input: a list of recordings, matrices or parts; or a table, None without files."""
    if not isinstance(reads, Tables):
        return list(_items(reads, files))
    return read_tables(files) if files else None


def _beside(item: Item, reads: Input, rest: Any) -> Any:
    """Return the matrices (or None) or parts of the item's layer and checkpoint; other inputs unchanged."""
    if isinstance(reads, Recordings | Tables):
        return rest
    place = ("layer", "checkpoint")
    same = [each for each in rest if all(each.attributes[key] == item.attributes[key] for key in place)]
    return same if isinstance(reads, Parts) else next(iter(same), None)


def _log(table: Table, parameters: Mapping[str, Any]) -> None:
    """Log the values of a one-row table."""
    if shown := single_row(table, parameters):
        LOGGER.info("%s, checkpoint %s: %s", table.of["layer"], table.of["checkpoint"], shown)
