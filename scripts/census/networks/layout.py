"""Choose the memory layout of a network: channels last if that gives the same logits.

Convolutions run about twice as fast in channels last. Networks that rely on the default layout, through
``view`` or explicit strides, run in the default layout.
"""

import torch
from torch import Tensor, nn

from census.errors import StudyError
from census.jobs import LOGGER
from census.networks.running import Part, run
from census.networks.verification import TOLERANCE, difference


def place_network(
    network: nn.Module, images: Tensor, device: str = "cpu", key: str = "network", logits: Part = None
) -> torch.memory_format:
    """Move a network to a device, in the fastest layout that gives the logits of the default layout.

    Parameters
    ----------
    network : in evaluation mode; changed in place.
    images : some preprocessed images (n, channels, height, width), on any device.
    device : ``cpu`` or ``cuda``.
    key : the network's key in the config, for messages.
    logits : see :func:`census.networks.running.logits_of`.

    Returns
    -------
    the layout, which its images must have, too.

    Raises
    ------
    StudyError : the forward pass fails in the default layout.
    """
    network.to(device)
    images = images.to(device)
    expected = _logits(network, images, torch.contiguous_format, key, logits)
    try:
        found = _logits(network, images, torch.channels_last, key, logits)
        reason = f"logits differ by {difference(found, expected):.2g} times their root mean square"
        if difference(found, expected) <= TOLERANCE:
            return torch.channels_last
    except StudyError as error:
        reason = str(error)
    _lay_out(network, torch.contiguous_format)
    LOGGER.info("networks.%s runs in the default layout; channels last: %s", key, reason)
    return torch.contiguous_format


def _logits(
    network: nn.Module, images: Tensor, layout: torch.memory_format, key: str, logits: Part
) -> Tensor:
    _lay_out(network, layout)
    with torch.inference_mode():
        return run(network, images.clone(memory_format=layout), key, logits)


def _lay_out(network: nn.Module, layout: torch.memory_format) -> None:
    """Set the layout of convolution kernels; ``Module.to`` would fail on parameters with five axes."""
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=layout)
