"""rsatoolbox: ``calc_rdm`` and ``compare``."""

import numpy as np
from numpy.typing import NDArray
from rsatoolbox.data import Dataset
from rsatoolbox.rdm import calc_rdm, compare

from census.networks.device import keep_freed_memory

_vectors: list[NDArray[np.float32]] = []


def load(path: str) -> None:
    """Read vectors, float32 (images, neurons)."""
    keep_freed_memory()
    _vectors[:] = [np.load(path)]


def correlations() -> None:
    """Compute the correlation distance of each two images."""
    calc_rdm(Dataset(_vectors[0]), method="correlation")


def cka(path: str) -> list[float]:
    """Return how similar the two representations of each pair in a file are.

    By ``cosine_cov`` on squared Euclidean distances, which without a covariance is linear CKA, as
    rsatoolbox's documentation says.
    """
    found = []
    for pair in np.load(path):
        one, other = (calc_rdm(Dataset(values), method="euclidean") for values in pair)
        found.append(float(compare(one, other, method="cosine_cov").item()))
    return found


TASKS = {"load": load, "correlations": correlations, "cka": cka}
