"""Observe a network while it runs: every call of a torch module or function is a step.

A step is a call of one of torch's own modules, or of one of torch's functions outside of these. A module's
step has the path of the module (``features.3.squeeze``; ``layer1.0.relu_1`` for a second call). A function's
step has the path of the calling module and the function's name (``features.3.cat``). The network's Python
code runs unchanged. So default arguments, branches, writes through views and any return value need no special
treatment.
"""

import functools
import os
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, fx, nn
from torch.overrides import TorchFunctionMode

from census.errors import StudyError
from census.networks.internals import OpOverload, tree_leaves
from census.networks.operations import Operation

INPUT, OUTPUT = "input", "output"
# steps have the names of torch.fx: operators by name, and ``+=`` as ``+``
OPERATORS = {
    **{"div": "truediv", "rdiv": "truediv", "rsub": "sub", "rpow": "pow", "get": "getattr"},
    **{"add_": "add", "sub_": "sub", "mul_": "mul", "div_": "truediv", "pow_": "pow"},
}
# modules of torch that call their parts as modules, so that these parts are the steps
TRANSFORMERS = (
    nn.Transformer,
    nn.TransformerEncoder,
    nn.TransformerDecoder,
    nn.TransformerEncoderLayer,
    nn.TransformerDecoderLayer,
)
_TRACER = fx.Tracer()
# folders whose frames are nobody's forward; the file in them that holds some, and the one that calls networks
_INNER = tuple(f"{folder}{os.sep}" for folder in (Path(torch.__file__).parent, Path(__file__).parents[1]))
FORWARDS, CALLER = os.path.join("networks", "architectures.py"), os.path.join("networks", "running.py")


class Finished(BaseException):
    """All requested values are recorded; derives from BaseException, so that no forward catches it."""


def tensors_in(values: Any) -> list[Tensor]:
    """Return all tensors within lists, tuples and dictionaries."""
    if isinstance(values, Tensor):
        return [values]
    return [leaf for leaf in tree_leaves(values) if isinstance(leaf, Tensor)]


def is_step(module: nn.Module) -> bool:
    """Return whether a module's call is one step, as for torch's own modules except containers."""
    return _TRACER.is_leaf_module(module, "") and not isinstance(module, TRANSFORMERS)


@functools.cache
def _name_of(function: Callable[..., Any]) -> str:
    """Return torch's name of a function; ``setitem`` for ``Tensor.__setitem__``."""
    name = getattr(function, "__name__", "")
    return name.strip("_") if name.startswith("__") else name


