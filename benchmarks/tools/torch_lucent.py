"""torch-lucent: ``render_vis``, which makes one image at a time."""

import torch

from census.networks.device import keep_freed_memory
from census.networks.operators import torchvision_ready

torchvision_ready()

from lucent.optvis import param, render  # noqa: E402

network: torch.nn.Module


def load(what: torch.nn.Module) -> None:
    """Take a network over, as it comes: the weights' gradients are left to the user."""
    global network
    keep_freed_memory()
    network = what


def optimize(layer: str, units: list[int], steps: int, size: int) -> None:
    """Make images for units: plain pixels, no transformations, its own optimizer."""
    for unit in units:
        render.render_vis(
            network,
            f"{layer}:{unit}",
            param_f=lambda: param.image(size, fft=False, decorrelate=False, channels=1),
            transforms=[],
            fixed_image_size=size,
            thresholds=(steps,),
            preprocess=False,
            progress=False,
            show_image=False,
        )
