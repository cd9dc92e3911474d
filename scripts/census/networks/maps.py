"""A layer's values as maps: units, height and width of a tensor, whichever way it is laid out."""

from torch import Tensor

from census.networks.axes import usual_axis


def unit_shape(shape: tuple[int, ...], units_axis: int | None = None) -> tuple[int, int, int] | None:
    """Return ``(units, height, width)`` of a tensor's shape without its batch axis, or None.

    Maps are ``(units, height, width)``, vectors ``(units,)``, sequences of tokens ``(tokens, units)``;
    tokens are read as positions.

    Parameters
    ----------
    shape : of the values on one image.
    units_axis : along which axis of a batch of them units lie, if it is not the usual one.
    """
    if units_axis is not None:
        positions = [length for axis, length in enumerate(shape, 1) if axis != units_axis]
        shape = (
            (shape[units_axis - 1], *positions) if len(shape) == 3 else (*positions, shape[units_axis - 1])
        )
    if len(shape) == 3:
        return shape[0], shape[1], shape[2]
    if len(shape) == 2:
        return shape[1], shape[0], 1
    return (shape[0], 1, 1) if len(shape) == 1 else None


def as_maps(values: Tensor, units_axis: int | None = None) -> Tensor:
    """Return a batch of any layer's values as ``(images, height, width, units)``, without copying.

    The values lie in memory in this order where the network runs in the channels-last layout.

    Parameters
    ----------
    values : of two to four axes, that of the images first.
    units_axis : the layer's :attr:`~census.networks.layers.Layer.units_axis`.
    """
    if units_axis is not None:
        values = values.movedim(units_axis, usual_axis(values.ndim))
    if values.ndim == 4:
        return values.permute(0, 2, 3, 1)
    return values[:, :, None, :] if values.ndim == 3 else values[:, None, None, :]


def from_maps(maps: Tensor, dimensions: int, units_axis: int | None = None) -> Tensor:
    """Return maps as a batch of a layer's values again: the inverse of :func:`as_maps`, without copying.

    Parameters
    ----------
    maps : (images, height, width, units).
    dimensions : number of axes of the layer's values, 2 to 4.
    units_axis : the layer's :attr:`~census.networks.layers.Layer.units_axis`.
    """
    if dimensions == 4:
        values = maps.permute(0, 3, 1, 2)
    else:
        values = maps[:, :, 0, :] if dimensions == 3 else maps[:, 0, 0, :]
    return values if units_axis is None else values.movedim(usual_axis(dimensions), units_axis)
