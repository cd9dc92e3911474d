"""Run the part of a network downstream of a layer, with changed values of the layer.

A change of one layer needs neither the image nor the upstream part. The layer's values cross the cut between
the two parts; if the layer lies in a branch, so do the values that skip it. All of them come from one intact
forward pass over a batch of images. Each change then runs the downstream part only.

The downstream part is a graph of torch.fx. It is used only if it reproduces the logits of full forward
passes. Otherwise each change is a full forward pass in which the layer's output is replaced.

The layer's values could be read from its store, but values that skip the layer are in no store. The intact
forward pass costs about as much as one change, and there are dozens of changes.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx, nn

from census.errors import StudyError
from census.interventions.tracing import PartialGraph, returned_by, trace
from census.jobs import LOGGER
from census.networks.layers import Layer
from census.networks.maps import as_maps, from_maps
from census.networks.operations import Operation, writes_in_place
from census.networks.prepared import Prepared
from census.networks.running import run
from census.networks.verification import TOLERANCE, difference
from census.networks.watch import INPUT, OUTPUT, Watch


class Downstream(Protocol):
    """Maps values of a layer to logits.

    Attributes
    ----------
    layer : the layer whose values can be changed.
    """

    layer: Layer

    def cross(self, images: Tensor) -> dict[str, Tensor]:
        """Run the network once, and return the values needed downstream, by node.

        Parameters
        ----------
        images : preprocessed images (n, channels, height, width), float.

        Returns
        -------
        copies, each with the batch axis first.
        """

    def __call__(self, crossing: Mapping[str, Tensor]) -> Tensor:
        """Return logits, tensor of float, shape (n_images, n_classes).

        Parameters
        ----------
        crossing : values with the names from :meth:`cross`; in-place operations write to them.
        """


def downstream_of(prepared: Prepared, layer: Layer) -> Downstream:
    """Return the traced downstream part of a layer if it reproduces the logits, else full forward passes.

    Raises
    ------
    StudyError : forward passes with the layer's own values in its place do not give the network's logits.
    """
    whole = WholePass(prepared, layer)
    with torch.inference_mode():
        expected = _with_changes(whole, prepared)
        logits = run(prepared.network, prepared.images.clone(), prepared.key, prepared.logits)
        distance = difference(expected["no change"], logits)
        if distance > TOLERANCE:
            raise StudyError(
                f"networks.{prepared.key}: layer {layer.name!r} cannot be changed: with its own values in "
                f"its place, logits differ by {distance:.2g} times their scale; choose another layer"
            )
        try:
            part = Suffix(prepared, layer)
            found = _with_changes(part, prepared)
        except Exception as error:  # whatever a forward raises on symbolic values
            reason = f"torch.fx cannot trace the network ({type(error).__name__}: {error})".partition("\n")[0]
        else:
            distances = {name: difference(found[name], expected[name]) for name in expected}
            wrong = next((name for name, each in distances.items() if each > TOLERANCE), None)
            if wrong is None:
                return part
            reason = (
                f"logits of the traced part differ by {distances[wrong]:.2g} of their scale, with {wrong}"
            )
    LOGGER.info("networks.%s: changes of %s are full forward passes: %s", prepared.key, layer.name, reason)
    return whole


def _with_changes(downstream: Downstream, prepared: Prepared) -> dict[str, Tensor]:
    """Return logits for three changes of the layer: none, its largest unit, and every other unit."""
    layer = downstream.layer
    crossing = downstream.cross(prepared.images.clone())
    values = crossing[layer.node]
    largest = as_maps(values, layer.units_axis).abs().amax((0, 1, 2))
    changes = {
        "no change": [],
        "one unit at 0": [int(largest.argmax())],
        "half of the units at 0": [*range(0, len(largest), 2)],
    }
    logits = {}
    for name, units in changes.items():
        maps = as_maps(values, layer.units_axis).clone()
        maps[..., units] = 0
        given = {node: each.clone() for node, each in crossing.items()}
        given[layer.node] = _laid_out(from_maps(maps, values.ndim, layer.units_axis), values)
        logits[name] = downstream(given)
    return logits


class Suffix:
    """The part of a traced network downstream of a layer.

    Parameters
    ----------
    prepared : the network.
    layer : one of its layers.

    Attributes
    ----------
    layer : the layer.

    Raises
    ------
    Exception : whatever the network's forward raises on symbolic values.
    ValueError : the graph has no node with the layer's values, or returns several tensors.
    """

    def __init__(self, prepared: Prepared, layer: Layer) -> None:
        self.layer = layer
        traced = trace(prepared.network)
        returned = returned_by(traced)
        shapes, node = _find(traced, returned, prepared, layer)
        after = {node}
        for each in traced.graph.nodes:
            if after.intersection(each.all_input_nodes):
                after.add(each)
        crossing, stack = [node], [returned]
        seen = {node}
        while stack:
            each = stack.pop()
            if each in seen:
                continue
            seen.add(each)
            shape = None if each.op == "get_attr" else shapes.get(each)
            # numbers, and tensors without a row for each image, are recomputed
            if each in after or shape is None or shape[:1] != prepared.images.shape[:1]:
                stack += each.all_input_nodes
            else:
                crossing.append(each)
        self._nodes = {layer.node: node} | {f"%{each.name}": each for each in crossing[1:]}
        self._before = PartialGraph(traced, crossing)
        self._after = PartialGraph(traced, [returned], given=crossing)

    def cross(self, images: Tensor) -> dict[str, Tensor]:
        """Run the network up to the cut, and return the values that cross it; see :class:`Downstream`."""
        return dict(zip(self._nodes, self._before(images), strict=True))

    def __call__(self, crossing: Mapping[str, Tensor]) -> Tensor:
        """Run the network from the cut on; see :class:`Downstream`."""
        (logits,) = self._after(None, {node: crossing[name] for name, node in self._nodes.items()})
        return logits


def _find(
    traced: fx.GraphModule, returned: fx.Node, prepared: Prepared, layer: Layer
) -> tuple[dict[fx.Node, tuple[int, ...]], fx.Node]:
    """Return the shape of each node's tensor, and the node that has a layer's values."""
    kept: list[Tensor] = []
    prepared.recorder({layer.name: layer.node})(
        prepared.images.clone(), lambda _, values: kept.append(values.clone())
    )
    (values,) = kept
    shapes: dict[fx.Node, tuple[int, ...]] = {}
    found: list[fx.Node] = []

    class Run(fx.Interpreter):
        def run_node(self, node: fx.Node) -> Any:
            value = super().run_node(node)
            if isinstance(value, Tensor):
                shapes[node] = tuple(value.shape)
                if value.shape == values.shape and difference(value, values) <= TOLERANCE:
                    found.append(node)
            return value

    Run(traced).run(prepared.images.clone())
    if layer.node == OUTPUT:
        return shapes, returned
    if not found:
        raise ValueError(f"the traced network has no values of {layer.name}")
    # layers that keep values, such as reshapes, have those of the layer before; the name distinguishes them
    own = [node for node in found if str(node.target) == layer.node]
    return shapes, (own or found)[0]


class WholePass:
    """The network itself, with a layer's output replaced; see :class:`Downstream`."""

    def __init__(self, prepared: Prepared, layer: Layer) -> None:
        self.layer = layer
        self._prepared = prepared
        self._recorder = prepared.recorder({layer.name: layer.node})

    def cross(self, images: Tensor) -> dict[str, Tensor]:
        """Return the layer's values, and the images; see :class:`Downstream`."""
        crossing = {INPUT: images.clone()}
        self._recorder(images, lambda _, values: crossing.update({self.layer.node: values.clone()}))
        return crossing

    def __call__(self, crossing: Mapping[str, Tensor]) -> Tensor:
        """Run the network with these values of the layer; see :class:`Downstream`."""
        values, this = crossing[self.layer.node], self._prepared
        if self.layer.node == OUTPUT:
            return values
        change = None if self.layer.node == INPUT else _Change(this, self.layer.node, values)
        return run(this.network, crossing[INPUT], this.key, this.logits, change)


