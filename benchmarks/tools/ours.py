"""The library itself, in a process that can be killed: a pass of its own, over images of a data set."""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.common import Case
from census.networks.preprocess import Preprocess
from census.stores.reading import open_store


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


def store(folder: str, this: Case, batch: int, deadly: int | None = None, resume: bool = False) -> None:
    """Store the activations of all images; what another process has begun is always taken up."""
    preprocess = _Deadly(this.entry["input"], deadly)
    this = replace(this, prepared=replace(this.prepared, preprocess=preprocess))
    this.recording(Path(folder), this.images.n_maps, batch=batch, compression="none")()


def read(folder: str, layer: str) -> NDArray[np.float32]:
    """Return a layer's stored values, (images, neurons)."""
    maps = open_store(Path(folder, f"{layer}.zarr.zip"))["maps"][:]
    # units first, as the others have them
    return np.moveaxis(maps, -1, 1).reshape(len(maps), -1)
