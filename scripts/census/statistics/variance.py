"""Variance of neurons' normalized activations over images, and activations of selected neurons.

References
----------
Zhang (2015), Visualizing neuron role with dimensionality reduction of feature space, sections 3.1 and 4.2.1.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from census.statistics.streams import stream

Floats = NDArray[np.float64]


def normalized(
    blocks: Iterable[NDArray[np.float32]],
    images: NDArray[np.integer],
    means: Floats,
    deviations: Floats,
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_]]]:
    """Yield vectors normalized to mean 0 and variance 1 over the neurons of each image, block by block.

    Parameters
    ----------
    blocks : arrays of float32, shape (n_images, n_neurons), original vectors; they may be overwritten.
    images : array of int, shape (N,), indices of the images to include; their vectors are not constant.
    means, deviations : arrays of float64, shape (N,), mean and standard deviation of each of these vectors.

    Yields
    ------
    values : array of float32, shape (N, n_neurons).
    constant : array of bool, shape (n_neurons,), whether a neuron's original value is constant over these
        images.
    """
    shift, scale = (values.astype(np.float32)[:, None] for values in (means, 1 / deviations))
    for block in blocks:
        values = block if len(images) == len(block) else block[images]
        constant = (values == values[0]).all(0)
        values -= shift
        values *= scale
        yield values, constant


class Neurons(NamedTuple):
    """Variances and selected activations of a layer's neurons on N images.

    Attributes
    ----------
    variance : array of float32, shape (D,), variance over images; NaN for constant neurons. Normalization
        makes them vary, but only with the mean and deviation of the other neurons.
    top : array of int64, shape (t,), neurons of highest variance, the highest first; ties go to the first.
    top_values : array of float32, shape (t, N), their normalized activations.
    chosen : array of int64, shape (c,), neurons chosen at random among those that are not constant.
    chosen_values : array of float32, shape (c, N).
    sample : array of float32, shape (d, N), normalized activations of neurons chosen at random among all.
    """

    variance: NDArray[np.float32]
    top: NDArray[np.int64]
    top_values: NDArray[np.float32]
    chosen: NDArray[np.int64]
    chosen_values: NDArray[np.float32]
    sample: NDArray[np.float32]


def neurons(
    blocks: Iterable[tuple[NDArray[np.float32], NDArray[np.bool_]]],
    n_neurons: int,
    n_top: int,
    n_chosen: int,
    n_sample: int,
    seed: int,
) -> Neurons:
    """Compute the variance of all neurons and select activations of some, reading the vectors once.

    Parameters
    ----------
    blocks : see :func:`normalized`; in order of neurons.
    n_neurons : number D of neurons.
    n_top, n_chosen, n_sample : number of neurons of highest variance, of non-constant neurons chosen at
        random, and of neurons in the sample; all if there are fewer.
    seed : seed of the random choices, which do not depend on the division into blocks.
    """
    # each neuron draws a number and the lowest numbers are chosen, so choices do not depend on blocks
    draws = stream(seed, "neurons").random(n_neurons)
    in_sample = np.zeros(n_neurons, np.bool_)
    in_sample[np.argsort(draws, kind="stable")[:n_sample]] = True
    variance = np.empty(n_neurons, np.float32)
    top, chosen = _Best(n_top), _Best(n_chosen)
    sample = []
    first = 0
    for values, constant in blocks:
        here = slice(first, first + values.shape[1])
        variance[here] = np.where(constant, np.nan, _variance(values))
        top.add(-variance[here], first, values)
        chosen.add(np.where(constant, np.nan, draws[here]), first, values)
        sample.append(values[:, in_sample[here]].T)
        first = here.stop
    return Neurons(variance, *top.found(), *chosen.found(), np.concatenate(sample))


def _variance(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the variance of each column, summed in row order so that it does not depend on blocks."""
    sums, squares, shifted = np.zeros((3, values.shape[1]), np.float32)
    for row in values:
        # relative to the first image, because a mean that is large for the deviation would cost precision
        sums += np.subtract(row, values[0], out=shifted)
        squares += np.square(shifted, out=shifted)
    return np.maximum(squares / len(values) - (sums / len(values)) ** 2, 0)


class _Best:
    """Keep the neurons with the lowest keys; ties go to the first, and NaN are ignored."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._keys, self._places = np.empty(0), np.empty(0, np.int64)
        self._values: NDArray[np.float32] | None = None

    def add(self, keys: NDArray[np.floating], first: int, values: NDArray[np.float32]) -> None:
        keys = keys.astype(np.float64)
        within = np.flatnonzero(~np.isnan(keys))
        if len(within) > self._n:
            bound = np.partition(keys[within], self._n - 1)[self._n - 1] if self._n else -np.inf
            within = within[keys[within] <= bound]
        within = within[np.argsort(keys[within], kind="stable")][: self._n]
        old = np.empty((0, len(values)), np.float32) if self._values is None else self._values
        self._keys = np.concatenate([self._keys, keys[within]])
        order = np.argsort(self._keys, kind="stable")[: self._n]
        self._keys = self._keys[order]
        self._places = np.concatenate([self._places, first + within])[order]
        self._values = np.concatenate([old, values[:, within].T])[order]

    def found(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        assert self._values is not None, "there is no block of neurons"
        return self._places, self._values


def unit_variance(variance: NDArray[np.floating], n_units: int) -> Floats:
    """Return the mean variance of each unit's neurons, without constant ones.

    Parameters
    ----------
    variance : array of float, shape (D,), NaN for constant neurons; units vary fastest, as in a store's maps.
    n_units : number C of units.

    Returns
    -------
    array of float64, shape (C,); NaN for a unit whose neurons are all constant.
    """
    maps = variance.reshape(-1, n_units).astype(np.float64)
    known = ~np.isnan(maps)
    with np.errstate(invalid="ignore"):
        return np.where(known, maps, 0).sum(0) / known.sum(0)
