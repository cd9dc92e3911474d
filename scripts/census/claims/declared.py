"""The claims: each study's conclusions as predictions about a statistic, and the tests of these.

To add one, write a function that returns the outcome for the evidence, and declare it with :func:`_claim`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from census.claims.evidence import Evidence, along
from census.claims.verdict import Outcome
from census.statistics.bootstrap import resample_counts, with_data
from census.statistics.correlation import mean_correlation
from census.statistics.permutation import mantel, tails, trend
from census.statistics.proportion import clopper_pearson
from census.statistics.ranks import rank_correlation
from census.statistics.significance import LEVEL, tail_p_values
from census.statistics.similarity import adjacent_pairs
from census.statistics.svd import mean_square, participation_ratio

Floats = NDArray[np.float64]
Test = Callable[[Evidence], Outcome]
TestOfLayers = Callable[[Evidence, list[str]], Outcome]
# layers that a claim is about: properties of the evidence
Layers = Literal["recorded", "trunk", "nonlinear", "hidden", "substituted", "convolutional", "early"]

UNLIMITED = (-math.inf, math.inf)
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


@dataclass(frozen=True)
class Claim:
    """A prediction.

    Attributes
    ----------
    id : the study, a number, and a letter if there are several tests of a conclusion; unique.
    claim : the study's conclusion, a sentence that stands alone.
    statistic : the measured quantity.
    predicted : 1 if the claim predicts a statistic above the null, -1 if below.
    null : the statistic under the null hypothesis.
    resampled : units of resampling of the interval, such as units, images or components.
    figure : family and view of the figure that shows it, below ``results/figures/``.
    of : the layers that it is about, a property of the evidence.
    test : function that returns the outcome.
    between_networks : whether the statistic of a network is a mean over its pairs with other networks.
    limits : the lowest and the highest value that the statistic can have.
    """

    id: str
    claim: str
    statistic: str
    predicted: int
    null: float
    resampled: str
    figure: tuple[str, str]
    of: Layers
    test: Test
    between_networks: bool = False
    limits: tuple[float, float] = UNLIMITED


CLAIMS: list[Claim] = []


def _claim(
    id: str,
    claim: str,
    statistic: str,
    predicted: int,
    figure: tuple[str, str],
    resampled: str = "units",
    null: float = 0,
    of: Layers = "nonlinear",
    orders: Sequence[str] = (),
    between_networks: bool = False,
    limits: tuple[float, float] = (-1, 1),
) -> Callable[[TestOfLayers], TestOfLayers]:
    """Declare a claim by its test.

    Parameters
    ----------
    of : the layers that the claim is about, which are passed to the test. Without any, there is no outcome.
    orders : measures of units whose order the test compares, and which must be reliable.
    between_networks, limits : see :class:`Claim`; limits by default are those of a correlation.
    """

    def declare(test: TestOfLayers) -> TestOfLayers:
        def outcome(evidence: Evidence) -> Outcome:
            names = getattr(evidence, of)
            if not names:
                return Outcome.undefined(f"no {of} layers")
            return replace(test(evidence, names), unreliable=evidence.unreliable(orders, names))

        CLAIMS.append(
            Claim(
                *(id, claim, statistic, predicted, null, resampled, figure, of, outcome),
                between_networks=between_networks,
                limits=limits,
            )
        )
        return test

    return declare


def _trend(evidence: Evidence, names: list[str], values: Floats, of: Floats | None = None) -> Outcome:
    """Test how a value of layers, (samples, layers), changes with depth, or with another value of them.

    The interval resamples units or images. Permuting layers decides whether the trend is more than chance.
    """
    other = np.broadcast_to(evidence.depth(names), values.shape) if of is None else of
    known = ~np.isnan(values[0]) & ~np.isnan(other[0])
    n = int(known.sum())
    if n < 3:
        return Outcome.undefined("fewer than 3 layers", n)
    if of is None:
        samples = along(other[0], values)
    else:  # ranks of both change from sample to sample
        samples = np.array([along(one, two[None])[0] for one, two in zip(other, values, strict=True)])
    by_chance = trend(other[0, known], values[0, known], evidence.random("orders of layers"))
    return Outcome.of_samples(samples, n, by_chance)


def _mean_over_layers(values: NDArray[np.floating]) -> Outcome:
    """Return the mean over layers (samples, layers) in which a value is defined."""
    known = ~np.isnan(values[0])
    if not known.any():
        return Outcome.undefined("undefined in all layers")
    return Outcome.of_samples(values[:, known].mean(1), int(known.sum()))


def _mean_of_column(evidence: Evidence, names: list[str], column: str) -> Outcome:
    """Return the mean over layers of a column of the census with an interval."""
    # layers share their images: the interval is as wide as if all of them moved together
    ends = [evidence.layers.loc[names, f"{column}{end}"] for end in ("", "_low", "_high")]
    effect, low, high = (float(each.mean()) for each in ends)
    n = int(ends[0].notna().sum())
    if not n:
        return Outcome.undefined("undefined in all layers")
    return Outcome.of_samples(np.array([effect]), n).between(low, high)


# S0: sparse or distributed?


@_claim("S0.1", "codes sparsen with depth", "ρ of depth and active fraction", -1, ("sparsity", "depth"))
def _sparsening(evidence: Evidence, names: list[str]) -> Outcome:
    return _trend(evidence, names, evidence.means("active_fraction", names))


@_claim(
    "S0.2",
    "decorrelation accompanies sparsening",
    "ρ over layers of active fraction and mean correlation between images",
    1,
    ("correlation", "decorrelation"),
    "images, units",
)
def _decorrelation(evidence: Evidence, names: list[str]) -> Outcome:
    active = evidence.means("active_fraction", names)
    alike = np.stack([mean_correlation(evidence.matrix(name), evidence.images) for name in names], axis=1)
    return _trend(evidence, names, alike, of=active)


def _median_alignment(evidence: Evidence, names: list[str], *, preactivation: bool) -> Outcome:
    """Return the median over layers of the alignment with the units' basis."""
    values = evidence.alignment(names, preactivation=preactivation)
    known = ~np.isnan(values[0])
    if not known.any():
        return Outcome.undefined("undefined in all layers")
    return Outcome.of_samples(np.median(values[:, known], axis=1), int(known.sum()))


