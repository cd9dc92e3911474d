"""captum: ``LayerActivation`` for values in memory, ``AV`` for those of a data set on disk.

Both take modules, so of a network's input nothing is recorded. ``AV`` is what captum's own concept and
influence methods store activations of data sets with.
"""

import numpy as np
import torch
from captum._utils.av import AV
from captum.attr import LayerActivation
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from benchmarks.tools.handing import Deadly, Handed

MODEL = "benchmark"
handed: Handed
modules: dict[str, str]  # by layer


def load(what: Handed) -> list[str]:
    """Take network and images over; return the layers that can be recorded."""
    global handed, modules
    handed = what
    modules = handed.modules()
    return list(modules)


def memory() -> None:
    """Compute the activations of each batch, and drop them."""
    layers = [handed.network.get_submodule(name) for name in modules.values()]
    recorder = LayerActivation(handed.network, layers)
    for images in handed.batches:
        recorder.attribute(images)


def store(folder: str, deadly: int | None = None, resume: bool = False) -> None:
    """Store the activations of all images; by default what is there already is not computed again."""
    AV.generate_dataset_activations(
        folder,
        handed.network,
        MODEL,
        list(modules.values()),
        DataLoader(Deadly(handed.images, deadly), batch_size=handed.batch),
        load_from_disk=True,
    )


def read(folder: str, layer: str) -> NDArray[np.float32]:
    """Return a layer's stored values, (images, neurons)."""
    stored = AV.load(folder, MODEL, layer=modules[layer])
    return torch.cat([stored[number] for number in range(len(stored))]).flatten(1).numpy()


def values(layer: str) -> NDArray[np.float32]:
    """Return a layer's values in memory."""
    recorder = LayerActivation(handed.network, handed.network.get_submodule(layer))
    return recorder.attribute(handed.images).detach().numpy()
