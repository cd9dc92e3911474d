"""rsatoolbox: ``calc_rdm`` and ``compare``."""

import numpy as np
from numpy.typing import NDArray
from rsatoolbox.data import Dataset
from rsatoolbox.rdm import calc_rdm, compare

from census.networks.device import keep_freed_memory

vectors: NDArray[np.float32]  # (images, neurons)


def load(what: NDArray[np.float32]) -> None:
    """Take vectors over."""
    global vectors
    keep_freed_memory()
    vectors = what


def correlations() -> None:
    """Compute the correlation distance of each two images."""
    calc_rdm(Dataset(vectors), method="correlation")


def cka(pairs: NDArray[np.float32]) -> list[float]:
    """Return how similar the two representations of each pair are.

    By ``cosine_cov`` on squared Euclidean distances, which without a covariance is linear CKA, as
    rsatoolbox's documentation says.
    """
    found = []
    for pair in pairs:
        one, other = (calc_rdm(Dataset(values), method="euclidean") for values in pair)
        found.append(float(compare(one, other, method="cosine_cov").item()))
    return found
