"""View a layer's values as activation maps, independent of the order of the tensor's axes."""

from torch import Tensor

from census.networks.axes import usual_axis


def unit_shape(shape: tuple[int, ...], units_axis: int | None = None) -> tuple[int, int, int] | None:
    """Return ``(units, height, width)`` for the shape of one image's values, or None if it has no units.

    Maps have the shape ``(units, height, width)``, vectors ``(units,)``, token sequences ``(tokens, units)``.
    Tokens count as positions.

    Parameters
    ----------
    shape : shape of the values on one image.
    units_axis : axis of units in a batch of values; None for the default.
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
    """Return a view of any layer's values as ``(images, height, width, units)``.

    The values have this order in memory if the network runs in the channels-last layout.

    Parameters
    ----------
    values : tensor with two to four axes; the first is that of the images.
    units_axis : the layer's :attr:`~census.networks.layers.Layer.units_axis`.
    """
    if units_axis is not None:
        values = values.movedim(units_axis, usual_axis(values.ndim))
    if values.ndim == 4:
        return values.permute(0, 2, 3, 1)
    return values[:, :, None, :] if values.ndim == 3 else values[:, None, None, :]


def from_maps(maps: Tensor, dimensions: int, units_axis: int | None = None) -> Tensor:
    """Return a view of maps in the shape of a layer's values: the inverse of :func:`as_maps`.

    Parameters
    ----------
    maps : tensor of float, shape (n_images, height, width, n_units).
    dimensions : number of axes of the layer's values, 2 to 4.
    units_axis : the layer's :attr:`~census.networks.layers.Layer.units_axis`.
    """
    if dimensions == 4:
        values = maps.permute(0, 3, 1, 2)
    else:
        values = maps[:, :, 0, :] if dimensions == 3 else maps[:, 0, 0, :]
    return values if units_axis is None else values.movedim(usual_axis(dimensions), units_axis)
