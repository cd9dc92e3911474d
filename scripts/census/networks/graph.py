"""The forward graph of a network: its named tensors, and running it while keeping some of them.

The graph is traced once with torch.fx. Operations that work in place are replaced by their twins that do not,
on a copy: so a recorded tensor is what its layer gave, whatever else is recorded and whatever follows it.
"""

import copy
import itertools
import operator
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.utils._pytree import tree_leaves

from census.errors import StudyError
from census.networks.axes import units_axes, usual_axis
from census.networks.layers import Layer
from census.networks.receptive import receptive_fields

RECTIFIERS: tuple[type[nn.Module], ...] = (
    nn.ReLU,
    nn.ReLU6,
    nn.LeakyReLU,
    nn.PReLU,
    nn.RReLU,
    nn.ELU,
    nn.SELU,
    nn.CELU,
    nn.GELU,
    nn.SiLU,
    nn.Mish,
    nn.Softplus,
    nn.Hardswish,
    nn.Hardsigmoid,
    nn.Hardtanh,
    nn.Sigmoid,
    nn.Tanh,
)
RECTIFIER_NAMES = {
    *("relu", "relu6", "leaky_relu", "prelu", "rrelu", "elu", "selu", "celu", "gelu", "silu", "mish"),
    *("softplus", "hardswish", "hardsigmoid", "hardtanh", "sigmoid", "tanh"),
}
# what only passes its values on, in another shape or none: a layer of the same numbers is no new layer
PASSING_ON: tuple[type[nn.Module], ...] = (
    nn.Identity,
    nn.Flatten,
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.AlphaDropout,
)
PASSING_ON_NAMES = {"flatten", "dropout", "reshape", "view", "squeeze", "contiguous"}
IN_PLACE_OPERATORS = {
    operator.iadd: operator.add,
    operator.isub: operator.sub,
    operator.imul: operator.mul,
    operator.itruediv: operator.truediv,
}


def trace(network: nn.Module, key: str = "network", *, in_place: bool = False) -> fx.GraphModule:
    """Trace a network in evaluation mode, on a copy in which nothing works in place.

    Parameters
    ----------
    network : the network; it is left as it is.
    key : the network's key in the config, for messages.
    in_place : keep operations that work in place as they are. That saves their time and memory where each
        recorded tensor is done with before the next one is asked for.

    Returns
    -------
    the traced network; each node carries its name in ``node.meta["layer"]``: a module's path, with a number
    from its second call on (``relu_1``), and for other operations the path of the module that they stand in
    and their own name, with a number from the second one on (``features.3.cat``, ``layer1.0.add_1``).

    Raises
    ------
    StudyError : the network's control flow depends on its input.
    """
    network = copy.deepcopy(network).eval()
    writing = {name for name, module in network.named_modules() if getattr(module, "inplace", False)}
    for name in writing if not in_place else ():
        network.get_submodule(name).inplace = False  # type: ignore[assignment]
    tracer = fx.Tracer()
    try:
        graph = tracer.trace(network)
    except Exception as error:  # whatever the user's forward raises on a symbolic image
        raise StudyError(
            f"networks.{key}: the network cannot be traced with torch.fx ({_first_line(error)}); "
            "its forward must not branch on the values of its input"
        ) from error
    _use_what_is_written(graph, writing)
    taken: set[str] = set()
    for node in graph.nodes:
        name = str(node.target) if node.op == "call_module" else _path(node)
        repeats = (f"{name}_{number}" for number in itertools.count(1))
        node.meta["layer"] = name = next(
            each for each in itertools.chain([name], repeats) if each not in taken
        )
        taken.add(name)
        if not in_place:
            _out_of_place(node)
    traced = fx.GraphModule(tracer.root, graph)
    traced.graph.eliminate_dead_code()
    traced.recompile()
    return traced


def _path(node: fx.Node) -> str:
    """Return the path of the module in which an operation stands, and its own name.

    torch.fx numbers operations of the same name through the whole network: that number is left out.
    """
    modules = node.meta.get("nn_module_stack", {})  # from the outermost to the innermost, without the network
    own = re.sub(r"_\d+$", "", node.name)
    return f"{[*modules.values()][-1][0]}.{own}" if modules else own


