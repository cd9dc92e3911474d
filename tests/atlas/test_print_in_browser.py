"""Printed pages of the atlas: all that they show, within the page, and what was not in view yet."""

import base64
import re

import pytest

from tests.atlas.test_browser import WIDE_LAYER, be_wide

pytestmark = pytest.mark.slow

WITH_IMAGES = ["#/net/set/early/0", "#/net/set/wide", f"{WIDE_LAYER}&sort=-gini"]
A4 = {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": True}


def printed(reader):
    """Return the page as PDF."""
    return base64.b64decode(reader.driver.execute_cdp_cmd("Page.printToPDF", A4)["data"])


def n_images(pdf):
    """Return the number of image files in a PDF."""
    return len(re.findall(rb"/Subtype\s*/Image", pdf))


@pytest.mark.parametrize(
    "route",
    [
        "#/",
        "#/claims/S2.2/net/set",
        "#/net/set/wide?sort=-gini&color=gini&group=cluster",
        f"{WIDE_LAYER}&sort=-gini",
        "#/net/set/early/0",
        "#/images/net/set/39",
        "#/compare?view=training",
        "#/search?where=gini:above:0.1",
    ],
)
def test_printed_pages_hold_all_they_show(reader, route):
    try:
        be_wide(reader, 720)
        reader.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        reader.open(route)
        assert reader.js("document.documentElement.scrollWidth") <= 720
        assert reader.js(
            "[...document.querySelectorAll('.scroll')].every((each) => "
            "each.scrollHeight <= each.clientHeight + 1 && each.scrollWidth <= each.clientWidth + 1)"
        )
        assert reader.js(
            "[...document.querySelectorAll('.thumb, .fill')].every((each) => "
            "getComputedStyle(each).printColorAdjust === 'exact')"
        )
        assert reader.js(
            "[...document.querySelectorAll('main button')].every((each) => "
            "each.matches('th button, .zoom') || !each.checkVisibility())"
        )
    finally:
        reader.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.mark.parametrize("route", WITH_IMAGES)
def test_images_out_of_view_are_printed(reader, plan, planted, tmp_path, monkeypatch, route):
    monkeypatch.setattr("census.atlas.sprites.SHEET", 24)  # nine images in a file
    folder = plan.make_atlas(planted, tmp_path / "atlas", thumbnail=8)
    reader.page = (folder / "index.html").as_uri()
    reader.folders.append(folder)
    size = {"width": 1024, "height": 120, "deviceScaleFactor": 1, "mobile": False}
    reader.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    reader.open(route)
    reader.wait("keptImages.length && keptImages.every(({ complete }) => complete)")
    found = printed(reader)
    # more than what is in view
    assert n_images(found) > 2
    assert len(re.findall(rb"/Type\s*/Page\b", found)) > 1
    # the same is printed when all has been in view
    reader.driver.execute_async_script(
        """
        const done = arguments[0];
        const step = (y) => {
          window.scrollTo(0, y);
          if (y > document.body.scrollHeight) done();
          else requestAnimationFrame(() => step(y + 100));
        };
        step(0);
        """
    )
    assert n_images(printed(reader)) == n_images(found)


def test_rows_out_of_view_are_filled_before_printing(reader, keys):
    waiting = (
        "[...document.querySelectorAll('.units tbody tr')].filter((each) => "
        "each.textContent.includes('…') || !each.querySelector('.some').childElementCount).length"
    )
    size = {"width": 1024, "height": 120, "deviceScaleFactor": 1, "mobile": False}
    reader.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    route = "#/search?where=top_class_1:is:Bag&sort=-gini"
    reader.open(route)
    # the layer's values are loaded for its rows in view only
    assert reader.js(waiting) > 50
    reader.js("window.dispatchEvent(new Event('beforeprint'))")
    reader.wait(f"{waiting} === 0")
    # the keys for printing wait until all is there
    reader.open(route)
    reader.js(f"window.print = () => {{ window.found = {waiting}; }}")
    reader.press("p", keys.CONTROL)
    reader.wait("window.found === 0")
