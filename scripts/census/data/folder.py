"""Images in folders: one folder per class, files at any depth below it.

Symbolic links are followed, unless they lead to a folder that contains them. Hidden names, which begin with a
dot, names in :data:`LEFTOVERS` and files that are not images are ignored and counted. Files are in the order
of their names, which is the same on every file system.

Neither Pillow nor numpy is imported here, because the Snakefile also imports this module.
"""

import contextlib
import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from census.errors import StudyError, nearest

# Files and folders that systems and programs create, in lower case: macOS, Windows, Linux, Synology, QNAP,
# NetApp, Python. Most others are hidden.
LEFTOVERS = frozenset(
    {
        *("__macosx", "network trash folder", "temporary items", "icon\r", ".ds_store"),
        *("$recycle.bin", "system volume information", "desktop.ini", "thumbs.db"),
        *("ehthumbs.db", "ehthumbs_vista.db"),
        "lost+found",
        *("@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "~snapshot"),
        "__pycache__",
    }
)
# reasons in the log, after "each"
NO_IMAGE = "has the ending of no image format that Pillow reads"
NO_CLASS = "lies in no class folder"
LOOP = "is a link to a folder that contains it"

_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar")
_SPLITS = frozenset({"train", "training", "val", "valid", "validation", "test", "testing"})
_SHOWN = 10


class Skipped(NamedTuple):
    """A file or link that is left out, with the reason."""

    path: Path
    reason: str


@dataclass
class Listing:
    """The contents of a folder of class folders.

    Attributes
    ----------
    classes : names of all classes of the data set, including those without images, in the order of labels.
    files : path of each image file relative to the folder, and the label of its class.
    skipped : files that are not images of a class, relative to the folder.
    leftovers : number of hidden and system files, by name.
    """

    classes: list[str]
    files: list[tuple[Path, int]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    leftovers: Counter[str] = field(default_factory=Counter)


def as_text(name: str) -> str:
    r"""Return a file's name as valid UTF-8; invalid bytes become ``\xNN``.

    A backslash that looks like the beginning of such an escape is written ``\x5c``. Replacing each ``\xNN``
    by its byte therefore restores the name.

    >>> print(as_text(os.fsdecode(b"caf\xe9")))
    caf\xe9
    >>> print(as_text(r"a\b, \xe9"))
    a\b, \x5cxe9
    """
    plain = re.sub(r"\\(?=x[0-9a-f]{2})", r"\\x5c", name)
    return os.fsencode(plain).decode(errors="backslashreplace")


def class_name(folder: Path) -> str:
    """Return the name of a folder's class: the folder's name, see :func:`as_text`, in the Unicode form NFC.

    macOS writes accents as separate characters (NFD), other systems do not (NFC); both name one class.
    """
    return unicodedata.normalize("NFC", as_text(folder.name))


def class_folders(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the class folders in a folder, by name; empty if the folder does not exist.

    >>> class_folders("/no/such/folder")
    []
    """
    path = Path(folder)
    if not path.is_dir():
        return []
    found = _look_into(path, [os.path.realpath(path)], Listing([]), Path())
    return [path / name for name, is_folder in found.items() if is_folder]


def classes_of(folders: Mapping[str, str], key: str) -> list[str]:
    """Return the classes of a data set in the order of labels, shared by all splits.

    Classes are those of the split ``train`` or, without a split of this name, those of all splits.

    Parameters
    ----------
    folders : the folder of each split.
    key : config key of the data set, for messages.

    Raises
    ------
    StudyError : a folder does not exist, cannot be read or holds no class folders; or a split has a class
        that ``train`` lacks.
    """
    keys = {split: key_of_path(key, split) for split in folders}
    names = {
        split: {class_name(each) for each in _class_folders(folders[split], keys[split])} for split in folders
    }
    if "train" not in names:
        return sorted(set().union(*names.values()))
    for split, found in names.items():
        unknown = sorted(found - names["train"])
        if unknown:
            hint = nearest(unknown[0], names["train"]) if len(unknown) == 1 else ""
            raise StudyError(
                f"{keys[split]}: classes are those of {folders['train']!r}, the split train, but "
                f"{folders[split]!r} also has others: {listed(map(repr, unknown))}. Rename or remove their "
                f"folders, add them to both splits, or make this split a separate data set{hint}"
            )
    return sorted(names["train"])


def key_of_path(key: str, split: str) -> str:
    """Return the config key of a split's folder; ``all`` is the split of a data set without splits.

    >>> key_of_path("datasets.mine", "test")
    'datasets.mine.path.test'
    """
    return f"{key}.path" if split == "all" else f"{key}.path.{split}"


def last_changes(folder: str) -> str:
    """Return a digest of the names and modification times (in seconds) of class folders.

    It changes if a class folder, or anything directly in one, is added, removed or renamed.
    """
    sha256 = hashlib.sha256()
    for each in class_folders(folder):
        sha256.update(os.fsencode(each.name) + b"/%d/" % int(each.stat().st_mtime))
    return sha256.hexdigest()


def list_folder(
    folder: Path, key: str, endings: Collection[str], classes: Sequence[str] | None = None
) -> Listing:
    """List the classes and images in a folder.

    Parameters
    ----------
    folder : folder with one subfolder per class.
    key : config key of the folder, for messages.
    endings : endings of image files, in lower case, with dots.
    classes : classes of the data set, in the order of labels; None for those of this folder.

    Raises
    ------
    StudyError : the folder does not exist, cannot be read, holds no class folder or image, or has a class
        folder that is not among the classes.
    """
    folders = _class_folders(folder, key)
    if classes is None:
        classes = sorted({class_name(each) for each in folders})
    listing = Listing(list(classes))
    labels = {name: label for label, name in enumerate(classes)}
    root = os.path.realpath(folder)
    with _readable(key):
        for name, is_folder in _look_into(folder, [root], listing, Path()).items():
            if not is_folder:
                reason = NO_CLASS if _ending(name) in endings else NO_IMAGE
                listing.skipped.append(Skipped(Path(name), reason))
        for each in folders:
            label = labels.get(class_name(each))
            if label is None:
                raise StudyError(f"{key}: {str(each)!r} was added after the jobs were planned; run again")
            for path in _files_below(each, [root], listing, Path(each.name)):
                if _ending(path.name) in endings:
                    listing.files.append((path, label))
                else:
                    listing.skipped.append(Skipped(path, NO_IMAGE))
    if not listing.files:
        held = f", only {counted(endings_of(listing.skipped))}" if listing.skipped else ""
        raise StudyError(
            f"{key}: none of the {len(folders)} class folders in {str(folder)!r} holds an image that Pillow "
            f"reads{held}; convert images to PNG, for example"
        )
    return listing


def endings_of(skipped: Iterable[Skipped]) -> Counter[str]:
    """Return the number of skipped files with each ending.

    >>> endings_of([Skipped(Path("a/1.HEIC"), NO_IMAGE), Skipped(Path("README"), NO_IMAGE)])
    Counter({'.heic': 1, 'without ending': 1})
    """
    return Counter(as_text(_ending(each.path.name)) or "without ending" for each in skipped)


def counted(counts: Counter[str]) -> str:
    """Return counts as text, the largest first.

    >>> counted(Counter({".txt": 1, ".heic": 2}))
    '2 .heic, 1 .txt'
    """
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return listed(f"{count} {name}" for name, count in ordered)


def listed(names: Iterable[str]) -> str:
    """Return the first ten names, and the number of further names.

    >>> listed("abcdefghijkl")
    'a, b, c, d, e, f, g, h, i, j, and 2 more'
    """
    shown = list(names)
    more = [f"and {len(shown) - _SHOWN} more"] if len(shown) > _SHOWN else []
    return ", ".join(shown[:_SHOWN] + more)


def _ending(name: str) -> str:
    return os.path.splitext(name)[1].lower()


@contextlib.contextmanager
def _readable(key: str) -> Iterator[None]:
    """Convert an OSError to a StudyError that names the unreadable folder."""
    try:
        yield
    except OSError as error:
        raise StudyError(
            f"{key}: {error.filename!r} cannot be read ({error.strerror}); make it readable, or move it away"
        ) from error


def _class_folders(folder: str | Path, key: str) -> list[Path]:
    """Return the class folders in a folder; raise if there are none."""
    path, shown = Path(folder), repr(str(folder))
    with _readable(key):
        if path.is_file():
            what = "an archive; unpack it, and" if path.suffix.lower() in _ARCHIVES else "a file;"
            raise StudyError(f"{key}: {shown} is {what} give the folder that holds the class folders")
        if not path.is_dir():
            raise StudyError(f"{key}: there is no folder {shown}")
        folders = class_folders(path)
        if not folders:
            n_files = len(_look_into(path, [os.path.realpath(path)], Listing([]), Path()))
            beside = f", only {n_files} files" if n_files else ""
            raise StudyError(
                f"{key}: {shown} holds no class folders{beside}; put the images of each class into a folder"
            )
        if len(folders) > 1 and all(each.name.lower() in _SPLITS and class_folders(each) for each in folders):
            paths = ", ".join(f"{each.name.lower()}: {str(each)!r}" for each in folders)
            raise StudyError(f"{key}: the folders in {shown} are splits, not classes; give {{{paths}}}")
    return folders


def _look_into(folder: Path, holders: Sequence[str], listing: Listing, below: Path) -> dict[str, bool]:
    """Return the sorted names in a folder, and whether each is a folder.

    Parameters
    ----------
    folder : the folder.
    holders : real paths of the folders that contain it, and its own last.
    listing : listing to which ignored and skipped names are added.
    below : path of the folder relative to the listed one.
    """
    with os.scandir(folder) as unsorted:
        entries = sorted(unsorted, key=lambda entry: entry.name)
    found = {}
    for entry in entries:
        name, is_link = entry.name, entry.is_symlink()
        is_folder = os.path.isdir(entry.path) if is_link else entry.is_dir()
        if name.startswith(".") or name.lower() in LEFTOVERS:
            by_name = is_folder or name.lower() in LEFTOVERS
            listing.leftovers[as_text(name) if by_name else "._*" if name.startswith("._") else ".*"] += 1
        elif is_link and is_folder and _holds(os.path.realpath(entry.path), holders):
            # following it would never end
            listing.skipped.append(Skipped(below / name, LOOP))
        else:
            found[name] = is_folder
    return found


def _holds(folder: str, others: Sequence[str]) -> bool:
    """Return whether a folder equals or contains one of some other folders."""
    return any(os.path.commonpath([folder, other]) == folder for other in others)


def _files_below(folder: Path, holders: Sequence[str], listing: Listing, below: Path) -> Iterator[Path]:
    """Yield the paths of all files below a folder, in the order of their parts.

    Broken links and empty files are included; they are reported when they are read.
    """
    holders = [*holders, os.path.realpath(folder)]
    for name, is_folder in _look_into(folder, holders, listing, below).items():
        if is_folder:
            yield from _files_below(folder / name, holders, listing, below / name)
        else:
            yield below / name
