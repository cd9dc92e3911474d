"""Directions of families in a browser: the list of a layer, and the page of a direction."""

import pytest

from census.atlas.site import read_data
from tests.atlas.test_browser import WIDTHS, be_wide

pytestmark = pytest.mark.slow

LIST = "#/net/set/early?view=directions"


def directions(reader):
    return [text.replace("\n", " ") for text in reader.texts("table.units tbody th")]


def test_top_images_are_those_of_the_direction_of_a_row(atlas):
    """The census is in another order than the store."""
    data = atlas / "data/net/set"
    index = read_data(data / "run.js")["images"]["index"]
    found = read_data(data / "directions/early.js")
    columns = found["columns"]
    assert columns["family"] == ["svd", "svd", "units", "units"]
    assert columns["energy"] == [0.5, 0.125, 0.75, 0.25]
    tops = [[index[place] if place >= 0 else None for place in row] for row in found["top"]["image"]]
    assert tops == [[20, 11], [None, None], [11, 10], [39, 38]]
    assert not (data / "directions/wide.js").exists()


@WIDTHS
def test_a_layer_lists_its_directions_with_their_measures(reader, plan, width):
    be_wide(reader, width)
    reader.open("#/net/set/early")
    reader.click("#view-directions")
    assert reader.route() == LIST
    # units first, as in figures; columns as in the table, whatever they are
    assert directions(reader) == ["Units 0", "Units 1", "Singular vectors 0", "Singular vectors 1"]
    headings = [text.strip() for text in reader.texts("table.units thead th")]
    assert headings == [
        "Direction",
        "Top patches",
        "Energy",
        "Preferred class",
        "Nearest unit",
        "Added later",
    ]
    assert reader.js("[...document.querySelectorAll('tbody .some')].map((each) => each.children.length)") == [
        *(2, 2, 2, 1)
    ]
    assert plan.hostile in reader.texts("table.units td")
    assert "share of the codes" in reader.js("document.getElementById('sort-energy').title")
    reader.click("#sort-energy")
    assert directions(reader)[:2] == ["Units 0", "Singular vectors 0"]
    from selenium.webdriver.support.ui import Select

    reader.follow(lambda: Select(reader.driver.find_element("id", "family")).select_by_value("svd"))
    assert reader.route() == f"{LIST}&sort=-energy&family=svd"
    assert directions(reader) == ["Singular vectors 0", "Singular vectors 1"]
    reader.open("#/net/set/wide")
    assert reader.js("document.getElementById('view-directions')") is None


@WIDTHS
def test_a_direction_has_a_page(reader, keys, width):
    be_wide(reader, width)
    reader.open(LIST)
    reader.click("table.units tbody tr:nth-child(3) a")
    assert reader.route() == "#/net/set/early/svd/0"
    assert reader.texts("#crumbs a") == [
        "Networks",
        "net on set",
        "early",
        "Directions",
        "singular vectors, 0",
    ]
    assert reader.texts("h1")[0].startswith("Singular vectors, 0")
    assert len(reader.js("[...document.querySelectorAll('.large-patches .patch')]")) == 2
    assert [
        text.split(":")[0]
        for text in reader.js(
            "[...document.querySelectorAll('#top .zoom')].map((each) => each.title.split(',')[0])"
        )
    ] == ["Image 20", "Image 11"]
    assert reader.js("document.querySelectorAll('#top .box').length") == 2
    rows = {text.split("\n")[0].split("\t")[0]: text for text in reader.texts(".standings tbody tr")}
    assert "0.500" in rows["Energy"]
    # above the other one of its family, and above one of two units
    assert rows["Energy"].count("above 1 of 2") == 2
    reader.click(".standings a")
    assert reader.route() == "#/net/set/early/2"
    reader.follow(reader.driver.back)
    reader.follow(lambda: reader.press(keys.ARROW_RIGHT))
    assert reader.route() == "#/net/set/early/svd/1"
    assert "The direction is never active." in reader.texts("#patches")[0]
    reader.follow(lambda: reader.press("u"))
    assert reader.route().startswith(LIST)
