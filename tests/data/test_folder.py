"""Classes and images in folders."""

import os
import re
import shutil
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from census.data.folder import (
    LOOP,
    NO_CLASS,
    NO_IMAGE,
    as_text,
    class_folders,
    class_name,
    classes_of,
    last_changes,
    list_folder,
    listed,
)
from census.errors import StudyError

ENDINGS = {".gif", ".jpeg", ".jpg", ".png", ".tif", ".webp"}


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def files_of(folder):
    return [path.as_posix() for path, _ in list_folder(folder, "key", ENDINGS).files]


def skipped_of(folder):
    skipped = list_folder(folder, "key", ENDINGS).skipped
    return {path.as_posix(): reason for path, reason in skipped}


def test_classes_are_top_folders_and_files_lie_at_any_depth(tmp_path):
    touch(
        tmp_path,
        "b/2.png",
        "b/10.JPG",
        "b/deep/er/1.webp",
        "b/deep.png",
        "a/x.jpeg",
        "a/y.tif",
        "c/notes.txt",
    )
    listing = list_folder(tmp_path, "key", ENDINGS)
    assert listing.classes == ["a", "b", "c"]
    assert [(path.as_posix(), label) for path, label in listing.files] == [
        ("a/x.jpeg", 0),
        ("a/y.tif", 0),
        ("b/10.JPG", 1),
        ("b/2.png", 1),
        ("b/deep/er/1.webp", 1),
        ("b/deep.png", 1),
    ]


def test_files_other_than_images_are_listed_with_the_reason(tmp_path):
    touch(tmp_path, "a/x.png", "a/x.png.txt", "a/png", "a/deep/y.HEIC", "loose.PNG", "labels.csv")
    assert files_of(tmp_path) == ["a/x.png"]
    assert skipped_of(tmp_path) == {
        "loose.PNG": NO_CLASS,
        "labels.csv": NO_IMAGE,
        "a/x.png.txt": NO_IMAGE,
        "a/png": NO_IMAGE,
        "a/deep/y.HEIC": NO_IMAGE,
    }


@pytest.mark.parametrize(
    "name",
    ["__MACOSX", "@eaDir", "lost+found", ".ipynb_checkpoints", "$Recycle.Bin", "System Volume Information"],
)
def test_system_folders_are_counted_and_are_not_classes(tmp_path, name):
    touch(tmp_path, "cat/1.png", f"{name}/2.png", f"cat/deep/{name}/3.png")
    listing = list_folder(tmp_path, "key", ENDINGS)
    assert class_folders(tmp_path) == [tmp_path / "cat"]
    assert (listing.classes, listing.skipped) == (["cat"], [])
    assert [path.as_posix() for path, _ in listing.files] == ["cat/1.png"]
    assert listing.leftovers == {name: 2}


def test_hidden_files_and_those_of_systems_are_counted_by_kind(tmp_path):
    names = ("._1.png", "._2.png", ".hidden.png", ".DS_Store", "THUMBS.DB", "desktop.ini", ".cache/y.png")
    touch(tmp_path, "a/x.png", ".DS_Store", *(f"a/{name}" for name in names))
    listing = list_folder(tmp_path, "key", ENDINGS)
    assert files_of(tmp_path) == ["a/x.png"]
    assert listing.skipped == []
    assert listing.leftovers == Counter(
        {"._*": 2, ".*": 1, ".DS_Store": 2, "THUMBS.DB": 1, "desktop.ini": 1, ".cache": 1}
    )


