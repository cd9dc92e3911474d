"""Receptive fields: which pixels of the network's input a position of a layer sees. Torch is not needed.

Size, stride and offset of a chain of windows, and of branches that are joined, follow

    Araujo, Norris & Sim (2019), Computing Receptive Fields of Convolutional Neural Networks,
    Distill, doi:10.23915/distill.00021

where the offset is the effective padding with its sign turned. Pixels and positions are counted from 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ReceptiveField:
    """The box of input pixels that each position of a layer sees, all pairs as ``(y, x)``.

    Position p of an axis sees pixels from ``offset + stride · p`` on, ``size`` of them; where the box stands
    out over the image, there are none. Within the box, not every pixel need be seen: there may be gaps
    between the taps of dilated windows, or between windows.

    A layer whose positions each see the whole image, or of which nothing smaller is known, has None in this
    object's place.

    Attributes
    ----------
    size : height and width of the box, in pixels.
    stride : by how many pixels the box moves from one position to the next.
    offset : first pixel that position 0 sees; negative where the box begins in the padding.
    """

    size: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    offset: tuple[int, int] = (0, 0)

    def pixels(self, y: int, x: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return the rows and the columns ``[start, stop)`` that position (y, x) of the layer sees.

        They are not clipped to the image. Clipped, they hold every pixel that the position sees. A box that
        stands out over the image may hold rows or columns at its edges that the position does not see: those
        behind taps in the padding, and those that a stride leaves over on the right and at the bottom.
        """
        start_y, start_x = self.offset[0] + self.stride[0] * y, self.offset[1] + self.stride[1] * x
        return (start_y, start_y + self.size[0]), (start_x, start_x + self.size[1])

    def through(
        self,
        kernel: tuple[int, int],
        stride: tuple[int, int] = (1, 1),
        padding: tuple[int, int] = (0, 0),
        dilation: tuple[int, int] = (1, 1),
    ) -> "ReceptiveField":
        """Return the field of a layer whose positions see windows of this one.

        Parameters
        ----------
        kernel, stride, padding, dilation : of the window, in positions of this layer; padding is what stands
            before the first position, negative where positions are cut off instead.
        """
        (ky, kx), (dy, dx), (py, px) = kernel, dilation, padding
        return ReceptiveField(
            (self.size[0] + self.stride[0] * dy * (ky - 1), self.size[1] + self.stride[1] * dx * (kx - 1)),
            (self.stride[0] * stride[0], self.stride[1] * stride[1]),
            (self.offset[0] - self.stride[0] * py, self.offset[1] - self.stride[1] * px),
        )

    def union(self, other: "ReceptiveField") -> "ReceptiveField | None":
        """Return the box around both fields, or None: boxes that move by different strides have none."""
        if self.stride != other.stride:
            return None
        (top, bottom), (left, right) = self.pixels(0, 0)
        (other_top, other_bottom), (other_left, other_right) = other.pixels(0, 0)
        offset = min(top, other_top), min(left, other_left)
        size = max(bottom, other_bottom) - offset[0], max(right, other_right) - offset[1]
        return ReceptiveField(size, self.stride, offset)

    def attribute(self) -> dict[str, list[int]]:
        """Return size, stride and offset as a store's attributes have them."""
        return {"size": list(self.size), "stride": list(self.stride), "offset": list(self.offset)}


def read_field(attribute: Mapping[str, Any] | None) -> ReceptiveField | None:
    """Return the field that a store's attributes, or a file of layers, hold."""
    return ReceptiveField(**{name: tuple(pair) for name, pair in attribute.items()}) if attribute else None
