"""Streams of random numbers: one for each purpose, all derived from the seed of the study.

Draws for different purposes must not share a stream. If random directions of all layers came from the same
numbers, they would vary together, and a single draw could look like a trend over layers.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np


def seed_of(seed: int, *purpose: object) -> int:
    """Return the seed of a purpose, such as ``seed_of(0, "projections", "cnn", "final", "relu1")``.

    Parameters
    ----------
    seed : the seed of the study, or of a wider purpose.
    purpose : strings and numbers that name the draw and its use.

    Returns
    -------
    int of 128 bits; two purposes share a seed with a probability of 10⁻³⁸.

    Examples
    --------
    >>> seed_of(0, "projections", "relu1") == seed_of(0, "projections", "relu2")
    False
    """
    words = "\0".join(map(str, (seed, *purpose)))
    return int.from_bytes(hashlib.blake2b(words.encode(), digest_size=16).digest(), "big")


def seed_of_layer(seed: int, attributes: Mapping[str, Any]) -> int:
    """Return the seed of a layer of a network at a checkpoint.

    Parameters
    ----------
    seed : the seed of the study.
    attributes : attributes of the layer's recording.
    """
    return seed_of(seed, *(attributes[key] for key in ("network", "checkpoint", "layer")))


def stream(seed: int, *purpose: object) -> np.random.Generator:
    """Return the random generator of a purpose, see :func:`seed_of`."""
    return np.random.default_rng(np.random.SeedSequence(seed_of(seed, *purpose)))
