"""Data sets of torchvision, replaced by small ones."""

import errno
import gzip
import hashlib
import logging
import socket
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from census.data import torchvision_sets
from census.data.fetch import fetch
from census.data.images import Form
from census.data.torchvision_sets import download, read_torchvision
from census.errors import StudyError
from census.networks.operators import torchvision_ready

LOG = logging.getLogger("test")


@pytest.fixture
def mnist(served, monkeypatch):
    """torchvision's own MNIST, downloaded from this machine: 2 images to train, 1 to test."""
    torchvision_ready()
    from torchvision.datasets import MNIST

    (mirror, address), resources = served, []
    for stem, n in (("train", 2), ("t10k", 1)):
        pixels = struct.pack(">BBBBIII", 0, 0, 8, 3, n, 2, 2) + bytes(range(4 * n))
        labels = struct.pack(">BBBBI", 0, 0, 8, 1, n) + bytes([7, 3][:n])
        for name, data in (
            (f"{stem}-images-idx3-ubyte.gz", pixels),
            (f"{stem}-labels-idx1-ubyte.gz", labels),
        ):
            packed = gzip.compress(data)
            (mirror / name).write_bytes(packed)
            resources.append((name, hashlib.md5(packed).hexdigest()))
    monkeypatch.setattr(MNIST, "mirrors", [address])
    monkeypatch.setattr(MNIST, "resources", resources)
    return mirror


def test_gray_images_keep_one_channel(tmp_path, mnist):
    fetch("torchvision-MNIST", tmp_path / "sources" / "x", LOG)
    images = read_torchvision("MNIST", tmp_path / "sources" / "x", "train", Form())
    decoded = list(images.decoded)
    assert (images.total, images.classes[7]) == (2, "7 - seven")
    assert [(each.label, each.source) for each in decoded] == [(7, "train/0"), (3, "train/1")]
    np.testing.assert_array_equal(decoded[1].pixels, np.arange(4, 8).reshape(2, 2, 1))
    assert read_torchvision("MNIST", tmp_path / "sources" / "x", "test", Form()).total == 1


def test_wrong_digest_leaves_nothing(tmp_path, mnist):
    (mnist / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(b"something else"))
    with pytest.raises(
        StudyError, match=r"^torchvision's MNIST could not be fetched: torchvision says: .*labels"
    ):
        fetch("torchvision-MNIST", tmp_path / "sources" / "x", LOG)
    assert list((tmp_path / "sources").iterdir()) == []


def test_full_device(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torchvision_sets, "_data_set", full)
    with pytest.raises(StudyError, match="no space is left on the device"):
        fetch("torchvision-CIFAR10", tmp_path / "sources" / "x", LOG)
    assert list((tmp_path / "sources").iterdir()) == []


def test_a_silent_server_times_out(tmp_path, mnist, monkeypatch):
    """A server that takes the connection and says nothing is given up; settings are put back."""
    from torchvision.datasets import MNIST

    monkeypatch.setattr(torchvision_sets, "_SECONDS_WITHOUT_AN_ANSWER", 0.2)
    before = socket.getdefaulttimeout()
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(MNIST, "mirrors", [f"http://127.0.0.1:{server.getsockname()[1]}/"])
        with pytest.raises(StudyError, match="timed out"):
            download("MNIST", tmp_path)
    assert socket.getdefaulttimeout() == before


class Small:
    """A data set with the interface of torchvision's: two images, in color, the second one unreadable."""

    def __init__(self, root, split, download):
        assert Path(root).is_dir()
        assert not download

    def __len__(self):
        return 2

    def __getitem__(self, index):
        if index:
            raise OSError("truncated")
        return Image.new("RGB", (2, 1), (1, 2, 3)), np.int64(4)


def test_images_in_color(tmp_path, monkeypatch):
    torchvision_ready()
    import torchvision

    monkeypatch.setattr(torchvision.datasets, "SVHN", Small)
    images = read_torchvision("SVHN", tmp_path, "test", Form())
    assert images.classes is None
    first, second = images.decoded
    assert first.pixels.tolist() == [[[1, 2, 3], [1, 2, 3]]]
    assert (type(first.label), first.label) == (int, 4)
    assert second == ("test/1", "OSError: truncated")

    monkeypatch.setattr(Small, "classes", [("tench", "Tinca tinca"), "church"], raising=False)
    assert read_torchvision("SVHN", tmp_path, "test", Form()).classes == ["tench, Tinca tinca", "church"]


def test_missing_files(tmp_path):
    with pytest.raises(StudyError, match=r"torchvision does not find CIFAR10 there .*; delete the folder"):
        read_torchvision("CIFAR10", tmp_path, "test", Form())
