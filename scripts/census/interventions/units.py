"""Sample the units of per-unit analyses, in which each unit takes several forward passes."""

import numpy as np
from numpy.typing import NDArray

from census.statistics.streams import stream


def sample_units(n_units: int, wanted: int | str, seed: int, layer: str) -> NDArray[np.int64]:
    """Draw a seeded sample of a layer's units.

    Units come in the order of one permutation, so that a smaller sample lies within a larger one, and layers
    have permutations of their own.

    Parameters
    ----------
    n_units : number of units of the layer.
    wanted : size of the sample; ``all``, or a larger number than ``n_units``, means all units.
    seed : seed of the permutation.
    layer : the layer's name.

    Returns
    -------
    array of int64, shape (n,), in ascending order.
    """
    order = stream(seed, "sampled units", layer).permutation(n_units)
    return np.sort(order if wanted == "all" else order[: int(wanted)])
