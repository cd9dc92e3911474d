"""torchvision: ``create_feature_extractor``. It stores nothing; ``torch.save`` does, a file per batch."""

from pathlib import Path

import torch

from benchmarks.tools.handing import Handed, take_over

_handed: list[Handed] = []
_extractors: list[torch.nn.Module] = []


def load(folder: str) -> list[str]:
    """Take network and images over; return the layers that can be recorded."""
    handed = take_over(folder)
    from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

    _, names = get_graph_node_names(handed.network)
    known = {"input": names[0], "output": names[-1], **{name: name for name in names}}
    nodes = {known[layer]: layer for layer in handed.layers if layer in known}
    _handed[:] = [handed]
    _extractors[:] = [create_feature_extractor(handed.network, nodes)]
    return list(nodes.values())


def memory() -> None:
    """Compute the activations of each batch, and drop them."""
    with torch.inference_mode():
        for images in _handed[0].batches:
            _extractors[0](images)


def store(folder: str) -> None:
    """Store the activations of all images."""
    Path(folder).mkdir()
    with torch.inference_mode():
        for number, images in enumerate(_handed[0].batches):
            torch.save(_extractors[0](images), Path(folder, f"{number}.pt"))


def negative(layer: str) -> float:
    """Return the share of a layer's values that are negative."""
    with torch.inference_mode():
        values = _extractors[0](_handed[0].images)[layer]
    return float((values < 0).float().mean())


TASKS = {"load": load, "memory": memory, "store": store, "negative": negative}
