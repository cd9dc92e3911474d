"""The claims: each study's conclusions as predictions about a statistic, and the tests of these.

To add one, write a function that returns the outcome for the evidence, and declare it with :func:`_claim`.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from census.claims.choices import (
    ALIGNMENT,
    AVERAGE,
    CONVOLUTIONAL,
    CORRELATION,
    EARLY,
    FLATNESS,
    GIVEN,
    LAYERS,
    LOSS,
    MEDIAN,
    OF_LAYERS,
    OUTPUT,
    SELECTIVITY,
    SIMILARITY,
    SPARSENESS,
    SUBSTITUTION,
    TOP_IMAGES,
    TREND,
    Choices,
)
from census.claims.declaration import UNLIMITED, Claim, declare
from census.claims.evidence import Evidence, along
from census.claims.outcomes import mean_of_column, over_layers, trend
from census.claims.verdict import Outcome
from census.statistics.association import Correlation
from census.statistics.bootstrap import resample_counts, with_data
from census.statistics.permutation import Tails, mantel, tails
from census.statistics.proportion import binomial_tail, clopper_pearson
from census.statistics.ranks import rank_correlation
from census.statistics.significance import tail_p_values
from census.statistics.similarity import adjacent_pairs

Floats = NDArray[np.float64]

DRAWS = 99  # of random top images: with the data they make 100, of which the outermost 5 are significant
# measures by which a study calls a unit specialized, with the sign that makes more of it a higher number
UNIT_MEASURES = {"mf_degree": -1, "selectivity": 1, "lifetime_sparseness": 1, "ablation_kl": 1, "rs_iam": -1}
NAMES = {
    "mf_degree": "single-faceted",
    "selectivity": "selective",
    "lifetime_sparseness": "sparse",
    "ablation_kl": "important",
    "rs_iam": "irreplaceable",
}
# measures of which lower values are what higher ones are of the measures that they stand for
REVERSED = ("active_fraction", "ablation_accuracy")

CLAIMS: list[Claim] = []
_claim = partial(declare, CLAIMS)


# S0: sparse or distributed?


@_claim(
    "S0.1",
    "codes sparsen with depth",
    "ρ of depth and active fraction",
    -1,
    ("sparsity", "depth"),
    choices=SPARSENESS | TREND,
)
def _sparsening(evidence: Evidence, names: list[str], sparseness: str, correlation: Correlation) -> Outcome:
    return trend(evidence, names, evidence.activity(sparseness, names), correlation)


@_claim(
    "S0.2",
    "decorrelation accompanies sparsening",
    "ρ over layers of active fraction and mean correlation between images",
    1,
    ("correlation", "decorrelation"),
    "images, units",
    choices=SPARSENESS | TREND,
)
def _decorrelation(
    evidence: Evidence, names: list[str], sparseness: str, correlation: Correlation
) -> Outcome:
    active = evidence.activity(sparseness, names)
    return trend(evidence, names, evidence.image_correlations(names), correlation, of=active)


@_claim(
    "S0.3a",
    "activation vectors are aligned with units",
    "median over layers of the alignment (kurtosis minus its mean over rotations)",
    1,
    ("alignment", "depth"),
    "images, rotations",
    choices=ALIGNMENT | MEDIAN | LAYERS,
    limits=UNLIMITED,
)
def _alignment(evidence: Evidence, names: list[str], statistic: str, average: str) -> Outcome:
    return over_layers(evidence.alignment(names, statistic), average)


@_claim(
    "S0.3b",
    "pre-activations are aligned with units, too",
    "median over layers of the alignment of pre-activations",
    1,
    ("alignment", "depth"),
    "images, rotations",
    choices=ALIGNMENT | MEDIAN | {"layers": ("nonlinear", "hidden")},
    limits=UNLIMITED,
)
def _alignment_of_preactivations(
    evidence: Evidence, names: list[str], statistic: str, average: str
) -> Outcome:
    return over_layers(evidence.alignment(names, statistic, preactivation=True), average)


@_claim(
    "S0.3c",
    "alignment with units increases with depth",
    "ρ of depth and alignment",
    1,
    ("alignment", "depth"),
    "images, rotations",
    choices=ALIGNMENT | TREND,
)
def _alignment_along_depth(
    evidence: Evidence, names: list[str], statistic: str, correlation: Correlation
) -> Outcome:
    return trend(evidence, names, evidence.alignment(names, statistic), correlation)


@_claim(
    "S0.4",
    "sparseness reaches a bottleneck and falls again towards the output",
    "lowest active fraction of the hidden layers before the last one, minus that of the last one",
    -1,
    ("sparsity", "depth"),
    of="hidden",
    choices=SPARSENESS,
)
def _bottleneck(evidence: Evidence, names: list[str], sparseness: str) -> Outcome:
    if len(names) < 2:
        return Outcome.undefined("a single hidden layer", len(names))
    active = evidence.activity(sparseness, names)

    def fall(last: int) -> Floats:
        return np.delete(active, last, axis=1).min(1) - active[:, last]

    # under random orders, each layer is the last one as often as any other
    last = len(names) - 1
    by_chance = tails(np.array([fall(place)[0] for place in (last, *range(last))]))
    return Outcome.of_samples(fall(last), len(names), by_chance)


# S1: how similarity changes from input to output


@_claim(
    "S1.1",
    "layers closer in the hierarchy are more similar",
    "ρ over pairs of layers of distance in depth and similarity",
    -1,
    ("similarity", "pearson"),
    "images",
    of="recorded",
    choices=OF_LAYERS
    | {"correlation": ("Spearman", "Pearson"), "layers": ("recorded", "trunk", "nonlinear")},
)
def _distance(evidence: Evidence, names: list[str], similarity: str, correlation: Correlation) -> Outcome:
    similarities = evidence.similarities(names, similarity)
    known = ~np.isnan(similarities[0]).all(0)
    similarities = similarities[:, known][:, :, known]
    n = int(known.sum())
    if n < 3 or np.isnan(similarities[0]).any():
        return Outcome.undefined("fewer than 3 layers, or undefined similarities", n)
    place = np.flatnonzero(known).astype(np.float64)
    apart = np.abs(place - place[:, None])
    pairs = np.triu_indices(n, 1)
    by_chance = mantel(apart, similarities[0], evidence.random("orders of layers"), correlation)
    return Outcome.of_samples(along(apart[pairs], similarities[:, *pairs], correlation), n, by_chance)


@_claim(
    "S1.2",
    "the input's similarity structure is lost quickly",
    "fall of the similarity to the input over the first third of layers, minus that over the last third",
    1,
    ("similarity", "pearson"),
    "images",
    of="trunk",
    choices=SIMILARITY | {"parts": (3, 2, 4)},
    limits=UNLIMITED,
)
def _early_loss(evidence: Evidence, names: list[str], similarity: str, parts: int) -> Outcome:
    part = len(names) // parts
    if part < 1 or evidence.layers.loc[names[0], "kind"] != "input":
        return Outcome.undefined(f"fewer than {parts} layers, or the input is not recorded", len(names))
    to_input = evidence.similarities(names, similarity)[:, 0]
    first = to_input[:, 0] - to_input[:, part]
    last = to_input[:, -1 - part] - to_input[:, -1]
    return Outcome.of_samples(first - last, len(names))


@_claim(
    "S1.3",
    "the sharpest drop is the last step, into the output",
    "similarity across the last step, minus the smallest across the other steps",
    -1,
    ("similarity", "pearson"),
    "images",
    of="trunk",
    choices=OF_LAYERS | {"layers": ("trunk", "trunk_without_pooling")},
    limits=UNLIMITED,
)
def _last_step(evidence: Evidence, names: list[str], similarity: str) -> Outcome:
    if len(names) < 3 or evidence.layers.loc[names[-1], "kind"] != "output":
        return Outcome.undefined("fewer than 3 layers, or the logits are not recorded", len(names))
    if evidence.has_class_maps:
        return Outcome.undefined("the last step has no weights: it averages class maps", len(names))
    alike = evidence.similarities(names, similarity)
    across = np.stack([alike[:, here, there] for here, there in adjacent_pairs([False] * len(names))], axis=1)
    # similarity to the input is undefined where it is regressed out
    across = across[:, ~np.isnan(across[0]) | (np.arange(across.shape[1]) > 0)]
    if across.shape[1] < 2:
        return Outcome.undefined("fewer than 2 steps of defined similarity", len(names))
    return Outcome.of_highest(across[:, -1:] - across[:, :-1])


@_claim(
    "S1.4a",
    "larger kernels in a module stand apart from its other branches",
    "similarity of a module's layers with the largest receptive field to the others, minus that of the "
    "others to each other; mean over modules",
    -1,
    ("similarity", "branches"),
    "images",
    choices=OF_LAYERS | AVERAGE,
    limits=UNLIMITED,
)
def _large_kernels_apart(evidence: Evidence, names: list[str], similarity: str, average: str) -> Outcome:
    differences = []
    for branches, fields in evidence.modules(names):
        others = fields < fields.max()
        one, other = np.triu_indices(others.sum(), 1)
        if len(one):
            alike = evidence.similarities(branches, similarity)
            among = alike[:, others][:, :, others][:, one, other].mean(1)
            differences.append(alike[:, ~others][:, :, others].mean((1, 2)) - among)
    if not differences:
        return Outcome.undefined("no module has a larger kernel beside two or more others")
    return over_layers(np.stack(differences, axis=1), average)


@_claim(
    "S1.4b",
    "larger kernels in a module are less like the output",
    "similarity to the output of a module's layers with the largest receptive field, minus that of those "
    "with the smallest; mean over modules",
    -1,
    ("similarity", "branches"),
    "images",
    choices=OF_LAYERS | AVERAGE,
    limits=UNLIMITED,
)
def _large_kernels(evidence: Evidence, names: list[str], similarity: str, average: str) -> Outcome:
    last = evidence.recorded[-1]
    if evidence.layers.loc[last, "kind"] != "output":
        return Outcome.undefined("the logits are not recorded")
    differences = []
    for branches, fields in evidence.modules(names):
        if fields.min() < fields.max():
            to_output = evidence.similarities([*branches, last], similarity)[:, :-1, -1]
            large, small = (to_output[:, fields == end] for end in (fields.max(), fields.min()))
            differences.append(large.mean(1) - small.mean(1))
    if not differences:
        return Outcome.undefined("no module has branches with kernels of different size")
    return over_layers(np.stack(differences, axis=1), average)


# S2: what classes a unit answers to


def _concepts(
    id: str, claim: str, words: str, predicted: int, view: str, column: str, choices: Choices
) -> None:
    """Declare a claim on the classes of top images, whose measure of units changes with depth."""

    @_claim(
        *(id, claim, f"ρ of depth and {words}", predicted, ("multifacetedness", view)),
        choices=choices | TREND,
    )
    def _(evidence: Evidence, names: list[str], correlation: Correlation, average: str = "mean") -> Outcome:
        return trend(evidence, names, evidence.averages(column, names, average), correlation)


_concepts(
    *("S2.1a", "Gini sparsity rises with depth", "mean Gini index", 1, "degree", "gini"),
    TOP_IMAGES | AVERAGE,
)
_concepts(
    *("S2.1b", "flatness falls with depth", "mean flatness", -1, "degree", "flatness"),
    FLATNESS | AVERAGE,
)
_concepts(
    *("S2.2a", "MF degree falls with depth", "mean MF degree", -1, "degree", "mf_degree"),
    FLATNESS | AVERAGE,
)
_concepts(
    *("S2.2b", "the share of single-faceted units grows with depth", "share of single-faceted units"),
    *(1, "counts", "is_single"),
    FLATNESS | {"threshold": ("mean", "median")},
)


def _conceptual(id: str, claim: str, words: str, predicted: int, comparison: str) -> None:
    """Declare a claim on the class counts of two units."""

    @_claim(
        *(id, claim, f"ρ of depth and mean {words} of two units' class counts", predicted),
        ("multifacetedness", "similarity"),
        choices=TOP_IMAGES | TREND,
    )
    def _(evidence: Evidence, names: list[str], correlation: Correlation) -> Outcome:
        return trend(evidence, names, evidence.unit_pairs(names, comparison), correlation)


_conceptual("S2.3a", "conceptual similarity of units falls with depth", "correlation", -1, "similarity")
_conceptual("S2.3b", "conceptual dissimilarity of units rises with depth", "distance", 1, "distance")


@_claim(
    "S2.4",
    "the lowest MF degrees of layers are significant more often than the highest",
    "share of layers whose lowest MF degree has p < 0.05, minus that of the highest, minus this "
    "difference by chance",
    1,
    ("multifacetedness", "degree"),
    "layers",
    choices=TOP_IMAGES | {"level": (0.05, 0.01)},
    limits=UNLIMITED,
)
def _significant_ends(evidence: Evidence, names: list[str], level: float) -> Outcome:
    def difference(degrees: Floats) -> float:
        degrees = degrees[np.isfinite(degrees)]
        if len(degrees) < 3:
            return math.nan
        lowest, highest = degrees.argmin(), degrees.argmax()
        low = tail_p_values(degrees, "lower")[0][lowest] < level
        high = tail_p_values(degrees, "upper")[0][highest] < level
        return float(low) - float(high)

    observed, drawn = [], []
    for name in names:
        effect = difference(*evidence.values(name, ["mf_degree"]))
        by_chance = [difference(degrees) for degrees in evidence.chance_degrees(name, DRAWS)]
        if not np.isnan([effect, *by_chance]).any():
            observed.append(effect)
            drawn.append(by_chance)
    n = len(observed)
    if not n:
        return Outcome.undefined("no layer with 3 MF degrees")
    # few layers often agree by chance, and their resamples then have no width: random draws decide
    means = np.mean(drawn, axis=0)
    among_draws = tails(np.array([np.mean(observed), *means]))._replace(attainable=1 / (1 + DRAWS))
    counts = with_data(resample_counts(n, evidence.resamples, evidence.seed))
    return Outcome.of_samples(counts @ observed / n - means.mean(), n, among_draws, random_draws=True)


# S3: how important, and how replaceable, is one unit


def _relations(
    evidence: Evidence, first: str, second: str, names: list[str], given: str = "nothing"
) -> Floats:
    """Return the rank correlation of two measures over each layer's units, (samples, layers).

    Parameters
    ----------
    given : measure of units for which the correlation controls; ``nothing`` for none.
    """
    measures = [first, second]
    if given == "nothing":
        found = [each[:, 0, 1] for each in evidence.correlations(measures, names)]
    else:
        found = evidence.partial(measures, names, given)
    return _sign(*measures) * np.stack(found, axis=1)


def _sign(first: str, second: str) -> int:
    """Return the sign that a correlation has to be given if one of the measures is reversed."""
    return -1 if (first in REVERSED) != (second in REVERSED) else 1


@_claim(
    "S3.1",
    "substitution and selectivity correlate positively in early convolutional layers",
    "ρ of RS and class selectivity, mean over the first third of convolutional layers",
    1,
    ("importance", "depth"),
    of="early",
    orders=("substitution", "selectivity"),
    choices=SUBSTITUTION | SELECTIVITY | EARLY,
)
def _substitution_and_selectivity(
    evidence: Evidence, names: list[str], substitution: str, selectivity: str
) -> Outcome:
    return over_layers(_relations(evidence, substitution, selectivity, names))


@_claim(
    "S3.2",
    "the correlation of substitution and selectivity weakens with depth",
    "ρ of depth and the ρ of RS and class selectivity, over convolutional layers",
    -1,
    ("importance", "depth"),
    of="convolutional",
    orders=("substitution", "selectivity"),
    choices=SUBSTITUTION | SELECTIVITY | CORRELATION,
)
def _weakening(
    evidence: Evidence, names: list[str], substitution: str, selectivity: str, correlation: Correlation
) -> Outcome:
    return trend(evidence, names, _relations(evidence, substitution, selectivity, names), correlation)


@_claim(
    "S3.3a",
    "units of the last hidden layer are more selective than those of other layers",
    "median class selectivity of the last hidden layer, minus the highest of the others",
    1,
    ("selectivity", "depth"),
    of="hidden",
    choices=SELECTIVITY | MEDIAN,
)
def _last_selectivity(evidence: Evidence, names: list[str], selectivity: str, average: str) -> Outcome:
    if len(names) < 2:
        return Outcome.undefined("a single hidden layer", len(names))
    averages = evidence.averages(selectivity, names, average)
    return Outcome.of_highest(averages[:, :-1] - averages[:, -1:]).negated()


@_claim(
    "S3.3b",
    "most units of the last hidden layer are not replaceable (RS is 0)",
    "share of the last hidden layer's units with RS = 0",
    1,
    ("importance", "substitution"),
    null=0.5,
    of="hidden",
    choices=SUBSTITUTION,
    limits=(0, 1),
)
def _last_substitution(evidence: Evidence, names: list[str], substitution: str) -> Outcome:
    is_zero = f"{substitution}_is_zero"
    (values,) = evidence.values(names[-1], [is_zero])
    known = values[~np.isnan(values)]
    if not len(known):
        return Outcome.undefined("RS was not measured in the last hidden layer")
    outcome = Outcome.of_samples(evidence.means(is_zero, names[-1:])[:, 0], len(known))
    # a share of 0 or 1 has resamples without width
    n_zero = int(known.sum())
    tails = Tails(binomial_tail(n_zero, len(known)), binomial_tail(len(known) - n_zero, len(known)), 0)
    return replace(outcome.between(*clopper_pearson(n_zero, len(known))), exact=tails)


def _importance(letter: str, effects: Choices, words: str) -> None:
    """Declare the claims about which units matter, for measures of an ablation effect."""
    own = effects["effect"][0]

    @_claim(
        f"S3.4{letter}",
        f"selective units matter least, by the {words}",
        f"ρ of class selectivity and {own}, mean over the first third of convolutional layers",
        -1,
        ("importance", "relations"),
        of="early",
        orders=("selectivity", "effect"),
        choices=SELECTIVITY | effects | GIVEN | EARLY,
    )
    def _(evidence: Evidence, names: list[str], selectivity: str, effect: str, given: str) -> Outcome:
        return over_layers(_relations(evidence, selectivity, effect, names, given))

    @_claim(
        f"S3.5{letter}",
        f"replaceable units matter least, by the {words}",
        f"ρ of RS and {own}, mean over layers",
        -1,
        ("importance", "relations"),
        of="substituted",
        orders=("substitution", "effect"),
        choices=SUBSTITUTION | effects | GIVEN | CONVOLUTIONAL,
    )
    def _(evidence: Evidence, names: list[str], substitution: str, effect: str, given: str) -> Outcome:
        return over_layers(_relations(evidence, substitution, effect, names, given))


_importance("a", OUTPUT, "change of the output")
_importance("b", LOSS, "rise of the loss")


# S4: neurons or directions


@_claim(
    "S4.1a",
    "activation vectors of earlier layers spread over fewer directions",
    "ρ of depth and participation ratio",
    1,
    ("directions", "depth"),
    "images",
    choices={"dimensions": ("participation_ratio", "effective_rank"), **TREND},
)
def _participation(
    evidence: Evidence, names: list[str], dimensions: str, correlation: Correlation
) -> Outcome:
    return trend(evidence, names, evidence.dimensions(names, dimensions), correlation)


@_claim(
    "S4.1b",
    "earlier layers have fewer large singular values",
    "ρ of depth and number of significant components of equally many neurons per layer",
    1,
    ("directions", "depth"),
    "nothing",
    choices=TREND,
)
def _components(evidence: Evidence, names: list[str], correlation: Correlation) -> Outcome:
    numbers = evidence.layers.loc[names, "n_significant_components_matched"].to_numpy(float)
    return trend(evidence, names, numbers[None], correlation)


@_claim(
    "S4.2",
    "singular vectors are less redundant than neurons of high variance",
    "overlap of top images among neurons of high variance, minus that among singular vectors; mean over "
    "layers",
    1,
    ("directions", "redundancy"),
    "images",
    choices={"images": ("top", "bottom")} | AVERAGE | LAYERS,
)
def _redundancy(evidence: Evidence, names: list[str], images: str, average: str) -> Outcome:
    if (images, average) == ("top", "mean"):
        return mean_of_column(evidence, names, "redundancy_difference")
    end = {"top": "", "bottom": "bottom_"}[images]
    columns = evidence.layers.loc[names, [f"redundancy_{end}variance", f"redundancy_{end}svd"]]
    variance, svd = columns.to_numpy(float).T
    return over_layers((variance - svd)[None], average)


@_claim(
    "S4.3",
    "interpretability goes with the singular value",
    "ρ over significant components of singular value and class entropy of the extreme images, mean over "
    "layers, minus that of pixels",
    -1,
    ("directions", "class_entropy"),
    "components",
    choices={"images": ("both", "top", "bottom"), "components": ("significant", "all"), **AVERAGE},
    limits=UNLIMITED,
)
def _entropy_and_sigma(
    evidence: Evidence, names: list[str], images: str, components: str, average: str
) -> Outcome:
    if evidence.layers["kind"].iloc[0] != "input":
        return Outcome.undefined("the input, with which layers are compared, is not recorded")

    def rho(name: str) -> Floats:
        # in the order of their singular values
        significant = evidence.layers.loc[name, "n_significant_components"]
        known = None if np.isnan(significant) or components == "all" else int(significant)
        entropies = evidence.class_entropies(name, images)[:known]
        entropies = entropies[~np.isnan(entropies)]
        sigma = -np.arange(float(len(entropies)))
        return rank_correlation(sigma, entropies, evidence.resampled(name, len(sigma)))

    pixels = rho(str(evidence.layers.index[0]))
    return over_layers(np.stack([rho(name) - pixels for name in names], axis=1), average)


# beyond the studies


# choices among measures that stand for a unit measure
CHOICE_OF = {
    "selectivity": "selectivity",
    "lifetime_sparseness": "sparseness",
    "ablation_kl": "effect",
    "rs_iam": "substitution",
}
STAND_FOR: dict[str, Choices] = {
    "mf_degree": FLATNESS,
    "selectivity": SELECTIVITY,
    "lifetime_sparseness": {"sparseness": ("lifetime_sparseness", "active_fraction")},
    "ablation_kl": OUTPUT,
    "rs_iam": SUBSTITUTION,
}


def _agreement(letter: str, one: str, other: str) -> None:
    """Declare the claim that two unit measures that stands for one thing agree."""
    sign = UNIT_MEASURES[one] * UNIT_MEASURES[other]

    @_claim(
        f"X.1{letter}",
        f"{NAMES[one]} units are {NAMES[other]}",
        f"ρ of {one} and {other} over units, mean over layers",
        sign,
        ("agreement", "unit_measures"),
        of="substituted",
        orders=[CHOICE_OF.get(name, name) for name in (one, other)],
        choices=STAND_FOR[one] | STAND_FOR[other] | {"weights": ("units", "equal")} | CONVOLUTIONAL,
    )
    def _(evidence: Evidence, names: list[str], weights: str, **chosen: str) -> Outcome:
        first, second = (chosen.get(CHOICE_OF.get(name, name), name) for name in (one, other))
        if weights == "equal":
            return over_layers(_relations(evidence, first, second, names))
        # the claims' own measures all at once, because each is ranked in each resample
        measures = list(UNIT_MEASURES) if {first, second} <= set(UNIT_MEASURES) else [first, second]
        rho, n_layers = evidence.pooled(measures, names)
        pair = measures.index(first), measures.index(second)
        return Outcome.of_samples(_sign(first, second) * rho[:, *pair], int(n_layers[pair]))


for _letter, _pair in zip("abcdefghij", combinations(UNIT_MEASURES, 2), strict=True):
    _agreement(_letter, *_pair)


@_claim(
    "X.2",
    "networks of different seeds have the same units",
    "best rank correlation of a unit with a unit of another network, minus that with its rotated units; "
    "mean over layers",
    1,
    ("universality", "depth"),
    "networks",
    choices={"partners": ("best", "assigned", "mutual"), **AVERAGE},
    between_networks=True,
    limits=UNLIMITED,
)
def _universality(evidence: Evidence, names: list[str], partners: str, average: str) -> Outcome:
    if not evidence.layers["universality_rotated"].notna().any():
        return Outcome.undefined("the network is trained from one seed")
    # a single network's chance level is that of few rotations: networks decide, not resamples of its units
    prefix = "universality" if partners == "best" else f"universality_{partners}"
    chance = [f"{prefix}_rotated", *(["universality_permuted"] if partners == "best" else [])]
    columns = evidence.layers.loc[names, [f"{prefix}_mean", *chance]]
    above = columns[f"{prefix}_mean"] - columns[chance].max(axis=1)
    outcome = over_layers(above.to_numpy(float)[None], average)
    return replace(outcome, reason="decided over networks")


def _dictionaries(
    id: str,
    claim: str,
    statistic: str,
    predicted: int,
    column: str,
    measures: Sequence[str],
    reference: str = "units",
    resampled: str = "images",
) -> None:
    """Declare a claim on dictionaries: non-negative factors and sparse autoencoders, on held-out images.

    Parameters
    ----------
    column : column of the census with the difference between dictionaries and their reference.
    measures : measures of families of which it is a difference, that of the column first.
    reference : family with which dictionaries are compared.
    """

    @_claim(
        *(id, claim, f"{statistic}; mean over layers", predicted, ("families", "depth"), resampled),
        choices={"dictionary": ("both", "nmf", "sae"), "measure": measures, **AVERAGE},
        limits=UNLIMITED,
    )
    def _(evidence: Evidence, names: list[str], dictionary: str, measure: str, average: str) -> Outcome:
        if (dictionary, measure, average) == ("both", measures[0], "mean"):
            return mean_of_column(evidence, names, column)
        learned = ["nmf", "sae"] if dictionary == "both" else [dictionary]

        def difference(name: str) -> float:
            values = evidence.families(name)[measure].reindex([reference, *learned])
            return float(values[learned].mean() - values[reference])

        return over_layers(np.array([[difference(name) for name in names]]), average)


_dictionaries(
    "X.3a",
    "few directions of a dictionary reconstruct channel vectors better than as few units",
    "R² of dictionaries minus that of units",
    1,
    "dictionary_reconstruction",
    ["reconstruction"],
)
_dictionaries(
    "X.3b",
    "channel vectors are more peaked over directions of a dictionary than over units",
    "Gini index of codes in dictionaries minus that in units",
    1,
    "dictionary_peakedness",
    ["code_gini", "code_kurtosis", "code_hoyer"],
)
_dictionaries(
    "X.3c",
    "top images of directions of a dictionary are of fewer classes than those of units",
    "class entropy of top images of dictionaries minus that of units",
    -1,
    "dictionary_class_entropy",
    ["class_entropy"],
)
_dictionaries(
    "X.3d",
    "dictionaries are more stable between halves of the images than singular vectors",
    "matched cosine of dictionaries minus that of singular vectors",
    1,
    "dictionary_stability",
    ["stability_half"],
    reference="svd",
    resampled="directions",
)
_dictionaries(
    "X.3e",
    "ablating a direction of a dictionary changes the output more than ablating a unit",
    "ablation effect of directions of dictionaries minus that of units",
    1,
    "dictionary_ablation",
    ["ablation_kl", "ablation_changed"],
    resampled="directions and images",
)
