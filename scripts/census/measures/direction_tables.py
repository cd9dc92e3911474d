"""What tables have of a layer's directions at one checkpoint, from what was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from census.measures.concepts import chance_labels, finite_mean
from census.measures.directions import (
    Ends,
    chance_entropy,
    chance_redundancy,
    class_entropy,
    compare,
    ends,
    rank_correlation,
    varies,
)
from census.measures.svd import (
    Decomposition,
    mean_square,
    participation_ratio,
    reconstruction_error,
    singular_values,
)
from census.statistics.bootstrap import Estimate, estimate

Floats = NDArray[np.float64]
DRAWS = 1000  # of images, behind the entropy that sets have by chance
# directions that are compared, by the family that they are the first of
FAMILIES = {"svd": "svd", "variance": "variance", "random": "projection"}
# what is known of a layer only where its directions were compared
COMPARISONS = (
    "n_constant_neurons",
    "n_components_above_null",
    *(
        f"{name}{ending}"
        for name in (
            *(f"redundancy_{end}{family}" for end in ("", "bottom_") for family in FAMILIES),
            "redundancy_difference",
            "rho_purity",
        )
        for ending in ("", "_low", "_high")
    ),
    *(f"{name}_chance" for name in ("redundancy", "class_entropy")),
    *(f"class_entropy_{family}" for family in FAMILIES),
)
# columns of the tables that have no rows where a layer has no directions
DIRECTION_COLUMNS = {
    "family": pa.string(),
    **dict.fromkeys(("number", "neuron", "unit"), pa.int64()),
    "score_variance": pa.float64(),
    "above_quantile": pa.bool_(),
    **dict.fromkeys(("class_entropy", "class_entropy_top", "class_entropy_bottom"), pa.float64()),
}
COLUMNS = {"directions": DIRECTION_COLUMNS, "units": {"unit": pa.int64(), "variance": pa.float64()}}


@dataclass(frozen=True)
class Spectrum:
    """The components of a layer.

    Attributes
    ----------
    found : the decomposition.
    correlation : float64 (N, N), that was decomposed; None where patterns themselves were.
    held_out : float64 (any,), error on other images by number of components.
    permuted : float64 (permutations, any), strengths by chance; None where they were not measured.
    n_images, n_neurons : N and D.
    """

    found: Decomposition
    correlation: Floats | None
    held_out: Floats
    permuted: Floats | None
    n_images: int
    n_neurons: int

    def columns(self) -> dict[str, Any]:
        """Return a row for each component."""
        n, error = len(self.found.strengths), reconstruction_error(self.found.strengths, self.n_images)

        def filled(values: Floats) -> Floats:
            return np.concatenate([values[:n], np.full(max(0, n - len(values)), np.nan)])

        return {
            "component": np.arange(1, n + 1),
            "singular_value": singular_values(self.found.strengths, self.n_neurons),
            "strength": self.found.strengths,
            "explained_variance": self.found.strengths / max(1, self.n_images),
            "reconstruction_error": error,
            "reconstruction_error_absolute": error * np.sqrt(self.n_images * self.n_neurons),
            "held_out_error": filled(self.held_out),
            "permuted_strength": pa.nulls(n, pa.float64())
            if self.permuted is None
            else filled(self.permuted.max(0)),
        }

    def summary(
        self, rank: int, matched_images: int, threshold: float | None, resamples: int, seed: int
    ) -> dict[str, Any]:
        """Return what a row about the layer has of its spectrum.

        Parameters
        ----------
        rank : number of components with which patterns are reconstructed.
        matched_images : for how many images the participation ratio is given, beside that for all.
        threshold : singular values above it are counted; None for none.
        resamples, seed : behind intervals.
        """
        columns = self.columns()
        values: dict[str, Any] = {
            "n_components": len(columns["component"]),
            "matched_images": matched_images,
            "threshold": threshold,
            "n_components_above_threshold": None
            if threshold is None
            else int((columns["singular_value"] > threshold).sum()),
        }
        ratios = self._ratios((self.n_images, matched_images), resamples, seed)
        for place, name in enumerate(("participation_ratio", "participation_ratio_matched")):
            values |= ratios.columns(name, (place,))
        for column, name in (
            ("reconstruction_error", f"reconstruction_error_{rank}"),
            ("reconstruction_error_absolute", f"reconstruction_error_{rank}_absolute"),
            ("held_out_error", f"held_out_error_{rank}"),
        ):
            found = columns[column]
            values[name] = float(found[rank - 1]) if len(found) >= rank else float("nan")
        return values

    def _ratios(self, sizes: Sequence[int], resamples: int, seed: int) -> Estimate:
        """Return the participation ratio for each of some numbers of images."""
        correlation = self.correlation
        if correlation is None or self.n_images < 2:
            return Estimate(*np.full((3, len(sizes)), np.nan))

        def measure(counts: Floats) -> Floats:
            squares = mean_square(correlation, counts)
            return np.stack([participation_ratio(squares, size) for size in sizes], axis=1)

        return estimate(measure, self.n_images, resamples, seed)


@dataclass(frozen=True)
class Directions:
    """Directions of several families, by what they make of the same images.

    Attributes
    ----------
    scores : float (directions, N) by family: ``svd``; ``variance``, the neurons of highest variance;
        ``neuron``, neurons chosen at random; ``projection``, random directions. All are of unit vectors.
    neurons : int (directions,), places of the neurons, for the families that are neurons.
    labels : int (N,), classes of the images.
    n_classes, n_units : K and C.
    top : images in a set.
    """

    scores: Mapping[str, NDArray[np.floating]]
    neurons: Mapping[str, NDArray[np.integer]]
    labels: NDArray[np.integer]
    n_classes: int
    n_units: int
    top: int

    def ends(self) -> Ends:
        """Return the images at both ends of all directions, family after family."""
        return ends(np.concatenate(list(self.scores.values())), self.top)

    def columns(self, variance_quantile: float) -> dict[str, Any]:
        """Return a row for each direction, family after family.

        Parameters
        ----------
        variance_quantile : of the random directions, those of higher variance are marked.
        """
        sizes = [len(scores) for scores in self.scores.values()]
        variances = {family: scores.var(1, dtype=np.float64) for family, scores in self.scores.items()}
        limits = dict.fromkeys(variances, np.inf)
        limits["projection"] = float(np.quantile(variances["projection"], variance_quantile))
        places = [
            place
            for family, size in zip(self.scores, sizes, strict=True)
            for place in (self.neurons[family].tolist() if family in self.neurons else [None] * size)
        ]
        # of directions that tell no image from another, the ends are any images
        known = np.concatenate([varies(scores) for scores in self.scores.values()])
        top, bottom = (
            np.where(known, class_entropy(side, self.labels, self.n_classes), np.nan) for side in self.ends()
        )
        return {
            "family": np.repeat(list(self.scores), sizes),
            "number": np.concatenate([np.arange(size) for size in sizes]),
            "neuron": pa.array(places, pa.int64()),
            "unit": pa.array(
                [None if place is None else place % self.n_units for place in places], pa.int64()
            ),
            "score_variance": np.concatenate(list(variances.values())),
            "above_quantile": np.concatenate([variances[family] > limits[family] for family in variances]),
            "class_entropy": (top + bottom) / 2,
            "class_entropy_top": top,
            "class_entropy_bottom": bottom,
        }

    def summary(self, columns: Mapping[str, Any], rank: int, resamples: int, seed: int) -> dict[str, float]:
        """Return what a row about the layer has of its directions.

        Parameters
        ----------
        columns : what :meth:`columns` returned.
        rank : how many directions of a family are compared.
        resamples, seed : behind intervals.
        """
        values: dict[str, float] = {}
        compared = {name: self.scores[family][:rank] for name, family in FAMILIES.items()}
        for name, overlap in compare(compared, self.top, resamples, seed).items():
            values |= overlap.columns(name)
        values["redundancy_chance"] = chance_redundancy(len(self.labels), self.top)
        for name, family in FAMILIES.items():
            here = (columns["family"] == family) & (columns["number"] < rank)
            values[f"class_entropy_{name}"] = finite_mean(columns["class_entropy"][here])
        drawn = chance_labels(self.labels, self.top, DRAWS, seed)
        values["class_entropy_chance"] = chance_entropy(drawn, self.n_classes)
        purity = columns["class_entropy"][columns["family"] == "svd"]
        purity = purity[~np.isnan(purity)]
        sigma_falls = -np.arange(float(len(purity)))  # components come in the order of their singular values
        rho = estimate(
            lambda counts: rank_correlation(sigma_falls, purity, counts), len(purity), resamples, seed
        )
        return values | rho.columns("rho_purity")
