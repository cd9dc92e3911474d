"""Lists of units in a browser: what they leave out, where they lead, and how a reader comes back."""

import csv
import time

import pytest

from census.atlas.site import read_data, write_data
from tests.atlas.test_browser import LAYER, WIDE_LAYER, WIDTHS, be_wide, rows

pytestmark = pytest.mark.slow


def type_minimum(reader, *typed):
    """Replace the minimum active fraction by what a reader types."""
    reader.js("document.getElementById('active').select()")
    reader.driver.find_element("id", "active").send_keys(*typed)


def test_rankings_leave_out_units_that_respond_to_almost_nothing(reader, keys):
    reader.open(LAYER)
    assert rows(reader) == ["0", "1", "2"]
    reader.click("#sort-gini")
    assert rows(reader) == ["2", "0"]
    assert reader.texts("#found, #inactive") == ["2 of 3 units", "leaves out 1 unit"]
    field = reader.driver.find_element("id", "active")
    assert field.get_attribute("value") == "0.001"
    reader.follow(lambda: type_minimum(reader, "0.5", keys.ENTER))
    assert reader.route() == f"{LAYER}&sort=-gini&active=0.5"
    assert rows(reader) == ["0"]
    # who asks for inactive units finds them
    reader.open("#/search?where=active_fraction:is:0")
    assert rows(reader) == ["1"]
    assert reader.texts("#active") == []


def test_a_minimum_that_is_no_number_is_reset(reader, keys):
    field = "document.getElementById('active')"
    reader.open(f"{LAYER}&sort=-gini&active=0.5")
    for words in ("0,2", "-1", "few"):
        type_minimum(reader, words, keys.ENTER)
        assert reader.js(f"{field}.value") == "0.5"
        assert reader.route() == f"{LAYER}&sort=-gini&active=0.5"
    reader.follow(lambda: type_minimum(reader, keys.BACKSPACE, keys.ENTER))
    assert reader.route() == f"{LAYER}&sort=-gini"
    type_minimum(reader, keys.BACKSPACE, keys.ENTER)
    assert reader.js(f"{field}.value") == "0.001"


def test_rankings_leave_out_inputs_and_pooling(reader, plan, planted, tmp_path):
    pooled = plan.make_atlas(planted, tmp_path / "atlas")
    run = read_data(pooled / "data/net/set/run.js")
    run["layers"][1]["kind"] = "pooling"
    write_data(pooled / "data", "net/set/run", run)
    reader.page = (pooled / "index.html").as_uri()
    reader.folders.append(pooled)
    reader.open("#/search?where=top_class_1:is:Bag")
    assert reader.texts("#found") == ["1 unit in 1 layer"]
    reader.click("#kinds")
    assert reader.route() == "#/search?where=top_class_1:is:Bag&kinds=all"
    assert reader.texts("#found") == ["172 units in 2 layers"]


@pytest.mark.parametrize(
    ("route", "order"),
    [(LAYER, "ascending"), ("#/search?text=bag", None), ("#/search?text=bag&sort=-unit", "descending")],
)
def test_a_table_is_marked_as_sorted_if_it_is(reader, route, order):
    reader.open(route)
    marked = "document.getElementById('sort-unit').closest('th').getAttribute('aria-sort')"
    assert reader.js(marked) == order
    assert reader.js("document.querySelectorAll('[aria-sort]').length") == (order is not None)


@pytest.mark.parametrize(
    ("words", "expected"),
    [("bag early", ["2"]), ("EARLY unit 0", ["0"]), ("alert(1)</script> early", ["0"]), ("nothing", [])],
)
def test_words_are_searched_in_all_texts(reader, words, expected):
    reader.open("#/search")
    field = reader.driver.find_element("id", "text")
    reader.follow(lambda: field.send_keys(words, "\n"))
    assert rows(reader) == expected


def test_units_follow_each_other_as_in_the_list_they_are_opened_from(reader, keys):
    reader.open(f"{WIDE_LAYER}&where=gini:below:0.01&sort=-gini")
    assert rows(reader) == ["5", "4", "3", "2", "1", "0"]
    reader.click("table.units tbody tr:nth-child(2) a")
    assert reader.texts("#list") == ["2 of 6 in the list, by Gini"]
    assert reader.texts("#prev, #next") == ["← 5", "3 →"]
    reader.follow(lambda: reader.press(keys.ARROW_RIGHT))
    assert reader.route() == "#/net/set/wide/3?view=table&where=gini:below:0.01&sort=-gini"
    reader.follow(lambda: reader.press("u"))
    assert rows(reader) == ["5", "4", "3", "2", "1", "0"]
    # in a search over layers, the next unit may be one of another layer
    reader.open("#/search?text=bag&where=gini:above:0.7&sort=gini")
    reader.click("table.units tbody a")
    assert reader.texts("#prev, #next") == ["364 →"]
    seen = []
    while reader.texts("#next"):
        reader.click("#next")
        seen.append(reader.route().split("?")[0])
    assert "#/net/set/early/2" in seen
    reader.click("#list")
    assert reader.route() == "#/search?where=gini:above:0.7&text=bag&sort=gini"


def test_units_outside_of_the_list_of_an_address_follow_by_number(reader):
    reader.open("#/net/set/wide/7?where=gini:above:0.5")
    assert reader.texts("#list") == []
    assert reader.texts("#prev, #next") == ["← 6", "8 →"]


