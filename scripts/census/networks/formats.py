"""Detect the format of a file of weights from its content, and name files of other kinds.

Imports are light, because the config check runs this module before any job starts.
"""

import json
import os
import tarfile
import zipfile
from pathlib import Path
from typing import Literal

from census.errors import StudyError

Format = Literal["safetensors", "zip", "legacy"]

# the number with which torch.save began a file before torch 1.6, as pickles hold it
LEGACY = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_AGAIN = "; download it again"
_CONVERT = "; convert it to a state dict of PyTorch"
# first bytes of files that are mistaken for weights; their kind, and the way out
_BEGINNINGS = (
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself; run `git lfs pull`"),
    (b"\x1f\x8b", "compressed by gzip; unpack it"),
    (b"BZh", "compressed by bzip2; unpack it"),
    (b"\xfd7zXZ\0", "compressed by xz; unpack it"),
    (b"\x28\xb5\x2f\xfd", "compressed by Zstandard; unpack it"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it"),
    (b"Rar!", "a RAR archive; unpack it"),
    (b"\x89HDF", f"an HDF5 file, as Keras writes them{_CONVERT}"),
    (b"\x93NUMPY", f"an array of NumPy{_CONVERT}"),
    (b"GGUF", f"a GGUF file{_CONVERT}"),
    (b"ET12", f"a program of ExecuTorch{_CONVERT}"),
    (b"\x89PNG", "a PNG image; give the file of weights"),
    (b"\xff\xd8\xff", "a JPEG image; give the file of weights"),
    (b"%PDF", "a PDF document; give the file of weights"),
)
_MARKUP = (b"<!doctype", b"<html", b"<head", b"<?xml", b"<error", b"<!--")


def format_of(path: Path) -> Format:
    """Return the format of a file of weights.

    Returns
    -------
    ``safetensors``, or for files of torch.save ``zip`` (torch 1.6 and later) or ``legacy``.

    Raises
    ------
    StudyError : the file is missing, unreadable, truncated, or of another kind, which the message names.
    """
    if path.is_dir():
        held = sorted(each.name for each in path.iterdir() if each.is_file())
        files = f", such as {str(path / held[0])!r}" if held else ""
        raise StudyError(f"{path} is a folder; give a file of weights in it{files}")
    if not path.is_file():
        pointer = f", a link to {os.readlink(path)!r}, which is missing" if path.is_symlink() else ""
        raise StudyError(f"there is no file {str(path)!r}{pointer}")
    try:
        with path.open("rb") as file:
            head = file.read(1024)
        if head.startswith(b"PK"):
            return _format_of_zip(path)
        what = _what_begins_with(head, path)
    except OSError as error:
        raise StudyError(f"{path} cannot be read: {error.strerror}; check its permissions") from error
    if what is None:
        return "legacy" if LEGACY in head[:32] else "safetensors"
    raise StudyError(f"{path} is {what}")


def _format_of_zip(path: Path) -> Format:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise StudyError(f"{path} is truncated or damaged: {error}{_AGAIN}") from error
    # torch puts everything into one folder of the archive
    ends = {name.partition("/")[2] for name in names}
    if "constants.pkl" in ends:
        what = (
            "a TorchScript program; save its weights alone, torch.save(torch.jit.load(…).state_dict(), …), "
            "and give the network's own architecture"
        )
    elif "archive_format" in ends:
        what = (
            "a program of torch.export; save its weights alone, "
            "torch.save(torch.export.load(…).state_dict, …)"
        )
    elif "data.pkl" in ends:
        return "zip"
    elif any(name.endswith(".weights.h5") for name in names):
        what = f"a model of Keras{_CONVERT}"
    elif names and all(name.endswith(".npy") for name in names):
        what = f"an archive of arrays of NumPy{_CONVERT}"
    else:
        shown = ", ".join(map(repr, names[:3])) + (", …" if len(names) > 3 else "")
        what = f"a zip archive of {shown or 'nothing'}; unpack it, and give a file of weights"
    raise StudyError(f"{path} is {what}")


def _what_begins_with(head: bytes, path: Path) -> str | None:
    """Return the kind of a file from its first bytes, and the way out; None for weights."""
    size = path.stat().st_size
    if not size:
        return f"empty{_AGAIN}"
    for beginning, what in _BEGINNINGS:
        if head.startswith(beginning):
            return what
    if head.lstrip().lower().startswith(_MARKUP):
        return "a web page, such as one to sign in or of an error; download the file itself"
    if head[4:8] == b"TFL3":
        return f"a model of TensorFlow Lite{_CONVERT}"
    if head[:1] == b"\x08" and (path.suffix == ".onnx" or b"onnx" in head or b"pytorch" in head[:16]):
        return f"a model of ONNX{_CONVERT}"
    if tarfile.is_tarfile(path):
        return (
            "a tar archive; unpack it, and give a file of weights (torch before 0.2 wrote such: save it anew)"
        )
    if head[8:9] == b"{":  # the length of the header precedes it
        length = int.from_bytes(head[:8], "little")
        return f"truncated within its header{_AGAIN}" if length > size - 8 else None
    if LEGACY in head[:32]:
        return None
    if head[:1] == b"\x80" and head[1] <= 5:
        return "a pickle that torch.save has not written; load it, and save the state dict by torch.save"
    return _what_text(path, head) or "neither safetensors nor written by torch.save; give a file of weights"


def _what_text(path: Path, head: bytes) -> str | None:
    """Return the kind of a text file, and the way out; None if the file is no text."""
    text = head.decode("utf-8", errors="replace")
    if not text.rstrip("�").replace("\n", "").replace("\r", "").replace("\t", "").isprintable():
        return None
    try:
        index = json.loads(path.read_bytes()) if text.lstrip().startswith("{") else {}
    except ValueError:
        index = {}
    if "weight_map" in index:
        count = len(set(index["weight_map"].values()))
        return f"the index of weights in {count} files; load these, and save one state dict in one file"
    shown = " ".join(text.split())
    return f"a text that begins with {shown[:40]!r}; download the file itself, or give another one"
