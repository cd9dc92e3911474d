"""Results of one network on one data set at one checkpoint, with bootstrap resamples.

The first entry of an array of samples is the data, the others are resamples: ``(1 + n_resamples, …)``.
"""

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from census.measures.concepts import flatness, mf_degree
from census.statistics.agreement import pair_counts, pooled, rank_correlations, resampled_units
from census.statistics.bootstrap import resample_counts, with_data
from census.statistics.class_counts import row_distance, row_similarity
from census.statistics.correlation import mean_correlation
from census.statistics.ranks import spearman
from census.statistics.similarity import similarity
from census.statistics.sparseness import gini
from census.statistics.streams import stream

Floats = NDArray[np.float64]
RELIABLE = 0.5  # minimum split-half reliability for comparing the order of units


class Source(Protocol):
    """Results that are not in the census; each method takes the name of a layer."""

    def correlation(self, layer: str) -> NDArray[np.floating]:
        """Return correlations between vectors of images, (n_images, n_images); NaN if undefined."""

    def class_counts(self, layer: str) -> NDArray[np.integer]:
        """Return the number of top images of each unit in each class, (n_units, n_classes)."""

    def class_sizes(self, layer: str) -> NDArray[np.integer]:
        """Return the number of images in each class, (n_classes,)."""

    def class_entropies(self, layer: str) -> NDArray[np.floating]:
        """Return the class entropy of the extreme images of each singular vector, by singular value."""

    def alignment(self, layer: str) -> NDArray[np.floating]:
        """Return the axis alignment of activations and of pre-activations on resamples, (n_resamples, 2)."""


