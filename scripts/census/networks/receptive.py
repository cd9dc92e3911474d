"""The receptive field of every tensor in a traced network.

The graph is run once, on an image without data, and for each of torch's own operations on the way a rule says
what its output sees. Modules, functions and methods all come down to these few operations: so a convolution
is known wherever it stands. An operation without a rule may mix all positions, and what it returns is taken
to see the whole image.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, fx
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from census.networks.fields import ReceptiveField


@dataclass(frozen=True)
class _Seen:
    """What a tensor's positions see, and which of its axes are rows and columns.

    Axes are counted from the last, -1: so they keep their number where tensors with different numbers of axes
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
        """Return the same with other axes as rows and columns."""
        return replace(self, rows=new_axis(self.rows), columns=new_axis(self.columns))


# a rule says what the output sees, from what the input sees, the input, the output, and the arguments by name
_Rule = Callable[[_Seen, Tensor, Tensor, dict[str, Any]], _Seen | None]


def receptive_fields(
    traced: fx.GraphModule, images: Tensor, units_axes: Mapping[fx.Node, int | None]
) -> dict[fx.Node, ReceptiveField | None]:
    """Return the receptive field of every node that returns a tensor.

    Parameters
    ----------
    traced : a traced network, on the device of the images; the device ``meta`` spares all computing.
    images : ``(n, channels, height, width)``; only their shape matters.
    units_axes : what :func:`census.networks.axes.units_axes` returned.

    Returns
    -------
    the field in pixels of the images, for each tensor ``(n, units, height, width)``, or with its units last;
    None where each position may see the whole image, and where the other axes are not the rows and columns of
    the image.
    """
    fields: dict[fx.Node, ReceptiveField | None] = {}
    tracker = _Tracker(images)

    class Walk(fx.Interpreter):
        def run_node(self, node: fx.Node) -> Any:
            value = super().run_node(node)
            if isinstance(value, Tensor):
                seen = tracker.seen.get(value)
                places = [-3, -2] if units_axes.get(node) == 3 else [-2, -1]
                are_maps = seen is not None and value.ndim == 4 and [seen.rows, seen.columns] == places
                fields[node] = seen.field if seen and are_maps else None
            return value

    # without gradients to keep track of, torch shows operations before it takes them apart
    with torch.inference_mode(), tracker:
        Walk(traced).run(images)
    return fields


