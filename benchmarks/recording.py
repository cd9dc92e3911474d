"""Recording without statistics, and the proof, compared with the bare network.

In each round, in turn: a batch through the network, which keeps nothing; the same batch, with the values of
all layers handed out; and the comparison of recorded values with the network's own. Its share is that of a
forward pass over 1,000 images. Listing is what planning a study takes for a new network, without building it.
"""

from collections.abc import Iterator

import numpy as np
import torch

from benchmarks.common import Options, Row, elapsed_seconds
from census.networks.build import build
from census.networks.graph import layers_of
from census.networks.prepared import prepare

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
    entry = {
        **{"architecture": name, "arguments": {}, "classes": 1000, "weights": "random"},
        "input": {
            **{"size": 224, "resize": None, "color": "RGB", "range": 1},
            **{"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
        },
    }
    pixels = np.random.default_rng(0).integers(0, 256, (batch, 224, 224, 3), dtype=np.uint8)
    prepared = prepare(build(entry, 0, name), entry, name, pixels=pixels)
    images = prepared.preprocess(pixels)
    record = prepared.recorder({layer.name: layer.node for layer in prepared.listing.layers})
    seconds: dict[str, list[float]] = {"bare": [], "recorded": [], "proof": [], "listing": []}
    with torch.inference_mode():
        works = {
            "bare": lambda: prepared.network(images),
            "recorded": lambda: record(images, lambda *_: None),
            "proof": prepared.verify,
            "listing": lambda: layers_of(prepared.network, prepared.images),
        }
        # the first round warms caches up, and does not count
        for number in range(rounds + 1):
            for label, work in works.items():
                taken = elapsed_seconds(work)
                if number:
                    seconds[label].append(taken)
    bare = np.array(seconds["bare"])
    yield Row(f"{name}, {len(prepared.listing.layers)} layers, {batch} images of 224 pixels, random weights")
    yield Row(f"{name}: recorded / bare network", (seconds["recorded"] / bare).tolist(), "×", TIMES_BARE)
    share = seconds["proof"] / (bare / batch * IMAGES)
    yield Row(f"{name}: proof / forward pass over {IMAGES:,} images", share.tolist(), "", SHARE_OF_PASS)
    yield Row(f"{name}: listing", seconds["listing"], "s", LISTING)
