"""What lies downstream of a layer, run for changed values of it.

A change of one layer needs neither the image nor what lies upstream. On the way to the logits the layer's own
values cross the cut; if it lies in a branch, others skip it. All of them come from one intact pass over a
batch of images, and each change runs the part downstream of the cut.

That part is a graph of torch.fx. It is used only if it gives the logits of whole passes; otherwise each
change is a whole pass of the network itself, in which the layer's output is replaced.

The layer's values could be read from its store. What skips a layer is in no store, so there is one way for
both: the intact pass costs about as much as one change does, and there are dozens of these.
"""

from collections.abc import Iterator, Mapping
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
    """What gives logits for values of a layer.

    Attributes
    ----------
    layer : whose values can be changed.
    """

    layer: Layer

    def cross(self, images: Tensor) -> dict[str, Tensor]:
        """Run the network once, and return what is needed downstream, the layer's values by its node.

        Parameters
        ----------
        images : preprocessed images (n, channels, height, width), float.

        Returns
        -------
        copies, each with the batch axis first.
        """

    def __call__(self, crossing: Mapping[str, Tensor]) -> Tensor:
        """Return logits (n, classes).

        Parameters
        ----------
        crossing : of the same names as from :meth:`cross`; a network that works in place writes to them.
        """


def downstream_of(prepared: Prepared, layer: Layer) -> Downstream:
    """Return the cheapest way to run what lies downstream of a layer that is proven right.

    Raises
    ------
    StudyError : whole passes with the layer's own values in its place do not give the network's logits.
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
    LOGGER.info("networks.%s: changes of %s are whole passes: %s", prepared.key, layer.name, reason)
    return whole


def _with_changes(downstream: Downstream, prepared: Prepared) -> dict[str, Tensor]:
    """Return logits by what is changed of the layer: nothing, its largest unit, and every other unit."""
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
    layer : the same.
    crossing : names of the nodes whose values cross the cut, the layer's first.

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
            # numbers, such as that of the images, are found anew, and so is what has no row for each image
            if each in after or shape is None or shape[:1] != prepared.images.shape[:1]:
                stack += each.all_input_nodes
            else:
                crossing.append(each)
        self._nodes = {layer.node: node} | {f"%{each.name}": each for each in crossing[1:]}
        self._before = PartialGraph(traced, crossing)
        self._after = PartialGraph(traced, [returned], given=crossing)

    @property
    def crossing(self) -> list[str]:
        """Names of what crosses the cut, the layer's first."""
        return [*self._nodes]

    def cross(self, images: Tensor) -> dict[str, Tensor]:
        """Run the network as far as the cut, and return what crosses it; see :class:`Downstream`."""
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
    # layers that pass values on have those of the layer before: the name tells them apart
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
            # the forward may go on with the tensor that was written to, whatever is returned
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
    """Run what lies downstream of a layer as it is, in batches of the same size as :func:`run_changes`.

    How a product is rounded may depend on the number of its rows. In batches of one size, filled up where
    there are fewer, a unit that nothing reads makes no difference to the last bit.

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
    """Replace maps of some of a layer's units, and run what lies downstream, for several choices of units.

    An image on which a change leaves all values as they are is not run: its logits are those of
    :func:`run_intact`. So an inactive unit that is set to zero makes no difference at all.

    Parameters
    ----------
    suffix : what lies downstream of the layer.
    crossing : what :meth:`Downstream.cross` returned for some images.
    changed : array of bool, shape (n_changes, n_units), which units each of the changes replaces.
    replacement : of the layer's maps, tensor of float, shape (n_images or 1, height or 1, width or 1, n_units
        or 1).
    batch : how many rows, each of them an image with a change, run at once.

    Yields
    ------
    the rows of a batch.
    """
    layer, values = suffix.layer, crossing[suffix.layer.node]
    maps = as_maps(values, layer.units_axis)
    # a NaN differs from everything
    differs = (maps != replacement).any(2).any(1).float()
    masks = torch.from_numpy(changed).to(maps.device)
    pairs = (masks.float() @ differs.T > 0).nonzero().cpu().numpy()
    for first in range(0, len(pairs), batch):
        some = pairs[first : first + batch]
        change, image = torch.from_numpy(np.resize(some, (batch, 2))).to(maps.device).unbind(1)
        given = {name: _select(each, image) for name, each in crossing.items() if name != layer.node}
        by = replacement[image] if len(replacement) > 1 else replacement
        rows = torch.where(masks[change][:, None, None, :], by, maps[image])
        given[layer.node] = _laid_out(from_maps(rows, values.ndim, layer.units_axis), values)
        logits = suffix(given)[: len(some)].float().cpu().numpy()
        yield Rows(some[:, 0], some[:, 1], logits)


def _laid_out(rows: Tensor, values: Tensor) -> Tensor:
    """Return rows in the layout of other values of the layer; a network may rely on the default one."""
    return rows.contiguous() if values.is_contiguous() else rows


def _select(values: Tensor, images: Tensor) -> Tensor:
    """Return the values of some images, with maps in the channels-last layout if they are in it."""
    if values.ndim != 4 or values.is_contiguous():
        return values[images]
    return from_maps(as_maps(values)[images], 4)
