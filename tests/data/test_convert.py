"""Data sets of every source are converted to one format."""

import errno
import logging
import os
import shutil
import struct

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import xarray as xr
import zarr
from PIL import Image

from census.data.convert import FASHION_MNIST_CLASSES, convert
from census.data.fetch import fetch
from census.data.images import endings
from census.data.store import open_dataset
from census.errors import StudyError

LOG = logging.getLogger("test")
RED, BLUE = (255, 0, 0), (0, 0, 255)


def entry(source="folder", **keys):
    defaults = {"size": None, "fit": "pad", "background": [255, 255, 255], "unreadable": "fail"}
    return {"source": source, "path": "unused", **defaults, **keys}


def run(folder, out, split="all", threads=2, log=LOG, classes=None, **keys):
    """Convert a folder; return the data set, its table and its list of unreadable files."""
    out.mkdir(exist_ok=True)
    outputs = [out / f"{split}.{extension}" for extension in ("zarr", "parquet", "unreadable.tsv")]
    convert("mine", entry(**keys), split, folder, *outputs, threads, log, classes)
    assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in outputs)
    return open_dataset(outputs[0]), pd.read_parquet(outputs[1]), pd.read_csv(outputs[2], sep="\t")


@pytest.fixture
def tree(tmp_path):
    """Four images of one size in two classes, and a class without any."""
    folder = tmp_path / "tree"
    for name in ("ant/deep", "bee", "cow"):
        (folder / name).mkdir(parents=True)
    Image.new("RGB", (3, 2), RED).save(folder / "ant/deep/1.PNG")
    Image.new("RGBA", (3, 2), (0, 0, 255, 0)).save(folder / "ant/2.png")
    palette = Image.new("P", (3, 2), 1)
    palette.putpalette([*BLUE, *RED])
    palette.save(folder / "bee/3.png", transparency=0)
    Image.new("L", (3, 2), 9).save(folder / "bee/4.bmp")
    (folder / "bee/notes.txt").write_text("not an image")
    return folder


def test_folder(tree, tmp_path):
    data, table, unreadable = run(tree, tmp_path / "out")
    assert data.classes == ["ant", "bee", "cow"]
    assert data.labels.tolist() == [0, 0, 1, 1]
    assert data.pixels.shape == (4, 2, 3, 3)
    assert [image[0, 0].tolist() for image in data.pixels[:]] == [[255] * 3, [*RED], [*RED], [9] * 3]
    assert table.to_dict("list") == {
        "image": [0, 1, 2, 3],
        "label": [0, 0, 1, 1],
        "class": ["ant", "ant", "bee", "bee"],
        "source": ["ant/2.png", "ant/deep/1.PNG", "bee/3.png", "bee/4.bmp"],
    }
    assert unreadable.to_dict("list") == {
        "source": ["bee/notes.txt"],
        "reason": ["it has the ending of no image format that Pillow reads"],
    }
    schema = pq.read_schema(tmp_path / "out" / "all.parquet")
    assert {name: str(schema.field(name).type) for name in schema.names} == {
        "image": "int64",
        "label": "int32",
        "class": "string",
        "source": "string",
    }


@pytest.mark.parametrize("source", ["tuxpaint-stamps", "openclipart"])
def test_folder_within_what_is_fetched(source, tree, tmp_path):
    data, table, _ = run(tree, tmp_path / "out", source=source, subfolder="ant")
    assert data.classes == ["deep"]
    assert table["source"].tolist() == ["deep/1.PNG"]
    with pytest.raises(StudyError, match=r"^datasets\.mine\.subfolder: there is no folder '.*/tree/ants'"):
        run(tree, tmp_path / "again", source=source, subfolder="ants")


def test_attributes(tree, tmp_path):
    attributes = run(tree, tmp_path / "out", size=5, fit="crop", background=[1, 2, 3])[0].attributes
    assert attributes["software"].keys() == {"neuron-census", "numcodecs", "numpy", "pillow", "zarr"}
    wanted = {
        "dataset": "mine",
        "split": "all",
        "source": "folder",
        "size": 5,
        "fit": "crop",
        "background": [1, 2, 3],
        "n_images": 4,
        "n_unreadable": 0,
        "n_skipped": 1,
        "complete": True,
    }
    assert wanted.items() <= attributes.items()


def test_xarray_opens_it(tree, tmp_path):
    run(tree, tmp_path / "out", size=4)
    with xr.open_zarr(tmp_path / "out" / "all.zarr") as data:
        assert dict(data.sizes) == {"image": 4, "y": 4, "x": 4, "channel": 3}


