"""Claims under all combinations of defensible choices."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from census.claims.declaration import declare
from census.claims.declared import CLAIMS
from census.claims.evidence import Evidence
from census.claims.specifications import read, specifications, with_networks, with_shares, written
from census.claims.verdict import Outcome
from census.measures.concepts import flatness, mf_degree
from census.statistics.relations import relation
from census.statistics.sparseness import gini

NAN = np.nan
N_UNITS, N_IMAGES, N_CLASSES, N_TOP, RESAMPLES = 40, 20, 10, 20, 50
CODES = [f"relu{number}" for number in range(1, 6)]
NAMES = ["input", CODES[0], "pool", *CODES[1:], "output"]
UNITS = (
    *("active_fraction", "lifetime_sparseness", "mean_activation"),
    *("selectivity", "auroc", "informedness", "precision_top_k", "rs_iam", "rs_am", "rs_natural"),
    *("ablation_kl", "ablation_changed", "ablation_loss", "ablation_accuracy"),
)
LAYERS = (
    *("population_sparseness", "hoyer", "n_significant_components_matched"),
    *(f"alignment_{name}{end}" for name in ("kurtosis", "gini", "hoyer") for end in ("", "_pre")),
    *(f"redundancy_{name}" for name in ("variance", "svd", "bottom_variance", "bottom_svd")),
    *(f"universality_{name}" for name in ("mean", "rotated", "permuted", "assigned_mean")),
    *(f"universality_{name}" for name in ("assigned_rotated", "mutual_mean", "mutual_rotated")),
)
MEASURES = (
    *("reconstruction", "code_gini", "code_kurtosis", "code_hoyer", "class_entropy", "stability_half"),
    *("ablation_kl", "ablation_changed"),
)


class Network:
    """A network without structure until some is planted; the source of its evidence."""

    def __init__(self, seed=0):
        self.random = np.random.default_rng(seed)
        kinds = ["input", "nonlinearity", "pooling", *["nonlinearity"] * 4, "output"]
        n = len(NAMES)
        modules = ["", "", "", "module", "module", "module", "", ""]
        layers = {"layer": NAMES, "depth": range(n), "kind": kinds, "branch_of": modules}
        layers |= {"n_units": N_UNITS, "n_neurons": 4 * N_UNITS, "n_significant_components": 12.0}
        layers |= {name: self.random.normal(size=n) for name in LAYERS}
        self.layers = pd.DataFrame(layers)
        differences = ("reconstruction", "peakedness", "class_entropy", "stability", "ablation")
        for name in ("redundancy_difference", *(f"dictionary_{name}" for name in differences)):
            effects = self.random.normal(size=n)
            self.layers[name] = effects
            self.layers[f"{name}_low"], self.layers[f"{name}_high"] = effects - 1, effects + 1
        self.matrices = dict(zip(NAMES, self.random.normal(size=(n, N_IMAGES, N_IMAGES)), strict=True))
        for matrix in self.matrices.values():
            matrix += matrix.T
            np.fill_diagonal(matrix, 1)
        self.top = {name: self.random.integers(N_CLASSES, size=(N_UNITS, N_TOP)) for name in NAMES}
        self.columns = {name: self.random.normal(size=(N_UNITS, len(UNITS))) for name in NAMES}
        for values in self.columns.values():
            substitution = [UNITS.index(name) for name in UNITS if name.startswith("rs_")]
            values[:, substitution] = values[:, substitution].clip(0)  # half of the units have no substitutes

    @property
    def units(self):
        frames = []
        for place, (name, values) in enumerate(self.columns.items()):
            counts = self.class_counts(name)
            inequality, evenness = gini(counts), flatness(counts, N_CLASSES)
            frames.append(
                pd.DataFrame(values, columns=UNITS).assign(
                    layer=name,
                    unit=np.arange(N_UNITS),
                    receptive_field=place,
                    gini=inequality,
                    flatness=evenness,
                    mf_degree=mf_degree(inequality, evenness),
                )
            )
        units = pd.concat(frames, ignore_index=True)
        mean = units.loc[units["layer"] != "input", "mf_degree"].mean()
        return units.assign(faceted=np.where(units["mf_degree"] < mean, "single", "multi"))

    def evidence(self, resamples=0, modes=("zero",)):
        return Evidence(self.layers, self.units, self, resamples, 0, modes=modes)

    def correlation(self, layer):
        return self.matrices[layer]

    def top_classes(self, layer):
        return self.top[layer]

    def class_counts(self, layer):
        return np.stack([np.bincount(row, minlength=N_CLASSES) for row in self.top[layer]])

    def class_sizes(self, layer):
        return np.full(N_CLASSES, 30)

    def class_entropies(self, layer, images):
        return np.random.default_rng([len(layer), ord(layer[-1]), len(images)]).normal(size=15)

    def alignment(self, layer):
        return np.random.default_rng(ord(layer[-1])).normal(size=(RESAMPLES, 2))

    def similarities(self, layer, column):
        random = np.random.default_rng([len(column), ord(layer[-1]), len(layer)])
        values = pd.Series(random.uniform(size=len(NAMES)), NAMES)
        return values.where(values.index != "input") if column == "similarity_deconfounded" else values

    def families(self, layer):
        values = np.random.default_rng(ord(layer[-1])).normal(size=(4, len(MEASURES)))
        return pd.DataFrame(values, ["units", "svd", "nmf", "sae"], MEASURES)

    def ablation(self, layer, mode):
        effects = [name for name in UNITS if name.startswith("ablation")]
        return pd.DataFrame(self.columns[layer][::2, -4:] ** 2, np.arange(0, N_UNITS, 2), effects)


def claim_of(id):
    return next(claim for claim in CLAIMS if claim.id == id)


def toy(effects, **how):
    """Return a claim whose effect is that of two choices."""
    claims = []
    how = {"predicted": 1, "figure": ("a", "b"), "choices": {"one": (0, 1), "other": ("x", "y")}, **how}

    @declare(claims, "T.1", "a claim", "a statistic", **how)
    def _(evidence, names, one, other):
        return Outcome.of_samples(np.array([effects[one, other]]), 1)

    return claims[0]


BARE = SimpleNamespace(nonlinear=["relu"], unreliable=lambda *_: "", variant=lambda: None)
EFFECTS = {(0, "x"): 0.3, (0, "y"): -0.2, (1, "x"): 0.1, (1, "y"): NAN}
RUN = {"network": "cnn", "seed": 0, "dataset": "clothes"}


def test_all_combinations_count_and_the_claims_own_comes_first():
    table = specifications([toy(EFFECTS)], BARE)
    assert table["choices"].tolist() == [
        *("one=0, other=x", "one=0, other=y", "one=1, other=x", "one=1, other=y")
    ]
    assert table["specification"].tolist() == [0, 1, 2, 3]
    assert table["effect"].tolist()[:3] == [0.3, -0.2, 0.1]
    assert table["agrees"].tolist() == [True, False, True, pd.NA]


def test_an_undefined_effect_counts_and_does_not_agree():
    table = specifications([toy(EFFECTS)], BARE).assign(**RUN)
    (row,) = with_shares(pd.DataFrame([{"id": "T.1", **RUN}]), table).itertuples()
    assert (row.specifications, row.specifications_undefined, row.specifications_agree) == (4, 1, 0.5)


def test_without_an_effect_no_share_agrees_and_without_choices_there_is_none():
    table = specifications([toy(dict.fromkeys(EFFECTS, NAN))], BARE).assign(**RUN)
    claims = pd.DataFrame([{"id": id, **RUN} for id in ("T.1", "T.2")])
    undefined, without = with_shares(claims, table).itertuples()
    assert (undefined.specifications, undefined.specifications_undefined) == (4, 4)
    assert np.isnan(undefined.specifications_agree)
    assert pd.isna(without.specifications)
    assert pd.isna(without.specifications_agree)
    assert not list(toy(EFFECTS, choices={}).specifications(BARE))


def test_below_the_null_agrees_if_that_is_predicted():
    claim = toy({**EFFECTS, (1, "y"): 0.2}, predicted=-1, null=0.2)
    # the effect at the null is on no side
    assert specifications([claim], BARE)["agrees"].tolist() == [False, True, True, False]


def test_networks_agree_by_their_mean():
    claim = toy(EFFECTS)
    runs = [specifications([claim], BARE).assign(**{**RUN, "seed": seed}) for seed in range(3)]
    runs[1].loc[1, "effect"], runs[2].loc[1, "effect"] = 0.9, NAN
    alone = specifications([claim], BARE).assign(**{**RUN, "network": "mlp"})
    table = with_networks(pd.concat([*runs, alone]), [claim])
    over = table[table["seed"].isna()]
    assert len(table) == 4 * 5
    assert over["effect"].tolist()[:3] == pytest.approx([0.3, 0.35, 0.1])
    assert over["n"].tolist() == [3, 2, 3, 0]
    assert over["agrees"].tolist() == [True, True, True, pd.NA]
    claims = pd.DataFrame([{"id": "T.1", **RUN, "seed": seed} for seed in (pd.NA, 0)])
    assert with_shares(claims, table)["specifications_agree"].tolist() == [0.75, 0.5]


def test_layers_that_a_network_lacks_or_has_under_two_names_are_no_choice():
    claim = claim_of("S3.4a")
    network = SimpleNamespace(early=["a"], first_half=["a", "b"], first_quarter=["a"])
    evidence = SimpleNamespace(**vars(network), modes=["zero"])
    assert claim.values(evidence)["layers"] == ["early", "first_half"]
    claim = claim_of("X.1e")
    assert claim.values(SimpleNamespace(substituted=["a"], convolutional=[]))["layers"] == ["substituted"]


def test_choices_are_read_as_they_are_written():
    chosen = {"top_images": 50, "level": 0.05, "average": "mean"}
    assert read(written(chosen)) == {name: str(value) for name, value in chosen.items()}


def test_every_claim_has_choices_and_not_too_many():
    numbers = {claim.id: len(list(claim.specifications(Network().evidence()))) for claim in CLAIMS}
    assert min(numbers.values()) >= 2
    assert max(numbers.values()) <= 108


def test_units_agree_in_as_many_layers_as_both_measures_exist_in():
    network = Network()
    substitution = [UNITS.index(name) for name in UNITS if name.startswith("rs_")]
    network.columns["relu1"][:, substitution] = np.nan  # not measured
    network.columns["relu2"][:, substitution] = 0  # equal for all units
    evidence = network.evidence(RESAMPLES)
    assert claim_of("X.1j").test(evidence).n == 3
    assert claim_of("X.1e").test(evidence).n == 4


def test_a_control_without_substitution_is_tested_on_the_layers_of_the_trained_network():
    network, untrained = Network(), Network(1)
    substitution = [UNITS.index(name) for name in UNITS if name.startswith("rs_")]
    for values in untrained.columns.values():
        values[:, substitution] = np.nan
    final, control = network.evidence(RESAMPLES), untrained.evidence(RESAMPLES)
    claim = claim_of("X.1e")  # of sparseness and selectivity
    assert np.isnan(claim.test(control).effect)
    assert claim.test(control, final).n == claim.test(final).n == 5
    for claim in CLAIMS:  # an undefined control is no error
        outcome = claim.test(control, final)
        assert ("rs_iam" not in claim.statistic) or np.isnan(outcome.effect)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_the_first_specification_is_the_claims_own_test(claim):
    network = Network()
    own = claim.test(network.evidence(RESAMPLES))
    table = specifications([claim], network.evidence())
    np.testing.assert_allclose(table["effect"][0], own.effect, rtol=1e-12)
    assert table["n"][0] == own.n
    # each choice changes some effect
    if table["effect"].notna().any():
        chosen = pd.DataFrame(map(read, table["choices"]))
        for name in chosen:
            others = chosen.drop(columns=name).apply(", ".join, axis=1)
            same = others if chosen.shape[1] > 1 else np.zeros(len(table))
            spread = table["effect"].groupby(same).agg(np.ptp)
            # there is a single module to average over
            has_one_value = chosen[name].nunique() == 1 or (claim.id[:4] == "S1.4" and name == "average")
            assert spread.max() > 0 or has_one_value, name


def concentrated(network):
    """Plant top images of ever fewer classes, the same for all ranks, and ever sparser codes."""
    for place, name in enumerate(NAMES):
        classes = max(1, N_CLASSES - place)
        network.top[name] = network.random.permuted(np.tile(np.arange(N_TOP) % classes, (N_UNITS, 1)), axis=1)
        values = network.columns[name]
        values[:, UNITS.index("active_fraction")] = 0.5 - 0.05 * place
        values[:, UNITS.index("lifetime_sparseness")] = 0.3 + 0.05 * place
    network.layers["population_sparseness"] = network.layers["hoyer"] = np.linspace(0.2, 0.8, len(NAMES))


@pytest.mark.parametrize("id", ["S0.1", "S2.1a", "S2.1b"])
def test_under_all_choices_a_planted_trend_agrees(id):
    network = Network()
    concentrated(network)
    table = specifications([claim_of(id)], network.evidence())
    assert len(table) >= 24
    assert table["agrees"].all()


@pytest.mark.parametrize(("id", "networks"), [("S0.1", 40), ("S3.1", 60)])
def test_without_structure_about_half_agree(id, networks):
    shares = [
        specifications([claim_of(id)], Network(seed).evidence())["agrees"].mean() for seed in range(networks)
    ]
    # three standard errors, as if the specifications of a network were one
    assert abs(np.mean(shares) - 0.5) < 3 * 0.5 / np.sqrt(networks)


def test_fewer_top_images_are_the_first_ones():
    network = Network()
    network.top["relu1"][0] = [*[3] * (N_TOP // 4), *[5] * (N_TOP // 4), *[7] * (N_TOP // 2)]
    network.top["relu1"][1] = [2, *[-1] * (N_TOP - 1)]
    network.class_counts = lambda layer: np.stack(
        [np.bincount(row[row >= 0], minlength=N_CLASSES) for row in network.top[layer]]
    )
    evidence = network.evidence()
    assert evidence.numbers_of_top_images == [20, 10, 5]
    expected = {20: 1 - (5 * 3 + 5 * 5 + 10 * 1) / 200, 10: 0.8, 5: 0.9}
    for number, value in expected.items():
        few = evidence.variant(top_images=number)
        found = few.values("relu1", ["gini", "flatness", "mf_degree"])
        assert found[0, :2] == pytest.approx([value, 0.9])
        counts = few.class_counts("relu1")
        assert counts.sum(1)[:2].tolist() == [number, 1]
        np.testing.assert_allclose(found[2], flatness(counts, N_CLASSES) / gini(counts))
    by_units = evidence.variant(normalizer="units").values("relu1", ["flatness"])[0]
    assert by_units == pytest.approx(flatness(network.class_counts("relu1"), N_UNITS))


def test_the_threshold_is_of_the_network_without_the_input():
    network = Network()
    evidence = network.evidence()
    degrees = {name: evidence.values(name, ["mf_degree"])[0] for name in NAMES[1:]}
    for threshold, center in (("mean", np.mean), ("median", np.median)):
        border = center(np.concatenate(list(degrees.values())))
        found = evidence.variant(threshold=threshold).means("is_single", CODES)[0]
        assert found == pytest.approx([(degrees[name] < border).mean() for name in CODES])


def test_another_ablation_mode_has_its_own_effects():
    network = Network()
    evidence = network.evidence(modes=("mean", "zero"))
    assert claim_of("S3.4a").values(evidence)["mode"] == ["mean", "zero"]
    own, other = (evidence.variant(mode=mode).values("relu1", ["ablation_kl"])[0] for mode in evidence.modes)
    assert own == pytest.approx(network.columns["relu1"][:, -4])
    assert other[::2] == pytest.approx(own[::2] ** 2)
    assert np.isnan(other[1::2]).all()


def test_fewer_accurate_answers_are_a_larger_effect():
    network = Network()
    for values in network.columns.values():
        values[:, UNITS.index("ablation_accuracy")] = -values[:, UNITS.index("ablation_loss")]
    table = specifications([claim_of("S3.4b")], network.evidence())
    effects = table.assign(effect_of=[read(each)["effect"] for each in table["choices"]])
    loss, accuracy = (here["effect"].to_numpy() for _, here in effects.groupby("effect_of", sort=False))
    np.testing.assert_allclose(loss, accuracy)


def test_a_partial_correlation_is_that_of_the_measure():
    network = Network()
    network.columns["relu1"][3, 0] = NAN
    columns = ["active_fraction", "selectivity", "mean_activation"]
    evidence = network.evidence()
    expected = relation(*evidence.values("relu1", columns[:2]), 10, 0, evidence.values("relu1", columns)[2])
    (found,) = evidence.partial(columns[:2], ["relu1"], columns[2])
    assert found[0] == pytest.approx(expected.rho)


def test_orders_are_of_the_measures_that_are_chosen():
    network = Network()
    network.layers = network.layers.assign(reliability_auroc=0.2, reliability_selectivity=0.9)
    claim, evidence = claim_of("S3.1"), network.evidence()
    assert claim.test(evidence).unreliable == ""
    assert claim.test(evidence, selectivity="auroc").unreliable == "auroc (reliability 0.20)"
