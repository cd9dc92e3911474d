"""Declared columns of the census and the page generated from them."""

import runpy
from pathlib import Path

import pytest

from census.tables.dictionary import TABLES, TYPES, columns_of, dictionary

MAKE = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "make_dictionary.py"))


def test_the_page_is_made_from_the_declaration():
    assert MAKE["PAGE"].read_text() == MAKE["page"](), "run `make docs`"


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_declared_once_and_completely(table):
    columns = columns_of(table)
    names = [column.name for column in columns]
    assert len(set(names)) == len(names)
    for column in columns:
        assert column.type in TYPES
        assert column.definition
        assert column.source
        bounds = column.least, column.greatest
        assert column.type != "text" or bounds == (None, None), column.name
        if None not in bounds:
            assert column.least < column.greatest, column.name


def test_intervals_follow_their_column():
    names = [column.name for column in columns_of("layers")]
    place = names.index("hoyer")
    assert names[place : place + 3] == ["hoyer", "hoyer_low", "hoyer_high"]


def test_ranges_are_written_as_intervals():
    ranges = {column.name: column.range for column in columns_of("units")}
    assert ranges["gini"] == "[0, 1]"
    assert ranges["variance"] == "[0, inf)"
    assert ranges["mean_activation"] == "(-inf, inf)"
    assert ranges["top_class_1"] == ""


def test_names_contain_parameters_of_the_study():
    assert "reconstruction_error_8" in {column.name for column in columns_of("layers")}
    table = dictionary(components=5).to_pydict()
    place = table["name"].index("reconstruction_error_5")
    assert "first 5 components" in table["definition"][place]