def test_number_of_threads_changes_nothing(tree, tmp_path):
    for number in range(30):
        Image.new("RGB", (3, 2), (number, 0, 0)).save(tree / "cow" / f"{number:02}.png")
    digests = {run(tree, tmp_path / "out", threads=n)[0].attributes["digest"] for n in (1, 2, 5)}
    assert len(digests) == 1


def test_images_of_many_sizes_need_a_size(tree, tmp_path):
    Image.new("RGB", (4, 4), RED).save(tree / "cow" / "5.png")
    with pytest.raises(
        StudyError,
        match=r"^datasets\.mine\.size: is null, .*cow/5\.png has 4×4 pixels and ant/2\.png has 3×2; give",
    ):
        run(tree, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
    assert run(tree, tmp_path / "out", size=4)[0].pixels.shape == (5, 4, 4, 3)


def warnings_of(caplog, *arguments, **keys):
    """Convert a folder; return the result and what the log says, but for its last line."""
    caplog.clear()
    with caplog.at_level(logging.INFO, LOG.name):
        result = run(*arguments, **keys)
    return result, [record.getMessage() for record in caplog.records][:-1]


def test_skipped_files_are_counted_and_listed(tree, tmp_path, caplog):
    for name in ("ant/1.heic", "ant/2.HEIC", "loose.png", "README.md", "ant/Thumbs.db", "cow/noending"):
        (tree / name).touch()
    for name in ("__MACOSX", "@eaDir"):
        (tree / name).mkdir()
    (tree / "ant/round").symlink_to(tree)
    (data, _, unreadable), said = warnings_of(caplog, tree, tmp_path / "out")
    assert said == [
        "ignored hidden and system files: 1 @eaDir, 1 Thumbs.db, 1 __MACOSX",
        "skipped 5 file(s); each has the ending of no image format that Pillow reads: "
        "2 .heic, 1 .md, 1 .txt, 1 without ending",
        "skipped 1 file(s); each lies in no class folder: 1 .png",
        "skipped 1 file(s); each is a link to a folder that contains it: 1 without ending",
        "1 of 3 classes have no images: 'cow'",
    ]
    assert unreadable["source"].tolist() == [
        *("README.md", "ant/1.heic", "ant/2.HEIC", "ant/round", "bee/notes.txt", "cow/noending", "loose.png")
    ]
    assert (data.attributes["n_skipped"], data.attributes["n_images"]) == (7, 4)


def test_classes_without_images_are_logged_once_per_split(tree, tmp_path, caplog):
    shutil.rmtree(tree / "ant")
    (tree / "bee/3.png").write_bytes(b"")
    (tree / "cow/1.png").touch()
    classes = [*"abcdefghij", "ant", "bee", "cow"]
    (data, table, _), said = warnings_of(caplog, tree, tmp_path / "out", unreadable="skip", classes=classes)
    assert data.classes == classes
    assert data.labels.tolist() == [11]
    assert table["class"].tolist() == ["bee"]
    shown = ", ".join(map(repr, "abcdefghij"))
    assert [line for line in said if "classes have" in line] == [
        f"12 of 13 classes have no images: {shown}, and 2 more"
    ]


WRITTEN = {
    **{
        "apng": {},
        "avif": {"quality": 100},
        "bmp": {},
        "dds": {},
        "dib": {},
        "gif": {},
        "icns": {},
        "ico": {},
    },
    **{
        "j2k": {},
        "jfif": {"quality": 100},
        "jp2": {},
        "jpe": {"quality": 100},
        "mpo": {"quality": 100},
    },
    **{"msp": {}, "pbm": {}, "pcx": {}, "pgm": {}, "pnm": {}, "ppm": {}, "qoi": {}, "rgb": {}, "sgi": {}},
    **{"tga": {}, "tif": {}, "webp": {"lossless": True}, "xbm": {}},
}
MODES = {"msp": "1", "pbm": "1", "pgm": "L", "xbm": "1"}


@pytest.mark.parametrize("ending", WRITTEN)
def test_all_formats_of_pillow_are_read(tmp_path, ending):
    wanted = np.zeros((16, 16, 3), dtype=np.uint8)
    wanted[:, :8] = 255
    place = tmp_path / "images/class" / f"1.{ending.upper()}"
    place.parent.mkdir(parents=True)
    Image.fromarray(wanted).convert(MODES.get(ending, "RGB")).save(place, **WRITTEN[ending])
    data = run(tmp_path / "images", tmp_path / "out", size=16)[0]
    np.testing.assert_allclose(data.pixels[0].astype(int), wanted, atol=40)


@pytest.mark.parametrize("ending", ["gif", "tif", "webp", "apng"])
def test_the_first_of_several_frames_is_used_and_logged(tmp_path, caplog, ending):
    (tmp_path / "images/class").mkdir(parents=True)
    frames = [Image.new("RGB", (16, 16), color) for color in (RED, BLUE, RED)]
    frames[0].save(
        tmp_path / f"images/class/1.{ending}", save_all=True, append_images=frames[1:], **WRITTEN[ending]
    )
    frames[0].save(tmp_path / f"images/class/2.{ending}", **WRITTEN[ending])
    (data, _, _), said = warnings_of(caplog, tmp_path / "images", tmp_path / "out")
    assert (data.pixels[:] == RED).all()
    assert said == [f"1 file(s) have several frames; the first is used: class/1.{ending}"]


def test_a_damaged_later_frame_does_not_matter(tmp_path, caplog):
    (tmp_path / "images/class").mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 256, (3, 40, 40), dtype=np.uint8)
    first, *others = map(Image.fromarray, noise)
    path = tmp_path / "images/class/1.gif"
    first.save(path, save_all=True, append_images=others)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    data = run(tmp_path / "images", tmp_path / "out")[0]
    np.testing.assert_array_equal(data.pixels[0], np.repeat(noise[0][:, :, None], 3, 2))


