"""EfficientNet-Lite0, built from the table of its paper, and its tensor names in a released checkpoint.

The table is that of EfficientNet-B0. The Lite variant has no squeeze-and-excitation, and ReLU6 in place of
swish.
"""

from typing import NamedTuple

from torch import Tensor, nn


class Stage(NamedTuple):
    """A row of the table: blocks of the same width; the first block may halve the map."""

    expansion: int
    kernel: int
    stride: int
    units: int
    blocks: int


STAGES = (
    Stage(1, 3, 1, 16, 1),
    Stage(6, 3, 2, 24, 2),
    Stage(6, 5, 2, 40, 2),
    Stage(6, 3, 2, 80, 3),
    Stage(6, 5, 1, 112, 3),
    Stage(6, 5, 2, 192, 4),
    Stage(6, 3, 1, 320, 1),
)
STEM_UNITS, HEAD_UNITS, DROPOUT = 32, 1280, 0.2


class InvertedResidual(nn.Sequential):
    """A block: expand, depthwise convolution, project; with a skip connection if the shapes agree."""

    def __init__(self, inputs: int, stage: Stage, stride: int, size: int) -> None:
        super().__init__()
        self.skips = stride == 1 and inputs == stage.units
        units = inputs * stage.expansion
        if stage.expansion > 1:
            _convolution(self, "expand", inputs, units)
        _convolution(self, "depthwise", units, units, stage.kernel, stride, size, groups=units)
        _convolution(self, "project", units, stage.units, rectified=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return the block's output for its input."""
        projected: Tensor = super().forward(images)  # type: ignore[no-untyped-call]
        return projected + images if self.skips else projected


def efficientnet_lite0(channels: int, size: int, classes: int) -> nn.Module:
    """Build EfficientNet-Lite0: a stem, 16 blocks in 7 stages, and a head.

    Its convolutions are ``stem``, ``expand``, ``depthwise`` and ``project`` in ``block{stage}_{number}``, and
    ``head``. Each is followed by its ``…_norm`` and, except for ``project``, its ``…_relu``. Padding is
    TensorFlow's ``same``: for a stride of 2 and an even size, ``…_pad`` adds one pixel less before than
    after. The authors also use stochastic depth in training; this network does not.

    Parameters
    ----------
    channels, size : channels of the input image, and its height and width; the paper has 224 pixels.
    classes : number of classes.

    References
    ----------
    Tan & Le (2019), EfficientNet: Rethinking model scaling for convolutional neural networks, ICML, table 1.
    """
    network = nn.Sequential()
    _convolution(network, "stem", channels, STEM_UNITS, 3, 2, size)
    inputs, size = STEM_UNITS, -(-size // 2)
    for number, stage in enumerate(STAGES, start=1):
        for block in range(1, stage.blocks + 1):
            stride = stage.stride if block == 1 else 1
            network.add_module(f"block{number}_{block}", InvertedResidual(inputs, stage, stride, size))
            inputs, size = stage.units, -(-size // stride)
    _convolution(network, "head", inputs, HEAD_UNITS)
    network.add_module("average", nn.AdaptiveAvgPool2d(1))
    network.add_module("flatten", nn.Flatten())
    network.add_module("dropout", nn.Dropout(DROPOUT))
    network.add_module("classifier", nn.Linear(HEAD_UNITS, classes))
    return network


def _convolution(
    to: nn.Sequential,
    name: str,
    inputs: int,
    units: int,
    kernel: int = 1,
    stride: int = 1,
    size: int = 1,
    groups: int = 1,
    rectified: bool = True,
) -> None:
    """Append a convolution with batch normalization; output size is ``ceil(size / stride)``."""
    padding = kernel // 2
    if stride == 2 and size % 2 == 0:
        to.add_module(f"{name}_pad", nn.ZeroPad2d((padding - 1, padding, padding - 1, padding)))
        padding = 0
    # the bias would be undone by the normalization that follows
    convolution = nn.Conv2d(inputs, units, kernel, stride, padding, groups=groups, bias=False)
    # as in the authors' code; with torch's defaults, logits of random weights differ by 1e-9 between images
    nn.init.normal_(convolution.weight, std=(2 * groups / (units * kernel**2)) ** 0.5)
    to.add_module(name, convolution)
    to.add_module(f"{name}_norm", nn.BatchNorm2d(units, eps=1e-3, momentum=0.01))
    if rectified:
        to.add_module(f"{name}_relu", nn.ReLU6(inplace=True))


def efficientnet_names() -> dict[str, str]:
    """Return the paths of modules with weights, by name in checkpoints of EfficientNet-PyTorch."""
    names = {"_conv_stem": "stem", "_bn0": "stem_norm"}
    blocks = [f"block{row}_{1 + each}" for row, stage in enumerate(STAGES, 1) for each in range(stage.blocks)]
    for index, block in enumerate(blocks):
        for place, part in enumerate(("expand", "depthwise", "project")):
            names[f"_blocks.{index}._{part}_conv"] = f"{block}.{part}"
            names[f"_blocks.{index}._bn{place}"] = f"{block}.{part}_norm"
    return names | {"_conv_head": "head", "_bn1": "head_norm", "_fc": "classifier"}
