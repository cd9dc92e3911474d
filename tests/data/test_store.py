"""The store of images: round trip, and refusal of incomplete stores."""

import hashlib
import json
import os
import shutil

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from census.data.store import CHUNK_BYTES, DatasetWriter, open_dataset
from census.errors import StudyError

CLASSES = ["cat", "dog"]


def write(path, pixels, labels, chunk_bytes=CHUNK_BYTES, n_images=None):
    writer = DatasetWriter(path, n_images or len(pixels), chunk_bytes)
    for image, label in zip(pixels, labels, strict=True):
        writer.append(image, int(label))
    return writer.finish(CLASSES, {"source": "test"})


@pytest.fixture
def images():
    random = np.random.default_rng(0)
    return random.integers(0, 256, (7, 3, 4, 3), dtype=np.uint8), np.array([0, 1, 1, 0, 1, 0, 0])


def test_round_trip(tmp_path, images):
    digest = write(tmp_path / "a.zarr", *images, chunk_bytes=2 * 36)
    data = open_dataset(tmp_path / "a.zarr")
    np.testing.assert_array_equal(data.pixels[:], images[0])
    np.testing.assert_array_equal(data.labels, images[1])
    assert (data.pixels.dtype, data.labels.dtype) == (np.uint8, np.int32)
    assert data.pixels.chunks == (2, 3, 4, 3)
    assert data.classes == CLASSES
    expected = {"classes": CLASSES, "digest": digest, "n_images": 7, "source": "test", "complete": True}
    expected["coordinates"] = "label"
    assert data.attributes == expected


def test_digest_of_pixels_labels_and_classes(tmp_path, images):
    pixels, labels = images
    content = pixels.tobytes() + labels.astype("<i4").tobytes()
    content += json.dumps([[7, 3, 4, 3], CLASSES]).encode()
    assert write(tmp_path / "a.zarr", pixels, labels) == hashlib.sha256(content).hexdigest()


@settings(max_examples=20)
@given(chunk_images=st.integers(1, 9), spare=st.integers(0, 5))
def test_digest_does_not_depend_on_chunks(tmp_path_factory, chunk_images, spare):
    random = np.random.default_rng(1)
    pixels, labels = random.integers(0, 256, (7, 2, 2, 1), dtype=np.uint8), np.arange(7) % 2
    folder = tmp_path_factory.mktemp("stores")
    once = write(folder / "a.zarr", pixels, labels)
    assert write(folder / "b.zarr", pixels, labels, chunk_images * 4, 7 + spare) == once
    data = open_dataset(folder / "b.zarr")
    np.testing.assert_array_equal(data.pixels[:], pixels)  # none too many where fewer came than announced
    shutil.rmtree(folder)


@pytest.mark.parametrize("change", ["pixels", "labels", "shape"])
def test_digest_depends_on_the_content(tmp_path, images, change):
    pixels, labels = (array.copy() for array in images)
    once = write(tmp_path / "a.zarr", pixels, labels)
    if change == "pixels":
        pixels[3, 0, 0, 0] ^= 1
    elif change == "labels":
        labels[3] ^= 1
    else:
        pixels = pixels.reshape(7, 4, 3, 3)
    assert write(tmp_path / "b.zarr", pixels, labels) != once


def test_chunks_have_about_four_megabytes(tmp_path):
    large = np.zeros((30, 227, 227, 3), dtype=np.uint8)
    write(tmp_path / "a.zarr", large, np.zeros(30))
    assert open_dataset(tmp_path / "a.zarr").pixels.chunks == (27, 227, 227, 3)


def test_xarray_opens_it_with_named_dimensions(tmp_path, images):
    write(tmp_path / "a.zarr", *images)
    # Snakemake leaves such a file in folders that it made
    (tmp_path / "a.zarr" / ".snakemake_timestamp").touch()
    with xr.open_zarr(tmp_path / "a.zarr") as data:
        assert data["pixels"].dims == ("image", "y", "x", "channel")
        assert data["label"].dims == ("image",)
        assert data["pixels"].dtype == np.uint8
        assert data.attrs["classes"] == CLASSES
        np.testing.assert_array_equal(data["pixels"].isel(image=2), images[0][2])


def test_another_shape_is_refused(tmp_path):
    writer = DatasetWriter(tmp_path / "a.zarr", 2)
    writer.append(np.zeros((2, 2, 1), dtype=np.uint8), 0)
    with pytest.raises(ValueError, match=r"shape \(1, 2, 1\) among images of shape \(2, 2, 1\)"):
        writer.append(np.zeros((1, 2, 1), dtype=np.uint8), 0)


def test_only_a_finished_store_opens(tmp_path, images):
    message = r"is not a finished data set; delete it, and run again"
    with pytest.raises(StudyError, match=message):
        open_dataset(tmp_path / "none.zarr")
    os.mkdir(tmp_path / "empty.zarr")
    with pytest.raises(StudyError, match=message):
        open_dataset(tmp_path / "empty.zarr")
    writer = DatasetWriter(tmp_path / "half.zarr", 7, chunk_bytes=36)
    writer.append(images[0][0], 0)
    with pytest.raises(StudyError, match=message):
        open_dataset(tmp_path / "half.zarr")