def test_documents_and_films_are_not_images(tmp_path):
    assert not endings() & {".pdf", ".eps", ".ps", ".mpg", ".mpeg", ".h5", ".hdf", ".grib", ".bufr", ".wmf"}
    # nor are they under another name: no other program is started
    (tmp_path / "images/class").mkdir(parents=True)
    Image.new("RGB", (4, 4), RED).save(tmp_path / "images/class/1.png")
    Image.new("RGB", (4, 4), RED).save(tmp_path / "images/class/2.png", format="EPS")
    unreadable = run(tmp_path / "images", tmp_path / "out", unreadable="skip")[2]
    assert unreadable["reason"].tolist() == ["not in an image format that Pillow knows"]


def test_gray_of_16_bits(tmp_path):
    (tmp_path / "images/class").mkdir(parents=True)
    values = np.array([[0, 257, 32896, 65535]], dtype=np.uint16)
    for ending in ("png", "tif", "pgm", "jp2"):
        Image.fromarray(values).save(tmp_path / f"images/class/1.{ending}")
    data = run(tmp_path / "images", tmp_path / "out")[0]
    assert data.pixels.shape == (4, 1, 4, 3)
    assert (data.pixels[:, 0, :, 0] == [0, 1, 128, 255]).all()


@pytest.mark.parametrize("name", [b"caf\xe9", b"{braces}", b"<b>bold", "日本語".encode(), b"x" * 255, b"$"])
def test_classes_of_any_name(tmp_path, name):
    folder = tmp_path / "images" / os.fsdecode(name)
    folder.mkdir(parents=True)
    Image.new("RGB", (4, 4), RED).save(folder / os.fsdecode(b"\xff.png"))
    (folder / os.fsdecode(b"\xfe.png")).touch()
    data, table, unreadable = run(tmp_path / "images", tmp_path / "out", unreadable="skip")
    text = name.decode(errors="backslashreplace")
    assert data.classes == table["class"].tolist() == [text]
    assert table["source"].tolist() == [f"{text}/\\xff.png"]
    assert unreadable["source"].tolist() == [f"{text}/\\xfe.png"]


def spoil(tree):
    """Add an empty, a corrupt and a truncated file, and a link to nowhere."""
    (tree / "cow/empty.png").touch()
    (tree / "bee/corrupt.jpg").write_bytes(b"no image at all")
    noise = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tree / "ant/truncated.png")
    (tree / "ant/truncated.png").write_bytes((tree / "ant/truncated.png").read_bytes()[:1000])
    (tree / "ant/link.png").symlink_to("nowhere.png")


def test_unreadable_files_fail(tree, tmp_path):
    spoil(tree)
    with pytest.raises(
        StudyError, match=r"^datasets\.mine\.unreadable: 4 of 8 files cannot be read: "
    ) as raised:
        run(tree, tmp_path / "out")
    for name in ("cow/empty.png", "bee/corrupt.jpg", "ant/truncated.png", "ant/link.png"):
        assert str(tree / name) in str(raised.value)
    assert "set this key to skip" in str(raised.value)
    assert list((tmp_path / "out").iterdir()) == []


