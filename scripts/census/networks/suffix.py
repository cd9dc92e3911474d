"""The part of a network behind a layer, run from the values that cross into it.

What a change of one layer does to the logits needs neither the image nor anything before that layer. On the
way to the logits the layer's own values cross the cut; where it lies in a branch, others by-pass it. All of
them come from one intact pass over a batch of images, and each change runs what lies behind the cut.

The layer's values could be read from its store. What by-passes a layer is in no store, so there is one way
for both: the intact pass costs about as much as one change does, and there are dozens of these.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx

from census.networks.graph import Recorder, as_maps, from_maps, shapes_of


class Suffix:
    """What lies behind a layer of a traced network.

    Parameters
    ----------
    traced : what :func:`census.networks.graph.trace` returned, ``in_place`` or not, where it is to run.
    node : name of the layer's node.
    channels, size : shape of the input image.
    units_axis : the layer's :attr:`~census.networks.layers.Layer.units_axis`.

    Attributes
    ----------
    layer : the name of the layer's node.
    units_axis : along which axis of its values units lie, if it is not the usual one.
    crossing : names of the nodes whose values cross the cut, the layer's first.
    """

    def __init__(
        self, traced: fx.GraphModule, node: str, channels: int, size: int, units_axis: int | None = None
    ) -> None:
        nodes = {each.name: each for each in traced.graph.nodes}
        shapes = shapes_of(traced, channels, size)
        after = {nodes[node]}
        for each in nodes.values():
            if after.intersection(each.all_input_nodes):
                after.add(each)
        (returned,) = next(reversed(nodes.values())).all_input_nodes
        self.layer, self.units_axis = node, units_axis
        self.crossing = [node]
        seen, stack = {nodes[node]}, [returned]
        while stack:
            each = stack.pop()
            if each in seen:
                continue
            seen.add(each)
            shape = None if each.op == "get_attr" else shapes[each.name]
            # numbers, such as that of the images, are found anew, and so is what has no row for each image
            if each in after or shape is None or shape[:1] != (2,):
                stack += each.all_input_nodes
            else:
                self.crossing.append(each.name)
        self._before = Recorder(traced, {name: name for name in self.crossing})
        self._after = Recorder(traced, {returned.name: returned.name}, given=self.crossing)

    def cross(self, images: Tensor) -> dict[str, Tensor]:
        """Run the network as far as the cut, and return what crosses it, by node.

        Parameters
        ----------
        images : preprocessed images (n, channels, height, width), float.
        """
        # a network that works in place writes to them in its next steps
        return {name: values.clone() for name, values in self._before(images)}

    def __call__(self, crossing: Mapping[str, Tensor]) -> Tensor:
        """Run the network from the cut on, and return the logits.

        Parameters
        ----------
        crossing : values of all nodes in ``crossing``; a network that works in place writes to them.

        Returns
        -------
        (n, classes).
        """
        ((_, logits),) = self._after(None, crossing)
        return logits


class Rows(NamedTuple):
    """Images that ran through the network with some units changed.

    Attributes
    ----------
    change : int64 (rows,), which of the changes.
    image : int64 (rows,), which of the images.
    logits : float32 (rows, classes).
    """

    change: NDArray[np.int64]
    image: NDArray[np.int64]
    logits: NDArray[np.float32]


def run_intact(suffix: Suffix, crossing: Mapping[str, Tensor], batch: int) -> NDArray[np.float32]:
    """Run what lies behind a layer as it is, in batches of the same size as :func:`run_changes`.

    How a product is rounded may depend on the number of its rows. In batches of one size, filled up where
    there are fewer, a unit that nothing reads makes no difference to the last bit.

    Returns
    -------
    logits, float32 (images, classes).
    """
    images = np.arange(len(crossing[suffix.layer]))
    parts = []
    for first in range(0, len(images), batch):
        some = images[first : first + batch]
        places = torch.from_numpy(np.resize(some, batch)).to(crossing[suffix.layer].device)
        logits = suffix({name: _select(values, places) for name, values in crossing.items()})
        parts.append(logits[: len(some)].float().cpu().numpy())
    return np.concatenate(parts)


def run_changes(
    suffix: Suffix,
    crossing: Mapping[str, Tensor],
    changed: NDArray[np.bool_],
    replacement: Tensor,
    batch: int,
) -> Iterator[Rows]:
    """Replace maps of some of a layer's units, and run what lies behind it, for several choices of units.

    An image on which a change leaves all values as they are is not run: its logits are those of
    :func:`run_intact`. So a silent unit that is set to zero makes no difference at all.

    Parameters
    ----------
    suffix : what lies behind the layer.
    crossing : what :meth:`Suffix.cross` returned for some images.
    changed : bool (changes, units), which units each of the changes replaces.
    replacement : of the layer's maps, float (images or 1, height or 1, width or 1, units or 1).
    batch : how many rows, each of them an image with a change, run at once.

    Yields
    ------
    the rows of a batch.
    """
    values = crossing[suffix.layer]
    maps = as_maps(values, suffix.units_axis)
    # a NaN differs from everything
    differs = (maps != replacement).any(2).any(1).float()
    masks = torch.from_numpy(changed).to(maps.device)
    pairs = (masks.float() @ differs.T > 0).nonzero().cpu().numpy()
    for first in range(0, len(pairs), batch):
        some = pairs[first : first + batch]
        change, image = torch.from_numpy(np.resize(some, (batch, 2))).to(maps.device).unbind(1)
        given = {name: _select(each, image) for name, each in crossing.items() if name != suffix.layer}
        by = replacement[image] if len(replacement) > 1 else replacement
        rows = torch.where(masks[change][:, None, None, :], by, maps[image])
        given[suffix.layer] = from_maps(rows, values.ndim, suffix.units_axis)
        logits = suffix(given)[: len(some)].float().cpu().numpy()
        yield Rows(some[:, 0], some[:, 1], logits)


def _select(values: Tensor, images: Tensor) -> Tensor:
    """Return the values of some images, with maps in the channels-last layout."""
    return from_maps(as_maps(values)[images], 4) if values.ndim == 4 else values[images]
