"""Compute the four summaries of a unit's map that are stored for every image."""

from typing import NamedTuple

import torch
from torch import Tensor

from census.recording.kernel import summarize


class Statistics(NamedTuple):
    """Summaries over the positions of each unit's map, tensors of shape (n_images, n_units).

    Attributes
    ----------
    mean : float32, mean over positions.
    max : float32, largest value.
    argmax : int32, position of the largest value as ``y · width + x``; the first of equal ones.
    nonzero : int32, number of positions whose value is not 0.
    """

    mean: Tensor
    max: Tensor
    argmax: Tensor
    nonzero: Tensor


def statistics(values: Tensor) -> Statistics:
    """Summarize maps over their positions.

    Parameters
    ----------
    values : tensor of float32, shape (n_images, height, width, n_units), on any device; fastest if units are
        contiguous in memory.

    Returns
    -------
    the summaries, on the same device. A NaN in a map makes its mean and max NaN, and counts as not 0; argmax
    is then the position of the first NaN.
    """
    return _by_kernel(values) if values.device.type == "cpu" else _by_torch(values)


def _by_kernel(values: Tensor) -> Statistics:
    images, height, width, units = values.shape
    found = Statistics(
        *(torch.empty(images, units, dtype=dtype) for dtype in (torch.float32,) * 2 + (torch.int32,) * 2)
    )
    maps = values.reshape(images, height * width, units).contiguous().numpy()
    summarize(maps, *(summary.numpy() for summary in found))
    return found


def _by_torch(values: Tensor) -> Statistics:
    images, height, width, units = values.shape
    if height * width == 1:
        flat = values.reshape(images, units)
        position = torch.zeros(images, units, dtype=torch.int32, device=values.device)
        return Statistics(flat.clone(), flat.clone(), position, (flat != 0).to(torch.int32))
    # summing the comparison as floats is many times faster than torch.count_nonzero; a map has far fewer than
    # 2²⁴ positions, so the count is exact
    nonzero = torch.ne(values, 0, out=torch.empty_like(values)).sum((1, 2))
    # the largest value of each row first, then its row, then its column: two small searches replace a slow
    # one over all positions
    largest, y = values.amax(2).max(1)
    row = values.gather(1, y[:, None, None, :].expand(images, 1, width, units)).squeeze(1)
    # torch.max returns the index two to four times as fast as torch.argmax
    argmax = y * width + row.max(1).indices
    return Statistics(values.mean((1, 2)), largest, argmax.to(torch.int32), nonzero.round_().to(torch.int32))
