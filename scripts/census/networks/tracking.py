"""Track a property of tensors, such as their receptive field, through a running network.

A rule for each of torch's operations derives the property of its output. Modules, functions and methods all
reduce to these few operations, so a convolution is recognized in any of these forms.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from census.networks.internals import DispatchMode, WeakIdKeyDictionary, argument_defaults, writes
from census.networks.watch import tensors_in

Known = TypeVar("Known")
# returns the output's property from the input's property, the input, the output, and arguments by name
Rule = Callable[[Known, Tensor, Tensor, dict[str, Any]], Known | None]


class Tracker(DispatchMode, Generic[Known]):
    """Track a property of tensors through all operations while this context is active.

    Parameters
    ----------
    images : the network's input.
    known : property of the images.
    rules : by torch's names of operations; in-place operations without the trailing "_".
    pointwise : rule for operations that torch tags as pointwise, which need no entry in ``rules``.

    Attributes
    ----------
    known : property of each tensor that depends on the images, as long as the network keeps the tensor; None
        if it is unknown.
    """

    def __init__(
        self, images: Tensor, known: Known, rules: Mapping[str, Rule[Known]], pointwise: Rule[Known]
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.known: MutableMapping[Tensor, Known | None] = WeakIdKeyDictionary({images: known})
        self._rules, self._pointwise = rules, pointwise

    def __torch_dispatch__(
        self, operation: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        rule = self._rule_of(operation)
        if rule is None:
            with self:  # the parts of a composite operation are dispatched again
                result = operation.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        result = operation(*args, **kwargs)
        arguments = _by_name(operation, args, kwargs)
        self._follow(operation, rule, tensors_in(arguments), tensors_in(result), arguments)
        return result

    def _rule_of(self, operation: Any) -> Rule[Known] | None:
        name = operation.overloadpacket.__name__
        if writes(operation):
            name = name.removesuffix("_")
        pointwise = self._pointwise if torch.Tag.pointwise in operation.tags else None
        return self._rules.get(name, pointwise)

    def _follow(
        self,
        operation: Any,
        rule: Rule[Known] | None,
        inputs: list[Tensor],
        outputs: list[Tensor],
        arguments: dict[str, Any],
    ) -> None:
        """Store the property of an operation's outputs."""
        dependent = [tensor for tensor in inputs if tensor in self.known]
        if dependent:
            found = [self._of_output(rule, dependent, output, arguments) for output in outputs]
            self.known.update(zip(outputs, found, strict=True))

    @abstractmethod
    def _of_output(
        self, rule: Rule[Known] | None, dependent: list[Tensor], output: Tensor, arguments: dict[str, Any]
    ) -> Known | None:
        """Return the property of an output, from the inputs that depend on the images."""


def _by_name(operation: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return an operation's arguments by name, including defaults."""
    defaults = argument_defaults(operation)
    return defaults | dict(zip(defaults, args, strict=False)) | kwargs


def from_last(axis: int, n_axes: int) -> int:
    """Return an axis counted from the last, −1."""
    return axis - n_axes if axis >= 0 else axis


def axes_in(arguments: dict[str, Any], n_axes: int) -> set[int]:
    """Return the axes ``dim`` of an operation, counted from the last; empty if it names none."""
    dim = arguments.get("dim")
    return {from_last(axis, n_axes) for axis in ([dim] if isinstance(dim, int) else dim or [])}


# rules of operations that move an axis


def permuted(axis: int, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> int:
    """Return the place of an axis after a permutation of all axes."""
    order = [from_last(each, value.ndim) for each in arguments["dims"]]
    return order.index(axis) - value.ndim


def transposed(axis: int, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> int:
    """Return the place of an axis after two axes are exchanged."""
    one, other = (from_last(arguments[name], value.ndim) for name in ("dim0", "dim1"))
    return {one: other, other: one}.get(axis, axis)


def unsqueezed(axis: int, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> int:
    """Return the place of an axis after one of length 1 is inserted."""
    return axis if axis > from_last(arguments["dim"], output.ndim) else axis - 1
