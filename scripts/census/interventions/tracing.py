"""Trace a forward pass as a graph of torch.fx, and run parts of it.

A trace may differ from the network, because it ignores branches of the code, writes through views, and
default arguments. It only saves time, and it is used only after a comparison with the network itself.
"""

import operator
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from torch import Tensor, fx, nn

from census.networks.operations import writes_in_place


def trace(network: nn.Module) -> fx.GraphModule:
    """Trace a network; the graph shares its weights, and keeps its in-place operations.

    Raises
    ------
    Exception : whatever the network's forward raises on a symbolic image.
    """
    tracer = fx.Tracer()
    graph = tracer.trace(network)
    _use_what_is_written(graph, network)
    return fx.GraphModule(tracer.root, graph)


def _use_what_is_written(graph: fx.Graph, network: nn.Module) -> None:
    """Make later users of an overwritten tensor use the result of the in-place operation.

    A forward may call ``values.relu_()`` and continue with ``values``. In the graph, that call has no users.
    """
    for node in graph.nodes:
        if node.op == "call_module":
            writes = writes_in_place(network.get_submodule(str(node.target)))
        else:
            name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")
            writes = node.op in ("call_function", "call_method") and (
                bool(node.kwargs.get("inplace")) or writes_in_place(name)
            )
        written = node.args[0] if writes and node.args else None
        if isinstance(written, fx.Node):
            for user in [user for user in written.users if user > node]:
                user.replace_input_with(written, node)


def returned_by(traced: fx.GraphModule) -> fx.Node:
    """Return the node whose tensor the traced network returns.

    Raises
    ------
    ValueError : the network does not return a single tensor.
    """
    answer = next(reversed(traced.graph.nodes)).args[0]
    if not isinstance(answer, fx.Node):
        raise ValueError("the traced network returns more than one tensor")
    return answer


class PartialGraph:
    """Run a part of a traced network.

    Parameters
    ----------
    traced : a network traced by :func:`trace`.
    wanted : nodes whose values are returned.
    given : nodes whose values are passed in; nodes that only these depend on do not run.
    """

    def __init__(
        self, traced: fx.GraphModule, wanted: Sequence[fx.Node], given: Collection[fx.Node] = ()
    ) -> None:
        self._traced, self._wanted, self._given = traced, list(wanted), frozenset(given)
        self._modules = dict(traced.named_modules())
        self._steps = self._needed()

    def _needed(self) -> list[tuple[fx.Node, list[fx.Node]]]:
        """Return the nodes to run, each with the values that are not needed after it."""
        needed, stack = set(), list(self._wanted)
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
        return [] if node in self._given else node.all_input_nodes

    def __call__(self, images: Tensor | None, given: Mapping[fx.Node, Tensor] | None = None) -> list[Tensor]:
        """Return copies of the wanted values, because operations in place may write to them afterwards.

        Parameters
        ----------
        images : preprocessed images (n, channels, height, width), float; None if ``given`` suffices.
        given : the values of the ``given`` nodes; in-place operations write to them.
        """
        values: dict[fx.Node, Any] = {}
        found: dict[fx.Node, Tensor] = {}
        handed_in = given or {}

        def load(arguments: Any) -> Any:
            return fx.node.map_arg(arguments, values.__getitem__)

        for node, released in self._steps:
            if node in self._given:
                value: Any = handed_in[node]
            elif node.op == "placeholder":
                value, images = (images, None) if images is not None else (node.args[0], None)
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
            if node in self._wanted:
                found[node] = value.clone()
            for unused in released:
                del values[unused]
        return [found[node] for node in self._wanted]
