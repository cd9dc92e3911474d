"""The atlas in a browser: views, addresses, keys, and escaping of special characters."""

import shutil
from urllib.parse import quote

import pytest

pytestmark = pytest.mark.slow

LAYER, WIDE_LAYER = "#/net/set/early?view=table", "#/net/set/wide?view=table"
# one of each kind
PAGES = [
    "#/",
    "#/claims/S2.2",
    "#/claims/S2.2/elsewhere/set",
    "#/papers/S2",
    "#/networks",
    "#/net/set",
    LAYER,
    "#/net/set/wide?sort=-gini&color=top_class_1",
    "#/net/set/early/0",
    "#/images/net/set",
    "#/images/net/set/39",
    "#/net/set/early?view=directions",
    "#/net/set/early/svd/0",
    "#/compare",
    "#/compare?a=net/set/early&b=net/set/wide&view=images",
    "#/compare?a=net/set/early&b=net/set/wide&view=training",
    "#/claims/S2.2/net/set",
    "#/search?where=gini:above:0.1",
]


WIDTHS = pytest.mark.parametrize("width", [390, 1024, 1440])


def be_wide(reader, width):
    """Show pages as wide as on a phone, a tablet or a screen."""
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
    reader.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def rows(reader):
    """Return the numbers of the units in a table, in its order."""
    return [text.split()[-1] for text in reader.texts("table.units tbody th")]


def cells(reader, unit):
    """Return what a table says of a unit, by the heading of its columns."""
    headings = [text.rstrip("▲▼") for text in reader.texts("table.units thead th")]
    row = rows(reader).index(str(unit))
    of_row = "document.querySelectorAll('table.units tbody tr')[arguments[0]].children"
    found = reader.js(f"[...{of_row}].map((each) => each.innerText)", row)
    return dict(zip((heading.strip() for heading in headings), found, strict=True))


def test_from_a_network_to_a_layer_to_a_unit_and_back(reader):
    reader.open("#/networks")
    assert reader.texts("h1") == ["What single units respond to"]
    assert reader.texts(".card .facts") == ["2 layers, 515 units, 40 images in 3 classes"]
    reader.click(".card h2 a")
    assert reader.route() == "#/net/set"
    assert [text.split("\t")[0] for text in reader.texts("main table tbody tr")] == ["early", "wide"]
    reader.click("main table tbody a")
    assert reader.route() == "#/net/set/early"
    reader.click("#view-table")
    assert reader.route() == LAYER
    assert rows(reader) == ["0", "1", "2"]
    reader.click("table.units tbody tr:last-child a")
    assert reader.route() == "#/net/set/early/2?view=table"
    assert reader.texts("h1")[0].startswith("Unit 2")
    assert reader.texts("#crumbs a") == ["Networks", "net on set", "early", "unit 2"]
    for route in (LAYER, "#/net/set/early", "#/net/set", "#/networks"):
        reader.follow(reader.driver.back)
        assert reader.route() == route


def test_a_layer_of_the_plot_along_depth_leads_to_its_page(reader):
    reader.open("#/net/set?measure=gini")
    reader.wait("document.querySelector('svg.depth a')")
    assert reader.js(
        "[...document.querySelectorAll('svg.depth a')].map((each) => each.getAttribute('href'))"
    ) == [
        "#/net/set/early?measure=gini",
        "#/net/set/wide?measure=gini",
    ]
    assert "median 0.500, 0.375 to 0.625 for half of 2 units, 1 undefined" in reader.js(
        "document.querySelector('svg.depth a').getAttribute('aria-label')"
    )
    reader.click("svg.depth a:last-of-type")
    assert reader.route() == "#/net/set/wide?measure=gini"
    reader.wait("document.querySelector('svg.depth a.here')")
    assert "wide" in reader.js("document.querySelector('svg.depth a.here').getAttribute('aria-label')")


def test_what_was_not_measured_does_not_look_like_what_is_undefined(reader):
    reader.open(f"{LAYER}&columns=gini,rs_iam,mf_degree,ablation_loss")
    assert cells(reader, 0) == {
        "Unit": "0",
        "Top images": "",
        "Gini": "0.250",
        "RS IAM": "0",
        "MF degree": "0.500",
        "Ablation effect (loss)": "−0.125",
    }
    nothing = cells(reader, 1)
    assert nothing | {"Top images": ""} == {
        "Unit": "1",
        "Top images": "",
        "Gini": "undefined",
        "RS IAM": "—",
        "MF degree": "undefined",
        "Ablation effect (loss)": "—",
    }
    assert nothing["Top images"] == "inactive"
    assert cells(reader, 2)["MF degree"] == "∞"


