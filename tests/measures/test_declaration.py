"""Declarations of measures: their columns, their parameters, and faults that show at import."""

from collections import Counter
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pyarrow as pa
import pytest
from annotated_types import Ge

from census.measures import DECLARED, declared
from census.measures.columns import Floats, Integers, Table, Texts, column, count, share
from census.measures.declaration import ELSEWHERE, Measure, Recordings
from census.statistics.bootstrap import Estimate
from census.tables.arrow import arrow, schema
from census.tables.keys import KEYS

LAYER = dict.fromkeys(KEYS) | {"network": "cnn", "layer": "relu1", "depth": 2, "step": None}


class Units(Table, per="unit"):
    share: Floats = share("a share", "S0")
    best: Texts = column("a class")
    images: Integers | None = count("images", "images", name="n_images")


class Layer(Table, per="layer"):
    mean: Estimate = column("a mean", "S0", name="mean_{top}")
    n: int = count("images", "images")


def test_columns_follow_from_fields():
    assert [(each.name, each.type, each.range) for each in Units.columns()] == [
        ("share", "number", (0, 1)),
        ("best", "text", (None, None)),
        ("n_images", "integer", (0, None)),
    ]
    assert [each.has_interval for each in Layer.columns()] == [True, False]


def test_a_table_has_keys_units_and_columns_in_order():
    table = arrow(Units(of=LAYER, share=np.array([0.5, np.nan]), best=["cat", None], images=None), {})
    assert table.column_names == [*KEYS, "unit", "share", "best", "n_images"]
    assert table["unit"].to_pylist() == [0, 1]
    # undefined is not the same as not measured
    assert np.isnan(table["share"].to_pylist()[1])
    assert table["share"].null_count == 0
    assert table["n_images"].to_pylist() == [None, None]
    assert table["step"].type == pa.int64()


def test_a_table_of_a_layer_has_one_row_and_the_ends_of_intervals():
    row = arrow(Layer(of=LAYER, mean=Estimate(*map(np.float64, (2, 1, 3))), n=4), {"top": 9}).to_pylist()[0]
    assert [row[f"mean_9{ending}"] for ending in ("", "_low", "_high")] == [2, 1, 3]
    assert row["n"] == 4


def test_masked_values_were_not_measured():
    values = np.ma.masked_array([1, 2], mask=[False, True])
    table = arrow(Units(of=LAYER, share=np.zeros(2), best=["a", "b"], images=values), {})
    assert table["n_images"].to_pylist() == [1, None]


def test_a_table_without_rows_has_its_columns():
    assert schema(Layer, {"top": 9}).empty_table().column_names[-4:] == [
        "mean_9",
        "mean_9_low",
        "mean_9_high",
        "n",
    ]


def test_a_field_of_another_type_is_refused_at_import():
    with pytest.raises(TypeError, match=r"test_declaration\.Wrong\.values: no column has this type"):

        class Wrong(Table, per="unit"):
            values: list[int] = column("values")


def measure(tables, parameters):
    return Measure("mine", "Mine", {"layer": Recordings()}, tables, print, parameters=parameters)


def test_two_tables_with_one_column_are_refused_at_import():
    class Again(Table, per="unit"):
        share: Floats = share("the same name", "S0")

    with pytest.raises(TypeError, match="measure mine: two columns 'share' with a row per unit"):
        measure({"units": Units, "again": Again}, declared("sparsity").parameters)


def test_a_parameter_without_range_is_refused_at_import():
    @dataclass(frozen=True)
    class Parameters:
        top: int = 3

    with pytest.raises(TypeError, match="measure mine: parameter 'top' has no range"):
        measure({"units": Units}, Parameters)


def test_jobs_do_not_depend_on_parameters_that_others_read():
    @dataclass(frozen=True)
    class Parameters:
        top: Annotated[int, Ge(1)] = 3
        shown: Annotated[int, Ge(1), ELSEWHERE] = 3

    assert measure({"units": Units}, Parameters).parameter_names() == ["top"]


@pytest.mark.parametrize("per", ["unit", "layer"])
def test_census_columns_are_unique(per):
    names = Counter(each.name for name in DECLARED for each in declared(name).census_columns(per))
    assert [name for name, number in names.items() if number > 1] == []
