"""Whether a network processes the images made for a unit as it processes the unit's top images.

An image that activates a unit by a path that no natural image takes says little about the unit's response
to natural images. The activation vectors of the image are therefore compared, in all layers up to the unit's
own, with those of the unit's top images, and of other natural images.

References
----------
Geirhos et al. (2024), Don't trust your eyes: on the (un)reliability of feature visualizations, ICML.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from census.measures.columns import Floats, Integers, Table, column, count, share
from census.measures.declaration import Measure
from census.statistics.bootstrap import Estimate, estimate, resample_counts
from census.statistics.defined import over_defined

if TYPE_CHECKING:
    from census.networks.layers import Layer as NetworkLayer

SOURCE = "Geirhos et al. 2024"
SCORE = (
    "over all layers up to the unit's own: 1 if they are as similar to the unit's top images as these are to "
    "one another, 0 if only as similar as other natural images"
)


@dataclass(frozen=True)
class Parameters:
    """Path check: whether images made for a unit are processed as natural images are."""

    top: Annotated[int, Ge(4), Le(1000)] = 20
    """Maximally activating images of a unit: every other one is a reference, the rest are a control."""
    others: Annotated[int, Ge(2), Le(10000)] = 50
    """Other natural images, a seeded random sample."""
    neurons: Annotated[int, Ge(2)] = 4096
    """Neurons of each layer, a seeded random sample, over which activation vectors are correlated."""
    resamples: Annotated[int, Ge(100)] = 1000
    """Bootstrap resamples of the units for each 95 % interval."""


class Units(Table, per="unit"):
    """Path score of the images of each unit, over all layers up to its own."""

    unit: Integers = count("index of the unit in its layer", "")
    path_iam: Floats = column(f"path score of the unit's IAM images {SCORE}", SOURCE)
    path_am: Floats = column(f"path score of the unit's AM images {SCORE}", SOURCE)
    path_natural: Floats = column(f"path score of held-out top images of the unit {SCORE}", SOURCE)


class Paths(Table, per="path"):
    """Similarity of a unit's images to its top images in each layer up to the unit's own."""

    unit: Integers = count("index of the unit in its layer", "")
    path_layer: str = column("layer in which images are compared")
    path_depth: int = count("depth of the layer in which images are compared", "")
    iam: Floats = column("similarity of IAM images to the unit's reference images", range=(-1, 1))
    am: Floats = column("similarity of AM images to the unit's reference images", range=(-1, 1))
    natural: Floats = column("similarity of the unit's control images to its reference images", range=(-1, 1))
    top: Floats = column("similarity of the unit's reference images to one another", range=(-1, 1))
    other: Floats = column("similarity of other natural images to the unit's reference images", range=(-1, 1))


class Depth(Table, per="path"):
    """Path score in each layer up to the units' own."""

    path_layer: str = column("layer in which images are compared")
    path_depth: int = count("depth of the layer in which images are compared", "")
    path_iam: Estimate = column("path score of IAM images")
    path_am: Estimate = column("path score of AM images")
    path_natural: Estimate = column("path score of held-out top images of the units")


class Layer(Table, per="layer"):
    """Path score of the images of a layer's units, over all layers up to this one."""

    n_units: int = count("sampled units", "units")
    n_undefined: int = count("sampled units whose natural images have no path score", "units")
    path_iam: Estimate = column(
        "path score of IAM images over sampled units and all layers up to theirs; the score is a ratio of "
        "sums over units, undefined ones included",
        SOURCE,
    )
    path_am: Estimate = column(
        "path score of AM images over sampled units and all layers up to theirs", SOURCE
    )
    path_natural: Estimate = column(
        "path score of held-out top images over sampled units and all layers up to theirs", SOURCE
    )
    share_off_path_iam: float = share(
        "share of sampled units, without undefined ones, whose IAM images have a path score below 0", "ours"
    )
    share_off_path_am: float = share(
        "share of sampled units, without undefined ones, whose AM images have a path score below 0", "ours"
    )
    resamples: int = count("value of the parameter `resamples`", "resamples")


measure = Measure(
    name="path_check",
    title="Path check",
    reads={},
    jobs="units",
    tables={"units": Units, "paths": Paths, "depth": Depth, "layer": Layer},
    compute=None,
    parameters=Parameters,
)

IMAGES = ("iam", "am", "natural")
"""Kinds of images that have a path score."""


class Similarities(NamedTuple):
    """Similarities of images to a unit's reference images, of one shape; NaN without such images.

    Attributes
    ----------
    iam, am, natural, top, other : float64, see :class:`Paths`.
    """

    iam: Floats
    am: Floats
    natural: Floats
    top: Floats
    other: Floats


class Split(NamedTuple):
    """The natural images of a unit.

    Attributes
    ----------
    reference, control : arrays of int64, the first, third, … and the second, fourth, … of its top images.
    """

    reference: NDArray[np.int64]
    control: NDArray[np.int64]


def split_top(images: NDArray[np.integer]) -> Split:
    """Split a unit's top images in order into reference and control; none of either if fewer than four.

    Examples
    --------
    >>> split_top(np.array([7, 3, 8, 1, 2])).control.tolist()
    [3, 1]
    """
    images = images if len(images) >= 4 else images[:0]
    return Split(images[::2].astype(np.int64), images[1::2].astype(np.int64))


