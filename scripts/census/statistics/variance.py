"""Variance over images of each neuron's normalized activation, and the responses of some neurons.

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
    """Yield vectors brought to mean 0 and variance 1 over the neurons of each image, block by block.

    Parameters
    ----------
    blocks : arrays of float32, shape (n_images, n_neurons), vectors as they are; they may be overwritten.
    images : array of int, shape (N,), places of those images that count; their vectors are not constant.
    means, deviations : arrays of float64, shape (N,), mean and standard deviation of each of these vectors.

    Yields
    ------
    values : array of float32, shape (N, n_neurons).
    constant : array of bool, shape (n_neurons,), whether a neuron's own value is the same on all these
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
    """What a layer's neurons do on N images.

    Attributes
    ----------
    variance : array of float32, shape (D,), over images; NaN for a neuron that is constant. That one varies
        in normalized vectors, too, but only as the mean and deviation of the others do.
    top : array of int64, shape (t,), the neurons of highest variance, the highest first; of equal ones the
        first.
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
    """Find the variance of all neurons, and the activations of some, in one reading of the vectors.

    Parameters
    ----------
    blocks : see :func:`normalized`; in order of neurons.
    n_neurons : D.
    n_top, n_chosen, n_sample : how many neurons of highest variance, of those chosen at random, and of those
        in the sample; all where there are fewer.
    seed : of what is random. The answer does not depend on how neurons are cut into blocks.
    """
    # each neuron draws a number, and those with the lowest ones are chosen: from a part as from the whole
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
    """Return the variance of each column, added up in the order of rows: the same whatever their number."""
    sums, squares, product = np.zeros((3, values.shape[1]), np.float32)
    for row in values:
        sums += row
        squares += np.multiply(row, row, out=product)
    # values are of order 1, so that little is lost in the difference
    return np.maximum(squares / len(values) - (sums / len(values)) ** 2, 0)


class _Best:
    """Keeps the neurons with the lowest keys, of equal ones the first; NaN are none."""

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
    """Return the mean variance of each unit's neurons, constant ones left out.

    Parameters
    ----------
    variance : (D,), NaN for constant neurons; units come last, as in a store's maps.
    n_units : C.

    Returns
    -------
    array of float64, shape (C,); NaN for a unit all of whose neurons are constant.
    """
    maps = variance.reshape(-1, n_units).astype(np.float64)
    known = ~np.isnan(maps)
    with np.errstate(invalid="ignore"):
        return np.where(known, maps, 0).sum(0) / known.sum(0)
