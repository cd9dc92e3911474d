"""torchlens: ``extract`` for values in memory, ``extract_dataset`` for those of a data set on disk."""

from pathlib import Path

import numpy as np
import torch
import torchlens

from benchmarks.tools.handing import Deadly, Handed, take_over

_handed: list[Handed] = []
# by layer, the name under which torchlens finds it
_lookups: dict[str, str] = {}


def load(folder: str) -> list[str]:
    """Take network and images over; return the layers that can be recorded."""
    _handed[:] = [take_over(folder)]
    _lookups.clear()
    _lookups.update(_handed[0].modules())
    _lookups.update({layer: layer for layer in _handed[0].layers if layer in ("input", "output")})
    return list(_lookups)


def memory() -> None:
    """Compute the activations of each batch, and drop them."""
    (handed,) = _handed
    with torch.no_grad():
        for images in handed.batches:
            torchlens.extract(handed.network, images, _lookups)


def store(folder: str, deadly: int | None = None, resume: bool = False) -> None:
    """Store the activations of all images."""
    (handed,) = _handed
    torchlens.extract_dataset(
        handed.network,
        Deadly(handed.images, deadly),
        _lookups,
        batch_size=handed.batch,
        output_dir=folder,
        progress=False,
        resume=resume,
    )


def read(folder: str, layer: str, path: str) -> int:
    """Write a layer's stored values to a file, image by image; return the number of images."""
    values = torchlens.dataset_extraction.load_extraction(Path(folder), [layer]).activations[layer]
    np.save(path, values.flatten(1).numpy())
    return len(values)


def negative(layer: str) -> float:
    """Return the share of a layer's values that are negative."""
    (handed,) = _handed
    with torch.no_grad():
        values = torchlens.extract(handed.network, handed.images, {layer: layer})[layer]
    return float((values < 0).float().mean())


TASKS = {"load": load, "memory": memory, "store": store, "read": read, "negative": negative}