@_claim(
    "S0.3a",
    "activation vectors are aligned with units",
    "median over layers of the alignment (kurtosis minus its mean over rotations)",
    1,
    ("alignment", "depth"),
    "images, rotations",
    limits=UNLIMITED,
)
def _alignment(evidence: Evidence, names: list[str]) -> Outcome:
    return _median_alignment(evidence, names, preactivation=False)


@_claim(
    "S0.3b",
    "pre-activations are aligned with units, too",
    "median over layers of the alignment of pre-activations",
    1,
    ("alignment", "depth"),
    "images, rotations",
    limits=UNLIMITED,
)
def _alignment_of_preactivations(evidence: Evidence, names: list[str]) -> Outcome:
    return _median_alignment(evidence, names, preactivation=True)


@_claim(
    "S0.3c",
    "alignment with units increases with depth",
    "ρ of depth and alignment",
    1,
    ("alignment", "depth"),
    "images, rotations",
)
def _alignment_along_depth(evidence: Evidence, names: list[str]) -> Outcome:
    return _trend(evidence, names, evidence.alignment(names))


@_claim(
    "S0.4",
    "sparseness reaches a bottleneck and falls again towards the output",
    "lowest active fraction of the hidden layers before the last one, minus that of the last one",
    -1,
    ("sparsity", "depth"),
    of="hidden",
)
def _bottleneck(evidence: Evidence, names: list[str]) -> Outcome:
    if len(names) < 2:
        return Outcome.undefined("a single hidden layer", len(names))
    active = evidence.means("active_fraction", names)

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
)
def _distance(evidence: Evidence, names: list[str]) -> Outcome:
    similarities = evidence.similarities(names)
    known = ~np.isnan(similarities[0]).all(0)
    similarities = similarities[:, known][:, :, known]
    n = int(known.sum())
    if n < 3 or np.isnan(similarities[0]).any():
        return Outcome.undefined("fewer than 3 layers, or undefined similarities", n)
    place = np.flatnonzero(known).astype(np.float64)
    apart = np.abs(place - place[:, None])
    pairs = np.triu_indices(n, 1)
    by_chance = mantel(apart, similarities[0], evidence.random("orders of layers"))
    return Outcome.of_samples(along(apart[pairs], similarities[:, *pairs]), n, by_chance)