def test_numbers_have_three_digits_or_more(reader):
    reader.open("#/networks")
    texts = {
        **{"0.25": "0.250", "999.4": "999", "999.5": "1,000", "-999.7": "−1,000", "1234.5": "1,235"},
        **{"0": "0", "-0": "0", "-7": "−7", "-0.0004": "−4.0 × 10⁻⁴"},
    }
    assert reader.js("arguments[0].map((each) => number(Number(each)))", [*texts]) == [*texts.values()]


def test_tables_are_sorted_by_their_headings_with_the_undefined_last(reader):
    reader.open(f"{LAYER}&active=0")
    for expected, order, route in (
        (["2", "0", "1"], "descending", "sort=-gini&active=0"),
        (["0", "2", "1"], "ascending", "sort=gini&active=0"),
    ):
        reader.click("#sort-gini")
        assert rows(reader) == expected
        assert (
            reader.js("document.getElementById('sort-gini').closest('th').getAttribute('aria-sort')") == order
        )
        assert reader.route() == f"{LAYER}&{route}"
        assert reader.js("document.activeElement.id") == "sort-gini"
    assert reader.js("document.querySelectorAll('[aria-sort]').length") == 1
    reader.click("#sort-top_class_1")
    # in alphabetic order: the class in angle brackets, then Bag; the inactive unit has none
    assert rows(reader) == ["0", "2", "1"]


def test_tables_are_filtered_by_conditions_in_the_address(reader):
    reader.open(WIDE_LAYER)
    assert reader.texts("#found") == ["512 units"]
    reader.click("#add-condition")
    from selenium.webdriver.support.ui import Select

    choose = lambda name, value: reader.follow(  # noqa: E731
        lambda: Select(reader.driver.find_element("id", name)).select_by_value(value)
    )
    choose("where-0-column", "gini")
    choose("where-0-operator", "from")
    field = reader.driver.find_element("id", "where-0-value")
    reader.follow(lambda: field.send_keys("0.99", "\n"))
    assert reader.route() == f"{WIDE_LAYER}&where=gini:from:0.99"
    assert rows(reader) == ["507", "508", "509", "510", "511"]
    assert reader.texts("#found") == ["5 of 512 units"]
    reader.click(".condition .quiet")
    assert reader.texts("#found") == ["512 units"]
    reader.follow(reader.driver.back)
    assert len(rows(reader)) == 5


def test_the_focus_stays_in_the_form_of_conditions(reader, keys):
    reader.open(f"{WIDE_LAYER}&where=gini:above:")
    focused = "document.activeElement.id"
    reader.js("document.getElementById('where-0-value').focus()")
    reader.follow(lambda: reader.press(f"0.5{keys.ENTER}"))
    assert reader.route() == f"{WIDE_LAYER}&where=gini:above:0.5"
    assert reader.js(focused) == "where-0-value"
    reader.press(keys.ENTER)  # nothing new
    assert reader.js(focused) == "where-0-value"
    reader.click("#add-condition")
    reader.click("#where-1-remove")
    assert reader.js(focused) == "where-0-remove"
    reader.follow(lambda: reader.press(keys.ENTER))
    assert reader.js(focused) == "add-condition"
    assert reader.route() == WIDE_LAYER
    reader.click("#add-condition")
    reader.click("#clear-conditions")
    assert reader.js(focused) == "add-condition"


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (["top_class_1:is:Bag"], ["2"]),
        (["top_class_1:not:Bag"], ["0"]),
        (["top_class_1:contains:SCRIPT"], ["0"]),
        (["gini:above:0.25"], ["2"]),
        (["gini:from:0.25"], ["0", "2"]),
        (["gini:below:0.75"], ["0"]),
        (["gini:to:0.75", "gini:above:0.3"], ["2"]),
        (["gini:undefined"], ["1"]),
        (["mf_degree:above:1"], ["2"]),
        (["rs_iam:is:0.0"], ["0"]),
        (["rs_iam:missing"], ["1"]),
        (["rs_iam:measured"], ["0", "2"]),
        (["never:measured"], []),
        (["gini:is:"], ["0", "1", "2"]),  # a condition without a value is none yet
        (["gini:toString:1"], ["0", "1", "2"]),  # nor is one without an operator
    ],
)
def test_conditions(reader, where, expected):
    reader.open(f"{LAYER}&{'&'.join(f'where={quote(each)}' for each in where)}")
    assert rows(reader) == expected


