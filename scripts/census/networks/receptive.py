"""The receptive field of every tensor in a network.

A rule for each of torch's operations gives the receptive field of its output. An operation without a rule may
mix all positions, so its output is assumed to see the whole image.
"""

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from census.networks.fields import ReceptiveField
from census.networks.internals import WeakIdKeyDictionary, memory_of, written_arguments
from census.networks.tracking import Rule, Tracker, axes_in, from_last, permuted, transposed, unsqueezed
from census.networks.watch import tensors_in


@dataclass(frozen=True)
class _Seen:
    """The receptive field of a tensor's positions, and the axes of rows and columns.

    Axes are counted from the last, −1. So they keep their number when tensors with different numbers of axes
    are added.
    """

    field: ReceptiveField
    rows: int = -2
    columns: int = -1

    @property
    def lies_as_images(self) -> bool:
        """Whether rows and columns are the last two axes."""
        return (self.rows, self.columns) == (-2, -1)

    def moved(self, new_axis: Callable[[int], int]) -> "_Seen":
        """Return the same receptive field with other axes as rows and columns."""
        return replace(self, rows=new_axis(self.rows), columns=new_axis(self.columns))


class Fields(Tracker[_Seen]):
    """Track receptive fields through a network while this context is active.

    A tensor without a known field may see the whole image.

    Parameters
    ----------
    images : ``(n, channels, height, width)``, the network's input.
    """

    def __init__(self, images: Tensor) -> None:
        super().__init__(images, _Seen(ReceptiveField()), RULES, _same_place)
        # the tensors that there still are, by their memory
        self._sharing: dict[int, MutableMapping[Tensor, None]] = {}

    def of(self, tensor: Tensor, units_axis: int | None) -> ReceptiveField | None:
        """Return the receptive field of a tensor's positions, in pixels of the images.

        Parameters
        ----------
        tensor : ``(n, units, height, width)``, or with its units last.
        units_axis : see :meth:`census.networks.axes.Axes.of`.

        Returns
        -------
        the field; None if each position may see the whole image, if the other axes are not the rows and
        columns of the image, or if the tensor has another shape.
        """
        seen = self.known.get(tensor)
        places = [-3, -2] if units_axis == 3 else [-2, -1]
        are_maps = seen is not None and tensor.ndim == 4 and [seen.rows, seen.columns] == places
        return seen.field if seen and are_maps else None

    def _follow(
        self,
        operation: Any,
        rule: Rule[_Seen] | None,
        inputs: list[Tensor],
        outputs: list[Tensor],
        arguments: dict[str, Any],
    ) -> None:
        for tensor in (*inputs, *outputs):
            self._sharing.setdefault(memory_of(tensor), WeakIdKeyDictionary())[tensor] = None
        super()._follow(operation, rule, inputs, outputs, arguments)
        if any(tensor in self.known for tensor in inputs):
            # after a write, all other tensors that share the memory may see the whole image
            for name in written_arguments(operation):
                for written in tensors_in(arguments[name]):
                    sharing = set(self._sharing[memory_of(written)].keys())
                    self.known.update(dict.fromkeys(sharing.difference(outputs)))

    def _of_output(
        self, rule: Rule[_Seen] | None, dependent: list[Tensor], output: Tensor, arguments: dict[str, Any]
    ) -> _Seen | None:
        """Return the field of an output: the union over its inputs, after the rule."""
        if rule is None or (len(dependent) > 1 and rule not in (_same_place, _joined)):
            return None  # another argument, such as the weights, depends on the image
        seen: _Seen | None = None
        for tensor in dependent:
            before = self.known[tensor]
            after = rule(before, tensor, output, arguments) if before else None
            seen = after if tensor is dependent[0] else _both(seen, after)
        return seen


def _both(one: _Seen | None, other: _Seen | None) -> _Seen | None:
    """Return the union of two fields."""
    if one is None or other is None or (one.rows, one.columns) != (other.rows, other.columns):
        return None
    field = one.field.union(other.field)
    return replace(one, field=field) if field else None


def _pair(values: Sequence[int]) -> tuple[int, int]:
    """Return the values for rows and columns; a single value holds for both."""
    return values[-2 if len(values) > 1 else -1], values[-1]


