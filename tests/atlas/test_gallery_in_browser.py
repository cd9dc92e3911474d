"""The grid of a layer's units in a browser: order, colors, clusters, keys, and the time of 2,048 units."""

import pytest

from census.atlas.site import read_data, write_data
from tests.atlas.test_browser import WIDTHS, be_wide

pytestmark = pytest.mark.slow

EARLY, WIDE = "#/net/set/early", "#/net/set/wide"
MANY = 2048


def tiles(reader):
    """Return the numbers of the units in the grid, in its order."""
    return reader.js(
        "[...document.querySelectorAll('.tile')].map((each) => each.href.match(/(\\d+)(\\?|$)/)[1])"
    )


@WIDTHS
def test_a_layer_opens_with_the_images_of_its_units(reader, width, plan):
    be_wide(reader, width)
    reader.open(EARLY)
    assert tiles(reader) == ["0", "1", "2"]
    assert reader.texts("#found") == ["3 units"]
    assert reader.js(
        "[...document.querySelectorAll('.tile')].map((each) => each.querySelectorAll('.patch').length)"
    ) == [*(4, 0, 4)]
    assert "inactive" in reader.texts(".tile")[1]
    reader.click(".gallery li:last-child a")
    assert reader.route() == "#/net/set/early/2"
    reader.follow(reader.driver.back)
    reader.click("#view-table")
    assert reader.route() == f"{EARLY}?view=table"
    reader.click("#view-images")
    assert reader.route() == EARLY