@_claim(
    "S1.2",
    "the input's similarity structure is lost quickly",
    "fall of the similarity to the input over the first third of layers, minus that over the last third",
    1,
    ("similarity", "pearson"),
    "images",
    of="trunk",
    limits=UNLIMITED,
)
def _early_loss(evidence: Evidence, names: list[str]) -> Outcome:
    third = len(names) // 3
    if third < 1 or evidence.layers.loc[names[0], "kind"] != "input":
        return Outcome.undefined("fewer than 3 layers, or the input is not recorded", len(names))
    to_input = evidence.similarities(names)[:, 0]
    first = to_input[:, 0] - to_input[:, third]
    last = to_input[:, -1 - third] - to_input[:, -1]
    return Outcome.of_samples(first - last, len(names))


@_claim(
    "S1.3",
    "the sharpest drop is the last step, into the output",
    "similarity across the last step, minus the least of the others",
    -1,
    ("similarity", "pearson"),
    "images",
    of="trunk",
    limits=UNLIMITED,
)
def _last_step(evidence: Evidence, names: list[str]) -> Outcome:
    if len(names) < 3 or evidence.layers.loc[names[-1], "kind"] != "output":
        return Outcome.undefined("fewer than 3 layers, or the logits are not recorded", len(names))
    if evidence.has_class_maps:
        return Outcome.undefined("the last step has no weights: it averages class maps", len(names))
    alike = evidence.similarities(names)
    across = np.stack([alike[:, here, there] for here, there in adjacent_pairs([False] * len(names))], axis=1)
    return Outcome.of_highest(across[:, -1:] - across[:, :-1])


@_claim(
    "S1.4a",
    "larger kernels in a module stand apart from its other branches",
    "similarity of a module's layers with the largest receptive field to the others, minus that of the "
    "others to each other; mean over modules",
    -1,
    ("similarity", "branches"),
    "images",
    limits=UNLIMITED,
)
def _large_kernels_apart(evidence: Evidence, names: list[str]) -> Outcome:
    differences = []
    for branches, fields in evidence.modules(names):
        others = fields < fields.max()
        one, other = np.triu_indices(others.sum(), 1)
        if len(one):
            alike = evidence.similarities(branches)
            among = alike[:, others][:, :, others][:, one, other].mean(1)
            differences.append(alike[:, ~others][:, :, others].mean((1, 2)) - among)
    if not differences:
        return Outcome.undefined("no module has a larger kernel beside two or more others")
    return _mean_over_layers(np.stack(differences, axis=1))


@_claim(
    "S1.4b",
    "larger kernels in a module are less like the output",
    "similarity to the output of a module's layers with the largest receptive field, minus that of those "
    "with the smallest; mean over modules",
    -1,
    ("similarity", "branches"),
    "images",
    limits=UNLIMITED,
)
def _large_kernels(evidence: Evidence, names: list[str]) -> Outcome:
    last = evidence.recorded[-1]
    if evidence.layers.loc[last, "kind"] != "output":
        return Outcome.undefined("the logits are not recorded")
    differences = []
    for branches, fields in evidence.modules(names):
        if fields.min() < fields.max():
            to_output = evidence.similarities([*branches, last])[:, :-1, -1]
            large, small = (to_output[:, fields == end] for end in (fields.max(), fields.min()))
            differences.append(large.mean(1) - small.mean(1))
    if not differences:
        return Outcome.undefined("no module has branches with kernels of different size")
    return _mean_over_layers(np.stack(differences, axis=1))


