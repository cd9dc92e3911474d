"""Convert stored pixels to a network's input."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from census.statistics.gray import LUMA

INTERPOLATIONS = ("bilinear", "bicubic", "nearest")


class Preprocess:
    """Resize, crop, reorder and normalize images for one network.

    Parameters
    ----------
    entry : the network's ``input`` in the config: size, resize, interpolation, color, range, mean, std.

    Attributes
    ----------
    layout : memory layout of the result; see :func:`census.networks.layout.place_network`.
    """

    layout: torch.memory_format = torch.channels_last

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self._size, self._resize = entry["size"], entry["resize"] or entry["size"]
        self._interpolation, self._color = entry.get("interpolation", "bilinear"), entry["color"]
        self._scale = entry["range"] / 255
        # repeated for a row of pixels with adjacent channels: a loop over a row is several times as fast as
        # loops over three values
        self._mean = torch.tensor(entry["mean"], dtype=torch.float32).repeat(self._size)
        self._std = torch.tensor(entry["std"], dtype=torch.float32).repeat(self._size)

    def __call__(self, pixels: np.ndarray, device: str = "cpu") -> Tensor:
        """Return the network's input.

        Parameters
        ----------
        pixels : array of uint8, shape (n, height, width, 1 or 3), gray or RGB.
        device : device of the result.

        Returns
        -------
        tensor of float32, shape (n, n_channels, size, size) in :attr:`layout`.
        """
        values = torch.from_numpy(np.ascontiguousarray(pixels))
        if device == "cuda":
            # so that the copy overlaps with computations on the device
            values = values.pin_memory().to(device, non_blocking=True)
        values = values.permute(0, 3, 1, 2).float()
        if self._color == "gray" and values.shape[1] == 3:
            weights = torch.tensor(LUMA, device=values.device)[:, None, None]
            values = (values * weights).sum(1, keepdim=True)
        elif self._color != "gray" and values.shape[1] == 1:
            values = values.expand(-1, 3, -1, -1)
        if values.shape[2:] != (self._resize, self._resize):
            values = self._resized(values)
        start = round((self._resize - self._size) / 2)  # as torchvision's CenterCrop
        return self.normalize(values[:, :, start : start + self._size, start : start + self._size])

    def _resized(self, values: Tensor) -> Tensor:
        shape = self._resize, self._resize
        if self._interpolation == "nearest":
            return F.interpolate(values, shape, mode="nearest-exact")
        # cubic interpolation overshoots the values that it interpolates
        return F.interpolate(values, shape, mode=self._interpolation, antialias=True).clamp_(0, 255)

    def normalize(self, values: Tensor) -> Tensor:
        """Return the network's input for images of the right size; gradients pass through.

        Parameters
        ----------
        values : tensor of float32, shape (n, n_channels, size, size) from 0 to 255, gray or RGB.
        """
        images = values.permute(0, 2, 3, 1)
        if self._color == "BGR":
            # three times as fast as torch.flip
            images = images.index_select(-1, torch.tensor([2, 1, 0], device=images.device))
        mean, std = self._mean.to(images.device), self._std.to(images.device)
        rows = (images.flatten(2) * self._scale).sub_(mean).div_(std)
        return rows.view(images.shape).permute(0, 3, 1, 2).contiguous(memory_format=self.layout)
