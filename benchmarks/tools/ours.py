"""The library itself, in a process that can be killed: a pass of its own, over images of a data set."""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.tools.handing import Handed, take_over
from census.data.store import open_dataset
from census.networks.prepared import prepare
from census.networks.preprocess import Preprocess
from census.recording.forward import Images, Pass
from census.stores.reading import open_store

_handed: list[Handed] = []


class _Deadly(Preprocess):
    """Preparation of images that kills the process where it comes to a certain one."""

    def __init__(self, about: dict[str, Any], deadly: int | None) -> None:
        super().__init__(about)
        self._left = deadly

    def __call__(self, pixels: np.ndarray, device: str = "cpu") -> torch.Tensor:
        if self._left is not None:
            self._left -= len(pixels)
            if self._left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(pixels, device)


def load(folder: str) -> list[str]:
    """Take network and images over; return the layers that can be recorded."""
    _handed[:] = [take_over(folder)]
    return list(_handed[0].layers)


def store(
    folder: str, images: str, about: dict[str, Any], deadly: int | None = None, resume: bool = False
) -> None:
    """Store the activations of all images; what another process has begun is taken up.

    Parameters
    ----------
    folder : where stores, and unfinished ones, lie.
    images : the data set's store.
    about : the ``input`` of the network's entry in the config.
    deadly : the image that kills; None for none.
    resume : is always so.
    """
    (handed,) = _handed
    data = open_dataset(Path(images))
    n_images = len(data.labels)
    images = Images(data.pixels, data.labels, np.arange(n_images), n_images)
    with torch.inference_mode():
        classes = handed.network(handed.images[:1].clone()).shape[1]
    entry = {"input": about, "classes": classes}
    prepared = prepare(handed.network, entry, pixels=next(images.batches(3)))
    layers = [each for each in prepared.listing.layers if each.name in handed.layers]
    this = Pass(
        replace(prepared, preprocess=_Deadly(about, deadly)),
        layers,
        images,
        Path(folder, "unfinished/pass/0"),
        "benchmark",
        batch=handed.batch,
        compression="none",
    )
    this.run()
    provenance = {"key": "", "pass": "", "classes": [str(label) for label in range(max(data.labels) + 1)]}
    this.finish(provenance, {layer.name: Path(folder, f"{layer.name}.zarr.zip") for layer in layers})


def read(folder: str, layer: str, path: str) -> int:
    """Write a layer's stored values to a file, image by image; return the number of images."""
    maps = open_store(Path(folder, f"{layer}.zarr.zip"))["maps"][:]
    # units first, as the others have them
    np.save(path, np.moveaxis(maps, -1, 1).reshape(len(maps), -1))
    return len(maps)


TASKS = {"load": load, "store": store, "read": read}
