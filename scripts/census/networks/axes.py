"""The axis of each tensor of a network along which units lie.

Maps usually have the shape ``(images, units, height, width)``, and token sequences ``(images, tokens,
units)``. There are exceptions: some transformers and convolutional networks have the units of their maps
last. The axis follows from the operations that led to a tensor. A convolution returns units along axis 1; a
linear layer or layer normalization, along the last axis. Most other operations move that axis or keep it.
"""

import math
from typing import Any

from torch import Tensor

from census.networks.tracking import Rule, Tracker, axes_in, permuted, transposed, unsqueezed


def usual_axis(n_axes: int) -> int:
    """Return the default axis of units: 1 for maps, else the last."""
    return 1 if n_axes == 4 else n_axes - 1


class Axes(Tracker[int]):
    """Track the axis of units through a network; axes are counted from the last, −1.

    Parameters
    ----------
    images : ``(n, channels, height, width)``, the network's input.
    """

    def __init__(self, images: Tensor) -> None:
        super().__init__(images, -3, RULES, _kept)

    def of(self, tensor: Tensor) -> int | None:
        """Return the axis of a tensor's units; axis 0 is that of the images.

        None means the default axis (:func:`usual_axis`), or that the axis cannot be determined.
        """
        axis = self.known.get(tensor)
        place = None if axis is None else axis + tensor.ndim
        return None if place in (None, 0, usual_axis(tensor.ndim)) else place

    def _of_output(
        self, rule: Rule[int] | None, dependent: list[Tensor], output: Tensor, arguments: dict[str, Any]
    ) -> int | None:
        """Return the axis on which all inputs with a known axis agree; None if they disagree."""
        found = {self._apply(rule, tensor, output, arguments) for tensor in dependent} - {None}
        return found.pop() if len(found) == 1 else None

    def _apply(
        self, rule: Rule[int] | None, tensor: Tensor, output: Tensor, arguments: dict[str, Any]
    ) -> int | None:
        axis = self.known[tensor]
        if rule is None or (axis is None and rule not in (_first, _last, _layer_norm)):
            return None
        # operations that create units ignore the units of their input
        after = rule(axis or 0, tensor, output, arguments)
        return after if after and -output.ndim <= after else None


def _kept(axis: int, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> int:
    return axis


def _first(axis: int, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> int:
    """Return the first axis after that of the images."""
    return 1 - output.ndim


def _last(axis: int, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> int:
    return -1


def _layer_norm(axis: int, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> int | None:
    """Return the normalized axis; if several are normalized, the axis of the input's units."""
    return -1 if len(arguments["normalized_shape"]) == 1 else axis


def _without(axis: int, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> int | None:
    """Drop the axes ``dim``, or all axes, unless the output has as many axes as the input."""
    if output.ndim == value.ndim:
        return axis
    gone = axes_in(arguments, value.ndim)
    return None if not gone or axis in gone else axis + sum(each > axis for each in gone)


def _view(axis: int, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> int | None:
    """Return the axis of the same length that has the same number of values after it."""
    length, behind = value.shape[axis], math.prod(value.shape[value.ndim + axis + 1 :])
    for place in range(1, output.ndim):
        if output.shape[place] == length and math.prod(output.shape[place + 1 :]) == behind:
            return place - output.ndim
    return None


RULES: dict[str, Rule[int]] = {
    **dict.fromkeys(("convolution", "batch_norm", "group_norm", "instance_norm"), _first),
    "linear": _last,
    "layer_norm": _layer_norm,
    **dict.fromkeys(("adaptive_avg_pool2d", "adaptive_max_pool2d", "avg_pool2d", "avg_pool3d"), _kept),
    **dict.fromkeys(("max_pool2d_with_indices", "constant_pad_nd", "roll", "flip", "slice"), _kept),
    **dict.fromkeys(
        ("cat", "split", "split_with_sizes", "expand", "alias", "detach", "clone", "copy"), _kept
    ),
    **dict.fromkeys(("hardswish", "_prelu_kernel", "_softmax", "_log_softmax", "_to_copy"), _kept),
    **dict.fromkeys(("mean", "sum", "amax", "amin", "select", "squeeze"), _without),
    "permute": permuted,
    "transpose": transposed,
    "unsqueeze": unsqueezed,
    "view": _view,
    "_unsafe_view": _view,
}