@pytest.mark.parametrize(
    ("where", "is_marked"),
    [
        ("gini:above:0,5", True),
        ("gini:is:much", True),
        ("gini:above:0.5", False),
        ("gini:above:", False),  # is to be filled in
        ("gini:undefined", False),
        ("top_class_1:is:Bag", False),
    ],
)
def test_values_that_are_no_numbers_are_marked(reader, where, is_marked):
    reader.open(f"{LAYER}&where={quote(where)}")
    hints = reader.js(
        "[...document.querySelectorAll('.condition [aria-invalid=true]')].map((each) => "
        "document.getElementById(each.getAttribute('aria-describedby')).innerText)"
    )
    assert hints == ["Not a number; write it with a decimal point, such as 0.5"] * is_marked


def test_columns_are_chosen_and_explained(reader):
    reader.open(LAYER)
    reader.js("document.getElementById('chooser').open = true")
    assert "inequality of <b>classes</b> (range [0, ∞); source: S2)." in reader.texts("#chooser li p")
    reader.click("#column-gini_chance")
    assert "Gini chance" in cells(reader, 0)
    assert reader.js("document.getElementById('chooser').open")
    reader.click("#column-gini")
    assert "Gini" not in cells(reader, 0)
    reader.click("#usual-columns")
    assert reader.route() == LAYER


def test_a_unit_has_its_images_with_what_it_saw_of_them(reader, plan):
    reader.open("#/net/set/early/0")
    assert reader.texts("#top figcaption .value") == ["40", "39", "38", "37", "36", "35"]
    assert reader.texts("#top figcaption .name")[:2] == [plan.hostile, plan.classes[2]]
    tile, box = reader.js(
        "[document.querySelector('.images .thumb'), document.querySelector('.images .box')].map((each) => "
        "{ const { left, top, width, height } = each.getBoundingClientRect(); "
        "return [left, top, width, height]; })"
    )
    scale = tile[2] / plan.size
    # position (1, 2) sees rows 3 to 8 and columns 7 to 12
    assert [(box[0] - tile[0]) / scale, (box[1] - tile[1]) / scale] == [7, 3]
    assert [box[2] / scale, box[3] / scale] == [5, 5]
    assert len(reader.texts("#bottom .box")) == 6
    assert reader.texts(".strips figcaption")[0] == "Components of gray patches"
    images = reader.js(
        "[...document.querySelectorAll('img')].map((each) => [each.alt, each.getAttribute('src')])"
    )
    assert len(images) == 6
    assert all(alt for alt, _ in images)
    reader.wait("[...document.querySelectorAll('img')].every((each) => each.complete && each.naturalWidth)")


def test_a_unit_stands_somewhere_in_its_layer(reader):
    reader.open("#/net/set/wide/511")
    found = {text.split("\n")[0].split("\t")[0]: text for text in reader.texts(".standings tbody tr")}
    assert "0.998" in found["Gini"]
    assert "chance 0.200" in found["Gini"]
    assert "1 of 512" in found["Gini"]
    assert "equal for all units" in found["MF degree"]
    reader.open("#/net/set/wide/0")
    assert reader.texts(".near .name")[0] == "Unit 1"
    assert reader.texts(".near .value")[0] == "r = 1"


def test_ties_inactivity_and_what_was_not_measured_are_said(reader):
    reader.open("#/net/set/early/2")
    text = reader.texts("main")[0]
    assert "The largest value is the same, 0, on 35 images of 40; these are a random sample of them." in text
    assert "None: too few patches." in text
    assert "95 %: −0.0100 to 0.0200" in text
    reader.open("#/net/set/early/1")
    text = reader.texts("main")[0]
    assert "The unit is inactive" in text
    assert "Not measured: only a sample of units in some layers is ablated." in text
    assert "mean activation is the same on all images" in text


