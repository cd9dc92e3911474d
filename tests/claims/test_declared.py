"""The claims, on planted data with known verdicts."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from census.claims.declared import CLAIMS, UNIT_MEASURES
from census.claims.evidence import Evidence, along
from census.claims.verdict import CONTRADICTED, INCONCLUSIVE, NOT_LEARNED, SUPPORTED, judge

N_UNITS, N_IMAGES, N_CLASSES, RESAMPLES = 60, 40, 10, 200
CODES = [f"relu{number}" for number in range(1, 10)]
NAMES = ["input", *CODES, "output"]
COLUMNS = (
    *("active_fraction", "lifetime_sparseness", "gini", "flatness", "mf_degree"),
    *("selectivity", "rs_iam", "ablation_kl", "ablation_loss"),
    # of other choices than the claims'
    *("auroc", "informedness", "precision_top_k", "rs_am", "rs_natural", "mean_activation"),
    *("ablation_changed", "ablation_accuracy"),
)


class Planted:
    """A network without trends or correlations until some are planted."""

    def __init__(self):
        self.random = np.random.default_rng(0)
        self.layers = pd.DataFrame(
            {
                "layer": NAMES,
                "depth": range(len(NAMES)),
                "kind": ["input", *["nonlinearity"] * len(CODES), "output"],
                "branch_of": "",
                "n_units": [*[N_UNITS] * (len(NAMES) - 1), N_CLASSES],
                "n_neurons": [*[4 * N_UNITS] * (len(NAMES) - 1), N_CLASSES],
                "alignment_kurtosis": 0.0,
                "alignment_kurtosis_pre": 0.0,
                "n_significant_components": 20.0,
                "n_significant_components_matched": 20.0,
                "redundancy_difference": 0.0,
                "redundancy_difference_low": -0.1,
                "redundancy_difference_high": 0.1,
                **{
                    f"dictionary_{name}{end}": value
                    for name in ("reconstruction", "peakedness", "class_entropy", "stability", "ablation")
                    for end, value in (("", 0.0), ("_low", -0.1), ("_high", 0.1))
                },
                **{f"reliability_{name}": 0.9 for name in (*UNIT_MEASURES, "ablation_loss")},
            }
        ).set_index("layer", drop=False)
        size = len(NAMES) * N_UNITS
        self.units = pd.DataFrame(
            {
                "layer": np.repeat(NAMES, N_UNITS),
                "faceted": np.where(np.arange(size) % 2, "single", "multi"),
                "receptive_field": np.repeat(3 + np.arange(len(NAMES)), N_UNITS),
                **{name: 1 + 0.1 * self.random.normal(size=size) for name in COLUMNS},
            }
        )
        self.matrices = dict(zip(NAMES, self.walk(np.ones(len(NAMES))), strict=True))
        self.same_class = dict.fromkeys(CODES, 0.5)
        self.entropy_slope = 0.0

    def walk(self, steps):
        """Return a matrix per layer: the previous layer's plus new values with this weight."""
        found, here = [], np.zeros((N_IMAGES, N_IMAGES))
        for step in [1, *steps[1:]]:
            own = self.random.normal(size=(N_IMAGES, N_IMAGES))
            here = here + step * (own + own.T)
            found.append(here.copy())
        for matrix in found:
            np.fill_diagonal(matrix, 1)
        return found

    def along(self, column, slope):
        """Plant a trend of a measure of units over depth."""
        depth = self.units["layer"].map(dict(zip(NAMES, np.linspace(-1, 1, len(NAMES)), strict=True)))
        self.units[column] += 0.3 * slope * depth

    def together(self, first, second, sign, names=tuple(CODES)):
        """Plant a correlation between two measures of units."""
        here = self.units["layer"].isin(names)
        self.units.loc[here, second] = 1 + sign * (self.units.loc[here, first] - 1)
        self.units.loc[here, second] += 0.05 * self.random.normal(size=here.sum())

    def evidence(self):
        return Evidence(self.layers.reset_index(drop=True), self.units, self, RESAMPLES, 0)

    def correlation(self, layer):
        return self.matrices[layer]

    def class_counts(self, layer):
        random = np.random.default_rng(len(layer) + ord(layer[-1]))
        counts = random.integers(1, 4, size=(N_UNITS, N_CLASSES))
        counts[:, 0] += round(40 * self.same_class[layer])
        counts[np.arange(N_UNITS), random.integers(1, N_CLASSES, N_UNITS)] += round(
            40 * (1 - self.same_class[layer])
        )
        return counts

    def class_sizes(self, layer):
        return np.full(N_CLASSES, 30)

    def class_entropies(self, layer, images):
        if layer == "input":
            return 5 * self.random.normal(size=30)
        return self.entropy_slope * np.arange(30) + 5 * np.random.default_rng(ord(layer[-1])).normal(size=30)

    def alignment(self, layer):
        columns = ["alignment_kurtosis", "alignment_kurtosis_pre"]
        values = self.layers.loc[layer, columns].to_numpy(float)
        return values + np.random.default_rng(ord(layer[-1])).normal(size=(RESAMPLES, 2))


