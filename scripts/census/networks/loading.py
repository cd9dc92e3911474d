"""Prepare a network with the weights of a checkpoint.

A module of its own: lists of layers and trainings depend on a part of it only, and their code is hashed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from census.networks.build import build
from census.networks.prepared import Prepared, prepare
from census.networks.weights import load_weights


def prepare_checkpoint(
    weights: Path,
    entry: Mapping[str, Any],
    seed: int,
    key: str,
    device: str,
    pixels: NDArray[np.uint8] | None = None,
) -> Prepared:
    """Build a network, load the weights of a checkpoint, and prepare the network.

    Parameters
    ----------
    weights : file of :func:`census.networks.weights.write_weights`.
    entry, seed : see :func:`census.networks.build.build`.
    key, device, pixels : see :func:`census.networks.prepared.prepare`.

    Raises
    ------
    StudyError : the network cannot be built, the weights do not fit it, or its forward pass fails.
    """
    network = build(entry, seed, key)
    load_weights(network, weights)
    return prepare(network, entry, key, device, pixels)
