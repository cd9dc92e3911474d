"""Read and write in threads while a network runs, so that it does not wait for files."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self, TypeVar

import numpy as np
import torch

Value = TypeVar("Value")
# largest amount of data that waits to be written; larger arrays wait alone
WAITING_BYTES = 1 << 30


def ahead(values: Iterable[Value]) -> Iterator[Value]:
    """Yield values, while another thread computes the next one."""
    iterator, end = iter(values), object()
    with ThreadPoolExecutor(1) as pool:
        coming: Future[Any] = pool.submit(next, iterator, end)
        while (value := coming.result()) is not end:
            coming = pool.submit(next, iterator, end)
            yield value


class Writing:
    """Write tensors in background threads.

    Tensors on a GPU are copied into pinned memory, so the network's next kernels need not wait. Errors are
    raised by a later call, or at the end.

    Parameters
    ----------
    threads : number of threads; 0 writes immediately, in the calling thread.
    """

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads) if threads else None
        self._waiting: deque[tuple[Future[None], int]] = deque()
        self._bytes = 0
        self._taken = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._pool is None:
            return
        # after an error, pending writes are canceled
        self._pool.shutdown(cancel_futures=kind is not None)
        if kind is None:
            self.wait()

    def __call__(self, write: Callable[[int, np.ndarray], None], first: int, values: torch.Tensor) -> None:
        """Schedule a write; values may change as soon as this returns.

        Parameters
        ----------
        write : function of ``first`` and the values as an array in host memory.
        first : position of the first image.
        values : tensor on any device.
        """
        if self._pool is None:
            write(first, values.cpu().numpy())
            return
        self._make_room(values.nbytes)
        if values.device.type == "cuda":
            host = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
            host.copy_(values, non_blocking=True)
            copied = torch.cuda.Event()
            copied.record()
        else:
            host, copied = values.clone(), None

        def job() -> None:
            if copied is not None:
                copied.synchronize()
            write(first, host.numpy())

        self._submit(job, values.nbytes)

    def arrays(
        self, write: Callable[[int, Sequence[np.ndarray]], None], first: int, values: Sequence[np.ndarray]
    ) -> None:
        """Schedule a write of several arrays by one call; the arrays must not change afterwards."""
        n_bytes = sum(each.nbytes for each in values)
        self._make_room(n_bytes)
        self._submit(lambda: write(first, values), n_bytes)

    def _make_room(self, n_bytes: int) -> None:
        while self._waiting and self._bytes + n_bytes > WAITING_BYTES:
            self._take()

    def _submit(self, job: Callable[[], None], n_bytes: int) -> None:
        if self._pool is None:
            job()
        else:
            self._waiting.append((self._pool.submit(job), n_bytes))
            self._bytes += n_bytes

    def _take(self) -> None:
        future, n_bytes = self._waiting.popleft()
        self._bytes -= n_bytes
        self._taken += 1
        future.result()

    @property
    def given(self) -> int:
        """Number of writes scheduled so far, as a ticket for :meth:`wait`."""
        return self._taken + len(self._waiting)

    def wait(self, given: int | None = None) -> None:
        """Block until every write up to ticket ``given`` has finished; None for all writes."""
        while self._waiting and (given is None or self._taken < given):
            self._take()
