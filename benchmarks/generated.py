"""Stores of layers that no network has made, of any size, for measures that only read them."""

from pathlib import Path

import numpy as np

SIDE = 7  # of maps
BATCH = 32  # images in a chunk of maps


def generate(path: Path, units: int, n_images: int, n_classes: int, n_maps: int = 0) -> None:
    """Write the store of a nonlinear layer, whose units prefer some classes to others.

    Parameters
    ----------
    path : of the store; its name, a number, seeds the values and tells the layer's depth.
    units, n_images, n_classes : how many.
    n_maps : of how many of the images there are maps; their values are not those of the statistics.
    """
    from census.stores.activations import StoreWriter, create_store, finish_store, images_per_chunk

    name = path.name.partition(".")[0]
    number = int(name)
    random = np.random.default_rng(number)
    # each class has images, of which some measures need two
    labels = (random.permutation(n_images) % n_classes).astype(np.int32)
    preference = random.gamma(0.5, size=(n_classes, units)).astype(np.float32)
    unfinished = path.with_suffix(".unfinished")
    create_store(unfinished, (units, SIDE, SIDE), np.arange(n_images), labels, n_maps, BATCH, "none")
    writer = StoreWriter(unfinished)
    step = images_per_chunk(BATCH)
    for first in range(0, n_images, step):
        here = labels[first : first + step]
        largest = preference[here] * random.exponential(size=(len(here), units)).astype(np.float32)
        position = random.integers(SIDE * SIDE, size=largest.shape, dtype=np.int32)
        writer.write_statistics(first, (largest / 4, largest, position, np.ones_like(position)))
    for first in range(0, n_maps, BATCH):
        here = labels[first : min(first + BATCH, n_maps)]
        noise = random.standard_normal((len(here), SIDE, SIDE, units), np.float32)
        writer.write_maps(first, (preference[here][:, None, None] + noise - 1).clip(0))
    about = {"key": "", "network": "n", "checkpoint": "final", "step": None, "dataset": "d"}
    layer = {
        "layer": name,
        "depth": number,
        "kind": "nonlinearity",
        "branch_of": "",
        "shape": [units, SIDE, SIDE],
    }
    classes = [f"class {label}" for label in range(n_classes)]
    finish_store(unfinished, {**about, **layer, "classes": classes}, path)
