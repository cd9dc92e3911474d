"""Results of one network on one data set at one checkpoint, with bootstrap resamples.

The first entry of an array of samples is the data, the others are resamples: ``(1 + n_resamples, …)``.
"""

import copy
import math
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from census.measures.concepts import entropy_base, flatness, is_single_faceted, mf_degree
from census.measures.importance import SUBSTITUTIONS
from census.statistics.agreement import pair_counts, pooled, rank_correlations, resampled_units
from census.statistics.association import Correlation, correlate
from census.statistics.bootstrap import resample_counts, with_data
from census.statistics.class_counts import class_counts, row_distance, row_similarity
from census.statistics.correlation import mean_correlation
from census.statistics.defined import over_defined
from census.statistics.ranks import partial_correlation
from census.statistics.reliability import PREFIX, RELIABLE
from census.statistics.similarity import similarity
from census.statistics.sparseness import gini
from census.statistics.streams import stream
from census.statistics.svd import effective_rank, mean_square, participation_ratio

Floats = NDArray[np.float64]
# measures of sparseness, of which lower values are sparser codes, as of the active fraction
SPARSENESS = ("lifetime_sparseness", "population_sparseness", "hoyer")


class Source(Protocol):
    """Results that are not in the census; each method takes the name of a layer.

    Only specifications other than the claims' own read those of the second part.
    """

    def correlation(self, layer: str) -> NDArray[np.floating]:
        """Return correlations between vectors of images, (n_images, n_images); NaN if undefined."""

    def class_counts(self, layer: str) -> NDArray[np.integer]:
        """Return the number of top images of each unit in each class, (n_units, n_classes)."""

    def class_sizes(self, layer: str) -> NDArray[np.integer]:
        """Return the number of images in each class, (n_classes,)."""

    def class_entropies(self, layer: str, images: str) -> NDArray[np.floating]:
        """Return the class entropy of the extreme images of each singular vector, by singular value.

        Extreme images are the ``top`` or the ``bottom`` ones, or those of ``both`` ends.
        """

    def alignment(self, layer: str) -> NDArray[np.floating]:
        """Return the axis alignment of activations and of pre-activations on resamples, (n_resamples, 2)."""

    def top_classes(self, layer: str) -> NDArray[np.integer]:
        """Return the class of each unit's top images, the highest first, (n_units, n_top); −1 for none."""

    def similarities(self, layer: str, column: str) -> "pd.Series[float]":
        """Return a similarity of a layer to all layers, such as ``cka``, by their names."""

    def families(self, layer: str) -> pd.DataFrame:
        """Return measures of families of directions, by family; no rows for a layer without any."""

    def ablation(self, layer: str, mode: str) -> pd.DataFrame:
        """Return the ablation effects of units in a mode, by unit."""