# S2: what classes a unit answers to


@_claim(
    "S2.1a",
    "Gini sparsity rises with depth",
    "ρ of depth and mean Gini index",
    1,
    ("multifacetedness", "degree"),
)
def _gini(evidence: Evidence, names: list[str]) -> Outcome:
    return _trend(evidence, names, evidence.means("gini", names))


@_claim(
    "S2.1b", "flatness falls with depth", "ρ of depth and mean flatness", -1, ("multifacetedness", "degree")
)
def _flatness(evidence: Evidence, names: list[str]) -> Outcome:
    return _trend(evidence, names, evidence.means("flatness", names))


@_claim(
    "S2.2a", "MF degree falls with depth", "ρ of depth and mean MF degree", -1, ("multifacetedness", "degree")
)
def _mf_degree(evidence: Evidence, names: list[str]) -> Outcome:
    return _trend(evidence, names, evidence.means("mf_degree", names))


@_claim(
    "S2.2b",
    "the share of single-faceted units grows with depth",
    "ρ of depth and share of single-faceted units",
    1,
    ("multifacetedness", "counts"),
)
def _single_faceted(evidence: Evidence, names: list[str]) -> Outcome:
    return _trend(evidence, names, evidence.means("is_single", names))


@_claim(
    "S2.3a",
    "conceptual similarity of units falls with depth",
    "ρ of depth and mean correlation of two units' class counts",
    -1,
    ("multifacetedness", "similarity"),
)
def _conceptual_similarity(evidence: Evidence, names: list[str]) -> Outcome:
    return _trend(evidence, names, evidence.unit_pairs[0])


@_claim(
    "S2.3b",
    "conceptual dissimilarity of units rises with depth",
    "ρ of depth and mean distance of two units' class counts",
    1,
    ("multifacetedness", "similarity"),
)
def _conceptual_distance(evidence: Evidence, names: list[str]) -> Outcome:
    return _trend(evidence, names, evidence.unit_pairs[1])


@_claim(
    "S2.4",
    "the lowest MF degrees of layers are significant more often than the highest",
    "share of layers whose lowest MF degree has p < 0.05, minus that of the highest; the same by chance "
    "subtracted",
    1,
    ("multifacetedness", "degree"),
    "layers",
    limits=UNLIMITED,
)
def _significant_ends(evidence: Evidence, names: list[str]) -> Outcome:
    def difference(degrees: Floats) -> float:
        degrees = degrees[np.isfinite(degrees)]
        if len(degrees) < 3:
            return math.nan
        lowest, highest = degrees.argmin(), degrees.argmax()
        low = tail_p_values(degrees, "lower")[0][lowest] < LEVEL
        high = tail_p_values(degrees, "upper")[0][highest] < LEVEL
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


def _relations(evidence: Evidence, first: str, second: str, names: list[str]) -> NDArray[np.float64]:
    """Return the rank correlation of two measures over each layer's units, (samples, layers)."""
    return np.stack([each[:, 0, 1] for each in evidence.correlations([first, second], names)], axis=1)


@_claim(
    "S3.1",
    "substitution and selectivity correlate positively in early convolutional layers",
    "ρ of RS and class selectivity, mean over the first third of convolutional layers",
    1,
    ("importance", "depth"),
    of="early",
    orders=("rs_iam", "selectivity"),
)
def _substitution_and_selectivity(evidence: Evidence, names: list[str]) -> Outcome:
    return _mean_over_layers(_relations(evidence, "rs_iam", "selectivity", names))


