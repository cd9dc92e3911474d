"""The page of a unit in a browser: measures by paper, larger and failed images, the untrained network."""

import pytest

from census.atlas.site import read_data, write_data
from tests.atlas.test_browser import WIDTHS, be_wide

pytestmark = pytest.mark.slow


def groups(reader):
    """Return the measures in each group, as they are shown without unfolding."""
    return {
        heading.split("\n")[0]: names
        for heading, names in reader.js(
            "[...document.querySelectorAll('.group')].map((each) => ["
            "each.querySelector('h3').firstChild.textContent, "
            "[...each.querySelectorAll('tbody th')].filter((name) => name.checkVisibility())"
            ".map((name) => name.firstChild.textContent)])"
        )
    }


@WIDTHS
def test_measures_are_grouped_by_paper_and_p_values_folded(reader, width):
    be_wide(reader, width)
    reader.open("#/net/set/early/0")
    assert groups(reader) == {
        "Rupprecht 2017": ["Active fraction"],
        "Sadeghi 2018": ["MF degree", "Gini"],
        "Chen et al. 2018": ["RS IAM"],
        "Zhang 2015": ["Cluster"],
    }
    reader.driver.find_element("css selector", "#folded-S2 summary").click()
    assert groups(reader)["Sadeghi 2018"][2:] == ["Most common class", "Gini chance", "Gini p"]
    reader.driver.find_element("css selector", "#folded-S3 summary").click()
    assert groups(reader)["Chen et al. 2018"][1:] == ["RS IAM failed", "Natural maximum"]
    assert "chance 0.200, reliability 0.870" in reader.texts(".notes")


def test_the_untrained_network_stands_beside_the_trained_one(reader, plan, planted, tmp_path):
    reader.open("#/net/set/early/0")
    headings, gini = reader.js(
        "(() => { const row = [...document.querySelectorAll('.standings.both tr')].find((each) => "
        "each.innerText.startsWith('Gini')); return [row.closest('table').rows[0], row].map((each) => "
        "[...each.children].slice(1, 3).map((cell) => cell.innerText)); })()"
    )
    assert dict(zip(headings, gini, strict=True)) == {"Value": "0.250", "Untrained": "0.125"}
    text = reader.texts("main")[0]
    assert "The same unit before training." in text
    # the images that came first, and their values, are those of the other end
    (untrained,) = reader.js(
        "[...document.querySelectorAll('section')].filter((each) => each.innerText.includes('untrained'))"
        ".map((each) => [...each.querySelectorAll('.zoom')].map((image) => image.title))"
    )
    assert untrained[0] == f"Image 0, {plan.hostile}: 40"
    assert len(untrained) == 6
    # a network that is not trained here has a network of random weights beside it
    other = plan.make_atlas(planted, tmp_path / "atlas")
    run = read_data(other / "data/net/set/run.js") | {"step": None}
    write_data(other / "data", "net/set/run", run)
    reader.page = (other / "index.html").as_uri()
    reader.folders.append(other)
    reader.open("#/net/set/early/0")
    assert "Its unit of the same number is another unit." in reader.texts("main")[0]
    write_data(other / "data", "net/set/run", run | {"untrained": []})
    reader.open("#/net/set/early/0")
    assert "ntrained" not in reader.texts("main")[0]


def test_images_that_failed_are_said_to(reader):
    reader.open("#/net/set/early/0")
    # responses are counted on from 0; the largest on an image of the data set is 10
    strips = reader.texts(".strips:has(.responses)")
    assert strips[0].split("\n") == [
        "Independent activation maximization (IAM) 2 of 3 images failed",
        *("0", "inactive", "6", "weaker than natural", "12"),
    ]
    assert strips[1].split("\n") == ["Activation maximization (AM)", "18", "24", "30"]


@WIDTHS
def test_an_image_is_enlarged_and_closed_by_keys(reader, keys, plan, width):
    be_wide(reader, width)
    reader.open("#/net/set/early/0")
    image = reader.driver.find_element("css selector", ".images .zoom")
    small = image.size["width"]
    image.send_keys(keys.ENTER)
    shown = "document.getElementById('viewer')"
    assert reader.js(f"{shown}.open")
    assert reader.texts("#viewer h2") == [plan.hostile]
    assert reader.texts("#viewer .facts") == ["Image 39: 40; framed: the receptive field"]
    size = reader.js(f"{shown}.querySelector('.thumb').getBoundingClientRect().toJSON()")
    assert size["width"] == size["height"] >= 2 * small
    assert size["left"] >= 0
    assert size["right"] <= width
    reader.press(keys.ARROW_RIGHT)
    assert reader.texts("#viewer .facts")[0].startswith("Image 38: 39")
    assert reader.route() == "#/net/set/early/0"
    reader.driver.find_element("id", "viewer-next").click()
    assert reader.js("document.activeElement.id") == "viewer-next"
    reader.press(keys.ARROW_LEFT)
    assert reader.texts("#viewer .facts")[0].startswith("Image 38: 39")
    reader.press(keys.ESCAPE)
    assert not reader.js(f"{shown}.open")
    assert reader.js("document.activeElement === document.querySelector('.images .zoom')")
