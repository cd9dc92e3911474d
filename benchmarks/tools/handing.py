"""Network, images and layers that the benchmark suite hands to the tools' processes."""

import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from census.networks.device import keep_freed_memory
from census.networks.operators import torchvision_ready

torchvision_ready()
# as the library's own jobs do
keep_freed_memory()


@dataclass(frozen=True)
class Handed:
    """What a tool runs.

    Attributes
    ----------
    network : in evaluation mode, in the layout in which ours runs.
    images : float32 (N, channels, height, width), preprocessed.
    layers : the names that the library gives them.
    batch : images in a batch.
    """

    network: nn.Module
    images: Tensor
    layers: Sequence[str]
    batch: int

    @cached_property
    def batches(self) -> list[Tensor]:
        """The images batch by batch, each with memory of its own: what is saved of a part is the whole."""
        return [part.clone() for part in self.images.split(self.batch)]

    def modules(self) -> dict[str, str]:
        """Return, by layer, the name of a module that gives the layer's values.

        The layer's own name if it is a module; else a module with the same output: that of a block for the
        concatenation at its end. Layers that are no module's output, like the input, are left out.
        """
        modules = {name: module for name, module in self.network.named_modules() if name}
        given: dict[str, Tensor] = {}
        # what is done in place downstream of a module is done to a copy
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
