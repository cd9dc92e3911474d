"""Files of the atlas: no string can end a script, and output is reproducible."""

import json
import re

import pytest

from census.atlas.site import SCRIPTS, STATIC, data_script, definitions, read_data, write_data

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--",
    "]]>",
    "a\u2028b\u2029c",
    "&lt;",
    '"\\\n\t\x00',
    "ä€😀",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_data_come_back_and_hold_nothing_that_ends_a_script(tmp_path, text):
    data = {"text": [text, {text: 1}], "none": None}
    script = data_script("a/b", data)
    assert not re.search("[<>&\u2028\u2029]", script)
    assert len(script.splitlines()) == 1
    write_data(tmp_path, "a/b", data)
    assert (tmp_path / "a" / "b.js").read_text() == script
    assert read_data(tmp_path / "a" / "b.js") == data


def test_what_json_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="JSON compliant"):
        data_script("a", [float("nan")])


def test_a_file_that_holds_something_else_is_named(tmp_path):
    (tmp_path / "x.js").write_text("alert(1)")
    with pytest.raises(ValueError, match=r"x\.js holds no data"):
        read_data(tmp_path / "x.js")


def test_definitions_are_those_of_units():
    rows = [
        {"table": "units", "name": "gini", "definition": "a", "unit": "", "range": "0 to 1"},
        {"table": "layers", "name": "gini", "definition": "b"},
    ]
    assert definitions(rows, "units") == {"gini": {"range": "0 to 1", "definition": "a"}}


def test_all_scripts_are_part_of_the_page():
    assert {path.name for path in STATIC.glob("*.js")} == set(SCRIPTS)


def test_the_page_asks_for_nothing_else(atlas):
    page = (atlas / "index.html").read_text()
    assert re.findall(r'(?:src|href)="([^"#]+)"', page) == ["data:,", "style.css", "atlas.js", "data.js"]
    assert "url(" not in (atlas / "style.css").read_text()
    assert json.dumps("default-src 'none'")[1:-1] in page
