"""Prepare a network for running: choose its device and layout, and list its layers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from census.errors import StudyError
from census.networks.build import channels_of
from census.networks.graph import Listing, layers_of
from census.networks.layers import Layer, select
from census.networks.layout import place_network
from census.networks.preprocess import Preprocess
from census.networks.recorder import Recorder
from census.networks.running import Part
from census.networks.verification import N_IMAGES, Verification, verify

CACHE_BYTES = 8 << 20  # of the largest activations of all images at once
LEAST_AT_ONCE = 4  # fewer images take longer, because kernels have too little work


@dataclass(frozen=True)
class Prepared:
    """A network that is ready to run.

    Attributes
    ----------
    network : in evaluation mode, on ``device``, in the layout that ``preprocess`` gives images.
    preprocess : maps pixels to the network's input.
    listing : its layers and steps.
    images : a few preprocessed images on which the network was tested, tensor of float, shape (n, n_channels,
        size, size).
    device : ``cpu`` or ``cuda``.
    key : its key in the config, for messages.
    logits : ``networks.KEY.logits``, see :func:`census.networks.running.logits_of`.
    """

    network: nn.Module
    preprocess: Preprocess
    listing: Listing
    images: Tensor
    device: str
    key: str
    logits: Part

    def select(self, names: str | Iterable[str]) -> list[Layer]:
        """Return layers by name, see :func:`census.networks.layers.select`."""
        return select(self.listing.layers, names, f"networks.{self.key}")

    def recorder(self, layers: Mapping[str, str], entering: Mapping[str, str] | None = None) -> Recorder:
        """Return a recorder of layers; see :class:`census.networks.recorder.Recorder`."""
        return Recorder(
            self.network,
            layers,
            entering=entering,
            steps=self.listing.steps,
            key=self.key,
            logits=self.logits,
        )

    def images_at_once(self, most: int, *, since: Layer | None = None, until: Layer | None = None) -> int:
        """Return the number of images to run at once.

        On a CPU, forward and backward passes over more images than fit into its cache take up to twice as
        long per image.

        Parameters
        ----------
        most : largest number.
        since, until : first and last layer that run; None for those of the network.
        """
        if self.device != "cpu":
            return most
        first = 0 if since is None else since.depth
        last = np.inf if until is None else until.depth
        running = (each.n_neurons for each in self.listing.layers if first <= each.depth <= last)
        image_bytes = torch.float32.itemsize * max(running)
        return min(most, max(LEAST_AT_ONCE, CACHE_BYTES // image_bytes))

    def verify(self) -> Verification:
        """Compare recorded values with the network's own; see :func:`census.networks.verification.verify`."""
        return verify(self.network, self.listing, self.images, self.key, self.logits)


def prepare(
    network: nn.Module,
    entry: Mapping[str, Any],
    key: str = "network",
    device: str = "cpu",
    pixels: NDArray[np.uint8] | None = None,
) -> Prepared:
    """Move a network to its device in the fastest layout, and list its layers.

    Parameters
    ----------
    network : in evaluation mode; changed in place.
    entry : its entry in the config: ``input``, ``classes``, and ``logits`` if it has the key.
    key : its key there, for messages.
    device : ``cpu`` or ``cuda``.
    pixels : array of uint8, shape (n, height, width, n_channels), images of which the first few test the
        network; None for noise.

    Raises
    ------
    StudyError : the forward pass fails on these images, returns the wrong number of logits, or has varying
        steps.
    """
    if pixels is None:
        size = entry["input"]["size"], entry["input"]["size"], channels_of(entry["input"]["color"])
        pixels = np.random.default_rng(0).integers(0, 256, (N_IMAGES, *size), dtype=np.uint8)
    prepared = prepare_with(network, Preprocess(entry["input"]), pixels, key, device, entry.get("logits"))
    n_logits = next(layer.shape[0] for layer in prepared.listing.layers if layer.kind == "output")
    if n_logits != entry["classes"]:
        raise StudyError(
            f"networks.{key}.classes: is {entry['classes']}, but the network returns {n_logits} logits; "
            f"set it to {n_logits}, or build the network with that number of classes"
        )
    return prepared


def prepare_with(
    network: nn.Module,
    preprocess: Preprocess,
    pixels: NDArray[Any],
    key: str = "network",
    device: str = "cpu",
    logits: Part = None,
) -> Prepared:
    """Move a network to its device in the fastest layout, and list its layers, for any preprocessing.

    Parameters
    ----------
    network : in evaluation mode; changed in place.
    preprocess : maps images to the network's input; its layout is set.
    pixels : array of shape (n, …), images in the form that ``preprocess`` takes; the first few test the
        network.
    key : see :func:`prepare`.
    device : ``cpu`` or ``cuda``.
    logits : see :func:`census.networks.running.logits_of`.

    Raises
    ------
    StudyError : the forward pass fails on these images, returns no logits, or has varying steps.
    """
    # fewer images are repeated
    tried = pixels[np.arange(N_IMAGES) % len(pixels)]
    preprocess.layout = place_network(network, preprocess(tried, device), device, key, logits)
    with torch.inference_mode():
        images = preprocess(tried, device)
    listing = layers_of(network, images, key, logits)
    return Prepared(network, preprocess, listing, images, device, key, logits)
