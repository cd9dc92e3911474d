"""Pages of images in a browser: the units that an image activates most, and the ways to its page."""

import pytest

from census.atlas.site import read_data, write_data
from tests.atlas.test_browser import WIDTHS, be_wide

pytestmark = pytest.mark.slow


@WIDTHS
def test_the_page_of_an_image_has_the_units_that_it_drives_most(reader, plan, width):
    be_wide(reader, width)
    reader.open("#/images/net/set/39")
    assert reader.texts("h1")[0].replace("\n", " ") == f"Image 39 {plan.classes[0]}"
    assert reader.texts("#crumbs a") == ["Networks", "net on set", "Images", "image 39"]
    assert reader.texts(".driven h3") == ["early", "wide"]
    # unit 1 is inactive, unit 2 on this image; and two units of a layer are shown
    assert reader.texts(".driven:first-of-type .name") == ["Unit 0"]
    assert reader.texts(".driven .value")[0] == "rank 1, 100 %"
    assert len(reader.texts(".driven .name")) == 3
    reader.wait("document.querySelectorAll('.driven .some .thumb').length >= 3")
    reader.click(".driven .near a")
    assert reader.route() == "#/net/set/early/0"
    reader.open("#/images/net/set/0")
    assert reader.texts(".driven .value")[0] == "rank 40, 2 %"


def test_images_lead_to_their_pages(reader, keys, plan):
    reader.open("#/net/set/early/0")
    reader.click("#top a.name")
    assert reader.route() == "#/images/net/set/39"
    reader.follow(reader.driver.back)
    reader.driver.find_element("css selector", "#bottom .zoom").click()
    reader.click("#viewer-page")
    assert reader.route() == "#/images/net/set/0"
    assert not reader.js("document.getElementById('viewer').open")
    reader.follow(lambda: reader.press(keys.ARROW_RIGHT))
    assert reader.route() == "#/images/net/set/1"
    reader.follow(lambda: reader.press("u"))
    assert reader.route() == "#/images/net/set"
    assert reader.texts("#found") == ["40 images"]
    reader.open("#/net/set")
    reader.click("#all-images")
    assert reader.route() == "#/images/net/set"


def test_the_search_key_leads_from_images_to_the_search(reader):
    reader.open("#/images/net/set")
    reader.follow(lambda: reader.press("/"))
    reader.wait("document.activeElement.id === 'text'")
    assert reader.route() == "#/search"
    reader.js("document.activeElement.blur()")
    reader.press("/")  # there already
    reader.wait("document.activeElement.id === 'text'")


@WIDTHS
def test_an_image_leads_to_the_images_of_its_class_only(reader, keys, plan, planted, tmp_path, width):
    other = plan.make_atlas(planted, tmp_path / "atlas")
    run = read_data(other / "data/net/set/run.js")
    run["classes"][2] = "Handbag & purse"
    write_data(other / "data", "net/set/run", run)
    reader.page = (other / "index.html").as_uri()
    reader.folders.append(other)
    be_wide(reader, width)
    reader.open("#/images/net/set/1")
    reader.click("#class-images")
    assert reader.route() == "#/images/net/set?class=Bag"
    assert reader.texts("#found, .filter strong") == ["Bag", "13 images"]
    assert set(reader.texts("main .image .name")) == {"Bag"}
    reader.click("main .image")
    assert reader.route() == "#/images/net/set/1?class=Bag"
    reader.follow(lambda: reader.press(keys.ARROW_RIGHT))
    assert reader.route() == "#/images/net/set/4?class=Bag"
    reader.follow(lambda: reader.press("u"))
    field = reader.driver.find_element("id", "text")
    reader.follow(lambda: field.send_keys("4", "\n"))
    assert reader.route() == "#/images/net/set?text=4&class=Bag"
    assert reader.texts("#found") == ["1 image"]
    reader.click("#remove-class")
    assert reader.route() == "#/images/net/set?text=4"
    assert reader.js("document.activeElement.id") == "text"
    assert reader.texts(".filter") == []
    reader.open("#/images/net/set?class=Handbag+%26+purse")
    assert reader.texts("#found") == ["13 images"]
    reader.open("#/images/net/set?class=bag")
    assert reader.texts("main .empty") == ["The atlas shows no image of the class bag."]
    reader.open("#/images/net/set?class=Bag&text=purse")
    assert reader.texts("main .empty") == [
        "No image of the class has all words in its class or as its number."
    ]


def test_a_search_finds_images_by_class_and_number(reader, keys):
    reader.open("#/search?text=bag")
    assert reader.texts(".images-found a") == ["13 images of net on set"]
    reader.click(".images-found a")
    assert reader.route() == "#/images/net/set?text=bag"
    assert reader.texts("#found") == ["13 images"]
    reader.click("main .image")
    assert reader.route() == "#/images/net/set/1?text=bag"
    # the next is the next image of the list
    reader.follow(lambda: reader.press(keys.ARROW_RIGHT))
    assert reader.route() == "#/images/net/set/4?text=bag"
    reader.open("#/search?text=image 39")
    reader.click(".images-found a")
    assert reader.texts("main .image .name") == ["<script>alert(1)</script>"]
    reader.open("#/images/net/set?text=nothing")
    assert "No image has all words" in reader.texts("main")[0]


def test_images_have_pages_without_layers_that_are_ranked(reader, plan, planted, tmp_path, monkeypatch):
    monkeypatch.setattr("census.atlas.tables.REPEATED", ("nonlinearity", "output"))
    pooled = plan.make_atlas(planted, tmp_path / "atlas")
    assert read_data(pooled / "data/net/set/images/0.js") == {"layers": [], "units": [[]] * plan.n_images}
    reader.page = (pooled / "index.html").as_uri()
    reader.folders.append(pooled)
    reader.open("#/images/net/set/39")
    assert reader.texts(".image-page .empty") == ["None: only inputs and pooling layers are recorded."]