@WIDTHS
def test_readers_come_back_to_the_place_they_left(reader, width):
    be_wide(reader, width)
    reader.open(f"{WIDE_LAYER}&sort=-gini")
    table = "document.querySelector('.scroll.table')"
    reader.js(f"{table}.scrollTo(40, 3000)")
    reader.js("window.scrollTo(0, 250)")
    before = reader.js(f"[window.scrollY, {table}.scrollTop, {table}.scrollLeft]")
    assert before[:2] == [250, 3000]
    # the heading stays in sight
    head = reader.js("document.querySelector('.units thead th').getBoundingClientRect().top")
    assert head == pytest.approx(reader.js(f"{table}.getBoundingClientRect().top"), abs=2)
    unit = reader.js("[...document.querySelectorAll('.units tbody tr')][99].querySelector('a').hash")
    reader.follow(lambda: reader.js("location.assign(arguments[0])", unit))
    assert reader.js("window.scrollY") == 0
    reader.follow(reader.driver.back)
    assert reader.js(f"[window.scrollY, {table}.scrollTop, {table}.scrollLeft]") == before
    reader.driver.get("about:blank")
    reader.driver.back()
    reader.wait()
    assert reader.js(f"[window.scrollY, {table}.scrollTop, {table}.scrollLeft]") == before


def test_readers_stay_where_they_are_when_they_reload(reader):
    table = "document.querySelector('.scroll.table')"
    place = f"[window.scrollY, {table}.scrollTop]"
    reader.open(f"{WIDE_LAYER}&sort=-gini")
    reader.js(f"{table}.scrollTo(0, 3000)")
    reader.js("window.scrollTo(0, 250)")
    reader.driver.refresh()
    reader.wait()
    assert reader.js(place) == [250, 3000]
    # also on the pages before
    reader.follow(lambda: reader.js("location.assign(arguments[0])", "#/net/set"))
    reader.driver.refresh()
    reader.wait()
    assert reader.js("window.scrollY") == 0
    reader.follow(reader.driver.back)
    assert reader.js(place) == [250, 3000]


def test_pages_are_drawn_where_nothing_can_be_stored(reader):
    denied = (
        "Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('denied'); } });"
    )
    script = reader.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": denied})
    try:
        reader.open(LAYER)
        reader.driver.refresh()
        reader.wait()
        assert rows(reader) == ["0", "1", "2"]
    finally:
        reader.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)


def test_a_list_is_saved_with_the_columns_shown(reader, plan, tmp_path):
    reader.driver.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )

    def saved(route, name):
        reader.open(route)
        reader.driver.find_element("id", "csv").click()
        file = tmp_path / name
        for _ in range(500):
            if file.exists():
                break
            time.sleep(0.01)
        with file.open(newline="") as lines:
            return [*csv.reader(lines)]

    found = saved(f"{LAYER}&columns=top_class_1,gini,rs_iam", "net-set-early.csv")
    assert found == [
        ["network", "dataset", "layer", "unit", "top_class_1", "gini", "rs_iam"],
        ["net", "set", "early", "0", plan.hostile, "0.25", "0"],
        ["net", "set", "early", "1", "", "NaN", ""],
        ["net", "set", "early", "2", "Bag", "0.75", "0.5"],
    ]
    # of a search, also columns and rows that are not loaded for the page
    found = saved("#/search?where=top_class_1:is:Bag&columns=mf_degree", "search.csv")
    assert found[:3] == [
        ["network", "dataset", "layer", "unit", "top_class_1", "mf_degree"],
        ["net", "set", "early", "2", "Bag", "Infinity"],
        ["net", "set", "wide", "1", "Bag", "1"],
    ]
    assert len(found) == 173


def test_the_first_column_takes_at_most_a_third_of_a_phone(reader):
    be_wide(reader, 390)
    for route in (f"{LAYER}&sort=-gini", "#/search?where=gini:above:0.1", "#/net/set", "#/"):
        reader.open(route)
        width = reader.js("document.querySelector('.table tbody th:first-child[scope=row]').offsetWidth")
        assert width <= 131


def test_long_names_of_classes_stay_in_one_line(reader, plan, planted, tmp_path):
    named = plan.make_atlas(planted, tmp_path / "atlas")
    run = read_data(named / "data/net/set/run.js")
    run["classes"][0] = "very long " * 30
    write_data(named / "data", "net/set/run", run)
    reader.page = (named / "index.html").as_uri()
    reader.folders.append(named)
    reader.open("#/net/set/early/0")
    assert reader.js(
        "[...document.querySelectorAll('.images .name')].every((each) => each.offsetHeight < 20 && "
        "each.title.includes(each.textContent))"
    )
    assert reader.js("document.documentElement.scrollWidth <= innerWidth")


def test_rings_are_drawn_around_controls_only(reader, keys):
    reader.open(f"{WIDE_LAYER}&sort=-gini")
    ringed = set()
    for _ in range(30):
        reader.press(keys.TAB)
        ringed.add(
            reader.js(
                "((each) => getComputedStyle(each).outlineStyle === 'none' ? null : each.tagName)"
                "(document.activeElement)"
            )
        )
    assert ringed <= {"A", "BUTTON", "SELECT", "INPUT", "SUMMARY", "a", None}
    assert {"A", "SUMMARY", "INPUT"} <= ringed
