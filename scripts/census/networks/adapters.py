"""Let networks of transformers that take patches or colors of an image take the image itself.

Siglip2 takes a sequence of square patches, ImageGPT the number of each pixel's color in a palette. A hook on
the network computes them from images, so that all other code knows only images.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from census.networks.internals import unobserved

if TYPE_CHECKING:
    from PIL import Image

# types of transformers' configurations
PATCHES, COLORS = "siglip2", "imagegpt"


def take_images(network: nn.Module, palette: Callable[[], Tensor]) -> None:
    """Make a network of transformers take images, if it takes patches or colors.

    Parameters
    ----------
    network : changed in place; it then takes a tensor of float, shape (n, n_channels, height, width).
    palette : returns the palette of the network's preprocessing, tensor of float, shape (n_colors,
        n_channels); called only if the network takes colors.
    """
    configuration: Any = network.config
    if configuration.model_type == PATCHES:
        side = configuration.vision_config.patch_size

        def prepared(images: Tensor) -> dict[str, Tensor]:
            return patches_of(images, side)

    elif configuration.model_type == COLORS:
        colors = palette()

        def prepared(images: Tensor) -> dict[str, Tensor]:
            return {"input_ids": nearest_colors(images, colors)}

    else:
        return

    def hook(module: nn.Module, args: tuple[Tensor], kwargs: dict[str, Any]) -> Any:
        with unobserved():
            return (), {**kwargs, **prepared(*args)}

    network.register_forward_pre_hook(hook, with_kwargs=True)


def processed(processor: Any, image: "Image.Image") -> Tensor:
    """Return the image that a processor of transformers makes, before it takes patches or colors of it.

    Returns
    -------
    tensor of float, shape (n_channels, height, width).
    """
    whole = {"do_color_quantize": False} if hasattr(processor, "do_color_quantize") else {}
    made = processor(images=image, return_tensors="pt", **whole)
    values: Tensor = made["pixel_values"][0]
    return image_of(values, *made["spatial_shapes"][0].tolist()) if "spatial_shapes" in made else values


def patches_of(images: Tensor, side: int) -> dict[str, Tensor]:
    """Return the arguments of Siglip2 for images that are cut into patches.

    Parameters
    ----------
    images : tensor of float, shape (n, n_channels, height, width).
    side : of a patch, in pixels; parts of patches at the right and at the bottom are left out.

    Returns
    -------
    ``pixel_values``, shape (n, n_patches, side × side × n_channels), row by row; ``spatial_shapes``, shape
    (n, 2), the numbers of rows and columns. No patch is padding, so there is no mask.
    """
    rows, columns = images.shape[2] // side, images.shape[3] // side
    whole = images[:, :, : rows * side, : columns * side]
    cut = whole.unflatten(3, (columns, side)).unflatten(2, (rows, side))
    values = cut.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)
    shape = torch.tensor([[rows, columns]], device=images.device)
    return {"pixel_values": values, "spatial_shapes": shape.expand(len(images), 2)}


def image_of(patches: Tensor, rows: int, columns: int) -> Tensor:
    """Return the RGB image, shape (3, height, width), of which Siglip2's processor made patches.

    Parameters
    ----------
    patches : tensor of float, shape (n_patches, side × side × 3), row by row; those beyond ``rows`` ×
        ``columns`` are padding.
    """
    side = math.isqrt(patches.shape[1] // 3)
    cut = patches[: rows * columns].reshape(rows, columns, side, side, 3)
    return cut.permute(4, 0, 2, 1, 3).flatten(3).flatten(1, 2)


def nearest_colors(images: Tensor, colors: Tensor) -> Tensor:
    """Return the number of the nearest color of each pixel, tensor of int64, shape (n, n_pixels), row by row.

    Parameters
    ----------
    images : tensor of float, shape (n, n_channels, height, width).
    colors : tensor of float, shape (n_colors, n_channels).
    """
    pixels = images.flatten(2).transpose(1, 2)
    return torch.cdist(pixels, colors.to(images)[None]).argmin(-1)