class Watch(TorchFunctionMode):
    """Report the steps of a forward pass to methods that subclasses override, while this context is active.

    Names of steps are unique. No function's step has the path of a module, or the name ``input`` or
    ``output``.

    Parameters
    ----------
    network : the network to observe; each call needs its own context.
    steps : expected names of all steps, in order; a forward pass with other steps raises an error.
    key : the network's key in the config, for messages.

    Attributes
    ----------
    failure : exception raised by an overridden method, which is no fault of the network; None if there is
        none.
    """

    failure: Exception | None

    def __init__(self, network: nn.Module, steps: Sequence[str] | None = None, key: str = "network") -> None:
        super().__init__()
        self._expected, self._key = steps, key
        self._modules = {
            path: module
            for path, module in network.named_modules()
            if path and not isinstance(module, torch.jit.ScriptModule)
        }
        self._reserved = {INPUT, OUTPUT, *self._modules}
        self._handles: list[Any] = []

    def _on_enter(self, name: str, given: Any) -> None:
        """Handle the start of a step; ``given`` is ``(args, kwargs)``, not yet overwritten."""

    def _on_step(self, name: str, operation: Operation, given: Any, output: Any) -> Any:
        """Handle a finished step; a return value other than None replaces its output.

        Tensors within the output of a step are further steps, of the operation ``getitem``.
        """

    def _on_return(self, name: str, module: nn.Module, given: Any, output: Any) -> Any:
        """Handle the return of a container; a return value other than None replaces its output."""

    def __enter__(self) -> Self:
        self._path, self._inside, self._place, self.failure = [""], 0, 0, None
        self._taken: set[str] = set()
        self._counts: dict[tuple[str, bool], int] = {}
        for path, module in self._modules.items():
            entering, leaving = self._hooks(path, is_step(module))
            self._handles += [
                module.register_forward_pre_hook(entering, with_kwargs=True),
                module.register_forward_hook(leaving, with_kwargs=True),
            ]
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: Any) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        super().__exit__(*error)  # type: ignore[no-untyped-call]

    @property
    def path(self) -> str:
        """The path of the module that is running; empty for the network itself."""
        return self._path[-1]

    def _hooks(self, path: str, step: bool) -> tuple[Callable[..., Any], Callable[..., Any]]:
        def entering(module: nn.Module, args: Any, kwargs: Any) -> None:
            self._path.append(path)
            if step:
                if not self._inside:
                    self._quietly(self._on_enter, self._next(path, True), (args, kwargs))
                self._inside += 1

        def leaving(module: nn.Module, args: Any, kwargs: Any, output: Any) -> Any:
            self._path.pop()
            self._inside -= step
            if self._inside:
                return None
            name = self._take(path, True)
            if not step:
                return self._quietly(self._on_return, name, module, (args, kwargs), output)
            return self._step(name, module, (args, kwargs), output)

        return entering, leaving

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        # overloads are called only by observers of torch's functions, such as a dispatch mode
        if self._inside or isinstance(function, OpOverload):
            return function(*args, **kwargs)
        operation = _name_of(function)
        path = self._path[-1]
        name = OPERATORS.get(operation, operation)
        base = f"{path}.{name}" if path else name
        self._quietly(self._on_enter, self._next(base), (args, kwargs))
        output = function(*args, **kwargs)
        if operation == "setitem":
            # the function returns None; its output is the tensor that it wrote to
            output = args[0]
        if isinstance(output, Tensor):
            pass
        elif type(output) is torch.Size or not (isinstance(output, (tuple, list)) and tensors_in(output)):
            return output
        other = self._step(self._take(base), operation, (args, kwargs), output)
        return output if other is None else other

    def _step(self, name: str, operation: Operation, given: Any, output: Any) -> Any:
        self._compare(name)
        replaced = self._quietly(self._on_step, name, operation, given, output)
        if replaced is not None or not isinstance(output, (tuple, list)):
            return replaced
        base = f"{self.path}.getitem" if self.path else "getitem"
        parts, changed = list(output), False
        for place, part in enumerate(parts):
            if isinstance(part, Tensor):
                self._compare(name := self._take(base))
                other = self._quietly(self._on_step, name, "getitem", ((output,), {}), part)
                if other is not None:
                    parts[place], changed = other, True
        return type(output)(parts) if changed else None

    def _quietly(self, report: Callable[..., Any], *given: Any) -> Any:
        """Call a method whose own use of torch does not count as steps of the network."""
        if self.failure is not None:  # the forward has caught the exception
            raise self.failure
        self._inside += 1
        try:
            return report(*given)
        except Exception as error:
            self.failure = error
            raise
        finally:
            self._inside -= 1

    def ended(self) -> None:
        """Handle the end of a complete forward pass."""
        self._compare(None)

    def _compare(self, name: str | None) -> None:
        """Raise an error if a step differs from the expected one; None stands for the end."""
        if self._expected is None:
            return
        expected = self._expected[self._place] if self._place < len(self._expected) else None
        self._place += 1
        if name != expected:
            line = line_of_forward(traceback.extract_stack())
            place = f", at {line}" if line else ""
            raise StudyError(
                f"networks.{self._key}: the forward pass takes step {name or 'end'!r} on some images and "
                f"{expected or 'end'!r} on others{place}; it must take the same steps "
                "for all images, and for any number of them"
            )

    def _next(self, base: str, is_module: bool = False) -> str:
        """Return the name of the next step of a module or function."""
        number = self._counts.get((base, is_module), 0)
        reserved = {INPUT, OUTPUT} if is_module else self._reserved
        if not number and base not in reserved and base not in self._taken:
            return base
        number = max(1, number)
        while (name := f"{base}_{number}") in self._reserved or name in self._taken:
            number += 1
        return name

    def _take(self, base: str, is_module: bool = False) -> str:
        name = self._next(base, is_module)
        self._taken.add(name)
        self._counts[base, is_module] = self._counts.get((base, is_module), 0) + 1
        return name


def line_of_forward(frames: Sequence[traceback.FrameSummary]) -> str:
    """Return file and line of the innermost frame outside torch and this library; empty if there is none.

    Parameters
    ----------
    frames : frames, the outermost first. Frames that called the library are ignored.
    """
    calls = [place for place, frame in enumerate(frames) if frame.filename.endswith(CALLER)]
    own = [
        f"{frame.filename}:{frame.lineno}"
        for frame in frames[calls[-1] if calls else 0 :]
        if frame.filename.endswith(FORWARDS) or not frame.filename.startswith((*_INNER, "<"))
    ]
    return own[-1] if own else ""
