"""The layers of a network by name: which there are, and which ones a request means. Torch is not needed.

A layer is a named tensor of the forward pass. Its name is the path of the module that returns it
(``features.3.squeeze``; ``layer1.0.relu_1`` for a second call), or for an operation between modules the path
of the module that it stands in and its own name (``features.3.cat``). The path of a module with parts of its
own means the tensor that it returns. ``input`` is the preprocessed image, ``output`` the logits.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from census.errors import StudyError, nearest
from census.networks.fields import ReceptiveField, read_field

# kinds of layers that a word in the config takes; anything else in the graph is taken where it is named
GROUPS = {
    "all": ("input", "nonlinearity", "pooling", "module", "output"),
    "nonlinear": ("nonlinearity",),
}


@dataclass(frozen=True)
class Layer:
    """A named tensor of the forward pass.

    Attributes
    ----------
    name : its one name in paths, tables and figures.
    kind : ``input``, ``nonlinearity``, ``pooling``, ``module``, ``output``, ``complex``, or ``other``.
    shape : ``(units, height, width)`` for one image; height and width are 1 without spatial extent.
    depth : rank along the forward pass, 0 for the input.
    node : name of the step that returns the tensor; ``input`` and ``output`` for these two.
    aliases : further names for the same tensor.
    branch_of : path of the module, or name of the next layer on every path, in which this layer lies on some
        of the paths from the input to the logits only; empty where all of them go through the layer.
    receptive_field : which pixels of the input each position sees; None for the whole image, or if it may be.
    preactivation : name of the step whose tensor a nonlinearity takes; empty for layers of other kinds.
    units_axis : along which axis of the tensor units lie, 0 being that of the images; None for the usual one,
        1 of maps and vectors, 2 of sequences of tokens.
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
    """Return the layers that a request in the config means, in order of depth and without duplicates.

    Parameters
    ----------
    layers : all layers of the network.
    request : ``all``, ``nonlinear`` or names; the words may stand among the names.
    key : the request's key in the config, for messages.

    Raises
    ------
    StudyError : the network has no layer of that name, or one of complex values.
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


def write_layers(layers: Sequence[Layer], path: Path) -> None:
    """Write layers to a JSON file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # two runs may begin at once
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.write_text(json.dumps([asdict(layer) for layer in layers], indent=1))
    partial.replace(path)


def read_layers(path: Path) -> list[Layer]:
    """Read what :func:`write_layers` wrote."""
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
