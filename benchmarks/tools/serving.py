"""A tool's process: takes a request, does the task, and answers.

The first answer, before any request, says that the tool's module is imported, or why it is not.
"""

import importlib
import pickle
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from threadpoolctl import threadpool_limits


def serve(module: str, connection: Connection) -> None:
    """Answer requests, for which the functions of a tool's module are called, until there are no more."""

    def answer(work: Callable[[], object]) -> None:
        start = time.process_time(), time.perf_counter()
        result, error = None, ""
        try:
            result = work()
        except Exception as fault:
            error = " ".join(f"{type(fault).__name__}: {fault}".split())[:300]
        cpu, wall = time.process_time() - start[0], time.perf_counter() - start[1]
        # not by send(), for which torch has ways of its own
        connection.send_bytes(pickle.dumps((result, error, cpu, wall)))

    tasks: dict[str, Callable[..., object]] = {}
    answer(lambda: tasks.update(vars(importlib.import_module(module))))
    while True:
        try:
            task, threads, arguments = pickle.loads(connection.recv_bytes())
        except EOFError:
            return
        # of the libraries that are loaded
        threadpool_limits(threads)
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(threads)
        answer(lambda task=task, arguments=arguments: tasks[task](**arguments))  # type: ignore[misc]


if __name__ == "__main__":
    serve(sys.argv[1], Connection(int(sys.argv[2])))