def claim_of(statistic):
    (claim,) = (each for each in CLAIMS if each.statistic.startswith(statistic))
    return claim


def verdict_on(statistic, planted):
    claim = claim_of(statistic)
    return judge(claim.test(planted.evidence()), None, claim.null, claim.predicted).state


def depth_of(column):
    return lambda planted, sign: planted.along(column, sign)


def alignment(column, *, along_depth=False):
    def plant(planted, sign):
        values = np.linspace(-9, 9, len(NAMES)) if along_depth else 9.0
        planted.layers[column] = sign * values

    return plant


def vectors(planted, sign):
    """Plant vectors that decorrelate, or become more similar, with depth, and increasing sparseness."""
    planted.along("active_fraction", -1)
    for place, name in enumerate(NAMES):
        planted.matrices[name] += sign * (5 - place)


def bottleneck(planted, sign):
    planted.units.loc[planted.units["layer"] == ("relu6" if sign > 0 else "relu9"), "active_fraction"] -= 0.5


def early_loss(planted, sign):
    steps = np.linspace(3, 0.1, len(NAMES)) if sign > 0 else np.geomspace(0.001, 6, len(NAMES))
    planted.matrices = dict(zip(NAMES, planted.walk(steps), strict=True))


def last_step(planted, sign):
    steps = np.full(len(NAMES), 0.5)
    steps[-1 if sign > 0 else 3] = 5
    planted.matrices = dict(zip(NAMES, planted.walk(steps), strict=True))


def neighbors(planted, sign):
    if sign > 0:
        return  # a walk by itself
    # the first and the last layers are alike, and those between them like none
    common = planted.walk(np.ones(1))[0]
    for name, share in zip(NAMES, np.abs(np.linspace(-1, 1, len(NAMES))), strict=True):
        planted.matrices[name] = share**2 * common + (1 - share) * planted.walk(np.ones(1))[0]


def branches(planted, sign):
    """Plant a module with two branches, one of which is more similar to the output."""
    planted.layers.loc[["relu4", "relu5"], "branch_of"] = "module"
    here, there = ("relu4", "relu5") if sign > 0 else ("relu5", "relu4")
    planted.matrices[here] = planted.matrices["output"] + 0.1 * planted.matrices["relu1"]
    planted.matrices[there] = planted.walk(np.ones(1))[0]


def shares(planted, sign):
    deeper = planted.units["layer"].isin(CODES[4:])
    planted.units["faceted"] = np.where(deeper == (sign > 0), "single", "multi")


def classes(planted, sign):
    planted.same_class = dict(zip(CODES, np.linspace(0.9, 0.1, len(CODES))[:: int(sign)], strict=True))


def ends(planted, sign):
    lowest = planted.units.groupby("layer").head(1).index
    planted.units.loc[lowest, "mf_degree"] = 1 - 0.9 * sign


def early(first, second, sign_of_claim=1):
    return lambda planted, sign: planted.together(first, second, sign * sign_of_claim, CODES[:3])


def weakening(planted, sign):
    strong, weak = (CODES[:4], CODES[4:]) if sign > 0 else (CODES[4:], CODES[:4])
    planted.together("selectivity", "rs_iam", 1, strong)
    planted.together("selectivity", "rs_iam", -1, weak)


def last_selectivity(planted, sign):
    last = planted.units["layer"] == "relu9"
    planted.units.loc[last if sign > 0 else ~last, "selectivity"] += 0.5