def _first_line(error: Exception) -> str:
    """Return an exception in one line: torch.fx adds a page on where in the graph it was."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def _use_what_is_written(graph: fx.Graph, modules: set[str]) -> None:
    """Let all that comes after an operation in place, and uses the tensor written to, use its result instead.

    A forward may call ``values.relu_()`` and go on with ``values``. To the graph, that call has no users: it
    would be removed as dead code, or be replaced by a twin whose result nobody sees.

    Parameters
    ----------
    graph : changed in place.
    modules : names of the modules that work in place.
    """
    for node in graph.nodes:
        if node.op == "call_module":
            writes = node.target in modules
        else:
            name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")
            writes = (
                bool(node.kwargs.get("inplace"))
                or node.target in IN_PLACE_OPERATORS
                or (node.op in ("call_function", "call_method") and _is_written_in_place(name))
            )
        written = node.args[0] if writes and node.args else None
        if isinstance(written, fx.Node):
            for user in [user for user in written.users if user > node]:
                user.replace_input_with(written, node)


def _is_written_in_place(name: str) -> bool:
    """Return whether torch's name of an operation says that it works in place, as ``add_`` does."""
    return name.endswith("_") and not name.endswith("__")


def _out_of_place(node: fx.Node) -> None:
    """Replace an operation that works in place by its twin that does not."""
    if node.kwargs.get("inplace"):
        node.kwargs = {**node.kwargs, "inplace": False}
    if node.op == "call_function":
        node.target = IN_PLACE_OPERATORS.get(node.target, node.target)  # type: ignore[arg-type]
        name = getattr(node.target, "__name__", "")
        if _is_written_in_place(name):
            twin = getattr(torch, name[:-1], None) or getattr(F, name[:-1], None)
            if twin is not None:
                node.target = twin
    elif node.op == "call_method" and isinstance(node.target, str):
        name = node.target
        if _is_written_in_place(name) and hasattr(Tensor, name[:-1]):
            node.target = name[:-1]


def _operation(traced: fx.GraphModule, node: fx.Node) -> nn.Module | str:
    """Return the module that a node calls, or the name of its function or method."""
    if node.op == "call_module":
        return traced.get_submodule(str(node.target))
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")


def _is_rectifier(operation: nn.Module | str) -> bool:
    return isinstance(operation, RECTIFIERS) or operation in RECTIFIER_NAMES


def _is_pooling(operation: nn.Module | str) -> bool:
    if isinstance(operation, str):
        return "_pool" in operation
    return isinstance(operation, nn.Module) and type(operation).__module__ == "torch.nn.modules.pooling"


def _passes_on(operation: nn.Module | str) -> bool:
    return isinstance(operation, PASSING_ON) or operation in PASSING_ON_NAMES


def unit_shape(shape: tuple[int, ...], units_axis: int | None = None) -> tuple[int, int, int] | None:
    """Return ``(units, height, width)`` of a tensor's shape without its batch axis, or None.

    Maps are ``(units, height, width)``, vectors ``(units,)``, sequences of tokens ``(tokens, units)``;
    tokens are read as positions.

    Parameters
    ----------
    shape : of the values on one image.
    units_axis : along which axis of a batch of them units lie, if it is not the usual one.
    """
    if units_axis is not None:
        positions = [length for axis, length in enumerate(shape, 1) if axis != units_axis]
        shape = (
            (shape[units_axis - 1], *positions) if len(shape) == 3 else (*positions, shape[units_axis - 1])
        )
    if len(shape) == 3:
        return shape[0], shape[1], shape[2]
    if len(shape) == 2:
        return shape[1], shape[0], 1
    return (shape[0], 1, 1) if len(shape) == 1 else None


def as_maps(values: Tensor, units_axis: int | None = None) -> Tensor:
    """Return a batch of any layer's values as ``(images, height, width, units)``, without copying.

    The values lie in memory in this order where the network runs in the channels-last layout.

    Parameters
    ----------
    values : of two to four axes, that of the images first.
    units_axis : the layer's :attr:`~census.networks.layers.Layer.units_axis`.
    """
    if units_axis is not None:
        values = values.movedim(units_axis, usual_axis(values.ndim))
    if values.ndim == 4:
        return values.permute(0, 2, 3, 1)
    return values[:, :, None, :] if values.ndim == 3 else values[:, None, None, :]


def from_maps(maps: Tensor, dimensions: int, units_axis: int | None = None) -> Tensor:
    """Return maps as a batch of a layer's values again: what :func:`as_maps` undoes, without copying.

    Parameters
    ----------
    maps : (images, height, width, units).
    dimensions : number of axes of the layer's values, 2 to 4.
    units_axis : the layer's :attr:`~census.networks.layers.Layer.units_axis`.
    """
    if dimensions == 4:
        values = maps.permute(0, 3, 1, 2)
    else:
        values = maps[:, :, 0, :] if dimensions == 3 else maps[:, 0, 0, :]
    return values if units_axis is None else values.movedim(usual_axis(dimensions), units_axis)


