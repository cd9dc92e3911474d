"""What every script of the workflow does around its work: one log, one way to fail."""

import contextlib
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from census.errors import StudyError, is_full

if TYPE_CHECKING:
    from tqdm import tqdm

LOGGER = logging.getLogger("census")
# less room than this, in bytes, and whatever failed to be written failed for want of it
LITTLE = 1 << 12

Item = TypeVar("Item")


class Script(Protocol):
    """What Snakemake puts into each of its scripts under the name ``snakemake``."""

    input: Any
    output: Any
    params: Any
    wildcards: Any
    log: Any
    config: Mapping[str, Any]
    threads: int
    rule: str


_current: list[str] = []


class _Log(logging.FileHandler):
    """A log that leaves out what its disk has no room for: so the work's own failure is what is told."""

    def handleError(self, record: logging.LogRecord) -> None:
        error = sys.exception()
        if error is None or not is_full(error):
            super().handleError(record)

    def close(self) -> None:
        with contextlib.suppress(OSError):  # there may be lines left
            super().close()


def _without_room(error: Exception) -> str | None:
    """Return what could not be written for want of room; None where an exception has another cause.

    Few libraries name the file, and some hide the cause: so the room that is left for outputs counts, too.
    """
    # Snakemake gives a script this name
    script = getattr(sys.modules["__main__"], "snakemake", None)
    outputs = [str(path) for path in getattr(script, "output", ())]
    wanted = os.path.commonpath(outputs) if outputs else "."
    place = next(path for path in (Path(wanted), *Path(wanted).absolute().parents) if path.exists())
    if not is_full(error) and shutil.disk_usage(place).free >= LITTLE:
        return None
    path = getattr(error, "filename", None) or wanted
    return f"{path} cannot be written: no space is left on the device, or in your quota; free some, run again"


def one_by_one(items: Iterable[Item], name: Callable[[Item], str] = str) -> Iterator[Item]:
    """Yield items, such as stores of a block's layers; an error of the job names the item at which it fails.

    Parameters
    ----------
    items : what the job works on, one after the other.
    name : how an item is called in errors.
    """
    for item in items:
        _current[:] = [name(item)]
        yield item
    _current.clear()


class _Lines:
    """Writes each state of a progress bar as a line of the log."""

    def write(self, text: str) -> None:
        if text.strip():
            LOGGER.info("%s", text.strip())

    def flush(self) -> None:
        """Do nothing: the log is flushed line by line."""


def progress_bar(title: str, total: int, unit: str, initial: int = 0) -> "tqdm[Any]":
    """Return a progress bar: in a job a line of the log every ten seconds, elsewhere a bar on the terminal.

    Parameters
    ----------
    total, initial : number of items, and of those that are done already.
    unit : name of the items.
    """
    from tqdm import tqdm

    if not LOGGER.handlers:
        return tqdm(desc=title, total=total, initial=initial, unit=f" {unit}", mininterval=1)
    shown = "{desc}: {n_fmt} of {total_fmt}{unit}, {elapsed} elapsed, {remaining} left"
    return tqdm(
        desc=title,
        total=total,
        initial=initial,
        unit=f" {unit}",
        mininterval=10,
        file=_Lines(),
        bar_format=shown,
    )


def _at(message: str) -> str:
    """Return a message with what the job worked on, unless it begins with that."""
    return message if not _current or message.startswith(_current[0]) else f"{_current[0]}: {message}"


@contextlib.contextmanager
def job(log: str | Path) -> Iterator[logging.Logger]:
    """Run a script's work with its messages in ``log``, and end with a clear message where it fails.

    An expected failure (:class:`StudyError`) prints its one message and exits with status 1. Any other
    exception keeps its message and its traceback in ``log``, and prints the message with the log's path, or,
    where the disk is full, what could not be written. Messages name the item of :func:`one_by_one`.

    Parameters
    ----------
    log : path of the job's log file; its folder is made.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    handler = _Log(log, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
    LOGGER.addHandler(handler)
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").addHandler(handler)
    try:
        yield LOGGER
    except StudyError as error:
        # where a network's forward fails, its own traceback helps
        LOGGER.error("%s", _at(str(error)), exc_info=error.__cause__)
        sys.exit(f"Error: {_at(str(error))}")
    except Exception as error:
        message = _at(f"{type(error).__name__}: {error}")
        LOGGER.error("%s", message, exc_info=True)
        sys.exit(f"Error: {_without_room(error) or message} (traceback in {log})")
    finally:
        _current.clear()
        logging.captureWarnings(False)
        logging.getLogger("py.warnings").removeHandler(handler)
        LOGGER.removeHandler(handler)
        handler.close()
