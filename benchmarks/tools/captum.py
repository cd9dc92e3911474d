"""captum: ``LayerActivation`` for values in memory, ``AV`` for those of a data set on disk.

Both take modules, so of a network's input nothing is recorded. ``AV`` is what captum's own concept and
influence methods store activations of data sets with.
"""

from typing import Any

import numpy as np
import torch
from captum._utils.av import AV
from captum.attr import LayerActivation
from torch.utils.data import DataLoader

from benchmarks.tools.handing import Deadly, Handed, take_over

MODEL = "benchmark"
_handed: list[Handed] = []
# by layer, the module
_modules: dict[str, str] = {}


def load(folder: str) -> list[str]:
    """Take network and images over; return the layers that can be recorded."""
    _handed[:] = [take_over(folder)]
    _modules.clear()
    _modules.update(_handed[0].modules())
    return list(_modules)


def memory() -> None:
    """Compute the activations of each batch, and drop them."""
    (handed,) = _handed
    layers = [handed.network.get_submodule(name) for name in _modules.values()]
    recorder = LayerActivation(handed.network, layers)
    for images in handed.batches:
        recorder.attribute(images)


def store(folder: str, deadly: int | None = None, resume: bool = False) -> None:
    """Store the activations of all images; by default what is there already is not computed again."""
    (handed,) = _handed
    AV.generate_dataset_activations(
        folder,
        handed.network,
        MODEL,
        list(_modules.values()),
        DataLoader(Deadly(handed.images, deadly), batch_size=handed.batch),
        load_from_disk=True,
    )


def read(folder: str, layer: str, path: str) -> int:
    """Write a layer's stored values to a file, image by image; return the number of images."""
    stored = AV.load(folder, MODEL, layer=_modules[layer])
    values = torch.cat([stored[number] for number in range(len(stored))])
    np.save(path, values.flatten(1).numpy())
    return len(values)


def negative(layer: str) -> float:
    """Return the share of a layer's values that are negative."""
    (handed,) = _handed
    values: Any = LayerActivation(handed.network, handed.network.get_submodule(layer)).attribute(
        handed.images
    )
    return float((values < 0).float().mean())


TASKS = {"load": load, "memory": memory, "store": store, "read": read, "negative": negative}
