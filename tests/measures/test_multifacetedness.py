"""Multifacetedness from tables of concepts: what is undefined, of inactive units and of the image."""

import numpy as np
import pyarrow as pa
import pytest

from census.measures import concepts
from census.measures.declaration import NoParameters
from census.measures.multifacetedness import Layer, Units, compute
from census.tables.arrow import arrow
from census.tables.keys import KEYS

DEGREES = {"input": [9.0, 1.0, 2.0], "relu1": [1.0, 2.0, np.nan, np.inf]}


def of_concepts(layer, depth):
    """Return the tables of a layer whose units have the degrees above."""
    degrees = np.array(DEGREES[layer])
    of = dict.fromkeys(KEYS, "") | {"step": None, "checkpoint": "final", "layer": layer, "depth": depth}
    of["kind"] = "input" if layer == "input" else "nonlinearity"
    numbers = {each.field: 0 for each in concepts.Units.columns() if each.type == "integer"}
    texts = {each.field: None for each in concepts.Units.columns() if each.type == "text"}
    values = {each.field: np.full(len(degrees), 0.5) for each in concepts.Units.columns()}
    sizes = np.where(np.isnan(degrees), 0, 5)
    values |= {**numbers, **texts, "mf_degree": degrees, "n_top_images": sizes}
    row = {each.field: 1 for each in concepts.Layer.columns()} | {"top": 5, "n_images": 10}
    return arrow(concepts.Units(of=of, **values), {}), arrow(concepts.Layer(of=of, **row), {})


@pytest.fixture
def found():
    tables = zip(of_concepts("relu1", 1), of_concepts("input", 0), strict=True)
    results = compute(*map(pa.concat_tables, tables), NoParameters(), 0)
    return {(type(each), each.of["layer"]): each for each in results}


def test_units_are_compared_with_the_mean_of_the_network(found):
    units = found[Units, "relu1"]
    assert units.faceted == ["single", "multi", None, "multi"]
    np.testing.assert_array_equal(units.mf_normalized, [0.5, 1, np.nan, np.inf])
    layer = found[Layer, "relu1"]
    assert (layer.mf_network_mean, layer.mf_min, layer.mf_max) == (1.5, 1, np.inf)
    assert (layer.n_sf, layer.share_sf, layer.n_mf, layer.n_even_units) == (1, 0.25, 2, 1)


def test_the_input_has_no_units_of_the_network(found):
    units, layer = found[Units, "input"], found[Layer, "input"]
    assert units.faceted == [None, None, None]
    assert np.isnan([*units.mf_normalized, *units.mf_p_normal, layer.share_sf, layer.share_mf]).all()
    # undefined is not the same as not measured
    assert arrow(units, {})["mf_normalized"].null_count == 0
