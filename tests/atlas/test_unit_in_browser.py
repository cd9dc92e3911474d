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
    write_data(other / "data", "net/set/run", run | {"checkpoints": []})
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
def test_an_image_for_viewing_stands_below_the_plain_ones(reader, width):
    be_wide(reader, width)
    reader.open("#/net/set/early/0")
    heading, about, response = filter(None, reader.texts(".strips:has(.responses)")[2].split("\n"))
    assert heading == "Feature visualization (Olah et al. 2017)"
    assert about.startswith("For viewing")
    assert about.endswith("RS uses the plain images above.")
    assert response == "12.5"
    image = "document.querySelector('.strip[src$=\"feature_visualization/early/0.webp\"]')"
    reader.js(f"{image}.scrollIntoView()")
    reader.wait(f"{image}.naturalWidth === 16")
    # larger than plain ones, if the page is wide enough
    tile = reader.js("document.querySelector('.strips:has(.responses) li').offsetWidth")
    assert reader.js(f"{image}.offsetWidth") == pytest.approx(2 * tile, abs=6)
    reader.open("#/net/set/early/2")  # that of unit 2 has no gradient
    assert reader.texts(".strips:has(.responses)")[2].split("\n")[0].endswith(" failed")
    reader.open("#/net/set/early/1")
    assert reader.texts(".strips:has(.responses)") == []


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


@WIDTHS
def test_activation_maps_lie_over_the_images_that_have_them(reader, width):
    be_wide(reader, width)
    reader.open("#/net/set/early/0")
    words = reader.texts("#maps .meaning")[0]
    assert words.startswith(
        "Activation maps of 3 of 40 images are stored. None of the top images above has one."
    )
    assert reader.texts("#maps figcaption .value") == ["21", "12"]
    assert reader.js("document.querySelectorAll('#top .map, #bottom .map').length") == 0
    size, place, side = reader.js(
        "((map) => [map.style.backgroundSize, map.style.backgroundPosition, map.offsetWidth])"
        "(document.querySelectorAll('#maps .map')[1])"
    )
    # of three units, the first; of two maps, the second
    assert size == f"{2 * side}px {3 * side}px"
    assert place in (f"{-side}px 0px", f"-{side}px 0px")
    assert any(url.endswith("/maps/early/0.webp") for url in reader.requests())
    reader.open("#/net/set/early/2")
    assert "1 of the 5 top images above has one." in reader.texts("#maps .meaning")[0]
    assert reader.js(
        "[...document.querySelectorAll('#top li')].map((each) => !!each.querySelector('.map'))"
    ) == [
        True,
        *[False] * 4,
    ]
    reader.open("#/net/set/early/1")
    assert "The unit is inactive on all of them." in reader.texts("#maps")[0]
    reader.open("#/net/set/wide/0")  # maps of one position show nothing
    assert reader.js("document.querySelector('#maps, #show-maps')") is None


def test_maps_and_frames_are_toggled_by_the_address(reader):
    reader.open("#/net/set/early/0")
    reader.click("#show-maps")
    assert reader.route() == "#/net/set/early/0?hide=maps"
    assert reader.js("document.querySelectorAll('.map').length") == 0
    assert reader.js("document.querySelectorAll('#maps .box').length") == 2
    reader.click("#show-field")
    assert reader.route() == "#/net/set/early/0?hide=field,maps"
    assert reader.js("document.querySelectorAll('.box').length") == 0
    reader.click("#show-maps")
    assert reader.js("document.querySelectorAll('.map').length") == 2
    # and in the large view of an image
    reader.driver.find_element("css selector", "#maps .zoom").click()
    pressed = "document.getElementById('viewer-map').getAttribute('aria-pressed')"
    map_is_seen = "document.querySelector('#viewer .map').checkVisibility()"
    assert (reader.js(pressed), reader.js(map_is_seen)) == ("true", True)
    reader.driver.find_element("id", "viewer-map").click()
    assert (reader.js(pressed), reader.js(map_is_seen)) == ("false", False)


@WIDTHS
def test_the_distribution_has_images_at_quantiles(reader, width):
    be_wide(reader, width)
    reader.open("#/net/set/early/0")
    # the largest values are 1 to 40
    assert reader.texts("#distribution figcaption .value") == ["1", "11", "21", "30", "36", "40", "40"]
    assert reader.texts("#distribution figcaption strong") == [
        "smallest",
        *(f"{share}\u00a0%" for share in (25, 50, 75, 90, 99)),
        "largest",
    ]
    reader.wait("document.querySelector('.histogram')")
    assert "Values on 40 images: smallest 1" in reader.js(
        "document.querySelector('.histogram').getAttribute('aria-label')"
    )
    assert reader.js("document.querySelectorAll('.histogram rect').length") == 30
    reader.open("#/net/set/early/1")  # 0 on all images
    reader.wait("document.querySelector('.histogram')")
    assert reader.js("document.querySelectorAll('.histogram rect').length") == 1


def test_the_axis_of_a_distribution_runs_over_the_values_of_all_images(reader, plan, planted, tmp_path):
    other = plan.make_atlas(planted, tmp_path / "atlas")
    early = read_data(other / "data/net/set/units/early.js")
    early["levels"]["ends"][0] = [1, 80]  # as if the image with the largest value were not shown
    write_data(other / "data", "net/set/units/early", early)
    reader.page = (other / "index.html").as_uri()
    reader.folders.append(other)
    reader.open("#/net/set/early/0")
    reader.wait("document.querySelector('.histogram')")
    ticks = reader.js("[...document.querySelectorAll('#distribution .tick')].map((each) => each.textContent)")
    assert ticks[-4:] == ["20", "40", "60", "80"]
    assert [reader.texts("#distribution figcaption strong")[place] for place in (0, -1)] == [
        "smallest",
        "100\u00a0%",
    ]
    # the largest value that is shown is in the middle
    mark, base = reader.js(
        "['.self:last-of-type', '.base'].map((each) => document.querySelector(`.histogram ${each}`)"
        ".getBoundingClientRect()).map(({ x, width }) => x + width / 2)"
    )
    assert mark == pytest.approx(base, abs=8)