def _same_place(seen: _Seen, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> _Seen | None:
    """Keep the field for pointwise operations; inputs of size 1 along an axis are broadcast."""
    if output.ndim < -min(seen.rows, seen.columns):
        return None
    kept = all(value.shape[axis] == output.shape[axis] for axis in (seen.rows, seen.columns))
    return seen if kept else None


def _joined(seen: _Seen, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> _Seen | None:
    """Concatenate tensors along an axis."""
    along = from_last(arguments["dim"], output.ndim)
    return None if along in (seen.rows, seen.columns) else seen


def _convolution(seen: _Seen, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> _Seen | None:
    kernel, stride = arguments["weight"].shape[2:], arguments["stride"]
    dilation, padding = _pair(arguments["dilation"]), _pair(arguments["padding"])
    if len(kernel) != 2 or not seen.lies_as_images:
        return None
    if arguments["transposed"]:
        if set(stride) != {1}:
            return None  # windows would vary in size, and lie fractions of a pixel apart
        # the same windows as those of a convolution with the padding that the kernel leaves
        padding = (
            dilation[0] * (kernel[0] - 1) - padding[0],
            dilation[1] * (kernel[1] - 1) - padding[1],
        )
    return _Seen(seen.field.through(_pair(kernel), _pair(stride), padding, dilation))


def _pooling(seen: _Seen, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> _Seen | None:
    if not seen.lies_as_images:
        return None
    kernel = _pair(arguments["kernel_size"])
    stride = _pair(arguments["stride"] or kernel)
    padding, dilation = _pair(arguments["padding"]), _pair(arguments.get("dilation", [1]))
    return _Seen(seen.field.through(kernel, stride, padding, dilation))


def _adaptive_pooling(seen: _Seen, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> _Seen | None:
    before, after = value.shape[-2:], output.shape[-2:]
    if not seen.lies_as_images or set(after) == {1} or before[0] % after[0] or before[1] % after[1]:
        return None  # global, or with windows of varying size
    window = before[0] // after[0], before[1] // after[1]
    return _Seen(seen.field.through(window, window))


def _padding(seen: _Seen, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> _Seen | None:
    left, _, top, _ = [*arguments["pad"], 0, 0, 0, 0][:4]  # in pairs, the last axis first
    return _Seen(seen.field.through((1, 1), padding=(top, left))) if seen.lies_as_images else None


def _slice(seen: _Seen, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> _Seen | None:
    along = from_last(arguments["dim"], value.ndim)
    if along not in (seen.rows, seen.columns):
        return seen
    taken = slice(arguments["start"], arguments["end"], arguments["step"])
    first, _, step = taken.indices(value.shape[along])
    if along == seen.rows:
        return replace(seen, field=seen.field.through((1, 1), (step, 1), (-first, 0)))
    return replace(seen, field=seen.field.through((1, 1), (1, step), (0, -first)))


def _along_others(seen: _Seen, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> _Seen | None:
    """Mix values along the axes ``dim``, or all axes; drop these axes if the output has fewer."""
    axes = axes_in(arguments, value.ndim)
    if not axes or axes & {seen.rows, seen.columns}:
        return None
    if output.ndim == value.ndim:
        return seen
    return seen.moved(lambda axis: axis + sum(gone > axis for gone in axes))


def _over_last(seen: _Seen, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> _Seen | None:
    """Mix values along the last axes: those of ``normalized_shape``, or one."""
    n_mixed = len(arguments.get("normalized_shape", [1]))
    return seen if max(seen.rows, seen.columns) < -n_mixed else None


def _batch_norm(seen: _Seen, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> _Seen | None:
    return None if arguments["training"] else seen


def _moved(rule: Callable[..., int]) -> Rule[_Seen]:
    """Return the rule that moves rows and columns as a rule moves an axis."""
    return lambda seen, *operation: seen.moved(lambda axis: rule(axis, *operation))


def _view(seen: _Seen, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> _Seen | None:
    """Keep rows and columns if they are the last two axes and keep their lengths."""
    return seen if seen.lies_as_images and value.shape[-2:] == output.shape[-2:] else None


RULES: dict[str, Rule[_Seen]] = {
    "adaptive_avg_pool2d": _adaptive_pooling,
    "adaptive_max_pool2d": _adaptive_pooling,
    "alias": _same_place,
    "amax": _along_others,
    "amin": _along_others,
    "avg_pool2d": _pooling,
    "avg_pool3d": _pooling,  # within local response normalization
    "batch_norm": _batch_norm,
    "cat": _joined,
    "clone": _same_place,
    "constant_pad_nd": _padding,
    "convolution": _convolution,
    "copy": _same_place,
    "detach": _same_place,
    "expand": _same_place,
    "hardswish": _same_place,
    "layer_norm": _over_last,
    "linear": _over_last,
    "max_pool2d_with_indices": _pooling,
    "mean": _along_others,
    "permute": _moved(permuted),
    "select": _along_others,
    "slice": _slice,
    "split": _joined,
    "split_with_sizes": _joined,
    "squeeze": _along_others,
    "sum": _along_others,
    "transpose": _moved(transposed),
    "unsqueeze": _moved(unsqueezed),
    "view": _view,
    "_log_softmax": _along_others,
    "_prelu_kernel": _same_place,
    "_softmax": _along_others,
    "_to_copy": _same_place,
    "_unsafe_view": _view,
}
