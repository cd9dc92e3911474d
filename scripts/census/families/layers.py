"""The families of one layer: all fits, as arrays and as a table."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from census.families.fitting import Fit, Sample, Settings, fit
from census.measures.dictionaries import FEWEST, FITS, Fits, Parameters, channel_vectors, number_active
from census.statistics.sparse_codes import sparse_codes
from census.statistics.streams import seed_of, seed_of_layer

if TYPE_CHECKING:
    from census.stores.recording import Recording

WITHOUT_START = ("units", "svd")
"""Families that have no start, so that another one would change nothing."""
ORTHONORMAL = ("units", "random", "svd")
"""Families of orthonormal directions."""


class Fitted(NamedTuple):
    """The fits of a layer.

    Attributes
    ----------
    arrays : ``FAMILY_FIT``, dimensions and values, the directions of each fit.
    attributes : those of the layer; ``families`` has, by family, ``fits`` (names of those that there are),
        ``n_wanted`` directions, ``n_dead`` and ``reason`` of the first fit.
    table : how the fits went.
    refused : why families have no directions, by family.
    """

    arrays: Mapping[str, tuple[tuple[str, ...], np.ndarray]]
    attributes: Mapping[str, Any]
    table: Fits
    refused: Mapping[str, str]


def fit_layer(layer: "Recording", parameters: Parameters, seed: int) -> Fitted:
    """Fit all families to a layer: to a half of its images, from another start, and to the other half.

    A family that is refused has no directions, and the others go on.
    """
    vectors = channel_vectors(layer, parameters.vectors, seed)
    # at most half as many as units: of as many, the units themselves are the best non-negative factors
    most = min(parameters.directions, layer.shape[0] // 2)
    first, other = (Sample(vectors.half(first=first), most) for first in (True, False))
    wanted, reason = number_of_directions(first, other, layer.shape[0], most)
    settings = Settings(
        number_active(wanted, parameters.active),
        parameters.iterations,
        parameters.autoencoder_steps,
        parameters.autoencoder_learning_rate,
    )
    own_seed = seed_of_layer(seed, layer.attributes)
    arrays: dict[str, tuple[tuple[str, ...], np.ndarray]] = {}
    about: dict[str, dict[str, Any]] = {}
    rows = []
    for family in parameters.families:
        fits: dict[str, Fit] = {}
        for name in FITS:
            if name == "other_start" and family in WITHOUT_START:
                continue
            sample = other if name == "other_half" else first
            fits[name] = (
                Fit(np.empty((0, layer.shape[0]), np.float32), reason=reason)
                if reason
                else fit(family, sample, wanted, settings, seed_of(own_seed, family, name))
            )
            rows.append((family, name, len(sample.values), fits[name]))
            if fits["first"].reason:
                break  # the others would fail as well, and nothing could be matched
        there = {name: each for name, each in fits.items() if not each.reason}
        arrays |= {
            f"{family}_{name}": ((f"{family}_{name}_direction", "unit"), each.directions)
            for name, each in there.items()
        }
        about[family] = {
            "fits": list(there) if "first" in there else [],
            "n_wanted": wanted,
            "n_dead": fits["first"].n_dead,
            "reason": fits["first"].reason,
        }
    table = Fits(
        of=layer.attributes,
        family=[family for family, *_ in rows],
        fit=[name for _, name, *_ in rows],
        n_vectors=np.array([n_vectors for *_, n_vectors, _ in rows], np.int64),
        n_directions=np.array([len(each.directions) for *_, each in rows], np.int64),
        n_dead=np.array([each.n_dead for *_, each in rows], np.int64),
        n_iterations=np.array(
            [np.nan if each.n_iterations is None else each.n_iterations for *_, each in rows], np.float64
        ),
        converged=np.array([each.converged for *_, each in rows], object),
        reason=[each.reason for *_, each in rows],
    )
    refused = {f"{family}, {name}": each.reason for family, name, _, each in rows if each.reason}
    return Fitted(arrays, {**layer.attributes, "families": about}, table, refused)


def number_of_directions(first: Sample, other: Sample, n_units: int, most: int) -> tuple[int, str]:
    """Return how many directions each family has, and why the layer has none; empty if it has.

    No more than those along which both halves of the vectors vary.
    """
    if n_units < 2 * FEWEST:
        return 0, f"{n_units} units, at least {2 * FEWEST} are needed"
    rank = min(len(each.principal[0]) for each in (first, other))
    if rank < FEWEST:
        return 0, f"the channel vectors vary along {rank} directions, at least {FEWEST} are needed"
    return min(most, rank), ""


class Code:
    """Codes of channel vectors in some directions of a layer's families, as used in ablation.

    In orthonormal directions, a code is the projection, so that ablating a unit's direction is ablating the
    unit. In others it is the weight in the sparse code by which families are judged.

    Parameters
    ----------
    fitted : the fits of the layer.
    chosen : array of int, numbers of some directions of the first fit, by family.
    active : see :attr:`census.measures.dictionaries.VectorParameters.active`.

    Attributes
    ----------
    directions : array of float32, shape (n_chosen, n_units), family after family.
    """

    def __init__(self, fitted: Fitted, chosen: Mapping[str, NDArray[np.int64]], active: int) -> None:
        self._all = {family: fitted.arrays[f"{family}_first"][1] for family in chosen}
        self._chosen, about = chosen, fitted.attributes["families"]
        self._active = {family: number_active(about[family]["n_wanted"], active) for family in chosen}
        self.directions = np.concatenate([self._all[family][chosen[family]] for family in chosen])

    def __call__(self, vectors: NDArray[np.float32]) -> NDArray[np.floating]:
        """Return codes, (n_vectors, n_chosen); NaN for vectors with a value that is not finite."""
        finite = np.isfinite(vectors).all(1)
        codes = np.full((len(vectors), len(self.directions)), np.nan, np.float32)
        codes[finite] = np.concatenate(
            [
                vectors[finite] @ self._all[family][chosen].T
                if family in ORTHONORMAL
                else sparse_codes(vectors[finite], self._all[family], self._active[family]).values[:, chosen]
                for family, chosen in self._chosen.items()
            ],
            axis=1,
        )
        return codes
