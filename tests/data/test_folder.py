"""Classes and pictures in folders."""

from pathlib import Path

import pytest

from census.data.folder import class_folders, find_pictures, list_folder
from census.errors import StudyError


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_classes_are_top_folders_and_files_lie_at_any_depth(tmp_path):
    touch(
        tmp_path, "b/2.png", "b/10.JPG", "b/deep/er/1.webp", "a/x.jpeg", "a/y.tif", "c/notes.txt", "loose.png"
    )
    classes, files = list_folder(tmp_path, "key")
    assert classes == ["a", "b", "c"]
    assert [(path.as_posix(), label) for path, label in files] == [
        ("a/x.jpeg", 0),
        ("a/y.tif", 0),
        ("b/10.JPG", 1),
        ("b/2.png", 1),
        ("b/deep/er/1.webp", 1),
    ]


def test_other_files_and_hidden_ones_are_passed_over(tmp_path):
    touch(tmp_path, "a/x.png", "a/._x.png", "a/x.png.txt", "a/png", "a/.cache/y.png", ".git/z.png")
    assert class_folders(tmp_path) == [tmp_path / "a"]
    assert list(find_pictures(tmp_path / "a")) == [Path("x.png")]


def test_links_are_followed(tmp_path):
    touch(tmp_path, "elsewhere/1.png", "elsewhere/2.png", "data/real/0.png")
    (tmp_path / "data" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "real" / "3.png").symlink_to(tmp_path / "elsewhere" / "1.png")
    (tmp_path / "data" / "real" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    classes, files = list_folder(tmp_path / "data", "key")
    assert classes == ["linked", "real"]
    assert [path.as_posix() for path, _ in files] == [
        "linked/1.png",
        "linked/2.png",
        "real/0.png",
        "real/3.png",
        "real/gone.png",
    ]


def test_a_link_to_its_own_folder_ends(tmp_path):
    touch(tmp_path, "a/deep/1.png")
    (tmp_path / "a" / "deep" / "round").symlink_to(tmp_path / "a")
    assert list(find_pictures(tmp_path / "a")) == [Path("deep/1.png")]


def test_nothing_there(tmp_path):
    with pytest.raises(StudyError, match=r"^datasets\.x\.path: there is no folder '.*none'"):
        list_folder(tmp_path / "none", "datasets.x.path")
    touch(tmp_path, "loose.png")
    with pytest.raises(StudyError, match=r"^datasets\.x\.path: .* holds no folders"):
        list_folder(tmp_path, "datasets.x.path")
    touch(tmp_path, "a/readme.txt", "b/readme.txt")
    with pytest.raises(StudyError, match=r"^datasets\.x\.path: none of the 2 class folders .*\.png"):
        list_folder(tmp_path, "datasets.x.path")
    assert class_folders(tmp_path / "none") == []
