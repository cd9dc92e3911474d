"""The claims: what each study concludes, as a prediction about a number, and how to find that number.

To add one, write a function from the evidence to what was found, and put it below with :func:`_claim`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from census.claims.evidence import Evidence, along
from census.claims.verdict import UNDEFINED, Found, of_estimate, of_samples
from census.statistics.bootstrap import mean_of_rows
from census.statistics.correlation import mean_correlation
from census.statistics.ranks import rank_correlation
from census.statistics.significance import tail_p_values
from census.statistics.similarity import steps
from census.statistics.svd import mean_square, participation_ratio

Test = Callable[[Evidence], Found]
TestOfLayers = Callable[[Evidence, list[str]], Found]
# which layers a claim is about, by the evidence's own names for them
Layers = Literal["recorded", "trunk", "rectified", "substituted"]

LEVEL = 0.05
# the studies' notions of a unit that stands for one thing, each so that more of it is a higher number
NOTIONS = {"mf_degree": -1, "selectivity": 1, "lifetime_sparseness": 1, "ablation_loss": 1, "rs_iam": -1}


@dataclass(frozen=True)
class Claim:
    """A prediction.

    Attributes
    ----------
    id : the study, and a number.
    claim : what the study concludes.
    statistic : what is measured.
    predicted : 1 where it should be above the null, -1 where below.
    null : what it is where there is nothing to the claim.
    resampled : what the interval resamples.
    figure : family and view of the figure that shows it, below ``results/figures/``.
    test : finds it.
    """

    id: str
    claim: str
    statistic: str
    predicted: int
    null: float
    resampled: str
    figure: tuple[str, str]
    test: Test


CLAIMS: list[Claim] = []


def _claim(
    id: str,
    claim: str,
    statistic: str,
    predicted: int,
    figure: tuple[str, str],
    resampled: str = "units",
    null: float = 0,
    of: Layers = "rectified",
) -> Callable[[TestOfLayers], TestOfLayers]:
    """Put a test among the claims.

    Parameters
    ----------
    of : the layers that it is about, which the test is given; without any of them nothing was measured.
    """

    def declare(test: TestOfLayers) -> TestOfLayers:
        def found(evidence: Evidence) -> Found:
            names = getattr(evidence, of)
            return test(evidence, names) if names else UNDEFINED

        CLAIMS.append(Claim(id, claim, statistic, predicted, null, resampled, figure, found))
        return test

    return declare


def _trend(evidence: Evidence, names: list[str], values: NDArray[np.float64]) -> Found:
    """Return how a value of layers, (samples, layers), changes with depth."""
    return of_samples(along(evidence.depth(names), values), len(names))


def _third(names: list[str]) -> list[str]:
    """Return the first third of layers, rounded up."""
    return names[: math.ceil(len(names) / 3)]


def _mean_over_layers(values: NDArray[np.floating]) -> Found:
    """Return the mean over layers (samples, layers) in which a value is defined."""
    known = ~np.isnan(values[0])
    return of_samples(values[:, known].mean(1), int(known.sum())) if known.any() else UNDEFINED


# S0: sparse or distributed?


@_claim("S0.1", "codes sparsen with depth", "ρ of depth and active fraction", -1, ("sparsity", "depth"))
def _sparsening(evidence: Evidence, names: list[str]) -> Found:
    return _trend(evidence, names, evidence.means("active_fraction", names))


@_claim(
    "S0.2",
    "decorrelation accompanies sparsening",
    "ρ over layers of active fraction and mean pattern correlation",
    1,
    ("correlation", "decorrelation"),
    "images, units",
)
def _decorrelation(evidence: Evidence, names: list[str]) -> Found:
    active = evidence.means("active_fraction", names)
    alike = np.stack([mean_correlation(evidence.matrix(name), evidence.images) for name in names], axis=1)
    # ranks of both change from sample to sample
    rho = [along(one, other[None])[0] for one, other in zip(active, alike, strict=True)]
    return of_samples(np.array(rho), len(names))


def _median_alignment(evidence: Evidence, names: list[str], *, before: bool) -> Found:
    """Return the median over layers of how sure it is that patterns prefer the units' basis."""
    column = "alignment_z_before" if before else "alignment_z"
    names = [name for name in names if not math.isnan(evidence.layers.loc[name, column])]
    if not names:
        return UNDEFINED
    return of_samples(np.median(evidence.alignment(names, before=before), axis=1), len(names))


