"""Download torchvision's data sets and read their images."""

import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from census.data.images import DecodedImage, Form, Images, Unreadable, decode
from census.data.sources import TORCHVISION
from census.errors import StudyError, is_full
from census.networks.operators import torchvision_ready

# torchvision sets no timeout and would wait forever for a dead connection
_SECONDS_WITHOUT_AN_ANSWER = 60


def _data_set(name: str, folder: Path, split: str, download: bool) -> Any:
    torchvision_ready()
    import torchvision

    arguments = TORCHVISION[name][split]
    return getattr(torchvision.datasets, name)(folder, download=download, **arguments)


def download(name: str, folder: Path) -> None:
    """Download all splits of a data set with torchvision, which checks the files' digests.

    Raises
    ------
    StudyError : the download fails.
    """
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SECONDS_WITHOUT_AN_ANSWER)
    try:
        for split in TORCHVISION[name]:
            _data_set(name, folder, split, download=True)
    except (OSError, RuntimeError, EOFError) as error:  # no network, wrong digest, interrupted download
        if is_full(error):
            raise
        raise StudyError(f"torchvision says: {' '.join(str(error).split())}") from error
    finally:
        socket.setdefaulttimeout(before)


def read_torchvision(name: str, folder: Path, split: str, form: Form) -> Images:
    """Read the images of a data set; gray data sets keep their single channel.

    Parameters
    ----------
    name : class in ``torchvision.datasets``.
    folder : folder from :func:`download`.
    split : ``train`` or ``test``.
    form : target form of the images.

    Raises
    ------
    StudyError : torchvision does not find the data set in the folder.
    """
    try:
        data = _data_set(name, folder, split, download=False)
    except (OSError, RuntimeError) as error:
        raise StudyError(
            f"{folder}: torchvision does not find {name} there ({error}); delete the folder and run again"
        ) from error
    if len(data) and data[0][0].mode in ("1", "L"):
        form = form.gray()

    def decoded() -> Iterator[DecodedImage | Unreadable]:
        for index in range(len(data)):
            source = f"{split}/{index}"
            yield decode(source, partial(data.__getitem__, index), form)

    return Images(_class_names(data), len(data), decoded())


def _class_names(data: Any) -> list[str] | None:
    """Return the names of a data set's classes; None if classes have only numbers."""
    names = getattr(data, "classes", None)
    if names is None:
        return None
    # Imagenette has several names for a class
    return [name if isinstance(name, str) else ", ".join(name) for name in names]
