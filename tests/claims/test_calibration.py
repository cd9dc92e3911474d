"""Networks without structure: of all claims, at most one in twenty is supported there, or contradicted."""

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from census.claims.declared import CLAIMS
from census.claims.verdict import CONTRADICTED, SUPPORTED
from census.statistics.permutation import mantel, trend
from census.statistics.proportion import clopper_pearson
from census.statistics.significance import LEVEL

ROOT = Path(__file__).parents[2]
RESAMPLES = 100
# networks of each kind, of the smallest size: together, half a minute
SIMULATIONS = {
    "selective": 20,
    "alike_units": 60,
    "significant_ends": 20,
    "aligned": 20,
    "bottleneck": 40,
    "hierarchy": 150,
    "early_loss": 150,
    "last_step": 150,
    "branches": 60,
    "spectra": 40,
    "relations": 40,
    "weakening": 60,
    "last_selectivity": 60,
    "redundancies": 150,
    "dictionaries": 60,
    "entropies": 150,
    "agreement": 20,
}


@pytest.fixture
def planted(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs")
    import planted

    return planted


@pytest.mark.parametrize("name", SIMULATIONS)
def test_without_structure_claims_are_rarely_decided(planted, name):
    family, simulations = planted.FAMILIES[name], SIMULATIONS[name]
    found = planted.simulate(family, family.sizes[0], 0, simulations, RESAMPLES)
    allowed = planted.most_false(simulations)
    for state in (SUPPORTED, CONTRADICTED):
        decided = {statistic: verdicts[state] for statistic, verdicts in found.items()}
        assert {statistic: number for statistic, number in decided.items() if number > allowed} == {}
        # claims of one family together, as if they were independent: more than each alone allows
        together = planted.most_false(simulations * len(decided))
        assert sum(decided.values()) <= max(together, allowed)


def test_every_claim_is_simulated_once(planted):
    assert set(SIMULATIONS) == set(planted.FAMILIES)
    found = [claim.statistic for family in planted.FAMILIES.values() for claim in family.claims]
    # X.2 is decided over networks alone
    assert sorted(found) == sorted(claim.statistic for claim in CLAIMS if claim.id != "X.2")


@pytest.mark.parametrize("name", ["alike_units", "last_step", "entropies"])
def test_planted_structure_is_found(planted, name):
    family = planted.FAMILIES[name]
    found = planted.simulate(family, family.sizes[-1], family.strength, 10, RESAMPLES)
    assert min(verdicts[SUPPORTED] for verdicts in found.values()) >= 5


def test_the_same_seed_gives_the_same_verdicts(planted):
    family = planted.FAMILIES["entropies"]
    first, again, other = (planted.simulate(family, 5, 1, 20, RESAMPLES, seed=seed) for seed in (0, 0, 1))
    assert first == again != other


def test_the_allowance_fits_a_test_at_its_level(planted):
    allowed = planted.most_false(200)
    assert binom.sf(allowed, 200, LEVEL) <= 0.001 < binom.sf(allowed - 1, 200, LEVEL)


@pytest.mark.parametrize("n", [4, 5, 6])
def test_few_orders_of_layers_have_a_trend(n):
    random, depth = np.random.default_rng(0), np.arange(float(n))
    found = [trend(depth, np.array(order, float), random) for order in permutations(range(n))]
    assert 0 < np.mean([each.above <= LEVEL for each in found]) <= LEVEL
    assert 0 < np.mean([each.below <= LEVEL for each in found]) <= LEVEL


def test_few_random_orders_of_many_layers_have_a_trend():
    random, depth, simulations = np.random.default_rng(0), np.arange(9.0), 1000
    found = [trend(depth, random.normal(size=9), random).above <= LEVEL for _ in range(simulations)]
    assert sum(found) <= binom.ppf(0.999, simulations, LEVEL)


def test_few_orders_of_layers_are_a_hierarchy():
    random, places = np.random.default_rng(0), np.arange(5.0)
    distances, similarities = np.abs(places - places[:, None]), random.normal(size=(5, 5))
    similarities += similarities.T
    found = [
        mantel(distances, similarities[np.ix_(order, order)], random).below <= LEVEL
        for order in map(list, permutations(range(5)))
    ]
    assert 0 < np.mean(found) <= LEVEL


@pytest.mark.parametrize("n", [5, 20, 64, 512])
def test_few_intervals_exclude_a_share_at_the_null(n):
    counts = np.arange(n + 1)
    is_above = np.array([clopper_pearson(int(count), n)[0] > 0.5 for count in counts])
    assert binom.pmf(counts, n, 0.5)[is_above].sum() <= LEVEL / 2