def test_texts_that_would_be_code_are_shown_as_texts(reader, plan):
    for route in (
        "#/net/set/early",
        "#/net/set/early/0",
        f"#/search?where=top_class_1:is:{quote(plan.hostile, safe='')}",
        "#/claims",
        "#/<img src=x onerror=alert(1)>",
        "#/net/set/early/<b>",
        f"#/net/set/early?sort={quote(plan.hostile)}&columns={quote(plan.hostile)}&measure=<b>",
    ):
        reader.open(route)
        assert (
            reader.js("document.querySelectorAll('main script, main b, main i, main img[src=x]').length") == 0
        )
    reader.open("#/net/set/early/0")
    assert plan.hostile in reader.texts(".bars a")
    assert plan.hostile in reader.texts(".images .name")
    reader.open("#/")
    assert reader.texts(".matrix tbody th a .id + *, .matrix tbody th[scope=row]")[0] == (
        f"S0.1a Units like {plan.hostile}"
    )
    reader.open("#/claims/S0.1a/net/set")
    assert reader.texts("h1") == [f"S0.1a Units like {plan.hostile}"]
    assert "Reason given: <i>n</i>." in reader.texts("main")[0]
    assert reader.texts(".facts-of-test td")[0] == "<b>ρ</b>"
    # and a search for it finds its units
    reader.open("#/net/set/early/0")
    reader.follow(
        lambda: reader.js(
            "[...document.querySelectorAll('.bars a')].find((each) => each.innerText.startsWith('<')).click()"
        )
    )
    assert reader.texts("#found") == ["172 units in 2 layers"]


def test_a_search_goes_over_all_layers(reader):
    reader.open("#/search")
    assert reader.texts(".examples a")[0] == "Units whose most common class is Bag"
    reader.click(".examples a")
    assert reader.route() == "#/search?where=top_class_1:is:Bag"
    assert reader.texts("#found") == ["172 units in 2 layers"]
    assert reader.texts("table.units tbody .where")[:2] == ["net early", "net wide"]
    reader.open("#/search?where=gini:above:0.7&where=rs_iam:measured&in=net/set")
    assert reader.texts("#found") == ["1 unit in 1 layer"]
    assert rows(reader) == ["2"]
    reader.open("#/search?where=gini:above:7")
    assert "No unit meets all conditions." in reader.texts("main")[0]


def test_without_claims_the_first_page_has_the_networks(reader, plan, planted, tmp_path):
    reader.open("#/")
    assert reader.texts("#sections a") == ["Claims", "Networks", "Search"]
    without = plan.make_atlas(planted, tmp_path / "atlas", claims=False)
    reader.page = (without / "index.html").as_uri()
    reader.folders.append(without)
    reader.open("#/")
    assert reader.texts("#sections a") == ["Networks", "Search"]
    assert reader.texts(".card .facts") == ["2 layers, 515 units, 40 images in 3 classes"]
    reader.open("#/claims")
    assert "There is no network claims in this atlas." in reader.texts("main")[0]


def test_a_file_that_is_missing_is_named(reader, plan, planted, tmp_path):
    damaged = plan.make_atlas(planted, tmp_path / "atlas")
    reader.page = (damaged / "index.html").as_uri()
    reader.folders.append(damaged)
    for name, route in {
        "tiles/early": LAYER.partition("?")[0],
        "layers/early": LAYER,
        "units/early": "#/net/set/early/0",
        "search/gini": "#/search?where=gini:above:0.1",
    }.items():
        file = damaged / f"data/net/set/{name}.js"
        content = file.read_text()
        file.unlink()
        reader.open(route)
        assert f"data/net/set/{name}.js is missing: run the workflow again." in reader.texts("main")[0]
        (complaint,) = reader.complaints()
        assert "ERR_FILE_NOT_FOUND" in complaint
        file.write_text(content)
    (damaged / "data.js").unlink()
    reader.driver.get("about:blank")
    reader.driver.get(reader.page)
    assert "The file data.js is missing" in reader.texts("main")[0]
    reader.complaints()


def test_keys_lead_to_units_and_layers(reader, keys):
    def go(key, held=None):
        reader.follow(lambda: reader.press(key, held))

    reader.open("#/net/set/early/0")
    go(keys.ARROW_RIGHT)
    assert reader.route() == "#/net/set/early/1"
    go(keys.ARROW_LEFT)
    assert reader.route() == "#/net/set/early/0"
    go(keys.ARROW_DOWN, held=keys.SHIFT)
    assert reader.route() == "#/net/set/wide"
    go(keys.ARROW_LEFT)
    assert reader.route() == "#/net/set/early"
    go("u")
    assert reader.route() == "#/net/set"
    go("/")
    reader.wait("document.activeElement.id === 'text'")
    assert reader.route() == "#/search"