@_claim(
    "S0.3",
    "patterns prefer the neuronal basis",
    "median over layers of the alignment's z",
    1,
    ("alignment", "depth"),
    "images",
)
def _alignment(evidence: Evidence, names: list[str]) -> Found:
    return _median_alignment(evidence, names, before=False)


@_claim(
    "S0.3",
    "they do before rectifiers, which make some alignment by themselves",
    "median over layers of the z before the rectifier",
    1,
    ("alignment", "depth"),
    "images",
)
def _alignment_before(evidence: Evidence, names: list[str]) -> Found:
    return _median_alignment(evidence, names, before=True)


@_claim(
    "S0.3",
    "they do more so with depth",
    "ρ of depth and the alignment's z",
    1,
    ("alignment", "depth"),
    "images",
)
def _alignment_along_depth(evidence: Evidence, names: list[str]) -> Found:
    return _trend(evidence, names, evidence.alignment(names))


@_claim(
    "S0.4",
    "sparseness reaches a bottleneck and falls again towards the output",
    "least active fraction of the layers before the last rectified one, minus that of this one",
    -1,
    ("sparsity", "depth"),
)
def _bottleneck(evidence: Evidence, names: list[str]) -> Found:
    if len(names) < 2:
        return UNDEFINED
    active = evidence.means("active_fraction", names)
    return of_samples(active[:, :-1].min(1) - active[:, -1], len(names))


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
def _distance(evidence: Evidence, names: list[str]) -> Found:
    here, there = np.triu_indices(len(names), 1)
    if len(here) < 3:
        return UNDEFINED
    apart = (there - here).astype(np.float64)
    return of_samples(along(apart, evidence.similarities(names)[:, here, there]), len(here))


@_claim(
    "S1.2",
    "the input's similarity structure is lost quickly",
    "fall of the similarity to the input over the first third of layers, minus that over the last third",
    1,
    ("similarity", "pearson"),
    "images",
    of="trunk",
)
def _early_loss(evidence: Evidence, names: list[str]) -> Found:
    third = len(names) // 3
    if third < 1 or evidence.layers.loc[names[0], "kind"] != "input":
        return UNDEFINED
    to_input = evidence.similarities(names)[:, 0]
    first = to_input[:, 0] - to_input[:, third]
    last = to_input[:, -1 - third] - to_input[:, -1]
    return of_samples(first - last, len(names))


@_claim(
    "S1.3",
    "the sharpest drop is the last step, into the output",
    "similarity across the last step, minus the least of the others",
    -1,
    ("similarity", "pearson"),
    "images",
    of="trunk",
)
def _last_step(evidence: Evidence, names: list[str]) -> Found:
    if len(names) < 3 or evidence.layers.loc[names[-1], "kind"] != "output":
        return UNDEFINED
    alike = evidence.similarities(names)
    across = np.stack([alike[:, here, there] for here, there in steps([False] * len(names))], axis=1)
    return of_samples(across[:, -1] - across[:, :-1].min(1), across.shape[1])


@_claim(
    "S1.4",
    "larger kernels in a module are less like the output",
    "similarity to the output of a module's layers with the largest receptive field, minus that of those "
    "with the smallest; mean over modules",
    -1,
    ("similarity", "submodules"),
    "images",
)
def _large_kernels(evidence: Evidence, names: list[str]) -> Found:
    branches = evidence.layers.loc[names]
    branches = branches[branches["branch_of"] != ""]
    last = evidence.layers.index[-1]
    if branches.empty or evidence.layers.loc[last, "kind"] != "output":
        return UNDEFINED
    to_output = evidence.similarities([*branches.index, last])[:, :-1, -1]
    fields = np.array([evidence.receptive_field(name) for name in branches.index])
    differences = []
    for module in dict.fromkeys(branches["branch_of"]):
        here = (branches["branch_of"] == module).to_numpy()
        large, small = (here & (fields == end(fields[here])) for end in (np.max, np.min))
        if (large != small).any():
            differences.append(to_output[:, large].mean(1) - to_output[:, small].mean(1))
    return _mean_over_layers(np.stack(differences, axis=1)) if differences else UNDEFINED


# S2: what classes a unit answers to


