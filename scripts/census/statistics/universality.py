"""Universality: whether a layer's units recur in a network trained identically from another seed.

Both networks process the same images. A unit's responses are its mean activations, one per image. Units of
the two networks are compared by Spearman's ρ of their responses. ρ is signed, because anticorrelated units do
not recur.

Two matchings of units are measured. In the first, each unit has the partner with the highest ρ, and several
units may share a partner. In the second, partners are assigned one to one, with the highest sum of ρ.

The highest of many ρ exceeds 0 by chance. Two controls estimate its chance level:

- **Permuted images**: the other network's images are in a random order, the same for all of its units. No
  unit is related to any other network's unit; correlations within each layer remain.
- **Rotated layer**: the axes of a random rotation of the other network's responses replace its units.
  Responses are centered, not standardized. Distances between images and all geometric comparisons remain;
  only the choice of axes is lost. Rotated responses have negative values and other distributions than units,
  so they are compared by ranks. If units are a random basis of their layer's space, rotations are equivalent
  to units, and the share of rotations that match at least as well is an exact p-value. Standardization would
  break this, because the axes of a rotation have different variances.

A rotated layer tests whether units are a random basis of the layer's space, not whether training is the
cause. Rectified units of two unrelated bases of one space match better than rotations, because both are
rectified. Networks with random weights, matched in the same way, are the control for this.

References
----------
Li, Yosinski, Clune, Lipson & Hopcroft (2015), Convergent learning: do different neural networks learn the
same representations?, Proceedings of Machine Learning Research 44, for both matchings, by Pearson's r.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from census.statistics.class_selectivity import slices
from census.statistics.defined import varying
from census.statistics.ranks import standardized_ranks
from census.statistics.rotations import random_frames

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]


class RankedUnits(NamedTuple):
    """Ranks of the responses of a layer's units.

    Attributes
    ----------
    n_units : number of units, constant ones included.
    units : array of int64, shape (n,), units whose responses are finite and not constant, in ascending order.
    ranks : array of float32, shape (n, n_images), their ranks over images, with mean 0 and sum of squares 1.
    """

    n_units: int
    units: NDArray[np.int64]
    ranks: Singles


class Matches(NamedTuple):
    """Partners of a layer's units among the units of another network's layer.

    Units with constant or non-finite responses are undefined and are no partners of other units.

    Attributes
    ----------
    best : array of float64, shape (n_units,), the highest ρ with a unit of the other layer; NaN if undefined.
    partner : array of int64, shape (n_units,), the unit with that ρ, the first of equal ones; −1 for none.
    mutual : array of float64, shape (n_units,), 1 if the unit is also the partner of its partner, otherwise
        0; NaN if undefined. Mutual partners are one to one.
    assigned : array of float64, shape (n_units,), ρ with the partner of the one-to-one assignment; NaN if
        undefined, and for units in excess if the other layer has fewer.
    assigned_partner : array of int64, shape (n_units,), that partner; −1 for none.
    """

    best: Floats
    partner: NDArray[np.int64]
    mutual: Floats
    assigned: Floats
    assigned_partner: NDArray[np.int64]


class Chance(NamedTuple):
    """Matches of a layer's units in random draws of a control.

    Attributes
    ----------
    best, mutual, assigned : arrays of float64, shape (n_draws, n_units), see :class:`Matches`.
    """

    best: Floats
    mutual: Floats
    assigned: Floats


def ranked(responses: NDArray[np.floating]) -> RankedUnits:
    """Rank the responses of each unit over images; ties have the mean of their ranks.

    Parameters
    ----------
    responses : array of float, shape (n_images, n_units), mean activation of each unit on each image.
    """
    units = varying(responses)
    ranks = np.empty((len(units), len(responses)), np.float32)
    for block in slices(len(units)):
        # contiguous along images, which sorts several times faster
        ranks[block] = standardized_ranks(responses[:, units[block]].T.copy())
    return RankedUnits(responses.shape[1], units, ranks)


def match(layer: RankedUnits, other: RankedUnits, *, assign: bool = True) -> Matches:
    """Find the partners of a layer's units in another network's layer.

    Parameters
    ----------
    layer, other : units ranked on the same images. Their numbers may differ.
    assign : whether to assign partners one to one as well, which dominates the time for many units.

    Examples
    --------
    >>> responses = np.array([[0.0, 2, 5], [1, 0, 5], [2, 1, 5]])
    >>> found = match(ranked(responses), ranked(responses[:, ::-1]))
    >>> found.partner.tolist()
    [2, 1, -1]
    >>> found.best.round(6).tolist()
    [1.0, 1.0, nan]
    """
    from scipy.optimize import linear_sum_assignment

    best, mutual, assigned = np.full((3, layer.n_units), np.nan)
    partner, assigned_partner = np.full((2, layer.n_units), -1)
    if len(layer.units) and len(other.units):
        rho = np.clip(layer.ranks @ other.ranks.T, -1, 1)  # rounding
        closest = rho.argmax(1)
        best[layer.units] = rho.max(1)
        partner[layer.units] = other.units[closest]
        mutual[layer.units] = rho.argmax(0)[closest] == np.arange(len(closest))
        if assign:
            rows, columns = linear_sum_assignment(rho, maximize=True)
            assigned[layer.units[rows]] = rho[rows, columns]
            assigned_partner[layer.units[rows]] = other.units[columns]
    return Matches(best, partner, mutual, assigned, assigned_partner)


def permuted(layer: RankedUnits, draws: int, random: np.random.Generator) -> Iterator[RankedUnits]:
    """Yield a layer with its images in random orders, with one order for all units of a draw.

    Parameters
    ----------
    layer : the layer.
    draws : number of draws.
    random : random numbers.
    """
    for _ in range(draws):
        yield layer._replace(ranks=layer.ranks[:, random.permutation(layer.ranks.shape[1])])


def rotated(
    responses: NDArray[np.floating], draws: int, random: np.random.Generator
) -> Iterator[RankedUnits]:
    """Yield a layer along the axes of random rotations of its centered responses, Haar-distributed.

    Constant units are left out; there are as many axes as remaining units.

    Parameters
    ----------
    responses : array of float, shape (n_images, n_units), see :func:`ranked`.
    draws : number of rotations.
    random : random numbers.
    """
    units = varying(responses)
    centered = np.empty((len(responses), len(units)), np.float32)
    # ranks do not depend on a common scale, float32 does
    scale = np.abs(responses[:, units]).max(initial=0)
    for block in slices(len(units)):
        values = responses[:, units[block]].astype(np.float64) / scale
        centered[:, block] = values - values.mean(0)
    for _ in range(draws):
        (frame,) = random_frames(len(units), len(units), 1, int(random.integers(1 << 63)))
        yield ranked(centered @ frame)


def chance(
    layers: Sequence[RankedUnits], controls: Iterable[RankedUnits], *, assign: bool = True
) -> list[Chance]:
    """Match the units of several layers with the same draws of a control.

    Parameters
    ----------
    layers : layers of networks, ranked on the same images.
    controls : draws of a control of another network's layer, see :func:`permuted` and :func:`rotated`; at
        least one.
    assign : see :func:`match`; without it, ``assigned`` is NaN.

    Returns
    -------
    the matches of each layer.
    """
    found = [[match(layer, control, assign=assign) for layer in layers] for control in controls]
    return [
        Chance(*(np.stack([getattr(each, name) for each in of_layer]) for name in Chance._fields))
        for of_layer in zip(*found, strict=True)
    ]
