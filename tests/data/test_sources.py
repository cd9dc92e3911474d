"""Sources of data sets in the config."""

import pytest

from census.data.sources import TORCHVISION, folder_of, source_of, splits
from census.networks.operators import torchvision_ready


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"source": "fashion-mnist"}, ["train", "test"]),
        ({"source": "torchvision", "name": "CIFAR10"}, ["train", "test"]),
        ({"source": "torchvision"}, ["train", "test"]),  # the config's check reports the missing key
        ({"source": "tuxpaint-stamps"}, ["all"]),
        ({"source": "openclipart"}, ["all"]),
        ({"source": "imagenet-samples"}, ["all"]),
        ({"source": "folder", "path": "images"}, ["all"]),
        ({"source": "folder"}, ["all"]),
        ({"source": "folder", "path": {"val": "b", "train": "a"}}, ["val", "train"]),
    ],
)
def test_splits(entry, expected):
    assert splits(entry) == expected


def test_folders():
    fetched = {"source": "torchvision", "name": "SVHN"}
    own = {"source": "folder", "path": {"train": "a", "val": "b"}}
    assert (source_of(fetched), folder_of(fetched, "train")) == ("torchvision-SVHN", None)
    assert (source_of(own), folder_of(own, "val")) == (None, "b")
    assert folder_of({"source": "folder", "path": "c"}, "all") == "c"


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvision_accepts_the_arguments(name, tmp_path):
    """Each data set gets as far as to miss its files: no argument is unknown, no split misspelt."""
    torchvision_ready()
    import torchvision

    assert set(TORCHVISION[name]) == {"train", "test"}
    for arguments in TORCHVISION[name].values():
        with pytest.raises((RuntimeError, FileNotFoundError), match=r"download=True|No such file"):
            getattr(torchvision.datasets, name)(tmp_path, download=False, **arguments)