def last_substitution(planted, sign):
    last = planted.units["layer"] == "relu9"
    planted.units.loc[last, "rs_iam"] = np.where(
        np.arange(N_UNITS) % 5 == 0, *((0.2, 0) if sign > 0 else (0, 0.2))
    )


def participation(planted, sign):
    # vectors that are all alike spread over one direction
    for place, name in enumerate(NAMES):
        planted.matrices[name] = np.full((N_IMAGES, N_IMAGES), 0.5 - 0.04 * sign * place)
        planted.matrices[name] += 0.01 * planted.random.normal(size=(N_IMAGES, N_IMAGES))
        np.fill_diagonal(planted.matrices[name], 1)


def dictionaries(column, predicted=1):
    def plant(planted, sign):
        for end in ("", "_low", "_high"):
            planted.layers[f"dictionary_{column}{end}"] += 0.3 * predicted * sign

    return plant


def redundancy(planted, sign):
    for end in ("", "_low", "_high"):
        planted.layers[f"redundancy_difference{end}"] += 0.3 * sign


def class_entropies(planted, sign):
    planted.entropy_slope = sign


def agree(one, other):
    return lambda planted, sign: planted.together(
        one, other, sign * UNIT_MEASURES[one] * UNIT_MEASURES[other]
    )


def components(planted, sign):
    planted.layers["n_significant_components_matched"] += sign * np.arange(len(NAMES))


def siblings(planted, sign):
    """Plant a module with three branches; the largest kernel's, or another one, differs from the others."""
    names = ["relu4", "relu5", "relu6"]
    planted.layers.loc[names, "branch_of"] = "module"
    common = planted.walk(np.ones(1))[0]
    for name in names:
        planted.matrices[name] = common + 0.3 * planted.walk(np.ones(1))[0]
    planted.matrices["relu6" if sign > 0 else "relu4"] = planted.walk(np.ones(1))[0]


# what makes each claim true at 1 and, where it can, false at -1
PLANTS = {
    "ρ of depth and active fraction": lambda planted, sign: planted.along("active_fraction", -sign),
    "ρ over layers of active fraction": vectors,
    "median over layers of the alignment (": alignment("alignment_kurtosis"),
    "median over layers of the alignment of pre": alignment("alignment_kurtosis_pre"),
    "ρ of depth and alignment": alignment("alignment_kurtosis", along_depth=True),
    "ρ over pairs of layers": neighbors,
    "fall of the similarity to the input": early_loss,
    "similarity across the last step": last_step,
    "similarity to the output of a module's": branches,
    "similarity of a module's layers": siblings,
    "ρ of depth and mean Gini index": depth_of("gini"),
    "ρ of depth and mean flatness": lambda planted, sign: planted.along("flatness", -sign),
    "ρ of depth and mean MF degree": lambda planted, sign: planted.along("mf_degree", -sign),
    "ρ of depth and share of single-faceted": shares,
    "ρ of depth and mean correlation of two": classes,
    "ρ of depth and mean distance of two": classes,
    "share of layers whose lowest": ends,
    "ρ of RS and class selectivity": early("selectivity", "rs_iam"),
    "ρ of depth and the ρ of RS": weakening,
    "median class selectivity": last_selectivity,
    "share of the last hidden layer's units": last_substitution,
    "ρ of class selectivity and ablation_kl": early("selectivity", "ablation_kl", -1),
    "ρ of class selectivity and ablation_loss": early("selectivity", "ablation_loss", -1),
    "ρ of RS and ablation_kl": lambda planted, sign: planted.together("rs_iam", "ablation_kl", -sign),
    "ρ of RS and ablation_loss": lambda planted, sign: planted.together("rs_iam", "ablation_loss", -sign),
    "ρ of depth and participation ratio": participation,
    "overlap of top images": redundancy,
    "R² of dictionaries": dictionaries("reconstruction"),
    "Gini index of codes": dictionaries("peakedness"),
    "class entropy of top images": dictionaries("class_entropy", -1),
    "matched cosine": dictionaries("stability"),
    "ablation effect of directions": dictionaries("ablation"),
    "ρ over significant components": class_entropies,
    "ρ of depth and number of significant": components,
    **{
        f"ρ of {one} and {other} over units": agree(one, other)
        for one, other in combinations(UNIT_MEASURES, 2)
    },
}
# of nine layers, the last one is the least of all by chance too often to be significant
NEVER = "lowest active fraction"
# of a single network, another claim has an effect and no verdict
OVER_NETWORKS = "best rank correlation"