class _Tracker(TorchDispatchMode):
    """Follows what tensors see of the images, through all operations while it is active.

    Attributes
    ----------
    seen : for each tensor that depends on the images what it sees of them, or None for the whole of them.
    """

    def __init__(self, images: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen: dict[Tensor, _Seen | None] = {images: _Seen(ReceptiveField())}
        # tensors by the memory that they lie in; they are kept, so that no other takes their place in there
        self._sharing: dict[int, dict[Tensor, None]] = {}

    def __torch_dispatch__(
        self, operation: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        rule = _rule_of(operation)
        if rule is None:
            with self:  # shown again are the operations that this one consists of
                result = operation.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        result = operation(*args, **kwargs)

        inputs, outputs = tensors_in([args, kwargs]), tensors_in(result)
        for tensor in (*inputs, *outputs):
            self._sharing.setdefault(tensor.untyped_storage()._cdata, {})[tensor] = None
        if any(tensor in self.seen for tensor in inputs):
            arguments = by_name(operation, args, kwargs)
            seen = [self._apply(rule, inputs, output, arguments) for output in outputs]
            self._forget_what_is_written_to(operation, arguments)
            self.seen.update(zip(outputs, seen, strict=True))
        return result

    def _apply(
        self, rule: _Rule | None, inputs: list[Tensor], output: Tensor, arguments: dict[str, Any]
    ) -> _Seen | None:
        """Return what an output sees: what any of the inputs does, under the rule."""
        dependent = [tensor for tensor in inputs if tensor in self.seen]
        if rule is None or (len(dependent) > 1 and rule not in (_same_place, _joined)):
            return None  # one that also takes its weights, say, from the image
        seen: _Seen | None = None
        for tensor in dependent:
            before = self.seen[tensor]
            after = rule(before, tensor, output, arguments) if before else None
            seen = after if tensor is dependent[0] else _both(seen, after)
        return seen

    def _forget_what_is_written_to(self, operation: Any, arguments: dict[str, Any]) -> None:
        """Let all tensors that share the memory that an operation writes to see the whole image."""
        for declared in operation._schema.arguments:
            if declared.alias_info is not None and declared.alias_info.is_write:
                for written in tensors_in(arguments[declared.name]):
                    self.seen.update(dict.fromkeys(self._sharing[written.untyped_storage()._cdata]))


def _both(one: _Seen | None, other: _Seen | None) -> _Seen | None:
    """Return what is seen by one or the other."""
    if one is None or other is None or (one.rows, one.columns) != (other.rows, other.columns):
        return None
    field = one.field.union(other.field)
    return replace(one, field=field) if field else None


def tensors_in(values: Any) -> list[Tensor]:
    """Return all tensors within lists, tuples and dictionaries."""
    return [leaf for leaf in tree_leaves(values) if isinstance(leaf, Tensor)]


def by_name(operation: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return an operation's arguments by name, those that were left out with their defaults."""
    declared = operation._schema.arguments
    given = {each.name: value for each, value in zip(declared, args, strict=False)}
    return {each.name: each.default_value for each in declared} | given | kwargs


def _rule_of(operation: Any) -> _Rule | None:
    name = operation.overloadpacket.__name__
    if operation._schema.is_mutable:
        name = name.removesuffix("_")
    return RULES.get(name) or (_same_place if torch.Tag.pointwise in operation.tags else None)


def from_last(axis: int, n_axes: int) -> int:
    """Return an axis counted from the last, -1."""
    return axis - n_axes if axis >= 0 else axis


def _pair(values: Sequence[int]) -> tuple[int, int]:
    """Return what holds along rows and columns, of values for the last axes or a single one for all."""
    return values[-2 if len(values) > 1 else -1], values[-1]


def _same_place(seen: _Seen, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> _Seen | None:
    """Each position sees its own place; so if the input has no other extent, along which it is repeated."""
    if output.ndim < -min(seen.rows, seen.columns):
        return None
    kept = all(value.shape[axis] == output.shape[axis] for axis in (seen.rows, seen.columns))
    return seen if kept else None


def _joined(seen: _Seen, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> _Seen | None:
    """Tensors stand one behind the other along an axis."""
    along = from_last(arguments["dim"], output.ndim)
    return None if along in (seen.rows, seen.columns) else seen


def _convolution(seen: _Seen, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> _Seen | None:
    kernel, stride = arguments["weight"].shape[2:], arguments["stride"]
    dilation, padding = _pair(arguments["dilation"]), _pair(arguments["padding"])
    if len(kernel) != 2 or not seen.lies_as_images:
        return None
    if arguments["transposed"]:
        if set(stride) != {1}:
            return None  # positions would see windows of varying size, a fraction of a pixel apart
        # the same windows as those of a convolution that stand out as far as the kernel leaves it
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
        return None  # of the whole, or with windows of varying size
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
    """Mixed are the values along the axes ``dim``, or all; they are left out where the output has fewer."""
    dim = arguments.get("dim")
    axes = {from_last(axis, value.ndim) for axis in ([dim] if isinstance(dim, int) else dim or [])}
    if not axes or axes & {seen.rows, seen.columns}:
        return None
    if output.ndim == value.ndim:
        return seen
    return seen.moved(lambda axis: axis + sum(gone > axis for gone in axes))


def _over_last(seen: _Seen, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> _Seen | None:
    """Mixed are the values along the last axes: those of ``normalized_shape``, or one."""
    n_mixed = len(arguments.get("normalized_shape", [1]))
    return seen if max(seen.rows, seen.columns) < -n_mixed else None


def _batch_norm(seen: _Seen, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> _Seen | None:
    return None if arguments["training"] else seen


def _permute(seen: _Seen, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> _Seen | None:
    order = [from_last(axis, value.ndim) for axis in arguments["dims"]]
    return seen.moved(lambda axis: order.index(axis) - value.ndim)


def _transpose(seen: _Seen, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> _Seen | None:
    one, other = (from_last(arguments[name], value.ndim) for name in ("dim0", "dim1"))
    return seen.moved(lambda axis: {one: other, other: one}.get(axis, axis))


def _unsqueeze(seen: _Seen, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> _Seen | None:
    new = from_last(arguments["dim"], output.ndim)
    return seen.moved(lambda axis: axis if axis > new else axis - 1)


def _view(seen: _Seen, value: Tensor, output: Tensor, arguments: dict[str, Any]) -> _Seen | None:
    """Whatever becomes of the axes before them, the last two are what they were if they are as long."""
    return seen if seen.lies_as_images and value.shape[-2:] == output.shape[-2:] else None


# by torch's names for the operations that its modules and functions consist of, for those that work in place
# without their last "_"; operations that torch itself tags as pointwise need no entry
RULES: dict[str, _Rule] = {
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
    "permute": _permute,
    "select": _along_others,
    "slice": _slice,
    "split": _joined,
    "split_with_sizes": _joined,
    "squeeze": _along_others,
    "sum": _along_others,
    "transpose": _transpose,
    "unsqueeze": _unsqueeze,
    "view": _view,
    "_log_softmax": _along_others,
    "_prelu_kernel": _same_place,
    "_softmax": _along_others,
    "_to_copy": _same_place,
    "_unsafe_view": _view,
}
