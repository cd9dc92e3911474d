"""List the layers of a network by observing a run: names, kinds, shapes, branches, receptive fields."""

import inspect
import itertools
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from census.networks.axes import Axes
from census.networks.fields import ReceptiveField
from census.networks.internals import WeakIdKeyDictionary, memory_of
from census.networks.layers import Layer
from census.networks.maps import unit_shape
from census.networks.operations import Operation, is_nonlinearity, is_pooling, passes_on, writes_in_place
from census.networks.receptive import Fields
from census.networks.running import Part, run
from census.networks.watch import INPUT, OUTPUT, Watch, tensors_in


class Listing(NamedTuple):
    """The layers and the steps of a network's forward pass.

    Attributes
    ----------
    layers : all layers, in order of depth.
    steps : names of all steps of a forward pass, in order; they are the same for every batch.
    """

    layers: list[Layer]
    steps: tuple[str, ...]


def layers_of(network: nn.Module, images: Tensor, key: str = "network", logits: Part = None) -> Listing:
    """Return the layers of a network from two runs: on two images, and on the first of them alone.

    Parameters
    ----------
    network : in evaluation mode.
    images : at least two preprocessed images with real values, tensor of float, shape (n, n_channels, height,
        width).
    key : the network's key in the config, for messages.
    logits : see :func:`census.networks.running.logits_of`.

    Raises
    ------
    StudyError : the forward pass fails, returns no logits, or has steps that depend on the number of images.
    """
    # in inference mode, torch dispatches operations before it decomposes them
    with torch.inference_mode():
        graph = _Graph(network, images[:2].clone())
        graph.run(key, logits)
        single = _Single(network, graph.names, key)
        run(network, images[:1].clone(), key, logits, single)
    # the axis of images is the one whose length is the number of images in both runs
    return Listing(graph.layers(single.of_images), tuple(graph.names))


class _Single(Watch):
    """Record the steps of a forward pass on one image whose tensors have a first axis of length 1."""

    def __init__(self, network: nn.Module, steps: Sequence[str], key: str) -> None:
        super().__init__(network, steps, key)
        self.of_images = {INPUT, OUTPUT}

    def _on_step(self, name: str, operation: Operation, given: Any, output: Any) -> None:
        self._note(name, output)

    def _on_return(self, name: str, module: nn.Module, given: Any, output: Any) -> None:
        self._note(name, output)

    def _note(self, name: str, output: Any) -> None:
        if isinstance(output, Tensor) and output.shape[:1] == (1,):
            self.of_images.add(name)


@dataclass(eq=False)
class _Step:
    """A step of the forward pass, with the properties of the tensor that it returns.

    Attributes
    ----------
    inputs : the steps whose tensors it takes, without repeats, in the order of its arguments.
    of_images : whether the tensor depends on the images.
    shape : of the tensor; None if the step returns several.
    is_complex : whether its values are complex.
    axis, field : see :class:`~census.networks.layers.Layer`.
    """

    name: str
    operation: Operation
    place: int
    inputs: list["_Step"]
    of_images: bool
    shape: tuple[int, ...] | None = None
    is_complex: bool = False
    axis: int | None = None
    field: ReceptiveField | None = None


