"""What a search reads: columns of all units of a run, and few files."""

import base64

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.atlas import generate
from census.atlas.search import write_search
from census.atlas.site import read_data
from census.atlas.tables import columns_of_layer, kinds_of_columns


def column(path):
    """Return the values of a column, as those of a layer's file."""
    found = read_data(path)
    places = np.frombuffer(base64.b64decode(found["places"]), f"<u{found['bytes']}")
    if "texts" in found:
        return [[*found["texts"], None][place] for place in places]
    values = np.frombuffer(base64.b64decode(found["numbers"]), "<f8").tolist()
    return [[*values, None][place] for place in places]


@pytest.mark.parametrize(("n", "size"), [(4, 1), (300, 2), (70_000, 4)])
def test_columns_hold_the_values_of_layers(tmp_path, n, size):
    random = np.random.default_rng(0)
    values = random.uniform(size=n).astype(object)
    values[:4] = [None, np.nan, np.inf, 1 / 3]
    texts = [None, "<b>", "a", *(f"text {each}" for each in range(n - 3))]
    table = pa.table(
        {
            "unit": np.arange(n),
            "value": pa.array(values.tolist(), pa.float64()),
            "flag": [True, False, None, *[True] * (n - 3)],
            "text": texts,
            "never": pa.nulls(n, pa.float64()),
        }
    )
    kinds = kinds_of_columns(table)
    assert write_search(tmp_path, "net/search", table, kinds) == ["value", "flag", "text"]
    expected = columns_of_layer(table, kinds)
    for name in ("value", "flag", "text"):
        found = column(tmp_path / f"net/search/{name}.js")
        is_same = [
            one == (float(other) if isinstance(other, str) and name == "value" else other) or one != one
            for one, other in zip(found, expected[name], strict=True)
        ]
        assert all(is_same)
    assert np.isnan(column(tmp_path / "net/search/value.js")[1])
    if n > 300:  # most are distinct when rounded to five digits
        assert read_data(tmp_path / "net/search/text.js")["bytes"] == size


def test_equal_values_are_written_once(tmp_path):
    table = pa.table({"value": [0.123456, 0.123457, None, 0.5]})
    write_search(tmp_path, "search", table, {"value": "number"})
    assert column(tmp_path / "search/value.js") == [0.12346, 0.12346, None, 0.5]
    assert len(base64.b64decode(read_data(tmp_path / "search/value.js")["numbers"])) == 16


@pytest.mark.slow
def test_pages_load_only_the_files_that_they_show(reader, tmp_path):
    runs, layers, units = 3, 20, 30
    folder = tmp_path / "atlas"
    generate(folder, runs, layers, units)
    reader.page = (folder / "index.html").as_uri()
    reader.folders.append(folder)

    def loaded(route, condition="true"):
        reader.requests()
        reader.open(route)
        reader.wait(condition)
        data = f"{(folder / 'data').as_uri()}/"
        found = {url.removeprefix(data) for url in reader.requests() if url.startswith(data)}
        return {name for name in found if not name.endswith(".webp")}

    def of_runs(*names):
        return {f"net{run}/set/{name}.js" for run in range(runs) for name in names}

    values = np.array([column(folder / f"data/net{run}/set/search/gini.js") for run in range(runs)])
    assert values.shape == (runs, layers * units)
    run, row = divmod(int(np.argmax(values)), layers * units)
    layer = f"net{run}/set/{{}}/layer{row // units}.js"
    assert loaded("#/networks") == of_runs("run")
    # one unit is found: of all layers, only its own is loaded
    searched = of_runs("run", "search/gini", "search/active_fraction")
    complete = (
        "[...document.querySelectorAll('.units tbody tr')].every((each) => !each.textContent.includes('…'))"
        " && document.querySelector('.some .thumb')"
    )
    assert loaded(f"#/search?where=gini:from:{np.max(values)}", complete) == searched | {
        layer.format("layers"),
        layer.format("tiles"),
    }
    assert reader.texts("#found") == ["1 unit in 1 layer"]
    assert reader.texts(".units tbody .where") == [f"net{run} layer{row // units}"]
    # all units are found: as many layers are loaded as rows are in view
    found = loaded("#/search?where=gini:from:0&sort=-gini", complete.replace("every", "some"))
    assert found >= searched
    assert len(found - searched) < 60
    # in one network only
    assert loaded("#/search?text=nothing&in=net1/set") == {
        *of_runs("run"),
        *(
            f"net1/set/search/{name}.js"
            for name in ("active_fraction", "top_class_1", "top_class_2", "selective_class")
        ),
    }
    # a layer
    assert loaded("#/net2/set/layer3") == {
        f"net2/set/{name}.js" for name in ("run", "layers/layer3", "tiles/layer3")
    }
