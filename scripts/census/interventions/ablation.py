"""Run a network with some of a layer's units ablated."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from census.interventions.suffix import Rows, downstream_of, run_changes, run_intact, run_subtractions
from census.measures.ablation import Answers, compare
from census.networks.layers import Layer
from census.networks.maps import as_maps
from census.networks.prepared import Prepared
from census.statistics.minimization import golden_section
from census.statistics.reliability import halves
from census.statistics.streams import stream

# constants that are tried after the first four; the interval that is left is about 0.3 % of the first one
FIT_STEPS = 12


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
    batch : largest number of rows in a batch, each an image with a change.
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
        self._layer, self._prepared = layer, prepared
        self._batch = prepared.images_at_once(batch, since=layer)
        self._pixels, self._labels = pixels, labels
        # a cyclic permutation, so that each map comes from another image
        circle = stream(seed, "donors").permutation(len(pixels))
        self._donors = np.empty(len(pixels), np.int64)
        self._donors[circle] = np.roll(circle, 1)
        classes = np.zeros(len(pixels), np.int64) if labels is None else labels
        self._half = halves(classes, 1, stream(seed, "halves of optimal ablation"))[0].astype(np.int64)

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
        return self._replaced(changed, lambda block: self._replacement(block, mode, average))

    def direction_outcomes(
        self, directions: NDArray[np.float32], code: Callable[[NDArray[np.float32]], NDArray[np.floating]]
    ) -> Outcomes:
        """Ablate directions: subtract the part of each from all channel vectors of the layer.

        Parameters
        ----------
        directions : array of float32, shape (n_changes, n_units).
        code : function of channel vectors, array of float32, shape (n_vectors, n_units), that returns their
            codes, array of float, shape (n_vectors, n_changes). The part of a direction is its code times the
            direction.
        """
        rows = self._tensor(directions)

        def run(crossing: Mapping[str, Tensor], block: slice) -> Iterator[Rows]:
            maps = as_maps(crossing[self._layer.node], self._layer.units_axis).float().cpu().numpy()
            # image by image, because codes take more memory than maps
            codes = np.stack([code(each.reshape(-1, each.shape[-1])).T for each in maps], axis=1)
            places = self._tensor(codes.reshape(*codes.shape[:2], *maps.shape[1:3]))
            return run_subtractions(self._suffix, crossing, places, rows, self._batch)

        return self._outcomes(len(directions), run)

    def optimal_outcomes(
        self, units: NDArray[np.integer], average: NDArray[np.floating]
    ) -> tuple[Outcomes, NDArray[np.float64]]:
        """Ablate single units by the constants that change the network's output least.

        A constant minimizes the mean divergence on one half of the images, and replaces the unit's map on the
        other half. It lies between the smallest and the largest of the unit's values, 0, and its average.

        Parameters
        ----------
        units : array of integer, shape (n_changes,), the unit that each change ablates.
        average : array of float, shape (n_units,), one of the first constants to be tried.

        Returns
        -------
        outcomes : of the constants that were fitted on the other half of the images.
        constants : array of float64, shape (2, n_changes), fitted on either half; NaN for a unit by which the
            output is undefined, whatever its constant.

        References
        ----------
        Li & Janson (2024), Optimal ablation for interpretability, NeurIPS.
        """
        n_units = self._layer.shape[0]
        alone = np.arange(n_units) == units[:, None]
        if not len(units):
            return self.outcomes(alone, "zero", average), np.empty((2, 0))

        def ablated(constants: NDArray[np.float64]) -> Outcomes:
            """Ablate each image's units by the constants of its half."""
            of_halves = np.zeros((2, n_units))
            of_halves[:, units] = constants

            def replacement(block: slice) -> Tensor:
                return self._tensor(of_halves[self._half[block]])[:, None, None, :]

            return self._replaced(alone, replacement)

        def loss(constants: NDArray[np.float64]) -> NDArray[np.float64]:
            divergence = ablated(constants).changed.divergence
            return np.stack([divergence[:, self._half == half].mean(1) for half in range(2)])

        low, high = self._ranges(units)
        mean = np.broadcast_to(np.nan_to_num(average[units], posinf=0, neginf=0), low.shape)
        first = np.stack([np.zeros(low.shape), mean, low, high])
        constants = golden_section(loss, first, FIT_STEPS).point
        return ablated(constants[::-1]), constants

    def _ranges(self, units: NDArray[np.integer]) -> NDArray[np.float64]:
        """Return the smallest and the largest finite value of units on each half, shape (2, 2, units)."""
        low = np.full((2, len(units)), np.inf)
        high = -low
        with torch.inference_mode():
            for block in self._blocks(len(self._pixels)):
                values = self._cross(self._pixels[block])[self._layer.node]
                maps = as_maps(values, self._layer.units_axis)[..., units].double()
                finite = maps.isfinite()
                least = maps.where(finite, np.inf).amin((1, 2)).cpu().numpy()
                largest = maps.where(finite, -np.inf).amax((1, 2)).cpu().numpy()
                np.minimum.at(low, self._half[block], least)
                np.maximum.at(high, self._half[block], largest)
        return np.nan_to_num(np.stack([low, high]), posinf=0, neginf=0)

    def _replaced(self, changed: NDArray[np.bool_], replacement: Callable[[slice], Tensor]) -> Outcomes:
        """Ablate sets of units by the replacement of each block of images, see :func:`run_changes`."""

        def run(crossing: Mapping[str, Tensor], block: slice) -> Iterator[Rows]:
            return run_changes(self._suffix, crossing, changed, replacement(block), self._batch)

        return self._outcomes(len(changed), run)

    def _outcomes(
        self, n_changes: int, run: Callable[[Mapping[str, Tensor], slice], Iterator[Rows]]
    ) -> Outcomes:
        """Compare the logits of changes, run for each block of images, with those of the intact network."""
        n_images = len(self._pixels)
        found = np.empty((len(Answers._fields), n_changes, n_images))
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
                for rows in run(crossing, block):
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
        """Return the replacement of units' maps, by the same numbers or by the maps of other images."""
        if mode == "resampled":
            others = self._cross(self._pixels[self._donors[block]])
            return as_maps(others[self._layer.node], self._layer.units_axis)
        by = average if mode == "mean" else np.zeros(1)
        return self._tensor(by)[None, None, None, :]

    def _tensor(self, values: NDArray[np.floating]) -> Tensor:
        return torch.from_numpy(values).float().to(self._prepared.device)
