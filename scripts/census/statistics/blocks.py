"""Arrays in blocks, because whole arrays may not fit in memory."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Block = TypeVar("Block")


class Blocks(Iterable[Block]):
    """Blocks that are read again at each iteration; a list serves the same purpose in memory.

    Parameters
    ----------
    read : function that returns an iterator over the blocks.
    """

    def __init__(self, read: Callable[[], Iterator[Block]]) -> None:
        self._read = read

    def __iter__(self) -> Iterator[Block]:
        return self._read()