@_claim(
    "S3.2",
    "the correlation of substitution and selectivity weakens with depth",
    "ρ of depth and the ρ of RS and class selectivity, over convolutional layers",
    -1,
    ("importance", "depth"),
    of="convolutional",
    orders=("rs_iam", "selectivity"),
)
def _weakening(evidence: Evidence, names: list[str]) -> Outcome:
    return _trend(evidence, names, _relations(evidence, "rs_iam", "selectivity", names))


@_claim(
    "S3.3a",
    "units of the last hidden layer are more selective than those of other layers",
    "median class selectivity of the last hidden layer, minus the highest of the others",
    1,
    ("selectivity", "depth"),
    of="hidden",
)
def _last_selectivity(evidence: Evidence, names: list[str]) -> Outcome:
    if len(names) < 2:
        return Outcome.undefined("a single hidden layer", len(names))
    medians = evidence.medians("selectivity", names)
    return Outcome.of_highest(medians[:, :-1] - medians[:, -1:]).negated()


@_claim(
    "S3.3b",
    "most units of the last hidden layer are not replaceable (RS is 0)",
    "share of the last hidden layer's units with RS = 0",
    1,
    ("importance", "substitution"),
    null=0.5,
    of="hidden",
    limits=(0, 1),
)
def _last_substitution(evidence: Evidence, names: list[str]) -> Outcome:
    (values,) = evidence.values(names[-1], ["is_not_replaceable"])
    known = values[~np.isnan(values)]
    if not len(known):
        return Outcome.undefined("RS was not measured in the last hidden layer")
    outcome = Outcome.of_samples(evidence.means("is_not_replaceable", names[-1:])[:, 0], len(known))
    # a share of 0 or 1 has resamples without width
    return outcome.between(*clopper_pearson(int(known.sum()), len(known)))


def _importance(letter: str, effect: str, words: str) -> None:
    """Declare the claims about which units matter, for one measure of an ablation effect."""

    @_claim(
        f"S3.4{letter}",
        f"selective units matter least, by the {words}",
        f"ρ of class selectivity and {effect}, mean over the first third of convolutional layers",
        -1,
        ("importance", "relations"),
        of="early",
        orders=("selectivity", effect),
    )
    def _(evidence: Evidence, names: list[str]) -> Outcome:
        return _mean_over_layers(_relations(evidence, "selectivity", effect, names))

    @_claim(
        f"S3.5{letter}",
        f"replaceable units matter least, by the {words}",
        f"ρ of RS and {effect}, mean over layers",
        -1,
        ("importance", "relations"),
        of="substituted",
        orders=("rs_iam", effect),
    )
    def _(evidence: Evidence, names: list[str]) -> Outcome:
        return _mean_over_layers(_relations(evidence, "rs_iam", effect, names))


_importance("a", "ablation_kl", "change of the output")
_importance("b", "ablation_loss", "rise of the loss")


# S4: neurons or directions


@_claim(
    "S4.1a",
    "activation vectors of earlier layers spread over fewer directions",
    "ρ of depth and participation ratio",
    1,
    ("directions", "depth"),
    "images",
)
def _participation(evidence: Evidence, names: list[str]) -> Outcome:
    return _trend(evidence, names, participation_ratios(evidence, names))


def participation_ratios(evidence: Evidence, names: Sequence[str]) -> Floats:
    """Return the participation ratio of each layer, (samples, layers)."""
    ratios = []
    for name in names:
        matrix = evidence.matrix(name)
        known = ~np.isnan(matrix).all(0)
        counts = evidence.images[:, known]
        squares = mean_square(matrix[np.ix_(known, known)], counts)
        ratios.append(participation_ratio(squares, float(known.sum())))
    return np.stack(ratios, axis=1)


@_claim(
    "S4.1b",
    "earlier layers have fewer large singular values",
    "ρ of depth and number of significant components of as many neurons of each layer",
    1,
    ("directions", "depth"),
    "nothing",
)
def _components(evidence: Evidence, names: list[str]) -> Outcome:
    numbers = evidence.layers.loc[names, "n_significant_components_matched"].to_numpy(float)
    return _trend(evidence, names, numbers[None])


