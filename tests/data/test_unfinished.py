"""Folders get their final name only when they are complete."""

import errno

import pytest

from census.data.unfinished import unfinished
from census.errors import StudyError


def test_appears_when_complete(tmp_path):
    destination = tmp_path / "deep" / "folder"
    with unfinished(destination) as folder:
        (folder / "file").write_text("new")
        assert not destination.exists()
    assert (destination / "file").read_text() == "new"
    assert list(destination.parent.iterdir()) == [destination]


def test_replaces_existing_and_unfinished_folders(tmp_path):
    destination = tmp_path / "folder"
    for place in (destination, tmp_path / ".folder.unfinished"):
        place.mkdir()
        (place / "old").touch()
    with unfinished(destination) as folder:
        (folder / "new").touch()
    assert [path.name for path in destination.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [destination]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError, PermissionError])
def test_leaves_nothing_after_an_error(tmp_path, error):
    def interrupted():
        with unfinished(tmp_path / "folder") as folder:
            (folder / "file").touch()
            raise error

    with pytest.raises(error):
        interrupted()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_device(tmp_path, number):
    def full():
        with unfinished(tmp_path / "folder") as folder:
            (folder / "file").touch()
            raise OSError(number, "full")

    with pytest.raises(StudyError, match=r"folder: no space is left on the device .*; free some"):
        full()
    assert list(tmp_path.iterdir()) == []
