"""Run a network with some of a layer's units ablated."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from census.interventions.suffix import downstream_of, run_changes, run_intact
from census.measures.ablation import Answers, compare
from census.networks.layers import Layer
from census.networks.maps import as_maps
from census.networks.prepared import Prepared
from census.statistics.streams import stream


class Outcomes(NamedTuple):
    """Quality of predictions with and without ablation, see :func:`census.measures.ablation.compare`.

    Attributes
    ----------
    changed : arrays of float64, shape (n_changes, n_images) each.
    intact : arrays of float64, shape (n_images,) each.
    classes : array of int64, shape (n_images,): each image's label, or the intact network's predicted class.
    """

    changed: Answers
    intact: Answers
    classes: NDArray[np.int64]


class Ablation:
    """A network, images, and a layer of which units can be ablated.

    Parameters
    ----------
    prepared : the network.
    layer : the layer whose units are ablated.
    pixels : array of uint8, shape (n_images, height, width, n_channels).
    labels : array of integer, shape (n_images,); None to use the intact network's predictions instead, for
        data sets with other classes than the network's.
    batch : number of rows in a batch, each an image with a change.
    seed : seed of the permutation that assigns another image to each.
    """

    def __init__(
        self,
        prepared: Prepared,
        layer: Layer,
        pixels: NDArray[np.uint8],
        labels: NDArray[np.integer] | None,
        *,
        batch: int,
        seed: int,
    ) -> None:
        self._suffix = downstream_of(prepared, layer)
        self._recorder = prepared.recorder({layer.name: layer.node})
        self._layer, self._prepared, self._batch = layer, prepared, batch
        self._pixels, self._labels = pixels, labels
        # a cyclic permutation, so that each map comes from another image
        circle = stream(seed, "donors").permutation(len(pixels))
        self._donors = np.empty(len(pixels), np.int64)
        self._donors[circle] = np.roll(circle, 1)

    def mean_over(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the mean of each of the layer's units over images and positions.

        Parameters
        ----------
        pixels : array of uint8, shape (n_images, height, width, n_channels), images other than those on which
            units are ablated.

        Returns
        -------
        array of float64, shape (n_units,).
        """
        total = np.zeros(self._layer.shape[0])

        def add(name: str, values: Tensor) -> None:
            maps = as_maps(values, self._layer.units_axis)
            np.add(total, maps.double().mean((1, 2)).sum(0).cpu().numpy(), out=total)

        with torch.inference_mode():
            for block in self._blocks(len(pixels)):
                self._recorder(self._images(pixels[block]), add)
        return total / len(pixels)

    def outcomes(self, changed: NDArray[np.bool_], mode: str, average: NDArray[np.floating]) -> Outcomes:
        """Ablate units, for several sets of units.

        Parameters
        ----------
        changed : array of bool, shape (n_changes, n_units), the units that each change ablates.
        mode : replacement of the units' maps: ``zero``, ``mean``, or ``resampled``, their maps on another
            image.
        average : array of float, shape (n_units,), the values for ``mean``.
        """
        n_images = len(self._pixels)
        found = np.empty((len(Answers._fields), len(changed), n_images))
        intact = np.empty((len(Answers._fields), n_images))
        classes = np.empty(n_images, np.int64)
        with torch.inference_mode():
            for block in self._blocks(n_images):
                labels = None if self._labels is None else self._labels[block]
                crossing = self._cross(self._pixels[block])
                logits = run_intact(self._suffix, crossing, self._batch)
                classes[block] = logits.argmax(1) if labels is None else labels
                intact[:, block] = compare(logits, logits, labels)
                # images that a change leaves unaltered keep these
                found[:, :, block] = intact[:, None, block]
                replacement = self._replacement(block, mode, average)
                for rows in run_changes(self._suffix, crossing, changed, replacement, self._batch):
                    of_rows = None if labels is None else labels[rows.image]
                    now = compare(rows.logits, logits[rows.image], of_rows)
                    found[:, rows.change, block.start + rows.image] = now
        return Outcomes(Answers(*found), Answers(*intact), classes)

    def _blocks(self, n_images: int) -> Iterator[slice]:
        for first in range(0, n_images, self._batch):
            yield slice(first, min(first + self._batch, n_images))

    def _cross(self, pixels: NDArray[np.uint8]) -> dict[str, Tensor]:
        return self._suffix.cross(self._images(pixels))

    def _images(self, pixels: NDArray[np.uint8]) -> Tensor:
        return self._prepared.preprocess(pixels, self._prepared.device)

    def _replacement(self, block: slice, mode: str, average: NDArray[np.floating]) -> Tensor:
        """Return the replacement of units' maps on a block of images, for :func:`run_changes`."""
        if mode == "resampled":
            others = self._cross(self._pixels[self._donors[block]])
            return as_maps(others[self._layer.node], self._layer.units_axis)
        by = average if mode == "mean" else np.zeros(1)
        return torch.from_numpy(by).float().to(self._prepared.device)[None, None, None, :]
