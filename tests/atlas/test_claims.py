"""The table of claims as the atlas shows it."""

from types import SimpleNamespace

import pytest

from census.atlas.claims import by_claim
from census.atlas.papers import (
    figures,
    figures_of_runs,
    figures_of_specifications,
    papers,
    papers_of_measures,
)
from census.atlas.tables import papers_of_columns
from census.claims.declared import CLAIMS


def test_papers_have_a_code_a_title_and_mostly_an_address():
    found = papers()
    assert [paper["code"] for paper in found] == ["S0", "S1", "S2", "S3", "S4"]
    assert all(paper["title"] and paper["short"][-4:].isdigit() for paper in found)
    assert [paper["code"] for paper in found if paper["url"].startswith("https://")] == ["S0", "S1", "S3"]


def row(name, statistic, network="net", **other):
    other = {"figure": "", "reason": "", **other}
    return {"id": name, "claim": "c", "statistic": statistic, "predicted": "above", "null": "0"} | {
        "network": network,
        **other,
    }


def test_tests_of_a_claim_are_put_together_in_the_order_of_the_table():
    rows = [row("S1.1", "a"), row("S2.1a", "b"), row("S1.1", "a", "other", effect="1"), row("S2.1b", "a")]
    found = by_claim(rows, {})
    assert [(claim["id"], claim["statistic"]) for claim in found] == [
        *(("S1.1", "a"), ("S2.1a", "b"), ("S2.1b", "a"))
    ]
    assert found[0]["tests"] == [{"network": "net"}, {"network": "other", "effect": "1"}]
    assert found[0]["shown"] is None


@pytest.mark.parametrize("figure", ["figures/importance/net/set/depth.png", "figures/claims.png"])
def test_figures_are_those_of_the_declared_views(figure):
    seeds = row("S3.1", "a", figure="figures/importance/net-1/set/depth.svg")
    (claim,) = by_claim([row("S3.1", "a", figure=figure), seeds], figures())
    assert claim["shown"]["corresponds"] == "Figures 3b and 6b of Chen et al. (2018)"
    assert claim["shown"]["title"]


def test_figures_of_a_run_are_those_of_final_networks_in_the_order_of_the_paper(monkeypatch):
    views = {
        "late": ("Figures 10 to 12", ["late"]),
        "text": ("the text", ["text"]),
        "each": ("Figure 2", ["each-0", "each-final"]),
        "none": ("", ["none"]),
    }

    def view_of(name):
        view, _, checkpoint = name.partition("-")
        return SimpleNamespace(title=view.title(), corresponds=views[view][0]), checkpoint

    def family(paper):
        return SimpleNamespace(
            name="some",
            of_section=SimpleNamespace(paper=paper),
            names=lambda _: [name for _, names in views.values() for name in names],
            view_of=view_of,
        )

    found = {"some": family(SimpleNamespace(code="S1")), "other": family(None)}
    monkeypatch.setattr("census.atlas.papers.figure_families", lambda: found)
    run = SimpleNamespace(network="net", dataset="set")
    (of_run,) = figures_of_runs([run], "svg").values()
    assert [(figure["title"], figure["file"]) for figure in of_run] == [
        ("Each", "figures/some/net/set/each-final.svg"),
        ("Late", "figures/some/net/set/late.svg"),
        ("Text", "figures/some/net/set/text.svg"),
    ]


def test_each_claim_has_figures_of_its_specifications():
    config = SimpleNamespace(figures=SimpleNamespace(width="column"))
    run = SimpleNamespace(network="net", dataset="set", config=config)
    found = figures_of_specifications([run], "svg")["net/set"]
    folder = "figures/specifications/net/set"
    assert found["S2"] == [f"{folder}/sadeghi2018.svg"]
    assert found["X.1"] == [f"{folder}/unit_measures.svg", f"{folder}/unit_measures-2.svg"]
    for claim in CLAIMS:
        assert sum(claim.id.startswith(beginning) for beginning in found) == 1


def test_columns_belong_to_the_paper_of_their_measure():
    found = papers_of_columns(papers_of_measures())
    assert [found.get(name) for name in ("active_fraction", "gini_p", "auroc", "rs_iam", "ablation_kl")] == [
        *("S0", "S2", "S3", "S3", "S3")
    ]
    assert "universality" not in found
    assert "unit" not in found