class Evidence:
    """The data on which claims are tested.

    Parameters
    ----------
    layers, units : rows of the census for this network, data set and checkpoint.
    source : results that are not in the census.
    resamples, seed : number of bootstrap resamples, and their seed.
    """

    def __init__(
        self, layers: pd.DataFrame, units: pd.DataFrame, source: Source, resamples: int, seed: int
    ) -> None:
        self.layers = layers.sort_values("depth").set_index("layer")
        units = units.assign(
            # the flatness of inactive units is a marker, −1
            flatness=units["flatness"].where(units["flatness"] > -0.5),
            is_single=(units["faceted"] == "single").astype(float),
            is_not_replaceable=(units["rs_iam"] == 0).where(units["rs_iam"].notna()).astype(float),
        )
        self._units = {str(name): rows for name, rows in units.groupby("layer", sort=False)}
        self._source, self.resamples, self.seed = source, resamples, seed

    @property
    def recorded(self) -> list[str]:
        """Names of all layers."""
        return list(self.layers.index)

    @property
    def nonlinear(self) -> list[str]:
        """Names of the nonlinear layers: no input or logits, and no pooling, which repeats units."""
        return list(self.layers.index[self.layers["kind"] == "nonlinearity"])

    @property
    def trunk(self) -> list[str]:
        """Names of the layers on every path from input to output."""
        return list(self.layers.index[self.layers["branch_of"] == ""])

    @property
    def has_class_maps(self) -> bool:
        """Whether logits are averages of maps, one per class, of the last nonlinear layer."""
        names, logits = self.nonlinear, self.layers.iloc[-1]
        if not names or logits["kind"] != "output":
            return False
        last = self.layers.loc[names[-1]]
        return bool(last["n_units"] == logits["n_units"] and last["n_neurons"] > last["n_units"])

    @property
    def hidden(self) -> list[str]:
        """Names of the hidden layers: nonlinear ones, without class maps."""
        return self.nonlinear[:-1] if self.has_class_maps else self.nonlinear

    @property
    def substituted(self) -> list[str]:
        """Names of the layers with per-unit analyses."""
        return [name for name in self.nonlinear if self._units[name]["rs_iam"].notna().any()]

    @property
    def convolutional(self) -> list[str]:
        """Names of the layers with per-unit analyses and spatial extent."""
        has_extent = self.layers["n_neurons"] > self.layers["n_units"]
        return [name for name in self.substituted if has_extent[name]]

    @property
    def early(self) -> list[str]:
        """Names of the first third of convolutional layers, rounded up."""
        return self.convolutional[: math.ceil(len(self.convolutional) / 3)]

    def unreliable(self, measures: Sequence[str], names: Sequence[str]) -> str:
        """Return the measures of units whose split-half reliability, median over layers, is below 0.5."""
        found = {}
        for name in measures:
            known = self.layers.loc[list(names), f"reliability_{name}"].dropna()
            if len(known) and known.median() < RELIABLE:
                found[name] = known.median()
        return ", ".join(f"{name} (reliability {value:.2f})" for name, value in found.items())

    def random(self, *purpose: str) -> np.random.Generator:
        """Return a separate stream of random numbers for a purpose."""
        return stream(self.seed, *purpose)

    def depth(self, names: Sequence[str]) -> Floats:
        """Return the depths of layers."""
        return self.layers.loc[list(names), "depth"].to_numpy(float)

    def values(self, layer: str, columns: Sequence[str]) -> Floats:
        """Return measures of a layer's units, (columns, units); NaN if undefined or not measured."""
        return self._units[layer][list(columns)].to_numpy(float).T

    def modules(self, names: Sequence[str]) -> list[tuple[list[str], Floats]]:
        """Return the branches of each module among some layers, as names and receptive fields in pixels."""
        within = self.layers.loc[list(names), "branch_of"]
        modules = [list(branches.index) for module, branches in within.groupby(within, sort=False) if module]
        return [(each, np.array([self.receptive_field(name) for name in each])) for each in modules]

    def receptive_field(self, layer: str) -> float:
        """Return the longer side of a layer's receptive field, in pixels."""
        return float(self._units[layer]["receptive_field"].iloc[0])

    def resampled(self, layer: str, n: int) -> Floats:
        """Return the counts of n items of a layer, such as components, in each sample, (samples, n)."""
        return resampled_units(n, self.resamples, self.seed, int(self.layers.loc[layer, "depth"]))

    def counts(self, layer: str) -> Floats:
        """Return the count of each of a layer's units in each sample, (samples, units)."""
        return self.resampled(layer, len(self._units[layer]))

    def means(self, column: str, names: Sequence[str]) -> Floats:
        """Return the mean of a measure's finite values over each layer's units, (samples, layers)."""

        def mean(layer: str) -> Floats:
            (values,) = self.values(layer, [column])
            known = np.isfinite(values)
            counts = self.counts(layer)[:, known]
            with np.errstate(invalid="ignore"):
                return counts @ values[known] / counts.sum(1)

        return np.stack([mean(name) for name in names], axis=1)

    def medians(self, column: str, names: Sequence[str]) -> Floats:
        """Return the median of a measure over each layer's units, (samples, layers)."""

        def median(layer: str) -> Floats:
            (values,) = self.values(layer, [column])
            order = np.argsort(values)[: np.count_nonzero(~np.isnan(values))]
            if not len(order):
                return np.full(1 + self.resamples, np.nan)
            up_to = self.counts(layer)[:, order].cumsum(1)
            half = up_to[:, -1:] / 2
            # the middle two, for an even number of units
            middle = [values[order][(up_to < half).sum(1).clip(max=len(order) - 1)]]
            middle.append(values[order][(up_to <= half).sum(1).clip(max=len(order) - 1)])
            return np.where(half[:, 0] > 0, np.mean(middle, axis=0), np.nan)

        return np.stack([median(name) for name in names], axis=1)

    def correlations(self, columns: Sequence[str], names: Sequence[str]) -> list[Floats]:
        """Return rank correlations between measures over each layer's units, (samples, columns, columns)."""
        return [rank_correlations(self.values(name, columns), self.counts(name)) for name in names]

    def pooled(self, columns: Sequence[str], names: Sequence[str]) -> Floats:
        """Return the mean of :meth:`correlations` over layers, weighted by numbers of units."""
        n_units = [pair_counts(self.values(name, columns)) for name in names]
        return pooled(self.correlations(columns, names), n_units)

    @cached_property
    def unit_pairs(self) -> tuple[Floats, Floats]:
        """Mean similarity and mean distance of two units' class counts, each (samples, nonlinear layers).

        As in the census, inactive units are left out, because they have no top images.
        """
        means = []
        for name in self.nonlinear:
            counts = self._source.class_counts(name)
            active = counts.any(1)
            drawn = self.counts(name)[:, active]
            pairs = (row_similarity(counts[active]), row_distance(counts[active]))
            # mean_correlation averages over pairs, here of units
            means.append([mean_correlation(matrix, drawn) for matrix in pairs])
        similarity, distance = (np.stack(each, axis=1) for each in zip(*means, strict=True))
        return similarity, distance

    @cached_property
    def images(self) -> Floats:
        """Count of each image with activation maps in each sample, (samples, images)."""
        n_images = len(self.matrix(self.layers.index[0]))
        return with_data(resample_counts(n_images, self.resamples, self.seed))

    @cached_property
    def _similarities(self) -> Floats:
        return similarity(np.stack([self.matrix(name) for name in self.layers.index]), self.images)

    def similarities(self, names: Sequence[str]) -> Floats:
        """Return the representational similarity of all pairs of some layers, (samples, layers, layers)."""
        places = self.layers.index.get_indexer(list(names))
        return self._similarities[:, places[:, None], places]

    def matrix(self, layer: str) -> Floats:
        """Return a layer's representational similarity matrix, (images, images)."""
        return np.asarray(self._source.correlation(layer), np.float64)

    def chance_degrees(self, layer: str, draws: int) -> Floats:
        """Return MF degrees of a layer's active units for random top images, (draws, units)."""
        counts, sizes = self._source.class_counts(layer), self._source.class_sizes(layer)
        n_images, random = counts.sum(1), self.random("top images", layer)
        degrees = np.full((draws, int((n_images > 0).sum())), np.nan)
        for number in np.unique(n_images[n_images > 0]):
            here = n_images[n_images > 0] == number
            for degrees_of_draw in degrees:
                drawn = random.multivariate_hypergeometric(sizes, number, here.sum(), method="marginals")
                degrees_of_draw[here] = mf_degree(gini(drawn), flatness(drawn, len(sizes)))
        return degrees

    def class_entropies(self, layer: str) -> Floats:
        """Return the class entropy of each singular vector, in order of singular values."""
        return np.asarray(self._source.class_entropies(layer), np.float64)

    def alignment(self, names: Sequence[str], *, preactivation: bool = False) -> Floats:
        """Return axis alignment, kurtosis minus its mean over rotations, (samples, layers)."""
        column = "alignment_kurtosis_pre" if preactivation else "alignment_kurtosis"
        drawn = [self._source.alignment(name)[:, int(preactivation)] for name in names]
        return np.concatenate(
            [self.layers.loc[list(names), column].to_numpy(float)[None], np.stack(drawn, axis=1)]
        )


def along(depth: Floats, values: Floats) -> Floats:
    """Return Spearman's ρ between depth and a value of layers, on samples.

    Layers whose value is NaN in the data are left out.

    Parameters
    ----------
    depth : array of float, shape (n_layers,).
    values : array of float, shape (n_samples, n_layers), NaN where undefined.

    Returns
    -------
    array of float64, shape (n_samples,); NaN for fewer than three layers, for resamples with a NaN, and if
    all values are equal.
    """
    known = ~np.isnan(values[0])
    result = np.full(len(values), np.nan)
    if known.sum() < 3:
        return result
    whole = ~np.isnan(values[:, known]).any(1)
    drawn = values[np.ix_(whole, known)]
    result[whole] = spearman(np.stack([np.broadcast_to(depth[known], drawn.shape), drawn]))
    return result
