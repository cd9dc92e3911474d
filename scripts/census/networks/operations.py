"""What is known of torch's operations: which are nonlinear, pool, pass values on, or write in place.

An operation is a module of torch's own, or the name of one of its functions and methods (``relu``, ``add_``).
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
)
NONLINEARITY_NAMES = {
    *("relu", "relu6", "leaky_relu", "prelu", "rrelu", "elu", "selu", "celu", "gelu", "silu", "mish"),
    *("softplus", "hardswish", "hardsigmoid", "hardtanh", "sigmoid", "tanh"),
}
# these only pass values on, in another shape or none: a layer of the same numbers is no new layer
PASSING_ON: tuple[type[nn.Module], ...] = (
    nn.Identity,
    nn.Flatten,
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.AlphaDropout,
)
PASSING_ON_NAMES = {"flatten", "dropout", "reshape", "view", "squeeze", "contiguous"}

# ``x[…] = …`` and those operators that no method has; torch calls ``+=`` ``add_``
IN_PLACE_OPERATORS = {"setitem", "iand", "ior", "ixor", "ilshift", "irshift"}


def is_nonlinearity(operation: Operation) -> bool:
    """Return whether an operation is an activation function; ``relu_`` is one as ``relu`` is."""
    if isinstance(operation, str):
        return operation.removesuffix("_") in NONLINEARITY_NAMES
    return isinstance(operation, NONLINEARITIES)


def is_pooling(operation: Operation) -> bool:
    """Return whether an operation pools over positions."""
    if isinstance(operation, str):
        return "_pool" in operation
    return type(operation).__module__ == "torch.nn.modules.pooling"


def passes_on(operation: Operation) -> bool:
    """Return whether an operation returns the numbers that it takes."""
    return isinstance(operation, PASSING_ON) or operation in PASSING_ON_NAMES


def writes_in_place(operation: Operation) -> bool:
    """Return whether an operation writes to a tensor that it takes, as far as its name or module tells."""
    if isinstance(operation, str):
        return operation.endswith("_") or operation in IN_PLACE_OPERATORS
    return bool(getattr(operation, "inplace", False))
