"""Write folders atomically: a folder gets its name only once it is complete."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from census.errors import StudyError, is_full


@contextlib.contextmanager
def unfinished(destination: Path) -> Iterator[Path]:
    """Fill a folder under a temporary name, and rename it when the block ends without an error.

    The temporary folder is next to ``destination``, so that it can be renamed. Remains of a killed run are
    removed first; after an error or an interrupt, nothing remains.

    Parameters
    ----------
    destination : the folder; an existing one is replaced.

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
