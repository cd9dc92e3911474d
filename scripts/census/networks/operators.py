"""Make torchvision importable with a build of torch that its compiled operators do not fit.

The torchvision wheel is compiled against one build of torch. With another build, such as the CPU build, its
operators are not registered. Then ``import torchvision`` fails because it describes two of them, ``nms`` and
``qnms``, to the compiler. Both belong to object detection, which this study does not use. Declaring them
first, without an implementation, makes models, transforms and data sets work.
"""

import functools
import importlib
import sys
from typing import Any

SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
# declarations live as long as the library object that made them
_declared: list[Any] = []


@functools.cache
def torchvision_ready() -> None:
    """Import torchvision, and declare its operators first if they are missing.

    Raises
    ------
    ImportError : torchvision is not installed, or fails for another reason.
    """
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise ImportError(f"torchvision cannot be imported: {error}") from error
        # the failed import leaves half-initialized modules behind
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        import torch

        library = torch.library.Library("torchvision", "DEF")
        for operator in ("nms", "qnms"):
            if not hasattr(torch.ops.torchvision, operator):
                library.define(operator + SIGNATURE)
        _declared.append(library)
        importlib.import_module("torchvision")