def test_every_claim_is_planted():
    found = {claim_of(statistic).statistic for statistic in (*PLANTS, NEVER, OVER_NETWORKS)}
    assert found == {claim.statistic for claim in CLAIMS}


@pytest.mark.parametrize("statistic", PLANTS)
@pytest.mark.parametrize("sign", [1, -1], ids=[SUPPORTED, CONTRADICTED])
def test_a_planted_effect_is_found(statistic, sign):
    planted = Planted()
    PLANTS[statistic](planted, sign)
    by_chance = statistic == "share of layers whose lowest" and sign < 0
    # of ten classes, the highest MF degree is significant in all layers by chance
    expected = SUPPORTED if sign > 0 else INCONCLUSIVE if by_chance else CONTRADICTED
    assert verdict_on(statistic, planted) == expected


def test_chance_agreement_of_few_layers_does_not_exceed_random_top_images():
    planted = Planted()
    planted.layers = planted.layers[planted.layers["layer"].isin(["input", *CODES[:3]])]
    # neither end is significant, as by chance in most layers: the interval has no width
    planted.units["mf_degree"] = np.tile(np.linspace(0.9, 1.1, N_UNITS), len(NAMES))
    planted.class_counts = lambda layer: np.full((N_UNITS, N_CLASSES), 3)
    planted.class_sizes = lambda layer: np.full(N_CLASSES, 300)
    claim = claim_of("share of layers whose lowest")
    outcome = claim.test(planted.evidence())
    assert outcome.low == outcome.high != claim.null
    assert outcome.test == "random draws"
    verdict = judge(outcome, None, claim.null, claim.predicted)
    assert verdict.state == INCONCLUSIVE
    assert verdict.reason.endswith("over random draws in 3 layers")


@pytest.mark.parametrize("measure", ["rs_iam", "selectivity"])
def test_an_unreliable_measure_makes_a_claim_inconclusive(measure):
    statistic, planted = "ρ of RS and class selectivity", Planted()
    PLANTS[statistic](planted, 1)
    planted.layers[f"reliability_{measure}"] = 0.4
    claim = claim_of(statistic)
    verdict = judge(claim.test(planted.evidence()), None, claim.null, claim.predicted)
    assert verdict.state == INCONCLUSIVE
    assert verdict.reason == f"measure unreliable: {measure} (reliability 0.40)"


def test_logits_that_average_class_maps_leave_out_the_last_pair_of_layers():
    planted = Planted()
    planted.layers.loc["relu9", "n_units"] = N_CLASSES
    evidence = planted.evidence()
    assert evidence.hidden == CODES[:-1]
    assert "averages class maps" in claim_of("similarity across the last step").test(evidence).reason


# a walk, and codes without a trend, settle these
SETTLED = ("ρ over pairs", "fall of", "similarity", "share of", "ρ of depth and share", "ρ of depth and part")


@pytest.mark.parametrize(
    "statistic", [statistic for statistic in PLANTS if not statistic.startswith(SETTLED)]
)
def test_without_anything_planted_most_claims_are_inconclusive(statistic):
    planted = Planted()
    claim = claim_of(statistic)
    found = claim.test(planted.evidence())
    assert found.low <= found.effect <= found.high or np.isnan(found.effect)
    # one in twenty intervals misses the null
    assert found.low - 0.1 <= claim.null <= found.high + 0.1 or np.isnan(found.effect)


def test_networks_are_compared_over_the_layers_in_which_both_have_a_value():
    (claim,) = (claim for claim in CLAIMS if claim.id == "S3.5a")
    trained, untrained = Planted(), Planted()
    # replaceable units matter least in the late layers, and the early ones are as before training
    for planted, names in ((trained, list(CODES)[2:]), (untrained, [])):
        planted.together("rs_iam", "ablation_kl", -1, names)
    late = untrained.units["layer"].isin(list(CODES)[2:])
    untrained.units.loc[late, "rs_iam"] = 0.0
    outcome, compared, control = claim.test_both(trained.evidence(), untrained.evidence())
    assert (outcome.n, compared.n, control.n) == (len(CODES), 2, 2)
    assert compared.effect == pytest.approx(control.effect)
    verdict = judge(outcome, control, claim.null, claim.predicted, compared=compared)
    assert (verdict.state, verdict.reason) == (NOT_LEARNED, "no stronger than untrained")
    # all layers are compared if both have a value in all
    outcome, compared, control = claim.test_both(trained.evidence(), Planted().evidence())
    assert compared is outcome
    assert control.n == len(CODES)