@_claim(
    "S2.1", "Gini sparsity rises with depth", "ρ of depth and mean Gini index", 1, ("facetedness", "degree")
)
def _gini(evidence: Evidence, names: list[str]) -> Found:
    return _trend(evidence, names, evidence.means("gini", names))


@_claim("S2.1", "flatness falls with depth", "ρ of depth and mean flatness", -1, ("facetedness", "degree"))
def _flatness(evidence: Evidence, names: list[str]) -> Found:
    return _trend(evidence, names, evidence.means("flatness", names))


@_claim("S2.2", "MF degree falls with depth", "ρ of depth and mean MF degree", -1, ("facetedness", "degree"))
def _mf_degree(evidence: Evidence, names: list[str]) -> Found:
    return _trend(evidence, names, evidence.means("mf_degree", names))


@_claim(
    "S2.2",
    "the share of single-faceted units grows with depth",
    "ρ of depth and share of single-faceted units",
    1,
    ("facetedness", "counts"),
)
def _single_faceted(evidence: Evidence, names: list[str]) -> Found:
    return _trend(evidence, names, evidence.means("is_single", names))


@_claim(
    "S2.3",
    "conceptual similarity of units falls with depth",
    "ρ of depth and mean correlation of two units' class counts",
    -1,
    ("facetedness", "similarity"),
)
def _conceptual_similarity(evidence: Evidence, names: list[str]) -> Found:
    return _trend(evidence, names, evidence.unit_pairs[0])


@_claim(
    "S2.3",
    "conceptual dissimilarity of units rises with depth",
    "ρ of depth and mean distance of two units' class counts",
    1,
    ("facetedness", "similarity"),
)
def _conceptual_distance(evidence: Evidence, names: list[str]) -> Found:
    return _trend(evidence, names, evidence.unit_pairs[1])


@_claim(
    "S2.4",
    "the lowest MF degrees of layers are significant more often than the highest",
    "share of layers whose lowest MF degree has p < 0.05, minus that of the highest",
    1,
    ("facetedness", "degree"),
    "layers",
)
def _significant_ends(evidence: Evidence, names: list[str]) -> Found:
    differences = []
    for name in names:
        (degrees,) = evidence.values(name, ["mf_degree"])
        degrees = degrees[np.isfinite(degrees)]
        if len(degrees) >= 3:
            lowest, highest = degrees.argmin(), degrees.argmax()
            low = tail_p_values(degrees, "lower")[0][lowest] < LEVEL
            high = tail_p_values(degrees, "upper")[0][highest] < LEVEL
            differences.append(float(low) - float(high))
    if not differences:
        return UNDEFINED
    found = mean_of_rows(np.array([differences]), evidence.resamples, evidence.seed)
    return of_estimate(found.at(0), len(differences))


# S3: how important, and how replaceable, is one unit


def _relations(evidence: Evidence, first: str, second: str, names: list[str]) -> NDArray[np.float64]:
    """Return the rank correlation of two measures over each layer's units, (samples, layers)."""
    return np.stack([each[:, 0, 1] for each in evidence.correlations([first, second], names)], axis=1)


@_claim(
    "S3.1",
    "substitution and selectivity correlate positively in early layers",
    "ρ of RS and class selectivity, mean over the first third of layers",
    1,
    ("importance", "depth"),
    of="substituted",
)
def _substitution_and_selectivity(evidence: Evidence, names: list[str]) -> Found:
    return _mean_over_layers(_relations(evidence, "rs_iam", "selectivity", _third(names)))


@_claim(
    "S3.2",
    "that correlation weakens with depth",
    "ρ of depth and the layers' ρ of RS and class selectivity",
    -1,
    ("importance", "depth"),
    of="substituted",
)
def _weakening(evidence: Evidence, names: list[str]) -> Found:
    rho = _relations(evidence, "rs_iam", "selectivity", names)
    return of_samples(along(evidence.depth(names), rho), int((~np.isnan(rho[0])).sum()))


@_claim(
    "S3.3",
    "in the last hidden layer selectivity is high",
    "median class selectivity of the last hidden layer, minus the highest of the others",
    1,
    ("selectivity", "depth"),
)
def _last_selectivity(evidence: Evidence, names: list[str]) -> Found:
    if len(names) < 2:
        return UNDEFINED
    medians = evidence.medians("selectivity", names)
    return of_samples(medians[:, -1] - medians[:, :-1].max(1), len(names))


