"""Recording without statistics, and the comparison of recorded values, compared with the bare network.

Listing is what planning a study takes for a new network, without building it.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch

from benchmarks.common import Options, Row, elapsed_seconds, in_turn, random_network
from census.networks.graph import layers_of

NETWORKS = ("resnet18", "densenet121", "vit_b_16")
# at most so many times as long as the bare network; so large a share of 1,000 images; so many seconds
TIMES_BARE, SHARE_OF_PASS, LISTING = 1.1, 0.05, 2.0
IMAGES = 1000


def rows(options: Options) -> Iterator[Row]:
    """Measure."""
    names, batch, rounds = (("resnet18",), 4, 1) if options.quick else (NETWORKS, 16, 7)
    for name in names:
        yield from _measure(name, batch, rounds)


def _measure(name: str, batch: int, rounds: int) -> Iterator[Row]:
    pixels = np.random.default_rng(0).integers(0, 256, (batch, 224, 224, 3), dtype=np.uint8)
    prepared = random_network(name, pixels)
    images, layers = prepared.preprocess(pixels), prepared.listing.layers
    record = prepared.recorder({layer.name: layer.node for layer in layers})
    works: dict[str, Callable[[], object]] = {
        "bare": lambda: prepared.network(images),
        "recorded": lambda: record(images, lambda *_: None),
        "proof": prepared.verify,
        "listing": lambda: layers_of(prepared.network, prepared.images),
    }
    with torch.inference_mode():
        seconds = in_turn(rounds, {label: partial(elapsed_seconds, work) for label, work in works.items()})
    bare = np.array(seconds["bare"])
    yield Row(f"{name}, {len(layers)} layers, {batch} images of 224 pixels, random weights")
    yield Row(f"{name}: recorded / bare network", seconds["recorded"] / bare, "×", TIMES_BARE)
    share = seconds["proof"] / (bare / batch * IMAGES)
    yield Row(f"{name}: proof / forward pass over {IMAGES:,} images", share, "", SHARE_OF_PASS)
    yield Row(f"{name}: listing", seconds["listing"], "s", LISTING)
