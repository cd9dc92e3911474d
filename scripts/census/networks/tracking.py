"""Following something through a network as it runs: what is known of each tensor on the way.

For each of torch's own operations on the way a rule says what is known of its output. Modules, functions and
methods all come down to these few operations: so a convolution is known wherever it stands.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from census.networks.internals import DispatchMode, argument_defaults, writes
from census.networks.watch import tensors_in

Known = TypeVar("Known")
# from what is known of the input, the input, the output, and the arguments by name: what is of the output
Rule = Callable[[Known, Tensor, Tensor, dict[str, Any]], Known | None]


class Tracker(DispatchMode, Generic[Known]):
    """Follows what is known of tensors through all operations while it is active.

    Parameters
    ----------
    images : what the network takes.
    known : what is known of them.
    rules : by torch's names for operations, for those that work in place without their last "_".
    pointwise : the rule for operations that torch itself tags as pointwise; they need no entry.

    Attributes
    ----------
    known : for each tensor that depends on the images what is known of it, or None for nothing.
    """

    def __init__(
        self, images: Tensor, known: Known, rules: Mapping[str, Rule[Known]], pointwise: Rule[Known]
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.known: dict[Tensor, Known | None] = {images: known}
        self._rules, self._pointwise = rules, pointwise

    def __torch_dispatch__(
        self, operation: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        rule = self._rule_of(operation)
        if rule is None:
            with self:  # shown again are the operations that this one consists of
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
        """Note what is known of an operation's outputs."""
        dependent = [tensor for tensor in inputs if tensor in self.known]
        if dependent:
            found = [self._of_output(rule, dependent, output, arguments) for output in outputs]
            self.known.update(zip(outputs, found, strict=True))

    @abstractmethod
    def _of_output(
        self, rule: Rule[Known] | None, dependent: list[Tensor], output: Tensor, arguments: dict[str, Any]
    ) -> Known | None:
        """Return what is known of an output, from the inputs that depend on the images."""


def _by_name(operation: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return an operation's arguments by name, those that were left out with their defaults."""
    defaults = argument_defaults(operation)
    return defaults | dict(zip(defaults, args, strict=False)) | kwargs


def from_last(axis: int, n_axes: int) -> int:
    """Return an axis counted from the last, -1."""
    return axis - n_axes if axis >= 0 else axis
