"""The verdicts on all claims on the first page of the atlas, and the pages of claims and of their tests."""

import pytest

from tests.atlas.test_browser import WIDTHS, be_wide

pytestmark = pytest.mark.slow


def matrix(reader):
    """Return the verdicts and effects in each row of the matrix, by the number of the claim."""
    rows = "[...document.querySelectorAll('.matrix tbody tr:not(.paper)')]"
    cells = "[...row.children].map((cell) => cell.innerText.replace(/\\s+/g, ' '))"
    return {claim.split()[0]: cells for claim, *cells in reader.js(f"{rows}.map((row) => {cells})")}


@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_the_first_page_has_the_verdict_on_each_claim_and_network(reader, width):
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
    reader.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    reader.open()
    assert matrix(reader) == {
        "S0.1a": ["◆ inconclusive 0.500", "● supported 0.500"],
        "S0.1b": ["■ contradicted 0.500", "◆ inconclusive not measured"],
        "S2.2": ["▲ not learned 0.500 vs −0.500", "● supported −0.900"],
        "X.1": ["◆ inconclusive 0.500", "—"],
    }
    assert reader.texts(".matrix thead .network") == ["net", "elsewhere"]
    assert [" ".join(text.split()) for text in reader.texts(".matrix .counts")] == [
        "▲ supported, not learned: 1 ■ contradicted: 1 ◆ inconclusive: 2",
        "● supported: 2 ◆ inconclusive: 1",
    ]
    assert [text.split(":")[0] for text in reader.texts(".matrix .paper")] == [
        *("Rupprecht 2017 (S0)", "Sadeghi 2018 (S2)", "This study")
    ]
    # the first column stays in sight, and takes at most a third of a phone
    first = reader.js("document.querySelector('.matrix th[scope=row]').getBoundingClientRect().width")
    assert width > 600 or first <= width / 3 + 1


def test_papers_are_named_with_their_addresses(reader):
    reader.open()
    assert reader.js(
        "[...document.querySelectorAll('.paper')].map((each) => "
        "[each.querySelector('cite')?.innerText ?? null, each.querySelector('a:has(cite)')?.host ?? null])"
    ) == [
        ["The basis of feature spaces in deep networks", "ptrrupprecht.wordpress.com"],
        [
            "Conceptual Content in Deep Convolutional Neural Networks: An analysis into multi-faceted "
            "properties of neurons",
            None,
        ],
        [None, None],
    ]
    assert (
        "S0 is Rupprecht 2017, S2 is Sadeghi 2018; X marks claims of this study." in reader.texts("main")[0]
    )


def test_a_cell_leads_to_the_test_behind_it(reader):
    reader.open()
    reader.click(".matrix td.not-learned a")
    assert reader.route() == "#/claims/S2.2/net/set"
    assert dict(text.split("\t") for text in reader.texts(".facts-of-test tr")) == {
        "Statistic": "ρ of depth",
        "Predicted": "below the null, 0",
        "Effect": "0.500 (95 % interval −0.250 to 0.750)",
        "Control": "−0.500 in the untrained network",
        "Decided by": "bootstrap interval",
        "n": "7",
        "p, one-sided": "0.250",
        "q, over all claims on this network": "—",
        "Under other choices": "87.5\u00a0% of 48 specifications agree; 2 without an effect",
        "Interval resamples": "units, 1,000 times",
    }
    links = "[...document.querySelectorAll('.two a')].map((each) => each.getAttribute('href'))"
    assert reader.js(links) == [
        "../figures/multifacetedness/net/set/degree.png",
        *(f"../figures/specifications/net/set/sadeghi2018{sheet}.png" for sheet in ("", "-2")),
        *("#/net/set/early", "#/net/set/wide"),
    ]
    assert "Corresponds to Figure 2 of Sadeghi (2018)." in reader.texts("main")[0]
    assert (
        reader.js("document.querySelector('svg[role=img]').getAttribute('aria-label')")
        == "Effect 0.500, −0.250 to 0.750; null 0; untrained network −0.500"
    )
    assert reader.texts("#crumbs a") == ["Claims", "S2.2", "net on set"]
    reader.press("u")
    reader.wait("location.hash === '#/claims/S2.2'")


@WIDTHS
def test_tests_say_how_many_specifications_agree(reader, width):
    be_wide(reader, width)
    reader.open("#/claims/S2.2")
    assert reader.texts(".claims .agreement") == ["87.5\u00a0% of 48 specifications agree"]
    reader.open("#/claims/S0.1b/net/set")
    assert "None of 4 specifications has an effect" in reader.texts("main")[0]
    # a claim without choices
    reader.open("#/claims/S0.1a/net/set")
    assert "other choices" not in reader.texts("main")[0]


def test_a_verdict_over_networks_leads_to_single_networks(reader):
    reader.open("#/claims/S2.2/elsewhere/set")
    assert "2 of 3 on the predicted side" in reader.texts("main")[0]
    assert len(reader.js("[...document.querySelectorAll('svg.effect .seed')]")) == 4  # one in the legend
    assert reader.texts(".claims tbody th") == ["elsewhere on set"] * 3
    reader.click(".claims tbody tr:last-child a")
    assert reader.route() == "#/claims/S2.2/elsewhere/set/3"
    assert "−0.300" in reader.texts(".facts-of-test td")[2]
    reader.click("#prev")
    assert reader.route() == "#/claims/S0.1b/elsewhere/set"
    assert "No figure shows a claim without an effect." in reader.texts("main")[0]


def test_a_claim_has_a_page_of_all_its_tests(reader):
    reader.open("#/claims/S0.1b")
    assert [text.split("\t")[1] for text in reader.texts(".claims tbody tr")] == [
        *("■ contradicted", "◆ inconclusive")
    ]
    reader.click("#next")
    assert reader.route() == "#/claims/S2.2"


@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_figures_of_a_paper_are_two_clicks_away(reader, plan, width):
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
    reader.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    reader.open()
    reader.click(".paper a[href='#/papers/S2']")
    assert reader.texts(".figures tbody :is(th, td)") == ["Figure 2", plan.hostile, "figure"]
    links = reader.js("[...document.querySelectorAll('.figures a')].map((each) => each.getAttribute('href'))")
    assert links == ["../figures/multifacetedness/net/set/degree.png"]
    assert list(matrix(reader)) == ["S2.2"]
    assert reader.texts("#crumbs a") == ["Claims", "Sadeghi 2018"]
    reader.open("#/papers/S4")
    assert "No figure of this study corresponds to one of the paper." in reader.texts("main")[0]
    reader.open("#/papers/S9")
    assert "There is no paper S9 in this atlas." in reader.texts("main")[0]
