"""Classify torch's operations: nonlinearities, pooling, operations that keep values, writes in place.

An operation is one of torch's modules, or the name of a function or method (``relu``, ``add_``).
"""

from torch import nn

Operation = nn.Module | str

NONLINEARITIES: tuple[type[nn.Module], ...] = (
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
    nn.Tanhshrink,
    nn.Softsign,
    nn.Softshrink,
    nn.Hardshrink,
    nn.Threshold,
)
# functions have the modules' names, except for one
NONLINEARITY_NAMES = {"leaky_relu", *(module.__name__.lower() for module in NONLINEARITIES)}
# these return the values that they receive, possibly reshaped, and so create no new layer
PASSING_ON: tuple[type[nn.Module], ...] = (
    nn.Identity,
    nn.Flatten,
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.AlphaDropout,
)
PASSING_ON_NAMES = {"flatten", "dropout", "reshape", "view", "squeeze", "contiguous"}

# ``x[…] = …``, and operators without a method; torch calls ``+=`` ``add_``
IN_PLACE_OPERATORS = {"setitem", "iand", "ior", "ixor", "ilshift", "irshift"}


def is_nonlinearity(operation: Operation) -> bool:
    """Return whether an operation is an activation function; ``relu_`` counts like ``relu``."""
    if isinstance(operation, str):
        return operation.removesuffix("_") in NONLINEARITY_NAMES
    return isinstance(operation, NONLINEARITIES)


def is_pooling(operation: Operation) -> bool:
    """Return whether an operation pools over positions."""
    if isinstance(operation, str):
        return "_pool" in operation
    return type(operation).__module__ == "torch.nn.modules.pooling"


def passes_on(operation: Operation) -> bool:
    """Return whether an operation returns the values that it receives."""
    return isinstance(operation, PASSING_ON) or operation in PASSING_ON_NAMES


def writes_in_place(operation: Operation) -> bool:
    """Return whether an operation writes to one of its inputs, judging by its name or module."""
    if isinstance(operation, str):
        return operation.endswith("_") or operation in IN_PLACE_OPERATORS
    return bool(getattr(operation, "inplace", False))
