"""torchvision: ``create_feature_extractor``. It stores nothing; ``torch.save`` does, a file per batch."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.tools.handing import Handed

handed: Handed
extractor: torch.nn.Module


def load(what: Handed) -> list[str]:
    """Take network and images over; return the layers that can be recorded."""
    global handed, extractor
    handed = what
    # not before torchvision is ready, see handing
    from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

    _, names = get_graph_node_names(handed.network)
    known = {"input": names[0], "output": names[-1], **{name: name for name in names}}
    nodes = {known[layer]: layer for layer in handed.layers if layer in known}
    extractor = create_feature_extractor(handed.network, nodes)
    return list(nodes.values())


def memory() -> None:
    """Compute the activations of each batch, and drop them."""
    with torch.inference_mode():
        for images in handed.batches:
            extractor(images)


def store(folder: str) -> None:
    """Store the activations of all images."""
    Path(folder).mkdir()
    with torch.inference_mode():
        for number, images in enumerate(handed.batches):
            torch.save(extractor(images), Path(folder, f"{number}.pt"))


def values(layer: str) -> NDArray[np.float32]:
    """Return a layer's values in memory."""
    with torch.inference_mode():
        return extractor(handed.images)[layer].numpy()
