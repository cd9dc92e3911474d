"""torchlens: ``extract`` for values in memory, ``extract_dataset`` for those of a data set on disk."""

from pathlib import Path

import numpy as np
import torch
import torchlens
from numpy.typing import NDArray

from benchmarks.tools.handing import Deadly, Handed

handed: Handed
lookups: dict[str, str]  # by layer, the name under which torchlens finds it


def load(what: Handed) -> list[str]:
    """Take network and images over; return the layers that can be recorded."""
    global handed, lookups
    handed = what
    own = {layer: layer for layer in handed.layers if layer in ("input", "output")}
    lookups = {**handed.modules(), **own}
    return list(lookups)


def memory() -> None:
    """Compute the activations of each batch, and drop them."""
    with torch.no_grad():
        for images in handed.batches:
            torchlens.extract(handed.network, images, lookups)


def store(folder: str, deadly: int | None = None, resume: bool = False) -> None:
    """Store the activations of all images."""
    torchlens.extract_dataset(
        handed.network,
        Deadly(handed.images, deadly),
        lookups,
        batch_size=handed.batch,
        output_dir=folder,
        progress=False,
        resume=resume,
    )


def read(folder: str, layer: str) -> NDArray[np.float32]:
    """Return a layer's stored values, (images, neurons)."""
    extraction = torchlens.dataset_extraction.load_extraction(Path(folder), [layer])
    return extraction.activations[layer].flatten(1).numpy()


def values(layer: str) -> NDArray[np.float32]:
    """Return a layer's values in memory."""
    with torch.no_grad():
        return torchlens.extract(handed.network, handed.images, {layer: layer})[layer].numpy()