@_claim(
    "S3.3",
    "in the last hidden layer RS is mostly zero",
    "share of the last hidden layer's units with RS = 0",
    1,
    ("importance", "substitution"),
    null=0.5,
    of="substituted",
)
def _last_substitution(evidence: Evidence, names: list[str]) -> Found:
    (values,) = evidence.values(names[-1], ["rs_iam"])
    return of_samples(evidence.means("is_not_replaceable", names[-1:])[:, 0], int((~np.isnan(values)).sum()))


@_claim(
    "S3.4",
    "selective units matter least",
    "ρ of class selectivity and rise of loss without the unit, mean over the first third of layers",
    -1,
    ("importance", "relations"),
    of="substituted",
)
def _selective_matter_least(evidence: Evidence, names: list[str]) -> Found:
    return _mean_over_layers(_relations(evidence, "selectivity", "ablation_loss", _third(names)))


@_claim(
    "S3.5",
    "replaceable units matter least",
    "ρ of RS and rise of loss without the unit, mean over layers",
    -1,
    ("importance", "relations"),
    of="substituted",
)
def _replaceable_matter_least(evidence: Evidence, names: list[str]) -> Found:
    return _mean_over_layers(_relations(evidence, "rs_iam", "ablation_loss", names))


# S4: neurons or directions


@_claim(
    "S4.1",
    "earlier layers spread over fewer directions",
    "ρ of depth and participation ratio",
    1,
    ("directions", "depth"),
    "images",
)
def _participation(evidence: Evidence, names: list[str]) -> Found:
    ratios = []
    for name in names:
        matrix = evidence.matrix(name)
        known = ~np.isnan(matrix).all(0)
        counts = evidence.images[:, known]
        squares = mean_square(matrix[np.ix_(known, known)], counts)
        ratios.append(participation_ratio(squares, float(known.sum())))
    return _trend(evidence, names, np.stack(ratios, axis=1))


@_claim(
    "S4.1",
    "earlier layers have fewer large singular values",
    "ρ of depth and number of components above the permutation null",
    1,
    ("directions", "depth"),
    "nothing",
)
def _components(evidence: Evidence, names: list[str]) -> Found:
    numbers = evidence.layers.loc[names, "n_components_above_null"].to_numpy(float)
    return UNDEFINED._replace(effect=float(along(evidence.depth(names), numbers[None])[0]), n=len(names))


@_claim(
    "S4.2",
    "singular vectors are less redundant than neurons of high variance",
    "overlap of top images among neurons of high variance, minus that among singular vectors; layers' mean",
    1,
    ("directions", "redundancy"),
    "images",
)
def _redundancy(evidence: Evidence, names: list[str]) -> Found:
    # layers share their images: the interval is as wide as if all of them moved together
    ends = [evidence.layers.loc[names, f"redundancy_difference{end}"] for end in ("", "_low", "_high")]
    effect, low, high = (float(each.mean()) for each in ends)
    return Found(effect, low, high, int(ends[0].notna().sum()))


@_claim(
    "S4.3",
    "interpretability goes with the singular value",
    "ρ over components of singular value and class entropy of the images at both ends, mean over layers",
    -1,
    ("directions", "purity"),
    "components",
)
def _purity(evidence: Evidence, names: list[str]) -> Found:
    rho = []
    for name in names:
        entropies = evidence.class_entropies(name)
        entropies = entropies[~np.isnan(entropies)]
        # components come in the order of their singular values
        sigma = -np.arange(float(len(entropies)))
        rho.append(rank_correlation(sigma, entropies, evidence.resampled(name, len(sigma))))
    return _mean_over_layers(np.stack(rho, axis=1))


# beyond the studies


@_claim(
    "X.1",
    "the notions agree: single-faceted units are the selective, sparse, important, irreplaceable ones",
    "mean rank correlation of each two notions over the units of a layer",
    1,
    ("agreement", "notions"),
    of="substituted",
)
def _agreement(evidence: Evidence, names: list[str]) -> Found:
    signs = np.array(list(NOTIONS.values()))
    one, other = np.triu_indices(len(signs), 1)
    rho = evidence.pooled(list(NOTIONS), names)[:, one, other] * signs[one] * signs[other]
    known = ~np.isnan(rho[0])
    return of_samples(rho[:, known].mean(1), int(known.sum())) if known.any() else UNDEFINED
