"""Pictures in folders: one folder per class, files at any depth below it.

Symbolic links are followed. Names that begin with a dot are passed over, and so are files whose extension is
not a picture's. The order is that of the names, so that it is the same on every file system.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from census.errors import StudyError

EXTENSIONS = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


def class_folders(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the class folders in a folder, by name; none where it does not exist.

    >>> class_folders("/no/such/folder")
    []
    """
    path = Path(folder)
    if not path.is_dir():
        return []
    return sorted(each for each in path.iterdir() if each.is_dir() and not each.name.startswith("."))


def find_pictures(folder: Path) -> Iterator[Path]:
    """Yield the paths of all pictures below a folder, relative to it, in the order of their names.

    Only names count: a broken link or an empty file is found as well, and reported by who reads it.
    """
    found: list[Path] = []
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        # a link to a folder that holds it would be followed for ever
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and not _holds(os.path.realpath(os.path.join(place, name)), real)
        ]
        found.extend(
            Path(place, name).relative_to(folder)
            for name in files
            if name.lower().endswith(EXTENSIONS) and not name.startswith(".")
        )
    yield from sorted(found, key=lambda path: path.parts)


def _holds(folder: str, other: str) -> bool:
    """Return whether a folder is another one, or holds it at some depth."""
    return os.path.commonpath([folder, other]) == folder


def list_folder(folder: Path, key: str) -> tuple[list[str], list[tuple[Path, int]]]:
    """List the classes and pictures in a folder.

    Parameters
    ----------
    folder : holds one folder per class.
    key : of the config, for messages.

    Returns
    -------
    classes : names of the class folders, those without any picture as well.
    files : path of each picture relative to ``folder``, and its class.

    Raises
    ------
    StudyError : there is no such folder, or no class folder or picture in it.
    """
    if not folder.is_dir():
        raise StudyError(f"{key}: there is no folder {str(folder)!r}")
    folders = class_folders(folder)
    if not folders:
        raise StudyError(f"{key}: {str(folder)!r} holds no folders; put the images of each class into one")
    files = [
        (Path(each.name, path), label) for label, each in enumerate(folders) for path in find_pictures(each)
    ]
    if not files:
        raise StudyError(
            f"{key}: none of the {len(folders)} class folders in {str(folder)!r} holds a picture "
            f"({', '.join(EXTENSIONS)})"
        )
    return [each.name for each in folders], files