@pytest.mark.parametrize("name", ["images", "papers", "claims"])
def test_networks_with_names_of_sections_have_pages(reader, keys, atlas, tmp_path, name):
    named = shutil.copytree(atlas, tmp_path / "atlas")
    (named / "data/net").rename(named / "data" / name)
    for path in [named / "data.js", *named.glob("data/**/*.js")]:
        text = path.read_text().replace('"net/set/', f'"{name}/set/')
        path.write_text(text.replace('"network":"net"', f'"network":"{name}"'))
    reader.page = (named / "index.html").as_uri()
    reader.folders.append(named)
    reader.open(f"#/{name}/set/early/0")
    assert reader.texts("#crumbs a") == ["Networks", "net on set", "early", "unit 0"]
    reader.follow(lambda: reader.press(keys.ARROW_DOWN, keys.SHIFT))
    assert reader.route() == f"#/{name}/set/wide"
    reader.follow(lambda: reader.press("u"))
    assert reader.texts("h1") == ["net on set"]
    # the sections stay where they are
    for route, heading in {
        f"#/images/{name}/set/39": "Image 39",
        "#/papers/S2": "Sadeghi 2018",
        "#/claims/S2.2": "MF degree falls",
    }.items():
        reader.open(route)
        assert heading in reader.texts("main")[0]
        reader.press(keys.ARROW_DOWN, keys.SHIFT)
        assert reader.route() == route


def test_help_opens_and_keeps_keys_to_itself(reader, keys):
    reader.open("#/net/set/early/0")
    reader.press("?")
    assert reader.js("document.getElementById('help').open")
    reader.press(keys.ARROW_RIGHT)
    assert reader.route() == "#/net/set/early/0"
    reader.press(keys.ESCAPE)
    assert not reader.js("document.getElementById('help').open")


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ("#/nobody", "There is no network nobody in this atlas."),
        ("#/net/nothing", "There is no network net on nothing in this atlas."),
        ("#/net/set/../../x", "net has no layer .. in this atlas."),
        ("#/net/set/early/3", "early has no unit 3; its units are 0 to 2."),
        ("#/net/set/early/1/2", "early has no unit 1/2; its units are 0 to 2."),
        ("#/net/set/early/1e0", "early has no unit 1e0; its units are 0 to 2."),
        ("#/net/set/early/toString", "early has no unit toString; its units are 0 to 2."),
        ("#/%E0%A4%A", "There is no network %E0%A4%A in this atlas."),
        ("#/net/set/early/svd/7", "early has no direction svd/7 in this atlas."),
        ("#/net/set/wide/svd/0", "wide has no direction svd/0 in this atlas."),
        ("#/net/set/wide?view=directions", "wide has no directions of families in this atlas."),
        ("#/compare?a=net", "There is no network net in this atlas."),
        ("#/compare?a=net/set/early&checkpoint_a=9", "early of net has no checkpoint 9 in this atlas."),
        ("#/compare?a=net/set/none", "net has no layer none in this atlas."),
        ("#/images/net", "There is no network net in this atlas."),
        ("#/images/net/set/99", "The atlas has no image 99 of net on set; it has 40 of its 40 images."),
        ("#/images/net/set/39/x", "The atlas has no image 39/x of net on set"),
        ("#/claims/S9", "There is no claim S9 in this atlas."),
        ("#/claims/S2.2/net", "Claim S2.2 was not tested on net."),
        ("#/claims/S2.2/net/set/7", "Claim S2.2 was not tested on net, on set, seed 7."),
    ],
)
def test_addresses_that_lead_nowhere_are_said_to(reader, route, words):
    reader.open(route)
    assert words in reader.texts("main")[0]


@WIDTHS
@pytest.mark.parametrize("route", PAGES)
def test_pages_are_no_wider_than_the_screen(reader, width, route):
    be_wide(reader, width)
    reader.open(route)
    assert reader.js("document.documentElement.scrollWidth") <= width
    # nothing is cut off beside what scrolls on its own
    wide = reader.js(
        "[...document.querySelectorAll('main *')].filter((each) => !each.closest('.scroll') && "
        "each.checkVisibility({ contentVisibilityAuto: true }) && "
        "each.getBoundingClientRect().right > arguments[0] + 1).map((each) => each.outerHTML.slice(0, 80))",
        width,
    )
    assert wide == []


def test_controls_have_names_and_images_have_texts(reader):
    for route in (*PAGES, f"{LAYER}&where=gini:above:0.1", "#/search"):
        reader.open(route)
        unnamed = reader.js(
            "[...document.querySelectorAll('main :is(input, select, button, a, img)')].filter((each) => "
            "!(each.textContent?.trim() || each.alt || each.ariaLabel || each.labels?.length))"
            ".map((each) => each.outerHTML.slice(0, 80))"
        )
        assert unnamed == []
        assert len(reader.texts("h1")) == 1
