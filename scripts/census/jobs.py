"""What every script of the workflow does around its work: one log, one way to fail."""

import contextlib
import logging
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from census.errors import StudyError

LOGGER = logging.getLogger("census")


@contextlib.contextmanager
def job(log: str | Path) -> Iterator[logging.Logger]:
    """Run a script's work with its messages in ``log``, and end with a clear message where it fails.

    An expected failure (:class:`StudyError`) prints its one message and exits with status 1. Any other
    exception keeps its traceback in ``log`` and prints its last line with the log's path.

    Parameters
    ----------
    log : path of the job's log file; its folder is made.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(log, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
    LOGGER.addHandler(handler)
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").addHandler(handler)
    try:
        yield LOGGER
    except StudyError as error:
        LOGGER.error("%s", error)
        sys.exit(f"Error: {error}")
    except Exception as error:
        LOGGER.error("%s", traceback.format_exc())
        sys.exit(f"Error: {type(error).__name__}: {error} (traceback in {log})")
    finally:
        logging.captureWarnings(False)
        logging.getLogger("py.warnings").removeHandler(handler)
        LOGGER.removeHandler(handler)
        handler.close()