def test_a_bottleneck_needs_twenty_layers():
    planted = Planted()
    bottleneck(planted, 1)
    outcome = claim_of(NEVER).test(planted.evidence())
    assert outcome.effect < -0.3
    verdict = judge(outcome, None, 0, -1)
    assert verdict.state == INCONCLUSIVE
    assert "no order" in verdict.reason


def test_recurrence_of_units_is_decided_over_networks():
    planted, claim = Planted(), claim_of(OVER_NETWORKS)
    columns = ["universality_mean", "universality_rotated", "universality_permuted"]
    planted.layers[columns] = np.nan
    assert claim.test(planted.evidence()).reason == "the network is trained from one seed"
    planted.layers[columns] = 0.8, 0.5, 0.6
    outcome = claim.test(planted.evidence())
    assert outcome.effect == pytest.approx(0.2)
    verdict = judge(outcome, None, claim.null, claim.predicted)
    assert (verdict.state, verdict.reason) == (INCONCLUSIVE, "decided over networks")


def test_inactive_units_have_no_classes_to_compare():
    planted = Planted()
    counts = planted.class_counts("relu3")
    planted.class_counts = lambda layer: np.where(np.arange(N_UNITS)[:, None] < 20, 0, counts)
    evidence = planted.evidence()
    similarity, distance = (
        evidence.unit_pairs(["relu3"], comparison)[0, 0] for comparison in ("similarity", "distance")
    )
    rows = counts[20:].astype(float)
    assert distance == pytest.approx(pdist(rows).mean())
    assert similarity == pytest.approx(1 - pdist(rows, "correlation").mean())


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: f"{claim.id} {claim.statistic}")
def test_unmeasured_claims_have_no_verdict(claim):
    planted = Planted()
    planted.layers = planted.layers[planted.layers["kind"] != "nonlinearity"].iloc[:1]
    planted.units = planted.units[planted.units["layer"] == "input"].assign(rs_iam=np.nan)
    found = claim.test(planted.evidence())
    assert np.isnan(found.effect)
    verdict = judge(found, None, claim.null, claim.predicted)
    assert verdict.state == INCONCLUSIVE
    assert verdict.reason


def test_along_depth_agrees_with_scipy():
    random = np.random.default_rng(0)
    depth, values = np.array([1.0, 4, 6, 9, 11]), np.round(random.normal(size=(3, 5)), 0)
    values[:, 2] = np.nan
    expected = [spearmanr(np.delete(depth, 2), np.delete(row, 2)).statistic for row in values]
    assert along(depth, values) == pytest.approx(expected, nan_ok=True)


def test_medians_agree_with_numpy():
    planted = Planted()
    planted.units.loc[::7, "selectivity"] = np.nan
    evidence = planted.evidence()
    values, counts = evidence.values("relu2", ["selectivity"])[0], evidence.counts("relu2")
    for sample, found in zip(counts[:20], evidence.medians("selectivity", ["relu2"])[:20, 0], strict=True):
        assert found == pytest.approx(np.nanmedian(np.repeat(values, sample.astype(int))))


def test_the_marker_of_inactive_units_is_not_a_flatness():
    planted = Planted()
    expected = planted.evidence().means("flatness", CODES)[0]
    inactive = planted.units["layer"].map({name: place for place, name in enumerate(NAMES)}) + 1
    planted.units.loc[planted.units.groupby("layer").cumcount() < inactive, "flatness"] = np.nan
    without = planted.evidence().means("flatness", CODES)
    planted.units["flatness"] = planted.units["flatness"].fillna(-1)
    np.testing.assert_array_equal(planted.evidence().means("flatness", CODES), without)
    assert np.abs(without[0] - expected).max() < 0.1


def test_outcomes_are_reproducible():
    claim = claim_of("ρ of depth and mean Gini")
    first, again = (claim.test(Planted().evidence()) for _ in range(2))
    assert first.interval == again.interval
    assert first.tails == again.tails
