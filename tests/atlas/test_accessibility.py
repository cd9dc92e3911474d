"""Rules of accessibility by axe-core, on each kind of page of the atlas."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.atlas.test_browser import PAGES, be_wide

pytestmark = pytest.mark.slow

# the package has axe-core beside code for another driver of browsers, which is not imported
WITH_AXE = "axe_playwright_python"
STATES = [
    *PAGES,
    "#/net/set/wide?view=table&sort=-gini",
    "#/net/set/early?sort=gini&color=gini&group=cluster&measure=gini&where=gini:above:0",
    "#/net/set/early/2?hide=field",
    "#/net/set/early?where=gini:above:0%2C5",
    "#/images/net/set?text=bag",
    "#/images/net/set?class=Bag",
    "#/nobody",
]


@pytest.fixture(scope="module")
def axe():
    spec = find_spec(WITH_AXE)
    if spec is None:
        pytest.skip(f"no {WITH_AXE}: install envs/axe.txt")
    return Path(spec.origin).with_name("axe.min.js").read_text()


def violations(reader, axe):
    """Return the rules that a page violates, each with the elements that do."""
    reader.driver.execute_script(axe)
    # without a preload: it would ask for the style sheet, which pages from disk cannot
    return reader.driver.execute_async_script(
        """
        const done = arguments[0];
        const told = ({ html, any, all }) =>
          [html.slice(0, 120), ...[...any, ...all].map(({ message }) => message)];
        axe.run(document, { resultTypes: ["violations"], preload: false }).then(
          ({ violations }) => done(violations.map(({ id, nodes }) => [id, nodes.slice(0, 5).map(told)])));
        """
    )


@pytest.mark.parametrize(
    ("width", "scheme"), [(390, "light"), (390, "dark"), (1024, "light"), (1440, "light"), (1440, "dark")]
)
@pytest.mark.parametrize("route", STATES)
def test_pages_violate_no_rule(reader, axe, route, width, scheme):
    be_wide(reader, width)
    try:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        reader.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        reader.open(route)
        assert violations(reader, axe) == []
    finally:
        reader.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_dialogs_violate_no_rule(reader, axe):
    reader.open("#/net/set/early/0")
    reader.driver.find_element("id", "help-button").click()
    assert violations(reader, axe) == []
    reader.driver.find_element("css selector", "#help button").click()
    reader.driver.find_element("css selector", ".images .zoom").click()
    assert violations(reader, axe) == []


def test_a_violation_is_found(reader, axe):
    reader.open("#/net/set/early/0")
    reader.js("document.querySelector('img').removeAttribute('alt')")
    assert [rule for rule, _ in violations(reader, axe)] == ["image-alt"]
