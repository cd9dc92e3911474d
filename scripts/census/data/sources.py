"""Properties of a data set's source: splits, folder, arguments for torchvision.

Nothing heavy is imported, because the Snakefile also imports this module.
"""

import os
from collections.abc import Mapping
from typing import Any

# torchvision's downloadable data sets with one label per image and training and test images, with the
# arguments for these splits
_BY_FLAG = {"train": {"train": True}, "test": {"train": False}}
_BY_NAME = {"train": {"split": "train"}, "test": {"split": "test"}}
_VALIDATION = {"train": {"split": "train"}, "test": {"split": "val"}}
_TRAIN_AND_VALIDATION = {"train": {"split": "trainval"}, "test": {"split": "test"}}

TORCHVISION: dict[str, dict[str, dict[str, Any]]] = {
    "CIFAR10": _BY_FLAG,
    "CIFAR100": _BY_FLAG,
    "Country211": _BY_NAME,
    "DTD": _BY_NAME,
    "FGVCAircraft": _TRAIN_AND_VALIDATION,
    "FashionMNIST": _BY_FLAG,
    "Flowers102": _BY_NAME,
    "Food101": _BY_NAME,
    "GTSRB": _BY_NAME,
    "Imagenette": _VALIDATION,
    "KMNIST": _BY_FLAG,
    "MNIST": _BY_FLAG,
    "OxfordIIITPet": _TRAIN_AND_VALIDATION,
    "RenderedSST2": _BY_NAME,
    "STL10": _BY_NAME,
    "SVHN": _BY_NAME,
    "USPS": _BY_FLAG,
}
TORCHVISION_PREFIX = "torchvision-"

# keys of a data set that only some sources have, and whether they are required
OPTIONS = {
    "name": (("torchvision",), True),
    "path": (("folder",), True),
    "subfolder": (("tuxpaint-stamps", "openclipart"), False),
}


def splits(entry: Mapping[str, Any]) -> list[str]:
    """Return the names of a data set's splits.

    Parameters
    ----------
    entry : config entry of the data set.

    >>> splits({"source": "fashion-mnist"})
    ['train', 'test']
    >>> splits({"source": "folder", "path": {"train": "a", "val": "b"}})
    ['train', 'val']
    """
    if entry["source"] in ("fashion-mnist", "torchvision"):
        return ["train", "test"]
    if entry["source"] == "folder" and isinstance(entry.get("path"), Mapping):
        return list(entry["path"])
    return ["all"]


def source_of(entry: Mapping[str, Any]) -> str | None:
    """Return the name under which a data set's files are fetched; None for a user's own folder.

    >>> source_of({"source": "torchvision", "name": "CIFAR10"})
    'torchvision-CIFAR10'
    """
    match entry["source"]:
        case "folder":
            return None
        case "torchvision":
            return f"{TORCHVISION_PREFIX}{entry['name']}"
        case name:
            return str(name)


def folder_of(entry: Mapping[str, Any], split: str) -> str | None:
    """Return the user's folder of a split, with ``~`` expanded; None for a fetched data set.

    >>> folder_of({"source": "folder", "path": {"train": "a", "val": "b"}}, "val")
    'b'
    """
    if entry["source"] != "folder":
        return None
    path = entry["path"]
    return os.path.expanduser(path[split] if isinstance(path, Mapping) else path)


def folders_of(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return the user's folder of each split; empty for a fetched data set.

    >>> folders_of({"source": "folder", "path": "images"})
    {'all': 'images'}
    """
    return {split: folder for split in splits(entry) if (folder := folder_of(entry, split)) is not None}