class _Change(Watch):
    """Replaces the output of a step."""

    def __init__(self, prepared: Prepared, step: str, values: Tensor) -> None:
        super().__init__(prepared.network, prepared.listing.steps, prepared.key)
        self._step_name, self._values = step, values

    def _on_step(self, name: str, operation: Operation, given: Any, output: Any) -> Tensor | None:
        if name != self._step_name:
            return None
        if writes_in_place(operation):
            # after a write in place, the forward may use the overwritten tensor instead of the return value
            output.copy_(self._values)
            return None
        return self._values

    def _on_return(self, name: str, module: nn.Module, given: Any, output: Any) -> Tensor | None:
        return self._values if name == self._step_name else None


class Rows(NamedTuple):
    """Images that ran through the network with some units changed.

    Attributes
    ----------
    change : array of int64, shape (n_rows,), which of the changes.
    image : array of int64, shape (n_rows,), which of the images.
    logits : array of float32, shape (n_rows, n_classes).
    """

    change: NDArray[np.int64]
    image: NDArray[np.int64]
    logits: NDArray[np.float32]


def run_intact(suffix: Downstream, crossing: Mapping[str, Tensor], batch: int) -> NDArray[np.float32]:
    """Run the downstream part with unchanged values, in batches of the same size as :func:`run_changes`.

    Rounding of a matrix product may depend on its number of rows. With padded batches of one size, ablating a
    unit without outgoing connections changes no bit of the logits.

    Returns
    -------
    logits, array of float32, shape (n_images, n_classes).
    """
    values = crossing[suffix.layer.node]
    images = np.arange(len(values))
    parts = []
    for first in range(0, len(images), batch):
        some = images[first : first + batch]
        places = torch.from_numpy(np.resize(some, batch)).to(values.device)
        logits = suffix({name: _select(each, places) for name, each in crossing.items()})
        parts.append(logits[: len(some)].float().cpu().numpy())
    return np.concatenate(parts)


