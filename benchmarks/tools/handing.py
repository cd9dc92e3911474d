"""Network, images and layers, handed from the benchmark suite to the tools' processes in files."""

import json
import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from census.networks.device import keep_freed_memory
from census.networks.operators import torchvision_ready


@dataclass(frozen=True)
class Handed:
    """What a tool runs.

    Attributes
    ----------
    network : in evaluation mode, weights in the memory layout that ours has.
    images : float32 (N, channels, height, width), preprocessed.
    layers : the names that the library gives them.
    batch : images in a batch.
    batches : the images batch by batch, each with memory of its own: what is saved of a part is the whole.
    """

    network: nn.Module
    images: Tensor
    layers: Sequence[str]
    batch: int
    batches: Sequence[Tensor]

    def modules(self) -> dict[str, str]:
        """Return, by layer, the name of a module that gives the layer's values.

        The layer's own name where it is a module; else a module with the same output: that of a block for the
        concatenation at its end. Layers that are no module's output, like the input, are left out.
        """
        modules = {name: module for name, module in self.network.named_modules() if name}
        given: dict[str, Tensor] = {}
        # what is done in place behind a module is done to a copy
        handles = [
            module.register_forward_hook(
                lambda _module, _inputs, output, name=name: given.update({name: output.clone()})
            )
            for name, module in modules.items()
        ]
        with torch.no_grad():
            last = self.network(self.images[:1]).flatten()
        for handle in handles:
            handle.remove()
        found = {}
        for layer in self.layers:
            if layer in modules:
                found[layer] = layer
            elif layer == "output":
                same = [name for name, values in given.items() if torch.equal(values.flatten(), last)]
                found.update({"output": same[-1]} if same else {})
            elif layer.endswith(".cat"):
                found[layer] = layer.removesuffix(".cat")
        return found


def hand_over(network: nn.Module, images: Tensor, layers: Sequence[str], batch: int, folder: Path) -> None:
    """Write what tools are to run into a folder."""
    folder.mkdir(parents=True)
    # whole, code by reference: the tools' environments have the same torch and torchvision
    torch.save(network, folder / "network.pt")
    torch.save(images, folder / "images.pt")
    (folder / "about.json").write_text(json.dumps({"layers": list(layers), "batch": batch}))


def take_over(folder: str) -> Handed:
    """Read what was handed over; and have memory kept, as the library's own jobs do."""
    torchvision_ready()
    keep_freed_memory()
    about = json.loads(Path(folder, "about.json").read_text())
    # the benchmark suite has written it a moment ago
    network = torch.load(Path(folder, "network.pt"), weights_only=False)
    network = network.eval().to(memory_format=torch.channels_last)
    images = torch.load(Path(folder, "images.pt"))
    batches = [part.clone() for part in images.split(about["batch"])]
    return Handed(network, images, about["layers"], about["batch"], batches)


class Deadly(torch.utils.data.Dataset[Tensor]):
    """Images one by one, of which one kills the process that asks for it, as a scheduler would.

    Parameters
    ----------
    images : float32 (N, channels, height, width).
    deadly : which; None for none.
    """

    def __init__(self, images: Tensor, deadly: int | None) -> None:
        self._images, self._deadly = images, deadly

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> Tensor:
        if index == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._images[index]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[index] for index in range(len(self)))
