"""Receptive fields: the pixels of the network's input on which a position of a layer depends.

Size, stride and offset of successive windows, and of merged branches, follow

    Araujo, Norris & Sim (2019), Computing Receptive Fields of Convolutional Neural Networks,
    Distill, doi:10.23915/distill.00021

The offset is minus the effective padding. Pixels and positions are counted from 0. This module does not
import torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ReceptiveField:
    """The box of input pixels on which each position of a layer depends; all pairs are ``(y, x)``.

    Along each axis, position p sees ``size`` pixels from ``offset + stride · p`` on, as far as they lie in
    the image. The box may contain pixels that the position does not see, because dilated windows, or strides
    larger than windows, leave gaps.

    None in place of this object means that each position sees, or may see, the whole image.

    Attributes
    ----------
    size : height and width of the box, in pixels.
    stride : distance between the boxes of adjacent positions, in pixels.
    offset : first pixel of the box of position 0; negative if the box begins in the padding.
    """

    size: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    offset: tuple[int, int] = (0, 0)

    def pixels(self, y: int, x: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return the rows and the columns ``[start, stop)`` that position (y, x) of the layer sees.

        They are not clipped to the image. After clipping, they contain every pixel that the position sees. If
        the box extends beyond the image, its edges may contain rows or columns that the position does not
        see: those next to taps in the padding, and those that a stride leaves over at the right and bottom.
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
        kernel, stride, padding, dilation : of the window, in positions of this layer. Padding counts the
            positions added before the first; it is negative for cropping.
        """
        (ky, kx), (dy, dx), (py, px) = kernel, dilation, padding
        return ReceptiveField(
            (self.size[0] + self.stride[0] * dy * (ky - 1), self.size[1] + self.stride[1] * dx * (kx - 1)),
            (self.stride[0] * stride[0], self.stride[1] * stride[1]),
            (self.offset[0] - self.stride[0] * py, self.offset[1] - self.stride[1] * px),
        )

    def union(self, other: "ReceptiveField") -> "ReceptiveField | None":
        """Return the box around both fields; None if their strides differ."""
        if self.stride != other.stride:
            return None
        (top, bottom), (left, right) = self.pixels(0, 0)
        (other_top, other_bottom), (other_left, other_right) = other.pixels(0, 0)
        offset = min(top, other_top), min(left, other_left)
        size = max(bottom, other_bottom) - offset[0], max(right, other_right) - offset[1]
        return ReceptiveField(size, self.stride, offset)

    def attribute(self) -> dict[str, list[int]]:
        """Return size, stride and offset as attributes of a store."""
        return {"size": list(self.size), "stride": list(self.stride), "offset": list(self.offset)}


def read_field(attribute: Mapping[str, Any] | None) -> ReceptiveField | None:
    """Return the field from the attributes of a store or from a file of layers."""
    return ReceptiveField(**{name: tuple(pair) for name, pair in attribute.items()}) if attribute else None