def run_changes(
    suffix: Downstream,
    crossing: Mapping[str, Tensor],
    changed: NDArray[np.bool_],
    replacement: Tensor,
    batch: int,
) -> Iterator[Rows]:
    """Replace the maps of sets of units, and run the downstream part for each set.

    Images on which a change alters no value are not run: their logits are those of :func:`run_intact`. So
    setting an inactive unit to zero has no effect at all.

    Parameters
    ----------
    suffix : the downstream part of the layer.
    crossing : return value of :meth:`Downstream.cross` for some images.
    changed : array of bool, shape (n_changes, n_units), the units that each change replaces.
    replacement : values for the layer's maps, tensor of float, shape (n_images or 1, height or 1, width or 1,
        n_units or 1).
    batch : number of rows in a batch, each an image with a change.

    Yields
    ------
    the rows of a batch.
    """
    maps = as_maps(crossing[suffix.layer.node], suffix.layer.units_axis)
    # a NaN differs from everything
    differs = (maps != replacement).any(2).any(1).float()
    masks = torch.from_numpy(changed).to(maps.device)
    pairs = (masks.float() @ differs.T > 0).nonzero().cpu().numpy()

    def altered(change: Tensor, image: Tensor) -> Tensor:
        by = replacement.index_select(0, image) if len(replacement) > 1 else replacement
        return torch.where(masks[change][:, None, None, :], by, maps.index_select(0, image))

    yield from _run_pairs(suffix, crossing, pairs, altered, batch)


def run_subtractions(
    suffix: Downstream, crossing: Mapping[str, Tensor], codes: Tensor, directions: Tensor, batch: int
) -> Iterator[Rows]:
    """Subtract the parts of directions from the channel vectors, and run the downstream part for each.

    The part of a direction in a vector is its code times the direction. Images in which all codes of a
    direction are 0 are not run, as in :func:`run_changes`.

    Parameters
    ----------
    suffix, crossing, batch : see :func:`run_changes`.
    codes : tensor of float, shape (n_directions, n_images, height, width).
    directions : tensor of float, shape (n_directions, n_units).

    Yields
    ------
    the rows of a batch, in which ``change`` is the direction.
    """
    maps = as_maps(crossing[suffix.layer.node], suffix.layer.units_axis)
    pairs = (codes != 0).any(3).any(2).nonzero().cpu().numpy()

    def altered(change: Tensor, image: Tensor) -> Tensor:
        parts = codes[change, image][..., None] * directions[change][:, None, None, :]
        return maps.index_select(0, image) - parts

    yield from _run_pairs(suffix, crossing, pairs, altered, batch)


def _run_pairs(
    suffix: Downstream,
    crossing: Mapping[str, Tensor],
    pairs: NDArray[np.int64],
    altered: Callable[[Tensor, Tensor], Tensor],
    batch: int,
) -> Iterator[Rows]:
    """Run pairs of a change and an image, given the layer's maps of such pairs, in batches of one size."""
    layer, values = suffix.layer, crossing[suffix.layer.node]
    for first in range(0, len(pairs), batch):
        some = pairs[first : first + batch]
        change, image = torch.from_numpy(np.resize(some, (batch, 2))).to(values.device).unbind(1)
        given = {name: _select(each, image) for name, each in crossing.items() if name != layer.node}
        rows = from_maps(altered(change, image), values.ndim, layer.units_axis)
        given[layer.node] = _laid_out(rows, values)
        logits = suffix(given)[: len(some)].float().cpu().numpy()
        yield Rows(some[:, 0], some[:, 1], logits)


def _laid_out(rows: Tensor, values: Tensor) -> Tensor:
    """Return rows in the memory layout of other values; a network may rely on the default layout."""
    return rows.contiguous() if values.is_contiguous() else rows


def _select(values: Tensor, images: Tensor) -> Tensor:
    """Return the values of some images, in the memory layout of the input."""
    # several times as fast as an index in brackets
    if values.ndim != 4 or values.is_contiguous():
        return values.index_select(0, images)
    return from_maps(as_maps(values).index_select(0, images), 4)