class _Shapes(fx.Interpreter):
    """Run the graph on one image without data, and note the shape of every tensor, and what returns any."""

    def run_node(self, node: fx.Node) -> Any:
        value = super().run_node(node)
        node.meta["shape"] = tuple(value.shape) if isinstance(value, Tensor) else None
        node.meta["tensors"] = any(isinstance(leaf, Tensor) for leaf in tree_leaves(value))
        return value


def _with_shapes(traced: fx.GraphModule, images: Tensor) -> fx.GraphModule:
    """Return a copy without data that has run on such images, and whose nodes carry their tensors' shapes."""
    abstract = copy.deepcopy(traced).to("meta")
    _Shapes(abstract).run(images)
    return abstract


def _two_images(channels: int, size: int) -> Tensor:
    """Return images without data: an operation that mistakes their axis for another does not pass unseen."""
    return torch.empty(2, channels, size, size, device="meta")


def shapes_of(traced: fx.GraphModule, channels: int, size: int) -> dict[str, tuple[int, ...] | None]:
    """Return the shape of each node's tensor for two images, by the node's name; None for what is no tensor.

    Parameters
    ----------
    traced : what :func:`trace` returned.
    channels, size : shape of the input image.
    """
    abstract = _with_shapes(traced, _two_images(channels, size))
    # the last node hands the logits out
    return {node.name: node.meta["shape"] for node in abstract.graph.nodes}


def layers_of(traced: fx.GraphModule, channels: int, size: int, key: str = "network") -> list[Layer]:
    """Return all layers of a traced network, in order of depth.

    Parameters
    ----------
    traced : what :func:`trace` returned.
    channels, size : shape of the input image.
    key : the network's key in the config, for messages.

    Raises
    ------
    StudyError : the network does not take such an image, or returns something else than one tensor.
    """
    images = _two_images(channels, size)
    try:
        abstract = _with_shapes(traced, images)
    except Exception as error:  # whatever a module raises on a shape that it does not take
        raise StudyError(
            f"networks.{key}: the network does not take an image of {channels}×{size}×{size} "
            f"({_first_line(error)}); check networks.{key}.input"
        ) from error
    nodes = list(abstract.graph.nodes)
    returned = nodes[-1].args[0]
    if not isinstance(returned, fx.Node):
        raise StudyError(f"networks.{key}: the network must return one tensor of logits")

    last_of_module: dict[str, fx.Node] = {}
    for node in nodes[:-1]:
        path = node.meta["layer"].rpartition(".")[0]
        while path:  # the node returned last from a module is the module's output
            last_of_module[path] = node
            path = path.rpartition(".")[0]
    modules_of_node: dict[fx.Node, list[str]] = {}
    for path, node in last_of_module.items():
        modules_of_node.setdefault(node, []).append(path)

    same_as_output = {returned}
    while _passes_on(_operation(abstract, returned)):
        returned = returned.all_input_nodes[0]
        same_as_output.add(returned)

    branches, axes = _branches(nodes), units_axes(abstract, images)
    fields = receptive_fields(abstract, images, axes)
    layers: list[Layer] = []
    for node in nodes[:-1]:
        shape = node.meta["shape"]
        units = unit_shape(shape[1:], axes[node]) if shape is not None and shape[:1] == (2,) else None
        if units is None:
            continue  # a parameter, a number, or a tensor without images
        name, aliases = node.meta["layer"], modules_of_node.get(node, [])
        operation = _operation(abstract, node)
        if node.op == "placeholder":
            name, aliases, kind = "input", [name] if name != "input" else [], "input"
        elif node is nodes[-1].args[0]:
            name, aliases, kind = "output", [name, *aliases], "output"
        elif node in same_as_output:
            kind = "other"
        elif _is_rectifier(operation):
            kind = "rectifier"
        elif _is_pooling(operation):
            kind = "pooling"
        elif aliases and not _passes_on(operation):
            kind = "module"
        else:
            kind = "other"
        place = branches.get(node, ""), fields[node]
        before = node.all_input_nodes[0].name if kind == "rectifier" else ""
        known = Layer(name, kind, units, len(layers), node.name, tuple(aliases), *place, before, axes[node])
        layers.append(known)
    return layers