class Evidence:
    """The data on which claims are tested.

    Parameters
    ----------
    layers, units : rows of the census for this network, data set and checkpoint.
    source : results that are not in the census.
    resamples, seed : number of bootstrap resamples, and their seed.
    normalizer : of the flatness of the census, see :class:`census.measures.concepts.Parameters`.
    modes : ablation modes of the study; the census has the effects of the first.
    """

    def __init__(
        self,
        layers: pd.DataFrame,
        units: pd.DataFrame,
        source: Source,
        resamples: int,
        seed: int,
        normalizer: str = "classes",
        modes: Sequence[str] = ("zero",),
    ) -> None:
        self.layers = layers.sort_values("depth").set_index("layer")
        units = units.assign(
            # the flatness of inactive units is a marker, −1
            flatness=units["flatness"].where(units["flatness"] > -0.5),
            is_single=(units["faceted"] == "single").astype(float),
            **{
                f"{name}_is_zero": (units[name] == 0).where(units[name].notna()).astype(float)
                for name in SUBSTITUTIONS
                if name in units
            },
        )
        self._units = {str(name): rows for name, rows in units.groupby("layer", sort=False)}
        self._source, self.resamples, self.seed = source, resamples, seed
        self.modes, self._normalizer, self._n_top = list(modes), normalizer, 0
        self._variants: dict[tuple[tuple[str, Any], ...], Evidence] = {}
        self._of_layers: dict[tuple[str, str], Floats] = {}

    # choices, the study's own first; see census.claims.choices

    @property
    def normalizers(self) -> list[str]:
        """Normalizers of flatness."""
        return sorted(("classes", "units"), key=lambda name: name != self._normalizer)

    @property
    def numbers_of_top_images(self) -> list[int]:
        """Numbers of top images of a unit: all that are stored, half and a quarter of them."""
        stored = self._source.top_classes(self.recorded[-1]).shape[1]
        return [number for number in (stored, stored // 2, stored // 4) if number > 1] or [stored]

    def variant(self, **chosen: Any) -> "Evidence":
        """Return the evidence under other choices of the measures' parameters.

        Parameters
        ----------
        top_images : number of top images of a unit.
        normalizer : of flatness.
        threshold : between single- and multi-faceted units, the ``mean`` or ``median`` of the network.
        mode : of ablation.
        """
        key = tuple(sorted(chosen.items()))
        if key not in self._variants:
            self._variants[key] = copy.copy(self).choose(**chosen) if chosen else self
        return self._variants[key]

    def choose(
        self,
        top_images: int | None = None,
        normalizer: str | None = None,
        threshold: str = "mean",
        mode: str | None = None,
    ) -> "Evidence":
        """Make choices and return itself, a copy; see :meth:`variant`."""
        self._variants, self._units, self._of_layers = {}, dict(self._units), {}
        if mode is not None and mode != self.modes[0]:
            for name, units in self._units.items():
                effects = self._source.ablation(name, mode).reindex(units["unit"])
                columns = {each: effects[each].to_numpy(float) for each in effects}
                self._units[name] = units.assign(**columns)
        stored = self.numbers_of_top_images[0] if top_images is not None else 0
        chosen = top_images or stored, normalizer or self._normalizer, threshold
        if chosen != (stored, self._normalizer, "mean"):
            self._n_top, self._normalizer, _ = chosen
            self._classify(threshold)
        return self

    def _classify(self, threshold: str) -> None:
        """Set the measures of units that rest on the classes of their top images."""
        for name, units in self._units.items():
            counts = self.class_counts(name)
            inequality, evenness = gini(counts), flatness(counts, entropy_base(self._normalizer, counts))
            self._units[name] = units.assign(
                gini=inequality,
                flatness=np.where(counts.any(1), evenness, np.nan),
                mf_degree=mf_degree(inequality, evenness),
            )
        degrees = {
            name: units["mf_degree"].to_numpy(float)
            for name, units in self._units.items()
            if self.layers.loc[name, "kind"] != "input"
        }
        known = np.concatenate(list(degrees.values()))
        averaged = np.mean if threshold == "mean" else np.median
        center = over_defined(averaged, known[np.isfinite(known)])
        for name, of_units in degrees.items():
            is_single = is_single_faceted(of_units, center).astype(float)
            self._units[name] = self._units[name].assign(is_single=is_single)

    @property
    def recorded(self) -> list[str]:
        """Names of all layers."""
        return list(self.layers.index)

    @property
    def nonlinear(self) -> list[str]:
        """Names of the nonlinear layers: no input or logits, and no pooling, which repeats units."""
        return list(self.layers.index[self.layers["kind"] == "nonlinearity"])

    @property
    def inner(self) -> list[str]:
        """Names of all layers between input and logits, pooling and outputs of modules included."""
        return list(self.layers.index[~self.layers["kind"].isin(["input", "output"])])

    @property
    def trunk(self) -> list[str]:
        """Names of the layers on every path from input to output."""
        return list(self.layers.index[self.layers["branch_of"] == ""])

    @property
    def trunk_without_pooling(self) -> list[str]:
        """Names of the layers on the trunk except pooling."""
        return [name for name in self.trunk if self.layers.loc[name, "kind"] != "pooling"]

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

    @property
    def first_half(self) -> list[str]:
        """Names of the first half of convolutional layers, rounded up."""
        return self.convolutional[: math.ceil(len(self.convolutional) / 2)]

    @property
    def first_quarter(self) -> list[str]:
        """Names of the first quarter of convolutional layers, rounded up."""
        return self.convolutional[: math.ceil(len(self.convolutional) / 4)]

    def unreliable(self, measures: Sequence[str], names: Sequence[str]) -> str:
        """Return the measures of units whose split-half reliability, median over layers, is too low.

        Measures without a reliability, such as RS on natural images, are not checked.
        """
        found = {}
        for name in measures:
            if f"{PREFIX}{name}" in self.layers:
                known = self.layers.loc[list(names), f"{PREFIX}{name}"].dropna()
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

    def averages(self, column: str, names: Sequence[str], average: str) -> Floats:
        """Return the ``mean`` or the ``median`` of a measure over each layer's units, (samples, layers)."""
        return self.means(column, names) if average == "mean" else self.medians(column, names)

    def activity(self, measure: str, names: Sequence[str]) -> Floats:
        """Return a measure of which lower values are sparser codes, (samples, layers).

        Parameters
        ----------
        measure : ``active_fraction``, or one of :data:`SPARSENESS`, whose negative is returned. Those that
            are not of units are not resampled.
        """
        if measure in ("population_sparseness", "hoyer"):
            return -self.layers.loc[list(names), measure].to_numpy(float)[None]
        return self.means(measure, names) * (-1 if measure in SPARSENESS else 1)

    def correlations(self, columns: Sequence[str], names: Sequence[str]) -> list[Floats]:
        """Return rank correlations between measures over each layer's units, (samples, columns, columns)."""

        def correlate_layer(name: str) -> Floats:
            return rank_correlations(self.values(name, columns), self.counts(name))

        return self._kept_of(f"ρ of {', '.join(columns)}", names, correlate_layer)

    def partial(self, columns: Sequence[str], names: Sequence[str], given: str) -> list[Floats]:
        """Return partial rank correlations of two measures that control for a third, (samples,) by layer."""
        found = []
        for name in names:
            values = self.values(name, [*columns, given])
            known = ~np.isnan(values).any(0)
            rho = rank_correlations(np.where(known, values, np.nan), self.counts(name))
            found.append(partial_correlation(rho[:, 0, 1], rho[:, 0, 2], rho[:, 1, 2]))
        return found

    def pooled(self, columns: Sequence[str], names: Sequence[str]) -> tuple[Floats, NDArray[np.int64]]:
        """Return the mean of :meth:`correlations` over layers, weighted by numbers of units.

        Returns
        -------
        means : (samples, columns, columns).
        n_layers : (columns, columns), the number of layers in which a correlation is defined.
        """
        correlations = self.correlations(columns, names)
        n_units = [pair_counts(self.values(name, columns)) for name in names]
        n_layers = np.sum([~np.isnan(of_layer[0]) for of_layer in correlations], axis=0)
        return pooled(correlations, n_units), n_layers

    def unit_pairs(self, names: Sequence[str], comparison: str) -> Floats:
        """Return the mean over pairs of units of their class counts' comparison, (samples, layers).

        As in the census, inactive units are left out, because they have no top images.

        Parameters
        ----------
        comparison : ``similarity`` or ``distance``.
        """
        compare = {"similarity": row_similarity, "distance": row_distance}[comparison]

        def mean(layer: str) -> Floats:
            counts = self.class_counts(layer)
            active = counts.any(1)
            # mean_correlation averages over pairs, here of units
            return mean_correlation(compare(counts[active]), self.counts(layer)[:, active])

        return self._kept(f"unit {comparison}", names, mean)

    def _kept(self, what: str, names: Sequence[str], compute: Callable[[str], Floats]) -> Floats:
        """Return a value of layers, (samples, layers), which is computed once."""
        return np.stack(self._kept_of(what, names, compute), axis=1)

    def _kept_of(self, what: str, names: Sequence[str], compute: Callable[[str], Floats]) -> list[Floats]:
        """Return an array of each layer, (samples, …), which is computed once."""
        for name in names:
            if (what, name) not in self._of_layers:
                self._of_layers[what, name] = compute(name)
        return [self._of_layers[what, name] for name in names]

    def class_counts(self, layer: str) -> NDArray[np.integer]:
        """Return the number of top images of each unit in each class, (n_units, n_classes)."""
        if not self._n_top:
            return self._source.class_counts(layer)
        n_classes = len(self._source.class_sizes(layer))
        return class_counts(
            self._source.top_classes(layer)[:, : self._n_top], np.arange(n_classes), n_classes
        )

    @cached_property
    def images(self) -> Floats:
        """Count of each image with activation maps in each sample, (samples, images)."""
        n_images = len(self.matrix(self.layers.index[0]))
        return with_data(resample_counts(n_images, self.resamples, self.seed))

    @cached_property
    def _similarities(self) -> Floats:
        return similarity(np.stack([self.matrix(name) for name in self.layers.index]), self.images)

    def similarities(self, names: Sequence[str], measure: str = "similarity") -> Floats:
        """Return the representational similarity of all pairs of some layers, (samples, layers, layers).

        Parameters
        ----------
        measure : a column of the table ``similarity.pairs``; others than ``similarity`` are not resampled.
        """
        if measure == "similarity":
            places = self.layers.index.get_indexer(list(names))
            return self._similarities[:, places[:, None], places]
        rows = [self._source.similarities(name, measure).reindex(list(names)) for name in names]
        return np.stack(rows)[None].astype(np.float64)

    def matrix(self, layer: str) -> Floats:
        """Return a layer's representational similarity matrix, (images, images)."""
        return np.asarray(self._source.correlation(layer), np.float64)

    def image_correlations(self, names: Sequence[str]) -> Floats:
        """Return the mean correlation between images in each layer, (samples, layers)."""
        return self._kept("correlation", names, lambda name: mean_correlation(self.matrix(name), self.images))

    def dimensions(self, names: Sequence[str], measure: str) -> Floats:
        """Return over how many directions the activation vectors of each layer spread, (samples, layers).

        Parameters
        ----------
        measure : ``participation_ratio``, or ``effective_rank``, which is not resampled.
        """

        def of_layer(name: str) -> Floats:
            matrix = self.matrix(name)
            known = ~np.isnan(matrix).all(0)
            matrix = matrix[np.ix_(known, known)]
            if measure == "effective_rank":
                return np.array([effective_rank(matrix)])
            # for one number of images, even if some vectors of a layer are constant
            return participation_ratio(mean_square(matrix, self.images[:, known]), float(known.size))

        return self._kept(measure, names, of_layer)

    def chance_degrees(self, layer: str, draws: int) -> Floats:
        """Return MF degrees of a layer's active units for random top images, (draws, units)."""
        return self._kept(f"{draws} random MF degrees", [layer], partial(self._chance_degrees, draws))[:, 0]

    def _chance_degrees(self, draws: int, layer: str) -> Floats:
        counts, sizes = self.class_counts(layer), self._source.class_sizes(layer)
        n_images, random = counts.sum(1), self.random("top images", layer)
        normalizer = entropy_base(self._normalizer, counts)
        degrees = np.full((draws, int((n_images > 0).sum())), np.nan)
        for number in np.unique(n_images[n_images > 0]):
            here = n_images[n_images > 0] == number
            for degrees_of_draw in degrees:
                drawn = random.multivariate_hypergeometric(sizes, number, here.sum(), method="marginals")
                degrees_of_draw[here] = mf_degree(gini(drawn), flatness(drawn, normalizer))
        return degrees

    def class_entropies(self, layer: str, images: str) -> Floats:
        """Return the class entropy of each singular vector, see :meth:`Source.class_entropies`."""
        return np.asarray(self._source.class_entropies(layer, images), np.float64)

    def families(self, layer: str) -> pd.DataFrame:
        """Return measures of families of directions, by family."""
        return self._source.families(layer)

    def alignment(
        self, names: Sequence[str], statistic: str = "kurtosis", *, preactivation: bool = False
    ) -> Floats:
        """Return axis alignment, a statistic of peakedness minus its mean over rotations, (samples, layers).

        Parameters
        ----------
        statistic : ``kurtosis``, ``gini`` or ``hoyer``; only kurtosis is resampled.
        preactivation : whether to return the alignment of pre-activations.
        """
        column = f"alignment_{statistic}{'_pre' if preactivation else ''}"
        values = self.layers.loc[list(names), column].to_numpy(float)[None]
        if statistic != "kurtosis":
            return values
        drawn = [self._source.alignment(name)[: self.resamples, int(preactivation)] for name in names]
        return np.concatenate([values, np.stack(drawn, axis=1)])


def along(depth: Floats, values: Floats, correlation: Correlation = "Spearman") -> Floats:
    """Return the correlation over layers between depth, or another value of them, and a value, on samples.

    Layers for which either is NaN in the data are left out.

    Parameters
    ----------
    depth : array of float, shape (n_layers,), or (n_samples, n_layers) for another value.
    values : array of float, shape (n_samples, n_layers), NaN where undefined. If only one of the two has
        several samples, their number is 1.
    correlation : which correlation, see :func:`census.statistics.association.scores`.

    Returns
    -------
    array of float64, shape (n_samples,); NaN for fewer than three layers, for resamples with a NaN, and if
    all values are equal.
    """
    if depth.ndim == 1:
        depth = np.broadcast_to(depth, values.shape)
    n_samples = min(len(depth), len(values))
    depth, values = depth[:n_samples], values[:n_samples]
    known = ~np.isnan(values[0]) & ~np.isnan(depth[0])
    result = np.full(n_samples, np.nan)
    if known.sum() < 3:
        return result
    whole = ~np.isnan(values[:, known] + depth[:, known]).any(1)
    chosen = np.ix_(whole, known)
    result[whole] = correlate(depth[chosen], values[chosen], correlation)
    return result
