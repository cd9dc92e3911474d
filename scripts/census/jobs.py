"""Logging, error handling and durations that all scripts of the workflow share."""

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
# with fewer free bytes than this, a failed write is attributed to the full disk
LITTLE = 1 << 12

Item = TypeVar("Item")


class Script(Protocol):
    """The object ``snakemake`` that Snakemake defines in each of its scripts."""

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
    """A log that drops lines if the disk is full, so that the job's own failure is reported."""

    def handleError(self, record: logging.LogRecord) -> None:
        error = sys.exception()
        if error is None or not is_full(error):
            super().handleError(record)

    def close(self) -> None:
        with contextlib.suppress(OSError):  # unwritten lines may remain
            super().close()


def _without_room(error: Exception) -> str | None:
    """Return a message if the disk is full; None if an exception has another cause.

    Few libraries name the file, and some hide the cause, so the free space for outputs is checked as well.
    """
    # Snakemake defines this name in scripts
    script = getattr(sys.modules["__main__"], "snakemake", None)
    outputs = [str(path) for path in getattr(script, "output", ())]
    wanted = os.path.commonpath(outputs) if outputs else "."
    place = next(path for path in (Path(wanted), *Path(wanted).absolute().parents) if path.exists())
    if not is_full(error) and shutil.disk_usage(place).free >= LITTLE:
        return None
    path = getattr(error, "filename", None) or wanted
    return (
        f"{path} cannot be written: no space is left on the device or in your quota; free some and run again"
    )


def one_by_one(items: Iterable[Item], name: Callable[[Item], str] = str) -> Iterator[Item]:
    """Yield items, such as stores of a block's layers; error messages of the job name the current item.

    Parameters
    ----------
    items : items that the job processes in order.
    name : function that returns an item's name for messages.
    """
    for item in items:
        _current[:] = [name(item)]
        yield item
    _current.clear()


class _Lines:
    """Write each state of a progress bar as a line of the log."""

    def write(self, text: str) -> None:
        if text.strip():
            LOGGER.info("%s", text.strip())

    def flush(self) -> None:
        """Do nothing: the log is flushed line by line."""


def progress_bar(title: str, total: int, unit: str, initial: int = 0) -> "tqdm[Any]":
    """Return a progress bar: in a job, a line in the log every ten seconds; elsewhere, a bar on the terminal.

    Parameters
    ----------
    title : text before the bar.
    total, initial : number of items, and number of items done already.
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


def duration(seconds: float) -> str:
    """Return a duration in words.

    Examples
    --------
    >>> duration(7.4), duration(754), duration(7500)
    ('7 s', '12 min 34 s', '2 h 5 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _at(message: str) -> str:
    """Prefix a message with the job's current item, unless it begins with it."""
    return message if not _current or message.startswith(_current[0]) else f"{_current[0]}: {message}"


@contextlib.contextmanager
def job(log: str | Path) -> Iterator[logging.Logger]:
    """Run a script with its messages in ``log``, and exit with a clear message if it fails.

    An expected failure (:class:`StudyError`) prints its message and exits with status 1. Any other exception
    is logged with its traceback, and prints its message, or that the disk is full, with the path of the log.
    Messages name the item of :func:`one_by_one`.

    Parameters
    ----------
    log : path of the job's log file; its folder is created.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    handler = _Log(log, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    level, propagate = LOGGER.level, LOGGER.propagate
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
    LOGGER.addHandler(handler)
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").addHandler(handler)
    try:
        yield LOGGER
    except StudyError as error:
        # the cause's traceback helps if the user's own network fails
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
        LOGGER.setLevel(level)
        LOGGER.propagate = propagate
        handler.close()