@_claim(
    "S4.2",
    "singular vectors are less redundant than neurons of high variance",
    "overlap of top images among neurons of high variance, minus that among singular vectors; layers' mean",
    1,
    ("directions", "redundancy"),
    "images",
)
def _redundancy(evidence: Evidence, names: list[str]) -> Outcome:
    return _mean_of_column(evidence, names, "redundancy_difference")


@_claim(
    "S4.3",
    "interpretability goes with the singular value",
    "ρ over significant components of singular value and class entropy of the extreme images, mean over "
    "layers, minus that of pixels",
    -1,
    ("directions", "class_entropy"),
    "components",
    limits=UNLIMITED,
)
def _entropy_and_sigma(evidence: Evidence, names: list[str]) -> Outcome:
    if evidence.layers["kind"].iloc[0] != "input":
        return Outcome.undefined("the input, with which layers are compared, is not recorded")

    def rho(name: str) -> Floats:
        # significant components only, in the order of their singular values
        significant = evidence.layers.loc[name, "n_significant_components"]
        entropies = evidence.class_entropies(name)[: None if np.isnan(significant) else int(significant)]
        entropies = entropies[~np.isnan(entropies)]
        sigma = -np.arange(float(len(entropies)))
        return rank_correlation(sigma, entropies, evidence.resampled(name, len(sigma)))

    pixels = rho(str(evidence.layers.index[0]))
    return _mean_over_layers(np.stack([rho(name) - pixels for name in names], axis=1))


# beyond the studies


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
        orders=(one, other),
    )
    def _(evidence: Evidence, names: list[str]) -> Outcome:
        rho = evidence.pooled([one, other], names)[:, 0, 1]
        return Outcome.of_samples(rho, len(names))


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
    between_networks=True,
    limits=UNLIMITED,
)
def _universality(evidence: Evidence, names: list[str]) -> Outcome:
    if not evidence.layers["universality_rotated"].notna().any():
        return Outcome.undefined("the network is trained from one seed")
    # a single network's chance level is that of few rotations: networks decide, not resamples of its units
    columns = evidence.layers.loc[
        names, ["universality_mean", "universality_rotated", "universality_permuted"]
    ]
    above = columns["universality_mean"] - columns[["universality_rotated", "universality_permuted"]].max(
        axis=1
    )
    return replace(_mean_over_layers(above.to_numpy(float)[None]), reason="decided over networks")


def _dictionaries(
    id: str, claim: str, statistic: str, predicted: int, column: str, resampled: str = "images"
) -> None:
    """Declare a claim on dictionaries: non-negative factors and sparse autoencoders, on held-out images."""

    @_claim(
        *(id, claim, f"{statistic}; mean over layers", predicted, ("families", "depth"), resampled),
        limits=UNLIMITED,
    )
    def _(evidence: Evidence, names: list[str]) -> Outcome:
        return _mean_of_column(evidence, names, column)


_dictionaries(
    "X.3a",
    "few directions of a dictionary reconstruct channel vectors better than as few units",
    "R² of dictionaries minus that of units",
    1,
    "dictionary_reconstruction",
)
_dictionaries(
    "X.3b",
    "channel vectors are more peaked over directions of a dictionary than over units",
    "Gini index of codes in dictionaries minus that in units",
    1,
    "dictionary_peakedness",
)
_dictionaries(
    "X.3c",
    "top images of directions of a dictionary are of fewer classes than those of units",
    "class entropy of top images of dictionaries minus that of units",
    -1,
    "dictionary_class_entropy",
)
_dictionaries(
    "X.3d",
    "dictionaries are more stable between halves of the images than singular vectors",
    "matched cosine of dictionaries minus that of singular vectors",
    1,
    "dictionary_stability",
    "directions",
)
_dictionaries(
    "X.3e",
    "ablating a direction of a dictionary changes the output more than ablating a unit",
    "ablation effect of directions of dictionaries minus that of units",
    1,
    "dictionary_ablation",
    "directions and images",
)