def mean_similarity(vectors: Floats, others: Floats, differ: NDArray[np.bool_] | None = None) -> float:
    """Return the mean correlation of pairs, of an image and another one.

    Parameters
    ----------
    vectors, others : arrays of float64, shapes (n, n_neurons) and (m, n_neurons), each row of mean 0 and
        length 1, or NaN for an image whose vector is constant.
    differ : array of bool, shape (n, m), the pairs that count; None for all.

    Returns
    -------
    mean over defined pairs; NaN without any.

    Examples
    --------
    >>> mean_similarity(np.array([[0.6, 0.8]]), np.array([[1.0, 0], [0, 1], [np.nan, np.nan]]))
    0.7
    """
    pairs = vectors @ others.T
    counts = ~np.isnan(pairs) if differ is None else ~np.isnan(pairs) & differ
    return float(np.clip(pairs[counts].mean(), -1, 1)) if counts.any() else float("nan")


def compare_images(
    made: Mapping[str, Floats], split: Split, vectors: Floats, others: NDArray[np.integer]
) -> list[float]:
    """Return the similarities of a unit's images to its reference images in one layer.

    Parameters
    ----------
    made : vectors of the images made for the unit, by objective: arrays of float64, shape (n_images,
        n_neurons), as in :func:`mean_similarity`.
    split : the unit's natural images, by their rows in ``vectors``.
    vectors : array of float64, shape (n_natural, n_neurons), vectors of natural images.
    others : array of integer, shape (n_others,), the rows of other natural images. A reference image among
        them is not compared with itself.

    Returns
    -------
    values of :class:`Similarities`, in order.
    """
    reference = vectors[split.reference]
    return [
        *(mean_similarity(made[name], reference) for name in ("iam", "am")),
        mean_similarity(vectors[split.control], reference),
        mean_similarity(reference, reference, ~np.eye(len(reference), dtype=bool)),
        mean_similarity(vectors[others], reference, others[:, None] != split.reference),
    ]


def path_score(above: Floats, span: Floats) -> Floats:
    """Return how natural the path of images is.

    Parameters
    ----------
    above : array of float64, by how much more similar the images are to a unit's reference images than other
        natural images are; a sum over layers or units.
    span : array of float64 of the same shape, by how much more similar reference images are to one another.

    Returns
    -------
    array of float64 of the same shape, ``above / span``: 1 for images as similar to reference images as these
    are to one another, 0 for images only as similar as other natural images. NaN if reference images are no
    more similar to one another than to others, or nothing is defined.

    Examples
    --------
    >>> path_score(np.array([0.1, -0.2, 0.1]), np.array([0.4, 0.4, 0.0])).tolist()
    [0.25, -0.5, nan]
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(span > 0, above / span, np.nan)


def differences(similarities: Similarities, name: str) -> tuple[Floats, Floats]:
    """Return the arguments of :func:`path_score` for a kind of images; both 0 if one of them is undefined.

    Examples
    --------
    >>> each = np.array([0.5, np.nan])
    >>> [part.tolist() for part in differences(Similarities(each, each, each, each * 2, each / 2), "am")]
    [[0.25, 0.0], [0.75, 0.0]]
    """
    image = getattr(similarities, name)
    above, span = image - similarities.other, similarities.top - similarities.other
    known = ~np.isnan(above + span)
    return np.where(known, above, 0), np.where(known, span, 0)


def unit_scores(similarities: Similarities, name: str) -> Floats:
    """Return the path score of each unit, from similarities of shape (n_layers, n_units)."""
    return path_score(*(part.sum(0) for part in differences(similarities, name)))


def mean_scores(similarities: Similarities, name: str, resamples: int, seed: int) -> Estimate:
    """Return the path score over units in each layer, with bootstrap intervals.

    Parameters
    ----------
    similarities : of shape (n_layers, n_units).
    name : kind of images.
    resamples, seed : see :func:`census.statistics.bootstrap.resample_counts`.

    Returns
    -------
    arrays of float64, shape (n_layers + 1,); the last is over all layers.
    """
    parts = [np.concatenate([each, each.sum(0)[None]]) for each in differences(similarities, name)]
    counts = resample_counts(parts[0].shape[1], resamples, seed)
    return estimate(lambda samples: path_score(*(samples @ part.T for part in parts)), counts)


def tables_of(
    of: Mapping[str, Any],
    units: NDArray[np.int64],
    path: Sequence["NetworkLayer"],
    similarities: Similarities,
    resamples: int,
    seed: int,
) -> Iterator[Table]:
    """Yield the rows of a layer at one checkpoint.

    Parameters
    ----------
    of : values of the key columns.
    units : array of int64, shape (n_units,), the sampled units.
    path : the layers in which images are compared. The input counts in no score over layers, because pixels
        are no part of the network's path.
    similarities : of shape (n_layers, n_units).
    resamples, seed : see :func:`mean_scores`.
    """
    inside = np.array([layer.kind != "input" for layer in path])
    within = Similarities(*(values[inside] for values in similarities))
    scores = {f"path_{name}": unit_scores(within, name) for name in IMAGES}
    yield Units(of=of, unit=units, **scores)
    means = {f"path_{name}": mean_scores(similarities, name, resamples, seed) for name in IMAGES}
    for number, layer in enumerate(path):
        here = Similarities(*(values[number] for values in similarities))
        yield Paths(of=of, unit=units, path_layer=layer.name, path_depth=layer.depth, **here._asdict())
        at: dict[str, Any] = {name: each.at(number) for name, each in means.items()}
        yield Depth(of=of, path_layer=layer.name, path_depth=layer.depth, **at)
    row: dict[str, Any] = {
        f"path_{name}": mean_scores(within, name, resamples, seed).at(-1) for name in IMAGES
    }
    row |= {
        f"share_off_{name}": over_defined(lambda defined: (defined < 0).mean(), scores[name])
        for name in ("path_iam", "path_am")
    }
    yield Layer(
        of=of,
        n_units=len(units),
        n_undefined=int(np.isnan(scores["path_natural"]).sum()),
        **row,
        resamples=resamples,
    )
