"""Two layers side by side in a browser: values and images, final and untrained."""

import pytest

from census.atlas.site import read_data, write_data
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
    choose(reader, "checkpoint-a", "0")
    assert "checkpoint_a=0" in reader.route()
    reader.click("#side-b .tile")
    assert reader.route() == "#/net/set/wide/199"
    reader.follow(reader.driver.back)
    assert reader.texts(".two h2")[0] == "early net on set, untrained"


@WIDTHS
def test_checkpoints_of_a_layer_stand_side_by_side(reader, width):
    be_wide(reader, width)
    reader.open("#/compare?a=net/set/early")
    choose(reader, "checkpoint-b", "5")
    assert reader.route() == "#/compare?a=net/set/early&b=net/set/early&checkpoint_b=5"
    assert table(reader, "b")["95 %"] == "0.625"
    choose(reader, "checkpoint-a", "0")
    assert reader.texts(".two h2") == ["early net on set, untrained", "early net on set, step 5"]
    assert table(reader, "a")["95 %"] == "0.500"
    reader.click("#view-images")
    assert reader.texts("#side-b .tile .value") == ["0.625", "0.200", "undefined"]
    # all of them
    reader.click("#view-training")
    assert reader.texts("#side-a tbody tr") == [
        "untrained\t0.125\t0.500\t0.500\t2",
        "step 5\t0.200\t0.625\t0.625\t2",
        "final, step 7\t0.250\t0.750\t0.750\t2",
    ]
    # on the other side, another layer
    assert reader.texts(".two h2") == [f"{name} net on set, all checkpoints" for name in ("early", "wide")]
    reader.wait("document.querySelectorAll('svg.depth').length === 2")
    labels = reader.js(
        "[...document.querySelectorAll('svg.depth')].map((each) => each.getAttribute('aria-label'))"
    )
    assert labels[0] == "Gini, median at checkpoints: untrained 0.500, step 5 0.625, final, step 7 0.750"
    ticks = reader.js(
        "['a', 'b'].map((side) => [...document.querySelectorAll(`#side-${side} .tick`)]"
        ".map((each) => each.textContent))"
    )
    assert ticks[0] == ticks[1]
    assert ticks[0][-3:] == ["untrained", "5", "final"]


def test_a_layer_without_earlier_checkpoints_says_so(reader, plan, planted, tmp_path):
    other = plan.make_atlas(planted, tmp_path / "atlas")
    run = read_data(other / "data/net/set/run.js")
    write_data(other / "data", "net/set/run", run | {"checkpoints": []})
    reader.page = (other / "index.html").as_uri()
    reader.folders.append(other)
    reader.open("#/compare?view=training&measure=gini")
    assert reader.texts(".two .meaning") == ["The atlas has only the final checkpoint of this layer."] * 2
    assert reader.texts("#side-a tbody tr") == ["final, step 7\t0.250\t0.750\t0.750\t2"]
