"""The four summaries of a unit's map that are kept for every image."""

from typing import NamedTuple

import torch
from torch import Tensor

# a slice of a batch this large stays in the processor's last cache while it is read several times
SLICE_BYTES = 1 << 22


class Statistics(NamedTuple):
    """Summaries over the positions of each unit's map, all of shape (images, units).

    Attributes
    ----------
    mean : float32, mean over positions.
    max : float32, largest value.
    argmax : int32, position of the largest value as ``y · width + x``; the first where several are equal.
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
    values : float32 (images, height, width, units), any device; fastest where units lie side by side in
        memory.

    Returns
    -------
    the summaries. A NaN anywhere in a map makes its mean and max NaN, and counts as not 0.
    """
    images, height, width, units = values.shape
    if height * width == 1:
        flat = values.reshape(images, units)
        position = torch.zeros(images, units, dtype=torch.int32, device=values.device)
        return Statistics(flat.clone(), flat.clone(), position, (flat != 0).to(torch.int32))
    per_slice = max(1, SLICE_BYTES // (height * width * units * values.element_size()))
    parts = [_statistics(part) for part in values.split(per_slice)]
    return Statistics(*(torch.cat(summaries) for summaries in zip(*parts, strict=True)))


def _statistics(values: Tensor) -> Statistics:
    images, _height, width, units = values.shape
    # comparing into floats and adding them up is many times faster than torch.count_nonzero; a map has far
    # fewer than 2²⁴ positions, so the count is exact
    nonzero = torch.ne(values, 0, out=torch.empty_like(values)).sum((1, 2))
    # the largest value of each row first, then its row, then its place in that row: two small searches
    # in place of a slow one over all positions
    largest, y = values.amax(2).max(1)
    row = values.gather(1, y[:, None, None, :].expand(images, 1, width, units)).squeeze(1)
    # torch.max tells the place two to four times as fast as torch.argmax
    argmax = y * width + row.max(1).indices
    return Statistics(values.mean((1, 2)), largest, argmax.to(torch.int32), nonzero.round_().to(torch.int32))
