"""Two layers side by side in a browser: values and images, final and untrained."""

import pytest

from tests.atlas.test_browser import WIDTHS, be_wide

pytestmark = pytest.mark.slow


def choose(reader, name, value):
    from selenium.webdriver.support.ui import Select

    reader.follow(lambda: Select(reader.driver.find_element("id", name)).select_by_value(value))


def table(reader, side):
    rows = reader.texts(f"#side-{side} tbody tr")
    return dict(row.replace("\u00a0", " ").rsplit("\t", 1) for row in rows)


@WIDTHS
def test_a_layer_is_compared_with_its_untrained_checkpoint(reader, width):
    be_wide(reader, width)
    reader.open("#/net/set/early")
    reader.click("#compare")
    assert reader.route() == "#/compare?a=net/set/early"
    assert reader.texts(".two h2") == ["early net on set, final", "early net on set, untrained"]
    # gini is 0.25, undefined and 0.75; untrained 0.125, undefined and 0.5
    found = table(reader, "a")
    assert (found["5 %"], found["median"], found["95 %"]) == ("0.250", "0.750", "0.750")
    assert (found["units with a value"], found["undefined"]) == ("2 of 3", "1")
    assert table(reader, "b")["95 %"] == "0.500"
    reader.wait("document.querySelectorAll('.histogram').length === 2")
    # both have the axis of both
    ticks = [
        reader.js(
            f"[...document.querySelectorAll('#side-{side} .histogram .tick')].map((each) => each.textContent)"
        )
        for side in "ab"
    ]
    assert ticks[0][1:] == ticks[1][1:]


def test_both_sides_and_the_measure_are_in_the_address(reader):
    reader.open("#/compare")
    choose(reader, "checkpoint-b", "")
    choose(reader, "layer-b", "wide")
    assert reader.route() == "#/compare?a=net/set/early&b=net/set/wide"
    assert reader.texts(".two h2") == ["early net on set, final", "wide net on set, final"]
    choose(reader, "measure", "cluster")
    assert "measure=cluster" in reader.route()
    reader.click("#view-images")
    assert "view=images" in reader.route()
    found = reader.js("['a', 'b'].map((side) => document.querySelectorAll(`#side-${side} .tile`).length)")
    assert found == [3, 60]
    choose(reader, "checkpoint-a", "untrained")
    assert "untrained=a" in reader.route()
    reader.click("#side-b .tile")
    assert reader.route() == "#/net/set/wide/199"
    reader.follow(reader.driver.back)
    assert reader.texts(".two h2")[0] == "early net on set, untrained"
