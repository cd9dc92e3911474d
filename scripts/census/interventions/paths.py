"""Activation vectors of images in several layers, over a sample of their neurons."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from census.networks.layers import Layer
from census.networks.prepared import Prepared
from census.statistics.streams import stream


class Paths:
    """A network whose layers are read on images, natural or made.

    Parameters
    ----------
    prepared : the network.
    layers : the layers that are read.
    neurons : number of neurons of a layer that are read; all of a smaller layer.
    batch : largest number of images in a forward pass.
    seed : seed of the sample of neurons, which is the same at all checkpoints.
    """

    def __init__(
        self, prepared: Prepared, layers: Sequence[Layer], *, neurons: int, batch: int, seed: int
    ) -> None:
        self._prepared, self._batch = prepared, prepared.images_at_once(batch, until=layers[-1])
        self._recorder = prepared.recorder({layer.name: layer.node for layer in layers})
        self._sampled = {
            layer.name: torch.from_numpy(_sample(layer, neurons, seed)).to(prepared.device)
            for layer in layers
        }

    def natural(self, pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Return the vectors of images of a data set, which are preprocessed.

        Parameters
        ----------
        pixels : array of uint8, shape (n_images, height, width, n_channels).

        Returns
        -------
        arrays of float32, shape (n_images, n_sampled), by layer; rows of zeros for images on which a value is
        not finite.
        """
        return self._vectors(pixels, lambda some: self._prepared.preprocess(some, self._prepared.device))

    def made(self, images: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Return the vectors of images by activation maximization, which have the network's size and colors.

        Parameters
        ----------
        images : array of uint8, shape (n_images, size, size, n_channels).

        Returns
        -------
        see :meth:`natural`.
        """

        def normalized(some: NDArray[np.uint8]) -> Tensor:
            values = torch.from_numpy(some).to(self._prepared.device).permute(0, 3, 1, 2).float()
            return self._prepared.preprocess.normalize(values)

        return self._vectors(images, normalized)

    def _vectors(
        self, images: NDArray[np.uint8], as_input: Callable[[NDArray[np.uint8]], Tensor]
    ) -> dict[str, NDArray[np.float32]]:
        found = {
            name: np.zeros((len(images), len(places)), np.float32) for name, places in self._sampled.items()
        }
        with torch.inference_mode():
            for first in range(0, len(images), self._batch):
                some = slice(first, first + self._batch)

                def take(name: str, values: Tensor, some: slice = some) -> None:
                    sampled = values.flatten(1)[:, self._sampled[name]].float()
                    finite = sampled.isfinite().all(1, keepdim=True)
                    found[name][some] = sampled.where(finite, 0).cpu().numpy()

                self._recorder(as_input(images[some]), take)
        return found


def _sample(layer: Layer, neurons: int, seed: int) -> NDArray[np.int64]:
    """Return the places of a seeded sample of a layer's neurons, ascending."""
    order = stream(seed, "neurons of paths", layer.name).permutation(layer.n_neurons)
    return np.sort(order[:neurons])
