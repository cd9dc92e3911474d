"""A folder that has its name only once it is complete."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from census.errors import StudyError, is_full


@contextlib.contextmanager
def unfinished(destination: Path) -> Iterator[Path]:
    """Fill a folder under a temporary name; give it its own name when the block ends without an error.

    The temporary folder lies beside ``destination``, so that it can be renamed. What a killed run left there
    is removed first; after an error, or an interrupt, nothing is left.

    Parameters
    ----------
    destination : the folder; one that exists is replaced.

    Yields
    ------
    the empty temporary folder.

    Raises
    ------
    StudyError : the device is full.
    """
    folder = destination.with_name(f".{destination.name}.unfinished")
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        yield folder
        if destination.exists():
            shutil.rmtree(destination)
        folder.rename(destination)
    except OSError as error:
        if is_full(error):
            raise StudyError(
                f"{destination}: no space is left on the device ({error}); free some and run again"
            ) from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
