"""Networks with planted structure, on which the tests of the studies' claims are calibrated.

A world is one network as the claims see it: rows of the census, and the measures' own arrays. Of strength 0
it has no structure that a claim predicts, and above 0 it has that structure. Cheap measures are computed from
planted activations by the study's own functions. The others are planted as numbers: substitution and
ablation, redundancy, significant components, class entropies, and matrices of correlations between images.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from census.claims.declared import CLAIMS, UNIT_MEASURES, Claim
from census.claims.evidence import Evidence
from census.claims.verdict import VERDICTS, judge
from census.measures.alignment import alignment
from census.measures.concepts import flatness, is_single_faceted, mf_degree
from census.statistics.bootstrap import resample_counts
from census.statistics.class_counts import class_counts
from census.statistics.class_selectivity import selectivity_and_means
from census.statistics.reliability import halves, split_half
from census.statistics.rotations import random_frames, sort_out
from census.statistics.significance import LEVEL
from census.statistics.sparseness import gini, sums_over_images, treves_rolls
from census.statistics.streams import stream
from census.statistics.top_images import top_by_value

Floats = NDArray[np.float64]
Random = np.random.Generator
N_CLASSES, N_IMAGES, N_TOP = 10, 200, 20  # of the activations from which measures of classes are computed
N_MATRIX = 50  # images of a matrix of correlations
N_UNITS, N_ROTATIONS = 32, 30
DIMENSIONS = 20  # of the features behind a matrix of correlations
UNIT_COLUMNS = ("active_fraction", "lifetime_sparseness", "gini", "flatness", "mf_degree", "selectivity")
PER_UNIT_COLUMNS = ("rs_iam", "ablation_kl", "ablation_loss")


@dataclass
class World:
    """A network, the source of its evidence; see :class:`census.claims.evidence.Source`.

    Attributes
    ----------
    layers : row per layer: the input, nonlinear layers, and logits.
    units : row per unit.
    resamples, seed : of all intervals.
    """

    layers: pd.DataFrame
    units: pd.DataFrame
    resamples: int
    seed: int
    matrices: dict[str, Floats] = field(default_factory=dict)
    counts: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    entropies: dict[str, Floats] = field(default_factory=dict)
    alignments: dict[str, Floats] = field(default_factory=dict)

    @classmethod
    def of(cls, n_layers: int, n_units: int, resamples: int, random: Random) -> "World":
        """Return a network of nonlinear layers in which no measure of units has anything to do with another.

        Parameters
        ----------
        n_layers : number of nonlinear layers, between the input and the logits.
        n_units : of each layer.
        """
        names = ["input", *(f"relu{number}" for number in range(1, n_layers + 1)), "output"]
        reliabilities = {f"reliability_{name}": 0.9 for name in (*UNIT_MEASURES, "ablation_loss")}
        layers = pd.DataFrame(
            {
                "layer": names,
                "depth": range(len(names)),
                "kind": ["input", *["nonlinearity"] * n_layers, "output"],
                "branch_of": "",
                "n_units": [*[n_units] * (1 + n_layers), N_CLASSES],
                "n_neurons": [*[4 * n_units] * (1 + n_layers), N_CLASSES],
                **reliabilities,
            }
        ).set_index("layer", drop=False)
        columns = (*UNIT_COLUMNS, *PER_UNIT_COLUMNS)
        values = 1 + 0.1 * random.normal(size=(len(columns), len(names) * n_units))
        units = pd.DataFrame(
            {
                "layer": np.repeat(names, n_units),
                "faceted": "multi",
                "receptive_field": 1.0,
                **dict(zip(columns, values, strict=True)),
            }
        )
        return cls(layers, units, resamples, int(random.integers(2**32)))

    @property
    def codes(self) -> list[str]:
        """Names of the nonlinear layers."""
        return self.layers["layer"].tolist()[1:-1]

    def evidence(self) -> Evidence:
        """Return what the claims are tested on."""
        return Evidence(self.layers.reset_index(drop=True), self.units, self, self.resamples, self.seed)

    def set_units(self, layer: str, **columns: Floats) -> None:
        """Set measures of a layer's units."""
        self.units.loc[self.units["layer"] == layer, list(columns)] = np.stack(list(columns.values()), axis=1)

    def correlation(self, layer: str) -> Floats:
        """Return the planted matrix of an image by image."""
        return self.matrices[layer]

    def class_counts(self, layer: str) -> NDArray[np.int64]:
        """Return the planted class counts."""
        return self.counts[layer]

    def class_sizes(self, layer: str) -> NDArray[np.int64]:
        """Return classes of equal size."""
        return np.full(N_CLASSES, N_IMAGES // N_CLASSES)

    def class_entropies(self, layer: str, images: str) -> Floats:
        """Return the planted class entropies."""
        return self.entropies[layer]

    def alignment(self, layer: str) -> Floats:
        """Return the resampled alignment of planted vectors."""
        return self.alignments[layer]


def along_layers(n_layers: int, strength: float, random: Random) -> Floats:
    """Return a value of layers: a trend over ``strength`` deviations, and each layer's deviation from it."""
    return strength * (np.linspace(0, 1, n_layers) - 0.5) + random.normal(size=n_layers)


def kernel(n_images: int, random: Random) -> Floats:
    """Return similarities of images by random features, (images, images), deviation 1 off the diagonal.

    Kernels of different features are independent, so that similarities of layers made of them are known.
    """
    features = random.normal(size=(n_images, DIMENSIONS))
    return features @ features.T / np.sqrt(DIMENSIONS)


def as_matrix(values: Floats) -> Floats:
    """Return values as a matrix of correlations: small off the diagonal, 1 on it."""
    matrix = 0.1 * values
    np.fill_diagonal(matrix, 1)
    return matrix


# worlds: each takes a size, a strength and random numbers


def selective(n_layers: int, strength: float, resamples: int, random: Random) -> World:
    """Plant class-selective units, whose selectivity and sparseness change from layer to layer."""
    world = World.of(n_layers, N_UNITS, resamples, random)
    tunings, thresholds = (along_layers(n_layers, strength, random) for _ in range(2))
    return with_activations(world, 1 + 0.3 * tunings, 0.2 * thresholds, random)


def untuned(n_layers: int, strength: float, resamples: int, random: Random) -> World:
    """Plant units that prefer no class, and differ in how many images activate them; so do layers."""
    world = World.of(n_layers, N_UNITS, resamples, random)
    thresholds = 0.3 * along_layers(n_layers, strength, random)
    return with_activations(world, np.zeros(n_layers), thresholds, random)


def with_activations(world: World, gains: Floats, thresholds: Floats, random: Random) -> World:
    """Plant units above a threshold, each of which prefers a class; measure them, and their reliability.

    Parameters
    ----------
    gains : array of float, shape (n_layers,), mean rise of units on their classes, in deviations over images.
    thresholds : array of float, shape (n_layers,), mean threshold of units, in deviations over images.
    """
    labels = np.arange(N_IMAGES) % N_CLASSES
    split = halves(labels, 1, random)
    for layer, of_layer, mean in zip(world.codes, gains, thresholds, strict=True):
        preferred = random.integers(N_CLASSES, size=N_UNITS)
        gain = max(of_layer, 0) * random.gamma(4, 0.25, N_UNITS)
        threshold = mean + 0.3 * random.normal(size=N_UNITS)
        values = random.normal(size=(N_IMAGES, N_UNITS)) + gain * (labels[:, None] == preferred) - threshold
        values = np.maximum(values, 0).astype(np.float32)
        counts, measured = measures_of(values, labels, N_TOP)
        world.counts[layer] = counts
        world.set_units(layer, **measured)
        parts = [
            [measures_of(values[half], labels[half], N_TOP // 2)[1] for half in (first, ~first)]
            for first in split
        ]
        for name in ("lifetime_sparseness", "mf_degree", "selectivity"):
            reliability = split_half([(one[name], other[name]) for one, other in parts])
            world.layers.loc[layer, f"reliability_{name}"] = reliability
    here = world.units["layer"].isin(world.codes)
    degrees = world.units.loc[here, "mf_degree"].to_numpy(float)
    is_single = is_single_faceted(degrees, degrees[np.isfinite(degrees)].mean())
    world.units.loc[here, "faceted"] = np.where(is_single, "single", "multi")
    return world


def measures_of(
    values: NDArray[np.float32], labels: NDArray[np.integer], k: int
) -> tuple[NDArray[np.int64], dict[str, Floats]]:
    """Return class counts (units, classes) and measures of units from their values (images, units)."""
    n_images, n_units = values.shape
    top_images = top_by_value([(np.arange(n_images), values)], n_units, k).images
    counts = class_counts(top_images, labels, N_CLASSES)
    inequality, evenness = gini(counts), flatness(counts, N_CLASSES)
    return counts, {
        "active_fraction": (values > 0).mean(0),
        "lifetime_sparseness": treves_rolls(*sums_over_images([values], n_units), n_images),
        "gini": inequality,
        "flatness": evenness,
        "mf_degree": mf_degree(inequality, evenness),
        "selectivity": selectivity_and_means(values, labels, N_CLASSES)[0],
    }


def alike_units(n_layers: int, strength: float, resamples: int, random: Random) -> World:
    """Plant units of which part prefers one class in common, and the rest classes of their own."""
    world = World.of(n_layers, N_UNITS, resamples, random)
    for layer, value in zip(world.codes, along_layers(n_layers, strength, random), strict=True):
        own = random.dirichlet(np.full(N_CLASSES, 0.5), size=N_UNITS)
        share = 1 / (1 + np.exp(0.5 * value))
        chances = (1 - share) * own + share * np.eye(N_CLASSES)[0]
        world.counts[layer] = random.multinomial(N_TOP, chances)
    return world


def significant_ends(n_layers: int, strength: float, resamples: int, random: Random) -> World:
    """Plant random top images, and with a chance of ``strength`` in a layer one unit of a single class."""
    n_units = 16
    world = World.of(n_layers, n_units, resamples, random)
    for layer in world.codes:
        sizes = world.class_sizes(layer)
        counts = random.multivariate_hypergeometric(sizes, N_TOP, n_units, method="marginals")
        if random.random() < strength:
            counts[0] = N_TOP * np.eye(N_CLASSES, dtype=np.int64)[0]
        world.counts[layer] = counts
        world.set_units(layer, mf_degree=mf_degree(gini(counts), flatness(counts, N_CLASSES)))
    return world


def aligned(n_layers: int, strength: float, resamples: int, random: Random) -> World:
    """Plant peaked channel vectors in a random basis; a share of axes that grows with depth are units.

    Without strength each layer is a rotated copy of vectors that have a privileged basis.
    """
    n_units, n_images = 16, 30
    world = World.of(n_layers, n_units, resamples, random)
    shares = strength * np.arange(1, n_layers + 1) / n_layers
    names = ("alignment_kurtosis", "alignment_kurtosis_pre")
    world.layers[list(names)] = np.nan
    for layer, share in zip(world.codes, shares, strict=True):
        drawn = resample_counts(n_images, resamples, world.seed)
        seed = int(random.integers(2**32))
        frames = random_frames(n_units, n_units, N_ROTATIONS, seed)
        chosen = random.integers(N_ROTATIONS, size=resamples)
        found = []
        for name in names:
            sources = random.laplace(size=(n_images, n_units)) ** 3
            rotated = round((1 - min(share, 1)) * n_units)
            turned = np.linalg.qr(random.normal(size=(rotated, rotated)))[0]
            sources[:, :rotated] = sources[:, :rotated] @ turned
            spread = alignment(sort_out(sources[:, None]), n_images, frames, drawn, chosen)
            world.layers.loc[layer, name] = spread.delta.value[0]
            found.append(spread.delta_resampled[:, 0])
        world.alignments[layer] = np.stack(found, axis=1)
    return world


def bottleneck(n_layers: int, strength: float, resamples: int, random: Random) -> World:
    """Plant active fractions that rise in the last layer by so many deviations of layers."""
    world = World.of(n_layers, N_UNITS, resamples, random)
    values = random.normal(size=n_layers)
    values[-1] += strength
    for layer, value in zip(world.codes, values, strict=True):
        world.set_units(layer, active_fraction=value + 0.1 * random.normal(size=N_UNITS))
    return world


def hierarchy(n_layers: int, strength: float, resamples: int, random: Random) -> World:
    """Plant layers that share a common part, and a part of weight ``strength`` that changes step by step."""
    world = World.of(n_layers, 2, resamples, random)
    common, chain = kernel(N_MATRIX, random), kernel(N_MATRIX, random)
    for layer in world.layers.index:
        chain = 0.8 * chain + 0.6 * kernel(N_MATRIX, random)
        alike = 0.6 * common + 0.8 * kernel(N_MATRIX, random)
        world.matrices[layer] = as_matrix(strength * chain + np.sqrt(1 - strength**2) * alike)
    return world


def early_loss(n_images: int, strength: float, resamples: int, random: Random) -> World:
    """Plant a similarity to the input that falls evenly from layer to layer; with strength, early on."""
    world = World.of(9, 2, resamples, random)
    start = kernel(n_images, random)
    similarities = 0.2 + 0.8 * np.linspace(1, 0, len(world.layers)) ** (1 + strength)
    for layer, share in zip(world.layers.index, similarities, strict=True):
        own = kernel(n_images, random)
        world.matrices[layer] = as_matrix(share * start + np.sqrt(1 - share**2) * own)
    return world


def last_step(n_images: int, strength: float, resamples: int, random: Random) -> World:
    """Plant equal similarities of adjacent layers, less by ``strength`` across the last step."""
    world = World.of(6, 2, resamples, random)
    here = kernel(n_images, random)
    for layer in world.layers.index:
        kept = 0.7 - (strength if layer == "output" else 0)
        here = kept * here + np.sqrt(1 - kept**2) * kernel(n_images, random)
        world.matrices[layer] = as_matrix(here)
    return world


def branches(n_images: int, strength: float, resamples: int, random: Random, *, spread: float = 0) -> World:
    """Plant three modules of four branches that are alike; with strength, the largest kernels share less.

    Parameters
    ----------
    spread : by how much branches differ at random, whatever their kernels.
    """
    world = World.of(12, 2, resamples, random)
    world.layers.loc[world.codes, "branch_of"] = np.repeat(["one", "two", "three"], 4)
    common = kernel(n_images, random)
    for place, layer in enumerate(world.layers.index):
        is_large = layer in world.codes and place % 4 == 3
        world.units.loc[world.units["layer"] == layer, "receptive_field"] = (3, 1, 3, 5)[place % 4]
        share = 0.7 - strength * is_large + spread * random.uniform(-1, 1)
        world.matrices[layer] = as_matrix(share * common + np.sqrt(1 - share**2) * kernel(n_images, random))
    return world


def spectra(n_layers: int, strength: float, resamples: int, random: Random) -> World:
    """Plant mean correlations, active fractions and spreads over directions of layers."""
    world = World.of(n_layers, N_UNITS, resamples, random)
    active, spread, components = (along_layers(n_layers, strength, random) for _ in range(3))
    share = strength / np.hypot(strength, 2)
    values = share * (active - active.mean()) / active.std() + np.sqrt(1 - share**2) * random.normal(
        size=n_layers
    )
    world.layers["n_significant_components_matched"] = 0.0
    for layer, one, mean, width, number in zip(world.codes, active, values, spread, components, strict=True):
        world.set_units(layer, active_fraction=one + 0.1 * random.normal(size=N_UNITS))
        world.matrices[layer] = as_matrix(np.exp(-0.3 * width) * kernel(N_MATRIX, random) + 0.3 * mean)
        world.layers.loc[layer, "n_significant_components_matched"] = round(20 + 5 * number)
    world.matrices["input"] = as_matrix(kernel(N_MATRIX, random))
    return world


def relations(signs: Mapping[str, int]) -> Callable[[int, float, int, Random], World]:
    """Return a world in which measures of units share a part, by which two correlate by ``strength``."""

    def plant(n_units: int, strength: float, resamples: int, random: Random) -> World:
        world = World.of(6, n_units, resamples, random)
        for layer in world.codes:
            common = random.normal(size=n_units)
            values = {
                name: sign * np.sqrt(strength) * common + np.sqrt(1 - strength) * random.normal(size=n_units)
                for name, sign in signs.items()
            }
            # as shares of units are: in steps, and 0 for half of the units
            values["rs_iam"] = np.round(n_units * np.clip(0.2 * values["rs_iam"], 0, 1)) / n_units
            world.set_units(layer, **values)
        return world

    return plant


def weakening(n_layers: int, strength: float, resamples: int, random: Random) -> World:
    """Plant correlations of RS and selectivity that differ between layers, and fall with depth."""
    world = World.of(n_layers, 64, resamples, random)
    for layer, value in zip(world.codes, along_layers(n_layers, -strength, random), strict=True):
        rho = np.tanh(0.3 * value)
        selectivity, own = random.normal(size=(2, 64))
        world.set_units(layer, selectivity=selectivity, rs_iam=rho * selectivity + np.sqrt(1 - rho**2) * own)
    return world


def last_layer(n_units: int, strength: float, resamples: int, random: Random) -> World:
    """Plant layers that are alike; with strength, the last one is more selective, and RS there is often 0."""
    world = World.of(6, n_units, resamples, random)
    for layer in world.codes:
        value = strength * (layer == world.codes[-1])
        is_zero = random.random(n_units) < 0.5 + 0.6 * value
        world.set_units(
            layer,
            selectivity=np.clip(0.5 + value + 0.2 * random.normal(size=n_units), 0, 1),
            rs_iam=np.where(is_zero, 0, 0.5),
        )
    return world


def differences(columns: Mapping[str, int]) -> Callable[[int, float, int, Random], World]:
    """Return a function that plants differences, whose errors are in part the same in all layers.

    Parameters
    ----------
    columns : columns of the census, and the sign of the planted difference.
    """

    def plant(n_images: int, strength: float, resamples: int, random: Random) -> World:
        world = World.of(6, 2, resamples, random)
        error = 0.5 / np.sqrt(n_images)
        for column, sign in columns.items():
            common, own = random.normal(), random.normal(size=len(world.layers))
            effects = 0.3 * sign * strength + error * (np.sqrt(0.7) * common + np.sqrt(0.3) * own)
            for end, width in (("", 0), ("_low", -1.96), ("_high", 1.96)):
                world.layers[f"{column}{end}"] = effects + width * error
        return world

    return plant


def entropies(n_components: int, strength: float, resamples: int, random: Random) -> World:
    """Plant class entropies of components; with strength, they rise as the singular value falls."""
    world = World.of(6, 2, resamples, random)
    world.layers["n_significant_components"] = float(n_components)
    rank = np.linspace(-1, 1, n_components)
    for layer in world.layers.index:
        slope = strength if layer != "input" else 0
        world.entropies[layer] = slope * rank + random.normal(size=n_components)
    return world


def drifting(n_layers: int, strength: float, resamples: int, random: Random) -> World:
    """Plant a random walk along depth: layers resemble their neighbors, and no direction is preferred."""
    world = World.of(n_layers, N_UNITS, resamples, random)
    for layer, value in zip(world.codes, random.normal(size=n_layers).cumsum(), strict=True):
        world.set_units(layer, active_fraction=value + 0.1 * random.normal(size=N_UNITS))
    return world


@dataclass(frozen=True)
class Family:
    """Claims that are tested on the same worlds.

    Attributes
    ----------
    statistics : how the claims' statistics begin.
    vary : what sizes count.
    sizes : of the worlds; the middle one is the reference.
    strength : of the planted structure.
    planted : the structure, in words; the strength's meaning.
    none : the world without it, in words.
    plant : function that returns a world.
    """

    statistics: tuple[str, ...]
    vary: str
    sizes: tuple[int, ...]
    strength: float
    planted: str
    none: str
    plant: Callable[[int, float, int, Random], World]

    @property
    def claims(self) -> list[Claim]:
        """The claims, in the order in which they are declared."""
        return [claim for claim in CLAIMS if claim.statistic.startswith(self.statistics)]

    @property
    def reference(self) -> int:
        """The middle size."""
        return self.sizes[len(self.sizes) // 2]


TREND = "a change over depth of 3 standard deviations of layers"
LAYERS_AT_RANDOM = "layers differ at random, in no order"
OF_CHEN = {"selectivity": 1, "rs_iam": 1, "ablation_kl": -1, "ablation_loss": -1}
OF_DICTIONARIES = {
    "dictionary_reconstruction": 1,
    "dictionary_peakedness": 1,
    "dictionary_class_entropy": -1,
    "dictionary_stability": 1,
    "dictionary_ablation": 1,
}
FAMILIES = {
    "selective": Family(
        (
            *("ρ of depth and active fraction", "ρ of depth and mean Gini", "ρ of depth and mean flatness"),
            *("ρ of depth and mean MF degree", "ρ of depth and share of single"),
        ),
        *("layers", (5, 7, 12), 3, TREND, LAYERS_AT_RANDOM, selective),
    ),
    "alike_units": Family(
        ("ρ of depth and mean correlation of two", "ρ of depth and mean distance of two"),
        *("layers", (5, 7, 12), 3, TREND, LAYERS_AT_RANDOM, alike_units),
    ),
    "significant_ends": Family(
        ("share of layers whose lowest",),
        *("layers", (3, 5, 10), 0.5, "a unit of a single class in half of the layers"),
        *("top images are drawn at random", significant_ends),
    ),
    "aligned": Family(
        ("median over layers of the alignment", "ρ of depth and alignment"),
        *("layers", (3, 5, 8), 1, "vectors are peaked along a share of units that grows to 1"),
        *("vectors are peaked along axes of a random basis", aligned),
    ),
    "bottleneck": Family(
        ("lowest active fraction",),
        *("layers", (15, 20, 30), 4, "a last layer that lies 4 standard deviations of layers higher"),
        *(LAYERS_AT_RANDOM, bottleneck),
    ),
    "hierarchy": Family(
        ("ρ over pairs of layers",),
        *("layers", (3, 5, 7), 0.7, "a part of weight 0.7 that changes step by step"),
        *("all layers are equally similar", hierarchy),
    ),
    "early_loss": Family(
        ("fall of the similarity to the input",),
        *("images", (25, 50, 100), 0.5, "similarity to the input falls with the power 1.5 of depth"),
        *("similarity to the input falls evenly", early_loss),
    ),
    "last_step": Family(
        ("similarity across the last step",),
        *("images", (25, 50, 100), 0.3, "similarity of 0.4 across the last step, and 0.7 across the others"),
        *("similarity of 0.7 across all steps", last_step),
    ),
    "branches": Family(
        ("similarity of a module's layers", "similarity to the output of a module's"),
        *("images", (25, 50, 100), 0.2, "largest kernels share 0.5 with the others, which share 0.7"),
        *("branches are equally similar", branches),
    ),
    "spectra": Family(
        (
            *("ρ over layers of active fraction", "ρ of depth and participation ratio"),
            "ρ of depth and number of significant",
        ),
        *("layers", (5, 7, 12), 3, TREND + "; for S0.2, a correlation of 0.83"),
        *(LAYERS_AT_RANDOM, spectra),
    ),
    "relations": Family(
        ("ρ of RS and class selectivity", "ρ of class selectivity and", "ρ of RS and ablation"),
        *("units", (16, 64, 128), 0.3, "a correlation of about 0.3 in each layer"),
        *("measures are independent", relations(OF_CHEN)),
    ),
    "weakening": Family(
        ("ρ of depth and the ρ of RS",),
        *("layers", (5, 7, 12), 3, TREND, LAYERS_AT_RANDOM, weakening),
    ),
    "last_selectivity": Family(
        ("median class selectivity", "share of the last hidden layer's"),
        *("units", (16, 64, 128), 0.2, "a median higher by 1 standard deviation; RS = 0 for 62 % of units"),
        *("layers are alike; RS = 0 for half of the units", last_layer),
    ),
    "redundancies": Family(
        ("overlap of top images",),
        *("images", (25, 50, 100), 0.5, "a difference of 0.15"),
        *("no difference, with errors in common between layers", differences({"redundancy_difference": 1})),
    ),
    "dictionaries": Family(
        (
            *("R² of dictionaries", "Gini index of codes", "class entropy of top images"),
            *("matched cosine", "ablation effect of directions"),
        ),
        *("images", (25, 50, 100), 0.5, "a difference of 0.15"),
        *("no difference, with errors in common between layers", differences(OF_DICTIONARIES)),
    ),
    "entropies": Family(
        ("ρ over significant components",),
        *("components", (5, 10, 30), 1.5, "entropy rises by 3 standard deviations over the components"),
        *("class entropy is independent of the singular value, in pixels as well", entropies),
    ),
    "agreement": Family(
        tuple(f"ρ of {name}" for name in UNIT_MEASURES),
        *("units", (16, 64, 128), 0.3, "a correlation of about 0.3 in each layer"),
        *("measures are independent", relations(UNIT_MEASURES)),
    ),
}


# worlds with a structure that is not the one a claim speaks of, in the place of none
CONFOUNDED = {
    "drifting": Family(
        ("ρ of depth and active fraction",),
        *("layers", (5, 7, 12), 0, "", "active fractions drift: a random walk along depth", drifting),
    ),
    "untuned": Family(
        ("ρ of depth and mean Gini", "ρ of depth and mean MF degree"),
        *("layers", (7,), 3, "", "units prefer no class, and get sparser with depth", untuned),
    ),
    "untuned_units": Family(
        tuple(f"ρ of {name}" for name in ("mf_degree and s", "mf_degree and l", "selectivity and l")),
        *("layers", (7,), 0, "", "units prefer no class, and differ in sparseness", untuned),
    ),
    "differing_branches": Family(
        ("similarity of a module's layers", "similarity to the output of a module's"),
        *("images", (25, 50, 100), 0, "", "branches differ at random, whatever their kernels"),
        partial(branches, spread=0.2),
    ),
}


def simulate(
    family: Family,
    size: int,
    strength: float,
    simulations: int,
    resamples: int = 200,
    *,
    seed: int = 0,
    alike: bool = False,
) -> dict[str, dict[str, int]]:
    """Return how often each claim of a family gets each verdict in simulated worlds.

    Parameters
    ----------
    size, strength : of the worlds.
    simulations, resamples, seed : number of worlds, resamples of each interval, and the seed of all.
    alike : whether claims are compared with an untrained network: another world of the same structure.

    Returns
    -------
    by statistic and verdict.
    """
    found = {claim.statistic: dict.fromkeys(VERDICTS, 0) for claim in family.claims}
    for number in range(simulations):
        random = stream(seed, "calibration", *family.statistics, family.none, size, strength, alike, number)
        world = family.plant(size, strength, resamples, random)
        untrained = None
        if alike:
            # of which the same units and images are drawn
            untrained = replace(family.plant(size, strength, resamples, random), seed=world.seed).evidence()
        evidence = world.evidence()
        for claim in family.claims:
            control = claim.test(untrained) if untrained else None
            verdict = judge(claim.test(evidence), control, claim.null, claim.predicted)
            found[claim.statistic][verdict.state] += 1
    return found


def most_false(simulations: int) -> int:
    """Return the most false verdicts to allow in simulations of a test at the level 0.05.

    A test with exactly that rate of them stays within in 999 of 1000 cases.
    """
    from scipy.stats import binom

    return int(binom.ppf(0.999, simulations, LEVEL))
