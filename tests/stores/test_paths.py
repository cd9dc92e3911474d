"""Names of layers in paths."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from census.stores.paths import ESCAPED, LONGEST, layer_name, path_name


@given(st.text(min_size=1))
@example("conv-1")
@example("größe 2")
@example("a/b::c")
@example("head[0]")
@example("..")
@example("-rf")
@example("~2F")
@example("~~")
@example("100%")
@example("\ud800")
@example("日本語" * 40)
def test_escaping_any_name_is_invertible(name):
    path = path_name(name)
    assert re.fullmatch(ESCAPED, path)
    assert path[0] not in ".-"
    assert len(path) <= LONGEST
    assert layer_name(path, [name, "another"]) == name
    # what has no need to be shortened is known from the path alone
    if "~~" not in path:
        assert layer_name(path) == name


@given(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.]{0,149}", fullmatch=True))
def test_safe_names_are_kept(name):
    assert path_name(name) == name


@given(st.sets(st.text(min_size=1), min_size=2, max_size=2))
@example({"x" * 200, "x" * 201})
@example({"ä" * 60, "ä" * 61})
def test_different_names_have_different_paths(names):
    assert len(set(map(path_name, names))) == 2


def test_a_shortened_name_is_found_among_layers():
    names = [f"{'block.' * 40}{number}" for number in range(3)]
    assert [layer_name(path_name(name), names) for name in names] == names
    assert layer_name(path_name(names[0])) == path_name(names[0])


@pytest.mark.parametrize(
    ("name", "path"),
    [("conv-1", "conv-1"), ("größe 2", "gr~C3~B6~C3~9Fe~202"), ("a/b::c", "a~2Fb~3A~3Ac"), (".x", "~2Ex")],
)
def test_escaped_names(name, path):
    assert path_name(name) == path