class _Graph(Watch):
    """Observe one forward pass, and connect each step to the steps that use its tensors.

    Tensors are identified as Python objects. None is kept alive: a pass takes no more memory than otherwise.
    """

    def __init__(self, network: nn.Module, images: Tensor) -> None:
        super().__init__(network)
        self._network, self._images = network, images
        self._axes, self._fields = Axes(images), Fields(images)
        self._constants = {id(tensor) for tensor in (*network.parameters(), *network.buffers())}
        self._maker: MutableMapping[Tensor, _Step] = WeakIdKeyDictionary()
        # the last step that wrote to a tensor's memory, through any view; a later tensor may have the same
        # memory, but its maker comes after the writer
        self._writers: dict[int, _Step] = {}
        self._modules_of: dict[_Step, list[str]] = {}
        self._steps: list[_Step] = []
        self.names: list[str] = []
        self._note(_Step(INPUT, "", 0, [], True), images)

    def run(self, key: str, logits: Part) -> None:
        """Run the network; see :func:`layers_of`."""
        with self._axes, self._fields:
            answer = run(self._network, self._images, key, logits, self)
        made = self._maker.get(answer)
        if made is None or self._is_written_since(made, answer):
            made = self._add(OUTPUT, "", [answer], answer)
        self._output = made

    def _on_step(self, name: str, operation: Operation, given: Any, output: Any) -> None:
        self.names.append(name)
        self._add(name, operation, tensors_in(given), output)

    def _on_return(self, name: str, module: nn.Module, given: Any, output: Any) -> None:
        if not isinstance(output, Tensor):
            return
        step = self._maker.get(output)
        if step is None or self._is_written_since(step, output):
            # not the result of an observed function, or changed since: the module itself is the step
            step = self._add(name, "", tensors_in(given), output)
        self._modules_of.setdefault(step, []).append(name)

    def _add(self, name: str, operation: Operation, given: list[Tensor], output: Any) -> _Step:
        inputs: list[_Step] = []
        for tensor in given:
            made = self._maker.get(tensor)
            if made is not None:
                inputs.append(made)
                writer = self._writers.get(memory_of(tensor))
                if writer is not None and writer.place > made.place:
                    inputs.append(writer)
            elif id(tensor) not in self._constants and tensor.shape[:1] == self._images.shape[:1]:
                inputs.append(self._steps[-1])  # not the result of an observed function
        inputs = list(dict.fromkeys(inputs))
        step = _Step(name, operation, len(self._steps), inputs, any(each.of_images for each in inputs))
        self._note(step, output)
        if writes_in_place(operation):
            for tensor in tensors_in(output):
                self._writers[memory_of(tensor)] = step
        return step

    def _note(self, step: _Step, output: Any) -> None:
        self._steps.append(step)
        for tensor in tensors_in(output):
            self._maker[tensor] = step
        if isinstance(output, Tensor):
            step.shape, step.is_complex = tuple(output.shape), output.is_complex()
            step.axis = self._axes.of(output)
            step.field = self._fields.of(output, step.axis)

    def _is_written_since(self, step: _Step, tensor: Tensor) -> bool:
        writer = self._writers.get(memory_of(tensor))
        return writer is not None and writer.place > step.place

    def layers(self, of_images: set[str]) -> list[Layer]:
        """Return the layers in order of depth.

        Parameters
        ----------
        of_images : names of the steps whose tensors have the images along the first axis.
        """
        branches = _branches(self._steps, self._output)
        same_as_output, step = {self._output}, self._output
        while passes_on(step.operation) and step.inputs:
            step = step.inputs[0]
            same_as_output.add(step)
        further = self._further_paths()
        layers: list[Layer] = []
        for step in self._steps:
            shape, names = step.shape, [step.name, *self._modules_of.get(step, [])]
            is_module = len(names) > 1
            if shape is None or not step.of_images or shape[:1] != self._images.shape[:1]:
                continue
            units = unit_shape(shape[1:], step.axis)
            if units is None or (step is not self._output and not of_images.intersection(names)):
                continue
            node = step.name
            names += [path for name in names for path in further.get(name, [])]
            if node == INPUT:
                kind = "input"
                names += self._name_of_argument()
            elif step is self._output:
                names, kind, node = [OUTPUT, *names], "output", OUTPUT
            elif step in same_as_output:
                kind = "other"
            elif is_nonlinearity(step.operation):
                kind = "nonlinearity"
            elif is_pooling(step.operation):
                kind = "pooling"
            elif is_module and not passes_on(step.operation):
                kind = "module"
            else:
                kind = "other"
            if step.is_complex:
                kind = "complex"
            name, *aliases = dict.fromkeys(names)
            place = branches.get(step, ""), step.field
            preactivation = step.inputs[0].name if kind == "nonlinearity" else ""
            known = Layer(
                name, kind, units, len(layers), node, tuple(aliases), *place, preactivation, step.axis
            )
            layers.append(known)
        return layers

    def _further_paths(self) -> dict[str, list[str]]:
        """Return the further paths of modules that are registered several times, by first path."""
        first: dict[nn.Module, str] = {}
        further: dict[str, list[str]] = {}
        for path, module in self._network.named_modules(remove_duplicate=False):
            if first.setdefault(module, path) != path:
                further.setdefault(first[module], []).append(path)
        return further

    def _name_of_argument(self) -> list[str]:
        """Return the name of the images' argument of ``forward``; empty if it has another meaning."""
        name = next(iter(inspect.signature(self._network.forward).parameters), "")
        return [name] if name.isidentifier() and name not in (*self.names, *self._reserved) else []


def _branches(steps: list[_Step], output: _Step) -> dict[_Step, str]:
    """Return the steps that some paths from the image to the logits skip, with the name of their branch.

    Steps are in topological order. So all paths go through a step if no edge leads from an earlier step to a
    later one.
    """
    to_logits, pending = {output}, [output]
    while pending:
        for each in pending.pop().inputs:
            if each not in to_logits:
                to_logits.add(each)
                pending.append(each)
    path = [step for step in steps if step.of_images and step in to_logits]
    rank = {step: place for place, step in enumerate(path)}
    furthest_user = dict(rank)
    for step in path:
        for each in step.inputs:
            if each in rank:
                furthest_user[each] = rank[step]
    branches: dict[_Step, str] = {}
    region: list[_Step] = []
    furthest = 0  # index of the last step that the edges so far lead to
    for place, step in enumerate(path):
        if furthest > place:
            region.append(step)
        elif region:
            module = _common_path([each.name for each in region])
            branches |= dict.fromkeys(region, module or step.name)
            region = []
        furthest = max(furthest, furthest_user[step])
    return branches


def _common_path(names: list[str]) -> str:
    """Return the longest common path of the names of layers."""
    parts = zip(*(name.split(".") for name in names), strict=False)
    return ".".join(part[0] for part in itertools.takewhile(lambda part: len(set(part)) == 1, parts))