def _branches(nodes: list[fx.Node]) -> dict[fx.Node, str]:
    """Return the nodes that some paths from the image to the logits avoid, each with the place it is in.

    Nodes stand in an order in which values flow forward only. So all paths go through a node if no edge leads
    past it, from a node before it to one behind it.
    """
    returned = nodes[-1].args[0]
    from_image: set[fx.Node] = set()
    to_logits = {returned}
    for node in nodes[:-1]:
        # sizes, too, are handed on from node to node; attention returns several tensors at once
        if node.meta["tensors"] and (
            node.op == "placeholder" or from_image.intersection(node.all_input_nodes)
        ):
            from_image.add(node)
    for node in reversed(nodes[:-1]):
        if to_logits.intersection(node.users):
            to_logits.add(node)
    path = [node for node in nodes[:-1] if node in from_image & to_logits]
    rank = {node: place for place, node in enumerate(path)}
    branches: dict[fx.Node, str] = {}
    region: list[fx.Node] = []
    furthest = 0  # to which place the edges from the nodes so far lead
    for place, node in enumerate(path):
        if furthest > place:
            region.append(node)
        elif region:
            module = _common_path([each.meta["layer"] for each in region])
            branches |= dict.fromkeys(region, module or node.meta["layer"])
            region = []
        furthest = max([furthest, *(rank[user] for user in node.users if user in rank)])
    return branches


def _common_path(names: list[str]) -> str:
    """Return the path that the names of layers begin with in common."""
    parts = zip(*(name.split(".") for name in names), strict=False)
    return ".".join(part[0] for part in itertools.takewhile(lambda part: len(set(part)) == 1, parts))


class Recorder:
    """Runs a traced network and hands out the values of chosen layers, as soon as each is there.

    Parameters
    ----------
    traced : what :func:`trace` returned.
    nodes : for each layer to record, the name of its node.
    given : names of nodes whose values are handed in. Nothing that only they need is run.
    """

    def __init__(self, traced: fx.GraphModule, nodes: Mapping[str, str], given: Collection[str] = ()) -> None:
        self._traced = traced
        self._given = frozenset(given)
        self._modules = dict(traced.named_modules())
        self._layers_of_node: dict[str, list[str]] = {}
        for layer, node in nodes.items():
            self._layers_of_node.setdefault(node, []).append(layer)
        missing = {*self._layers_of_node, *self._given} - {node.name for node in traced.graph.nodes}
        if missing:
            raise KeyError(f"the graph has no nodes {sorted(missing)}")
        self._steps = self._needed()

    def _needed(self) -> list[tuple[fx.Node, list[fx.Node]]]:
        """Return the nodes to run, each with the values that nobody needs after it."""
        wanted = [node for node in self._traced.graph.nodes if node.name in self._layers_of_node]
        needed, stack = set(), list(wanted)
        while stack:
            node = stack.pop()
            if node not in needed:
                needed.add(node)
                stack += self._arguments(node)
        order = [node for node in self._traced.graph.nodes if node in needed]
        last_use = {node: node for node in order}
        for node in order:
            for argument in self._arguments(node):
                last_use[argument] = node
        released: dict[fx.Node, list[fx.Node]] = {}
        for node, user in last_use.items():
            released.setdefault(user, []).append(node)
        return [(node, released.get(node, [])) for node in order]

    def _arguments(self, node: fx.Node) -> list[fx.Node]:
        """Return the nodes whose values are needed to run a node."""
        return [] if node.name in self._given else node.all_input_nodes

    def __call__(
        self, images: Tensor | None, given: Mapping[str, Tensor] | None = None
    ) -> Iterator[tuple[str, Tensor]]:
        """Yield ``(layer, values)`` in order of the graph; only as far as the last layer is the network run.

        Parameters
        ----------
        images : preprocessed images ``(n, channels, height, width)``, float; None where what is given makes
            them needless.
        given : the values of the ``given`` nodes, by name.

        Yields
        ------
        the layer's name and its values, with the batch axis first. They are not written to again, unless the
        network was traced ``in_place``: then they hold only until the next layer is asked for.
        """
        values: dict[fx.Node, Any] = {}
        handed_in = given or {}

        def load(arguments: Any) -> Any:
            return fx.node.map_arg(arguments, values.__getitem__)

        for node, released in self._steps:
            if node.name in self._given:
                value: Any = handed_in[node.name]
            elif node.op == "placeholder":
                value = images
            elif node.op == "get_attr":
                value = operator.attrgetter(str(node.target))(self._traced)
            elif node.op == "call_module":
                value = self._modules[str(node.target)](*load(node.args), **load(node.kwargs))
            elif node.op == "call_method":
                this, *rest = load(node.args)
                value = getattr(this, str(node.target))(*rest, **load(node.kwargs))
            else:
                value = node.target(*load(node.args), **load(node.kwargs))  # type: ignore[operator]
            values[node] = value
            for layer in self._layers_of_node.get(node.name, ()):
                yield layer, value
            for unused in released:
                del values[unused]
