"""The study's own architectures: the shallow CNN, the MLP and the small VGG16 of Chen et al. (2018).

Widths, kernels and strides are those of the paper. The paper does not state pooling, normalization and the
width of the hidden layer; each docstring gives the values chosen here. Modules have the names that layers
have in the study: ``conv1``, ``norm1``, ``relu1``, ``pool1`` … EfficientNet-Lite0, which torchvision lacks,
has its own file.
"""

from collections import OrderedDict
from collections.abc import Sequence

from torch import nn

from census.networks.efficientnet import efficientnet_lite0


def _convolution(label: str, inputs: int, units: int) -> list[tuple[str, nn.Module]]:
    """Return the named modules of a 3×3 convolution of stride 1, normalized, with a ReLU."""
    return [
        # the bias would be undone by the normalization that follows
        (f"conv{label}", nn.Conv2d(inputs, units, 3, padding=1, bias=False)),
        (f"norm{label}", nn.BatchNorm2d(units)),
        (f"relu{label}", nn.ReLU(inplace=True)),
    ]


def _hidden(label: str, inputs: int, neurons: int) -> list[tuple[str, nn.Module]]:
    """Return the named modules of a fully connected layer with a ReLU."""
    return [(f"fc{label}", nn.Linear(inputs, neurons)), (f"relu{label}", nn.ReLU(inplace=True))]


def shallow_cnn(
    channels: int,
    size: int,
    classes: int,
    units: Sequence[int] = (64, 64, 128, 128),
    neurons: int = 512,
) -> nn.Module:
    """Build the CNN: four 3×3 convolutions of stride 1, one hidden layer.

    Batch normalization follows each convolution, and 2×2 max pooling the first, second and fourth. The paper
    gives neither these nor the width of the hidden layer. With pooling this early, a training step takes less
    than half the time that it takes with pooling after the second and fourth convolution only.

    Parameters
    ----------
    channels, size : channels of the input image, and its height and width; at least 8 pixels.
    classes : number of classes.
    units : units of each convolution; the paper's by default.
    neurons : neurons of the hidden layer.

    Raises
    ------
    ValueError : the image is too small to be halved three times, or there are not four numbers of units.
    """
    if size < 8:
        raise ValueError(f"the cnn halves the image three times: {size} pixels are too few, 8 are needed")
    if len(units) != 4:
        raise ValueError(f"units: the cnn has four convolutions, not {len(units)}")
    modules, inputs = [], channels
    for number, outputs in enumerate(units, start=1):
        modules += _convolution(str(number), inputs, outputs)
        if number != 3:
            modules.append((f"pool{number}", nn.MaxPool2d(2)))
            size //= 2
        inputs = outputs
    modules.append(("flatten", nn.Flatten()))
    modules += _hidden("5", inputs * size * size, neurons)
    modules.append(("classifier", nn.Linear(neurons, classes)))
    return nn.Sequential(OrderedDict(modules))


def mlp(channels: int, size: int, classes: int) -> nn.Module:
    """Build the MLP: fully connected layers, each with a ReLU, of 128, 512, 2048 and 2048 neurons.

    Parameters
    ----------
    channels, size : channels of the input image, and its height and width; the image is flattened.
    classes : number of classes.
    """
    modules: list[tuple[str, nn.Module]] = [("flatten", nn.Flatten())]
    inputs = channels * size * size
    for number, neurons in enumerate([128, 512, 2048, 2048], start=1):
        modules += _hidden(str(number), inputs, neurons)
        inputs = neurons
    modules.append(("classifier", nn.Linear(inputs, classes)))
    return nn.Sequential(OrderedDict(modules))


def vgg16_small(channels: int, size: int, classes: int) -> nn.Module:
    """Build VGG16 for images of 28 to 64 pixels: its 13 convolutions, and one hidden layer of 512.

    The fully connected layers of the original expect the 7×7 maps of 224-pixel images. Small images leave one
    or two positions per side. The usual adaptation averages them and keeps a single hidden layer.
    Batch normalization follows every convolution: without it the network does not start to learn.

    Parameters
    ----------
    channels, size : channels of the input image, and its height and width; at least 16 pixels.
    classes : number of classes.

    Raises
    ------
    ValueError : the image is too small to be halved five times.
    """
    if size < 16:
        raise ValueError(f"the small VGG16 halves the image five times: {size} pixels are too few")
    modules, inputs = [], channels
    stages = [(64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512)]
    for stage, widths in enumerate(stages, start=1):
        for number, units in enumerate(widths, start=1):
            modules += _convolution(f"{stage}_{number}", inputs, units)
            inputs = units
        # rounding up, because floor mode would leave no position of images with 28 pixels
        modules.append((f"pool{stage}", nn.MaxPool2d(2, ceil_mode=True)))
    modules += [("average", nn.AdaptiveAvgPool2d(1)), ("flatten", nn.Flatten())]
    modules += _hidden("6", inputs, 512)
    modules.append(("classifier", nn.Linear(512, classes)))
    return nn.Sequential(OrderedDict(modules))


OWN = {
    "cnn": shallow_cnn,
    "mlp": mlp,
    "vgg16-small": vgg16_small,
    "efficientnet-lite0": efficientnet_lite0,
}