def test_at_most_ten_unreadable_files_are_named(tree, tmp_path):
    for number in range(12):
        (tree / "cow" / f"{number:02}.png").touch()
    with pytest.raises(StudyError, match="12 of 16 files cannot be read") as raised:
        run(tree, tmp_path / "out")
    assert str(raised.value).count("the file is empty") == 10
    assert "09.png" in str(raised.value)
    assert "10.png" not in str(raised.value)
    assert "; and 2 more." in str(raised.value)


def test_unreadable_files_are_skipped_and_listed(tree, tmp_path, caplog):
    spoil(tree)
    with caplog.at_level(logging.WARNING, LOG.name):
        data, table, unreadable = run(tree, tmp_path / "out", unreadable="skip")
    assert data.labels.tolist() == [0, 0, 1, 1]
    assert data.classes == ["ant", "bee", "cow"]  # nothing of the last is left
    assert data.attributes["n_unreadable"] == 4
    assert table["source"].tolist() == ["ant/2.png", "ant/deep/1.PNG", "bee/3.png", "bee/4.bmp"]
    reasons = dict(zip(unreadable["source"], unreadable["reason"], strict=True))
    assert reasons.pop("bee/notes.txt").endswith("no image format that Pillow reads")
    assert list(reasons) == ["ant/link.png", "ant/truncated.png", "bee/corrupt.jpg", "cow/empty.png"]
    assert "No such file" in reasons["ant/link.png"]
    assert "truncated" in reasons["ant/truncated.png"]
    assert reasons["bee/corrupt.jpg"] == "not in an image format that Pillow knows"
    assert reasons["cow/empty.png"] == "ValueError: the file is empty"
    assert "4 of 8 files cannot be read" in caplog.text


def test_digest_covers_only_readable_images(tree, tmp_path):
    before = run(tree, tmp_path / "out")[0].attributes["digest"]
    spoil(tree)
    assert run(tree, tmp_path / "out", unreadable="skip")[0].attributes["digest"] == before


def test_nothing_readable(tree, tmp_path):
    for path in tree.rglob("*.*"):
        path.write_bytes(b"")
    with pytest.raises(
        StudyError, match=r"^datasets\.mine\.unreadable: is skip, but nothing is left: 4 of 4"
    ):
        run(tree, tmp_path / "out", unreadable="skip")
    assert list((tmp_path / "out").iterdir()) == []


def test_names_with_tabs_and_other_signs(tree, tmp_path):
    odd = 'a\tb"c é.png'
    (tree / "bee" / odd).touch()
    unreadable = run(tree, tmp_path / "out", unreadable="skip")[2]
    assert unreadable["source"].tolist() == [f"bee/{odd}", "bee/notes.txt"]


