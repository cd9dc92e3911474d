"""Families of directions in the space of a layer's units: what they are fitted to, and how the fits went.

A channel vector has the values of a layer's units at one position of an image. Each family is fitted to the
vectors of one half of the images, and judged on the other half by :mod:`census.measures.families`.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import numpy as np
from annotated_types import Ge, Gt, Le
from numpy.typing import NDArray

from census.measures.columns import Flags, Floats, Integers, Table, Texts, column, count
from census.measures.declaration import Measure, Recordings, Unique
from census.measures.direction_effects import Ablated, Effects, LayerEffects
from census.measures.parameters import ImageResamples
from census.statistics.reliability import halves
from census.statistics.streams import seed_of, stream
from census.statistics.subset import choose_positions

if TYPE_CHECKING:
    from census.stores.recording import Recording

FITS = ("first", "other_start", "other_half")
"""A family is fitted to the first half of the images, again from another start, and to the other half."""
FEWEST = 4  # directions of a family: the kurtosis of fewer values hardly differs


@dataclass(frozen=True)
class VectorParameters:
    """Channel vectors, and their codes."""

    vectors: Annotated[int, Ge(100)] = 10000
    """Channel vectors of a layer, half of them for fits: sampled positions of all images with activation
    maps. A layer without spatial extent has one vector per recorded image."""
    active: Annotated[int, Ge(1)] = 8
    """Directions of a family of which a channel vector is reconstructed; at most half of all. Also the number
    of features that are active at a time in the sparse autoencoder."""


@dataclass(frozen=True)
class Parameters(ImageResamples, VectorParameters):
    """Which basis? Families of directions in the space of a layer's units, in a run's `per_unit_layers`."""

    families: Unique[Literal["units", "random", "svd", "ica", "nmf", "sae"]] = field(
        default_factory=lambda: ["units", "random", "svd", "ica", "nmf", "sae"]
    )
    """Families that are compared: units; random directions; singular vectors; independent components;
    non-negative matrix factorization; a top-k sparse autoencoder. An empty list computes none."""
    directions: Annotated[int, Ge(FEWEST)] = 64
    """Directions of each family; at most half as many as the layer has units."""
    iterations: Annotated[int, Ge(1)] = 200
    """Largest number of iterations of independent component analysis and of matrix factorization."""
    autoencoder_steps: Annotated[int, Ge(1)] = 2000
    """Gradient steps of the sparse autoencoder, each on 256 channel vectors."""
    autoencoder_learning_rate: Annotated[float, Gt(0), Le(1)] = 0.01
    """Largest learning rate of the sparse autoencoder (Adam): the rate rises to it, then falls to 0."""
    ablated: Annotated[int, Ge(0)] = 8
    """Directions of each family whose parts are subtracted from the layer, one by one, a seeded random
    sample: at most half as many as `units_per_layer`, on every other one of the images on which units are
    ablated. 0 ablates none."""


class Fits(Table, per="fit"):
    """How the fit of each family went."""

    family: Texts = column("family of directions")
    fit: Texts = column(
        "`first`; `other_start`, on the same images; or `other_half`, on the other half of the images"
    )
    n_vectors: Integers = count("active channel vectors to which it was fitted", "vectors")
    n_directions: Integers = count("directions", "directions")
    n_dead: Integers = count(
        "directions that no vector of the fit used, and that the fit dropped", "directions"
    )
    n_iterations: Floats = count("iterations or steps; NaN for families without a search", "")
    converged: Flags = column("whether the search converged; null if it has no such criterion")
    reason: Texts = column("why the family has no directions; empty if it has")


measure = Measure(
    name="dictionaries",
    title="Dictionaries",
    reads={"layer": Recordings("per_unit_layers", "final")},
    tables={"fits": Fits, "ablated": Ablated, "effects": Effects, "layer": LayerEffects},
    jobs="dictionaries",
    compute=None,
    has_arrays=True,
    parameters=Parameters,
)


class ChannelVectors(NamedTuple):
    """Sampled channel vectors of a layer, image by image.

    Attributes
    ----------
    values : array of float32, shape (n_images, n_positions, n_units), finite.
    places : array of int64, shape (n_images,), the images' places in the recording.
    positions : array of int32, shape (n_positions, 2), y and x of each.
    first : array of bool, shape (n_images,), whether an image is in the half for fits.
    n_not_finite : images left out because of values that are not finite.
    """

    values: NDArray[np.float32]
    places: NDArray[np.int64]
    positions: NDArray[np.int32]
    first: NDArray[np.bool_]
    n_not_finite: int

    def half(self, *, first: bool) -> NDArray[np.float32]:
        """Return the vectors of a half of the images, (n_vectors, n_units), without those of zeros."""
        vectors = self.values[self.first == first].reshape(-1, self.values.shape[2])
        return vectors[vectors.any(1)]


def channel_vectors(layer: "Recording", count: int, seed: int) -> ChannelVectors:
    """Sample the channel vectors of a layer, and split its images into halves, each class evenly.

    Parameters
    ----------
    layer : its activations.
    count : wanted number of vectors. Positions are the same in all images, as many as make at least so many
        vectors, if the layer has them. Without spatial extent, a seeded random sample of all recorded images.
    seed : of the study.
    """
    _, height, width = layer.shape
    name = layer.attributes["layer"]
    own_seed = seed_of(seed, "dictionaries", layer.attributes["network"], name)
    if height * width == 1:
        # the mean of a map of one position is its value, and is kept for all images
        order = stream(own_seed, "images of families").permutation(len(layer.images))
        places, positions = np.sort(order[:count]), np.zeros((1, 2), np.int32)
        values = layer.on_images("mean", places)[:, None]
    else:
        places = np.arange(layer.n_map_images)
        wanted = -(-count // max(1, layer.n_map_images))
        positions = choose_positions(height, width, wanted, own_seed, name)
        values = layer.at_positions(positions)
    finite = np.isfinite(values).all((1, 2))
    values, places = values[finite], places[finite]
    first = halves(layer.labels[places], 1, stream(own_seed, "halves of families"))[0]
    return ChannelVectors(values, places, positions, first, int((~finite).sum()))


def number_active(n_directions: int, wanted: int) -> int:
    """Return of how many directions a channel vector is reconstructed: at most half of a family's."""
    return min(wanted, n_directions // 2)