def test_links_are_followed(tmp_path):
    touch(tmp_path, "elsewhere/1.png", "elsewhere/2.png", "data/real/0.png")
    (tmp_path / "data" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "real" / "3.png").symlink_to(tmp_path / "elsewhere" / "1.png")
    (tmp_path / "data" / "real" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    listing = list_folder(tmp_path / "data", "key", ENDINGS)
    assert listing.classes == ["linked", "real"]
    assert files_of(tmp_path / "data") == [
        "linked/1.png",
        "linked/2.png",
        "real/0.png",
        "real/3.png",
        "real/gone.png",
    ]


def test_circular_links_end(tmp_path):
    root = tmp_path / "root"
    touch(root, "a/deep/1.png", "b/2.png")
    (root / "a/deep/round").symlink_to(root / "a")
    assert (files_of(root), skipped_of(root)) == (["a/deep/1.png", "b/2.png"], {"a/deep/round": LOOP})
    # a class that is the root itself, or holds it
    (root / "self").symlink_to(".")
    (root / "above").symlink_to(tmp_path)
    assert class_folders(root) == [root / "a", root / "b"]
    assert skipped_of(root) == {"self": LOOP, "above": LOOP, "a/deep/round": LOOP}
    # by way of each other
    (root / "a/deep/round").rename(root / "a/to_b")
    for name, other in (("a/to_b", "b"), ("b/to_a", "a")):
        (root / name).unlink(missing_ok=True)
        (root / name).symlink_to(root / other)
    assert files_of(root) == ["a/deep/1.png", "a/to_b/2.png", "b/2.png", "b/to_a/deep/1.png"]
    # of no end at all: as a broken one, a file that cannot be read
    (root / "a/never.png").symlink_to("never.png")
    assert "a/never.png" in files_of(root)


def refused(path, match, key="datasets.x.path"):
    """Assert that neither planning nor listing takes a folder."""
    with pytest.raises(StudyError, match=match):
        list_folder(path, key, ENDINGS)
    if key == "datasets.x.path":
        with pytest.raises(StudyError, match=match):
            classes_of({"all": str(path)}, "datasets.x")


def test_folders_without_classes_are_refused(tmp_path):
    refused(tmp_path / "none", r"^datasets\.x\.path: there is no folder '.*none'")
    assert class_folders(tmp_path / "none") == []
    touch(tmp_path, "images.ZIP", "images.tar.gz", "one.png")
    for name in ("images.ZIP", "images.tar.gz"):
        refused(
            tmp_path / name, rf"^datasets\.x\.path: '.*{name}' is an archive; unpack it, and give the folder"
        )
    refused(tmp_path / "one.png", r"^datasets\.x\.path: '.*one\.png' is a file; give the folder that holds")


def test_images_without_class_folders_are_refused(tmp_path):
    touch(tmp_path, "1.png", "2.png", "__MACOSX/3.png", ".DS_Store")
    refused(
        tmp_path, r"^datasets\.x\.path: '.*' holds no class folders, only 2 files; put the images of each"
    )
    touch(tmp_path, "again/a/readme.txt", "again/b/1.heic", "again/b/2.heic")
    with pytest.raises(
        StudyError, match=r"none of the 2 class folders in .* only 2 \.heic, 1 \.txt; convert"
    ):
        list_folder(tmp_path / "again", "key", ENDINGS)


def test_splits_are_not_mistaken_for_classes(tmp_path):
    touch(tmp_path, "train/cat/1.png", "Val/cat/2.png")
    refused(tmp_path, r"are splits, not classes; give \{val: '.*/Val', train: '.*/train'\}")
    # a train can be a class
    for name in ("train", "Val"):
        shutil.rmtree(tmp_path / name)
    touch(tmp_path, "train/1.png", "test/2.png")
    assert classes_of({"all": str(tmp_path)}, "key") == ["test", "train"]


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    touch(tmp_path, "a/1.png", "a/deep/2.png")
    scandir = os.scandir

    def scan(path):  # root may read all
        if Path(path).name == "deep":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", scan)
    with pytest.raises(StudyError, match=r"^key: '.*/a/deep' cannot be read \(Permission denied\); make it"):
        list_folder(tmp_path, "key", ENDINGS)


def splits_of(folder, **names):
    """Make folders of splits, of classes with one image each, and return their paths."""
    for split, classes in names.items():
        touch(folder, *(f"{split}/{name}/1.png" for name in classes))
    return {split: str(folder / split) for split in names}


def test_splits_are_merged_by_the_names_of_their_classes(tmp_path):
    folders = splits_of(tmp_path, train=["blue", "green", "red"], test=["green", "red"])
    classes = classes_of(folders, "datasets.x")
    assert classes == ["blue", "green", "red"]
    for split, expected in (("train", [0, 1, 2]), ("test", [1, 2])):
        listing = list_folder(Path(folders[split]), "key", ENDINGS, classes)
        assert listing.classes == classes
        assert [label for _, label in listing.files] == expected


def test_a_class_missing_from_the_training_split_is_refused(tmp_path):
    folders = splits_of(tmp_path, train=["blue", "green", "red"], test=["green", "red", "zebra"])
    with pytest.raises(StudyError) as raised:
        classes_of(folders, "datasets.x")
    for part in ("datasets.x.path.test: ", folders["test"], folders["train"], "'zebra'", "Rename or remove"):
        assert part in str(raised.value)
    # of another case: the nearest is named
    folders = splits_of(tmp_path / "case", train=["cats", "dogs"], val=["Cats", "dogs"])
    with pytest.raises(StudyError, match=r"path\.val: .* others: 'Cats'\. .*; did you mean 'cats'\?"):
        classes_of(folders, "datasets.x")
    # an empty one, too: it is decided by names alone
    folders = splits_of(tmp_path / "empty", train=["a"], test=["a"])
    (tmp_path / "empty/test/b").mkdir()
    with pytest.raises(StudyError, match=r"others: 'b'"):
        classes_of(folders, "datasets.x")


def test_splits_without_training_share_all_their_classes(tmp_path):
    folders = splits_of(tmp_path, val=["a", "c"], test=["b", "c"])
    classes = classes_of(folders, "datasets.x")
    assert classes == ["a", "b", "c"]
    assert [label for _, label in list_folder(tmp_path / "val", "key", ENDINGS, classes).files] == [0, 2]


def test_a_class_added_after_planning_is_refused(tmp_path):
    touch(tmp_path, "a/1.png", "b/1.png")
    with pytest.raises(StudyError, match="/b' was added after the jobs were planned; run again"):
        list_folder(tmp_path, "key", ENDINGS, ["a"])


def test_an_empty_class_keeps_its_number(tmp_path):
    touch(tmp_path, "cat/1.png", "unicorn/1.png")
    (tmp_path / "dog").mkdir()
    listing = list_folder(tmp_path, "key", ENDINGS)
    assert listing.classes == ["cat", "dog", "unicorn"]
    assert [label for _, label in listing.files] == [0, 2]


NAMES = [
    *("{braces}", "<b>bold", "$^$", "$", "US$ and AU$", "_underscore", "日本語", "x" * 200, " space "),
    *("line\nbreak", "*?[a]", "back\\slash", "%s", "-dash"),
]


@pytest.mark.parametrize("name", NAMES)
def test_valid_names_are_kept(tmp_path, name):
    touch(tmp_path, f"{name}/1.png")
    assert classes_of({"all": str(tmp_path)}, "key") == [name]
    assert files_of(tmp_path) == [f"{name}/1.png"]


@pytest.mark.parametrize(
    "name", [b"caf\xe9", b"\xff\xfe", b"half \xe6\x97", rb"\xe9", rb"\x5cxe9 \xe9", rb"a\b"]
)
def test_invalid_utf8_is_escaped_reversibly(tmp_path, name):
    touch(tmp_path, os.fsdecode(name) + "/1.png")
    (folder,) = class_folders(tmp_path)
    text = class_name(folder)
    assert text.encode().isascii()
    unescaped = re.sub(rb"\\x([0-9a-f]{2})", lambda found: bytes([int(found[1], 16)]), text.encode())
    assert unescaped == name
    assert list_folder(tmp_path, "key", ENDINGS, [text]).files == [(Path(folder.name, "1.png"), 0)]


def test_accents_are_normalized(tmp_path):
    composed, decomposed = "café", unicodedata.normalize("NFD", "café")
    folders = splits_of(tmp_path, train=["a", composed], test=[decomposed])
    classes = classes_of(folders, "key")
    assert classes == ["a", composed]
    assert [label for _, label in list_folder(tmp_path / "test", "key", ENDINGS, classes).files] == [1]
    assert as_text(decomposed) == decomposed  # a path stays what it is


def test_changes_are_detected(tmp_path):
    touch(tmp_path, "a/1.png", "b/1.png")
    for each in class_folders(tmp_path):
        os.utime(each, (1000, 1000))
    digests = [last_changes(str(tmp_path))]
    assert last_changes(str(tmp_path)) == digests[0]
    touch(tmp_path, "a/2.png")
    digests.append(last_changes(str(tmp_path)))
    (tmp_path / "b").rename(tmp_path / "c")
    digests.append(last_changes(str(tmp_path)))
    os.utime(tmp_path / "a", (5, 5))  # another folder in its place, even an older one
    digests.append(last_changes(str(tmp_path)))
    assert len(set(digests)) == 4


def test_long_lists_are_truncated():
    assert listed("abc") == "a, b, c"
    assert listed(map(str, range(12))) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, and 2 more"
