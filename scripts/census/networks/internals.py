"""Undocumented parts of torch that the library uses; other versions of torch may change them."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakIdKeyDictionary

__all__ = [
    "DispatchMode",
    "OpOverload",
    "WeakIdKeyDictionary",
    "argument_defaults",
    "memory_of",
    "original_of",
    "run_compiled_as_written",
    "set_versions",
    "tree_leaves",
    "unobserved",
    "versions",
    "writes",
    "written_arguments",
]


# a context in which calls of torch's functions are no steps of a network
unobserved = torch._C.DisableTorchFunction


class DispatchMode(TorchDispatchMode):
    """A dispatch mode of torch that does not import ``torch._dynamo``, which takes seconds."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # otherwise torch imports it to exclude torch.compile from the mode; networks run uncompiled here
        return False


def argument_defaults(operation: Any) -> dict[str, Any]:
    """Return the default of each argument of an operation, by name, in order; None if it has no default."""
    return {argument.name: argument.default_value for argument in operation._schema.arguments}


def writes(operation: Any) -> bool:
    """Return whether an operation writes to any of its arguments."""
    return bool(operation._schema.is_mutable)


def written_arguments(operation: Any) -> Iterator[str]:
    """Yield the names of the arguments that an operation writes to."""
    for argument in operation._schema.arguments:
        if argument.alias_info is not None and argument.alias_info.is_write:
            yield argument.name


def memory_of(tensor: Tensor) -> int:
    """Return an id of the memory that a tensor shares with its views, valid while any of them exists."""
    return int(tensor.untyped_storage()._cdata)


def original_of(module: nn.Module) -> nn.Module | None:
    """Return the module inside a wrapper of ``torch.compile``; None if the module is no such wrapper."""
    original = getattr(module, "_orig_mod", None)
    return original if isinstance(original, nn.Module) else None


def run_compiled_as_written(module: nn.Module) -> None:
    """Make a network run uncompiled, both its modules and its functions."""
    for part in module.modules():
        part._compiled_call_impl = None
    if "torch._dynamo" in sys.modules:  # the public functions would import it, which takes seconds
        torch.compiler.set_stance("force_eager")


def versions(state: Mapping[str, Any]) -> Any:
    """Return the module versions recorded in a state dict; None if it has none."""
    return getattr(state, "_metadata", None)


def set_versions(state: Any, found: Any) -> None:
    """Set the module versions recorded in a state dict."""
    state._metadata = found