def test_missing_and_empty_folders(tmp_path):
    with pytest.raises(StudyError, match=r"^datasets\.mine\.path: there is no folder '.*/none'"):
        run(tmp_path / "none", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(StudyError, match=r"^datasets\.mine\.path\.val: '.*/empty' holds no class folders"):
        run(tmp_path / "empty", tmp_path / "out", split="val", path={"train": "a", "val": "b"})
    with pytest.raises(StudyError, match=r"^datasets\.mine: there is no split 'tset'; did you mean 'test'"):
        run(tmp_path / "empty", tmp_path / "out", split="tset", source="fashion-mnist")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("error", "raised", "message"),
    [
        (KeyboardInterrupt(), KeyboardInterrupt, None),
        (OSError(errno.ENOSPC, "No space left on device"), StudyError, r"all\.zarr: no space is left"),
    ],
)
def test_interrupted_midway(tree, tmp_path, monkeypatch, error, raised, message):
    def fail(*_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(zarr.Array, "__setitem__", fail)
        with pytest.raises(raised, match=message):
            run(tree, tmp_path / "out")
    # the tables may be there: their store, without which the job is not done, is not
    assert not list((tmp_path / "out").glob("*.zarr")) + list((tmp_path / "out").glob(".*"))
    assert run(tree, tmp_path / "out")[0].attributes["n_images"] == 4


@pytest.fixture
def fashion(tmp_path):
    """Files as of Fashion-MNIST, with three images to test on."""
    folder = tmp_path / "fashion"
    folder.mkdir()
    pixels = np.zeros((3, 28, 28), dtype=np.uint8)
    pixels[1, 0, 5], pixels[2] = 200, 100
    header = struct.pack(">BBBBIII", 0, 0, 8, 3, 3, 28, 28)
    (folder / "t10k-images-idx3-ubyte").write_bytes(header + pixels.tobytes())
    (folder / "t10k-labels-idx1-ubyte").write_bytes(struct.pack(">BBBBI", 0, 0, 8, 1, 3) + bytes([9, 0, 3]))
    return folder, pixels


def test_fashion_mnist(fashion, tmp_path):
    folder, pixels = fashion
    data, table, _ = run(folder, tmp_path / "out", "test", source="fashion-mnist")
    np.testing.assert_array_equal(data.pixels[:], pixels[:, :, :, None])
    assert data.classes == FASHION_MNIST_CLASSES
    assert table["class"].tolist() == ["Ankle boot", "T-shirt/top", "Dress"]
    assert table["source"].tolist() == ["test/0", "test/1", "test/2"]


def test_fashion_mnist_at_another_size(fashion, tmp_path):
    data = run(fashion[0], tmp_path / "out", "test", source="fashion-mnist", size=56)[0]
    assert data.pixels.shape == (3, 56, 56, 1)
    assert (data.pixels[2] == 100).all()


def test_fashion_mnist_whose_files_do_not_match(fashion, tmp_path):
    labels = fashion[0] / "t10k-labels-idx1-ubyte"
    for wrong in (bytes([9, 0]), bytes([9, 0, 10])):
        labels.write_bytes(struct.pack(">BBBBI", 0, 0, 8, 1, len(wrong)) + wrong)
        with pytest.raises(StudyError, match="labels and images do not match; delete the folder"):
            run(fashion[0], tmp_path / "out", "test", source="fashion-mnist")


def test_imagenet_samples(tmp_path):
    folder = tmp_path / "samples"
    folder.mkdir()
    for name, color in (("imagenet_01_99.jpg", RED), ("imagenet_00_243.jpg", BLUE)):
        Image.new("RGB", (8, 8), color).save(folder / name)
    data, table, _ = run(folder, tmp_path / "out", source="imagenet-samples")
    assert data.labels.tolist() == [243, 99]
    assert len(data.classes) == 1000
    assert table["class"].tolist() == ["bull mastiff", "goose"]

    (folder / "imagenet_02.jpg").touch()
    with pytest.raises(StudyError, match=r"imagenet_02\.jpg: its name has no label"):
        run(folder, tmp_path / "out", source="imagenet-samples")
    shutil.rmtree(folder)
    folder.mkdir()
    with pytest.raises(StudyError, match="there are no images in"):
        run(folder, tmp_path / "out", source="imagenet-samples")


@pytest.mark.network
@pytest.mark.skipif(shutil.which("apt-get") is None, reason="apt-get is of Debian and Ubuntu")
def test_all_of_fashion_mnist(tmp_path):
    """The images are those that torchvision's reader finds, with the known mean and deviation."""
    from census.networks.operators import torchvision_ready

    torchvision_ready()
    from torchvision.datasets.mnist import read_image_file, read_label_file

    fetch("fashion-mnist", tmp_path / "fashion-mnist", LOG)
    for split, stem, n in (("train", "train", 60_000), ("test", "t10k", 10_000)):
        data = run(tmp_path / "fashion-mnist", tmp_path / split, split, source="fashion-mnist")[0]
        pixels = read_image_file(str(tmp_path / "fashion-mnist" / f"{stem}-images-idx3-ubyte")).numpy()
        labels = read_label_file(str(tmp_path / "fashion-mnist" / f"{stem}-labels-idx1-ubyte")).numpy()
        np.testing.assert_array_equal(data.pixels[:][..., 0], pixels)
        np.testing.assert_array_equal(data.labels, labels)
        assert np.bincount(data.labels).tolist() == [n // 10] * 10
        if split == "train":
            assert pixels.mean() / 255 == pytest.approx(0.2860, abs=1e-4)
            assert pixels.std() / 255 == pytest.approx(0.3530, abs=1e-4)


@pytest.mark.network
@pytest.mark.skipif(shutil.which("apt-get") is None, reason="apt-get is of Debian and Ubuntu")
def test_all_stamps(tmp_path):
    fetch("tuxpaint-stamps", tmp_path / "stamps", LOG)
    data, table, unreadable = run(tmp_path / "stamps", tmp_path / "out", source="tuxpaint-stamps", size=227)
    assert data.pixels.shape == (796, 227, 227, 3)
    assert len(data.classes) == 16
    assert set(table["class"]) == set(data.classes)
    assert unreadable.empty
    # their background is transparent: most corners are as white as it is laid over
    assert (data.pixels[:, 0, 0] == 255).all(axis=1).mean() > 0.8
