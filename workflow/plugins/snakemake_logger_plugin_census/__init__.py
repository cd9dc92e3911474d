"""A console for long runs: one line per finished job, with the time that has passed and that is left.

Snakemake finds it by its name if ``workflow/plugins`` is in ``PYTHONPATH``, as ``make`` calls it:
``snakemake --logger census``. Dry runs and runs with ``--verbose`` show everything.
"""

import logging
import statistics
import sys
import time

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

# what Snakemake says before and between jobs, and at the end of its own log
CHATTER = (
    *("Using workflow specific profile", "Assuming unrestricted", "Building DAG", "Using shell"),
    *("Provided cores", "Rules claiming more threads", "Conda environments: ignored", "Select jobs"),
    *("Complete log(s)", "Elapsed time"),
)
SHOWN = (None, LogEvent.JOB_ERROR, LogEvent.GROUP_ERROR, LogEvent.ERROR)


class LogHandler(LogHandlerBase):
    """Write lines to standard error."""

    writes_to_stream = True
    writes_to_file = False
    # errors look as Snakemake has them
    has_filter = False
    has_formatter = False
    needs_rulegraph = False

    def __post_init__(self) -> None:
        """Note the time at which the run begins."""
        settings = self.common_settings
        self._everything = settings.verbose or settings.dryrun or settings.debug_dag
        self._begun = time.monotonic()
        # title and start of each running job, by its id
        self._running: dict[int, tuple[str, float]] = {}
        self._finished: list[tuple[str, float]] = []
        self._seconds: list[float] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record, or remember what it tells about a job."""
        # Snakemake's values are attributes
        value, now = record.__dict__, time.monotonic()
        event = value.get("event")
        if self._everything:
            self._write(self.format(record))
        elif event is LogEvent.RUN_INFO:
            self._write(f"{value['stats']['total']} jobs; each writes its log to logs/")
        elif event is LogEvent.JOB_INFO:
            self._running[value["jobid"]] = (value["rule_msg"] or value["rule_name"], now)
        elif event is LogEvent.JOB_FINISHED:
            # the target, which has no work of its own, did not start
            if begun := self._running.pop(value["job_id"], None):
                self._seconds.append(now - begun[1])
                self._finished.append((begun[0], now - begun[1]))
        elif event is LogEvent.PROGRESS:
            self._progress(value["done"], value["total"], now - self._begun)
        elif event in SHOWN:
            text = self.format(record)
            if record.levelno >= logging.WARNING or not text.startswith(CHATTER):
                self._write(text)

    def _progress(self, done: int, total: int, passed: float) -> None:
        # imported here, because the Snakefile has made the library importable only now
        from census.jobs import duration

        left = "done"
        if done < total and self._seconds:
            # the median, because few jobs, such as trainings, take much longer than all others
            at_once = max(1, sum(self._seconds) / passed)
            left = f"about {duration((total - done) * statistics.median(self._seconds) / at_once)} left"
        for title, seconds in self._finished:
            line = f"{done:{len(str(total))}} of {total}, {duration(passed)}, {left}: {title}"
            self._write(f"{line} ({duration(seconds)})")
        self._finished.clear()

    def _write(self, text: str) -> None:
        if text:
            print(text, file=sys.stderr, flush=True)
