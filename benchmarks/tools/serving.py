"""A tool's process: takes a request a line, does the task, answers with a line. JSON both ways.

``python -m benchmarks.tools.serving MODULE``. The first line, before any request, says that the tool's module
is imported, or why it is not. What the tasks print goes to the standard error.
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import IO, Any


def serve(module: str, answers: IO[str]) -> None:
    """Answer until there are no more requests.

    Parameters
    ----------
    module : the tool's. Its ``TASKS`` are functions, by name; they take and return what JSON can say.
    answers : where to.
    """

    def answer(work: Callable[[], object]) -> None:
        start = time.perf_counter(), time.process_time()
        try:
            found = {"result": work()}
        except Exception as error:
            found = {"error": _in_a_line(error)}
        cpu, wall = time.process_time() - start[1], time.perf_counter() - start[0]
        answers.write(json.dumps({**found, "cpu": cpu, "wall": wall}) + "\n")
        answers.flush()

    tasks: dict[str, Callable[..., object]] = {}
    answer(lambda: tasks.update(importlib.import_module(module).TASKS))
    for line in sys.stdin:
        request = json.loads(line)
        use_threads(request["threads"])
        answer(lambda request=request: tasks[request["task"]](**request["arguments"]))  # type: ignore[misc]


def use_threads(number: int) -> None:
    """Have the libraries that are loaded use so many threads."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(number)
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(number)


def _in_a_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


if __name__ == "__main__":
    # the libraries' prints, those of compiled code included, must not run through the answers
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(sys.argv[1], channel)