def test_a_patch_is_what_a_position_sees(reader, plan):
    reader.open(EARLY)
    # position (1, 2) sees rows 3 to 8 and columns 7 to 12 of the image, here 44 pixels wide
    size, place = reader.js(
        "((style) => [style.backgroundSize, style.backgroundPosition])"
        "(document.querySelector('.patch').style)"
    )
    scale = 44 / 5
    run = read_data(reader.folders[0] / "data/net/set/run.js")
    across = min(run["images"]["columns"], run["images"]["sheets"][0][1])
    assert float(size.split("px")[0]) == pytest.approx(across * plan.size * scale, rel=1e-3)
    at = run["images"]["index"].index(plan.n_images - 1)
    left, top = (-float(each.strip("px ")) / scale for each in place.split(" "))
    assert [left, top] == pytest.approx(
        [plan.size * (at % across) + 7, plan.size * (at // across) + 3], rel=1e-3
    )


def choose(reader, name, value):
    from selenium.webdriver.support.ui import Select

    reader.follow(lambda: Select(reader.driver.find_element("id", name)).select_by_value(value))


def test_units_are_ordered_and_colored_by_any_measure(reader):
    reader.open(EARLY)
    choose(reader, "order", "gini")
    assert reader.route() == f"{EARLY}?sort=-gini"
    assert tiles(reader) == ["2", "0"]
    assert reader.texts(".tile .value") == ["0.750", "0.250"]
    reader.click("#direction")
    assert tiles(reader) == ["0", "2"]
    choose(reader, "color", "gini")
    assert reader.route() == f"{EARLY}?sort=gini&color=gini"
    colors = reader.js(
        "[...document.querySelectorAll('.patches')].map((each) => getComputedStyle(each).backgroundColor)"
    )
    assert len(set(colors)) == 2
    assert reader.texts(".scale") == ["Gini\n0.250\n0.750"]
    choose(reader, "order", "")
    assert reader.texts(".scale") == ["Gini\n0.250\n0.750\nundefined"]
    assert len(reader.js("[...document.querySelectorAll('.patches.hatched')]")) == 1
    choose(reader, "color", "rs_iam")
    assert "not measured" in reader.texts(".scale")[0]


def test_texts_color_by_their_frequency(reader, plan):
    reader.open(f"{WIDE}?color=top_class_1")
    legend = reader.texts(".scale")[0].split("\n")
    assert legend[0] == "Most common class"
    assert f"{plan.hostile} (171)" in legend


def test_clusters_are_kept_together(reader):
    reader.open(f"{WIDE}?sort=-gini")
    reader.click("#clusters")
    assert reader.route() == f"{WIDE}?sort=-gini&group=cluster"
    # unit 511 has the highest Gini index; units 311 and 111 are of its cluster
    assert tiles(reader)[:4] == ["511", "311", "111", "510"]
    assert reader.texts(".gallery-host h3")[0] == "Cluster 111 3 units"
    assert len(tiles(reader)) == len(set(tiles(reader))) == 512
    reader.click(".tile")
    assert reader.texts("#next") == ["311 →"]
    reader.open(f"{EARLY}?group=cluster")
    assert reader.texts(".gallery-host h3") == ["Clusters of one unit 2 units", "In no cluster 1 unit"]


def test_numbers_appear_under_the_pointer_and_the_focus(reader, keys):
    from selenium.webdriver.common.action_chains import ActionChains

    reader.open(f"{EARLY}?sort=-gini")
    assert not reader.js("document.getElementById('tip').checkVisibility()")
    ActionChains(reader.driver).move_to_element(
        reader.driver.find_elements("css selector", ".tile")[1]
    ).perform()
    reader.wait("document.getElementById('tip').checkVisibility()")
    assert reader.texts("#tip")[0].split("\n")[:3] == ["Unit 0", "Gini", "0.250"]
    reader.press(keys.ESCAPE)
    assert not reader.js("document.getElementById('tip').checkVisibility()")
    ActionChains(reader.driver).move_to_element(reader.driver.find_element("css selector", "h1")).perform()
    # the tab key reaches one tile, arrow keys the others
    reader.js("document.getElementById('inactive').scrollIntoView()")
    reader.js("document.getElementById('active').focus()")
    reader.press(keys.TAB)
    reader.press(keys.ARROW_RIGHT)
    assert reader.texts("#tip strong") == ["Unit 0"]
    assert reader.js("document.activeElement.getAttribute('aria-label')") == "Unit 0, Gini 0.250"
    reader.press(keys.HOME)
    assert reader.texts("#tip strong") == ["Unit 2"]
    assert reader.route() == f"{EARLY}?sort=-gini"
    reader.follow(lambda: reader.press(keys.ENTER))
    assert reader.route() == "#/net/set/early/2?sort=-gini"


def test_the_tip_describes_one_unit_at_a_time(reader):
    from selenium.webdriver.common.action_chains import ActionChains

    reader.open(EARLY)
    described = "[...document.querySelectorAll('[aria-describedby=tip]')].map((each) => each.dataset.row)"
    for place in (0, 2):
        tile = reader.driver.find_elements("css selector", ".tile")[place]
        ActionChains(reader.driver).move_to_element(tile).perform()
        reader.wait(f"document.querySelector('#tip strong')?.textContent === 'Unit {place}'")
        assert reader.js(described) == [str(place)]
    ActionChains(reader.driver).move_to_element(reader.driver.find_element("css selector", "h1")).perform()
    reader.wait("document.getElementById('tip').hidden")
    assert reader.js(described) == []


@pytest.fixture(scope="module")
def many(planted, plan, tmp_path_factory):
    """An atlas with a layer of 2,048 units."""
    folder = plan.make_atlas(planted, tmp_path_factory.mktemp("many") / "atlas")
    times = MANY // plan.wide
    run = read_data(folder / "data/net/set/run.js")
    run["layers"][1]["shape"][0] = MANY
    write_data(folder / "data", "net/set/run", run)
    columns = read_data(folder / "data/net/set/layers/wide.js")["columns"]
    columns = {name: values * times for name, values in columns.items()} | {"unit": [*range(MANY)]}
    write_data(folder / "data", "net/set/layers/wide", {"columns": columns})
    tiles = read_data(folder / "data/net/set/tiles/wide.js")
    write_data(folder / "data", "net/set/tiles/wide", {name: each * times for name, each in tiles.items()})
    return folder


@pytest.mark.parametrize("state", ["", "?sort=-gini&color=gini&group=cluster", "?view=table&sort=-gini"])
def test_many_units_appear_at_once(reader, many, state):
    reader.page = (many / "index.html").as_uri()
    reader.folders.append(many)
    reader.open(f"{WIDE}{state}")
    painted, complete = reader.driver.execute_async_script(
        "const done = arguments[0]; requestAnimationFrame(() => setTimeout(() => done(["
        "performance.getEntriesByName('first-contentful-paint')[0].startTime, performance.now()])));"
    )
    print(f"2,048 units {state}: first paint {painted:.0f} ms, complete {complete:.0f} ms")
    assert painted < 1000
    assert complete < 1500
    assert len(tiles(reader)) in (0, MANY, MANY - 4)
