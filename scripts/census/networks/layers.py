"""The layers of a network by name, and the selection of layers. This module does not import torch.

A layer is a named tensor of the forward pass. Its name is the path of the module that returns it
(``features.3.squeeze``; ``layer1.0.relu_1`` for a second call). An operation between modules is named by the
path of the module that calls it and its own name (``features.3.cat``). The path of a container means the
tensor that the container returns. ``input`` is the preprocessed image, ``output`` the logits.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from census.errors import StudyError, nearest
from census.networks.fields import ReceptiveField, read_field

# kinds of layers that a word in the config selects; other layers are selected by name
GROUPS = {
    "all": ("input", "nonlinearity", "pooling", "module", "output"),
    "nonlinear": ("nonlinearity",),
}


@dataclass(frozen=True)
class Layer:
    """A named tensor of the forward pass.

    Attributes
    ----------
    name : the name in paths, tables and figures.
    kind : ``input``, ``nonlinearity``, ``pooling``, ``module``, ``output``, ``complex``, or ``other``.
    shape : ``(units, height, width)`` for one image; height and width are 1 without spatial extent.
    depth : rank along the forward pass, 0 for the input.
    node : name of the step that returns the tensor; ``input`` and ``output`` for these two.
    aliases : further names for the same tensor.
    branch_of : the branch of the layer: path of the module, or name of the layer at which the paths merge.
        Empty if all paths from the input to the logits go through the layer.
    receptive_field : the input pixels that each position sees; None if it sees, or may see, the whole image.
    preactivation : name of the step whose tensor enters a nonlinearity; empty for layers of other kinds.
    units_axis : axis of the tensor along which units lie, counted from 0, the axis of images. None is the
        default: 1 for maps and vectors, 2 for token sequences.
    """

    name: str
    kind: str
    shape: tuple[int, int, int]
    depth: int
    node: str
    aliases: tuple[str, ...] = field(default=())
    branch_of: str = ""
    receptive_field: ReceptiveField | None = None
    preactivation: str = ""
    units_axis: int | None = None

    @property
    def n_neurons(self) -> int:
        """Number of neurons: units × height × width."""
        return self.shape[0] * self.shape[1] * self.shape[2]


def select(layers: Sequence[Layer], request: str | Iterable[str], key: str) -> list[Layer]:
    """Return the layers that a request in the config selects, in order of depth and without duplicates.

    Parameters
    ----------
    layers : all layers of the network.
    request : ``all``, ``nonlinear``, or names of layers; lists may contain both.
    key : the request's key in the config, for messages.

    Raises
    ------
    StudyError : the network has no layer of that name, or the layer has complex values.
    """
    names = {name: layer for layer in layers for name in (layer.name, *layer.aliases)}
    chosen: set[Layer] = set()
    for name in [request] if isinstance(request, str) else request:
        if name in GROUPS:
            chosen.update(layer for layer in layers if layer.kind in GROUPS[name])
        elif name in names:
            chosen.add(names[name])
        else:
            raise StudyError(f"{key}: the network has no layer {name!r}{nearest(name, [*names, *GROUPS])}")
    selected = sorted(chosen, key=lambda layer: layer.depth)
    for layer in selected:
        if layer.kind == "complex":
            raise StudyError(
                f"{key}: the values of layer {layer.name!r} are complex, without order; take one downstream"
            )
    return selected


def preactivations(layers: Iterable[Layer]) -> dict[str, Layer]:
    """Return the layers that have pre-activations, by the name under which these are recorded.

    No layer has such a name. A recorder takes them where they enter the layer's step.
    """
    return {f"pre-activations of {layer.name}": layer for layer in layers if layer.preactivation}


def write_layers(layers: Sequence[Layer], path: Path) -> None:
    """Write layers to a JSON file, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # two runs may start at the same time
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.write_text(json.dumps([asdict(layer) for layer in layers], indent=1))
    partial.replace(path)


def read_layers(path: Path) -> list[Layer]:
    """Read layers from a file of :func:`write_layers`."""
    return [
        Layer(
            **{
                **record,
                "shape": tuple(record["shape"]),
                "aliases": tuple(record["aliases"]),
                "receptive_field": read_field(record["receptive_field"]),
            }
        )
        for record in json.loads(path.read_text())
    ]
